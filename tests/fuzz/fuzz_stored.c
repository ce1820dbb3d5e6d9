/*
 * fuzz_stored - what is read from the store, whose file may be damaged: bodies,
 * facts, stamps, histograms, and texts of JSON that are masked.
 *
 * The first byte chooses one.  What the store wrote itself comes back as it
 * was; what it did not is refused, or is what it would write of it.
 */
#include "fuzz.h"

#include "call/facts.h"
#include "call/histogram.h"
#include "row/row.h"
#include "row/stamps.h"

/* What packs bodies is the store's own, and so is what reads stored JSON. */
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "../../lib/query/record.c"
#include "../../lib/store/pack.c"
/* NOLINTEND(bugprone-suspicious-include) */

static void
try_body(struct input in)
{
	struct store st = {.mutex = PTHREAD_MUTEX_INITIALIZER};
	struct buf out = {0};
	const struct event e = {0};
	const struct delivery d = {.body = in.s, .len = in.n};
	struct job j = {.delivery = &d, .event = &e};

	pack_body(&st, &j);
	if (j.packed != NULL) {
		must(j.packed_len < in.n);
		must(
		    row_body(j.packed, j.packed_len, (int64_t)in.n, &out) == 0);
		must(same_bytes(out.data, out.len, in.s, in.n));
		/* The length is told beside it, and has to be that. */
		must(row_body(j.packed, j.packed_len, (int64_t)in.n - 1,
			 &out) == -1);
		must(row_body(j.packed, j.packed_len, (int64_t)in.n + 1,
			 &out) == -1);
	}
	pack_free(&j);
	packers_free(&st);
	buf_free(&out);
}

static void
try_damaged_body(struct input in)
{
	struct buf out = {0};
	int64_t size = input_byte(&in) * 16;

	if (row_body(in.s, in.n, size, &out) == 0)
		must(out.len == (size_t)size);
	must(row_body(in.s, in.n, -1, &out) == -1);
	must(row_body(in.s, in.n, INT64_MAX, &out) == -1);
	buf_free(&out);
}

static void
try_facts(struct input in)
{
	struct facts f = {0}, g = {0};
	struct buf once = {0}, twice = {0};

	if (facts_decode(&f, in.s, in.n) == 0) {
		facts_encode(&f, &once);
		must(!once.failed);
		must(facts_decode(&g, once.data, once.len) == 0);
		must(f.n == g.n);
		facts_encode(&g, &twice);
		must(same_bytes(once.data, once.len, twice.data, twice.len));
		/* Joined with itself, a set is what it was. */
		facts_join_all(&f, &g);
		must(f.n == g.n);
		buf_reset(&twice, SIZE_MAX);
		facts_encode(&f, &twice);
		must(same_bytes(once.data, once.len, twice.data, twice.len));
	} else
		must(f.n == 0 && !f.failed);
	facts_free(&f);
	facts_free(&g);
	buf_free(&once);
	buf_free(&twice);
}

static void
try_stamps(struct input in)
{
	unsigned char out[STAMPS_SIZE], again[STAMPS_SIZE] = {0};
	struct call c = {0}, d = {0};
	size_t n;

	stamps_decode(&c, (const unsigned char *)in.s, in.n);
	n = stamps_encode(&c, out);
	must(n <= sizeof(out));
	stamps_decode(&d, out, n);
	/* An older form has room for times that no event has. */
	if (in.n > 0 && (unsigned char)in.s[0] < 0x80)
		return;
	must(same_bytes(out, n, again, stamps_encode(&d, again)));
}

static void
try_histogram(struct input in)
{
	unsigned char out[HISTOGRAM_SIZE], again[HISTOGRAM_SIZE] = {0};
	struct histogram h = {0}, g = {0};
	struct bin bin[HISTOGRAM_CLASSES];
	int64_t calls = 0, sum = 0;
	size_t n, bins;

	histogram_read(&h, in.s, in.n);
	n = histogram_encode(&h, out);
	must(n <= sizeof(out));
	histogram_read(&g, out, n);
	must(same_bytes(out, n, again, histogram_encode(&g, again)));
	bins = histogram_decode(in.s, in.n, 24, bin, &calls);
	must(bins <= 24);
	for (size_t i = 0; i < bins; i++) {
		must(bin[i].class >= 0 && bin[i].class < 24);
		must(i == 0 || bin[i].class > bin[i - 1].class);
		sum += bin[i].calls;
	}
	must(sum == calls);
}

/* --- texts of JSON -------------------------------------------------------- */

static struct buf masked_text; /* the strings that were masked */

static const char *
note_text(void *arg, const char *s)
{
	(void)arg;
	buf_add(&masked_text, s, strlen(s));
	return s;
}

static const struct record_mask mask = {.text = note_text};

/* A text as buf_json() writes it, masked by nothing, is what it was. */
static void
try_record(struct input in)
{
	struct buf text = input_text(in), json = {0};
	struct buf b = {0};
	struct record r = {.b = &b, .mask = &mask};
	struct value v = {.set = true};

	buf_puts(&json, "[{\"text\":");
	buf_json(&json, buf_str(&text), text.len);
	buf_puts(&json, "}]");
	v.text = json.data;
	v.len = json.len;
	mask_json(&r, &v);
	must(same_bytes(v.text, v.len, json.data, json.len));
	buf_reset(&masked_text, 4096);
	buf_free(&r.json);

	/* What is no JSON of ours has an end nevertheless. */
	r.json = (struct buf){0};
	v.text = buf_str(&text);
	v.len = text.len;
	mask_json(&r, &v);
	must(v.len <= 6 * text.len + 2);
	buf_reset(&masked_text, 4096);
	buf_free(&r.json);
	buf_free(&text);
	buf_free(&json);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};

	switch (input_byte(&in) % 6) {
	case 0:
		try_body(in);
		break;
	case 1:
		try_damaged_body(in);
		break;
	case 2:
		try_facts(in);
		break;
	case 3:
		try_stamps(in);
		break;
	case 4:
		try_histogram(in);
		break;
	default:
		try_record(in);
		break;
	}
	return 0;
}
