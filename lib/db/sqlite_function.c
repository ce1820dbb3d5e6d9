/*
 * The functions of ours that statements call:
 *   histogram(CLASS)               aggregate: the histogram of the rows
 *   histogram_add(BLOB, CLASS, N)  BLOB with N calls more (or less) in CLASS
 *   length_class(MS)               class_of_length()
 * A class of NULL counts nothing; length_class(NULL) is NULL.
 */
#include "db/sqlite.h"

#include "call/class.h"
#include "call/histogram.h"

static void
result(sqlite3_context *ctx, const struct histogram *h)
{
	unsigned char bytes[HISTOGRAM_SIZE];
	size_t len = histogram_encode(h, bytes);

	if (len == 0) /* which a NULL pointer would make NULL */
		sqlite3_result_zeroblob(ctx, 0);
	else
		sqlite3_result_blob(ctx, bytes, (int)len, SQLITE_TRANSIENT);
}

static void
count(struct histogram *h, sqlite3_value *class, int64_t n)
{
	if (sqlite3_value_type(class) != SQLITE_NULL)
		histogram_count(h, sqlite3_value_int64(class), n);
}

static void
histogram_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct histogram *h = sqlite3_aggregate_context(ctx, sizeof(*h));

	(void)argc;
	if (h == NULL)
		sqlite3_result_error_nomem(ctx);
	else
		count(h, argv[0], 1);
}

static void
histogram_final(sqlite3_context *ctx)
{
	static const struct histogram none;
	const struct histogram *h = sqlite3_aggregate_context(ctx, 0);

	result(ctx, h == NULL ? &none : h);
}

static void
histogram_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct bin bin[HISTOGRAM_CLASSES];
	struct histogram h = {0};
	const void *blob = sqlite3_value_blob(argv[0]);
	int64_t calls;
	size_t bins = histogram_decode(blob,
	    (size_t)sqlite3_value_bytes(argv[0]), HISTOGRAM_CLASSES, bin,
	    &calls);

	(void)argc;
	for (size_t i = 0; i < bins; i++)
		h.calls[bin[i].class] = bin[i].calls;
	count(&h, argv[1], sqlite3_value_int64(argv[2]));
	result(ctx, &h);
}

static void
length_class(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_NULL)
		sqlite3_result_int(
		    ctx, class_of_length(sqlite3_value_int64(argv[0])));
}

int
function_add_all(sqlite3 *sqlite)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int rc;

	rc = sqlite3_create_function_v2(sqlite, "histogram", 1, flags, NULL,
	    NULL, histogram_step, histogram_final, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(sqlite, "histogram_add", 3,
		    flags, NULL, histogram_add, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(sqlite, "length_class", 1,
		    flags, NULL, length_class, NULL, NULL, NULL);
	return rc;
}
