/* Signatures over the address of a request, and over its form. */
#include "auth_box.h"

#include <openssl/err.h>

struct url_vector {
	const char *url; /* as configured */
	const char *query;
	const char *type, *body;
	const char *file; /* of the body, NULL: body */
	const char *secret, *signature;
	bool good;
};

#define PUBLISHED "https://mycompany.com/myapp.php"
#define DIGITS                                               \
	"Digits=1234&To=%2B18005551212&From=%2B14158675309&" \
	"Caller=%2b14158675309&CallSid=CA1234567890ABCDE"
#define HASH "0a1ff7634d9ab3b95db5c9a2dfe9416e41502b283a80c7cf19632632f96e6620"
#define JSON_BODY "{\"property\": \"value\", \"boolean\": true}"
#define SIG_FORM "RSOYDt4T1cUTdK1PDd93/VVr8B8="
#define SIG_JSON "a9nBmqA0ju/hNViExpshrM61xv4="
#define Q "foo=1&bar=2"

static const struct url_vector url_vectors[] = {
    /* Published: a form, and a body of JSON. */
    {PUBLISHED, Q, FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM, true},
    {PUBLISHED, Q, FORM_TYPE "; charset=UTF-8", DIGITS, NULL, "12345", SIG_FORM,
	true},
    {PUBLISHED, Q "&bodySHA256=" HASH, "application/json", JSON_BODY, NULL,
	"12345", SIG_JSON, true},
    /* The same with the default port, which was not signed. */
    {"https://mycompany.com:443/myapp.php", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, true},
    {"https://mycompany.com:80/myapp.php", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, true},
    /* A byte of anything. */
    {"https://mycompany.com:44a/myapp.php", Q, FORM_TYPE, DIGITS "1", NULL,
	"12345", SIG_FORM, false},
    {"http://mycompany.com/myapp.php", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, false},
    {"https://mycompany.com/myapp.phq", Q, FORM_TYPE, DIGITS, NULL, "12345",
	SIG_FORM, false},
    {PUBLISHED, "foo=1&bar=3", FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM,
	false},
    {PUBLISHED, "bar=2&foo=1", FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM,
	false},
    {PUBLISHED, "", FORM_TYPE, DIGITS, NULL, "12345", SIG_FORM, false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS "&x=", NULL, "12345", SIG_FORM, false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS, NULL, "12346", SIG_FORM, false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS, NULL, "12345",
	"RSOYDt4T1cUTdK1PDd93/VVr8C8=", false},
    {PUBLISHED, Q, FORM_TYPE, DIGITS "&%", NULL, "12345", SIG_FORM, false},
    /* JSON: another body, no hash, another hash, the type of a form. */
    {PUBLISHED, Q "&bodySHA256=" HASH, "application/json", JSON_BODY " ", NULL,
	"12345", SIG_JSON, false},
    {PUBLISHED, Q, "application/json", JSON_BODY, NULL, "12345",
	"a9nBmqA0ju/hNViExpshrM61xv4=", false},
    {PUBLISHED, Q "&bodysha256=" HASH, "application/json", JSON_BODY, NULL,
	"12345", SIG_JSON, false},
    {PUBLISHED, Q "&bodySHA256=" HASH, FORM_TYPE, JSON_BODY, NULL, "12345",
	SIG_JSON, false},
    {PUBLISHED, Q "&bodySHA256=" HASH, "", JSON_BODY, NULL, "12345", SIG_JSON,
	false},
    /* A repeated name has its distinct values, sorted. */
    {"https://h/x", NULL, FORM_TYPE, "b=2&a=1&b=1&a=1&b=", NULL, SECRET,
	"QIBDUh4gKd6vIccICA9OUiSe6Jc=", true},
    /* What colons there are beside the port's. */
    {"https://u:p@[::1]/x", NULL, FORM_TYPE, "a=1", NULL, SECRET,
	"mCuaCWYBa0df2+IiRNGMPk4qdJ0=", true},
    {"http://u:p@h:80/x", NULL, FORM_TYPE, "a=1", NULL, SECRET,
	"MRyEWnJy/G2A8YwyGaAJAP1/44Q=", true},
    {"http://h", NULL, FORM_TYPE, "a=1", NULL, SECRET,
	"pXrksngmE7LEmt3Nhqq/k8eqkZs=", true},
    /* Computed over a whole status callback. */
    {"https://hooks.example.com/twilio", NULL, FORM_TYPE, NULL,
	"providers/twilio/completed.form", SECRET,
	"3phEOvrhaJbZgoSdeWnA1wWrne0=", true},
    {"https://hooks.example.com:443/twilio", NULL, FORM_TYPE, NULL,
	"providers/twilio/completed.form", SECRET,
	"3phEOvrhaJbZgoSdeWnA1wWrne0=", true},
    {"https://hooks.example.com/twilip", NULL, FORM_TYPE, NULL,
	"providers/twilio/completed.form", SECRET,
	"3phEOvrhaJbZgoSdeWnA1wWrne0=", false},
};

