#include "query/gist.h"

#include <stdlib.h>
#include <string.h>

#include "base/buf.h"

#define FREE_CALLS_MIN 5 /* of fewer texts, a list is as good */
#define FREE_SHARE 0.8 /* different ones among them */

/* Numbers of one agent that are the same. */
struct row {
	struct sample sample;
	int agent; /* index in agent[], -1: not told apart */
};

/* An agent's part in the fact at hand, if fact is its number. */
struct part {
	struct gist_agent of;
	size_t fact;
};

struct gists {
	struct arena *arena;
	struct gist *kept;
	size_t n, max;
	size_t facts; /* begun so far */
	struct gist now; /* the fact at hand; path NULL: none */
	struct gist_word word; /* its text at hand; calls 0: none */
	struct buf row; /* its numbers, struct row after struct row */
	struct buf sample; /* the same, struct sample after struct sample */
	struct part part[GIST_AGENTS_MAX];
	size_t agents; /* known, of all facts */
	int last; /* agent of the row before */
};

struct gists *
gists_new(struct arena *a, size_t max)
{
	struct gists *gs = calloc(1, sizeof(*gs));

	if (gs == NULL)
		return NULL;
	gs->arena = a;
	gs->max = max;
	gs->last = -1;
	if ((gs->kept = calloc(max, sizeof(*gs->kept))) == NULL) {
		free(gs);
		return NULL;
	}
	return gs;
}

void
gists_free(struct gists *gs)
{
	if (gs == NULL)
		return;
	for (size_t i = 0; i < gs->n; i++)
		free(gs->kept[i].path);
	free(gs->kept);
	free(gs->now.path);
	buf_free(&gs->row);
	buf_free(&gs->sample);
	free(gs);
}

bool
gist_is_free_text(const struct gist *g)
{
	return g->texts >= FREE_CALLS_MIN &&
	    (double)g->words >= FREE_SHARE * (double)g->texts;
}

/* --- one row ------------------------------------------------------------- */

/* The agent's index; -1: too many to tell apart, -2: memory ran out. */
static int
find_agent(struct gists *gs, const char *name)
{
	char *copy;

	if (gs->last >= 0 && strcmp(gs->part[gs->last].of.name, name) == 0)
		return gs->last;
	for (size_t i = 0; i < gs->agents; i++)
		if (strcmp(gs->part[i].of.name, name) == 0)
			return gs->last = (int)i;
	if (gs->agents == GIST_AGENTS_MAX)
		return -1;
	copy = arena_strndup(gs->arena, name, strlen(name));
	if (copy == NULL)
		return -2;
	gs->part[gs->agents].of.name = copy;
	return gs->last = (int)gs->agents++;
}

/* The agent's part in the fact at hand; NULL: it is not told apart. */
static struct gist_agent *
part_of(struct gists *gs, int agent)
{
	struct part *p;

	if (agent < 0)
		return NULL;
	p = &gs->part[agent];
	if (p->fact != gs->facts) {
		p->of = (struct gist_agent){.name = p->of.name};
		p->fact = gs->facts;
		gs->now.agents++;
	}
	return &p->of;
}

static void
word_set(struct gist_word *w, const char *text, int64_t calls)
{
	size_t n = strlen(text);

	if (n > QUERY_FACT_TEXT_MAX)
		n = QUERY_FACT_TEXT_MAX;
	memcpy(w->text, text, n);
	w->text[n] = '\0';
	w->calls = calls;
}

/* The text at hand is complete: is it one of the most frequent? */
static void
word_end(struct gists *gs)
{
	struct gist *g = &gs->now;
	size_t i = g->nwords;

	if (gs->word.calls == 0)
		return;
	g->words++;
	while (i > 0 && g->word[i - 1].calls < gs->word.calls)
		i--;
	if (i < GIST_WORDS) {
		if (g->nwords < GIST_WORDS)
			g->nwords++;
		memmove(&g->word[i + 1], &g->word[i],
		    (g->nwords - i - 1) * sizeof(g->word[0]));
		g->word[i] = gs->word;
	}
	gs->word.calls = 0;
}

static void
add_text(struct gists *gs, const struct fact_count *f, struct gist_agent *agent)
{
	const char *text = f->text == NULL ? "" : f->text;

	gs->now.texts += f->calls;
	if (gs->word.calls > 0 && strcmp(gs->word.text, text) != 0)
		word_end(gs);
	if (gs->word.calls == 0)
		word_set(&gs->word, text, f->calls);
	else
		gs->word.calls += f->calls;
	if (agent == NULL)
		return;
	agent->texts += f->calls;
	if (agent->word.calls < f->calls)
		word_set(&agent->word, text, f->calls);
}

static void
add_number(struct gists *gs, const struct fact_count *f, int agent)
{
	const struct row row = {{f->number, f->calls}, agent};

	buf_add(&gs->row, &row, sizeof(row));
	if (agent >= 0)
		gs->part[agent].of.number.calls += f->calls;
}

static void
add_boolean(struct gist_yes *y, const struct fact_count *f)
{
	y->calls += f->calls;
	if (f->number != 0)
		y->yes += f->calls;
}

/* --- one fact ------------------------------------------------------------ */

/* Numbers of one agent (-1: all of them) as a sample. */
static size_t
collect(struct gists *gs, int agent)
{
	const struct row *row = (const void *)gs->row.data;

	buf_reset(&gs->sample, gs->sample.cap);
	for (size_t i = 0; i < gs->row.len / sizeof(*row); i++)
		if (agent == -1 || row[i].agent == agent)
			buf_add(
			    &gs->sample, &row[i].sample, sizeof(row[i].sample));
	return gs->sample.len / sizeof(struct sample);
}

