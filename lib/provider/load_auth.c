#include <string.h>

#include "base/config.h"
#include "base/number.h"
#include "provider/json.h"
#include "provider/load.h"
#include "provider/map.h"
#include "provider/signed.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TOLERANCE_DEFAULT 300 /* seconds */

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
    [HASH_SHA1] = "sha1",
    [HASH_SHA256] = "sha256",
    [HASH_SHA512] = "sha512",
};

static const char *const encoding_name[ENCODING__MAX] = {
    [ENCODING_HEX] = "hex",
    [ENCODING_BASE64] = "base64",
};

static const char *const padding_name[PADDING__MAX] = {
    [PADDING_PKCS1] = "pkcs1",
    [PADDING_PSS] = "pss",
};

/* What each type may say of itself. */
static const char *const *const type_keys[SCHEME__MAX] = {
    [SCHEME_HMAC] = (const char *const[]){"type", "header", "hash", "encoding",
	"prefix", "separator", "signed", "body_hash", "time", "secret",
	"secret_prefix", NULL},
    [SCHEME_RSA] = (const char *const[]){"type", "header", "hash", "encoding",
	"padding", "prefix", "separator", "signed", "body_hash", "time", NULL},
    [SCHEME_ED25519] = (const char *const[]){"type", "header", "encoding",
	"prefix", "separator", "signed", "body_hash", "time", NULL},
    [SCHEME_BEARER] = (const char *const[]){"type", "header", "prefix", NULL},
    [SCHEME_BASIC] = (const char *const[]){"type", NULL},
    [SCHEME_TOKEN] = (const char *const[]){"type", NULL},
    [SCHEME_JWT] = (const char *const[]){"type", "header", "prefix", "claim",
	"encoding", "tolerance", "secret", "secret_prefix", NULL},
};

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

/* One placeholder, without its braces. */
static bool
load_placeholder(struct loader *l, const struct node *n, const char *s,
    size_t len, struct part *out)
{
	static const struct {
		const char *name;
		enum part_kind kind;
	} simple[] = {
	    {"body", PART_BODY},
	    {"time", PART_TIME},
	    {"url", PART_URL},
	    {"form", PART_FORM},
	};

	for (size_t i = 0; i < COUNT(simple); i++) {
		if (strlen(simple[i].name) == len &&
		    memcmp(s, simple[i].name, len) == 0) {
			out->kind = simple[i].kind;
			return true;
		}
	}
	if (len > 7 && memcmp(s, "header:", 7) == 0) {
		const char *name = arena_strndup(l->arena, s + 7, len - 7);

		out->kind = PART_HEADER;
		if (name == NULL)
			load_fault(l, NULL, "memory ran out");
		else
			out->text = load_header(l, n, name, &out->variable);
		return out->text != NULL;
	}
	load_fault(l, n,
	    "{%.*s} is none of {body}, {time}, {url}, {form}, {header:NAME}",
	    (int)len, s);
	return false;
}

static bool
load_template(
    struct loader *l, const struct node *n, const char *s, struct scheme *out)
{
	while (*s != '\0') {
		struct part *part = &out->part[out->parts];
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
			if (!load_placeholder(l, n, s, len, part))
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
	else if (!signed_has(s, PART_URL))
		load_fault(l, &member, "is not signed without the {url}");
	else if (signed_has(s, PART_BODY))
		load_fault(l, &member, "is of no use with the {body} signed");
	else
		s->body_hash = place.name;
}

/* Is every body signed, of whatever kind and method? */
static void
check_body_signed(struct loader *l, const struct node *n,
    const struct provider *p, const struct scheme *s)
{
	bool json = false;

	for (size_t i = 0; i < p->bodies; i++)
		json = json || p->body[i] != BODY_FORM;
	if (signed_has(s, PART_BODY))
		return;
	if (!signed_has(s, PART_FORM))
		load_fault(l, n, "leaves the {body} unsigned");
	else if (!signed_has(s, PART_URL))
		load_fault(l, n,
		    "has {form}, but without {url} that of a GET is unsigned");
	else if (json && s->body_hash == NULL)
		load_fault(l, n,
		    "leaves a body that is no form unsigned: "
		    "\"body_hash\" is missing");
}

static void
load_signed(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *s)
{
	struct node member = load_member(n, "signed");
	const char *text = load_string_or(
	    l, &member, DEFINITION_HEADER_MAX * 4, "{body}");

	if (text == NULL || !load_template(l, &member, text, s))
		return;
	load_body_hash(l, n, s);
	check_body_signed(l, &member, p, s);
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

	s->encoding = word < 0 ? ENCODING_HEX : (enum scheme_encoding)word;
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
	load_encoding(l, n, s);
	member = load_member(n, "padding");
	word = load_word(l, &member, padding_name, PADDING__MAX, PADDING_PKCS1);
	s->padding = word < 0 ? PADDING_PKCS1 : (enum scheme_padding)word;
	load_secret(l, n, s);
	member = load_member(n, "time");
	load_time(l, &member, s);
	load_signed(l, n, p, s);
}

static void
load_jwt(struct loader *l, const struct node *n, struct scheme *s)
{
	struct node member = load_member(n, "claim");

	load_scheme_header(l, n, s, "Authorization");
	s->prefix = load_text(l, n, "prefix",
	    load_member(n, "header").json == NULL ? "Bearer " : "");
	s->claim = load_string(l, &member, DEFINITION_HEADER_MAX);
	s->hash = HASH_SHA256;
	load_encoding(l, n, s);
	load_secret(l, n, s);
	load_tolerance(l, n, s);
}

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
		load_jwt(l, n, s);
		break;
	default:
		load_signature(l, n, p, s);
		break;
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
		load_scheme(l, &item, p, s);
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

/* Put the member of one key into the scheme.  Returns 0 or -1: no memory. */
static int
put_member(struct json_object *scheme, int key, const char *text)
{
	const char *object = own_member[key].object;
	struct json_object *in = scheme, *value;

	if (key == CONFIG_AUTH_SIGNED && strstr(text, "{time}") == NULL)
		json_object_object_del(scheme, "time");
	/* A JWT has its times in itself, and no object for them. */
	if (object != NULL && json_object_object_get_ex(scheme, "claim", NULL))
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
				rc = put_member(scheme, i, key[i]);
		if (rc == 0)
			load_scheme(l, &n, p, out);
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
