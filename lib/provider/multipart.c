/*
 * multipart - the fields of multipart/form-data, read in place.  Of a file
 * only the name is taken.  What the last delimiter does not close was cut
 * short and is refused.
 */
#include "provider/multipart.h"

#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/utf8.h"
#include "provider/map.h"

/* "\r\n--" and the boundary: what stands between parts. */
struct delimiter {
	char text[MULTIPART_BOUNDARY_MAX + 4];
	size_t len;
};

/* Bytes that are still to be read. */
struct input {
	const char *s;
	size_t n;
};

/* What the headers of a part say. */
struct part {
	char name[MAP_TEXT_MAX + 1];
	size_t name_len;
	char file[MAP_TEXT_MAX + 1]; /* its name, where it is a file */
	size_t file_len;
	bool named, is_file;
	bool encoded; /* encoded (base64 or the like), not plain bytes */
};

static void
skip(struct input *in, size_t n)
{
	in->s += n;
	in->n -= n;
}

static void
skip_blanks(struct input *in)
{
	while (in->n > 0 && (*in->s == ' ' || *in->s == '\t'))
		skip(in, 1);
}

/* Take the text if it comes next.  Returns whether it did. */
static bool
take(struct input *in, const char *text)
{
	size_t len = strlen(text);

	if (in->n < len || strncasecmp(in->s, text, len) != 0)
		return false;
	skip(in, len);
	return true;
}

/* Where the text begins, or NULL. */
static const char *
find(const struct input *in, const char *text, size_t len)
{
	const char *at = in->s, *end = in->s + in->n;

	while ((size_t)(end - at) >= len &&
	    (at = memchr(at, text[0], (size_t)(end - at) - len + 1)) != NULL) {
		if (memcmp(at, text, len) == 0)
			return at;
		at++;
	}
	return NULL;
}

/* --- parameters (RFC 9110 section 5.6.6) ---------------------------------- */

/* The value of a parameter, quoted or not, of at most max bytes. */
static bool
take_value(struct input *in, char *out, size_t max, size_t *len)
{
	bool quoted = take(in, "\"");

	*len = 0;
	while (in->n > 0 && (quoted ? *in->s != '"' : *in->s != ';')) {
		/* Browsers leave other backslashes as they are. */
		if (quoted && in->n > 1 && in->s[0] == '\\' &&
		    (in->s[1] == '"' || in->s[1] == '\\'))
			skip(in, 1);
		if (*len == max)
			return false;
		out[(*len)++] = *in->s;
		skip(in, 1);
	}
	while (!quoted && *len > 0 &&
	    (out[*len - 1] == ' ' || out[*len - 1] == '\t'))
		--*len;
	out[*len] = '\0';
	return !quoted || take(in, "\"");
}

/* The next `; name=`; the value is what follows. */
static bool
take_parameter(struct input *in, char *name, size_t size)
{
	size_t len = 0;

	skip_blanks(in);
	if (!take(in, ";"))
		return false;
	skip_blanks(in);
	while (in->n > 0 && *in->s != '=' && *in->s != ';') {
		if (len + 1 < size)
			name[len++] = *in->s;
		skip(in, 1);
	}
	name[len] = '\0';
	return take(in, "=");
}

static bool
read_boundary(const char *content_type, struct delimiter *d)
{
	const size_t type = strcspn(content_type, ";");
	struct input in = {content_type + type, strlen(content_type) - type};
	char name[16], value[MULTIPART_BOUNDARY_MAX + 1];
	size_t len;

	while (take_parameter(&in, name, sizeof(name))) {
		if (!take_value(&in, value, MULTIPART_BOUNDARY_MAX, &len))
			return false;
		if (strcasecmp(name, "boundary") != 0 || len == 0)
			continue;
		memcpy(d->text, "\r\n--", 4);
		memcpy(d->text + 4, value, len);
		d->len = len + 4;
		return true;
	}
	return false;
}

/* --- parts ---------------------------------------------------------------- */

/* Content-Disposition: form-data; name="..."; filename="..." */
static bool
read_disposition(struct input *line, struct part *p)
{
	char name[16], other[MAP_TEXT_MAX + 1];
	size_t len;

	skip_blanks(line);
	if (!take(line, "form-data"))
		return false;
	while (take_parameter(line, name, sizeof(name))) {
		bool good;

		if (strcasecmp(name, "name") == 0) {
			good = take_value(
			    line, p->name, MAP_TEXT_MAX, &p->name_len);
			p->named = true;
		} else if (strcasecmp(name, "filename") == 0) {
			good = take_value(
			    line, p->file, MAP_TEXT_MAX, &p->file_len);
			p->is_file = true;
		} else
			good = take_value(line, other, MAP_TEXT_MAX, &len);
		if (!good)
			return false;
	}
	return p->named;
}

