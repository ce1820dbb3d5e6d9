/*
 * zone - the clock of a time zone, read from the system's file of it.
 *
 * For times that a platform writes without an offset.  The C library knows one
 * zone for a whole process (when.h); this is a table that never changes, so
 * that threads share it and each source has its own.  The file's format is
 * TZif (RFC 8536).
 */
#ifndef ZONE_H
#define ZONE_H

#include <stddef.h>
#include <stdint.h>

#define ZONE_FILE_MAX (256 * 1024) /* bytes of a file */

struct zone; /* opaque, see zone.c */

/*
 * The zone of that IANA name.  Returns NULL if the system does not know it, its
 * file is not to be understood, or memory ran out.
 */
struct zone *zone_load(const char *name);

/* The same from the bytes of such a file. */
struct zone *zone_parse(const unsigned char *data, size_t n);

/* Accepts NULL. */
void zone_free(struct zone *z);

/*
 * The instant at which the zone's clock shows what a clock of UTC shows at
 * `local`; both in seconds since the epoch.  Of an hour that comes twice it is
 * the first; in one that is skipped, as if the clock had not been set forward.
 */
int64_t zone_instant(const struct zone *z, int64_t local);

#endif /* !ZONE_H */
