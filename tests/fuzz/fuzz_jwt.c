/*
 * fuzz_jwt - a token of a stranger, and one that was changed on its way.
 *
 * The input is a byte that says how the token is made, then its header, claims
 * (@ stands for the hash of the body) and body, a line each.  A token that is
 * taken has an HMAC that libcrypto makes, too, the body's hash and a time.
 */
#include "fuzz.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <strings.h>

#include "base/base64.h"
#include "base/hex.h"
#include "provider/auth.h"
#include "provider/json.h"
#include "provider/provider.h"

#define NOW 1779300000000LL
#define SECRET "test-secret-123"
#define TOLERANCE_S 300

static const char definition[] =
    "{\"provider\":\"x\",\"auth\":{\"j\":{\"type\":\"jwt\",\"claim\":\"h\","
    "\"encoding\":\"hex\",\"tolerance\":300}},"
    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},\"call\":{\"id\":\"/c\"},"
    "\"types\":{\"x\":{}}}";

enum {
	RAW = 1, /* the header line is the whole token */
	GOOD_HEADER = 2,
	UNSIGNED = 4,
	CHANGED = 8 /* one byte of it, by the next two bytes of the input */
};

static struct auth *auth;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char path[] = "/tmp/callbook-fuzz-XXXXXX";
	struct config_source cs = {.secret_file = path};
	struct buf why = {0};
	struct provider *p = definition_parse(
	    "x", definition, strlen(definition), &why);

	(void)argc;
	(void)argv;
	fuzz_file(path, SECRET "\n");
	auth = p == NULL ? NULL : auth_new(p, &cs, &why);
	(void)unlink(path);
	if (auth == NULL) {
		fprintf(stderr, "%s\n", buf_str(&why));
		abort();
	}
	return 0;
}

static void
mac_of(const char *s, size_t n, unsigned char mac[32])
{
	unsigned len = 32;

	if (HMAC(EVP_sha256(), SECRET, (int)strlen(SECRET),
		(const unsigned char *)s, n, mac, &len) == NULL)
		abort();
}

/* The claims, with the hash of the body for each @. */
static void
add_claims(struct buf *b, struct input claims, const char *hash)
{
	struct buf text = {0};

	for (size_t i = 0; i < claims.n; i++)
		if (claims.s[i] == '@')
			buf_puts(&text, hash);
		else
			buf_add(&text, claims.s + i, 1);
	base64url_encode((const unsigned char *)buf_str(&text), text.len, b);
	buf_free(&text);
}

static void
make_token(unsigned how, struct input header, struct input claims,
    const char *hash, struct buf *b)
{
	static const char good[] = "{\"alg\":\"HS256\"}";
	unsigned char mac[32];

	if (how & RAW) {
		buf_add(b, header.s, header.n);
		return;
	}
	if (how & GOOD_HEADER)
		header = (struct input){good, strlen(good)};
	base64url_encode((const unsigned char *)header.s, header.n, b);
	buf_puts(b, ".");
	add_claims(b, claims, hash);
	mac_of(buf_str(b), b->len, mac);
	if (how & UNSIGNED)
		mac[0] ^= 1;
	buf_puts(b, ".");
	base64url_encode(mac, sizeof(mac), b);
}

static enum auth_rc
verify(const char *token, struct input body)
{
	struct buf line = {0};
	char *env[2] = {NULL, NULL};
	struct message m = {
	    .env = env, .content_type = "", .body = body.s, .len = body.n};
	enum auth_rc rc;

	buf_printf(&line, "HTTP_AUTHORIZATION=Bearer %s", token);
	env[0] = line.data;
	rc = auth_verify(auth, &m, NULL, NOW);
	buf_free(&line);
	return rc;
}

static int64_t
seconds(struct json *claims, const char *name)
{
	struct json *j;
	double d;

	if (!json_member(claims, name, &j) || j == NULL)
		return 0;
	if (!json_is(j, JSON_DECIMAL))
		return strtoll(json_string(j), NULL, 10);
	d = json_double(j);
	return d >= 9e18 ? INT64_MAX : d <= -9e18 ? INT64_MIN : (int64_t)d;
}

/* It was taken.  Was that right? */
static void
check_taken(const char *token, const char *hash)
{
	const char *dot = strchr(token, '.'), *last = strrchr(token, '.');
	struct buf want = {0}, text = {0};
	struct json *claims = NULL, *h;
	struct json_fault fault;
	unsigned char mac[32];
	int64_t iat, exp;

	must(dot != NULL && last > dot);
	mac_of(token, (size_t)(last - token), mac);
	base64url_encode(mac, sizeof(mac), &want);
	must(strcmp(buf_str(&want), last + 1) == 0);
	must(base64url_decode(dot + 1, (size_t)(last - dot) - 1, &text) == 0);
	must(json_parse(buf_str(&text), text.len, &claims, &fault) == JSON_OK);
	must(json_member(claims, "h", &h));
	must(strcasecmp(json_string(h), hash) == 0);
	iat = seconds(claims, "iat");
	exp = seconds(claims, "exp");
	must(iat != 0 || exp != 0);
	must(iat == 0 || llabs(iat - NOW / 1000) <= TOLERANCE_S);
	must(exp == 0 || exp >= NOW / 1000 - TOLERANCE_S);
	json_free(claims);
	buf_free(&want);
	buf_free(&text);
}

/* What is signed here is taken, and is not once a byte of it is another. */
static void
try_signed(struct input body, unsigned at, unsigned by)
{
	char *const env[] = {NULL};
	const struct message m = {.env = env,
	    .content_type = "",
	    .body = body.s == NULL ? "" : body.s,
	    .len = body.n};
	struct auth_proof proof = {0};
	struct buf why = {0};
	char *token;

	must(auth_sign(auth, NULL, &m, NOW, &proof, &why) == 0);
	token = strstr(proof.headers.data, "Bearer ");
	must(token != NULL);
	token += 7;
	token[strcspn(token, "\n")] = '\0';
	must(verify(token, body) == AUTH_OK);
	at %= (unsigned)strlen(token);
	if (by % 128 != 0 && token[at] != (char)(by % 128)) {
		token[at] = (char)(by % 128);
		must(verify(token, body) != AUTH_OK);
	}
	auth_proof_free(&proof);
	buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size}, header, claims;
	unsigned how = input_byte(&in), at = input_byte(&in);
	unsigned by = input_byte(&in);
	unsigned char digest[32];
	struct buf token = {0};
	char hash[65];

	header = input_part(&in, "\n");
	claims = input_part(&in, "\n");
	if (EVP_Digest(in.s, in.n, digest, NULL, EVP_sha256(), NULL) != 1)
		abort();
	hex_encode(digest, sizeof(digest), hash);
	make_token(how, header, claims, hash, &token);
	if ((how & CHANGED) && token.len > 0)
		token.data[at % token.len] = (char)by;
	if (verify(buf_str(&token), in) == AUTH_OK) {
		must((how & (UNSIGNED | CHANGED | RAW)) != UNSIGNED);
		check_taken(buf_str(&token), hash);
	}
	try_signed(in, at, by);
	buf_free(&token);
	return 0;
}
