/*
 * usage - what a definition makes of bodies: which members nothing used, and
 * what of the definition the bodies had no use for.
 *
 * It compares the places that a definition names with bodies that the mapper
 * has parsed; the mapper itself takes no note, so that it costs nothing where
 * nobody asks.
 */
#ifndef USAGE_H
#define USAGE_H

#include <stdbool.h>

#include "call/call.h"
#include "provider/map.h"
#include "provider/message.h"
#include "provider/provider.h"

struct usage;

enum usage_kind {
	USAGE_UNUSED, /* what: pointer into the bodies; detail: a value there */
	USAGE_MISSING, /* what: a place; detail: where the definition has it */
	USAGE_TYPE, /* what: a type that the table has not */
	USAGE_WORD, /* what: a word that no table has; detail: whose tables */
	USAGE_OPEN, /* what: tables without "else" whose words are ours */
	USAGE__MAX
};

/* Each text once, in the order of the bodies or of the definition. */
struct usage_note {
	const char *what;
	const char *detail; /* or NULL */
	struct usage_note *next;
};

/* p must outlive it.  Returns NULL when memory ran out. */
struct usage *usage_new(const struct provider *p);
void usage_free(struct usage *u);

/*
 * Take note of the message m that mp was given last; e: what it told, or NULL
 * where it could not be mapped.  Returns 0, or -1 when memory ran out.
 */
int usage_add(struct usage *u, const struct mapper *mp, const struct message *m,
    const struct event *e);

/* Has memory run out?  The notes are not whole then. */
bool usage_failed(const struct usage *u);

/* What is to be said after all bodies; NULL: nothing of that kind. */
const struct usage_note *usage_notes(struct usage *u, enum usage_kind kind);

#endif /* !USAGE_H */
