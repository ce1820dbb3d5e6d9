/*
 * fuzz_text - the readers of small things: characters, digits, encodings,
 * numbers and times, each beside a second reading.
 *
 * The first byte chooses one.
 */
#include "fuzz.h"

#include <errno.h>
#include <openssl/evp.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/number.h"
#include "base/utf8.h"
#include "base/when.h"
#include "provider/encoding.h"

#define SHORT 200 /* bytes of a number or a time that anybody writes */

/* --- characters ----------------------------------------------------------- */

/* The character at s by RFC 3629; its length, or 0. */
static size_t
character(const unsigned char *s, size_t n, uint32_t *c)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t len = s[0] < 0x80 ? 1
	    : s[0] >> 5 == 6	 ? 2
	    : s[0] >> 4 == 14	 ? 3
	    : s[0] >> 3 == 30	 ? 4
				 : 0;

	if (len == 0 || len > n)
		return 0;
	*c = len == 1 ? s[0] : s[0] & (0x7fu >> len);
	for (size_t i = 1; i < len; i++) {
		if (s[i] >> 6 != 2)
			return 0;
		*c = *c << 6 | (s[i] & 0x3f);
	}
	return *c < least[len] || *c > 0x10ffff || *c >> 11 == 0x1b ? 0 : len;
}

static void
try_utf8(struct input in)
{
	bool valid = true;
	uint32_t c = 0, d;

	for (size_t i = 0, len; i < in.n; i += len) {
		len = character((const unsigned char *)in.s + i, in.n - i, &c);
		must(utf8_char(in.s + i, in.n - i) == len);
		must(utf8_decode(in.s + i, in.n - i, &d) ==
		    (len == 0 ? 1 : len));
		must(d == (len == 0 ? 0xfffd : c));
		must(utf8_digit(d) >= -1 && utf8_digit(d) <= 9);
		valid = valid && len > 0;
		len = len == 0 ? 1 : len;
	}
	must(utf8_valid(in.s, in.n) == valid);
	for (size_t max = 0; valid && max <= in.n && max < 16; max++) {
		size_t cut = utf8_cut(in.s, in.n, max);

		must(cut <= max && cut + 4 > max);
		must(utf8_valid(in.s, cut));
	}
}

/* --- encodings ------------------------------------------------------------ */

static void
try_encoding(struct input in, enum encoding e)
{
	unsigned char *out = malloc(in.n + 1);
	struct buf text = {0}, again = {0};
	int len;

	if (out == NULL)
		abort();
	encoding_encode(e, (const unsigned char *)in.s, in.n, &text);
	len = encoding_decode(e, buf_str(&text), text.len, out, in.n);
	/* Of base64, nothing is not written. */
	must(len == (int)in.n || (in.n == 0 && len <= 0));
	must(len <= 0 || memcmp(out, in.s, in.n) == 0);

	len = encoding_decode(e, in.s, in.n, out, in.n);
	must(len <= (int)in.n);
	if (len > 0) {
		size_t digits = in.n;

		encoding_encode(e, out, (size_t)len, &again);
		while (e == ENCODING_BASE64URL && in.s[digits - 1] == '=')
			digits--;
		must(again.len == digits);
		for (size_t i = 0; i < digits; i++)
			must(again.data[i] == in.s[i] ||
			    (e == ENCODING_HEX &&
				again.data[i] == (in.s[i] | 0x20)));
	}
	buf_free(&text);
	buf_free(&again);
	free(out);
}

/* Beside libcrypto's, which also takes blanks, and more padding. */
static void
try_base64(struct input in)
{
	unsigned char *ours = malloc(in.n + 4), *theirs = malloc(in.n + 4);
	int len, all;

	if (ours == NULL || theirs == NULL)
		abort();
	len = base64_decode(in.s, in.n, ours, in.n);
	all = EVP_DecodeBlock(theirs, (const unsigned char *)in.s, (int)in.n);
	if (len >= 0)
		must(all >= len && all - len <= 2 &&
		    memcmp(ours, theirs, (size_t)len) == 0);
	else
		must(all <= 0 || memchr(in.s, ' ', in.n) != NULL ||
		    memchr(in.s, '\t', in.n) != NULL ||
		    memchr(in.s, '\n', in.n) != NULL ||
		    memchr(in.s, '\r', in.n) != NULL ||
		    memchr(in.s, '=', in.n) != NULL || in.n % 4 != 0 ||
		    memchr(in.s, '-', in.n) != NULL);
	free(ours);
	free(theirs);
}

/* --- numbers -------------------------------------------------------------- */

