#include "call/fold.h"

#include <string.h>

#define RANK_SHIFT 56 /* bits; no instant has as many */
#define ENDED_STATES (1u << STATE_ENDED | 1u << STATE_ANALYZED)

void
stamp_of(const struct event *e, enum call_field f, struct stamp *s)
{
	s->time = e->time;
	if (f == FIELD_STATUS) /* above any time: they end in 9999 */
		s->time |= (int64_t)e->state << RANK_SHIFT;
	memcpy(s->mark, e->key, EVENT_KEY_SIZE / 2);
	memcpy(s->mark + EVENT_KEY_SIZE / 2, e->digest, EVENT_KEY_SIZE / 2);
}

int
stamp_compare(const struct stamp *a, const struct stamp *b)
{
	if (a->time != b->time)
		return a->time < b->time ? -1 : 1;
	return memcmp(a->mark, b->mark, sizeof(a->mark));
}

/* Widen the span of event and receipt times. */
static void
fold_times(struct call *c, const struct event *e, bool first)
{
	if (first || e->time < c->first_time)
		c->first_time = e->time;
	if (first || e->time > c->last_time)
		c->last_time = e->time;
	if (first || e->received < c->first_received)
		c->first_received = e->received;
	if (first || e->received > c->last_received)
		c->last_received = e->received;
	if (e->state == STATE_ENDED &&
	    (c->ended_time == 0 || e->time < c->ended_time))
		c->ended_time = e->time;
}

void
fold_event(struct call *c, const struct event *e)
{
	struct stamp s;

	/* STATE_NONE has a bit of its own, so an empty fold is told by 0. */
	fold_times(c, e, c->states == 0);
	c->states |= 1u << e->state;
	if (e->outcome != OUTCOME_NONE)
		c->states |= 1u << STATE_ENDED;
	if (e->outcome > c->told)
		c->told = e->outcome;
	if (e->errors > 0)
		c->flags |= CALL_WITH_ERRORS;

	for (int i = 0; i < FIELD__MAX; i++) {
		if (!e->field[i].set)
			continue;
		stamp_of(e, (enum call_field)i, &s);
		if (c->field[i].set && stamp_compare(&c->stamp[i], &s) >= 0)
			continue;
		c->field[i] = e->field[i];
		c->stamp[i] = s;
	}
}

void
call_view(const struct call *c, struct call_view *v)
{
	const struct value *duration = &c->field[FIELD_DURATION];
	bool ended = (c->states & ENDED_STATES) != 0;
	bool talked = (c->states & 1u << STATE_CONNECTED) != 0 ||
	    (duration->set && duration->number > 0);

	memset(v, 0, sizeof(*v));
	for (int i = STATE_NONE; i < STATE__MAX; i++)
		if (c->states & 1u << i)
			v->state = (enum call_state)i;
	if (ended)
		v->outcome = c->told > OUTCOME_UNKNOWN ? c->told
						       : OUTCOME_UNKNOWN;
	v->answered = v->outcome == OUTCOME_COMPLETED ||
	    (talked && v->outcome != OUTCOME_VOICEMAIL);

	v->started_known = c->field[FIELD_STARTED].set;
	v->started = v->started_known ? c->field[FIELD_STARTED].number
				      : c->first_time;
	v->ended_known = c->field[FIELD_ENDED].set;
	if (v->ended_known)
		v->ended = c->field[FIELD_ENDED].number;
	else if (ended)
		v->ended = c->ended_time;
	v->flags = c->flags;
	if (!v->started_known || (v->ended != 0 && !v->ended_known))
		v->flags |= CALL_ESTIMATED;
}
