/* Lengths and delays by class, and the quantiles that are read from them. */
#include "scratch.h"

#include "base/hex.h"
#include "call/histogram.h"

/* The digits of bytes with n calls more in a class. */
static void
check_add(const char *bytes, int64_t class, int64_t n, const char *hex)
{
	unsigned char blob[HISTOGRAM_SIZE];
	char digits[2 * HISTOGRAM_SIZE + 1];
	struct histogram h = {0};
	size_t len = strlen(bytes) / 2;

	for (size_t i = 0; i < len; i++) {
		const char byte[] = {bytes[2 * i], bytes[2 * i + 1], '\0'};

		blob[i] = (unsigned char)strtoul(byte, NULL, 16);
	}
	histogram_read(&h, blob, len);
	histogram_count(&h, class, n);
	hex_encode(blob, histogram_encode(&h, blob), digits);
	assert_string_equal(digits, hex);
}

static void
classes_are_seamless_and_as_many_as_promised(void **state)
{
	int64_t end = 7 * 3600 * 1000;

	(void)state;
	assert_int_equal(class_length(0), 0);
	for (int c = 1; c < CLASS_LENGTHS; c++) {
		assert_true(class_length(c) > class_length(c - 1));
		assert_int_equal(class_of_length(class_length(c)), c);
		assert_int_equal(class_of_length(class_length(c) - 1), c - 1);
	}
	assert_int_equal(class_of_length(end), CLASS_LENGTHS - 1);
	assert_int_equal(class_of_length(INT64_MAX), CLASS_LENGTHS - 1);
	assert_int_equal(class_of_length(-1), 0);
	assert_int_equal(class_of_length(-5000), 0);
}

/* For good: stores have counts by them. */
static void
lengths_have_the_bounds_that_were_written_down(void **state)
{
	static const struct {
		int64_t ms;
		int class;
	} rows[] = {{0, 0}, {999, 0}, {1000, 1}, {179999, 179}, {180000, 180},
	    {184999, 180}, {185000, 181}, {599999, 263}, {600000, 264},
	    {629999, 264}, {630000, 265}, {3599999, 363}, {3600000, 364},
	    {4199999, 364}, {4200000, 365}, {21599999, 393}, {21600000, 394}};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		assert_int_equal(class_of_length(rows[i].ms), rows[i].class);
	assert_int_equal(class_length(CLASS_LENGTHS - 1), 21600000);
}

/* For good: stores have counts by them, and pages and metrics their names. */
static void
delays_have_the_bounds_that_were_written_down(void **state)
{
	static const int64_t seconds[] = {
	    1, 2, 5, 10, 30, 60, 120, 300, 900, 3600, 14400, 43200, 86400};

	(void)state;
	assert_int_equal(
	    sizeof(seconds) / sizeof(seconds[0]), CLASS_DELAYS - 1);
	for (int i = 0; i < CLASS_DELAYS - 1; i++)
		assert_int_equal(class_delay[i], seconds[i] * 1000);
}

static void
adding_and_taking_away_leave_the_same_bytes(void **state)
{
	(void)state;
	check_add("", 5, 1, "0501");
	check_add("0501", 3, 200, "03c8010201");
	check_add("03c801", 5, 1, "03c8010201");
	check_add("0501", 5, -1, "");
	check_add("", 394, 1, "8a0301");
	check_add("", 0, 1, "0001");
	check_add("8a0301", 394, 1, "8a0302");
	check_add("8a0301", 394, -1, "");
	check_add("057e", 5, 1, "057f");
	check_add("057f", 5, 1, "058001");
	check_add("04010101", 0, 0, "04010101");
	check_add("00feffffff0f", 0, 2, "00ffffffff0f");
	/* No roll-up refuses an event: what can not be is left out. */
	check_add("0501", 5, -2, "");
	check_add("0501", 395, 1, "0501");
	check_add("0501", -1, 1, "0501");
	check_add("00ffffffff0f", 0, 1, "00ffffffff0f");
	check_add("0501ff", 6, 1, "05010101");
}

static void
what_is_no_histogram_ends_where_it_stops_being_one(void **state)
{
	static const unsigned char good[] = {3, 0xc8, 1, 2, 1};
	static const unsigned char far[] = {0x8b, 3, 1};
	static const unsigned char sum[] = {0x8a, 3, 1, 1, 1};
	static const unsigned char twice[] = {3, 2, 0, 1, 1, 1};
	static const unsigned char large[] = {1, 0xff, 0xff, 0xff, 0xff, 0x1f};
	static const unsigned char most[] = {1, 0xff, 0xff, 0xff, 0xff, 0x0f};
	static const unsigned char six[] = {1, 0x81, 0x80, 0x80, 0x80, 0x80, 0};
	const int all = HISTOGRAM_CLASSES;
	struct bin bin[HISTOGRAM_CLASSES];
	int64_t n;

	(void)state;
	assert_int_equal(histogram_decode(good, 5, all, bin, &n), 2);
	assert_int_equal(n, 201);
	assert_int_equal(bin[0].class, 3);
	assert_int_equal(bin[0].calls, 200);
	assert_int_equal(bin[1].class, 5);
	assert_int_equal(bin[1].calls, 1);
	assert_int_equal(histogram_decode(good, 5, 6, bin, &n), 2);
	assert_int_equal(histogram_decode(good, 5, 5, bin, &n), 1);
	assert_int_equal(n, 200);
	assert_int_equal(histogram_decode(good, 4, all, bin, &n), 1);
	assert_int_equal(histogram_decode(good, 2, all, bin, &n), 0);
	assert_int_equal(histogram_decode(NULL, 0, all, bin, &n), 0);
	assert_int_equal(n, 0);
	assert_int_equal(histogram_decode(far, 3, all, bin, &n), 0);
	assert_int_equal(histogram_decode(sum, 5, all, bin, &n), 1);
	assert_int_equal(histogram_decode(twice, 6, all, bin, &n), 1);
	assert_int_equal(n, 2);
	assert_int_equal(histogram_decode(large, 6, all, bin, &n), 0);
	assert_int_equal(histogram_decode(most, 6, all, bin, &n), 1);
	assert_int_equal(n, UINT32_MAX);
	assert_int_equal(histogram_decode(six, 7, all, bin, &n), 0);
	assert_int_equal(histogram_decode(good, 1, all, bin, &n), 0);
	assert_int_equal(histogram_decode(good, 5, 0, bin, &n), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(classes_are_seamless_and_as_many_as_promised),
	    cmocka_unit_test(lengths_have_the_bounds_that_were_written_down),
	    cmocka_unit_test(delays_have_the_bounds_that_were_written_down),
	    cmocka_unit_test(adding_and_taking_away_leave_the_same_bytes),
	    cmocka_unit_test(
		what_is_no_histogram_ends_where_it_stops_being_one),
	};

	return cmocka_run_group_tests_name("histogram", tests, NULL, NULL);
}
