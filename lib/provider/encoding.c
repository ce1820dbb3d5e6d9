/*
 * encoding - bytes as hexadecimal digits, base64 or base64url: one place for
 * both directions, as a signature that is checked is also one that is made.
 */
#include "provider/encoding.h"

#include <stdbool.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"

#define HEX_STEP 32 /* bytes written at once */

static void
encode_hex(const unsigned char *data, size_t n, struct buf *b)
{
	char digits[2 * HEX_STEP + 1];

	for (size_t i = 0; i < n; i += HEX_STEP) {
		hex_encode(
		    data + i, n - i < HEX_STEP ? n - i : HEX_STEP, digits);
		buf_puts(b, digits);
	}
}

void
encoding_encode(
    enum encoding e, const unsigned char *data, size_t n, struct buf *b)
{
	if (e == ENCODING_BASE64)
		base64_encode(data, n, b);
	else if (e == ENCODING_BASE64URL)
		base64url_encode(data, n, b);
	else
		encode_hex(data, n, b);
}

static int
decode_base64(
    enum encoding e, const char *s, size_t n, unsigned char *out, size_t max)
{
	struct buf b = {0};
	int len = -1;

	if (e == ENCODING_BASE64)
		return base64_decode(s, n, out, max);
	if (base64url_decode(s, n, &b) == 0 && b.len <= max) {
		memcpy(out, buf_str(&b), b.len);
		len = (int)b.len;
	}
	buf_free(&b);
	return len;
}

/* Is the text canonical?  The unused bits of its last digit must be 0. */
static bool
is_canonical(enum encoding e, const char *s, size_t n,
    const unsigned char *data, size_t len)
{
	struct buf b = {0};
	bool same;

	encoding_encode(e, data, len, &b);
	same = b.len == n && memcmp(buf_str(&b), s, n) == 0;
	buf_free(&b);
	return same;
}

int
encoding_decode(
    enum encoding e, const char *s, size_t n, unsigned char *out, size_t max)
{
	int len;

	if (e == ENCODING_HEX) {
		if (n % 2 != 0 || n / 2 > max ||
		    hex_decode(s, n, out, n / 2) != 0)
			return -1;
		return (int)(n / 2);
	}
	for (int pad = 0;
	     e == ENCODING_BASE64URL && pad < 2 && n > 0 && s[n - 1] == '=';
	     pad++)
		n--;
	if (n == 0)
		return -1;
	len = decode_base64(e, s, n, out, max);
	return len >= 0 && is_canonical(e, s, n, out, (size_t)len) ? len : -1;
}
