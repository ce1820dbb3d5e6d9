/*
 * memory - what is freed goes back to the system.
 *
 * The allocator of glibc keeps much of what was freed, and a large body leaves
 * some hundred thousand small pieces.  With other C libraries these functions
 * do nothing.
 */
#ifndef MEMORY_H
#define MEMORY_H

/* Once, before there are threads: large buffers go back when they are freed. */
void memory_prepare(void);

/* After much was freed in small pieces.  Takes some milliseconds. */
void memory_give_back(void);

#endif /* !MEMORY_H */
