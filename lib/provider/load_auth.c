/* Reading the schemes of authentication of a definition. */
#include <string.h>

#include "base/config.h"
#include "base/number.h"
#include "provider/demand.h"
#include "provider/json.h"
#include "provider/load.h"
#include "provider/map.h"
#include "provider/secret.h"
#include "provider/signed.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TOLERANCE_DEFAULT 300 /* seconds */
#define SIGNED_SIZE_MAX (4 * DEFINITION_HEADER_MAX) /* bytes of a template */

static const char *const type_name[SCHEME__MAX] = {
    [SCHEME_HMAC] = "hmac",
    [SCHEME_RSA] = "rsa",
    [SCHEME_ED25519] = "ed25519",
    [SCHEME_BEARER] = "bearer",
    [SCHEME_BASIC] = "basic",
    [SCHEME_TOKEN] = "token",
    [SCHEME_JWT] = "jwt",
};

static const char *const hash_name[HASH__MAX] = {
    [HASH_MD5] = "md5",
    [HASH_SHA1] = "sha1",
    [HASH_SHA256] = "sha256",
    [HASH_SHA512] = "sha512",
};

static const char *const encoding_name[ENCODING__MAX] = {
    [ENCODING_HEX] = "hex",
    [ENCODING_BASE64] = "base64",
    [ENCODING_BASE64URL] = "base64url",
};

static const char *const padding_name[PADDING__MAX] = {
    [PADDING_PKCS1] = "pkcs1",
    [PADDING_PSS] = "pss",
};

/* What each type may say of itself. */
static const char *const *const type_keys[SCHEME__MAX] = {
    [SCHEME_HMAC] = (const char *const[]){"type", "when", "header", "hash",
	"encoding", "prefix", "separator", "signed", "body_hash",
	"unsigned_body", "time", "secret", "secret_prefix", NULL},
    [SCHEME_RSA] = (const char *const[]){"type", "when", "header", "hash",
	"encoding", "padding", "prefix", "separator", "signed", "body_hash",
	"unsigned_body", "time", NULL},
    [SCHEME_ED25519] = (const char *const[]){"type", "when", "header",
	"encoding", "prefix", "separator", "signed", "body_hash",
	"unsigned_body", "time", NULL},
    [SCHEME_BEARER] = (const char *const[]){"type", "when", "header", "prefix",
	NULL},
    [SCHEME_BASIC] = (const char *const[]){"type", "when", NULL},
    [SCHEME_TOKEN] = (const char *const[]){"type", "when", NULL},
    [SCHEME_JWT] = (const char *const[]){"type", "when", "header", "prefix",
	"algorithm", "token", "claim", "encoding", "tolerance", "secret",
	"secret_prefix", NULL},
};

