/*
 * form - fields of a form or a query, also sorted as some signatures want
 * them.  A field may be there twice: the first counts, as for the platforms
 * that sign them.
 */
#include "provider/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/percent.h"
#include "provider/definition.h"
#include "provider/json.h"
#include "provider/map.h"

static enum form_rc
decode(const char *s, size_t n, struct buf *b)
{
	if (percent_decode(s, n, true, b) != 0)
		return FORM_BAD;
	return b->failed ? FORM_NO_MEMORY : FORM_OK;
}

/* Add one `name=value` to out. */
static enum form_rc
add_pair(const char *s, size_t n, struct buf *b, struct json *out, char *name)
{
	const char *eq = memchr(s, '=', n);
	size_t len = eq == NULL ? n : (size_t)(eq - s);
	struct json *value;
	enum form_rc rc = decode(s, len, b);

	if (rc != FORM_OK)
		return rc;
	/* Names are C strings. */
	if (b->len > MAP_TEXT_MAX ||
	    (b->len > 0 && memchr(b->data, '\0', b->len) != NULL))
		return FORM_BAD;
	memcpy(name, buf_str(b), b->len + 1);
	rc = decode(
	    eq == NULL ? s + n : eq + 1, eq == NULL ? 0 : n - len - 1, b);
	if (rc != FORM_OK)
		return rc;
	if (json_member(out, name, NULL))
		return FORM_OK;
	value = json_new_text(json_arena(out), buf_str(b), b->len);
	if (value == NULL || json_add(out, name, value) != 0) {
		json_free(value);
		return FORM_NO_MEMORY;
	}
	return FORM_OK;
}

enum form_rc
form_parse(const char *s, size_t n, struct buf *b, struct arena *a,
    struct json **out, const char **reason)
{
	char name[MAP_TEXT_MAX + 1];
	enum form_rc rc = FORM_OK;
	size_t fields = 0;

	*out = json_new_object(a);
	if (*out == NULL)
		return FORM_NO_MEMORY;
	while (n > 0 && rc == FORM_OK) {
		const char *amp = memchr(s, '&', n);
		size_t len = amp == NULL ? n : (size_t)(amp - s);

		if (len > 0 && ++fields > MAP_FORM_FIELDS_MAX) {
			*reason = "too many fields";
			rc = FORM_BAD;
			break;
		}
		if (len > 0) {
			*reason = "a field is not well-formed";
			rc = add_pair(s, len, b, *out, name);
		}
		len += amp != NULL;
		s += len;
		n -= len;
	}
	if (rc != FORM_OK) {
		json_free(*out);
		*out = NULL;
	}
	return rc;
}

/* --- what is left of one -------------------------------------------------- */

/* The value of a field as it is in the tree now, where that is another. */
static enum form_rc
add_value_again(struct json *value, struct buf *b, struct buf *out)
{
	buf_reset(b, SIZE_MAX);
	if (json_is(value, JSON_STRING))
		buf_add(b, json_string(value), json_length(value));
	else if (json_text(value, b) != 0)
		return FORM_NO_MEMORY;
	if (b->failed)
		return FORM_NO_MEMORY;
	percent_encode(buf_str(b), b->len, out);
	return FORM_OK;
}

/* Is the value of the tree the one that b has? */
static bool
is_same(struct json *value, const struct buf *b)
{
	return json_is(value, JSON_STRING) && json_length(value) == b->len &&
	    memcmp(json_string(value), buf_str(b), b->len) == 0;
}

/* The field of n bytes, if the tree has it.  seen: those that were written. */
static enum form_rc
add_rest(const char *s, size_t n, struct json *tree, struct json *seen,
    struct buf *b, struct buf *out)
{
	const char *eq = memchr(s, '=', n);
	size_t len = eq == NULL ? n : (size_t)(eq - s);
	struct json *value = NULL;
	enum form_rc rc = decode(s, len, b);

	/* Only the first of a name is in the tree. */
	if (rc != FORM_OK || !json_member(tree, buf_str(b), &value) ||
	    json_member(seen, buf_str(b), NULL))
		return rc;
	if (json_add(seen, buf_str(b), NULL) != 0)
		return FORM_NO_MEMORY;
	buf_puts(out, out->len > 0 ? "&" : "");
	rc = decode(
	    eq == NULL ? s + n : eq + 1, eq == NULL ? 0 : n - len - 1, b);
	if (rc == FORM_OK && is_same(value, b)) {
		buf_add(out, s, n);
		return rc;
	}
	buf_add(out, s, len);
	buf_puts(out, "=");
	return rc == FORM_OK ? add_value_again(value, b, out) : rc;
}

enum form_rc
form_rest(
    const char *s, size_t n, struct json *tree, struct buf *b, struct buf *out)
{
	struct json *seen = json_new_object(NULL);
	enum form_rc rc = seen == NULL ? FORM_NO_MEMORY : FORM_OK;

	while (n > 0 && rc == FORM_OK) {
		const char *amp = memchr(s, '&', n);
		size_t len = amp == NULL ? n : (size_t)(amp - s);

		if (len > 0)
			rc = add_rest(s, len, tree, seen, b, out);
		len += amp != NULL;
		s += len;
		n -= len;
	}
	json_free(seen);
	return rc == FORM_OK && out->failed ? FORM_NO_MEMORY : rc;
}

/* --- sorted --------------------------------------------------------------- */

/* A decoded field.  Its name is an offset into the text, which still grows. */
struct field {
	size_t at;
	const char *name;
	size_t name_len, value_len;
};

static int
compare_text(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int rc = memcmp(a, b, a_len < b_len ? a_len : b_len);

	return rc != 0 ? rc : (a_len > b_len) - (a_len < b_len);
}

