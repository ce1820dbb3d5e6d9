#include "store/histogram.h"

#include <string.h>

#define VARINT_MAX 5 /* bytes of 32 bits */
#define BLOB_MAX (HISTOGRAM_CLASSES * 2 * VARINT_MAX)

/* All classes, those without calls too: what is counted in. */
struct counts {
	uint32_t calls[HISTOGRAM_CLASSES];
};

/* As varint_read(), of several bytes. */
static const unsigned char *
varint_read_long(const unsigned char *p, const unsigned char *end, uint32_t *v)
{
	uint64_t n = 0;

	for (int i = 0; p != end && i < VARINT_MAX; i++) {
		n |= (uint64_t)(*p & 0x7f) << 7 * i;
		if ((*p++ & 0x80) == 0) {
			*v = (uint32_t)n;
			return n > UINT32_MAX ? NULL : p;
		}
	}
	return NULL;
}

/* The end of the varint at p; NULL: it is cut off or has more than 32 bits. */
static inline const unsigned char *
varint_read(const unsigned char *p, const unsigned char *end, uint32_t *v)
{
	if (p == end || (*p & 0x80) != 0)
		return varint_read_long(p, end, v);
	*v = *p; /* nearly all of them */
	return p + 1;
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
histogram_decode(
    const void *blob, size_t len, int classes, struct bin *out, int64_t *calls)
{
	const unsigned char *p = blob, *end = len > 0 ? p + len : p;
	uint32_t max = (uint32_t)classes, class = 0, step, n;
	size_t bins = 0;

	*calls = 0;
	while (bins < max && p != end) {
		if ((p = varint_read(p, end, &step)) == NULL ||
		    (p = varint_read(p, end, &n)) == NULL ||
		    step >= max - class)
			break;
		class += step;
		out[bins].class = (int)class;
		out[bins++].calls = n;
		*calls += n;
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
	int64_t calls;
	size_t bins = histogram_decode(blob,
	    (size_t)sqlite3_value_bytes(argv[0]), HISTOGRAM_CLASSES, bin,
	    &calls);

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
