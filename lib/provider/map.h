/*
 * map - from a message to the event it tells, by a definition.
 *
 * A mapper belongs to one thread and reuses its memory.
 */
#ifndef MAP_H
#define MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/gate.h"
#include "base/zone.h"
#include "call/call.h"
#include "provider/message.h"
#include "provider/provider.h"

#define MAP_DEPTH_MAX 64 /* nesting of a body */
/*
 * Bytes of memory that the values of one body may take, many times its own
 * size; and bytes up to which a body does not wait for others.  Two hours of
 * speech with the times of each word in three lists take 85 million.
 */
#define MAP_COST_MAX (128 * 1024 * 1024)
#define MAP_COST_FREE (512 * 1024)
#define MAP_INFLATE_FREE (64 * 1024) /* likewise, of a compressed body */
#define MAP_WAIT_MS 25000 /* for the room that a large body takes */
#define MAP_FACTS_MAX 500 /* leaves taken of one event */
#define MAP_FACT_PATH_MAX \
	300 /* bytes of the path of one, else it is left out */
#define MAP_FACT_TEXT_MAX 1024 /* bytes of one leaf, then it is cut */
#define MAP_TEXT_MAX 4096 /* bytes of one mapped text, transcript apart */
#define MAP_ERRORS_MAX 100 /* entries taken of one event */
/*
 * Bytes of a transcript as it is kept, then it is cut.  It is written again
 * with each event of the call.  Two hours of speech are a quarter of it.
 */
#define MAP_TRANSCRIPT_MAX (512 * 1024)
#define MAP_FORM_FIELDS_MAX 1000

struct mapper;
struct json;
struct drop;

enum map_rc {
	MAP_OK = 0,
	MAP_MALFORMED, /* not what its content type says */
	MAP_UNMAPPABLE, /* well-formed, but no event of this definition */
	MAP_TOO_LARGE, /* inflates to more than max_body */
	MAP_NO_MEMORY
};

/* max_body: bytes that a compressed body may inflate to. */
struct mapper *mapper_new(size_t max_body);
void mapper_free(struct mapper *mp);

/*
 * The messages that are mapped from now on are of a source in whose zone times
 * without an offset are; NULL: UTC.  Borrowed.
 */
void mapper_zone(struct mapper *mp, const struct zone *zone);

/*
 * Whether the messages that are mapped from now on are mapped without the
 * members that the definition calls bulk.  Key and digest of an event are the
 * same either way.
 */
void mapper_lean(struct mapper *mp, bool lean);

/*
 * What is dropped of the messages that are mapped from now on; NULL: nothing.
 * Borrowed.  Key and digest of an event are the same either way.  Of a message
 * from the store that is dropped as well which was when it came.
 */
void mapper_drop(struct mapper *mp, const struct drop *d);

/*
 * From now on a body that takes more than MAP_COST_FREE waits for room in g,
 * which is borrowed, and holds it until mapper_release() or the next body.
 * Mappers of all threads together then take no more than g has.
 */
void mapper_share(struct mapper *mp, struct gate *g);

/*
 * Map m.  On MAP_OK *e is filled; what it points to is good until the next
 * call or mapper_free().  Otherwise *reason says in one sentence what is
 * wrong and where; borrowed likewise.
 */
enum map_rc mapper_map(struct mapper *mp, const struct provider *p,
    const struct message *m, int64_t received, struct event *e,
    const char **reason);

/*
 * Is something else to be kept of the last message than its body, mapped or
 * not, as mapper_lean() and mapper_drop() asked for?  *body is that, borrowed
 * likewise; NULL: nothing of it may be kept.  Else they are left as they are.
 */
bool mapper_rest(const struct mapper *mp, const char **body, size_t *len);

/*
 * Lines to be kept after its headers: what was to be dropped, and the digest of
 * the whole body; "": nothing was.  An event has in its headers what it needs
 * of them.
 */
const char *mapper_marks(const struct mapper *mp);

/*
 * After MAP_MALFORMED of a body that is no JSON: where it stops to be it,
 * counted from 1.  It is no part of the reason, by which deliveries are
 * counted.  Returns false where there is no such place.
 */
bool mapper_where(const struct mapper *mp, size_t *line, size_t *column);

/*
 * The headers that the last message was mapped by, as far as it was, as
 * message_headers() writes them; "": none.  Others do not tell two messages
 * apart: whoever has seen one can change them.  Borrowed likewise.
 */
const char *mapper_headers(const struct mapper *mp);

/* The last body as it was read; NULL: it was not.  Borrowed likewise. */
struct json *mapper_body(const struct mapper *mp);

/* Let go of the last event, whose body may have been a large one. */
void mapper_release(struct mapper *mp);

#endif /* !MAP_H */
