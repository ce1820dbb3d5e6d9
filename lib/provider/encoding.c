/*
 * encoding - bytes as hexadecimal digits, base64 or base64url: one place for
 * both directions, as a signature that is checked is also one that is made.
 */
#include "provider/encoding.h"

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

int
encoding_decode(
    enum encoding e, const char *s, size_t n, unsigned char *out, size_t max)
{
	size_t digits = n;
	int len;

	if (e == ENCODING_HEX) {
		if (n % 2 != 0 || n / 2 > max ||
		    hex_decode(s, n, out, n / 2) != 0)
			return -1;
		return (int)(n / 2);
	}
	while (n - digits < 2 && digits > 0 && s[digits - 1] == '=')
		digits--;
	len = e == ENCODING_BASE64 ? base64_decode(s, n, out, max)
				   : base64url_decode_to(s, digits, out, max);
	return len >= 0 && base64_is_canonical(s, digits) ? len : -1;
}
