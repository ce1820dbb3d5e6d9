/*
 * transcript - the platforms write conversations as lines of text or as lists
 * of turns.  Both become one form, so that the store, the search and the pages
 * know only that.
 */
#include "provider/transcript.h"

#include <limits.h>
#include <string.h>

#include "base/utf8.h"
#include "base/when.h"
#include "provider/json.h"
#include "provider/map.h"

/* One turn of the conversation under way. */
struct turn {
	const char *speaker; /* NULL: not told */
	size_t speaker_len;
	const char *text;
	size_t len;
	int64_t time; /* -1: not told */
};

static void
write_whole(struct buf *b, const struct turn *t)
{
	char time[WHEN_TEXT_SIZE];

	buf_puts(b, b->len == 0 ? "[{" : ",{");
	if (t->speaker != NULL) {
		buf_puts(b, "\"speaker\":");
		buf_json(b, t->speaker, t->speaker_len);
		buf_puts(b, ",");
	}
	buf_puts(b, "\"text\":");
	buf_json(b, t->text, t->len);
	if (t->time >= 0)
		buf_printf(b, ",\"time\":\"%s\"", when_rfc3339(t->time, time));
	buf_puts(b, "}");
}

/*
 * Write it, or of its text what fits.  After one that did not there are no
 * more.
 */
static void
write_turn(struct scope *s, struct buf *b, const struct turn *t)
{
	const size_t begun = b->len, room = MAP_TRANSCRIPT_MAX - begun;
	struct turn part = *t;

	if (t->len == 0 || s->cut_talk)
		return;
	part.len = utf8_cut(t->text, t->len, room);
	if (t->speaker_len <= room)
		write_whole(b, &part);
	/* Escaped, a text is longer: as much less of it. */
	while (b->len > MAP_TRANSCRIPT_MAX && part.len > 0) {
		part.len = utf8_cut(
		    part.text, part.len, part.len - part.len / 8 - 1);
		b->len = begun;
		write_whole(b, &part);
	}
	if (b->len > MAP_TRANSCRIPT_MAX || part.len == 0)
		b->len = begun;
	if (b->data != NULL)
		b->data[b->len] = '\0';
	s->cut_talk = part.len < t->len || b->len == begun;
}

/* --- lines ---------------------------------------------------------------- */

/* The length of the name and colon that the line begins with, or 0. */
static size_t
prefix(const struct names *names, const char *line, size_t n)
{
	for (size_t i = 0; i < names->names; i++) {
		size_t len = strlen(names->name[i]);

		if (n > len && line[len] == ':' &&
		    memcmp(line, names->name[i], len) == 0)
			return len + 1;
	}
	return 0;
}

static bool
is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Leave out the white space around a line. */
static void
trim(const char **s, size_t *n)
{
	while (*n > 0 && is_blank((*s)[*n - 1]))
		--*n;
	while (*n > 0 && is_blank(**s)) {
		++*s;
		--*n;
	}
}

/*
 * A line without a prefix goes on with the turn before it: the turn is then
 * one piece of the text, from its first line to its last.
 */
static void
read_lines(struct scope *scope, const struct turns *how, const char *s,
    size_t n, struct buf *b)
{
	struct turn t = {.time = -1};

	while (n > 0 && !scope->cut_talk) {
		const char *nl = memchr(s, '\n', n);
		size_t whole = nl == NULL ? n : (size_t)(nl - s) + 1;
		size_t len = nl == NULL ? n : whole - 1, skip;
		const char *line = s, *who = "agent";

		trim(&line, &len);
		skip = prefix(&how->agent, line, len);
		if (skip == 0) {
			who = "caller";
			skip = prefix(&how->caller, line, len);
		}
		if (skip > 0) {
			write_turn(scope, b, &t);
			t.speaker = who;
			t.speaker_len = strlen(who);
			t.text = line + skip;
			t.len = len - skip;
			trim(&t.text, &t.len);
		} else if (len > 0 && t.len == 0) {
			t.text = line;
			t.len = len;
		} else if (len > 0)
			t.len = (size_t)(line + len - t.text);
		s += whole;
		n -= whole;
	}
	write_turn(scope, b, &t);
}

