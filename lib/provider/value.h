/*
 * value - what a rule of a definition finds in a message.
 *
 * A value that is not there and one that cannot be read are the same: absent.
 */
#ifndef VALUE_H
#define VALUE_H

#include <json-c/json.h>
#include <stdbool.h>

#include "base/arena.h"
#include "base/buf.h"
#include "call/call.h"
#include "http/message.h"
#include "provider/definition.h"

/* Where rules look, and what they need to work. */
struct scope {
	struct json_object *root; /* what pointers start from */
	const struct message *message;
	const struct zone *zone; /* of instants without offset; NULL: UTC */
	struct arena *arena;
	struct buf *work;
	struct buf *used; /* headers that gave a value, as message_headers() */
	bool failed; /* memory ran out */
};

/*
 * The first place of r, its next ones apart, that has something; NULL: none,
 * or not in the body.
 */
struct json_object *value_node(struct scope *s, const struct rule *r);

/*
 * Text of at most MAP_TEXT_MAX bytes without NUL bytes; of the message's life.
 * An integer is its digits.
 */
bool value_text(struct scope *s, const struct rule *r, struct word *out);

/* The same of a string, of at most max bytes. */
bool value_clean(struct scope *s, const char *text, size_t len, size_t max,
    struct word *out);

/* A value of that kind; KIND_JSON is transcript.h's. */
bool value_read(struct scope *s, const struct rule *r, enum call_kind kind,
    struct value *out);

#endif /* !VALUE_H */
