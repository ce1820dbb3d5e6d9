/*
 * gzip - inflating in steps up to a limit.  A small input may inflate to
 * gigabytes: so the output grows with what was really written, and stops at
 * the first byte too many.
 */
#include "base/gzip.h"

#include <limits.h>
#include <string.h>

#define ZLIB_CONST /* input is const */
#include <zlib.h>

#define GZIP_STEP (32 * 1024) /* bytes of output asked for at once */
/* Arguments of inflateInit2(): any window size, and the format's header. */
#define GZIP_FORMAT (15 + 16)
#define ZLIB_FORMAT 15

bool
gzip_is(const char *data, size_t n)
{
	return n >= 2 && (unsigned char)data[0] == 0x1f &&
	    (unsigned char)data[1] == 0x8b;
}

/* Inflate one step into out, which never holds more than max + 1 bytes. */
static int
inflate_step(z_stream *z, size_t max, struct buf *out)
{
	size_t room = max + 1 - out->len;
	int rc;

	if (room > GZIP_STEP)
		room = GZIP_STEP;
	if (buf_reserve(out, room) != 0)
		return Z_MEM_ERROR;
	z->next_out = (Bytef *)(out->data + out->len);
	z->avail_out = (uInt)room;
	rc = inflate(z, Z_NO_FLUSH);
	out->len += room - z->avail_out;
	out->data[out->len] = '\0';
	return rc;
}

static enum gzip_rc
inflate_all(z_stream *z, size_t max, struct buf *out)
{
	for (;;) {
		int rc = inflate_step(z, max, out);

		if (out->len > max)
			return GZIP_TOO_LARGE;
		switch (rc) {
		case Z_OK:
			break;
		case Z_STREAM_END:
			if (z->avail_in == 0)
				return GZIP_OK;
			/* Another member of gzip may follow, nothing else. */
			if (!gzip_is((const char *)z->next_in, z->avail_in) ||
			    inflateReset(z) != Z_OK)
				return GZIP_BAD;
			break;
		case Z_MEM_ERROR:
			return GZIP_NO_MEMORY;
		default: /* Z_BUF_ERROR: input ended before the stream did */
			return GZIP_BAD;
		}
	}
}

static enum gzip_rc
inflate_format(
    int format, const char *data, size_t n, size_t max, struct buf *out)
{
	z_stream z;
	enum gzip_rc rc;

	buf_reset(out, max);
	if (n > UINT_MAX)
		return GZIP_TOO_LARGE;
	if (max == (size_t)-1)
		max--;
	memset(&z, 0, sizeof(z));
	z.next_in = (const Bytef *)data;
	z.avail_in = (uInt)n;
	if (inflateInit2(&z, format) != Z_OK)
		return GZIP_NO_MEMORY;
	rc = inflate_all(&z, max, out);
	(void)inflateEnd(&z);
	return rc;
}

enum gzip_rc
gzip_inflate(const char *data, size_t n, size_t max, struct buf *out)
{
	return inflate_format(GZIP_FORMAT, data, n, max, out);
}

enum gzip_rc
zlib_inflate(const char *data, size_t n, size_t max, struct buf *out)
{
	return inflate_format(ZLIB_FORMAT, data, n, max, out);
}
