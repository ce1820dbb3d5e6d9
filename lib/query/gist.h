/*
 * gist - what the values of a dynamic fact come to, whatever it is.
 *
 * Fed with the rows of query_fact_counts() as they come, so that of one fact
 * after another only the gist is kept: numbers as a distribution, yes and no
 * as a share, texts as the most frequent words.
 */
#ifndef GIST_H
#define GIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/sample.h"
#include "query/query.h"

#define GIST_WORDS 10 /* most frequent texts kept of a fact */
#define GIST_AGENTS 5 /* most frequent agents kept of a fact */
#define GIST_AGENTS_MAX 200 /* told apart; the facts of others have none */

struct gist_word {
	char text[QUERY_FACT_TEXT_MAX + 1];
	int64_t calls;
};

struct gist_numbers {
	int64_t calls;
	double mean, median;
};

struct gist_yes {
	int64_t calls;
	int64_t yes;
};

/* The same of one agent. */
struct gist_agent {
	const char *name; /* "": calls without one */
	int64_t calls;
	struct gist_numbers number;
	struct gist_yes boolean;
	int64_t texts;
	struct gist_word word; /* its most frequent text */
};

/* One fact.  A fact may be of several types in several calls. */
struct gist {
	char *path; /* GROUP/MEMBER… */
	const char *platform; /* as in struct fact_count, "" of all */
	int64_t calls;
	int64_t group_calls; /* of its group's most frequent fact */
	struct sample_summary number;
	struct sample_classes classes; /* of the numbers */
	struct gist_yes boolean;
	int64_t texts;
	int64_t words; /* different texts */
	struct gist_word word[GIST_WORDS]; /* most calls first, then by text */
	size_t nwords;
	struct gist_agent agent[GIST_AGENTS]; /* most calls first */
	size_t nagents;
	size_t agents; /* that have it, those that are not kept too */
};

struct gists;

/*
 * To keep at most max facts, those in the most calls.  Names live in a.
 * Returns NULL when memory ran out.
 */
struct gists *gists_new(struct arena *a, size_t max);
void gists_free(struct gists *gs);

/* A row, as they come: by path, platform, value.  -1: memory ran out. */
int gists_add(struct gists *gs, const struct fact_count *f);

/*
 * After the last row.  The facts of a group (the first segment of the path)
 * stand together, those in the most calls first; so do the groups.  *facts:
 * how many there were, those that were not kept too.  Returns how many were
 * kept, or -1.
 */
int gists_end(struct gists *gs, const struct gist **list, size_t *facts);

/* Do nearly all texts differ, so that no list of them tells anything? */
bool gist_is_free_text(const struct gist *g);

#endif /* !GIST_H */
