#include "row/terms.h"

#include <stdio.h>
#include <string.h>

#include "base/identifier.h"
#include "base/utf8.h"

/*
 * The digits of a telephone number, last one first, are a word that begins with
 * this character of private use, so that no word of a text is like it.  The
 * number is found by the beginnings of that word, which are its ends.
 */
#define NUMBER "\xee\x80\x81" /* U+E001 */
/*
 * An index that was made before schema 4 has instead, first digit first, the
 * number and its last 10, 7 and 4 digits, each as a word that begins with this.
 */
#define OLD_NUMBER "\xee\x80\x80" /* U+E000 */
/* So a fact begins; what follows is made of its path, type and value. */
#define FACT "\xee\x80\x82" /* U+E002 */
#define PHONE_DIGITS_MAX 20
#define END_SHOWN 4 /* digits that a masked number shows; they find it, */
#define END_MIN 6 /* and so many or more */

/* --- what is indexed --------------------------------------------------- */

struct span {
	uint32_t first, last;
};

static bool
in_spans(const struct span *s, size_t n, uint32_t c)
{
	for (size_t i = 0; i < n; i++)
		if (c >= s[i].first && c <= s[i].last)
			return true;
	return false;
}

#define IN(spans, c) in_spans(spans, sizeof(spans) / sizeof((spans)[0]), c)

/* Is c of a script that writes no spaces between words (or few: Korean)? */
static bool
is_unspaced(uint32_t c)
{
	static const struct span spans[] = {
	    {0x0e00, 0x0eff}, /* Thai, Lao */
	    {0x1000, 0x109f}, /* Myanmar */
	    {0x1780, 0x17ff}, /* Khmer */
	    {0x3005, 0x3007},
	    {0x3040, 0x30ff}, /* Hiragana, Katakana */
	    {0x31f0, 0x31ff},
	    {0x3400, 0x4dbf}, /* Han */
	    {0x4e00, 0x9fff},
	    {0xac00, 0xd7a3}, /* Hangul */
	    {0xf900, 0xfaff},
	    {0xff66, 0xff9f},
	    {0x20000, 0x3ffff},
	};

	return c >= spans[0].first && IN(spans, c);
}

/* Of no meaning for a word: joiners, hyphens that hide, and our marks. */
static bool
is_dropped(uint32_t c)
{
	static const struct span spans[] = {
	    {0x00ad, 0x00ad},
	    {0x200c, 0x200d},
	    {0x2060, 0x2060},
	    {0xe000, 0xe002},
	    {0xfeff, 0xfeff},
	};

	return c >= spans[0].first && IN(spans, c);
}

/*
 * Add a run of unspaced script as overlapping pairs: so each part of it is
 * found, of two characters or more.  The last one alone, so that one
 * character is found as the beginning of a pair or as that.
 */
static size_t
put_run(struct buf *b, const char *s, size_t n, bool query)
{
	size_t at = 0, len, next;
	uint32_t c;

	buf_add(b, " ", 1);
	for (len = utf8_decode(s, n, &c); len > 0; len = next) {
		next = 0;
		if (at + len < n)
			next = utf8_decode(s + at + len, n - at - len, &c);
		if (next > 0 && !is_unspaced(c))
			next = 0;
		if ((next > 0 || !query || at == 0) &&
		    b->len < TERMS_TEXT_MAX) {
			buf_add(b, s + at, len + next);
			buf_add(b, " ", 1);
		}
		at += len;
	}
	return at;
}

/* Add text so that the tokenizer finds its words; query: what to look for. */
static void
put_text(struct buf *b, const char *s, size_t n, bool query)
{
	size_t i = 0, plain = 0, len, left;
	uint32_t c;

	while (i < n && b->len + (i - plain) < TERMS_TEXT_MAX) {
		left = TERMS_TEXT_MAX - b->len - (i - plain);
		len = utf8_ascii(s + i, n - i < left ? n - i : left);
		if (len > 0) {
			i += len;
			continue;
		}
		len = utf8_decode(s + i, n - i, &c);
		if (!is_unspaced(c) && !is_dropped(c) && c != 0xfffd) {
			i += len;
			continue;
		}
		buf_add(b, s + plain, i - plain);
		if (is_unspaced(c))
			i += put_run(b, s + i, n - i, query);
		else
			i += len;
		plain = i;
	}
	buf_add(b, s + plain, i - plain);
	buf_add(b, " ", 1);
}

