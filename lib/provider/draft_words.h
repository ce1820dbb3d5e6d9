/*
 * draft_words - what names and words of the field usually mean.
 *
 * Tables, and how a name or a word is looked up in them.  They hold what is
 * common in the trade; nothing in them is one platform's own.
 */
#ifndef DRAFT_WORDS_H
#define DRAFT_WORDS_H

#include <stdbool.h>
#include <stddef.h>

#include "call/call.h"

#define DRAFT_PHRASE_SIZE 256 /* bytes of a name as words */

/*
 * A name as its words, lower case, a space between and at both ends: of
 * "callStartedAt", "call_started_at" and "CallStartedAt" " call started at ".
 * common: words of one meaning become one (" call start time ").
 */
void draft_words_split(
    const char *name, size_t n, bool common, char out[DRAFT_PHRASE_SIZE]);

/*
 * How well does a name fit a member of a definition's "event" or "call"?  own
 * is the name, whole the name after that of what it stands in, both split
 * with common.  0: not at all, to 100.
 */
int draft_words_fit(const char *member, const char *own, const char *whole);

/* Is it the name of an object whose member names the customer chose? */
bool draft_words_is_dynamic(const char *own);

/* Is the name of a kind of event about something beside the call? */
bool draft_words_is_beside(const char *type);

/*
 * What a word of a platform, split without common, says; NONE, or NULL where
 * nothing.  *weak: it says so only if nothing else does.
 */
enum call_state draft_words_state(const char *word);
enum call_outcome draft_words_outcome(const char *word, bool *weak);
const char *draft_words_direction(const char *word);
const char *draft_words_speaker(const char *word);
const char *draft_words_ender(const char *word);
const char *draft_words_verdict(const char *word);

/* The unit of a duration that a name tells, as in a definition, or NULL. */
const char *draft_words_unit(const char *own);

#endif /* !DRAFT_WORDS_H */
