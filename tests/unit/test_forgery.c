/*
 * Every scheme of every built-in definition: with any bit of what is signed
 * changed, a message is refused.  What other libraries signed is in
 * test_auth.c and test_schemes.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <ctype.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "brief.h"
#include "provider/auth_internal.h"
#include "provider/definition.h"
#include "provider/map.h"
#include "provider/signed.h"
#include "scratch.h"

#define NOW 1779300000000LL /* 2026-05-20T18:00:00Z */
#define URL "https://h.example/cb/p"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define JSON_TYPE "application/json"
#define FORM "CallSid=CA1&CallStatus=completed&To=%2B1555&Name=S%C3%A3o+P&b=2"
#define JSON "{\"call\":{\"call_id\":\"c1\"},\"n\":[1.50,true,\"\303\274\\n\"]}"
#define MESSAGES_LEAST 26 /* that there are, at least */
#define LINES 12
#define LINE_SIZE 2048

/* A message of which each byte may be changed. */
struct sent {
	const struct auth *auth;
	char line[LINES][LINE_SIZE]; /* of the environment */
	char *env[LINES + 1];
	size_t lines, proof; /* proof: so many of them prove it */
	char body[LINE_SIZE];
	char segment[LINE_SIZE];
	struct message m;
	size_t tried;
};

/* What is beside the body: NULL at the end. */
static const char *const beside[][3] = {
    {"REQUEST_METHOD=POST", NULL},
    {"REQUEST_METHOD=POST", "QUERY_STRING=b=2&a=%2F", NULL},
    {"REQUEST_METHOD=GET", "QUERY_STRING=" FORM, NULL},
    /* After the headers that prove, so it only chooses an alternative. */
    {"REQUEST_METHOD=POST", "HTTP_SVIX_SIGNATURE=v1,x", NULL},
};

static bool
is_good(const struct sent *s)
{
	return auth_verify(s->auth, &s->m, s->segment, NOW) == AUTH_OK;
}

/*
 * Does it say the same with a letter in the other case: hexadecimal digits, the
 * name of a scheme (RFC 9110 section 11.1), a digit after a per cent sign?
 */
static bool
is_same(const char *text, const char *c, char was)
{
	/* What stands before the digits of a signature. */
	static const char *const before[] = {"sha256=", ",d=", ",v0="};
	const char *value = strncmp(text, "HTTP_", 5) == 0
	    ? strchr(text, '=') + 1
	    : text;
	const char *digits = value;
	const bool digit = isxdigit((unsigned char)was) != 0;

	if (tolower((unsigned char)was) != tolower((unsigned char)*c))
		return false;
	if (strncasecmp(value, "Bearer ", 7) == 0)
		return c < value + 6;
	if (digit &&
	    ((c > text && c[-1] == '%') || (c > text + 1 && c[-2] == '%')))
		return true;
	for (size_t i = 0; i < sizeof(before) / sizeof(before[0]); i++) {
		const char *at = strstr(value, before[i]);

		if (at != NULL)
			digits = at + strlen(before[i]);
	}
	return digit && c >= digits &&
	    strspn(digits, "0123456789abcdefABCDEF") == strlen(digits);
}

/* Change each bit of n bytes, which are part of a text. */
static void
refuse_changed(struct sent *s, const char *name, char *text, char *at, size_t n)
{
	const size_t step = (size_t)brief(1, 97);

	for (size_t i = 0; i < n; i += step)
		for (int bit = 1; bit < 256; bit <<= 1) {
			const char was = at[i];

			at[i] = (char)(was ^ bit);
			if (at[i] != '\0' && !is_same(text, &at[i], was)) {
				s->tried++;
				if (is_good(s))
					fail_msg("%s: %s", name, text);
			}
			at[i] = was;
		}
}

/* The headers of a proof, `Name: value`, as variables. */
static void
add_headers(struct sent *s, const char *line)
{
	while (*line != '\0') {
		const size_t n = strcspn(line, "\n"),
			     colon = strcspn(line, ":");
		char *out = s->line[s->lines];

		assert_true(n < LINE_SIZE - 8);
		snprintf(out, LINE_SIZE, "HTTP_%.*s=%.*s", (int)colon, line,
		    (int)(n - colon - 2), line + colon + 2);
		for (char *c = out; *c != '='; c++)
			*c = *c == '-' ? '_' : (char)toupper((unsigned char)*c);
		s->env[s->lines] = out;
		s->lines++;
		line += n + (line[n] == '\n');
	}
}