static void
try_integer(struct input in)
{
	struct buf text = input_text(in);
	const char *s = buf_str(&text);
	int64_t ours = 0, theirs = 0;
	char *end;
	bool good, nul = text.len != in.n;

	good = number_parse(in.s, in.n, INT64_MIN, INT64_MAX, &ours) == 0;
	errno = 0;
	theirs = strtoll(s, &end, 10);
	must(good ==
	    (!nul && errno == 0 && *end == '\0' && end > s &&
		((*s >= '0' && *s <= '9') || *s == '-')));
	must(!good || ours == theirs);
	good = number_parse(in.s, in.n, -5, 1000, &ours) == 0;
	must(!good || (ours >= -5 && ours <= 1000));
	if (number_parse_size(s, 10, INT64_MAX, &ours) == 0)
		must(ours >= 10 && (ours == theirs || ours % 1024 == 0));
	buf_free(&text);
}

__extension__ typedef __int128 int128;

/* A number times a power of ten, rounded: moved as text, digit by digit. */
static bool
scaled(const char *s, int scale, int64_t *out)
{
	char digits[4096] = "";
	const bool negative = *s == '-';
	long exponent = 0, point = -1;
	size_t n = 0;
	int128 value = 0;

	for (s += negative; (*s >= '0' && *s <= '9') || *s == '.'; s++)
		if (*s == '.')
			point = (long)n;
		else
			digits[n++] = *s;
	if (point == -1)
		point = (long)n;
	if (*s != '\0')
		exponent = strtol(s + 1, NULL, 10);
	point += exponent + scale;
	for (long i = 0; i < point; i++) {
		value = value * 10 +
		    (i >= 0 && (size_t)i < n ? digits[i] - '0' : 0);
		if (value > INT64_MAX)
			return false;
	}
	if (point >= 0 && (size_t)point < n && digits[point] >= '5')
		value++;
	*out = (int64_t)(negative ? -value : value);
	return value <= INT64_MAX;
}

static void
try_decimal(struct input in)
{
	struct buf text = input_text(in);
	int64_t ours, theirs;
	double d;
	char *end;

	if (number_parse_double(in.s, in.n, &d) == 0)
		must(text.len == in.n && d == strtod(buf_str(&text), &end) &&
		    *end == '\0');
	for (int scale = 0; scale <= 9; scale += 3) {
		bool good = number_parse_scaled(in.s, in.n, scale, &ours) == 0;

		if (good) {
			must(text.len == in.n);
			must(scaled(buf_str(&text), scale, &theirs));
			must(ours == theirs);
		} else if (number_parse_double(in.s, in.n, &d) == 0)
			must(!scaled(buf_str(&text), scale, &theirs));
	}
	buf_free(&text);
}

/* --- times ---------------------------------------------------------------- */

static void
try_time(struct input in, enum when_format f)
{
	char text[WHEN_TEXT_SIZE];
	int64_t ms = -1, again, day;
	struct when_local l;

	if (when_parse(in.s, in.n, f, &ms) != 0) {
		must(ms == -1);
		return;
	}
	must(ms >= 0 && ms <= WHEN_MAX);
	when_rfc3339(ms, text);
	must(when_parse(text, strlen(text), WHEN_ISO8601, &again) == 0);
	must(again == ms);
	day = ms / 86400000;
	when_date(day, &l);
	must(when_day_of(l.year, l.month, l.mday, &again) == 0 && again == day);
	must(when_day_parse(text, 10, &again) == 0 && again == day);
}

static void
try_duration(struct input in)
{
	for (int u = 0; u < WHEN_UNIT__MAX; u++) {
		int64_t ms = -1;
		int rc = when_duration(in.s, in.n, (enum when_unit)u, &ms);

		must(rc == 0 ? ms >= 0 && ms <= WHEN_DURATION_MAX : ms == -1);
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	const unsigned which = input_byte(&in) % 8;

	if (which >= 4 && in.n > SHORT)
		in.n = SHORT;
	switch (which) {
	case 0:
		try_utf8(in);
		break;
	case 1:
		try_encoding(in, ENCODING_HEX);
		break;
	case 2:
		try_encoding(in, ENCODING_BASE64);
		try_base64(in);
		break;
	case 3:
		try_encoding(in, ENCODING_BASE64URL);
		break;
	case 4:
		try_integer(in);
		break;
	case 5:
		try_decimal(in);
		break;
	case 6:
		for (int f = 0; f < WHEN__MAX; f++)
			try_time(in, (enum when_format)f);
		break;
	default:
		try_duration(in);
		break;
	}
	return 0;
}
