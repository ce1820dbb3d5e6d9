/*
 * call - the names of the vocabulary, and the record as JSON.  Names stand in
 * tables by their number, so that parsing, writing and the store's columns can
 * not disagree.
 */
#include "call/call.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/when.h"

#define EXACT_MAX 9007199254740992.0 /* integers a double holds exactly */

const char *const call_state_name[STATE__MAX] = {
    [STATE_QUEUED] = "queued",
    [STATE_REQUESTED] = "requested",
    [STATE_RINGING] = "ringing",
    [STATE_CONNECTED] = "connected",
    [STATE_CLOSING] = "closing",
    [STATE_ENDED] = "ended",
    [STATE_ANALYZED] = "analyzed",
};

const char *const call_outcome_name[OUTCOME__MAX] = {
    [OUTCOME_UNKNOWN] = "unknown",
    [OUTCOME_FAILED] = "failed",
    [OUTCOME_NO_ANSWER] = "no_answer",
    [OUTCOME_BUSY] = "busy",
    [OUTCOME_UNREACHABLE] = "unreachable",
    [OUTCOME_EXPIRED] = "expired",
    [OUTCOME_CANCELED] = "canceled",
    [OUTCOME_EXHAUSTED] = "exhausted",
    [OUTCOME_REJECTED] = "rejected",
    [OUTCOME_VOICEMAIL] = "voicemail",
    [OUTCOME_COMPLETED] = "completed",
};

const char *const call_ender_name[ENDER__MAX] = {
    [ENDER_AGENT] = "agent",
    [ENDER_CALLER] = "caller",
    [ENDER_PLATFORM] = "platform",
    [ENDER_TRANSFER] = "transfer",
};

const char *const call_flag_name[CALL_FLAGS] = {
    "with_errors",
    "variant",
    "late",
    "estimated",
    "derived",
    "cut",
};

const struct call_field_info call_field[FIELD__MAX] = {
    [FIELD_TRACE] = {"trace", KIND_TEXT},
    [FIELD_AGENT] = {"agent", KIND_TEXT},
    [FIELD_DIRECTION] = {"direction", KIND_TEXT},
    [FIELD_FROM] = {"from", KIND_TEXT},
    [FIELD_TO] = {"to", KIND_TEXT},
    [FIELD_STARTED] = {"started", KIND_INSTANT},
    [FIELD_ENDED] = {"ended", KIND_INSTANT},
    [FIELD_DURATION] = {"duration", KIND_DURATION},
    [FIELD_RECORDING] = {"recording", KIND_TEXT},
    [FIELD_STATUS] = {"status", KIND_TEXT},
    [FIELD_REASON] = {"reason", KIND_TEXT},
    [FIELD_DISPOSITION] = {"disposition", KIND_TEXT},
    [FIELD_SUMMARY] = {"summary", KIND_TEXT},
    [FIELD_ATTEMPT] = {"attempt", KIND_INTEGER},
    [FIELD_ATTEMPTS_MAX] = {"attempts_max", KIND_INTEGER},
    [FIELD_FINAL] = {"final", KIND_BOOLEAN},
    [FIELD_NEXT_RETRY] = {"next_retry", KIND_INSTANT},
    [FIELD_TRANSCRIPT] = {"transcript", KIND_JSON},
    [FIELD_AGENT_NAME] = {"agent_name", KIND_TEXT},
    [FIELD_COST] = {"cost", KIND_MONEY},
    [FIELD_GOAL] = {"goal", KIND_VERDICT},
    [FIELD_TRANSFERRED_TO] = {"transferred_to", KIND_TEXT},
    [FIELD_ENDED_BY] = {"ended_by", KIND_TEXT},
    [FIELD_CAMPAIGN] = {"campaign", KIND_TEXT},
};

static bool
is_word(const char *s, size_t n, const char *word)
{
	return strlen(word) == n && memcmp(s, word, n) == 0;
}

static int
index_of(const char *s, size_t n, const char *const *names, int count)
{
	for (int i = 1; i < count; i++)
		if (is_word(s, n, names[i]))
			return i;
	return -1;
}

int
call_state_parse(const char *s, size_t n)
{
	return index_of(s, n, call_state_name, STATE__MAX);
}

int
call_outcome_parse(const char *s, size_t n)
{
	return index_of(s, n, call_outcome_name, OUTCOME__MAX);
}

const char *const call_direction_name[CALL_DIRECTIONS] = {
    "inbound", "outbound", "web", "unknown"};

bool
call_direction_valid(const char *s, size_t n)
{
	for (int i = 0; i < CALL_DIRECTIONS; i++)
		if (is_word(s, n, call_direction_name[i]))
			return true;
	return false;
}

int
call_ender_parse(const char *s, size_t n)
{
	return index_of(s, n, call_ender_name, ENDER__MAX);
}

/* --- the record as JSON --------------------------------------------------- */

/* Add a member's name, with a comma before all but the first. */
static void
add_name(struct buf *b, const char *name, const char *suffix)
{
	if (b->len > 0 && b->data[b->len - 1] != '{')
		buf_puts(b, ",");
	buf_printf(b, "\"%s%s\":", name, suffix);
}

static void
add_text(struct buf *b, const char *name, const char *text)
{
	if (text == NULL)
		return;
	add_name(b, name, "");
	buf_json_str(b, text);
}

static void
add_instant(struct buf *b, const char *name, int64_t ms)
{
	char text[WHEN_TEXT_SIZE];

	add_name(b, name, "");
	buf_printf(b, "\"%s\"", when_rfc3339(ms, text));
}

