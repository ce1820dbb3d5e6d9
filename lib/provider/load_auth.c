/*
 * load_auth - the schemes of authentication of a definition.
 *
 * The text that a scheme signs is read in load_signed.c, and what a source
 * gives in place of the definition's members in load_own_auth.c.
 */
#include <string.h>

#include "provider/demand.h"
#include "provider/load.h"
#include "provider/secret.h"

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
	"algorithm", "token", "claim", "encoding", "time", "tolerance",
	"secret", "secret_prefix", NULL},
};

bool
load_scheme_has(enum scheme_type type, const char *key)
{
	for (const char *const *k = type_keys[type]; *k != NULL; k++)
		if (strcmp(*k, key) == 0)
			return true;
	return false;
}

int
load_scheme_type(struct json *scheme)
{
	struct json *type;

	if (!json_member(scheme, "type", &type))
		return -1;
	for (int i = 0; i < SCHEME__MAX; i++)
		if (strcmp(json_string(type), type_name[i]) == 0)
			return i;
	return -1;
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

/* An optional text that may be empty. */
static const char *
load_text(struct loader *l, const struct node *n, const char *key,
    const char *missing)
{
	struct node member = load_member(n, key);

	if (json_is(member.json, JSON_STRING) && json_length(member.json) == 0)
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

/* --- the time of a signature ---------------------------------------------- */

static void
load_tolerance(struct loader *l, const struct node *n, struct scheme *s)
{
	struct node member = load_member(n, "tolerance");
	int64_t seconds = TOLERANCE_DEFAULT;

	if (member.json != NULL) {
		if (!json_is(member.json, JSON_WHOLE)) {
			load_fault(l, &member, "must be a number of seconds");
			return;
		}
		seconds = json_whole(member.json);
	}
	if (seconds >= 1 && seconds <= DEFINITION_TOLERANCE_MAX)
		s->tolerance = seconds * 1000;
	else
		load_fault(l, &member, "must be 1 to %d seconds",
		    DEFINITION_TOLERANCE_MAX);
}

static void
load_time_format(struct loader *l, const struct node *n, struct scheme *s)
{
	static const char *const format_name[] = {
	    [WHEN_ISO8601] = "iso8601",
	    [WHEN_EPOCH_S] = "epoch-s",
	    [WHEN_EPOCH_MS] = "epoch-ms",
	};
	struct node format = load_member(n, "format");
	int word = load_word(
	    l, &format, format_name, COUNT(format_name), WHEN_EPOCH_S);

	if (word >= 0)
		s->time_format = (enum when_format)word;
}

static void
load_time(struct loader *l, const struct node *n, struct scheme *s)
{
	static const char *const keys[] = {
	    "header", "item", "format", "tolerance", NULL};
	struct node header = load_member(n, "header");
	struct node item = load_member(n, "item");

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
	load_time_format(l, n, s);
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

/* The claim that tells when a token was made, where that is not `iat`. */
static void
load_time_claim(struct loader *l, const struct node *n, struct scheme *s)
{
	static const char *const keys[] = {"claim", "format", NULL};
	struct node time = load_member(n, "time");
	struct node claim = load_member(&time, "claim");

	if (time.json == NULL || !load_object(l, &time, keys))
		return;
	if (!s->token_body) {
		load_fault(l, &time, "needs a \"token\" that is the body");
	} else if (claim.json == NULL) {
		load_fault(l, &time, "\"claim\" is missing");
	} else {
		s->time_claim = load_string(l, &claim, DEFINITION_HEADER_MAX);
		load_time_format(l, &time, s);
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
	load_time_claim(l, n, s);
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
	load_when(l, &member, AT_REQUEST_HEAD, &s->when);
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
	if (!last && s->when.conditions == 0)
		load_fault(l, n,
		    "has no \"when\", so that those after it are never used");
	if (!(p->post && demand_may(&s->when, "POST")) &&
	    !(p->get && demand_may(&s->when, "GET")))
		load_fault(l, &when,
		    "never holds for the methods that the platform sends");
}

void
load_schemes(struct loader *l, const struct node *n, const struct provider *p,
    struct scheme *out)
{
	struct scheme *s = out;
	struct node when = load_member(n, "when");
	size_t items;

	if (!json_is(n->json, JSON_ARRAY)) {
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
	if (json_count(n->json) == 0 ||
	    json_count(n->json) > DEFINITION_SCHEMES_MAX) {
		load_fault(
		    l, n, "must have 1 to %d schemes", DEFINITION_SCHEMES_MAX);
		return;
	}
	json_each(n->json, key, value)
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
