/*
 * Bodies that are no plain JSON: forms of parts, tokens, JSON in a text.
 */
#include "map_box.h"

#define PART(head, text)                                                      \
	"--b-1\r\nContent-Disposition: form-data; " head "\r\n\r\n" text "\r" \
	"\n"
#define PARTS_OF_HEAD PART("name=\"t\"", "s") PART("name=c", "c1")
#define END "--b-1--\r\n"

#define OF_KINDS(volatile_places)                                            \
	"{\"provider\":\"m\",\"auth\":{\"t\":{\"type\":\"token\"}},"         \
	"\"body\":[\"json\",\"multipart\",\"jwt\"],\"parse\":[\"/j\"],"      \
	"\"event\":{\"type\":\"/t\",\"key\":[\"body\"]" volatile_places "}," \
	"\"call\":{\"id\":\"/c\",\"agent\":\"/agent\",\"summary\":\"/a "     \
	"b\\\"\","                                                           \
	"\"facts\":{\"j\":\"/j\"}},\"types\":{\"s\":{}}}"

static const char by_parts[] = OF_KINDS("");
static const char by_tokens[] = OF_KINDS(",\"volatile\":[\"/iat\"]");

static void
test_multipart(void **state)
{
	static const char type[] =
	    "Multipart/Form-Data; charset=utf-8; Boundary=\"b-1\"";
	static const struct {
		const char *type, *body, *wrong;
	} cases[] = {
	    {type, PARTS_OF_HEAD END, NULL},
	    {"multipart/form-data;boundary=b-1", PARTS_OF_HEAD END, NULL},
	    {type, "preamble\r\n" PARTS_OF_HEAD END "epilogue", NULL},
	    {type, PARTS_OF_HEAD PART("name=\"t\"", "second") END, NULL},
	    {type, PARTS_OF_HEAD PART("name=x", "\r\n--b-") END, NULL},
	    {type,
		"--b-1 \t\r\ncontent-type: text/plain\r\n"
		"content-disposition:form-data;name=t\r\n"
		"Content-Transfer-Encoding: 8bit\r\n\r\ns\r\n" PART(
		    "name=c", "c1") END,
		NULL},
	    {"multipart/form-data", PARTS_OF_HEAD END,
		"the content type names no boundary"},
	    {"multipart/form-data; boundary=other", PARTS_OF_HEAD END,
		"its boundary is not there"},
	    {"multipart/form-data; boundary=b", PARTS_OF_HEAD END,
		"a boundary is not well-formed"},
	    {type, PARTS_OF_HEAD, "it does not end"},
	    {type, PARTS_OF_HEAD "--b-1\r\n",
		"the headers of a part are not well-formed"},
	    {type, "--b-1\r\n\r\nno name\r\n" END,
		"the headers of a part are not well-formed"},
	    {type, "--b-1\r\nContent-Disposition: form-data; name=\"t\r\n",
		"the headers of a part are not well-formed"},
	    {type, "--b-1\r\nContent-Disposition: form-data; name=t\r\n\r\ns",
		"it does not end"},
	    {type, PARTS_OF_HEAD PART("name=x", "\xff") END,
		"a field is not UTF-8"},
	    {type,
		PARTS_OF_HEAD PART("name=x\r\nContent-Transfer-Encoding: "
				   "base64",
		    "eA==") END,
		"a part is encoded"},
	};
	struct fixture *f = *state;
	struct provider *kept = swap(f, by_parts);
	struct buf many = {0};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		enum map_rc rc = map_message(f, NULL, cases[i].type,
		    cases[i].body, strlen(cases[i].body));

		if (cases[i].wrong == NULL) {
			if (rc != MAP_OK)
				fail_msg("%zu: %s", i, f->reason);
			assert_string_equal(f->e.type, "s");
			assert_string_equal(f->e.call, "c1");
			continue;
		}
		assert_int_equal(rc, MAP_MALFORMED);
		if (strstr(f->reason, cases[i].wrong) == NULL)
			fail_msg("%zu: %s", i, f->reason);
	}
	for (int i = 0; i <= MAP_FORM_FIELDS_MAX; i++)
		buf_puts(&many, PART("name=x", "y"));
	buf_puts(&many, END);
	assert_int_equal(
	    map_message(f, NULL, type, many.data, many.len), MAP_MALFORMED);
	assert_non_null(strstr(f->reason, "too many fields"));
	buf_free(&many);
	swap_back(f, kept);
}

/* Fields are as of a form; of a file the name is, and not what is in it. */
static void
test_multipart_fields(void **state)
{
	static const char body[] = PARTS_OF_HEAD PART("name=\"a b\\\"\"",
	    "one\r\ntwo\r\n") PART("name=\"agent\"; filename=\"a\\b.mp3\"",
	    "\xff\xfe") PART("name=j", "{\"k\":1}") END;
	static const char again[] =
	    "--other\r\nContent-Disposition: form-data; name=c\r\n\r\nc1\r\n"
	    "--other\r\nContent-Disposition: form-data; name=t\r\n\r\ns\r\n"
	    "--other--";
	struct fixture *f = *state;
	struct provider *kept = swap(f, by_parts);
	unsigned char key[EVENT_KEY_SIZE];

	assert_int_equal(
	    map_message(f, NULL, "multipart/form-data; boundary=b-1", body,
		sizeof(body) - 1),
	    MAP_OK);
	assert_string_equal(f->e.field[FIELD_SUMMARY].text, "one\r\ntwo\r\n");
	assert_string_equal(f->e.field[FIELD_AGENT].text, "a\\b.mp3");
	assert_int_equal(f->e.facts, 1);
	assert_string_equal(f->e.fact[0].path, "j/k");
	/* The same fields in another order and dress are the same event. */
	assert_int_equal(
	    map_message(f, NULL, "multipart/form-data; boundary=b-1",
		PARTS_OF_HEAD END, strlen(PARTS_OF_HEAD END)),
	    MAP_OK);
	memcpy(key, f->e.key, sizeof(key));
	assert_int_equal(
	    map_message(f, NULL, "multipart/form-data; boundary=other", again,
		sizeof(again) - 1),
	    MAP_OK);
	assert_memory_equal(f->e.key, key, sizeof(key));
	swap_back(f, kept);
}

