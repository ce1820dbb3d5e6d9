/*
 * fold - joining events to a call field by field.  Each field keeps the stamp
 * of the event that told it: so a later event can be compared without reading
 * the earlier ones again, and the order of arrival does not matter.
 */
#include "call/fold.h"

#include <string.h>

#include "base/when.h"

#define ENDED_STATES (1u << STATE_ENDED | 1u << STATE_ANALYZED)
#define TALK_STATES (1u << STATE_CONNECTED | 1u << STATE_CLOSING)

void
stamp_of(const struct event *e, struct stamp *s)
{
	memset(s, 0, sizeof(*s)); /* the padding between the members, too */
	s->time = e->time;
	s->received = e->received;
	s->state = e->state;
	s->less = false;
	memcpy(s->mark, e->key, EVENT_KEY_SIZE / 2);
	memcpy(s->mark + EVENT_KEY_SIZE / 2, e->digest, EVENT_KEY_SIZE / 2);
}

int
stamp_compare(enum call_field f, const struct stamp *a, const struct stamp *b)
{
	if (a->less != b->less)
		return a->less ? -1 : 1;
	if (f == FIELD_STATUS && a->state != b->state)
		return a->state < b->state ? -1 : 1;
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	if (a->state != b->state)
		return a->state < b->state ? -1 : 1;
	if (a->received != b->received)
		return a->received < b->received ? -1 : 1;
	return memcmp(a->mark, b->mark, sizeof(a->mark));
}

/* The time, the state and STAMP_LESS, the receipt, the mark. */
#define STAMP_LESS 0x80

/* The highest byte first. */
static unsigned char *
instant_put(unsigned char *out, int64_t ms)
{
	for (int shift = 8 * (INSTANT_SIZE - 1); shift >= 0; shift -= 8)
		*out++ = (unsigned char)((uint64_t)ms >> shift);
	return out;
}

static int64_t
instant_get(const unsigned char *in)
{
	int64_t ms = 0;

	for (int i = 0; i < INSTANT_SIZE; i++)
		ms = ms << 8 | in[i];
	return ms;
}

unsigned char *
stamp_encode(const struct stamp *s, unsigned char *out)
{
	out = instant_put(out, s->time);
	*out++ = (unsigned char)(s->state | (s->less ? STAMP_LESS : 0));
	out = instant_put(out, s->received);
	memcpy(out, s->mark, EVENT_KEY_SIZE);
	return out + EVENT_KEY_SIZE;
}

void
stamp_decode(const unsigned char in[STAMP_SIZE], struct stamp *s)
{
	unsigned state;

	s->time = instant_get(in);
	in += INSTANT_SIZE;
	s->less = (*in & STAMP_LESS) != 0;
	state = *in & (STAMP_LESS - 1);
	s->state = state < STATE__MAX ? (enum call_state)state : STATE_NONE;
	s->received = instant_get(in + 1);
	memcpy(s->mark, in + 1 + INSTANT_SIZE, EVENT_KEY_SIZE);
}

/*
 * Values that tell less than others of their field: nothing known of it, or
 * only assumed.  Platforms send such defaults with events that are about
 * something else.
 */
static bool
tells_less(enum call_field f, const struct value *v)
{
	static const char unknown[] = "unknown";

	switch (f) {
	case FIELD_DIRECTION:
		return v->len == sizeof(unknown) - 1 &&
		    memcmp(v->text, unknown, v->len) == 0;
	case FIELD_DURATION:
	case FIELD_COST:
		return v->number == 0;
	default:
		return v->assumed;
	}
}

bool
stamp_is_of(const struct stamp *s, const struct event *e)
{
	struct stamp of;

	stamp_of(e, &of);
	of.less = s->less;
	return stamp_compare(FIELD__MAX, s, &of) == 0;
}

/* Take the earlier time; 0 means none. */
static void
earliest(int64_t *time, int64_t other)
{
	if (other != 0 && (*time == 0 || other < *time))
		*time = other;
}

/* Widen a span by another one. */
static void
widen(int64_t *first, int64_t *last, int64_t from, int64_t to)
{
	if (from < *first)
		*first = from;
	if (to > *last)
		*last = to;
}

/* Widen the spans of event and receipt times. */
static void
fold_times(struct call *c, const struct event *e, bool first)
{
	if (first) {
		c->first_time = c->last_time = e->time;
		c->first_received = c->last_received = e->received;
	}
	widen(&c->first_time, &c->last_time, e->time, e->time);
	widen(&c->first_received, &c->last_received, e->received, e->received);
	if (e->state == STATE_ENDED)
		earliest(&c->ended_time, e->time);
	if (!e->time_known)
		return;
	if (e->state >= STATE_REQUESTED)
		earliest(&c->begun_told, e->time);
	if (e->state == STATE_CONNECTED)
		earliest(&c->connected_told, e->time);
	if (e->state == STATE_ENDED)
		earliest(&c->ended_told, e->time);
}

static void
fold_value(struct call *c, int f, const struct value *v, const struct stamp *s)
{
	if (c->field[f].set &&
	    stamp_compare((enum call_field)f, &c->stamp[f], s) >= 0)
		return;
	c->field[f] = *v;
	c->stamp[f] = *s;
}

void
fold_event(struct call *c, const struct event *e)
{
	struct stamp s, less;

	/* STATE_NONE has a bit of its own, so an empty fold is told by 0. */
	fold_times(c, e, c->states == 0);
	c->states |= 1u << e->state;
	if (e->outcome != OUTCOME_NONE)
		c->states |= 1u << STATE_ENDED;
	if (e->outcome > c->told)
		c->told = e->outcome;
	if (e->errors > 0)
		c->flags |= CALL_WITH_ERRORS;
	if (e->cut)
		c->flags |= CALL_CUT;

	stamp_of(e, &s);
	less = s;
	less.less = true;
	for (int i = 0; i < FIELD__MAX; i++) {
		const struct value *v = &e->field[i];

		if (v->set)
			fold_value(c, i, v,
			    tells_less((enum call_field)i, v) ? &less : &s);
	}
}

