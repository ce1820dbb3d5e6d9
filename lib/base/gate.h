/*
 * gate - room that all threads of a process share.
 *
 * A thread takes an amount before it uses the memory, and gives it back
 * afterwards; where there is not enough, it waits, in the order of arrival.
 * A thread that holds room of a gate never waits at the same gate again, so
 * nobody waits for ever.
 */
#ifndef GATE_H
#define GATE_H

#include <stddef.h>

struct gate;

/* Room for so many bytes in all.  NULL when memory ran out. */
struct gate *gate_new(size_t room);
void gate_free(struct gate *g);

/*
 * Take amount bytes; more than there are in all is all of them, so the caller
 * is alone.  Returns what was taken and is to be given back, or 0: it was not
 * free in wait_ms.
 */
size_t gate_enter(struct gate *g, size_t amount, int wait_ms);

/* Give back so many bytes, or a part of what was taken. */
void gate_leave(struct gate *g, size_t taken);

#endif /* !GATE_H */
