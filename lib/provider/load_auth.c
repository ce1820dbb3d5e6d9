#include <string.h>

#include "base/number.h"
#include "provider/load.h"
#include "provider/map.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define TOLERANCE_DEFAULT 300 /* seconds */

static const char *const type_name[SCHEME__MAX] = {
    [SCHEME_HMAC] = "hmac",
    [SCHEME_RSA] = "rsa",
    [SCHEME_ED25519] = "ed25519",
    [SCHEME_BEARER] = "bearer",
    [SCHEME_BASIC] = "basic",
    [SCHEME_TOKEN] = "token",
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
	"prefix", "separator", "signed", "time", "secret", "secret_prefix",
	NULL},
    [SCHEME_RSA] = (const char *const[]){"type", "header", "hash", "encoding",
	"padding", "prefix", "separator", "signed", "time", NULL},
    [SCHEME_ED25519] = (const char *const[]){"type", "header", "encoding",
	"prefix", "separator", "signed", "time", NULL},
    [SCHEME_BEARER] = (const char *const[]){"type", "header", "prefix", NULL},
    [SCHEME_BASIC] = (const char *const[]){"type", NULL},
    [SCHEME_TOKEN] = (const char *const[]){"type", NULL},
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
	if (len == 4 && memcmp(s, "body", 4) == 0) {
		out->kind = PART_BODY;
		return true;
	}
	if (len == 4 && memcmp(s, "time", 4) == 0) {
		out->kind = PART_TIME;
		return true;
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
	load_fault(l, n, "{%.*s} is none of {body}, {time}, {header:NAME}",
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

static bool
has_part(const struct scheme *s, enum part_kind kind)
{
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == kind)
			return true;
	return false;
}

static void
load_signed(struct loader *l, const struct node *n, struct scheme *s)
{
	struct node member = load_member(n, "signed");
	const char *text = load_string_or(
	    l, &member, DEFINITION_HEADER_MAX * 4, "{body}");

	if (text == NULL || !load_template(l, &member, text, s))
		return;
	if (!has_part(s, PART_BODY))
		load_fault(l, &member, "leaves the {body} unsigned");
	if (has_part(s, PART_TIME) && s->time == TIME_NONE)
		load_fault(l, &member, "has {time}, but \"time\" is missing");
	if (!has_part(s, PART_TIME) && s->time != TIME_NONE)
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
	if (seconds < 1 || seconds > DEFINITION_TOLERANCE_MAX)
		load_fault(l, &member, "must be 1 to %d seconds",
		    DEFINITION_TOLERANCE_MAX);
	s->tolerance = seconds * 1000;
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

/* The options of a signature, or those words of them that it has. */
static void
load_signature(struct loader *l, const struct node *n, struct scheme *s)
{
	static const char *const secret_name[] = {"text", "base64"};
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
	member = load_member(n, "encoding");
	word = load_word(l, &member, encoding_name, ENCODING__MAX,
	    s->type == SCHEME_HMAC ? ENCODING_HEX : ENCODING_BASE64);
	s->encoding = word < 0 ? ENCODING_HEX : (enum scheme_encoding)word;
	member = load_member(n, "padding");
	word = load_word(l, &member, padding_name, PADDING__MAX, PADDING_PKCS1);
	s->padding = word < 0 ? PADDING_PKCS1 : (enum scheme_padding)word;
	member = load_member(n, "secret");
	word = load_word(l, &member, secret_name, COUNT(secret_name), 0);
	s->secret_base64 = word == 1;
	s->secret_prefix = load_text(l, n, "secret_prefix", "");
	member = load_member(n, "time");
	load_time(l, &member, s);
	load_signed(l, n, s);
}

static void
load_scheme(struct loader *l, const struct node *n, struct scheme *s)
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
	default:
		load_signature(l, n, s);
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
		load_scheme(l, &item, s);
	}
}
