/*
 * signed - the signed text of a message, put together by the template of a
 * scheme, or fed piece by piece to a digest so that a large body is not
 * copied.
 */
#include "provider/signed.h"

#include <openssl/evp.h>
#include <string.h>

#include "provider/demand.h"
#include "provider/form.h"
#include "provider/json.h"
#include "provider/secret.h"

bool
signed_has(const struct scheme *s, enum part_kind kind)
{
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == kind)
			return true;
	return false;
}

bool
signed_has_address(const struct scheme *s)
{
	return signed_has(s, PART_URL) || signed_has(s, PART_URL_PATH) ||
	    signed_has(s, PART_PATH);
}

bool
signed_has_query(const struct scheme *s)
{
	return signed_has(s, PART_URL) || signed_has(s, PART_QUERY) ||
	    signed_has(s, PART_QUERY_SORTED);
}

bool
signed_has_body(const struct scheme *s)
{
	return signed_has(s, PART_BODY) || signed_has(s, PART_BODY_HASH);
}

bool
signed_is_form(const struct provider *p, const struct message *m)
{
	return provider_body_kind(p, m->content_type) == BODY_FORM;
}

/* --- the body ------------------------------------------------------------- */

static enum signed_rc
parse_json(const struct message *m, struct json **out)
{
	struct json_fault fault;
	size_t cost;

	if (json_check(m->body, m->len, false, &cost, &fault) != JSON_OK ||
	    cost > SIGNED_COST_MAX)
		return SIGNED_BAD;
	switch (json_build(m->body, m->len, NULL, out, &fault)) {
	case JSON_OK:
		return SIGNED_OK;
	case JSON_BAD:
		return SIGNED_BAD;
	default:
		return SIGNED_ERROR;
	}
}

static enum signed_rc
parse_form(const struct message *m, struct json **out)
{
	struct buf work = {0};
	enum form_rc rc;
	const char *why;

	rc = form_parse(m->body, m->len, &work, NULL, out, &why);
	buf_free(&work);
	if (rc == FORM_NO_MEMORY)
		return SIGNED_ERROR;
	return rc == FORM_OK ? SIGNED_OK : SIGNED_BAD;
}

enum signed_rc
signed_parse(
    const struct provider *p, const struct message *m, struct json **out)
{
	*out = NULL;
	switch (provider_body_kind(p, m->content_type)) {
	case BODY_JSON:
		return parse_json(m, out);
	case BODY_FORM:
		return parse_form(m, out);
	default:
		return SIGNED_BAD;
	}
}

static enum signed_rc
add_pointers(struct signed_text *t, const struct provider *p)
{
	struct json *root = NULL;
	enum signed_rc rc = signed_parse(p, t->message, &root);

	for (size_t i = 0; i < t->scheme->parts && rc == SIGNED_OK; i++) {
		const struct part *part = &t->scheme->part[i];

		if (part->kind == PART_POINTER &&
		    demand_text(&part->place, t->message, root, &t->made[i]) !=
			0)
			rc = t->made[i].failed ? SIGNED_ERROR : SIGNED_MISSING;
	}
	json_free(root);
	return rc;
}

/* --- what is made of the message ------------------------------------------ */

static enum signed_rc
add_hash(const struct part *part, const struct message *m, struct buf *b)
{
	unsigned char md[EVP_MAX_MD_SIZE];
	size_t len;

	if (EVP_Q_digest(NULL, secret_hash_name(part->hash), NULL, m->body,
		m->len, md, &len) != 1)
		return SIGNED_ERROR;
	if (part->raw)
		buf_add(b, md, len);
	else
		encoding_encode(part->encoding, md, len, b);
	return b->failed ? SIGNED_ERROR : SIGNED_OK;
}

static enum signed_rc
add_sorted(const char *s, size_t n, enum form_order order, struct buf *b)
{
	switch (form_sorted(s, n, order, b)) {
	case FORM_OK:
		return SIGNED_OK;
	case FORM_BAD:
		return SIGNED_BAD;
	default:
		return SIGNED_ERROR;
	}
}

/*
 * The body of a GET is its query, which is in the text already.  A stored
 * message may not tell its method; then a body that equals the query means
 * GET.  {form} only stands beside {url}, so this is safe.
 */
