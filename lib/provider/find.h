/*
 * find - what is at the places of a rule, before it is read as anything.
 *
 * The half of value.h that looks: in the body, in headers, in the query, and
 * in what conditions, lists of entries and joined texts make of them.
 */
#ifndef FIND_H
#define FIND_H

#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "base/zone.h"
#include "provider/definition.h"
#include "provider/message.h"

/* Where rules look, and what they need to work. */
struct scope {
	struct json *root; /* what pointers start from */
	const struct message *message;
	const struct provider *provider; /* of the message */
	const struct zone *zone; /* of instants without offset; NULL: UTC */
	struct arena *arena;
	struct buf *work;
	struct buf *used; /* headers that gave a value, as message_headers() */
	bool failed; /* memory ran out */
	bool cut; /* a limit of map.h left something out */
	bool cut_talk; /* of the transcript: it is as long as it may be */
};

/* Either a node of the body, or text. */
struct found {
	struct json *node; /* NULL: it is text */
	const char *text;
	size_t len;
};

/*
 * Find what r reads, without its alternatives and `among`.  false: nothing is
 * there, or a condition does not hold.  A constant without a place is found as
 * an empty text.
 */
bool find_value(struct scope *s, const struct rule *r, struct found *f);

/*
 * The first place of r in the body that has something, without the alternatives
 * of r; NULL: none.
 */
struct json *find_node(struct scope *s, const struct rule *r);

/*
 * The whole text of what was found.  scalar: a boolean or a number with a
 * fraction is text too, as it is where words are looked up.
 */
bool find_text(
    struct scope *s, const struct found *f, bool scalar, struct word *w);

/*
 * Copy text, cut to max bytes and without NUL bytes.  false: it is empty, or
 * memory ran out.
 */
bool find_clean(struct scope *s, const char *text, size_t len, size_t max,
    struct word *out);

/*
 * j as JSON, a number as it was written, cut to max bytes.  false: memory ran
 * out.
 */
bool find_json(struct scope *s, struct json *j, size_t max, struct word *out);

/* A copy that lives as long as the message; false: memory ran out. */
bool find_keep(struct scope *s, const char *text, size_t len, struct word *out);

/* A list or an object under way. */
struct entries {
	struct json *in;
	size_t next;
};

/* The entries of what the rule `among` reads, and the next of them. */
struct entries find_entries(struct scope *s, const struct rule *among);
bool find_entry(struct entries *e, struct json **out);

#endif /* !FIND_H */
