/*
 * Values as PostgreSQL sends and takes them: binary, in the order of bytes of
 * the network.
 *
 * A text of PostgreSQL is UTF-8 without NUL; SQLite's may be anything, and a
 * platform's word can be.  So a byte that no text may have is sent as the
 * character 0x10ff00 + byte, and so is each byte of such a character that a
 * text has already, so that no two texts become the same.
 */
#include "db/postgres/postgres.h"

#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/utf8.h"

/* Of pg_type, which never change. */
enum {
	TYPE_BOOL = 16,
	TYPE_BYTEA = 17,
	TYPE_NAME = 19,
	TYPE_INT8 = 20,
	TYPE_INT2 = 21,
	TYPE_INT4 = 23,
	TYPE_TEXT = 25,
	TYPE_OID = 26,
	TYPE_FLOAT8 = 701,
	TYPE_UNKNOWN = 705,
	TYPE_VARCHAR = 1043,
	TYPE_NUMERIC = 1700
};

#define ESCAPED_SIZE 4 /* bytes of an escaped one */
#define NUMERIC_NEGATIVE 0x4000
#define NUMERIC_BASE 10000

bool
type_is_text(Oid type)
{
	return type == TYPE_TEXT || type == TYPE_VARCHAR || type == TYPE_NAME ||
	    type == TYPE_UNKNOWN;
}

const char *
type_name(Oid type)
{
	switch (type) {
	case TYPE_INT8:
		return "bigint";
	case TYPE_INT4:
		return "integer";
	case TYPE_FLOAT8:
		return "double precision";
	case TYPE_BYTEA:
		return "bytea";
	case TYPE_TEXT:
		return "text";
	default:
		return NULL;
	}
}

/* --- texts ---------------------------------------------------------------- */

/* Is there an escaped byte at p?  They are U+10FF00 to U+10FFFF. */
static bool
is_escaped(const unsigned char *p, size_t n)
{
	return n >= ESCAPED_SIZE && p[0] == 0xf4 && p[1] == 0x8f &&
	    p[2] >= 0xbc && p[2] <= 0xbf && p[3] >= 0x80 && p[3] <= 0xbf;
}

static char *
put_escaped(char *out, unsigned char byte)
{
	*out++ = (char)0xf4;
	*out++ = (char)0x8f;
	*out++ = (char)(0xbc | byte >> 6);
	*out++ = (char)(0x80 | (byte & 0x3f));
	return out;
}

/* How many bytes at p can be sent as they are; 0: the first can not. */
static size_t
as_it_is(const unsigned char *p, size_t n)
{
	const size_t len = *p == '\0' ? 0 : utf8_char((const char *)p, n);

	return len > 0 && is_escaped(p, len) ? 0 : len;
}

static bool
needs_escape(const char *text, size_t n)
{
	return memchr(text, '\0', n) != NULL || memchr(text, 0xf4, n) != NULL ||
	    !utf8_valid(text, n);
}

/* NULL: no memory. */
static char *
text_escape(const char *text, size_t n, size_t *len)
{
	const unsigned char *p = (const unsigned char *)text;
	char *escaped = n > SIZE_MAX / ESCAPED_SIZE
	    ? NULL
	    : malloc(n * ESCAPED_SIZE + 1);
	char *out = escaped;

	if (escaped == NULL)
		return NULL;
	while (n > 0) {
		size_t same = as_it_is(p, n);

		if (same > 0) {
			memcpy(out, p, same);
			out += same;
		} else {
			out = put_escaped(out, *p);
			same = 1;
		}
		p += same;
		n -= same;
	}
	*out = '\0';
	*len = (size_t)(out - escaped);
	return escaped;
}

