/*
 * JSON that the library wrote, indented for people: the only user of json-c
 * here.
 */
#include <limits.h>
#include <string.h>

#include <json-c/json.h>

#include "admin.h"

static struct json_object *
parse(const char *text, size_t len)
{
	struct json_tokener *t;
	struct json_object *o = NULL;

	if (len > INT_MAX || (t = json_tokener_new_ex(MAP_DEPTH_MAX)) == NULL)
		return NULL;
	o = json_tokener_parse_ex(t, text, (int)len);
	json_tokener_free(t);
	return o;
}

int
json_pretty(const char *text, size_t len, struct buf *b)
{
	struct json_object *o = parse(text, len);
	const char *s;

	if (o == NULL)
		return -1;
	s = json_object_to_json_string_ext(o,
	    JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_SPACED |
		JSON_C_TO_STRING_NOSLASHESCAPE);
	if (s != NULL) {
		safe_add(b, s, strlen(s), SAFE_JSON);
		buf_puts(b, "\n");
	}
	json_object_put(o);
	return s == NULL ? -1 : 0;
}
