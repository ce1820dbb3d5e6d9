/*
 * keeper - the process that a web server started, where the one that serves is
 * another: its child, which is confined (base/confine.h).
 *
 * Who is confined cannot run a new program, nor reach what a changed
 * configuration names.  The keeper can, and gets to see nothing that a stranger
 * sends.  It has the listening socket and the process number that whoever
 * started it knows; it passes on the signal to end, and ends when its child
 * does, as its child did.  The child is killed when it is.
 */
#ifndef KEEPER_H
#define KEEPER_H

#include <stdbool.h>

#include "http/serve.h"

/*
 * Start a process that serves, and keep it.  Returns in two kinds of process:
 * true in each that is to serve, which has called outside_begin(), and whose
 * signals to stop are blocked; false in the keeper when all of them have
 * ended, *rc being how.
 *
 * replaced(arg, ending) is asked about every second whether another program
 * has come, and once when the child has ended by itself.
 */
bool keeper_run(
    bool (*replaced)(void *arg, bool ending), void *arg, enum serve_rc *rc);

#endif /* !KEEPER_H */