char *
text_plain(const char *text, size_t n, size_t *plain, bool *failed)
{
	const unsigned char *p = (const unsigned char *)text;
	char *copy, *out;
	size_t i = 0;

	while (i < n && !is_escaped(p + i, n - i)) {
		const unsigned char *next = memchr(p + i + 1, 0xf4, n - i - 1);

		i = next == NULL ? n : (size_t)(next - p);
	}
	if (i >= n)
		return NULL;
	if ((copy = out = malloc(n + 1)) == NULL) {
		*failed = true;
		return NULL;
	}
	for (i = 0; i < n;) {
		if (is_escaped(p + i, n - i)) {
			*out++ = (char)((p[i + 2] & 3) << 6 |
			    (p[i + 3] & 0x3f));
			i += ESCAPED_SIZE;
		} else
			*out++ = text[i++];
	}
	*out = '\0';
	*plain = (size_t)(out - copy);
	return copy;
}

/* --- parameters ----------------------------------------------------------- */

static struct parameter *
parameter_of(struct statement *s, int i)
{
	struct parameter *p;

	if (i < 1 || i > s->parameters) {
		s->bad = true;
		return NULL;
	}
	p = &s->parameter[i - 1];
	free(p->escaped);
	p->escaped = NULL;
	return p;
}

static void
put_big(struct parameter *p, uint64_t n, int bytes)
{
	for (int i = 0; i < bytes; i++)
		p->number[i] = (char)(n >> 8 * (bytes - 1 - i));
	p->data = p->number;
	p->len = bytes;
	p->format = 1;
}

void
value_int(struct statement *s, int i, int64_t n)
{
	struct parameter *p = parameter_of(s, i);

	if (p == NULL)
		return;
	switch (s->type[i - 1]) {
	case TYPE_INT8:
		put_big(p, (uint64_t)n, 8);
		break;
	case TYPE_INT4:
	case TYPE_OID:
		s->bad = s->bad || n < INT32_MIN || n > INT32_MAX;
		put_big(p, (uint64_t)n, 4);
		break;
	case TYPE_INT2:
		s->bad = s->bad || n < INT16_MIN || n > INT16_MAX;
		put_big(p, (uint64_t)n, 2);
		break;
	case TYPE_BOOL:
		put_big(p, n != 0, 1);
		break;
	case TYPE_FLOAT8:
		value_double(s, i, (double)n);
		break;
	default:
		(void)snprintf(p->number, sizeof(p->number), "%" PRId64, n);
		p->data = p->number;
		p->len = (int)strlen(p->number);
		p->format = 0;
	}
}

void
value_double(struct statement *s, int i, double x)
{
	struct parameter *p = parameter_of(s, i);
	uint64_t bits;

	if (p == NULL)
		return;
	if (s->type[i - 1] == TYPE_FLOAT8) {
		memcpy(&bits, &x, sizeof(bits));
		put_big(p, bits, 8);
		return;
	}
	(void)snprintf(p->number, sizeof(p->number), "%.17g", x);
	p->data = p->number;
	p->len = (int)strlen(p->number);
	p->format = 0;
}

void
value_chars(struct statement *s, int i, const char *text, size_t n)
{
	struct parameter *p = parameter_of(s, i);

	if (p == NULL)
		return;
	p->data = text;
	if (needs_escape(text, n))
		p->data = p->escaped = text_escape(text, n, &n);
	s->bad = s->bad || p->data == NULL || n > INT_MAX;
	p->len = (int)n;
	p->format = 1;
}

void
value_as_text(struct statement *s, int i, const char *text)
{
	struct parameter *p = parameter_of(s, i);

	if (p == NULL)
		return;
	p->data = text;
	p->len = (int)strlen(text);
	p->format = 0;
}

void
value_bytes(struct statement *s, int i, const void *data, size_t n)
{
	struct parameter *p = parameter_of(s, i);

	if (p == NULL)
		return;
	s->bad = s->bad || n > INT_MAX;
	p->data = n == 0 ? "" : data; /* NULL would be NULL */
	p->len = (int)n;
	p->format = 1;
}