static bool
has_key(enum scheme_type type, const char *key)
{
	for (const char *const *k = type_keys[type]; *k != NULL; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

/* What an algorithm of a JWT (RFC 7518 section 3.1, RFC 8037) needs. */
enum algorithm { HS256, RS256, ES256, EDDSA, ALGORITHM__MAX };

static const char *const algorithm_name[ALGORITHM__MAX] = {
    [HS256] = "HS256",
    [RS256] = "RS256",
    [ES256] = "ES256",
    [EDDSA] = "EdDSA",
};

static const enum scheme_proof algorithm_proof[ALGORITHM__MAX] = {
    [HS256] = PROOF_HMAC,
    [RS256] = PROOF_RSA,
    [ES256] = PROOF_P256,
    [EDDSA] = PROOF_ED25519,
};

static bool
load_truth(struct loader *l, const struct node *n)
{
	if (n->json != NULL && !json_object_is_type(n->json, json_type_boolean))
		load_fault(l, n, "must be true or false");
	return n->json != NULL && json_object_get_boolean(n->json);
}

/* An optional text that may be empty. */
static const char *
load_text(struct loader *l, const struct node *n, const char *key,
    const char *missing)
{
	struct node member = load_member(n, key);

	if (json_object_is_type(member.json, json_type_string) &&
	    json_object_get_string_len(member.json) == 0)
		return "";
	return load_string_or(l, &member, DEFINITION_HEADER_MAX, missing);
}

static void
load_scheme_header(struct loader *l, const struct node *n, struct scheme *s,
    const char *missing)
{
	struct node member = load_member(n, "header");
	const char *name = load_string_or(
	    l, &member, DEFINITION_HEADER_MAX, missing);

	if (name != NULL)
		s->header = load_header(l, &member, name, &s->variable);
}

/* --- the signed text ------------------------------------------------------ */

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
    {"body-sha256", {.kind = PART_BODY_HASH, .hash = HASH_SHA256}},
    {"body-sha256:base64",
	{.kind = PART_BODY_HASH,
	    .hash = HASH_SHA256,
	    .encoding = ENCODING_BASE64}},
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

	place.json = json_object_new_string(s);
	if (place.json == NULL)
		load_fault(l, NULL, "memory ran out");
	else
		ok = load_place(l, &place, true, &out->place);
	json_object_put(place.json);
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
	    "{body-sha256}, {body-sha256:base64}, {time}, {method}, {url}, "
	    "{url-path}, {path}, {query}, {query-sorted}, {form}, "
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

/* Can a body that is no form come? */
static bool
has_other_bodies(const struct provider *p)
{
	for (size_t i = 0; i < p->bodies; i++)
		if (p->body[i] != BODY_FORM)
			return true;
	return false;
}

/*
 * Why a body is not signed that may come, of whatever kind and method; NULL:
 * every one is.  Of a GET the query is the body.
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

	s->unsigned_body = load_truth(l, &admitted);
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
	if (!json_object_is_type(n->json, json_type_string) ||
	    strchr(json_object_get_string(n->json), '\n') == NULL)
		return load_string(l, n, SIGNED_SIZE_MAX);
	s = json_object_get_string(n->json);
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

static void
load_signed(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	struct node member = load_member(n, "signed");
	const char *text = load_signed_text(l, &member);

	if (text == NULL || !load_template(l, &member, text, s))
		return;
	load_body_hash(l, n, s);
	check_body_signed(l, &member, n, p, s);
	if (signed_has(s, PART_TIME) && s->time == TIME_NONE)
		load_fault(l, &member, "has {time}, but \"time\" is missing");
	if (!signed_has(s, PART_TIME) && s->time != TIME_NONE)
		load_fault(l, &member, "leaves the {time} unsigned");
}

/* --- the time of a signature ---------------------------------------------- */

static void
load_tolerance(struct loader *l, const struct node *n, struct scheme *s)
{
	struct node member = load_member(n, "tolerance");
	int64_t seconds = TOLERANCE_DEFAULT;

	if (member.json != NULL) {
		if (!json_object_is_type(member.json, json_type_int)) {
			load_fault(l, &member, "must be a number of seconds");
			return;
		}
		seconds = json_object_get_int64(member.json);
	}
	if (seconds >= 1 && seconds <= DEFINITION_TOLERANCE_MAX)
		s->tolerance = seconds * 1000;
	else
		load_fault(l, &member, "must be 1 to %d seconds",
		    DEFINITION_TOLERANCE_MAX);
}

static void
load_time(struct loader *l, const struct node *n, struct scheme *s)
{
	static const char *const keys[] = {
	    "header", "item", "format", "tolerance", NULL};
	static const char *const format_name[] = {
	    [WHEN_ISO8601] = "iso8601",
	    [WHEN_EPOCH_S] = "epoch-s",
	    [WHEN_EPOCH_MS] = "epoch-ms",
	};
	struct node header = load_member(n, "header");
	struct node item = load_member(n, "item");
	struct node format = load_member(n, "format");
	int word;

	if (n->json == NULL || !load_object(l, n, keys))
		return;
	if ((header.json != NULL) == (item.json != NULL)) {
		load_fault(l, n, "must have one of \"header\" and \"item\"");
	} else if (header.json != NULL) {
		s->time = TIME_HEADER;
		s->time_name = load_string(l, &header, DEFINITION_HEADER_MAX);
		if (s->time_name != NULL)
			(void)load_header(
			    l, &header, s->time_name, &s->time_variable);
	} else {
		s->time = TIME_ITEM;
		s->time_name = load_string(l, &item, DEFINITION_HEADER_MAX);
		if (s->separator == NULL)
			load_fault(l, &item, "needs a \"separator\" of items");
	}
	word = load_word(
	    l, &format, format_name, COUNT(format_name), WHEN_EPOCH_S);
	if (word >= 0)
		s->time_format = (enum when_format)word;
	load_tolerance(l, n, s);
}

/* --- schemes -------------------------------------------------------------- */

static void
load_encoding(struct loader *l, const struct node *n, struct scheme *s)
{
	struct node member = load_member(n, "encoding");
	int word = load_word(l, &member, encoding_name, ENCODING__MAX,
	    s->type == SCHEME_HMAC || s->type == SCHEME_JWT ? ENCODING_HEX
							    : ENCODING_BASE64);

	s->encoding = word < 0 ? ENCODING_HEX : (enum encoding)word;
}

/* How a line of the secret file is a key. */
static void
load_secret(struct loader *l, const struct node *n, struct scheme *s)
{
	static const char *const secret_name[] = {"text", "base64"};
	struct node member = load_member(n, "secret");

	s->secret_base64 = load_word(l, &member, secret_name,
			       COUNT(secret_name), 0) == 1;
	s->secret_prefix = load_text(l, n, "secret_prefix", "");
}

/* The options of a signature, or those words of them that it has. */
static void
load_signature(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	struct node member;
	int word;

	load_scheme_header(l, n, s, NULL);
	s->prefix = load_text(l, n, "prefix", "");
	member = load_member(n, "separator");
	if (member.json != NULL)
		s->separator = load_string(l, &member, 8);
	member = load_member(n, "hash");
	word = load_word(l, &member, hash_name, HASH__MAX, HASH_SHA256);
	s->hash = word < 0 ? HASH_SHA256 : (enum scheme_hash)word;
	if (s->hash == HASH_MD5 && s->type != SCHEME_HMAC)
		load_fault(l, &member, "md5 is good for hmac alone");
	load_encoding(l, n, s);
	member = load_member(n, "padding");
	word = load_word(l, &member, padding_name, PADDING__MAX, PADDING_PKCS1);
	s->padding = word < 0 ? PADDING_PKCS1 : (enum scheme_padding)word;
	load_secret(l, n, s);
	member = load_member(n, "time");
	load_time(l, &member, s);
	load_signed(l, n, p, s);
}

/* A token that is the body itself has neither header nor claim. */
static void
load_token(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	static const char *const token_name[] = {"header", "body"};
	static const char *const other[] = {
	    "header", "prefix", "claim", "encoding"};
	struct node token = load_member(n, "token");

	s->token_body = load_word(l, &token, token_name, 2, 0) == 1;
	if (!s->token_body)
		return;
	if (p->bodies != 1 || p->body[0] != BODY_JWT)
		load_fault(l, &token,
		    "needs \"body\": [\"jwt\"], and no other kind of body");
	if (p->get)
		load_fault(l, &token, "needs a body, which a GET has not");
	for (size_t i = 0; i < COUNT(other); i++) {
		struct node member = load_member(n, other[i]);

		if (member.json != NULL)
			load_fault(l, &member,
			    "contradicts a \"token\" that is the body");
	}
}

static void
load_jwt(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	struct node member = load_member(n, "algorithm");
	int word = load_word(l, &member, algorithm_name, ALGORITHM__MAX, HS256);

	if (word >= 0) {
		s->algorithm = algorithm_name[word];
		s->proof = algorithm_proof[word];
	}
	load_token(l, n, p, s);
	if (!s->token_body) {
		load_scheme_header(l, n, s, "Authorization");
		s->prefix = load_text(l, n, "prefix",
		    load_member(n, "header").json == NULL ? "Bearer " : "");
		member = load_member(n, "claim");
		s->claim = load_string(l, &member, DEFINITION_HEADER_MAX);
	}
	s->hash = HASH_SHA256;
	load_encoding(l, n, s);
	load_secret(l, n, s);
	member = load_member(n, "secret");
	if (member.json != NULL && s->proof != PROOF_HMAC)
		load_fault(l, &member, "is of no use with a public key");
	load_tolerance(l, n, s);
}

/* One scheme, or one alternative of it. */
static void
load_scheme(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	struct node member = load_member(n, "type");
	int type;

	if (!load_object(l, n, NULL))
		return;
	type = load_word(l, &member, type_name, SCHEME__MAX, -1);
	if (type < 0)
		return;
	s->type = (enum scheme_type)type;
	(void)load_object(l, n, type_keys[type]);
	s->prefix = s->secret_prefix = "";
	member = load_member(n, "when");
	load_demands(l, &member, false, &s->when);
	switch (s->type) {
	case SCHEME_BEARER:
		load_scheme_header(l, n, s, "Authorization");
		s->prefix = load_text(l, n, "prefix", "Bearer ");
		break;
	case SCHEME_BASIC:
		load_scheme_header(l, n, s, "Authorization");
		s->prefix = "Basic ";
		break;
	case SCHEME_TOKEN:
		break;
	case SCHEME_JWT:
		load_jwt(l, n, p, s);
		break;
	default:
		s->proof = s->type == SCHEME_HMAC ? PROOF_HMAC
		    : s->type == SCHEME_RSA	  ? PROOF_RSA
						  : PROOF_ED25519;
		load_signature(l, n, p, s);
		break;
	}
}

/* --- alternatives --------------------------------------------------------- */

static void
check_alternative(struct loader *l, const struct node *n,
    const struct provider *p, const struct scheme *first,
    const struct scheme *s, bool last)
{
	struct node when = load_member(n, "when");

	if (s->type == SCHEME_TOKEN)
		load_fault(l, n, "a token cannot be one of several");
	if (secret_is_public(s) != secret_is_public(first))
		load_fault(l, n,
		    "needs a %s, and the first alternative a %s: one source "
		    "cannot give both",
		    secret_is_public(s) ? "key_file" : "secret_file",
		    secret_is_public(s) ? "secret_file" : "key_file");
	if (!last && s->when.demands == 0)
		load_fault(l, n,
		    "has no \"when\", so that those after it are never used");
	if (!(p->post && demand_may(&s->when, "POST")) &&
	    !(p->get && demand_may(&s->when, "GET")))
		load_fault(l, &when,
		    "never holds for the methods that the platform sends");
}

/* A scheme, or a list of which the first that fits a message is used. */
static void
load_schemes(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *out)
{
	struct scheme *s = out;
	struct node when = load_member(n, "when");
	size_t items;

	if (!json_object_is_type(n->json, json_type_array)) {
		if (when.json != NULL)
			load_fault(l, &when,
			    "is for one of several alternatives, in a list");
		load_scheme(l, n, p, out);
		return;
	}
	if (!load_list(l, n, DEFINITION_ALTERNATIVES_MAX, &items))
		return;
	for (size_t i = 0; i < items && s != NULL; i++) {
		const struct node item = load_item(n, i);
		struct scheme *next = NULL;

		load_scheme(l, &item, p, s);
		check_alternative(l, &item, p, out, s, i + 1 == items);
		if (i + 1 < items) {
			next = load_alloc(l, sizeof(*next));
			if (next != NULL)
				next->name = out->name;
		}
		s->next = next;
		s = next;
	}
}

static bool
good_name(const char *s)
{
	return s[0] != '\0' && strlen(s) <= DEFINITION_NAME_MAX &&
	    s[strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0' &&
	    strcmp(s, "none") != 0;
}

void
load_auth(struct loader *l, const struct node *n, struct provider *p)
{
	if (n->json == NULL) {
		load_fault(l, n, "is required");
		return;
	}
	if (!load_object(l, n, NULL))
		return;
	if (json_object_object_length(n->json) == 0 ||
	    json_object_object_length(n->json) > DEFINITION_SCHEMES_MAX) {
		load_fault(
		    l, n, "must have 1 to %d schemes", DEFINITION_SCHEMES_MAX);
		return;
	}
	json_object_object_foreach(n->json, key, value)
	{
		const struct node item = {.up = n, .key = key, .json = value};
		struct scheme *s = &p->scheme[p->schemes++];

		if (!good_name(key))
			load_fault(l, &item,
			    "a scheme's name is 1 to %d of a-z, 0-9 and -, "
			    "and not \"none\"",
			    DEFINITION_NAME_MAX);
		s->name = arena_strndup(l->arena, key, strlen(key));
		if (s->name == NULL)
			load_fault(l, NULL, "memory ran out");
		load_schemes(l, &item, p, s);
	}
}

/* --- members that a source gives ------------------------------------------ */

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
static struct json_object *
own_value(int key, const char *text)
{
	int64_t seconds;

	if (key == CONFIG_AUTH_TOLERANCE &&
	    number_parse(text, strlen(text), 0, INT64_MAX, &seconds) == 0)
		return json_object_new_int64(seconds);
	/* No configuration can write the empty text. */
	if ((key == CONFIG_AUTH_PREFIX || key == CONFIG_AUTH_SECRET_PREFIX) &&
	    strcmp(text, "none") == 0)
		text = "";
	return json_object_new_string(text);
}

static bool
is_jwt(struct json_object *scheme)
{
	struct json_object *type;

	return json_object_object_get_ex(scheme, "type", &type) &&
	    strcmp(json_object_get_string(type), type_name[SCHEME_JWT]) == 0;
}

/* Put the member of one key into the scheme.  Returns 0 or -1: no memory. */
static int
put_member(struct json_object *scheme, int key, const char *text)
{
	const char *object = own_member[key].object;
	struct json_object *in = scheme, *value;

	if (key == CONFIG_AUTH_SIGNED && strstr(text, "{time}") == NULL)
		json_object_object_del(scheme, "time");
	/* What the definition admits of its own text is not true of this. */
	if (key == CONFIG_AUTH_SIGNED && strstr(text, "{body") != NULL)
		json_object_object_del(scheme, "unsigned_body");
	/* A JWT has its times in itself, and no object for them. */
	if (object != NULL && is_jwt(scheme))
		object = NULL;
	if (object != NULL && !json_object_object_get_ex(scheme, object, &in)) {
		in = json_object_new_object();
		if (in == NULL ||
		    json_object_object_add(scheme, object, in) != 0) {
			json_object_put(in);
			return -1;
		}
	}
	if (key == CONFIG_AUTH_TIME_HEADER)
		json_object_object_del(in, "item");
	value = own_value(key, text);
	if (value != NULL &&
	    json_object_object_add(in, own_member[key].member, value) == 0)
		return 0;
	json_object_put(value);
	return -1;
}

/* Does a scheme of that JSON have the member that the key stands for? */
static bool
takes_member(struct json_object *scheme, int key)
{
	const char *object = own_member[key].object;
	const char *name = object == NULL ? own_member[key].member : object;
	struct json_object *type;

	if (!json_object_object_get_ex(scheme, "type", &type))
		return false;
	for (int i = 0; i < SCHEME__MAX; i++)
		if (strcmp(json_object_get_string(type), type_name[i]) == 0)
			return has_key((enum scheme_type)i, name) ||
			    (i == SCHEME_JWT &&
				has_key(SCHEME_JWT, own_member[key].member));
	return false;
}

/*
 * Put the member of one key into the scheme, or into those of its
 * alternatives that have such a member; the first one where none has, so that
 * the fault is told.  Returns 0 or -1: no memory.
 */
static int
put_everywhere(struct json_object *scheme, int key, const char *text)
{
	size_t n, taken = 0;
	int rc = 0;

	if (!json_object_is_type(scheme, json_type_array))
		return put_member(scheme, key, text);
	n = json_object_array_length(scheme);
	for (size_t i = 0; i < n && rc == 0; i++) {
		struct json_object *one = json_object_array_get_idx(scheme, i);

		if (takes_member(one, key)) {
			rc = put_member(one, key, text);
			taken++;
		}
	}
	if (rc == 0 && taken == 0)
		rc = put_member(
		    json_object_array_get_idx(scheme, 0), key, text);
	return rc;
}

/* Read the definition again, with those members in the scheme. */
static void
load_own(struct loader *l, const struct provider *p, const char *const *key,
    struct scheme *out)
{
	struct json_tokener *tok = json_new();
	struct json_object *json = NULL, *schemes, *scheme;
	struct json_fault fault;
	int rc = -1;

	if (tok != NULL &&
	    json_parse(tok, p->text, p->len, &json, &fault) == 0 &&
	    json_object_object_get_ex(json, "auth", &schemes) &&
	    json_object_object_get_ex(schemes, out->name, &scheme)) {
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
	json_object_put(json);
	if (tok != NULL)
		json_tokener_free(tok);
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