static struct auth *
make_with_url(const struct provider *p, const char *url, const char *secret)
{
	struct config_source cs;
	struct buf why = {0};
	char path[32];
	struct auth *a;

	write_file(path, secret, strlen(secret));
	cs = source_of(NULL, path, NULL);
	cs.url = (char *)(uintptr_t)url;
	a = auth_new(p, &cs, &why);
	unlink(path);
	if (a == NULL)
		fail_msg("%s", buf_str(&why));
	buf_free(&why);
	return a;
}

static void
check_url_vector(const struct provider *p, const struct url_vector *v)
{
	struct auth *a = make_with_url(p, v->url, v->secret);
	struct buf body = {0};
	char query[256], signature[256];
	enum auth_rc rc;
	struct sent s;

	if (v->file != NULL)
		read_data(v->file, &body);
	else
		buf_puts(&body, v->body);
	snprintf(query, sizeof(query), "QUERY_STRING=%s",
	    v->query == NULL ? "" : v->query);
	snprintf(signature, sizeof(signature), "HTTP_X_SIG=%s", v->signature);
	send_with(&s, body.data, body.len, signature,
	    v->query == NULL ? NULL : query, NULL);
	s.m.content_type = v->type;
	rc = auth_verify(a, &s.m, NULL, NOW);
	if (rc != (v->good ? AUTH_OK : AUTH_WRONG))
		fail_msg("%s?%s %s %s: %d", v->url, v->query, v->type,
		    buf_str(&body), (int)rc);
	auth_free(a);
	buf_free(&body);
}

static void
test_signatures_over_the_address(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));

	(void)state;
	for (size_t i = 0; i < sizeof(url_vectors) / sizeof(*url_vectors); i++)
		check_url_vector(p, &url_vectors[i]);
	definition_free(p);
	assert_int_equal(ERR_peek_error(), 0);
}