/* --- turns ---------------------------------------------------------------- */

/* A list of turns, how its entries are read, and when the call started. */
struct reading {
	const struct turns *how;
	const int64_t *started; /* NULL: not told */
	struct scope *scope; /* its root is the entry */
};

/* When it was said, or -1. */
static int64_t
turn_time(const struct reading *rd)
{
	const struct turns *how = rd->how;
	struct value v;

	if (how->time == NULL || (how->offset && rd->started == NULL) ||
	    !value_read(rd->scope, how->time,
		how->offset ? KIND_DURATION : KIND_INSTANT, &v))
		return -1;
	if (!how->offset)
		return v.number;
	if (v.number > WHEN_MAX - *rd->started)
		return -1;
	return *rd->started + v.number;
}

static void
read_turn(const struct reading *rd, struct buf *b)
{
	const struct turns *how = rd->how;
	struct json *text = find_node(rd->scope, how->text), *who;
	struct turn t = {0};
	const struct word *ours = NULL;

	if (!json_is(text, JSON_STRING))
		return;
	t.text = json_string(text);
	t.len = json_length(text);
	t.time = turn_time(rd);
	who = find_node(rd->scope, how->speaker);
	if (json_is(who, JSON_STRING)) {
		t.speaker = json_string(who);
		t.speaker_len = json_length(who);
		if (how->speakers != NULL)
			ours = table_find(
			    how->speakers, t.speaker, t.speaker_len);
	}
	if (ours != NULL) {
		t.speaker = ours->text;
		t.speaker_len = ours->len;
	}
	write_turn(rd->scope, b, &t);
}

static void
read_turns(struct scope *s, const struct turns *how, const int64_t *started,
    struct json *list, struct buf *b)
{
	struct scope inner = *s;
	const struct reading rd = {how, started, &inner};
	size_t n = json_count(list);

	for (size_t i = 0; i < n && !inner.cut_talk; i++) {
		inner.root = json_item(list, i);
		read_turn(&rd, b);
	}
	s->failed = inner.failed;
	s->cut_talk = inner.cut_talk;
}

bool
transcript_read(struct scope *s, const struct rule *r, const int64_t *started,
    struct buf *b)
{
	for (; r != NULL && b->len == 0; r = r->next) {
		struct json *j = find_node(s, r);

		if (r->turns->lines && json_is(j, JSON_STRING))
			read_lines(
			    s, r->turns, json_string(j), json_length(j), b);
		else if (!r->turns->lines && json_is(j, JSON_ARRAY))
			read_turns(s, r->turns, started, j, b);
	}
	s->cut = s->cut || s->cut_talk;
	if (b->len == 0)
		return false;
	buf_puts(b, "]");
	return true;
}

/* --- what was stored ----------------------------------------------------- */

static const char *
member(struct json *turn, const char *name)
{
	struct json *v;

	if (!json_member(turn, name, &v) || !json_is(v, JSON_STRING))
		return "";
	return json_string(v);
}

enum transcript_rc
transcript_each(const char *json, size_t n, transcript_fn fn, void *arg)
{
	struct json *list = NULL;
	struct json_fault fault;
	enum json_rc read = json_parse(json, n, &list, &fault);
	enum transcript_rc rc = TRANSCRIPT_BAD;
	int stop = 0;

	if (read == JSON_NO_MEMORY)
		rc = TRANSCRIPT_NO_MEMORY;
	if (!json_is(list, JSON_ARRAY))
		goto out;
	for (size_t i = 0; stop == 0 && i < json_count(list); i++) {
		struct json *turn = json_item(list, i);

		if (json_is(turn, JSON_OBJECT))
			stop = fn(arg,
			    &(struct said){member(turn, "speaker"),
				member(turn, "text"), member(turn, "time")});
	}
	rc = TRANSCRIPT_OK;
out:
	json_free(list);
	return rc;
}