static bool
is_query(const struct signed_text *t, enum part_kind kind)
{
	const struct message *m = t->message;

	if (strcmp(message_method(m), "GET") == 0)
		return true;
	return kind == PART_FORM && strlen(t->query) == m->len &&
	    memcmp(t->query, m->body, m->len) == 0;
}

static enum signed_rc
make_part(struct signed_text *t, const struct provider *p, size_t i)
{
	const struct part *part = &t->scheme->part[i];
	const struct message *m = t->message;
	struct buf *b = &t->made[i];

	switch (part->kind) {
	case PART_BODY_HASH:
		return add_hash(part, m, b);
	case PART_FORM:
	case PART_FORM_SORTED:
		if (!signed_is_form(p, m) || is_query(t, part->kind))
			return SIGNED_OK;
		return add_sorted(m->body, m->len,
		    part->kind == PART_FORM ? FORM_ONCE : FORM_ALL, b);
	case PART_QUERY_SORTED:
		return add_sorted(t->query, strlen(t->query), FORM_PAIRS, b);
	case PART_QUERY_VALUE:
		switch (form_value(t->query, part->text, b)) {
		case FORM_OK:
			return SIGNED_OK;
		case FORM_BAD:
			return SIGNED_MISSING;
		default:
			return SIGNED_ERROR;
		}
	default:
		return SIGNED_OK;
	}
}

enum signed_rc
signed_init(struct signed_text *t, const struct provider *p,
    const struct scheme *s, const struct message *m, const char *query)
{
	enum signed_rc rc = SIGNED_OK;

	*t = (struct signed_text){.scheme = s, .message = m, .query = query};
	for (size_t i = 0; i < s->parts && rc == SIGNED_OK; i++)
		rc = make_part(t, p, i);
	if (rc == SIGNED_OK && signed_has(s, PART_POINTER))
		rc = add_pointers(t, p);
	return rc;
}

void
signed_free(struct signed_text *t)
{
	for (size_t i = 0; i < DEFINITION_TEMPLATE_MAX; i++)
		buf_free(&t->made[i]);
}

/* --- the text ------------------------------------------------------------- */

/* What of a URL follows the host. */
static const char *
path_of(const char *url)
{
	const char *host = url == NULL ? NULL : strstr(url, "://");

	if (host == NULL)
		return "/";
	host += 3 + strcspn(host + 3, "/");
	return *host == '\0' ? "/" : host;
}

static int
feed_url(const struct signed_text *t,
    int (*add)(void *arg, const void *data, size_t n), void *arg)
{
	if (t->url == NULL || add(arg, t->url, strlen(t->url)) != 0)
		return -1;
	if (t->query == NULL || t->query[0] == '\0')
		return 0;
	if (add(arg, "?", 1) != 0)
		return -1;
	return add(arg, t->query, strlen(t->query));
}

int
signed_feed(const struct signed_text *t,
    int (*add)(void *arg, const void *data, size_t n), void *arg)
{
	for (size_t i = 0; i < t->scheme->parts; i++) {
		const struct part *part = &t->scheme->part[i];
		const char *text = NULL; /* where the text is a C string */
		const char *s = NULL;
		size_t n = 0;

		switch (part->kind) {
		case PART_TEXT:
			s = part->text;
			n = part->len;
			break;
		case PART_BODY:
			s = t->message->body;
			n = t->message->len;
			break;
		case PART_TIME:
			s = t->time;
			n = t->time_len;
			break;
		case PART_HEADER:
			text = message_header(t->message, part->variable);
			if (text == NULL)
				text = t->id;
			break;
		case PART_METHOD:
			text = message_method(t->message);
			break;
		case PART_URL:
			if (feed_url(t, add, arg) != 0)
				return -1;
			break;
		case PART_URL_PATH:
			text = t->url;
			break;
		case PART_PATH:
			text = path_of(t->url);
			break;
		case PART_QUERY:
			text = t->query;
			break;
		default:
			s = buf_str(&t->made[i]);
			n = t->made[i].len;
			break;
		}
		if (text != NULL) {
			s = text;
			n = strlen(text);
		}
		if (n > 0 && add(arg, s, n) != 0)
			return -1;
	}
	return 0;
}

int
signed_add_to_buf(void *arg, const void *data, size_t n)
{
	struct buf *b = arg;

	buf_add(b, data, n);
	return b->failed ? -1 : 0;
}
