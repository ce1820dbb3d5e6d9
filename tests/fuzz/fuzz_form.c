/*
 * fuzz_form - the body of a form and the query of an address.
 *
 * Beside a second reading, which is slow and simple: it takes every pair apart
 * anew for each question.
 */
#include "fuzz.h"

#include "base/hex.h"
#include "base/percent.h"
#include "base/utf8.h"
#include "provider/form.h"
#include "provider/map.h"

#define FEW 60 /* fields: to look up each takes the square of their number */

/* Decoded, the simple way.  false: it is not well-formed. */
static bool
decoded(struct input in, struct buf *b)
{
	buf_reset(b, SIZE_MAX);
	while (in.n > 0) {
		char c = (char)input_byte(&in);

		if (c == '+')
			c = ' ';
		else if (c == '%') {
			int high = in.n > 0 ? hex_digit(in.s[0]) : -1;
			int low = in.n > 1 ? hex_digit(in.s[1]) : -1;

			if (high < 0 || low < 0)
				return false;
			c = (char)(high * 16 + low);
			in.s += 2;
			in.n -= 2;
		}
		buf_add(b, &c, 1);
	}
	return utf8_valid(buf_str(b), b->len);
}

/* Would a form of that text be taken?  *fields: how many it has. */
static bool
well_formed(struct input in, bool for_json, size_t *fields)
{
	struct buf b = {0};
	bool good = true;

	*fields = 0;
	while (in.n > 0 && good) {
		struct input value = input_part(&in, "&"), name;

		if (value.n == 0)
			continue;
		name = input_part(&value, "=");
		good = ++*fields <= MAP_FORM_FIELDS_MAX && decoded(name, &b) &&
		    (!for_json ||
			(b.len <= MAP_TEXT_MAX &&
			    strlen(buf_str(&b)) == b.len)) &&
		    decoded(value, &b);
	}
	buf_free(&b);
	return good;
}

/* The first value of that name, into b. */
static bool
first_value(struct input in, const char *name, struct buf *b)
{
	while (in.n > 0) {
		struct input value = input_part(&in, "&");
		struct input key = input_part(&value, "=");

		if ((key.n > 0 || value.s > key.s) && decoded(key, b) &&
		    same_bytes(buf_str(b), b->len, name, strlen(name)))
			return decoded(value, b);
	}
	return false;
}

static void
try_parse(struct input in)
{
	struct json *j = NULL;
	const char *reason = NULL;
	struct buf work = {0}, value = {0};
	size_t fields;
	bool good = well_formed(in, true, &fields);
	enum form_rc rc = form_parse(in.s, in.n, &work, NULL, &j, &reason);

	must(rc != FORM_NO_MEMORY && (rc == FORM_OK) == good);
	if (rc != FORM_OK) {
		must(j == NULL && reason != NULL);
	} else {
		must(json_count(j) <= fields);
	}
	if (rc == FORM_OK && fields <= FEW) {
		json_each(j, key, member)
		{
			must(first_value(in, key, &value));
			must(same_bytes(json_string(member),
			    json_length(member), buf_str(&value), value.len));
		}
	}
	json_free(j);
	buf_free(&work);
	buf_free(&value);
}

/* Encoded, so that it can be read again. */
static void
add_encoded(struct buf *b, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		buf_printf(b, "%%%02X", (unsigned char)s[i]);
}

/* In another order, the sorted text is the same; sorted, nothing is lost. */
static void
try_sorted(struct input in)
{
	struct buf backwards = {0}, a = {0}, b = {0}, once = {0};
	struct input rest = in;
	size_t fields, whole = 0;
	bool good = well_formed(in, false, &fields);
	struct buf text = {0};

	while (rest.n > 0) {
		struct input value = input_part(&rest, "&"), name;
		struct buf pair = {0};

		if (value.n == 0)
			continue;
		name = input_part(&value, "=");
		good = good && decoded(name, &text);
		whole += text.len;
		add_encoded(&pair, buf_str(&text), good ? text.len : 0);
		buf_puts(&pair, "=");
		good = good && decoded(value, &text);
		whole += text.len + 2;
		add_encoded(&pair, buf_str(&text), good ? text.len : 0);
		buf_puts(&pair, "&");
		buf_add(&pair, buf_str(&backwards), backwards.len);
		buf_free(&backwards);
		backwards = pair;
	}
	must((form_sorted(in.s, in.n, FORM_PAIRS, &a) == FORM_OK) == good);
	if (good) {
		must(form_sorted(buf_str(&backwards), backwards.len, FORM_PAIRS,
			 &b) == FORM_OK);
		must(same_bytes(a.data, a.len, b.data, b.len));
		must(a.len + 1 == whole || (a.len == 0 && whole == 0));
		buf_reset(&b, SIZE_MAX);
		must(form_sorted(in.s, in.n, FORM_ALL, &b) == FORM_OK);
		must(b.len + 2 * fields == whole);
		must(form_sorted(in.s, in.n, FORM_ONCE, &once) == FORM_OK);
		must(once.len <= b.len);
	}
	buf_free(&backwards);
	buf_free(&a);
	buf_free(&b);
	buf_free(&once);
	buf_free(&text);
}

/* The value that the input says it wants, as a signature's hash is. */
static void
try_value(struct input in)
{
	struct input first = input_part(&in, "\n");
	struct buf name = input_text(first), query = input_text(in);
	struct buf ours = {0}, theirs = {0};
	struct input text = {buf_str(&query), query.len};
	enum form_rc rc = form_value(buf_str(&query), buf_str(&name), &ours);

	if (rc == FORM_OK) {
		/* A pair without = has no value here. */
		must(first_value(text, buf_str(&name), &theirs) ||
		    strchr(buf_str(&query), '=') != NULL);
		must(ours.len <= query.len);
	}
	buf_free(&name);
	buf_free(&query);
	buf_free(&ours);
	buf_free(&theirs);
}

/* The fields by which a form's signature is judged. */
static void
try_fields(struct input in)
{
	struct form_fields f;
	size_t fields;
	bool good = well_formed(in, false, &fields);

	must((form_fields_read(in.s, in.n, &f) == FORM_OK) == good);
	must(f.fields == (good ? fields : 0));
	for (size_t i = 0; i < f.fields; i++)
		(void)form_name_is_plain(&f, i);
	(void)form_hides(&f, "From");
	(void)form_hides(&f, "");
	form_fields_free(&f);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};

	try_parse(in);
	try_sorted(in);
	try_fields(in);
	try_value(in);
	return 0;
}