static void
end_numbers(struct gists *gs)
{
	size_t n = collect(gs, -1);

	if (n == 0)
		return;
	sample_summary((const void *)gs->sample.data, n, &gs->now.number);
	sample_classes((const void *)gs->sample.data, n, &gs->now.classes);
}

static void
end_agent(struct gists *gs, int index, struct gist_agent *out)
{
	struct sample_summary sum;
	size_t n;

	*out = gs->part[index].of;
	if (out->number.calls == 0)
		return;
	n = collect(gs, index);
	sample_summary((const void *)gs->sample.data, n, &sum);
	out->number.mean = sum.mean;
	out->number.median = sum.median;
}

/* Those with the most calls. */
static void
end_agents(struct gists *gs)
{
	int top[GIST_AGENTS];
	size_t n = 0;

	for (size_t i = 0; i < gs->agents; i++) {
		size_t at = n;

		if (gs->part[i].fact != gs->facts)
			continue;
		while (at > 0 &&
		    gs->part[top[at - 1]].of.calls < gs->part[i].of.calls)
			at--;
		if (at == GIST_AGENTS)
			continue;
		if (n < GIST_AGENTS)
			n++;
		memmove(&top[at + 1], &top[at], (n - at - 1) * sizeof(top[0]));
		top[at] = (int)i;
	}
	for (size_t i = 0; i < n; i++)
		end_agent(gs, top[i], &gs->now.agent[i]);
	gs->now.nagents = n;
}

/* Keep the fact at hand, if it is in more calls than one that is kept. */
static void
keep(struct gists *gs)
{
	struct gist *least = NULL;

	if (gs->n < gs->max) {
		gs->kept[gs->n++] = gs->now;
		gs->now.path = NULL;
		return;
	}
	for (size_t i = 0; i < gs->n; i++)
		if (least == NULL || gs->kept[i].calls <= least->calls)
			least = &gs->kept[i];
	if (least == NULL || least->calls >= gs->now.calls)
		return;
	free(least->path);
	*least = gs->now;
	gs->now.path = NULL;
}

/* Returns 0, or -1 when memory ran out. */
static int
end_fact(struct gists *gs)
{
	if (gs->now.path == NULL)
		return 0;
	word_end(gs);
	end_numbers(gs);
	if (gs->row.failed || gs->sample.failed)
		return -1;
	/* The sample of all has made room for that of each agent. */
	end_agents(gs);
	keep(gs);
	return 0;
}

static int
begin_fact(struct gists *gs, const char *path, const char *platform)
{
	free(gs->now.path);
	gs->now = (struct gist){
	    .path = strdup(path),
	    .platform = arena_strndup(gs->arena, platform, strlen(platform)),
	};
	buf_reset(&gs->row, gs->row.cap);
	gs->facts++;
	return gs->now.path == NULL || gs->now.platform == NULL ? -1 : 0;
}

int
gists_add(struct gists *gs, const struct fact_count *f)
{
	const char *platform = f->platform == NULL ? "" : f->platform;
	struct gist_agent *agent;
	int index;

	if (gs->now.path == NULL || strcmp(gs->now.path, f->path) != 0 ||
	    strcmp(gs->now.platform, platform) != 0)
		if (end_fact(gs) == -1 ||
		    begin_fact(gs, f->path, platform) == -1)
			return -1;
	index = find_agent(gs, f->agent == NULL ? "" : f->agent);
	if (index == -2)
		return -1;
	agent = part_of(gs, index);
	gs->now.calls += f->calls;
	if (agent != NULL)
		agent->calls += f->calls;
	switch (f->type) {
	case FACT_TEXT:
		add_text(gs, f, agent);
		break;
	case FACT_NUMBER:
		add_number(gs, f, index);
		break;
	case FACT_BOOLEAN:
		add_boolean(&gs->now.boolean, f);
		if (agent != NULL)
			add_boolean(&agent->boolean, f);
		break;
	}
	return 0;
}

/* --- all of them --------------------------------------------------------- */

static int
compare_groups(const char *a, const char *b)
{
	size_t n = fact_group(a), m = fact_group(b);
	int c = memcmp(a, b, n < m ? n : m);

	return c != 0 ? c : (n > m) - (n < m);
}

static int
compare(const void *pa, const void *pb)
{
	const struct gist *a = pa, *b = pb;
	int c;

	if (a->group_calls != b->group_calls)
		return a->group_calls < b->group_calls ? 1 : -1;
	c = compare_groups(a->path, b->path);
	if (c != 0)
		return c;
	if (a->calls != b->calls)
		return a->calls < b->calls ? 1 : -1;
	c = strcmp(a->path, b->path);
	return c != 0 ? c : strcmp(a->platform, b->platform);
}

int
gists_end(struct gists *gs, const struct gist **list, size_t *facts)
{
	if (end_fact(gs) == -1)
		return -1;
	for (size_t i = 0; i < gs->n; i++)
		for (size_t k = 0; k < gs->n; k++)
			if (gs->kept[i].group_calls < gs->kept[k].calls &&
			    compare_groups(
				gs->kept[i].path, gs->kept[k].path) == 0)
				gs->kept[i].group_calls = gs->kept[k].calls;
	if (gs->n > 0)
		qsort(gs->kept, gs->n, sizeof(gs->kept[0]), compare);
	*list = gs->kept;
	*facts = gs->facts;
	return (int)gs->n;
}
