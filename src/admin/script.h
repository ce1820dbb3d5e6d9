/*
 * script - made-up calls, told as each platform would tell them.
 *
 * A script is a JSON file of src/admin/demo/, compiled in: which outcomes a
 * platform's calls have, and the bodies it sends, in which "$name" stands for
 * a value of the call and "${name}" for the same within a text.  So a platform
 * is data here too.
 */
#ifndef SCRIPT_H
#define SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "call/call.h"

struct scripts; /* all of them, and the conversations; threads share it */
struct script; /* of one platform */

/* NULL after adding a reason to why. */
struct scripts *scripts_load(struct buf *why);
void scripts_free(struct scripts *ss);
/* Borrowed; NULL: there is none. */
const struct script *script_find(
    const struct scripts *ss, const char *provider);

/* The share of calls of this platform, as a weight: 1 and up. */
int script_weight(const struct script *s);
/* How many attempts its platform makes to reach somebody: 1 and up. */
int script_attempts(const struct script *s);
size_t script_events(const struct script *s);

/* One made-up call.  Texts are the script's, or in the struct. */
struct scene {
	const struct script *script;
	uint64_t seed; /* of what is left to chance */
	const char *direction;
	enum call_outcome outcome;
	const char *agent; /* NULL: the platform tells none */
	int conversation;
	char name[64]; /* of the person called */
	char trace[40];
	char ours[24], theirs[24]; /* numbers of telephones */
	int64_t created, ringing, started, ended, analyzed; /* ms */
	int attempt;
	int64_t next_retry; /* ms; 0: none */
	bool stuck; /* its end is never told */
	bool unanalyzed; /* its analysis is never told */
	bool errors; /* its platform lists errors */
	int variation; /* another number makes another content */
};

/*
 * Choose what chance decides: from seed direction, outcome, agent, numbers,
 * conversation and the lengths, for a call that is made at `created`.
 */
void scene_set(const struct scripts *ss, const struct script *s, uint64_t seed,
    int64_t created, struct scene *c);

/* What event number i of the script says of a call. */
struct line {
	int64_t time; /* ms; when it happens */
	const char *content_type;
	struct buf headers; /* text for message_env_from() */
	struct buf body;
};

/* Returns 1, 0 where that event does not come of this call, -1: no memory. */
int scene_line(
    const struct scripts *ss, const struct scene *c, size_t i, struct line *l);

/* The next number of a sequence that looks like chance (splitmix64). */
uint64_t chance(uint64_t *state);
/* One below n. */
uint64_t chance_below(uint64_t *state, uint64_t n);

#endif /* !SCRIPT_H */