static int
by_name_and_value(const void *a, const void *b)
{
	const struct field *x = a, *y = b;
	int rc = compare_text(x->name, x->name_len, y->name, y->name_len);

	return rc != 0 ? rc
		       : compare_text(x->name + x->name_len, x->value_len,
			     y->name + y->name_len, y->value_len);
}

/* Decode `name=value` to the end of text. */
static enum form_rc
read_field(const char *s, size_t n, struct buf *work, struct buf *text,
    struct field *f)
{
	const char *eq = memchr(s, '=', n);
	size_t len = eq == NULL ? n : (size_t)(eq - s);
	enum form_rc rc;

	f->at = text->len;
	if ((rc = decode(s, len, work)) != FORM_OK)
		return rc;
	buf_add(text, buf_str(work), work->len);
	f->name_len = work->len;
	if (eq != NULL) {
		rc = decode(eq + 1, n - len - 1, work);
		if (rc != FORM_OK)
			return rc;
		buf_add(text, buf_str(work), work->len);
		f->value_len = work->len;
	}
	return text->failed ? FORM_NO_MEMORY : FORM_OK;
}

static enum form_rc
read_fields(const char *s, size_t n, struct buf *text, struct field *field,
    size_t *fields)
{
	enum form_rc rc = FORM_OK;
	struct buf work = {0};

	while (n > 0 && rc == FORM_OK) {
		const char *amp = memchr(s, '&', n);
		size_t len = amp == NULL ? n : (size_t)(amp - s);

		if (len > 0 && *fields == MAP_FORM_FIELDS_MAX)
			rc = FORM_BAD;
		else if (len > 0)
			rc = read_field(
			    s, len, &work, text, &field[(*fields)++]);
		len += amp != NULL;
		s += len;
		n -= len;
	}
	buf_free(&work);
	return rc;
}

enum form_rc
form_fields_read(const char *s, size_t n, struct form_fields *f)
{
	enum form_rc rc;

	*f = (struct form_fields){
	    .field = calloc(MAP_FORM_FIELDS_MAX, sizeof(*f->field))};
	if (f->field == NULL)
		return FORM_NO_MEMORY;
	rc = read_fields(s, n, &f->text, f->field, &f->fields);
	if (rc != FORM_OK) {
		f->fields = 0;
		return rc;
	}
	for (size_t i = 0; i < f->fields; i++)
		f->field[i].name = buf_str(&f->text) + f->field[i].at;
	if (f->fields > 0)
		qsort(
		    f->field, f->fields, sizeof(*f->field), by_name_and_value);
	return rc;
}

void
form_fields_free(struct form_fields *f)
{
	free(f->field);
	buf_free(&f->text);
}

void
form_field(const struct form_fields *f, size_t i, struct word *name,
    struct word *value)
{
	const struct field *e = &f->field[i];

	*name = (struct word){.text = e->name, .len = e->name_len};
	*value = (struct word){
	    .text = e->name + e->name_len, .len = e->value_len};
}

bool
form_name_is_plain(const struct form_fields *f, size_t i)
{
	const struct field *e = &f->field[i];

	for (size_t k = 0; k < e->name_len; k++)
		if (e->name[k] == '\0' ||
		    strchr("+:/?=&,;@\"", e->name[k]) != NULL)
			return false;
	return e->name_len > 0;
}

/* Does the field's value have those n bytes in it? */
static bool
has_within(const struct field *f, const char *s, size_t n)
{
	const char *value = f->name + f->name_len;

	for (size_t i = 0; i + n <= f->value_len; i++)
		if (memcmp(value + i, s, n) == 0)
			return true;
	return false;
}

bool
form_hides(const struct form_fields *f, const char *name)
{
	const size_t n = strlen(name);
	const struct field *before = NULL;

	for (size_t i = 0; i < f->fields; i++) {
		const struct field *e = &f->field[i];
		int order = compare_text(e->name, e->name_len, name, n);

		if (order == 0)
			return false;
		if (order < 0)
			before = e;
	}
	return before != NULL && has_within(before, name, n);
}

static void
write_field(const struct field *f, enum form_order order, struct buf *b)
{
	buf_add(b, f->name, f->name_len);
	if (order == FORM_PAIRS)
		buf_puts(b, "=");
	buf_add(b, f->name + f->name_len, f->value_len);
}

enum form_rc
form_sorted(const char *s, size_t n, enum form_order order, struct buf *b)
{
	struct form_fields f;
	enum form_rc rc = form_fields_read(s, n, &f);

	for (size_t i = 0; i < f.fields && rc == FORM_OK; i++) {
		if (i > 0 && order == FORM_ONCE &&
		    by_name_and_value(&f.field[i - 1], &f.field[i]) == 0)
			continue;
		if (i > 0 && order == FORM_PAIRS)
			buf_puts(b, "&");
		write_field(&f.field[i], order, b);
	}
	if (rc == FORM_OK && b->failed)
		rc = FORM_NO_MEMORY;
	form_fields_free(&f);
	return rc;
}

/* --- a query -------------------------------------------------------------- */

enum form_rc
form_value(const char *query, const char *name, struct buf *b)
{
	size_t want = strlen(name);
	enum form_rc rc;

	while (*query != '\0') {
		size_t n = strcspn(query, "&");
		const char *eq = memchr(query, '=', n);

		rc = eq == NULL ? FORM_BAD
				: decode(query, (size_t)(eq - query), b);
		if (rc == FORM_NO_MEMORY)
			return rc;
		if (rc == FORM_OK && b->len == want &&
		    memcmp(buf_str(b), name, want) == 0)
			return decode(eq + 1, n - (size_t)(eq - query) - 1, b);
		query += n + (query[n] == '&');
	}
	return FORM_BAD;
}
