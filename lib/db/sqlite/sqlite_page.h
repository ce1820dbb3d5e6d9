/*
 * sqlite_page - which bytes of a page of an SQLite file are in use.
 */
#ifndef SQLITE_PAGE_H
#define SQLITE_PAGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PAGE_SIZE_MIN 512
#define PAGE_SIZE_MAX 65536
#define PAGE_COUNT_AT 28 /* in the header of the file */
/* A page with the rest of a row begins with the number of the next. */
#define PAGE_CHAIN_HEADER 4

/* A number of four bytes, the highest first, as all in the file are. */
uint32_t page_u32(const unsigned char *b);

/* The other n bytes of a row begin in that page.  0, or -1 to stop. */
typedef int (*page_chain_fn)(void *arg, uint32_t first, uint64_t n);

/*
 * Of a page of cells, whose header begins at that byte: used gets 0xff for
 * each byte in use and 0 for all others, size of them.  chain is called in
 * between.  0, or -1: it is no such page, or damaged; or chain said so.
 */
int page_used(const unsigned char *page, size_t size, size_t header,
    unsigned char *used, page_chain_fn chain, void *arg);

/* Make all others zeros.  Was there anything else in them? */
bool page_clear(unsigned char *page, const unsigned char *used, size_t size);

#endif /* !SQLITE_PAGE_H */