void
fold_join(struct call *c, const struct call *other)
{
	if (other->states == 0)
		return;
	if (c->states == 0) {
		*c = *other;
		return;
	}
	c->states |= other->states;
	if (other->told > c->told)
		c->told = other->told;
	c->flags |= other->flags;
	widen(
	    &c->first_time, &c->last_time, other->first_time, other->last_time);
	widen(&c->first_received, &c->last_received, other->first_received,
	    other->last_received);
	earliest(&c->ended_time, other->ended_time);
	earliest(&c->begun_told, other->begun_told);
	earliest(&c->connected_told, other->connected_told);
	earliest(&c->ended_told, other->ended_told);
	for (int i = 0; i < FIELD__MAX; i++)
		if (other->field[i].set)
			fold_value(c, i, &other->field[i], &other->stamp[i]);
}

/* --- what follows from it ------------------------------------------------- */

static bool
is_answered(const struct call *c, enum call_outcome outcome)
{
	const struct value *length = &c->field[FIELD_DURATION];

	switch (outcome) {
	case OUTCOME_COMPLETED:
		return true;
	case OUTCOME_NONE:
	case OUTCOME_FAILED:
	case OUTCOME_UNKNOWN:
		return (c->states & TALK_STATES) != 0 ||
		    (length->set && length->number > 0);
	default:
		return false;
	}
}

/*
 * Can times be computed with that length?  Not with 0, which is that of a call
 * that nobody answered: how long it rang is not known.
 */
static bool
is_length(const struct value *v)
{
	return v->set && v->number > 0 && v->number <= WHEN_MAX;
}

/*
 * The length may only count the conversation, and the call began before that.
 * So the time of an early event is a better start than the end less the length.
 */
static void
view_started(const struct call *c, struct call_view *v)
{
	const struct value *told = &c->field[FIELD_STARTED];
	const struct value *ended = &c->field[FIELD_ENDED];
	const struct value *length = &c->field[FIELD_DURATION];
	int64_t end = ended->set ? ended->number : c->ended_told;
	int64_t start;

	v->started_known = told->set;
	v->started = told->set ? told->number : c->first_time;
	if (told->set || !is_length(length) || end <= length->number)
		return;
	start = end - length->number;
	if (c->begun_told != 0 && c->begun_told <= start) {
		v->started = c->begun_told;
		return;
	}
	v->started = start;
	v->started_derived = true;
}

static void
view_ended(const struct call *c, struct call_view *v)
{
	const struct value *told = &c->field[FIELD_ENDED];
	const struct value *started = &c->field[FIELD_STARTED];
	const struct value *length = &c->field[FIELD_DURATION];
	int64_t talk = started->number; /* when it began */

	v->ended_known = told->set;
	if (told->set)
		v->ended = told->number;
	else if (v->outcome != OUTCOME_NONE)
		v->ended = c->ended_time;
	if (told->set || v->outcome == OUTCOME_NONE || !started->set ||
	    !is_length(length))
		return;
	if (c->connected_told > talk)
		talk = c->connected_told;
	if (talk > WHEN_MAX - length->number)
		return;
	v->ended = talk + length->number;
	v->ended_derived = true;
}

static void
view_duration(const struct call *c, struct call_view *v)
{
	const struct value *told = &c->field[FIELD_DURATION];
	const struct value *started = &c->field[FIELD_STARTED];
	const struct value *ended = &c->field[FIELD_ENDED];
	int64_t from = c->connected_told, to = c->ended_told;

	if (!v->answered)
		return;
	if (told->set) {
		v->timed = true;
		v->duration = told->number;
		return;
	}
	if (v->outcome == OUTCOME_NONE)
		return;
	if (from == 0 && started->set)
		from = started->number;
	if (ended->set)
		to = ended->number;
	if (from == 0 || to < from)
		return;
	v->timed = v->duration_derived = true;
	v->duration = to - from;
}

void
call_view(const struct call *c, struct call_view *v)
{
	memset(v, 0, sizeof(*v));
	for (int i = STATE_NONE; i < STATE__MAX; i++)
		if (c->states & 1u << i)
			v->state = (enum call_state)i;
	if ((c->states & ENDED_STATES) != 0)
		v->outcome = c->told > OUTCOME_UNKNOWN ? c->told
						       : OUTCOME_UNKNOWN;
	v->answered = is_answered(c, v->outcome);
	view_started(c, v);
	view_ended(c, v);
	view_duration(c, v);

	v->flags = c->flags;
	if ((!v->started_known && !v->started_derived) ||
	    (v->ended != 0 && !v->ended_known && !v->ended_derived))
		v->flags |= CALL_ESTIMATED;
	if (v->started_derived || v->ended_derived || v->duration_derived)
		v->flags |= CALL_DERIVED;
}

void
view_fields(const struct call_view *v, struct value field[FIELD__MAX])
{
	if (v->started_derived)
		field[FIELD_STARTED] = (struct value){
		    .set = true, .derived = true, .number = v->started};
	if (v->ended_derived)
		field[FIELD_ENDED] = (struct value){
		    .set = true, .derived = true, .number = v->ended};
	field[FIELD_DURATION] = (struct value){.set = v->timed,
	    .derived = v->duration_derived,
	    .number = v->duration};
}
