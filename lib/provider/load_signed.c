/*
 * load_signed - the template of the text that a scheme signs, and whether
 * that text leaves anything of a request unsigned.
 */
#include <string.h>

#include "provider/demand.h"
#include "provider/load.h"
#include "provider/signed.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define SIGNED_SIZE_MAX (4 * DEFINITION_HEADER_MAX) /* bytes of a template */

static const struct {
	const char *name;
	struct part part;
} placeholder[] = {
    {"body", {.kind = PART_BODY}},
    {"body-md5", {.kind = PART_BODY_HASH, .hash = HASH_MD5}},
    {"body-md5:base64",
	{.kind = PART_BODY_HASH,
	    .hash = HASH_MD5,
	    .encoding = ENCODING_BASE64}},
    {"body-md5:raw", {.kind = PART_BODY_HASH, .hash = HASH_MD5, .raw = true}},
    {"body-sha256", {.kind = PART_BODY_HASH, .hash = HASH_SHA256}},
    {"body-sha256:base64",
	{.kind = PART_BODY_HASH,
	    .hash = HASH_SHA256,
	    .encoding = ENCODING_BASE64}},
    {"body-sha256:raw",
	{.kind = PART_BODY_HASH, .hash = HASH_SHA256, .raw = true}},
    {"time", {.kind = PART_TIME}},
    {"method", {.kind = PART_METHOD}},
    {"url", {.kind = PART_URL}},
    {"url-path", {.kind = PART_URL_PATH}},
    {"path", {.kind = PART_PATH}},
    {"query", {.kind = PART_QUERY}},
    {"query-sorted", {.kind = PART_QUERY_SORTED}},
    {"form", {.kind = PART_FORM}},
    {"form-sorted", {.kind = PART_FORM_SORTED}},
    {"lf", {.kind = PART_TEXT, .text = "\n", .len = 1}},
};

/* A place in the body; the template is where faults are. */
static bool
load_pointer(
    struct loader *l, const struct node *n, const char *s, struct part *out)
{
	struct node place = *n;
	bool ok = false;

	place.json = json_new_string(s);
	if (place.json == NULL)
		load_fault(l, NULL, "memory ran out");
	else
		ok = load_place(l, &place, true, &out->place);
	json_free(place.json);
	out->kind = PART_POINTER;
	return ok;
}

/* One placeholder, without its braces. */
static bool
load_placeholder(
    struct loader *l, const struct node *n, const char *s, struct part *out)
{
	for (size_t i = 0; i < COUNT(placeholder); i++)
		if (strcmp(placeholder[i].name, s) == 0) {
			*out = placeholder[i].part;
			return true;
		}
	if (strncmp(s, "header:", 7) == 0) {
		out->kind = PART_HEADER;
		out->text = load_header(l, n, s + 7, &out->variable);
		return out->text != NULL;
	}
	if (strncmp(s, "query:", 6) == 0 && s[6] != '\0') {
		out->kind = PART_QUERY_VALUE;
		out->text = s + 6;
		return true;
	}
	if (s[0] == '/')
		return load_pointer(l, n, s, out);
	load_fault(l, n,
	    "{%s} is none of {body}, {body-md5}, {body-md5:base64}, "
	    "{body-md5:raw}, {body-sha256}, {body-sha256:base64}, "
	    "{body-sha256:raw}, {time}, {method}, {url}, {url-path}, {path}, "
	    "{query}, {query-sorted}, {form}, "
	    "{form-sorted}, {lf}, {header:NAME}, {query:NAME}, {/pointer}",
	    s);
	return false;
}

static bool
load_template(
    struct loader *l, const struct node *n, const char *s, struct scheme *out)
{
	while (*s != '\0') {
		struct part *part = &out->part[out->parts];
		const char *name;
		size_t len;

		if (out->parts == COUNT(out->part)) {
			load_fault(l, n, "has more than %d parts",
			    DEFINITION_TEMPLATE_MAX);
			return false;
		}
		if (*s == '{') {
			len = strcspn(++s, "}");
			if (s[len] == '\0') {
				load_fault(l, n, "has a '{' without '}'");
				return false;
			}
			name = arena_strndup(l->arena, s, len);
			if (name == NULL)
				load_fault(l, NULL, "memory ran out");
			if (name == NULL || !load_placeholder(l, n, name, part))
				return false;
			s += len + 1;
		} else {
			len = strcspn(s, "{");
			part->kind = PART_TEXT;
			part->text = s;
			part->len = len;
			s += len;
		}
		out->parts++;
	}
	return true;
}

