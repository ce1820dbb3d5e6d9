#include "store/histogram.h"

#include <string.h>

#define VARINT_MAX 5 /* bytes of 32 bits */
#define BLOB_MAX (HISTOGRAM_CLASSES * 2 * VARINT_MAX)

/* All classes, those without calls too: what is counted in. */
struct counts {
	uint32_t calls[HISTOGRAM_CLASSES];
};

/* Bytes of the varint at p, 0 if it is cut off or needs more than 32 bits. */
static size_t
varint_read(const unsigned char *p, size_t len, uint32_t *v)
{
	uint64_t n = 0;

	for (size_t i = 0; i < len && i < VARINT_MAX; i++) {
		n |= (uint64_t)(p[i] & 0x7f) << 7 * i;
		if ((p[i] & 0x80) == 0) {
			*v = (uint32_t)n;
			return n > UINT32_MAX ? 0 : i + 1;
		}
	}
	return 0;
}

static size_t
varint_write(unsigned char *p, uint32_t v)
{
	size_t n = 0;

	for (; v > 0x7f; v >>= 7)
		p[n++] = (unsigned char)(v | 0x80);
	p[n++] = (unsigned char)v;
	return n;
}

size_t
histogram_decode(const void *blob, size_t len, struct bin *out, size_t max)
{
	const unsigned char *p = blob;
	uint32_t class = 0, step, calls;
	size_t bins = 0, a, b;

	while (bins < max && len > 0) {
		if ((a = varint_read(p, len, &step)) == 0 ||
		    (b = varint_read(p + a, len - a, &calls)) == 0 ||
		    step >= HISTOGRAM_CLASSES - class)
			break;
		class += step;
		out[bins].class = (int)class;
		out[bins++].calls = calls;
		p += a + b;
		len -= a + b;
	}
	return bins;
}

static void
result(sqlite3_context *ctx, const struct counts *c)
{
	unsigned char blob[BLOB_MAX];
	uint32_t last = 0;
	size_t len = 0;

	for (uint32_t i = 0; i < HISTOGRAM_CLASSES; i++) {
		if (c->calls[i] == 0)
			continue;
		len += varint_write(blob + len, i - last);
		len += varint_write(blob + len, c->calls[i]);
		last = i;
	}
	if (len == 0) /* which a NULL pointer would make NULL */
		sqlite3_result_zeroblob(ctx, 0);
	else
		sqlite3_result_blob(ctx, blob, (int)len, SQLITE_TRANSIENT);
}

/*
 * Never below 0: the roll-up follows from the calls and can be made again, so
 * no event is to be refused because a count in it was wrong.
 */
static void
count(struct counts *c, sqlite3_value *class, int64_t n)
{
	int64_t i = sqlite3_value_int64(class), calls;

	if (sqlite3_value_type(class) == SQLITE_NULL || i < 0 ||
	    i >= HISTOGRAM_CLASSES)
		return;
	calls = (int64_t)c->calls[i] + n;
	if (calls < 0)
		calls = 0;
	c->calls[i] = calls > UINT32_MAX ? UINT32_MAX : (uint32_t)calls;
}

static void
histogram_step(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct counts *c = sqlite3_aggregate_context(ctx, sizeof(*c));

	(void)argc;
	if (c == NULL)
		sqlite3_result_error_nomem(ctx);
	else
		count(c, argv[0], 1);
}

static void
histogram_final(sqlite3_context *ctx)
{
	static const struct counts none;
	const struct counts *c = sqlite3_aggregate_context(ctx, 0);

	result(ctx, c == NULL ? &none : c);
}

static void
histogram_add(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	struct bin bin[HISTOGRAM_CLASSES];
	struct counts c = {0};
	const void *blob = sqlite3_value_blob(argv[0]);
	size_t bins = histogram_decode(
	    blob, (size_t)sqlite3_value_bytes(argv[0]), bin, HISTOGRAM_CLASSES);

	(void)argc;
	for (size_t i = 0; i < bins; i++)
		c.calls[bin[i].class] = bin[i].calls;
	count(&c, argv[1], sqlite3_value_int64(argv[2]));
	result(ctx, &c);
}

static void
length_class(sqlite3_context *ctx, int argc, sqlite3_value **argv)
{
	(void)argc;
	if (sqlite3_value_type(argv[0]) != SQLITE_NULL)
		sqlite3_result_int(
		    ctx, report_length_class(sqlite3_value_int64(argv[0])));
}

int
histogram_functions(sqlite3 *db)
{
	const int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC;
	int rc;

	rc = sqlite3_create_function_v2(db, "histogram", 1, flags, NULL, NULL,
	    histogram_step, histogram_final, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(db, "histogram_add", 3, flags,
		    NULL, histogram_add, NULL, NULL, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_create_function_v2(db, "length_class", 1, flags,
		    NULL, length_class, NULL, NULL, NULL);
	return rc;
}
