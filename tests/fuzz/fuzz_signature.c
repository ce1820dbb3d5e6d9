/*
 * fuzz_signature - the headers that carry a signature, of several forms.
 *
 * The input is a byte that chooses a form, two that change something, then a
 * line each: the header, in which $ stands for the right signature, its time,
 * its id; then the body.  What is taken has the signature that libcrypto makes
 * of the text in it; what was signed here is taken, and not once it is changed.
 */
#include "fuzz.h"

#include <ctype.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <strings.h>

#include "base/number.h"
#include "provider/auth.h"
#include "provider/provider.h"

#define NOW 1779300000000LL
#define TOLERANCE_S 300
#define SECRET "test-secret-123"
#define URL "https://example.com/cb/x"

static const char definition[] =
    "{\"provider\":\"x\",\"body\":[\"json\",\"form\"],\"auth\":{"
    "\"items\":{\"type\":\"hmac\",\"header\":\"S\",\"separator\":\",\","
    "\"prefix\":\"v=\",\"signed\":\"{time}.{body}\",\"time\":{\"item\":\"t=\","
    "\"format\":\"epoch-s\",\"tolerance\":300}},"
    "\"standard\":{\"type\":\"hmac\",\"header\":\"S\",\"separator\":\" \","
    "\"prefix\":\"v1,\",\"encoding\":\"base64\","
    "\"signed\":\"{header:I}.{time}.{body}\",\"time\":{\"header\":\"T\","
    "\"tolerance\":300}},"
    "\"plain\":{\"type\":\"hmac\",\"header\":\"S\",\"hash\":\"sha512\","
    "\"encoding\":\"base64url\"},"
    "\"form\":{\"type\":\"hmac\",\"header\":\"S\",\"hash\":\"sha1\","
    "\"encoding\":\"base64\",\"signed\":\"{url}{form}\","
    "\"body_hash\":\"query:h\"}},"
    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},\"call\":{\"id\":\"/c\"},"
    "\"types\":{\"x\":{}}}";

enum form { ITEMS, STANDARD, PLAIN, FORM, FORMS };

static struct auth *auth[FORMS];

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	static char path[] = "/tmp/callbook-fuzz-XXXXXX", url[] = URL;
	struct buf why = {0};
	struct provider *p = definition_parse(
	    "x", definition, strlen(definition), &why);

	(void)argc;
	(void)argv;
	fuzz_file(path, SECRET "\n");
	for (size_t i = 0; p != NULL && i < FORMS; i++) {
		const struct config_source cs = {
		    .auth = (char *)(uintptr_t)provider_scheme(p, i),
		    .secret_file = path,
		    .url = url};

		auth[i] = auth_new(p, &cs, &why);
	}
	(void)unlink(path);
	if (why.len > 0 || auth[FORMS - 1] == NULL) {
		fprintf(stderr, "%s\n", buf_str(&why));
		abort();
	}
	return 0;
}

/* What was sent. */
struct sent {
	enum form form;
	struct buf header, time, id;
	struct input body;
};

static enum auth_rc
verify(const struct sent *s)
{
	struct buf line[3] = {{0}};
	char *env[4] = {NULL};
	const struct message m = {.env = env,
	    .content_type = s->form == FORM
		? "application/x-www-form-urlencoded"
		: "",
	    .body = s->body.s,
	    .len = s->body.n};
	enum auth_rc rc;

	buf_printf(&line[0], "HTTP_S=%s", buf_str(&s->header));
	buf_printf(&line[1], "HTTP_T=%s", buf_str(&s->time));
	buf_printf(&line[2], "HTTP_I=%s", buf_str(&s->id));
	for (int i = 0; i < 3; i++)
		env[i] = line[i].data;
	rc = auth_verify(auth[s->form], &m, NULL, NOW);
	for (int i = 0; i < 3; i++)
		buf_free(&line[i]);
	return rc;
}

/* The time that is signed: of a list, its first item `t=`. */
static struct buf
time_of(const struct sent *s)
{
	struct input in = {buf_str(&s->header), s->header.len};
	struct buf none = {0};

	if (s->form != ITEMS)
		return input_text(
		    (struct input){buf_str(&s->time), s->time.len});
	while (in.n > 0) {
		struct input item = input_part(&in, ",");

		while (item.n > 0 && *item.s == ' ')
			(void)input_byte(&item);
		while (item.n > 0 && item.s[item.n - 1] == ' ')
			item.n--;
		if (item.n >= 2 && memcmp(item.s, "t=", 2) == 0)
			return input_text(
			    (struct input){item.s + 2, item.n - 2});
	}
	return none;
}

/* The right signature, as text, by libcrypto's own functions. */
static void
sign(const struct sent *s, struct buf *out)
{
	struct buf text = {0}, time = time_of(s);
	unsigned char mac[EVP_MAX_MD_SIZE], base64[200];
	unsigned len = 0;

	if (s->form == STANDARD)
		buf_printf(&text, "%s.", buf_str(&s->id));
	if (s->form == STANDARD || s->form == ITEMS)
		buf_printf(&text, "%s.", buf_str(&time));
	buf_add(&text, s->body.s, s->body.n);
	if (HMAC(s->form == PLAIN ? EVP_sha512() : EVP_sha256(), SECRET,
		(int)strlen(SECRET), (const unsigned char *)buf_str(&text),
		text.len, mac, &len) == NULL)
		abort();
	(void)EVP_EncodeBlock(base64, mac, (int)len);
	if (s->form == ITEMS)
		for (unsigned i = 0; i < len; i++)
			buf_printf(out, "%02x", mac[i]);
	for (size_t i = 0; s->form != ITEMS && base64[i] != '\0'; i++) {
		char c = (char)base64[i];

		if (s->form == PLAIN)
			c = c == '+' ? '-' : c == '/' ? '_' : c;
		if (c != '=' || s->form != PLAIN)
			buf_add(out, &c, 1);
	}
	buf_free(&text);
	buf_free(&time);
}

