/*
 * outside - what a process that is confined asks of its keeper, which is not
 * (http/keeper.h).
 *
 * A configuration that was changed may name places that only a new process
 * reaches.  The keeper starts that one beside this one; once it serves, this
 * one is told to end.
 */
#ifndef OUTSIDE_H
#define OUTSIDE_H

#include <stdbool.h>

#include "base/buf.h"

#define OUTSIDE_TEXT_MAX 8192 /* bytes of a message; the rest is cut */
#define OUTSIDE_WAIT_MS 60000 /* for an answer */

/* The first byte of a message; the last two have a text after it. */
enum outside_word {
	OUTSIDE_ASK = 'a', /* to the keeper: start another in my place */
	OUTSIDE_SERVING = 's', /* to it: I serve; from it: another does */
	OUTSIDE_FAULTS = 'f' /* either way: that one cannot, and why */
};

/*
 * This process has a keeper, at the other end of the socket.  trial: it is to
 * take the place of another, and if it cannot, that one will log why.
 */
void outside_begin(int fd, bool trial);
bool outside_is_trial(void);

/* It serves, and is confined: from here on it may ask. */
void outside_serving(void);
/* A trial cannot serve. */
void outside_failed(const struct buf *why);

bool outside_is_there(void);
/*
 * This process was told to stop: outside_ask() waits no longer.  A signal
 * handler may call it.
 */
void outside_stop(void);
/*
 * Ask for another process in the place of this one.  Returns 0 once it serves,
 * or -1 after adding to why one line per fault, without a final newline.
 */
int outside_ask(struct buf *why);

#endif /* !OUTSIDE_H */
