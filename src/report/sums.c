/* Sums of calls, and what rates are made of. */
#include "report/sums.h"

#include "base/sample.h"
#include "report/language.h"

void
sums_add(struct sums *s, const struct group *g)
{
	tally_add(&s->tally, &g->tally);
	/* Calls that have not ended are not in the rate yet. */
	if (g->outcome != OUTCOME_NONE)
		s->answered += g->tally.answered;
	for (size_t i = 0; i < g->lengths; i++)
		if (class_length(g->length[i].class) < BRIEF_MS)
			s->brief += g->length[i].calls;
	if (g->costs != NULL)
		costs_add_all(&s->costs, g->costs, 1);
}

void
sums_join(struct sums *s, const struct sums *other)
{
	tally_add(&s->tally, &other->tally);
	s->answered += other->answered;
	s->brief += other->brief;
	costs_add_all(&s->costs, &other->costs, 1);
}

int64_t
sums_average(const struct sums *s)
{
	return s->tally.timed > 0 ? s->tally.talk / s->tally.timed : 0;
}

void
lengths_add(int64_t length[CLASS_LENGTHS], const struct group *g)
{
	for (size_t i = 0; i < g->lengths; i++)
		if (g->length[i].class >= 0 &&
		    g->length[i].class < CLASS_LENGTHS)
			length[g->length[i].class] += g->length[i].calls;
}

int64_t
lengths_median(const int64_t length[CLASS_LENGTHS])
{
	int class = sample_class(length, CLASS_LENGTHS, 0.5);

	return class == -1 ? 0 : class_length(class);
}

/* --- rates ---------------------------------------------------------------- */

int64_t
sums_calls(const struct sums *s)
{
	return s->tally.calls;
}

static int64_t
ended_of(const struct sums *s)
{
	return s->tally.ended;
}

static int64_t
answered_of(const struct sums *s)
{
	return s->answered;
}

static int64_t
completed_of(const struct sums *s)
{
	return s->tally.completed;
}

static int64_t
errors_of(const struct sums *s)
{
	return s->tally.with_errors;
}

int64_t
sums_talk(const struct sums *s)
{
	return s->tally.talk;
}

int64_t
sums_timed(const struct sums *s)
{
	return s->tally.timed;
}

static int64_t
brief_of(const struct sums *s)
{
	return s->brief;
}

static int64_t
goals_of(const struct sums *s)
{
	return s->tally.goal_yes;
}

static int64_t
told_of(const struct sums *s)
{
	return s->tally.goal_yes + s->tally.goal_no;
}

/* Whose transfers and the like are summed. */
static int64_t
known_of(const struct sums *s)
{
	return s->tally.calls - s->tally.unknown;
}

static int64_t
transferred_of(const struct sums *s)
{
	return s->tally.transferred;
}

const struct rate rates[RATE__MAX] = {
    [RATE_ANSWER] = {.title = N_("Answer rate"),
	.hint = N_("ASR, answer-seizure ratio"),
	.formula = N_("answered \u00f7 ended"),
	.good = GOOD_MORE,
	.part = answered_of,
	.whole = ended_of},
    [RATE_GOAL] = {.title = N_("Goal reached"),
	.hint = N_("of the calls whose platform tells it"),
	.formula = N_("reached \u00f7 goal told"),
	.good = GOOD_MORE,
	.part = goals_of,
	.whole = told_of,
	.partial = true},
    [RATE_COMPLETION] = {.title = N_("Completion rate"),
	.hint = N_("CCR, call completion ratio"),
	.formula = N_("completed \u00f7 ended"),
	.good = GOOD_MORE,
	.part = completed_of,
	.whole = ended_of},
    [RATE_BRIEF] = {.title = N_("Short calls"),
	.hint = N_("answered, and over within 10 seconds"),
	.formula = N_("under 10 s \u00f7 answered with a length"),
	.good = GOOD_LESS,
	.part = brief_of,
	.whole = sums_timed},
    [RATE_TRANSFER] = {.title = N_("Transferred"),
	.hint = N_("handed to a person or another number"),
	.formula = N_("transferred \u00f7 calls"),
	.part = transferred_of,
	.whole = known_of},
    [RATE_ERRORS] = {.title = N_("Error rate"),
	.hint = N_("calls whose platform listed errors"),
	.formula = N_("with errors \u00f7 calls"),
	.good = GOOD_LESS,
	.flag = CALL_WITH_ERRORS,
	.part = errors_of,
	.whole = sums_calls},
};