static void
add_line(struct sent *s, const char *text)
{
	snprintf(s->line[s->lines], LINE_SIZE, "%s", text);
	s->env[s->lines] = s->line[s->lines];
	s->lines++;
}

/* The message with its proof; false: the scheme has no such message. */
static bool
make(struct sent *s, const char *key, const char *type, const char *body,
    const char *const *other)
{
	struct auth_proof proof = {0};
	struct buf why = {0};
	char *env[4] = {NULL};
	const bool get = strcmp(other[0], "REQUEST_METHOD=GET") == 0;
	struct message m = {.env = env, .content_type = type, .body = body};
	bool made;

	m.len = strlen(body);
	for (size_t i = 0; other[i] != NULL; i++)
		env[i] = (char *)(uintptr_t)other[i];
	made = auth_sign(s->auth, key, &m, NOW, &proof, &why) == 0;
	s->lines = 0;
	add_headers(s, buf_str(&proof.headers));
	s->proof = s->lines;
	for (size_t i = 0; other[i] != NULL; i++)
		if (proof.query.len == 0 ||
		    strncmp(other[i], "QUERY_STRING=", 13) != 0)
			add_line(s, other[i]);
	if (proof.query.len > 0) {
		char query[LINE_SIZE];
		const char *had = other[1] != NULL &&
			strncmp(other[1], "QUERY_STRING=", 13) == 0
		    ? other[1] + 13
		    : "";

		snprintf(query, sizeof(query), "QUERY_STRING=%s%s%s", had,
		    *had == '\0' ? "" : "&", buf_str(&proof.query));
		add_line(s, query);
	}
	s->env[s->lines] = NULL;
	snprintf(s->segment, LINE_SIZE, "%s", buf_str(&proof.segment));
	snprintf(s->body, LINE_SIZE, "%s",
	    proof.body.len > 0 ? buf_str(&proof.body) : body);
	s->m = (struct message){
	    .env = s->env, .content_type = type, .body = s->body};
	s->m.len = get ? 0 : strlen(s->body);
	auth_proof_free(&proof);
	buf_free(&why);
	return made;
}

/* Every bit that is signed of a message that is accepted. */
static void
refuse_forgeries(struct sent *s, const char *name, bool leaves_body)
{
	const struct auth *used = NULL;
	enum scheme_type type;
	bool credential;

	assert_int_equal(auth_choose(s->auth, &s->m, &used), AUTH_OK);
	assert_non_null(used);
	type = used->scheme->type;
	credential = type == SCHEME_BEARER || type == SCHEME_BASIC ||
	    type == SCHEME_TOKEN;
	for (size_t i = 0; i < s->proof; i++) {
		char *value = strchr(s->line[i], '=') + 1;

		refuse_changed(s, name, s->line[i], value, strlen(value));
		/* Without it, too. */
		s->line[i][0] ^= 1;
		assert_false(is_good(s));
		s->line[i][0] ^= 1;
	}
	refuse_changed(s, name, s->segment, s->segment, strlen(s->segment));
	if (!credential && !leaves_body && s->m.len > 0) {
		refuse_changed(s, name, s->body, s->body, s->m.len);
		s->m.len--;
		assert_false(is_good(s));
		s->m.len++;
		s->body[s->m.len++] = 'x';
		assert_false(is_good(s));
		s->body[--s->m.len] = '\0';
	}
	for (size_t i = s->proof; i < s->lines; i++)
		if (!credential && signed_has_query(used->scheme) &&
		    strncmp(s->line[i], "QUERY_STRING=", 13) == 0)
			refuse_changed(s, name, s->line[i], s->line[i] + 13,
			    strlen(s->line[i] + 13));
	assert_true(is_good(s));
}

