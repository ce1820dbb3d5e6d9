#include "call/histogram.h"

/* As varint_read(), of several bytes. */
static const unsigned char *
varint_read_long(const unsigned char *p, const unsigned char *end, uint32_t *v)
{
	uint64_t n = 0;

	for (int i = 0; p != end && i < HISTOGRAM_NUMBER; i++) {
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
	while (p != end) { /* classes ascend below max, so bins do not end */
		if ((p = varint_read(p, end, &step)) == NULL ||
		    (p = varint_read(p, end, &n)) == NULL ||
		    step >= max - class || (step == 0 && bins > 0))
			break;
		class += step;
		out[bins].class = (int)class;
		out[bins++].calls = n;
		*calls += n;
	}
	return bins;
}

size_t
histogram_encode(const struct histogram *h, unsigned char out[HISTOGRAM_SIZE])
{
	uint32_t last = 0;
	size_t len = 0;

	for (uint32_t i = 0; i < h->used; i++) {
		if (h->calls[i] == 0)
			continue;
		len += varint_write(out + len, i - last);
		len += varint_write(out + len, h->calls[i]);
		last = i;
	}
	return len;
}

void
histogram_read(struct histogram *h, const void *blob, size_t len)
{
	struct bin bin[HISTOGRAM_CLASSES];
	int64_t calls;
	size_t n = histogram_decode(blob, len, HISTOGRAM_CLASSES, bin, &calls);

	for (size_t i = 0; i < n; i++) {
		h->calls[bin[i].class] = bin[i].calls;
		if (h->used <= (uint32_t)bin[i].class)
			h->used = (uint32_t)bin[i].class + 1;
	}
}

void
histogram_count(struct histogram *h, int64_t class, int64_t n)
{
	int64_t calls;

	if (class < 0 || class >= HISTOGRAM_CLASSES || n == 0)
		return;
	if (h->used <= (uint32_t) class)
		h->used = (uint32_t) class + 1;
	calls = (int64_t)h->calls[class] + n;
	if (calls < 0)
		calls = 0;
	h->calls[class] = calls > UINT32_MAX ? UINT32_MAX : (uint32_t)calls;
}