/* Where the hash of a body stands that is not in the signed text. */
static void
load_body_hash(struct loader *l, const struct node *n, struct scheme *s)
{
	struct node member = load_member(n, "body_hash");
	struct place place = {0};

	if (member.json == NULL || !load_place(l, &member, false, &place))
		return;
	if (place.kind != PLACE_QUERY)
		load_fault(l, &member, "must be query:NAME");
	else if (!signed_has_query(s))
		load_fault(l, &member,
		    "is not signed without the {url}, the {query} or the "
		    "{query-sorted}");
	else if (signed_has_body(s))
		load_fault(l, &member, "is of no use with the {body} signed");
	else
		s->body_hash = place.name;
}

/* Does the platform also send bodies that are not forms? */
static bool
has_other_bodies(const struct provider *p)
{
	for (size_t i = 0; i < p->bodies; i++)
		if (p->body[i] != BODY_FORM)
			return true;
	return false;
}

/*
 * Why some body that the platform may send would be unsigned, of any kind and
 * method; NULL: every body is signed.  The body of a GET is its query.
 */
static const char *
why_unsigned(const struct provider *p, const struct scheme *s)
{
	const bool post = p->post && demand_may(&s->when, "POST");
	const bool get = p->get && demand_may(&s->when, "GET");
	const bool form = signed_has(s, PART_FORM);

	if (signed_has_body(s))
		return NULL;
	if (form && !signed_has(s, PART_URL))
		return "has {form}, but without {url} that of a GET is "
		       "unsigned";
	if (get && !signed_has_query(s))
		return "leaves the {query} of a GET unsigned";
	if (!post)
		return NULL;
	if (!form && !signed_has(s, PART_FORM_SORTED))
		return "leaves the {body} unsigned";
	if (has_other_bodies(p) && s->body_hash == NULL)
		return "leaves a body that is no form unsigned: "
		       "\"body_hash\" is missing";
	return NULL;
}

static void
check_body_signed(struct loader *l, const struct node *n,
    const struct node *scheme, const struct provider *p, struct scheme *s)
{
	struct node admitted = load_member(scheme, "unsigned_body");
	const char *why = why_unsigned(p, s);

	s->unsigned_body = load_flag(l, &admitted);
	if (why == NULL && s->unsigned_body)
		load_fault(
		    l, &admitted, "contradicts \"signed\", which has the body");
	else if (why != NULL && !s->unsigned_body)
		load_fault(l, n, "%s%s", why,
		    signed_has(s, PART_FORM)
			? ""
			: " (of a platform that signs no more, "
			  "\"unsigned_body\": true admits it)");
}

/* The text of a template, which alone may have line ends. */
static const char *
load_signed_text(struct loader *l, const struct node *n)
{
	const char *s;
	char *copy;

	if (n->json == NULL)
		return "{body}";
	if (!json_is(n->json, JSON_STRING) ||
	    strchr(json_string(n->json), '\n') == NULL)
		return load_string(l, n, SIGNED_SIZE_MAX);
	s = json_string(n->json);
	if (strlen(s) > SIGNED_SIZE_MAX) {
		load_fault(l, n, "is longer than %d bytes", SIGNED_SIZE_MAX);
		return NULL;
	}
	for (const char *c = s; *c != '\0'; c++)
		if ((unsigned char)*c < 0x20 && *c != '\n') {
			load_fault(l, n, "has a control character");
			return NULL;
		}
	copy = arena_strndup(l->arena, s, strlen(s));
	if (copy == NULL)
		load_fault(l, NULL, "memory ran out");
	return copy;
}

/*
 * Fields that are written one after the other, or decoded with & between, can
 * be divided otherwise; whoever saw a signature could choose.  A platform sends
 * one content with it.
 */
static int
contents_of(const struct scheme *s)
{
	if (signed_has(s, PART_FORM) || signed_has(s, PART_FORM_SORTED) ||
	    signed_has(s, PART_QUERY_SORTED))
		return 1;
	return s->unsigned_body ? DEFINITION_CONTENTS_MAX : 0;
}

void
load_signed(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	struct node member = load_member(n, "signed");
	const char *text = load_signed_text(l, &member);

	if (text == NULL || !load_template(l, &member, text, s))
		return;
	load_body_hash(l, n, s);
	check_body_signed(l, &member, n, p, s);
	s->contents = contents_of(s);
	if (signed_has(s, PART_TIME) && s->time == TIME_NONE)
		load_fault(l, &member, "has {time}, but \"time\" is missing");
	if (!signed_has(s, PART_TIME) && s->time != TIME_NONE)
		load_fault(l, &member, "leaves the {time} unsigned");
}
