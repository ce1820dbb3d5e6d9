/*
 * transcript - a conversation as [{"speaker":…,"text":…,"time":…}].
 */
#ifndef TRANSCRIPT_H
#define TRANSCRIPT_H

#include "provider/value.h"

/*
 * Add the conversation that r finds to b.  started: when the call started;
 * NULL: not told.  Returns false and leaves b as it was if nobody said
 * anything.
 */
bool transcript_read(struct scope *s, const struct rule *r,
    const int64_t *started, struct buf *b);

/* One turn of a stored conversation; "" where it is not told.  Borrowed. */
struct said {
	const char *speaker; /* agent, caller, or the platform's word */
	const char *text;
	const char *time; /* RFC 3339 */
};

/* A callback returns 0 to go on. */
typedef int (*transcript_fn)(void *arg, const struct said *s);

enum transcript_rc {
	TRANSCRIPT_OK = 0,
	TRANSCRIPT_BAD, /* no text that transcript_read() wrote */
	TRANSCRIPT_NO_MEMORY
};

/* The other way: turn by turn what transcript_read() wrote. */
enum transcript_rc transcript_each(
    const char *json, size_t n, transcript_fn fn, void *arg);

#endif /* !TRANSCRIPT_H */
