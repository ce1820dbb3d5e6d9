/*
 * fuzz_multipart - a multipart body, with its Content-Type on the first line.
 *
 * What was read is written again, and read again as the same.
 */
#include "fuzz.h"

#include "base/utf8.h"
#include "provider/map.h"
#include "provider/multipart.h"

#define BOUNDARY "----callbook-fuzz"

/* Quoted as browsers do (RFC 7578 section 2, RFC 9110 section 5.6.4). */
static void
add_quoted(struct buf *b, const char *s)
{
	for (; *s != '\0'; s++) {
		if (*s == '"' || *s == '\\')
			buf_puts(b, "\\");
		buf_add(b, s, 1);
	}
}

static void
write_part(struct buf *b, const char *name, struct json *value)
{
	buf_puts(
	    b, "--" BOUNDARY "\r\nContent-Disposition: form-data; name=\"");
	add_quoted(b, name);
	buf_puts(b, "\"\r\n\r\n");
	buf_add(b, json_string(value), json_length(value));
	buf_puts(b, "\r\n");
}

static void
read_again(struct json *j)
{
	struct json *back = NULL;
	const char *reason;
	struct buf b = {0};

	json_each(j, key, value)
	{
		/* A line break in a name can not be written. */
		if (strstr(key, "\r\n") != NULL)
			goto out;
		write_part(&b, key, value);
	}
	if (b.len == 0)
		goto out;
	buf_puts(&b, "--" BOUNDARY "--");
	must(!b.failed);
	must(multipart_parse("multipart/form-data; boundary=" BOUNDARY,
		 buf_str(&b), b.len, NULL, &back, &reason) == FORM_OK);
	must(json_equal(j, back));
out:
	json_free(back);
	buf_free(&b);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	struct buf type = input_text(input_part(&in, "\n"));
	struct buf whole = {0};
	struct json *j = NULL;
	const char *reason = NULL;
	enum form_rc rc = multipart_parse(
	    buf_str(&type), in.s, in.n, NULL, &j, &reason);

	must(rc == FORM_OK || rc == FORM_BAD);
	if (rc == FORM_OK) {
		json_each(j, key, value)
		{
			must(strlen(key) <= MAP_TEXT_MAX);
			must(utf8_valid(key, strlen(key)));
			must(
			    utf8_valid(json_string(value), json_length(value)));
		}
		must(json_count(j) <= MAP_FORM_FIELDS_MAX);
		if (json_text(j, &whole) == 0 &&
		    strstr(buf_str(&whole), BOUNDARY) == NULL)
			read_again(j);
	} else
		must(j == NULL && reason != NULL);
	json_free(j);
	buf_free(&whole);
	buf_free(&type);
	return 0;
}
