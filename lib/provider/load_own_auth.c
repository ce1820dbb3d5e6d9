/*
 * load_own_auth - a scheme with the members that a source gives itself, by
 * the auth_ keys of the configuration: put into the JSON of the definition and
 * read again, so that the same rules hold for them.
 */
#include <string.h>

#include "base/config.h"
#include "base/number.h"
#include "provider/json.h"
#include "provider/load.h"

/* What an auth_ key of the configuration stands for in a scheme. */
static const struct {
	const char *object; /* the member that the key's is in, or NULL */
	const char *member;
} own_member[CONFIG_AUTH__MAX] = {
    [CONFIG_AUTH_SIGNED] = {NULL, "signed"},
    [CONFIG_AUTH_HEADER] = {NULL, "header"},
    [CONFIG_AUTH_PREFIX] = {NULL, "prefix"},
    [CONFIG_AUTH_HASH] = {NULL, "hash"},
    [CONFIG_AUTH_ENCODING] = {NULL, "encoding"},
    [CONFIG_AUTH_SECRET] = {NULL, "secret"},
    [CONFIG_AUTH_SECRET_PREFIX] = {NULL, "secret_prefix"},
    [CONFIG_AUTH_TIME_HEADER] = {"time", "header"},
    [CONFIG_AUTH_TIME_FORMAT] = {"time", "format"},
    [CONFIG_AUTH_TOLERANCE] = {"time", "tolerance"},
};

/* The value as it would stand in a definition; NULL when memory ran out. */
static struct json *
own_value(int key, const char *text)
{
	int64_t seconds;

	if (key == CONFIG_AUTH_TOLERANCE &&
	    number_parse(text, strlen(text), 0, INT64_MAX, &seconds) == 0)
		return json_new_int(seconds);
	/* The configuration cannot express an empty text. */
	if ((key == CONFIG_AUTH_PREFIX || key == CONFIG_AUTH_SECRET_PREFIX) &&
	    strcmp(text, "none") == 0)
		text = "";
	return json_new_string(text);
}

/* Put the member of one key into the scheme.  Returns 0 or -1: no memory. */
static int
put_member(struct json *scheme, int key, const char *text)
{
	const char *object = own_member[key].object;
	struct json *in = scheme, *value;

	if (key == CONFIG_AUTH_SIGNED && strstr(text, "{time}") == NULL)
		json_remove(scheme, "time");
	/*
	 * What the definition says of its own signed text need not hold for
	 * this.
	 */
	if (key == CONFIG_AUTH_SIGNED && strstr(text, "{body") != NULL)
		json_remove(scheme, "unsigned_body");
	/* A JWT has its times in itself, and no object for them. */
	if (object != NULL && load_scheme_type(scheme) == SCHEME_JWT)
		object = NULL;
	if (object != NULL && !json_member(scheme, object, &in)) {
		in = json_new_object(NULL);
		if (in == NULL || json_add(scheme, object, in) != 0) {
			json_free(in);
			return -1;
		}
	}
	if (key == CONFIG_AUTH_TIME_HEADER)
		json_remove(in, "item");
	value = own_value(key, text);
	if (value != NULL && json_add(in, own_member[key].member, value) == 0)
		return 0;
	json_free(value);
	return -1;
}

/* Does a scheme of that JSON have the member that the key stands for? */
static bool
takes_member(struct json *scheme, int key)
{
	const char *object = own_member[key].object;
	const char *name = object == NULL ? own_member[key].member : object;
	const int type = load_scheme_type(scheme);

	return type >= 0 &&
	    (load_scheme_has((enum scheme_type)type, name) ||
		(type == SCHEME_JWT &&
		    load_scheme_has(SCHEME_JWT, own_member[key].member)));
}

/*
 * Put the member of one key into the scheme, or into those of its
 * alternatives that have such a member; the first one where none has, so that
 * the fault is told.  Returns 0 or -1: no memory.
 */
static int
put_everywhere(struct json *scheme, int key, const char *text)
{
	size_t n, taken = 0;
	int rc = 0;

	if (!json_is(scheme, JSON_ARRAY))
		return put_member(scheme, key, text);
	n = json_count(scheme);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct json *one = json_item(scheme, i);

		if (takes_member(one, key)) {
			rc = put_member(one, key, text);
			taken++;
		}
	}
	if (rc == 0 && taken == 0)
		rc = put_member(json_item(scheme, 0), key, text);
	return rc;
}

/* Read the definition again, with those members in the scheme. */
static void
load_own(struct loader *l, const struct provider *p, const char *const *key,
    struct scheme *out)
{
	struct json *json = NULL, *schemes, *scheme;
	struct json_fault fault;
	int rc = -1;

	if (json_parse(p->text, p->len, &json, &fault) == JSON_OK &&
	    json_member(json, "auth", &schemes) &&
	    json_member(schemes, out->name, &scheme)) {
		const struct node n = {.json = scheme};

		rc = 0;
		for (int i = 0; i < CONFIG_AUTH__MAX && rc == 0; i++)
			if (key[i] != NULL)
				rc = put_everywhere(scheme, i, key[i]);
		if (rc == 0)
			load_schemes(l, &n, p, out);
	}
	if (rc != 0)
		load_fault(l, NULL, "memory ran out");
	json_free(json);
}

const struct scheme *
load_scheme_with(struct arena *a, const struct provider *p,
    const struct scheme *s, const char *const *key, struct buf *why)
{
	struct loader l = {.file = "auth_ keys", .arena = a, .why = why};
	struct scheme *out = load_alloc(&l, sizeof(*out));

	if (out == NULL)
		return NULL;
	out->name = s->name;
	load_own(&l, p, key, out);
	return l.failed ? NULL : out;
}