/* Put the right signature for each $. */
static void
fill(struct sent *s)
{
	struct buf filled = {0}, right = {0};

	sign(s, &right);
	for (size_t i = 0; i < s->header.len; i++)
		if (s->header.data[i] == '$')
			buf_add(&filled, right.data, right.len);
		else
			buf_add(&filled, s->header.data + i, 1);
	buf_free(&s->header);
	buf_free(&right);
	s->header = filled;
}

/* Is the text somewhere in the header, in whatever case if it is hex? */
static bool
has(const struct sent *s, const char *text)
{
	const char *h = buf_str(&s->header);
	size_t n = strlen(text), i;

	for (; *h != '\0'; h++) {
		for (i = 0; i < n; i++)
			if (h[i] == '\0' ||
			    (s->form == ITEMS ? tolower((unsigned char)h[i])
					      : h[i]) != text[i])
				break;
		if (i == n)
			return true;
	}
	return false;
}

/* It was taken.  Was that right? */
static void
check_taken(const struct sent *s)
{
	struct buf right = {0}, time = time_of(s);
	int64_t t;

	sign(s, &right);
	must(has(s, buf_str(&right)));
	/* A time of seconds may have a fraction. */
	if (s->form != PLAIN &&
	    number_parse(buf_str(&time), time.len, 0, INT64_MAX, &t) == 0)
		must(llabs(t - NOW / 1000) <= TOLERANCE_S);
	buf_free(&right);
	buf_free(&time);
}

/* --- signed here ---------------------------------------------------------- */

/* The value of a header among the lines. */
static struct buf
line_of(const struct buf *headers, const char *name)
{
	const char *s = strstr(buf_str(headers), name);
	struct buf b = {0};

	if (s != NULL) {
		s += strlen(name);
		buf_add(&b, s, strcspn(s, "\n"));
	}
	return b;
}

/* Case and blanks aside, which a list of hexadecimal digits may have. */
static bool
is_same_list(const char *a, const char *b)
{
	for (;; a++, b++) {
		while (*a == ' ')
			a++;
		while (*b == ' ')
			b++;
		if (tolower((unsigned char)*a) != tolower((unsigned char)*b))
			return false;
		if (*a == '\0')
			return true;
	}
}

static void
try_signed(enum form form, struct input body, unsigned at, unsigned by)
{
	char *env[] = {NULL};
	char *copy = malloc(body.n + 1);
	const struct message m = {.env = env,
	    .content_type = form == FORM ? "application/x-www-form-urlencoded"
					 : "",
	    .body = copy,
	    .len = body.n};
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s = {.form = form, .body = {copy, body.n}};

	if (copy == NULL)
		abort();
	memcpy(copy, body.n == 0 ? "" : body.s, body.n);
	/* A form that is none can not be signed. */
	if (auth_sign(auth[form], NULL, &m, NOW, &proof, &why) != 0) {
		must(form == FORM && why.len > 0);
		goto out;
	}
	s.header = line_of(&proof.headers, "S: ");
	s.time = line_of(&proof.headers, "T: ");
	s.id = line_of(&proof.headers, "I: ");
	/* Of a form, fields that could be divided otherwise are refused. */
	must(verify(&s) == AUTH_OK || form == FORM);
	if (form == FORM)
		goto out;
	if (body.n > 0 && by != 0) {
		copy[at % body.n] ^= (char)by;
		must(verify(&s) == AUTH_WRONG);
		copy[at % body.n] ^= (char)by;
	}
	must(s.header.len > 0);
	if (by % 128 != 0) {
		struct buf was = line_of(&proof.headers, "S: ");

		s.header.data[at % s.header.len] = (char)(by % 128);
		if (!is_same_list(buf_str(&was), s.header.data))
			must(verify(&s) != AUTH_OK);
		buf_free(&was);
	}
out:
	auth_proof_free(&proof);
	buf_free(&why);
	buf_free(&s.header);
	buf_free(&s.time);
	buf_free(&s.id);
	free(copy);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	struct sent s = {.form = (enum form)(input_byte(&in) % FORMS)};
	unsigned at = input_byte(&in), by = input_byte(&in);

	s.header = input_text(input_part(&in, "\n"));
	s.time = input_text(input_part(&in, "\n"));
	s.id = input_text(input_part(&in, "\n"));
	s.body = in;
	if (s.form != FORM)
		fill(&s);
	if (verify(&s) == AUTH_OK && s.form != FORM)
		check_taken(&s);
	try_signed(s.form, in, at, by);
	buf_free(&s.header);
	buf_free(&s.time);
	buf_free(&s.id);
	return 0;
}
