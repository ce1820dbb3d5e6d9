#include "provider/transcript.h"

#include <string.h>

#include "base/when.h"
#include "provider/json.h"

/* One turn of the conversation under way. */
struct turn {
	const char *speaker; /* NULL: not told */
	size_t speaker_len;
	const char *text;
	size_t len;
	int64_t time; /* -1: not told */
};

static void
write_turn(struct buf *b, const struct turn *t)
{
	char time[WHEN_TEXT_SIZE];

	if (t->len == 0)
		return;
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

/* --- lines ---------------------------------------------------------------- */

/* Does the line begin with one of the names and a colon?  Its length, or 0. */
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

/*
 * A line without a prefix goes on with the turn before it: the turn is then
 * one piece of the text, from its first line to its last.
 */
static void
read_lines(const struct turns *how, const char *s, size_t n, struct buf *b)
{
	struct turn t = {.time = -1};

	while (n > 0) {
		const char *nl = memchr(s, '\n', n);
		size_t whole = nl == NULL ? n : (size_t)(nl - s) + 1;
		size_t len = nl == NULL ? n : whole - 1, skip;
		const char *who = "agent";

		if (len > 0 && s[len - 1] == '\r')
			len--;
		skip = prefix(&how->agent, s, len);
		if (skip == 0) {
			who = "caller";
			skip = prefix(&how->caller, s, len);
		}
		if (skip > 0) {
			write_turn(b, &t);
			t.speaker = who;
			t.speaker_len = strlen(who);
			while (skip < len && s[skip] == ' ')
				skip++;
			t.text = s + skip;
			t.len = len - skip;
		} else if (len > 0 && t.len == 0) {
			t.text = s;
			t.len = len;
		} else if (len > 0)
			t.len = (size_t)(s + len - t.text);
		s += whole;
		n -= whole;
	}
	write_turn(b, &t);
}

/* --- turns ---------------------------------------------------------------- */

static struct json_object *
member(struct json_object *entry, const struct names *names)
{
	struct json_object *j;

	for (size_t i = 0; i < names->names; i++)
		if (json_object_object_get_ex(entry, names->name[i], &j) &&
		    j != NULL)
			return j;
	return NULL;
}

static int64_t
turn_time(const struct turns *how, struct json_object *j)
{
	int64_t ms = -1, n;
	uint64_t big;

	if (json_integer(j, &n, &big) == 0)
		(void)when_from_integer(n, how->time_format, &ms);
	else if (json_object_is_type(j, json_type_double))
		(void)when_from_number(
		    json_object_get_double(j), how->time_format, &ms);
	else if (json_object_is_type(j, json_type_string))
		(void)when_parse(json_object_get_string(j),
		    (size_t)json_object_get_string_len(j), how->time_format,
		    &ms);
	return ms;
}

static void
read_turn(const struct turns *how, struct json_object *entry, struct buf *b)
{
	struct json_object *text, *who;
	struct turn t = {0};
	const struct word *ours = NULL;

	if (!json_object_is_type(entry, json_type_object))
		return;
	text = member(entry, &how->text);
	if (!json_object_is_type(text, json_type_string))
		return;
	t.text = json_object_get_string(text);
	t.len = (size_t)json_object_get_string_len(text);
	t.time = turn_time(how, member(entry, &how->time));
	who = member(entry, &how->speaker);
	if (json_object_is_type(who, json_type_string)) {
		t.speaker = json_object_get_string(who);
		t.speaker_len = (size_t)json_object_get_string_len(who);
		if (how->speakers != NULL)
			ours = table_find(
			    how->speakers, t.speaker, t.speaker_len);
	}
	if (ours != NULL) {
		t.speaker = ours->text;
		t.speaker_len = ours->len;
	}
	write_turn(b, &t);
}

bool
transcript_read(struct scope *s, const struct rule *r, struct buf *b)
{
	struct json_object *j = value_node(s, r);

	if (r->turns->lines && json_object_is_type(j, json_type_string)) {
		read_lines(r->turns, json_object_get_string(j),
		    (size_t)json_object_get_string_len(j), b);
	} else if (!r->turns->lines &&
	    json_object_is_type(j, json_type_array)) {
		size_t n = json_object_array_length(j);

		for (size_t i = 0; i < n; i++)
			read_turn(r->turns, json_object_array_get_idx(j, i), b);
	}
	if (b->len == 0)
		return false;
	buf_puts(b, "]");
	return true;
}