/*
 * The digits of s; 0 if they are none or more than a number has.  The zero of
 * "+49 (0)151" is not dialled together with the country.
 */
static size_t
digits_of(const char *s, size_t n, char out[PHONE_DIGITS_MAX])
{
	size_t digits = 0;

	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			continue;
		if (digits > 0 && i + 1 < n && s[i] == '0' && s[i - 1] == '(' &&
		    s[i + 1] == ')')
			continue;
		if (digits == PHONE_DIGITS_MAX)
			return 0;
		out[digits++] = s[i];
	}
	return digits;
}

/* A number dialled from inside or outside of the country has zeros before. */
static size_t
zeros_of(const char *digits, size_t n)
{
	size_t zeros = 0;

	while (n > 10 && zeros < n && digits[zeros] == '0')
		zeros++;
	return zeros;
}

/* The word of a number, or of an end of one. */
static void
put_backwards(struct buf *b, const char *digits, size_t n)
{
	buf_puts(b, NUMBER);
	while (n > 0)
		buf_add(b, digits + --n, 1);
}

static void
put_phone(struct buf *b, const char *s, size_t n)
{
	char digits[PHONE_DIGITS_MAX];
	size_t count = digits_of(s, n, digits), zeros, i = 0;

	if (count > 0) {
		zeros = zeros_of(digits, count);
		put_backwards(b, digits + zeros, count - zeros);
		buf_puts(b, " ");
	}
	/* What is no number alone, an address for instance, has words. */
	while (
	    i < n && s[i] != '\0' && strchr("+0123456789-(). ", s[i]) != NULL)
		i++;
	if (i < n || count == 0)
		put_text(b, s, n, false);
}

/* Length of the JSON string at s, without its quotes; n if it has no end. */
static size_t
string_length(const char *s, size_t n)
{
	size_t i = 1;

	while (i < n && (i += utf8_plain(s + i, n - i)) < n && s[i] != '"')
		i += s[i] == '\\' ? 2 : 1;
	return i < n ? i - 1 : n;
}

/* Of a string as buf_json() writes it: no escape is part of a word. */
static void
put_string(struct buf *b, const char *s, size_t n)
{
	size_t i = 0;

	while (i < n) {
		const char *escape = memchr(s + i, '\\', n - i);
		size_t plain = escape == NULL ? n - i
					      : (size_t)(escape - s) - i;

		put_text(b, s + i, plain, false);
		i += plain +
		    (i + plain + 1 < n && s[i + plain + 1] == 'u' ? 6 : 2);
	}
}

/* What was said: the members "text" of the transcript. */
static void
put_transcript(struct buf *b, const char *s, size_t n)
{
	static const char key[] = "text\":\"";
	size_t i = 0, len;

	for (; i < n && b->len < TERMS_TEXT_MAX; i++) {
		if (s[i] != '"')
			continue;
		/* A quote in a string is escaped, so here one begins. */
		if (n - i > sizeof(key) &&
		    memcmp(s + i + 1, key, sizeof(key) - 1) == 0) {
			i += sizeof(key) - 1;
			len = string_length(s + i, n - i);
			if (len < n - i)
				put_string(b, s + i + 1, len);
		} else
			len = string_length(s + i, n - i);
		if (len >= n - i)
			return;
		i += len + 1;
	}
}

/*
 * What has words, beside the id, which comes after the numbers; these are first
 * since who writes much is cut, and the transcript is last.
 */
static const enum call_field with_words[] = {FIELD_FROM, FIELD_TO, FIELD_TRACE,
    FIELD_AGENT, FIELD_STATUS, FIELD_REASON, FIELD_DISPOSITION, FIELD_SUMMARY,
    FIELD_AGENT_NAME, FIELD_TRANSFERRED_TO, FIELD_CAMPAIGN, FIELD_TRANSCRIPT};

