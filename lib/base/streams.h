/*
 * streams - standard input, output and error.
 */
#ifndef STREAMS_H
#define STREAMS_H

/*
 * To be called before anything is opened.  A stream that is closed would be the
 * next file that is opened: what a program says would go into the store's.  In
 * its place comes one of which nothing can be read, to which nothing can be
 * written, and that takes what is logged.
 */
void streams_open(void);

#endif /* !STREAMS_H */