/* The keys of one kind: a private one, and its public half. */
static void
write_keys(const struct scratch *d, const char *name, EVP_PKEY *key)
{
	char path[200];
	FILE *f;

	assert_non_null(key);
	snprintf(path, sizeof(path), "%s/%s", d->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(
	    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
	fclose(f);
	snprintf(path, sizeof(path), "%s/%s.pub", d->dir, name);
	f = fopen(path, "w");
	assert_non_null(f);
	assert_int_equal(PEM_write_PUBKEY(f, key), 1);
	fclose(f);
	EVP_PKEY_free(key);
}

/* What is needed of the scheme: a secret, or keys of its kind. */
static struct auth *
open_auth(const struct scratch *d, const struct provider *p,
    const struct scheme *scheme, char key[200])
{
	const bool public = scheme->type == SCHEME_RSA ||
	    scheme->type == SCHEME_ED25519;
	char secret[200], pub[220], url[] = URL;
	struct config_source cs = {
	    .auth = (char *)(uintptr_t)scheme->name, .url = url};
	struct buf why = {0};
	struct auth *a;
	FILE *f;

	snprintf(key, 200, "%s/%s", d->dir,
	    scheme->type == SCHEME_ED25519 ? "ed25519" : "rsa");
	snprintf(pub, sizeof(pub), "%s.pub", key);
	snprintf(secret, sizeof(secret), "%s/secret", d->dir);
	f = fopen(secret, "w");
	assert_non_null(f);
	/* Both a text and base64. */
	fprintf(f, "c2VjcmV0LXNlY3JldC1zZWNyZXQ0\n");
	fclose(f);
	assert_int_equal(chmod(secret, 0600), 0);
	if (public)
		cs.key_file = pub;
	else
		cs.secret_file = secret;
	a = auth_new(p, &cs, &why);
	if (a == NULL)
		fail_msg("%s: %s", provider_name(p), buf_str(&why));
	buf_free(&why);
	return a;
}

/* All messages of one scheme.  Returns how many there were. */
static size_t
try_scheme(
    const struct scratch *d, const struct provider *p, size_t i, size_t *tried)
{
	static const struct {
		const char *type, *body;
	} kind[] = {{JSON_TYPE, JSON}, {FORM_TYPE, FORM}};
	char key[200], name[100];
	struct sent *s = calloc(1, sizeof(*s));
	struct auth *a = open_auth(d, p, &p->scheme[i], key);
	size_t messages = 0;

	assert_non_null(s);
	s->auth = a;
	snprintf(name, sizeof(name), "%s %s", provider_name(p),
	    provider_scheme(p, i));
	for (size_t k = 0; k < 2; k++)
		for (size_t o = 0; o < sizeof(beside) / sizeof(beside[0]);
		     o++) {
			const bool get = strstr(beside[o][0], "GET") != NULL;
			const bool svix = beside[o][1] != NULL &&
			    strstr(beside[o][1], "SVIX") != NULL;

			if (!provider_takes_type(p, kind[k].type) ||
			    !provider_takes_method(p, beside[o][0] + 15) ||
			    (get && k == 0) ||
			    (svix &&
				strcmp(provider_name(p), "standard-webhooks") !=
				    0) ||
			    !make(s, key, kind[k].type, get ? "" : kind[k].body,
				beside[o]))
				continue;
			if (!is_good(s))
				fail_msg("%s: not accepted", name);
			refuse_forgeries(s, name, provider_leaves_body(p, i));
			messages++;
		}
	*tried += s->tried;
	auth_free(a);
	free(s);
	return messages;
}

static void
no_bit_of_what_is_signed_can_be_changed(void **state)
{
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	const struct provider *p;
	struct scratch d;
	size_t messages = 0, tried = 0;

	(void)state;
	assert_non_null(ps);
	scratch_make(&d);
	write_keys(&d, "rsa", EVP_RSA_gen((unsigned)brief(2048, 1024)));
	write_keys(&d, "ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	for (size_t i = 0; (p = providers_at(ps, i)) != NULL; i++) {
		size_t of_this = 0;

		for (size_t k = 0; provider_scheme(p, k) != NULL; k++)
			of_this += try_scheme(&d, p, k, &tried);
		if (of_this == 0)
			fail_msg("%s: no message", provider_name(p));
		messages += of_this;
	}
	print_message("%zu messages, %zu forgeries\n", messages, tried);
	assert_true(messages >= MESSAGES_LEAST);
	assert_int_equal(ERR_peek_error(), 0);
	scratch_remove(&d);
	providers_free(ps);
}

/* Twilio signs names and values with nothing between them. */
static void
a_signed_form_is_not_divided_otherwise(void **state)
{
	static const char genuine[] =
	    "CallSid=CA1&CallStatus=completed&From=%2B1555&FromCity=&"
	    "SequenceNumber=3&To=%2B1777";
	/* The same text is signed. */
	static const char *const forged[] = {
	    "CallSid=CA1&CallStatus=completed&From=%"
	    "2B1555FromCitySequenceNumber"
	    "3&To=%2B1777",
	    "CallSid=CA1CallStatuscompleted&From=%2B1555&FromCity=&"
	    "SequenceNumber=3&To=%2B1777",
	    "CallSid=CA1&CallStatus=completed&From%2B1555=&FromCity=&"
	    "SequenceNumber=3&To=%2B1777",
	    "CallSid=CA1&CallStatus=completed&From=%2B1555&FromCity=&"
	    "SequenceNumber3To%2B1777=",
	    "CallSidCA1CallStatuscompletedFrom%2B1555FromCitySequenceNumber3To"
	    "%2B1777"};
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	const struct provider *p = providers_find(ps, "twilio");
	struct sent *s = calloc(1, sizeof(*s));
	struct binding of, other;
	struct scratch d;
	char key[200];
	struct auth *a;

	(void)state;
	assert_non_null(s);
	scratch_make(&d);
	s->auth = a = open_auth(&d, p, &p->scheme[0], key);
	assert_true(make(s, NULL, FORM_TYPE, genuine, beside[0]));
	assert_true(is_good(s));
	assert_int_equal(auth_bind(a, &s->m, &of), 1);
	assert_int_equal(of.contents, 1);
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		snprintf(s->body, LINE_SIZE, "%s", forged[i]);
		s->m.len = strlen(s->body);
		if (is_good(s))
			fail_msg("%s", forged[i]);
		/* Its text is that of the genuine one, its content not. */
		assert_int_equal(auth_bind(a, &s->m, &other), 1);
		assert_memory_equal(
		    of.signed_text, other.signed_text, sizeof(of.signed_text));
		assert_memory_not_equal(
		    of.content, other.content, sizeof(of.content));
	}
	snprintf(s->body, LINE_SIZE, "%s&b=2", genuine);
	s->m.len = strlen(s->body);
	assert_int_equal(auth_bind(a, &s->m, &other), 1);
	assert_memory_not_equal(
	    of.signed_text, other.signed_text, sizeof(of.signed_text));
	auth_free(a);
	free(s);
	scratch_remove(&d);
	providers_free(ps);
}

/* Nor is one of the platforms' own taken for a forged one. */
static void
forms_of_the_platforms_are_accepted(void **state)
{
	static const char *const name[] = {"twilio", "plivo"};
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	struct sent *s = calloc(1, sizeof(*s));
	struct scratch d;
	size_t forms = 0;

	(void)state;
	assert_non_null(s);
	scratch_make(&d);
	for (size_t i = 0; i < 2; i++) {
		const struct provider *p = providers_find(ps, name[i]);
		char key[200], path[400];
		struct auth *a = open_auth(&d, p, &p->scheme[0], key);
		struct dirent *e;
		DIR *dir;

		s->auth = a;
		snprintf(
		    path, sizeof(path), TEST_DATA "/providers/%s", name[i]);
		dir = opendir(path);
		assert_non_null(dir);
		while ((e = readdir(dir)) != NULL) {
			char body[LINE_SIZE], file[700];
			size_t n;
			FILE *f;

			if (!ends_with(e->d_name, ".form"))
				continue;
			snprintf(file, sizeof(file), "%s/%s", path, e->d_name);
			f = fopen(file, "r");
			assert_non_null(f);
			n = fread(body, 1, sizeof(body) - 1, f);
			fclose(f);
			body[n] = '\0';
			body[strcspn(body, "\n")] = '\0';
			assert_true(make(s, NULL, FORM_TYPE, body, beside[0]));
			if (!is_good(s))
				fail_msg("%s", file);
			forms++;
		}
		closedir(dir);
		auth_free(a);
	}
	assert_true(forms > 30);
	free(s);
	scratch_remove(&d);
	providers_free(ps);
}

/* What a definition with that event makes of a message; NULL: no event. */
static const char *
id_by(const char *auth, const char *event, const char *places, bool used,
    char *const *env, struct mapper *mp)
{
	static struct event e;
	struct buf text = {0}, why = {0};
	struct message m = {.env = env,
	    .content_type = JSON_TYPE,
	    .body = "{\"c\":\"c1\",\"t\":\"x\"}"};
	struct provider *p;
	const char *reason, *place;
	bool is_used = !used;
	enum map_rc rc;

	m.len = strlen(m.body);
	buf_printf(&text,
	    "{\"provider\":\"p\",\"auth\":{\"s\":%s},\"event\":{%s},"
	    "\"call\":{\"id\":\"/c\"},\"types\":{\"x\":{},\"y\":{}}}",
	    auth, event);
	p = definition_parse("f", buf_str(&text), text.len, &why);
	if (p == NULL)
		fail_msg("%s", buf_str(&why));
	place = provider_unsigned(p, 0, &is_used);
	if (places == NULL)
		assert_null(place);
	else {
		assert_non_null(place);
		assert_string_equal(place, places);
		assert_int_equal(is_used, used);
	}
	rc = mapper_map(mp, p, &m, NOW, &e, &reason);
	definition_free(p);
	buf_free(&text);
	buf_free(&why);
	if (rc != MAP_OK)
		return NULL;
	return e.id != NULL ? e.id : "";
}

static void
an_unsigned_place_tells_no_identity_that_another_place_has(void **state)
{
	static const char hmac[] = "{\"type\":\"hmac\",\"header\":\"S\"}";
	static const char header[] = "{\"type\":\"hmac\",\"header\":\"S\","
				     "\"signed\":\"{header:X-Id}.{body}\"}";
	static const char query[] = "{\"type\":\"hmac\",\"header\":\"S\","
				    "\"signed\":\"{query:id}.{body}\"}";
	static const char bearer[] = "{\"type\":\"bearer\"}";
	static const char both[] = "\"type\":\"/t\",\"key\":[\"id\"],"
				   "\"id\":[\"/id\",\"header:X-Id\"]";
	static const char only[] = "\"type\":\"/t\",\"key\":[\"id\"],"
				   "\"id\":\"header:X-Id\"";
	static const char type[] =
	    "\"key\":[\"body\"],"
	    "\"type\":[\"/type\",{\"at\":\"header:X-Id\",\"is\":\"y\"}]";
	static const char parameter[] = "\"type\":\"/t\",\"key\":[\"id\"],"
					"\"id\":[\"/id\",\"query:id\"]";
	char forged[] = "HTTP_X_ID=forged", q[] = "QUERY_STRING=id=forged";
	char *env[] = {forged, q, NULL};
	struct mapper *mp = mapper_new(65536);

	(void)state;
	assert_non_null(mp);
	assert_string_equal(
	    id_by(hmac, both, "header:X-Id", false, env, mp), "");
	assert_string_equal(
	    id_by(hmac, parameter, "query:id", false, env, mp), "");
	/* Not even a constant of it stays. */
	assert_null(id_by(hmac, type, "header:X-Id", false, env, mp));
	/* Signed, sent with a secret, or all that there is. */
	assert_string_equal(
	    id_by(header, both, NULL, false, env, mp), "forged");
	assert_string_equal(
	    id_by(query, parameter, NULL, false, env, mp), "forged");
	assert_string_equal(
	    id_by(bearer, both, NULL, false, env, mp), "forged");
	assert_string_equal(
	    id_by(hmac, only, "header:X-Id", true, env, mp), "forged");
	mapper_free(mp);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		an_unsigned_place_tells_no_identity_that_another_place_has),
	    cmocka_unit_test(a_signed_form_is_not_divided_otherwise),
	    cmocka_unit_test(forms_of_the_platforms_are_accepted),
	    cmocka_unit_test(no_bit_of_what_is_signed_can_be_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
