/*
 * form - fields of a form or a query, also sorted as some signatures want
 * them.  A field may be there twice: the first counts, as for the platforms
 * that sign them.
 */
#include "provider/form.h"

#include <stdlib.h>
#include <string.h>

#include "base/percent.h"
#include "provider/map.h"

static int
decode(const char *s, size_t n, struct buf *b)
{
	return percent_decode(s, n, true, b);
}

/* Add one `name=value` to out. */
static enum form_rc
add_pair(
    const char *s, size_t n, struct buf *b, struct json_object *out, char *name)
{
	const char *eq = memchr(s, '=', n);
	size_t len = eq == NULL ? n : (size_t)(eq - s);
	struct json_object *value;

	if (decode(s, len, b) != 0 || b->len > MAP_TEXT_MAX)
		return FORM_BAD;
	/* json-c's names are C strings. */
	if (b->len > 0 && memchr(b->data, '\0', b->len) != NULL)
		return FORM_BAD;
	if (b->failed)
		return FORM_NO_MEMORY;
	memcpy(name, buf_str(b), b->len + 1);
	if (decode(eq == NULL ? s + n : eq + 1, eq == NULL ? 0 : n - len - 1,
		b) != 0)
		return FORM_BAD;
	if (b->failed)
		return FORM_NO_MEMORY;
	if (json_object_object_get_ex(out, name, NULL))
		return FORM_OK;
	value = json_object_new_string_len(buf_str(b), (int)b->len);
	if (value == NULL || json_object_object_add(out, name, value) != 0) {
		json_object_put(value);
		return FORM_NO_MEMORY;
	}
	return FORM_OK;
}

enum form_rc
form_parse(const char *s, size_t n, struct buf *b, struct json_object **out,
    const char **reason)
{
	char name[MAP_TEXT_MAX + 1];
	enum form_rc rc = FORM_OK;
	size_t fields = 0;

	*out = json_object_new_object();
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
		json_object_put(*out);
		*out = NULL;
	}
	return rc;
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

	f->at = text->len;
	if (decode(s, len, work) != 0)
		return FORM_BAD;
	buf_add(text, buf_str(work), work->len);
	f->name_len = work->len;
	if (eq != NULL) {
		if (decode(eq + 1, n - len - 1, work) != 0)
			return FORM_BAD;
		buf_add(text, buf_str(work), work->len);
		f->value_len = work->len;
	}
	return work->failed || text->failed ? FORM_NO_MEMORY : FORM_OK;
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
	struct field *field = calloc(MAP_FORM_FIELDS_MAX, sizeof(*field));
	struct buf text = {0};
	enum form_rc rc = FORM_NO_MEMORY;
	size_t fields = 0;

	if (field != NULL)
		rc = read_fields(s, n, &text, field, &fields);
	if (rc == FORM_OK && fields > 0) {
		for (size_t i = 0; i < fields; i++)
			field[i].name = buf_str(&text) + field[i].at;
		qsort(field, fields, sizeof(*field), by_name_and_value);
		for (size_t i = 0; i < fields; i++) {
			if (i > 0 && order == FORM_ONCE &&
			    by_name_and_value(&field[i - 1], &field[i]) == 0)
				continue;
			if (i > 0 && order == FORM_PAIRS)
				buf_puts(b, "&");
			write_field(&field[i], order, b);
		}
		if (b->failed)
			rc = FORM_NO_MEMORY;
	}
	buf_free(&text);
	free(field);
	return rc;
}

/* --- a query -------------------------------------------------------------- */

int
form_value(const char *query, const char *name, struct buf *b)
{
	size_t want = strlen(name);

	while (*query != '\0') {
		size_t n = strcspn(query, "&");
		const char *eq = memchr(query, '=', n);

		if (eq != NULL && decode(query, (size_t)(eq - query), b) == 0 &&
		    b->len == want && memcmp(buf_str(b), name, want) == 0)
			return decode(eq + 1, n - (size_t)(eq - query) - 1, b);
		query += n + (query[n] == '&');
	}
	return -1;
}