void
value_null(struct statement *s, int i)
{
	struct parameter *p = parameter_of(s, i);

	if (p != NULL)
		p->data = NULL;
}

void
values_clear(struct statement *s)
{
	for (int i = 0; i < s->parameters; i++) {
		free(s->parameter[i].escaped);
		s->parameter[i].escaped = NULL;
		s->parameter[i].data = NULL;
	}
	s->bad = false;
}

/* --- results -------------------------------------------------------------- */

static uint64_t
read_big(const unsigned char *p, int bytes)
{
	uint64_t n = 0;

	for (int i = 0; i < bytes; i++)
		n = n << 8 | p[i];
	return n;
}

static double
read_double(const unsigned char *p)
{
	const uint64_t bits = read_big(p, 8);
	double x;

	memcpy(&x, &bits, sizeof(x));
	return x;
}

/* Number of digits, weight of the first, sign, scale; then the digits. */
static double
read_numeric(const unsigned char *p, int len)
{
	double x = 0;
	int digits, weight, i;

	if (len < 8)
		return 0;
	digits = (int)read_big(p, 2);
	weight = (int16_t)read_big(p + 2, 2);
	for (i = 0; i < digits && 8 + 2 * i + 1 < len; i++)
		x = x * NUMERIC_BASE + (double)read_big(p + 8 + 2 * i, 2);
	for (; i <= weight; i++)
		x *= NUMERIC_BASE;
	for (; i > weight + 1; i--)
		x /= NUMERIC_BASE;
	return read_big(p + 4, 2) == NUMERIC_NEGATIVE ? -x : x;
}

/* The whole part, as sums of bigint are. */
static int64_t
read_numeric_int(const unsigned char *p, int len)
{
	uint64_t n = 0;
	int digits, weight;

	if (len < 8)
		return 0;
	digits = (int)read_big(p, 2);
	weight = (int16_t)read_big(p + 2, 2);
	for (int i = 0; i <= weight; i++)
		n = n * NUMERIC_BASE +
		    (i < digits && 8 + 2 * i + 1 < len
			    ? read_big(p + 8 + 2 * i, 2)
			    : 0);
	return read_big(p + 4, 2) == NUMERIC_NEGATIVE ? (int64_t)(0 - n)
						      : (int64_t)n;
}

int64_t
result_int(const PGresult *r, int row, int column)
{
	const char *text = PQgetvalue(r, row, column);
	const unsigned char *p = (const unsigned char *)text;
	const int len = PQgetlength(r, row, column);

	if (PQgetisnull(r, row, column))
		return 0;
	switch (PQftype(r, column)) {
	case TYPE_INT8:
		return (int64_t)read_big(p, 8);
	case TYPE_INT4:
		return (int32_t)read_big(p, 4);
	case TYPE_OID:
		return (int64_t)read_big(p, 4);
	case TYPE_INT2:
		return (int16_t)read_big(p, 2);
	case TYPE_BOOL:
		return p[0] != 0;
	case TYPE_FLOAT8:
		return (int64_t)read_double(p);
	case TYPE_NUMERIC:
		return read_numeric_int(p, len);
	default:
		return strtoll(text, NULL, 10);
	}
}

double
result_double(const PGresult *r, int row, int column)
{
	const char *text = PQgetvalue(r, row, column);
	const unsigned char *p = (const unsigned char *)text;

	if (PQgetisnull(r, row, column))
		return 0;
	switch (PQftype(r, column)) {
	case TYPE_FLOAT8:
		return read_double(p);
	case TYPE_NUMERIC:
		return read_numeric(p, PQgetlength(r, row, column));
	case TYPE_INT8:
	case TYPE_INT4:
	case TYPE_OID:
	case TYPE_INT2:
	case TYPE_BOOL:
		return (double)result_int(r, row, column);
	default:
		return strtod(text, NULL);
	}
}