#define WITH_WORDS (sizeof(with_words) / sizeof(with_words[0]))

/* The text of such a field; NULL: it was not told. */
static const char *
words_of(const struct call_row *r, size_t i, size_t *n)
{
	const struct value *v = &r->call.field[with_words[i]];

	*n = v->set && v->text != NULL ? v->len : 0;
	return v->set ? v->text : NULL;
}

void
terms_of_call(const struct call_row *r, struct buf *b)
{
	const char *s;
	size_t n;

	for (size_t i = 0; i < WITH_WORDS; i++) {
		if (with_words[i] == FIELD_TRACE)
			put_text(b, r->id, strlen(r->id), false);
		if ((s = words_of(r, i, &n)) == NULL)
			continue;
		if (with_words[i] == FIELD_FROM || with_words[i] == FIELD_TO)
			put_phone(b, s, n);
		else if (with_words[i] == FIELD_TRANSCRIPT)
			put_transcript(b, s, n);
		else
			put_text(b, s, n, false);
	}
}

/* FNV-1a, of 64 bits: kept in stores, so it stays what it is. */
static uint64_t
hash_add(uint64_t h, const void *data, size_t n)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * 0x100000001b3u;
	return h;
}

static uint64_t
hash_number(uint64_t h, uint64_t n)
{
	unsigned char byte[8];

	for (size_t i = 0; i < sizeof(byte); i++)
		byte[i] = (unsigned char)(n >> 8 * i);
	return hash_add(h, byte, sizeof(byte));
}

void
terms_of_fact(int64_t path, const struct fact *f, struct buf *b)
{
	static const char letter[] = "abcdefghijklmnopqrstuvwxyz234567";
	const unsigned char type = (unsigned char)f->type;
	uint64_t h = 0xcbf29ce484222325u;
	char word[13]; /* 5 bits each */

	h = hash_number(h, (uint64_t)path);
	h = hash_add(h, &type, 1);
	if (f->type == FACT_TEXT)
		h = hash_add(
		    h, f->text, utf8_cut(f->text, f->len, TERMS_FACT_MAX));
	else {
		/* 0 and -0 are the same number. */
		const double x = f->number == 0 ? 0 : f->number;
		uint64_t bits;

		memcpy(&bits, &x, sizeof(bits));
		h = hash_number(h, bits);
	}
	for (size_t i = 0; i < sizeof(word); i++, h >>= 5)
		word[i] = letter[h & 31];
	buf_puts(b, FACT);
	buf_add(b, word, sizeof(word));
	buf_puts(b, " ");
}

void
terms_of_facts(const void *facts, size_t n, struct buf *b)
{
	struct facts f = {0};

	/* What is damaged is found again after a rebuild. */
	if (facts_decode(&f, facts, n) != 0)
		b->failed = b->failed || f.failed;
	for (size_t i = 0; i < f.n && b->len < TERMS_TEXT_MAX; i++)
		terms_of_fact(f.item[i].path, &f.item[i].fact, b);
	facts_free(&f);
}

bool
terms_are_same(const struct call_row *a, const struct call_row *b)
{
	bool same = strcmp(a->id, b->id) == 0;

	for (size_t i = 0; i < WITH_WORDS && same; i++) {
		size_t n, m;
		const char *s = words_of(a, i, &n), *t = words_of(b, i, &m);

		same = n == m &&
		    (s == t ||
			(s != NULL && t != NULL && memcmp(s, t, n) == 0));
	}
	return same;
}

size_t
terms_size(const struct call_row *r)
{
	size_t size = strlen(r->id), n;

	for (size_t i = 0; i < WITH_WORDS; i++) {
		(void)words_of(r, i, &n);
		size += n;
	}
	return size < TERMS_TEXT_MAX ? size : TERMS_TEXT_MAX;
}

/* --- what is looked for ------------------------------------------------ */

/* One word of the user's, as far as white space goes. */
struct word {
	const char *s;
	size_t n;
	bool phone; /* it may be a telephone number, or a part of one */
	bool beginning; /* it is not whole */
};