static void
add_field(
    struct buf *b, const struct call_field_info *info, const struct value *v)
{
	if (!v->set)
		return;
	switch (info->kind) {
	case KIND_TEXT:
		add_name(b, info->name, "");
		buf_json(b, v->text, v->len);
		break;
	case KIND_INTEGER:
		add_name(b, info->name, "");
		buf_printf(b, "%" PRId64, v->number);
		break;
	case KIND_BOOLEAN:
		add_name(b, info->name, "");
		buf_puts(b, v->number != 0 ? "true" : "false");
		break;
	case KIND_INSTANT:
		add_instant(b, info->name, v->number);
		break;
	case KIND_DURATION:
		add_name(b, info->name, "_ms");
		buf_printf(b, "%" PRId64, v->number);
		break;
	case KIND_JSON:
		add_name(b, info->name, "");
		buf_add(b, v->text, v->len);
		break;
	case KIND_MONEY:
		add_name(b, info->name, "_micros");
		buf_printf(b, "%" PRId64, v->number);
		add_name(b, info->name, "_currency");
		buf_json(b, v->text, v->len);
		break;
	case KIND_VERDICT:
		if (v->number != VERDICT_NONE) {
			add_name(b, info->name, "");
			buf_puts(b, v->number != VERDICT_NO ? "true" : "false");
		}
		if (v->text != NULL) {
			add_name(b, info->name, "_word");
			buf_json(b, v->text, v->len);
		}
		break;
	}
}

/* The shortest text that reads back as the same number. */
static void
add_number(struct buf *b, double d)
{
	char text[40];

	if (fabs(d) <= EXACT_MAX && (double)(int64_t)d == d) {
		buf_printf(b, "%.0f", d == 0 ? 0.0 : d);
		return;
	}
	for (int digits = 15; digits <= 17; digits++) {
		(void)snprintf(text, sizeof(text), "%.*g", digits, d);
		if (strtod(text, NULL) == d)
			break;
	}
	buf_puts(b, text);
}

void
fact_json(const struct fact *f, struct buf *b)
{
	buf_json_str(b, f->path);
	buf_puts(b, ":");
	if (f->type == FACT_TEXT)
		buf_json(b, f->text, f->len);
	else if (f->type == FACT_BOOLEAN)
		buf_puts(b, f->number != 0 ? "true" : "false");
	else
		add_number(b, f->number);
}

size_t
fact_group(const char *path)
{
	return strcspn(path, "/");
}

const char *
fact_name(const char *path, char out[FACT_NAME_SIZE])
{
	static const char arrow[] = " \u203a ";
	size_t group = fact_group(path), n = 0;

	if (path[group] == '/')
		path += group + 1;
	for (; *path != '\0' && n < FACT_NAME_SIZE - sizeof(arrow); path++) {
		if (*path == '/') {
			memcpy(out + n, arrow, sizeof(arrow) - 1);
			n += sizeof(arrow) - 1;
		} else if (path[0] == '~' && (path[1] == '0' || path[1] == '1'))
			out[n++] = *++path == '0' ? '~' : '/';
		else
			out[n++] = *path;
	}
	out[n] = '\0';
	return out;
}

static void
add_derived(struct buf *b, const struct event *e)
{
	int n = 0;

	for (int i = 0; i < FIELD__MAX; i++) {
		if (!e->field[i].set || !e->field[i].derived)
			continue;
		if (n++ == 0)
			add_name(b, "derived", "");
		buf_printf(
		    b, "%s\"%s\"", n == 1 ? "[" : ",", call_field[i].name);
	}
	if (n > 0)
		buf_puts(b, "]");
}

static void
add_facts(struct buf *b, const struct event *e)
{
	if (e->facts == 0)
		return;
	add_name(b, "facts", "");
	buf_puts(b, "{");
	for (size_t i = 0; i < e->facts; i++) {
		if (i > 0)
			buf_puts(b, ",");
		fact_json(&e->fact[i], b);
	}
	buf_puts(b, "}");
}

static void
add_errors(struct buf *b, const struct event *e)
{
	if (e->errors == 0)
		return;
	add_name(b, "errors", "");
	buf_puts(b, "[");
	for (size_t i = 0; i < e->errors; i++) {
		const struct call_error *error = &e->error[i];

		buf_puts(b, i > 0 ? ",{" : "{");
		add_text(b, "code", error->code);
		add_text(b, "message", error->message);
		add_text(b, "phase", error->phase);
		add_text(b, "place", error->place);
		add_text(b, "time", error->time);
		buf_puts(b, "}");
	}
	buf_puts(b, "]");
}

static void
add_flags(struct buf *b, unsigned flags)
{
	const char *comma = "";

	if (flags == 0)
		return;
	add_name(b, "flags", "");
	buf_puts(b, "[");
	for (int i = 0; i < CALL_FLAGS; i++) {
		if ((flags & 1u << i) == 0)
			continue;
		buf_printf(b, "%s\"%s\"", comma, call_flag_name[i]);
		comma = ",";
	}
	buf_puts(b, "]");
}

void
event_json(const struct event *e, unsigned flags, struct buf *b)
{
	if (e->errors > 0)
		flags |= CALL_WITH_ERRORS;
	if (e->cut)
		flags |= CALL_CUT;
	buf_puts(b, "{");
	add_text(b, "state", call_state_name[e->state]);
	add_text(b, "outcome", call_outcome_name[e->outcome]);
	add_text(b, "call", e->call);
	for (int i = 0; i < FIELD__MAX; i++)
		add_field(b, &call_field[i], &e->field[i]);
	add_derived(b, e);
	add_facts(b, e);
	add_errors(b, e);
	add_flags(b, flags);
	if (e->time_known)
		add_instant(b, "time", e->time);
	add_instant(b, "received", e->received);
	buf_puts(b, "}");
}