/* The lines up to an empty one. */
static bool
read_headers(struct input *in, struct part *p)
{
	const size_t left = in->n;

	p->named = p->is_file = p->encoded = false;
	while (!take(in, "\r\n")) {
		const char *end = find(in, "\r\n", 2);
		struct input line = {
		    in->s, end == NULL ? 0 : (size_t)(end - in->s)};

		if (end == NULL || left - in->n > MULTIPART_HEADERS_MAX)
			return false;
		skip(in, line.n + 2);
		if (take(&line, "Content-Disposition:")) {
			if (!read_disposition(&line, p))
				return false;
		} else if (take(&line, "Content-Transfer-Encoding:")) {
			skip_blanks(&line);
			p->encoded = !take(&line, "binary") &&
			    !take(&line, "8bit") && !take(&line, "7bit");
		}
	}
	return true;
}

/* A field that was not there before. */
static enum form_rc
add_field(const struct part *p, const char *s, size_t n, struct json *out,
    const char **reason)
{
	struct json *value;

	if (p->is_file) {
		s = p->file;
		n = p->file_len;
	}
	*reason = "a field is not UTF-8";
	if (!utf8_valid(p->name, p->name_len) || !utf8_valid(s, n) ||
	    n > INT_MAX || memchr(p->name, '\0', p->name_len) != NULL)
		return FORM_BAD;
	if (json_member(out, p->name, NULL))
		return FORM_OK;
	value = json_new_text(json_arena(out), s, n);
	if (value == NULL || json_add(out, p->name, value) != 0) {
		json_free(value);
		return FORM_NO_MEMORY;
	}
	return FORM_OK;
}

/* A part, from after the line of its delimiter up to the next delimiter. */
static enum form_rc
read_part(struct input *in, const struct delimiter *d, struct part *p,
    struct json *out, const char **reason)
{
	enum form_rc rc;
	const char *end;

	*reason = "the headers of a part are not well-formed";
	if (!read_headers(in, p) || !p->named)
		return FORM_BAD;
	*reason = "a part is encoded";
	if (p->encoded && !p->is_file)
		return FORM_BAD;
	*reason = "it does not end";
	end = find(in, d->text, d->len);
	if (end == NULL)
		return FORM_BAD;
	rc = add_field(p, in->s, (size_t)(end - in->s), out, reason);
	skip(in, (size_t)(end - in->s) + d->len);
	return rc;
}

/* All parts; in begins after the first delimiter. */
static enum form_rc
read_parts(struct input *in, const struct delimiter *d, struct part *p,
    struct json *out, const char **reason)
{
	enum form_rc rc = FORM_OK;

	for (size_t parts = 0; rc == FORM_OK && !take(in, "--"); parts++) {
		skip_blanks(in);
		*reason = "a boundary is not well-formed";
		if (!take(in, "\r\n"))
			return FORM_BAD;
		*reason = "too many fields";
		if (parts == MAP_FORM_FIELDS_MAX)
			return FORM_BAD;
		rc = read_part(in, d, p, out, reason);
	}
	return rc;
}

enum form_rc
multipart_parse(const char *content_type, const char *s, size_t n,
    struct arena *a, struct json **out, const char **reason)
{
	struct input in = {s, n};
	struct delimiter d;
	enum form_rc rc = FORM_BAD;
	const char *after;
	struct part *p;

	*out = NULL;
	*reason = "the content type names no boundary";
	if (!read_boundary(content_type, &d))
		return FORM_BAD;
	p = malloc(sizeof(*p)); /* too large for a stack */
	if (p == NULL || (*out = json_new_object(a)) == NULL) {
		free(p);
		return FORM_NO_MEMORY;
	}
	*reason = "its boundary is not there";
	/* The first delimiter may be the very beginning. */
	if (n >= d.len - 2 && memcmp(s, d.text + 2, d.len - 2) == 0)
		after = s + d.len - 2;
	else if ((after = find(&in, d.text, d.len)) != NULL)
		after += d.len;
	if (after != NULL) {
		skip(&in, (size_t)(after - s));
		rc = read_parts(&in, &d, p, *out, reason);
	}
	free(p);
	if (rc != FORM_OK) {
		json_free(*out);
		*out = NULL;
	}
	return rc;
}