/* Of a GET the fields are in the URL, and not signed a second time. */
static void
test_a_get_is_signed_by_its_address(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct auth *a = make_with_url(p, "https://h.example/x", SECRET);
	static const char query[] = "b=%20&a=1";
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;
	char line[128];

	(void)state;
	send_with(
	    &s, query, strlen(query), "QUERY_STRING=b=%20&a=1", NULL, NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	assert_int_equal(proof.query.len, 0);
	/* openssl dgst -sha1 -hmac test-secret-123, of the URL */
	assert_string_equal(
	    buf_str(&proof.headers), "X-Sig: ocd/ra94DRgRQZczGoQjVjWNih4=\n");
	snprintf(line, sizeof(line), "HTTP_X_SIG=%.28s",
	    buf_str(&proof.headers) + strlen("X-Sig: "));
	send_with(
	    &s, query, strlen(query), line, "QUERY_STRING=b=%20&a=1", NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	/* As the body of a POST to the address alone it proves nothing. */
	send_with(&s, query, strlen(query), line, NULL, NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	send_with(&s, "a=2", 3, line, "QUERY_STRING=b=%20&a=1", NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	auth_proof_free(&proof);
	auth_free(a);
	definition_free(p);
}

/* Its fields stand divided in the query: a name may have any character. */
static void
fields_of_a_get_are_taken_as_they_are_divided(void **state)
{
	static const char query[] = "QUERY_STRING=a%3Ab=1&%2B=2";
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct auth *a = make_with_url(p, "https://h.example/x", SECRET);
	struct auth_proof proof = {0};
	struct buf why = {0};
	struct sent s;
	char line[128];

	(void)state;
	send_with(&s, "a%3Ab=1&%2B=2", 13, query, "REQUEST_METHOD=GET", NULL);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	snprintf(line, sizeof(line), "HTTP_X_SIG=%.28s",
	    buf_str(&proof.headers) + strlen("X-Sig: "));
	send_with(&s, "a%3Ab=1&%2B=2", 13, query, "REQUEST_METHOD=GET", line);
	s.m.content_type = FORM_TYPE;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	auth_proof_free(&proof);
	auth_free(a);
	definition_free(p);
	buf_free(&why);
}

static void
bind(const struct auth *a, const char *const v[4], struct binding *b)
{
	char method[32], query[64];
	struct sent s;

	snprintf(method, sizeof(method), "REQUEST_METHOD=%s", v[0]);
	snprintf(query, sizeof(query), "QUERY_STRING=%s", v[1]);
	send_with(&s, v[3], strlen(v[3]), method, query, "HTTP_X_SIG=AAAA");
	s.m.content_type = v[2];
	assert_int_equal(auth_bind(a, &s.m, b), 1);
	assert_int_equal(b->contents, auth_contents(a));
}

/* As fields where it is a form, else as bytes, and a query is no body. */
static void
what_comes_with_a_signature_is_told_apart(void **state)
{
#define EIGHT "%00%00%00%00%00%00%00%00"
	static const struct {
		const char *one[4], *other[4]; /* method, query, type, body */
		bool same_text, same_content;
	} cases[] = {
	    {{"POST", "q", FORM_TYPE, "a=1&b=2"},
		{"POST", "q", FORM_TYPE, "b=2&a=1"}, true, true},
	    {{"POST", "q", FORM_TYPE, "a=bc"}, {"POST", "q", FORM_TYPE, "ab=c"},
		true, false},
	    {{"POST", "q", FORM_TYPE, "a=b&c=d"},
		{"POST", "q", FORM_TYPE, "a=bcd"}, true, false},
	    {{"POST", "q", FORM_TYPE, "a=1"}, {"POST", "q", FORM_TYPE, "a=2"},
		false, false},
	    {{"POST", "q", FORM_TYPE, "a=1"}, {"POST", "r", FORM_TYPE, "a=1"},
		false, true},
	    {{"POST", "q", "application/json", "100%"},
		{"POST", "q", "application/json", "101%"}, true, false},
	    /* Each part has its length, whatever is in it. */
	    {{"POST", "q", FORM_TYPE, "a=b&c=d"},
		{"POST", "q", FORM_TYPE, "a=b" EIGHT "c" EIGHT "d"}, false,
		false},
	    {{"POST", "q", FORM_TYPE, "ab=%00"},
		{"POST", "q", FORM_TYPE, "ab%00="}, true, false},
	    {{"GET", "a=1", FORM_TYPE, "a=1"}, {"GET", "b=1", FORM_TYPE, "b=1"},
		false, false},
	    {{"GET", "a=1", "application/json", "a=1"},
		{"POST", "a=1", "application/json", "a=1"}, true, false},
	};
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct auth *a = make_with_url(p, "https://h.example/x", SECRET);
	struct binding one, other;

	(void)state;
	assert_int_equal(auth_contents(a), 1);
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		bind(a, cases[i].one, &one);
		bind(a, cases[i].other, &other);
		if ((memcmp(one.signed_text, other.signed_text,
			 EVENT_KEY_SIZE) == 0) != cases[i].same_text ||
		    (memcmp(one.content, other.content, EVENT_KEY_SIZE) == 0) !=
			cases[i].same_content)
			fail_msg("%zu", i);
	}
	auth_free(a);
	definition_free(p);
}

/* What is signed for the sender is accepted, whatever the body. */
static void
test_signing_over_the_address(void **state)
{
	static const struct {
		const char *url, *type, *body, *query;
	} cases[] = {
	    {"https://h/x", FORM_TYPE, "b=2&a=1&b=1&a=1&c", ""},
	    {"https://h:8443/x/", FORM_TYPE, "a=%C3%A3+b&a=%00", "q=1"},
	    {"https://u:p@[::1]/x", "application/json", "{\"x\":1}", "q=1"},
	    {"http://h", "application/json", "[]", ""},
	    {"http://h", "application/json", "[]", "q"},
	};
	struct provider *p = parse(DEFINITION(URL_FORM));

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct auth *a = make_with_url(p, cases[i].url, SECRET);
		struct auth_proof proof = {0};
		struct buf why = {0}, query = {0};
		struct sent s;

		buf_printf(&query, "QUERY_STRING=%s", cases[i].query);
		send_with(&s, cases[i].body, strlen(cases[i].body),
		    buf_str(&query), NULL, NULL);
		s.m.content_type = cases[i].type;
		if (auth_sign(a, NULL, &s.m, NOW, &proof, &why) != 0)
			fail_msg("%s", buf_str(&why));
		assert_int_equal(
		    proof.query.len > 0, strcmp(cases[i].type, FORM_TYPE) != 0);
		if (proof.query.len > 0 && cases[i].query[0] != '\0')
			buf_puts(&query, "&");
		buf_puts(&query, buf_str(&proof.query));
		send_signed(&s, &proof.headers, cases[i].body);
		s.env[1] = query.data;
		s.env[2] = NULL;
		s.m.content_type = cases[i].type;
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
		s.m.len--;
		assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
		auth_proof_free(&proof);
		buf_free(&query);
		auth_free(a);
	}
	definition_free(p);
}

/* Where a hash is promised, a body without it is not taken. */
static void
a_promised_hash_is_asked_for(void **state)
{
	struct provider *p = parse(
	    DEFINITION("{\"h\":{\"type\":\"hmac\",\"header\":\"X-Sig\","
		       "\"signed\":\"{url}\",\"unsigned_body\":true,"
		       "\"body_hash\":\"query:h\"}}"));
	struct auth *a = make_with_url(p, "https://h/x", SECRET);
	struct auth_proof proof = {0};
	struct buf why = {0}, query = {0};
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), 0);
	buf_printf(&query, "QUERY_STRING=%s", buf_str(&proof.query));
	send_signed(&s, &proof.headers, "{}");
	s.env[1] = query.data;
	s.env[2] = NULL;
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_OK);
	s.m.body = "[]";
	assert_int_equal(auth_verify(a, &s.m, NULL, NOW), AUTH_WRONG);
	auth_proof_free(&proof);
	buf_free(&query);
	buf_free(&why);
	auth_free(a);
	definition_free(p);
}

