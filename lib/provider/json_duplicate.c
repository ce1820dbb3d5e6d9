/*
 * json_duplicate - a member that is written twice in one object.
 *
 * A tree has the last and not the first.  A body may do that, but in a
 * definition it is a slip of the pen that nobody would find.  The text is
 * read again, after the parser has said that it is JSON.
 */
#include <inttypes.h>
#include <string.h>

#include "provider/json.h"

struct reader {
	const char *text, *at, *end;
	struct buf *pointer; /* of the value that is being read */
	const char *second; /* the member found twice; NULL: none yet */
	size_t first; /* offset of the one before it */
	bool failed; /* memory ran out */
};

static void read_value(struct reader *r);

static void
skip_space(struct reader *r)
{
	while (r->at < r->end && strchr(" \t\r\n", *r->at) != NULL)
		r->at++;
}

/* Skip the string that begins at r->at. */
static void
skip_string(struct reader *r)
{
	for (r->at++; r->at < r->end && *r->at != '"'; r->at++)
		if (*r->at == '\\')
			r->at++;
	r->at++;
}

/* The string at r->at without its escapes, or NULL. */
static struct json *
read_name(struct reader *r)
{
	const char *from = r->at;
	struct json *name = NULL;
	struct json_fault fault;

	skip_string(r);
	if (json_build(from, (size_t)(r->at - from), NULL, &name, &fault) !=
	    JSON_OK)
		r->failed = true;
	return name;
}

static void
leave_token(struct buf *b, size_t len)
{
	b->len = len;
	if (b->data != NULL)
		b->data[len] = '\0';
}

/* One `"name": value` of an object whose members so far are in seen. */
static void
read_member(struct reader *r, struct json *seen)
{
	const char *at = r->at;
	struct json *name = read_name(r), *before, *offset;
	size_t len = r->pointer->len;

	if (name == NULL)
		return;
	json_pointer_add(r->pointer, json_string(name));
	if (json_member(seen, json_string(name), &before)) {
		r->second = at;
		r->first = (size_t)json_whole(before);
	} else {
		offset = json_new_int(at - r->text);
		r->failed = offset == NULL ||
		    json_add(seen, json_string(name), offset) != 0;
		skip_space(r);
		r->at++; /* the colon */
		read_value(r);
		if (r->second == NULL)
			leave_token(r->pointer, len);
	}
	json_free(name);
}

static void
read_container(struct reader *r, bool object)
{
	struct json *seen = object ? json_new_object(NULL) : NULL;
	size_t len = r->pointer->len;

	r->failed = r->failed || (object && seen == NULL);
	r->at++;
	skip_space(r);
	for (size_t i = 0; r->at < r->end && *r->at != (object ? '}' : ']') &&
	     r->second == NULL && !r->failed;
	     i++) {
		if (object)
			read_member(r, seen);
		else {
			buf_printf(r->pointer, "/%zu", i);
			read_value(r);
			if (r->second == NULL)
				leave_token(r->pointer, len);
		}
		skip_space(r);
		if (r->second == NULL && r->at < r->end && *r->at == ',')
			r->at++;
		skip_space(r);
	}
	r->at++;
	json_free(seen);
}

/* No deeper than MAP_DEPTH_MAX: the parser took no more. */
static void
read_value(struct reader *r)
{
	skip_space(r);
	if (r->at >= r->end)
		return;
	if (*r->at == '{' || *r->at == '[')
		read_container(r, *r->at == '{');
	else if (*r->at == '"')
		skip_string(r);
	else
		while (r->at < r->end && strchr(",]} \t\r\n", *r->at) == NULL)
			r->at++;
}

int
json_duplicate(const char *s, size_t n, struct buf *pointer,
    struct json_fault *fault, size_t *first)
{
	struct reader r = {.text = s,
	    .at = s + json_mark(s, n),
	    .end = s + n,
	    .pointer = pointer};
	size_t column;

	read_value(&r);
	if (r.failed || pointer->failed)
		return -1;
	if (r.second == NULL)
		return 0;
	fault->reason = "is written twice";
	json_position(s, (size_t)(r.second - s), &fault->line, &fault->column);
	json_position(s, r.first, first, &column);
	return 1;
}