/* An expression that is being written. */
struct expression {
	struct buf *out;
	struct db_splitter *splitter;
	struct buf text; /* of a word, as it is indexed */
	int terms;
	int together; /* of them, in the present parentheses */
	bool beginning; /* of the present word */
	bool either; /* a number may be in a text or be a telephone's */
	bool discreet; /* see struct filter */
	bool silent; /* digits were left out because of that */
};

#define NOTHING NUMBER NUMBER /* a word that no text has */

/* Do n digits find the numbers that end in them? */
static bool
is_end(size_t n)
{
	return n == END_SHOWN || n >= END_MIN;
}

/*
 * Telephones with these digits.  whole: all of them, as with a country's code.
 * Zeros that are dialled before a number in its own country are no part of it.
 */
static void
put_digits(struct expression *q, const char *digits, size_t n, bool whole)
{
	size_t old = zeros_of(digits, n), zeros = 0;

	while (zeros < n && digits[zeros] == '0')
		zeros++;
	if (!is_end(n - zeros))
		zeros = old;
	buf_puts(q->out, "\"");
	put_backwards(q->out, digits + zeros, n - zeros);
	buf_printf(q->out, "\"%s OR \"" OLD_NUMBER "%.*s\"",
	    !whole && is_end(n - zeros) ? "*" : "", (int)(n - old),
	    digits + old);
}

static bool
is_number(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (s[i] < '0' || s[i] > '9')
			return false;
	return true;
}

static bool
is_one_unspaced(const char *s, size_t n)
{
	uint32_t c;

	return utf8_decode(s, n, &c) == n && is_unspaced(c);
}

/* How many digits of any script follow one another in s, at most. */
static size_t
longest_run(const char *s, size_t n)
{
	size_t run = 0, longest = 0;
	uint32_t c;

	for (size_t i = 0; i < n;) {
		i += utf8_decode(s + i, n - i, &c);
		run = utf8_digit(c) >= 0 ? run + 1 : 0;
		longest = run > longest ? run : longest;
	}
	return longest;
}

/* Is s nothing but digits, of any script? */
static bool
is_all_digits(const char *s, size_t n)
{
	uint32_t c;

	for (size_t i = 0; i < n;) {
		i += utf8_decode(s + i, n - i, &c);
		if (utf8_digit(c) < 0)
			return false;
	}
	return true;
}

/*
 * Would the token tell digits that are masked?  What is masked of a text is
 * decided by the form of its words, here as there: letters beside them do not
 * make digits an identifier.
 */
static bool
is_discreet(const char *s, size_t n)
{
	return longest_run(s, n) > 0 &&
	    (is_all_digits(s, n) ||
		(longest_run(s, n) > END_SHOWN && identifier_at(s, n) != n));
}

static void
put_and(struct expression *q)
{
	if (q->together++ > 0)
		buf_puts(q->out, " AND ");
}

/* A token needs no quoting inside: it has letters, digits and marks alone. */
static void
put_token(void *arg, const char *s, size_t len, size_t end)
{
	struct expression *q = arg;
	bool number = is_number(s, len);

	if (q->discreet && is_discreet(s, len)) {
		q->silent = true;
		return;
	}
	put_and(q);
	q->terms++;
	if (q->either && number) {
		buf_printf(q->out, "(\"%.*s\" OR ", (int)len, s);
		put_digits(q, s, len, false);
		buf_puts(q->out, ")");
	} else
		buf_printf(q->out, "\"%.*s\"", (int)len, s);
	/* One character is the beginning of a pair; see put_run(). */
	if (is_one_unspaced(s, len) ||
	    (q->beginning && !number && end + 1 == q->text.len &&
		!(q->discreet && longest_run(s, len) > 0)))
		buf_puts(q->out, "*");
}

static int
put_word(struct expression *q, const struct word *w)
{
	buf_reset(&q->text, TERMS_TEXT_MAX);
	put_text(&q->text, w->s, w->n, true);
	q->beginning = w->beginning;
	if (q->text.failed)
		return -1;
	return db_split(
	    q->splitter, buf_str(&q->text), q->text.len, put_token, q);
}