/* The hash of a body is signed with the address: half of it is no proof. */
static void
a_query_that_memory_lacks_for_is_not_signed(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct auth *a = make_with_url(p, "https://h/x", SECRET);
	struct auth_proof proof = {.query = {.failed = true}};
	struct buf why = {0};
	struct sent s;

	(void)state;
	send_with(&s, "{}", 2, NULL, NULL, NULL);
	s.m.content_type = "application/json";
	assert_int_equal(auth_sign(a, NULL, &s.m, NOW, &proof, &why), -1);
	assert_string_equal(buf_str(&why), "it cannot be signed");
	assert_int_equal(proof.headers.len, 0);
	auth_proof_free(&proof);
	buf_free(&why);
	auth_free(a);
	definition_free(p);
}

static void
test_an_address_must_be_known(void **state)
{
	struct provider *p = parse(DEFINITION(URL_FORM));
	struct buf why = {0};

	(void)state;
	assert_null(make(p, NULL, SECRET, &why));
	assert_non_null(strstr(buf_str(&why), "url = https://"));
	assert_non_null(strstr(buf_str(&why), "[callbook]"));
	buf_free(&why);
	definition_free(p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_signatures_over_the_address),
	    cmocka_unit_test(test_a_get_is_signed_by_its_address),
	    cmocka_unit_test(fields_of_a_get_are_taken_as_they_are_divided),
	    cmocka_unit_test(what_comes_with_a_signature_is_told_apart),
	    cmocka_unit_test(test_signing_over_the_address),
	    cmocka_unit_test(a_promised_hash_is_asked_for),
	    cmocka_unit_test(a_query_that_memory_lacks_for_is_not_signed),
	    cmocka_unit_test(test_an_address_must_be_known),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