/* The claims of a token are the body; another token of them is the same. */
static void
test_a_body_that_is_a_token(void **state)
{
	/* {"t":"s","c":"c1","iat":1} and {"t":"s","c":"c1","iat":2} */
	static const char one[] =
	    "eyJhbGciOiJub25lIn0.eyJ0IjoicyIsImMiOiJjMSIsImlhdCI6MX0.c2ln\r\n";
	static const char two[] =
	    "eyJhbGciOiJub25lIn0.eyJ0IjoicyIsImMiOiJjMSIsImlhdCI6Mn0.";
	static const char *const wrong[] = {"x", "a.b", "a.!.c", "a.eyJ0.c",
	    "..", "{\"t\":\"s\",\"c\":\"c1\"}", " "};
	static const char *const type[] = {
	    "application/jwt", "application/jose", "text/plain; charset=utf-8"};
	struct fixture *f = *state;
	struct provider *kept = swap(f, by_tokens);
	unsigned char key[EVENT_KEY_SIZE];

	for (size_t i = 0; i < sizeof(type) / sizeof(type[0]); i++) {
		if (map_message(f, NULL, type[i], one, strlen(one)) != MAP_OK)
			fail_msg("%s", f->reason);
		assert_string_equal(f->e.type, "s");
		assert_string_equal(f->e.call, "c1");
	}
	memcpy(key, f->e.key, sizeof(key));
	assert_int_equal(
	    map_message(f, NULL, type[0], two, strlen(two)), MAP_OK);
	assert_memory_equal(f->e.key, key, sizeof(key));
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(
		    map_message(f, NULL, type[0], wrong[i], strlen(wrong[i])),
		    MAP_MALFORMED);
	swap_back(f, kept);
}

static void
test_json_in_a_text(void **state)
{
	static const char text[] =
	    "{\"provider\":\"j\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"body\":[\"json\",\"form\"],\"parse\":[\"/p\",\"/p/q\",\"/l/1\"],"
	    "\"event\":{\"type\":\"/p/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/p/q/c\",\"agent\":\"/p\",\"facts\":"
	    "{\"l\":\"/l\"}},\"types\":{\"s\":{}}}";
	static const char form[] =
	    "p=%7B%22t%22%3A%22s%22%2C%22q%22%3A%7B%22c%22%3A7%7D%7D";
	struct fixture *f = *state;
	struct provider *kept = swap(f, text);
	struct buf got = {0};

	map_ok(f,
	    "{\"p\":\"{\\\"t\\\":\\\"s\\\",\\\"q\\\":"
	    "\\\"{\\\\\\\"c\\\\\\\":\\\\\\\"c1\\\\\\\"}\\\"}\","
	    "\"l\":[\"1\",\"[2]\",\"[3\"]}");
	assert_string_equal(f->e.type, "s");
	assert_string_equal(f->e.call, "c1");
	event_json(&f->e, 0, &got);
	assert_non_null(strstr(buf_str(&got),
	    "\"facts\":{\"l/0\":\"1\",\"l/1/0\":2,\"l/2\":\"[3\"}"));
	assert_int_equal(map(f, "{\"p\":\"no\"}"), MAP_UNMAPPABLE);
	assert_int_equal(map(f, "{\"p\":\"null\"}"), MAP_UNMAPPABLE);
	/* In a form, and not where it is no text. */
	assert_int_equal(
	    map_message(f, NULL, "application/x-www-form-urlencoded", form,
		strlen(form)),
	    MAP_OK);
	assert_string_equal(f->e.call, "7");
	buf_free(&got);
	swap_back(f, kept);
}

/* What is in a form costs as much as what is in JSON. */
static void
test_json_in_a_form_that_costs_too_much_is_not_read(void **state)
{
	static const char text[] =
	    "{\"provider\":\"j\",\"auth\":{\"t\":{\"type\":\"token\"}},"
	    "\"body\":[\"form\"],\"parse\":[\"/p\",\"/q\"],"
	    "\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},"
	    "\"call\":{\"id\":\"/c\",\"from\":\"/p/0\",\"to\":\"/q/0\"},"
	    "\"types\":{\"s\":{}}}";
	struct fixture *f = *state;
	struct provider *kept = swap(f, text);
	struct buf b = {0};

	for (int more = 0; more < 2; more++) {
		buf_reset(&b, b.cap);
		buf_puts(&b, "t=s&c=c1&q=[2]&p=[1");
		for (int i = 0; i < (more ? MAP_COST_MAX / 300 : 1000); i++)
			buf_puts(&b, ",{}");
		buf_puts(&b, "]");
		assert_int_equal(map_form(f, buf_str(&b)), MAP_OK);
		if (!more)
			assert_string_equal(f->e.field[FIELD_FROM].text, "1");
		else /* it stays a text */
			assert_false(f->e.field[FIELD_FROM].set);
		assert_string_equal(f->e.field[FIELD_TO].text, "2");
	}
	buf_free(&b);
	swap_back(f, kept);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_multipart),
	    cmocka_unit_test(test_multipart_fields),
	    cmocka_unit_test(test_a_body_that_is_a_token),
	    cmocka_unit_test(test_json_in_a_text),
	    cmocka_unit_test(
		test_json_in_a_form_that_costs_too_much_is_not_read),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