/* Of a number that is masked, what is shown of it is all that is found. */
static int
put_discreet_number(struct expression *q, const char *digits, size_t n)
{
	put_and(q);
	q->terms++;
	buf_puts(q->out, "(");
	if (n < END_SHOWN)
		buf_puts(q->out, "\"" NOTHING "\"");
	else
		put_digits(q, digits + n - END_SHOWN, END_SHOWN, false);
	buf_puts(q->out, ")");
	return 0;
}

/* Words that may be one telephone number, or numbers for themselves. */
static int
put_number(struct expression *q, const struct word *w, size_t words)
{
	const char *end = w[words - 1].s + w[words - 1].n;
	char digits[PHONE_DIGITS_MAX];
	size_t n = digits_of(w->s, (size_t)(end - w->s), digits);
	/* "+49…" and "0049…" */
	bool whole = w->s[0] == '+' || (n > 10 && memcmp(digits, "00", 2) == 0);
	int together, rc = 0;

	if (q->discreet)
		return put_discreet_number(q, digits, n);
	put_and(q);
	buf_puts(q->out, "(");
	if (n > 0) {
		q->terms++;
		put_digits(q, digits, n, whole);
		buf_puts(q->out, " OR ");
	}
	buf_puts(q->out, "(");
	together = q->together;
	q->together = 0;
	q->either = words > 1;
	for (size_t i = 0; i < words && rc == 0; i++)
		rc = put_word(q, &w[i]);
	q->either = false;
	q->together = together;
	buf_puts(q->out, "))");
	return rc;
}

static bool
is_space(uint32_t c)
{
	static const struct span spans[] = {{0x00, 0x20}, {0xa0, 0xa0},
	    {0x2000, 0x200b}, {0x202f, 0x202f}, {0x3000, 0x3000}};

	return IN(spans, c);
}

bool
terms_is_phone(const char *s, size_t n)
{
	bool digit = false;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\0' || strchr("+0123456789-()./", s[i]) == NULL)
			return false;
		digit = digit || is_number(s + i, 1);
	}
	return digit;
}

bool
terms_has_digit(const char *s, size_t n)
{
	return longest_run(s, n) > 0;
}

static size_t
split(const char *text, struct word word[TERMS_WORDS_MAX])
{
	size_t n = strlen(text), i = 0, words = 0, len;
	uint32_t c;

	while (i < n && words < TERMS_WORDS_MAX) {
		struct word *w = &word[words];

		w->s = text + i;
		w->n = 0;
		while (i < n) {
			len = utf8_decode(text + i, n - i, &c);
			i += len;
			if (is_space(c))
				break;
			w->n += len;
		}
		if (w->n == 0)
			continue;
		w->phone = terms_is_phone(w->s, w->n);
		w->beginning = i == n && !is_space(c);
		if (w->n > TERMS_WORD_MAX) {
			w->n = utf8_cut(w->s, w->n, TERMS_WORD_MAX);
			w->beginning = true;
		}
		words++;
	}
	return words;
}

static int
put_words(struct expression *q, const char *text)
{
	struct word word[TERMS_WORDS_MAX];
	size_t words = split(text, word), last;
	int rc = 0;

	for (size_t i = 0; i < words && rc == 0; i = last) {
		last = i + 1;
		if (!word[i].phone) {
			rc = put_word(q, &word[i]);
			continue;
		}
		while (
		    last < words && word[last].phone && word[last].s[0] != '+')
			last++;
		rc = put_number(q, &word[i], last - i);
	}
	return rc;
}

int
terms_query(struct db *db, const char *text, bool discreet, struct buf *out)
{
	struct expression q = {.out = out, .discreet = discreet};
	int rc = -1;

	if ((q.splitter = db_splitter_new(db)) == NULL)
		return -1;
	if (put_words(&q, text) == 0) {
		/* Nothing but digits that are not to be found. */
		if (q.terms == 0 && q.silent)
			(void)put_discreet_number(&q, "", 0);
		rc = out->failed ? -1 : q.terms;
	}
	buf_free(&q.text);
	db_splitter_free(q.splitter);
	return rc;
}
