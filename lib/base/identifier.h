/*
 * identifier - what is an identifier by its form, and so no telephone number.
 */
#ifndef IDENTIFIER_H
#define IDENTIFIER_H

#include <stddef.h>

/*
 * The length of the identifier at s, which is the beginning of a word; 0: there
 * is none.  An identifier is a UUID that has a letter, or a long ASCII word
 * that changes between letters and digits more often than any telephone number.
 */
size_t identifier_at(const char *s, size_t n);

#endif /* !IDENTIFIER_H */
