/*
 * identifier - what is an identifier by its form, and so no telephone number.
 */
#ifndef IDENTIFIER_H
#define IDENTIFIER_H

#include <stddef.h>

/*
 * The length of an identifier at s, where a word begins, or 0: a UUID, or a
 * long word of ASCII that changes often between letters and digits, as no
 * number does, whatever stands beside it.
 */
size_t identifier_at(const char *s, size_t n);

#endif /* !IDENTIFIER_H */
