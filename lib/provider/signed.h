/*
 * signed - the text that a signature is over.
 *
 * Private to the authentication: the same for who verifies and who signs.
 */
#ifndef SIGNED_H
#define SIGNED_H

#include <stdbool.h>

#include "base/buf.h"
#include "provider/definition.h"
#include "provider/message.h"

struct signed_text {
	const struct scheme *scheme;
	const struct message *message;
	const char *url; /* without query; NULL: the scheme needs none */
	const char *query; /* "": none */
	const char *time; /* as text; NULL: the scheme needs none */
	size_t time_len;
	const char *id; /* in place of a header that is missing, or NULL */
	struct buf made[DEFINITION_TEMPLATE_MAX]; /* of parts that are made */
};

enum signed_rc {
	SIGNED_OK = 0,
	SIGNED_MISSING, /* the message lacks something that is signed */
	SIGNED_BAD, /* it is there, but malformed */
	SIGNED_ERROR
};

/*
 * Start with what the message alone tells.  query is the one that is signed,
 * borrowed: a sender may add to that of the message.  For a place in the body
 * the body is parsed here, by signed_parse(), and let go again.  Free with
 * signed_free() whatever it returns.
 */
enum signed_rc signed_init(struct signed_text *t, const struct provider *p,
    const struct scheme *s, const struct message *m, const char *query);
void signed_free(struct signed_text *t);

/* Give the text to add() piece by piece.  Returns 0, or -1 as add() did. */
int signed_feed(const struct signed_text *t,
    int (*add)(void *arg, const void *data, size_t n), void *arg);

/* An add() for a struct buf. */
int signed_add_to_buf(void *arg, const void *data, size_t n);

/* Does the scheme's text have such a part? */
bool signed_has(const struct scheme *s, enum part_kind kind);

/* Does it need the public address, and does it have the query? */
bool signed_has_address(const struct scheme *s);
bool signed_has_query(const struct scheme *s);

/* Is the body itself in it, or a hash of it? */
bool signed_has_body(const struct scheme *s);

/* Is the message's body a form, by the rule of the mapper? */
bool signed_is_form(const struct provider *p, const struct message *m);

/*
 * Bytes of memory that the values of a body may take when it is parsed before
 * its sender is known: enough for many hours of transcript, but not for the
 * times of all its words.
 */
#define SIGNED_COST_MAX (2 * 1024 * 1024)

/*
 * Parse a body, whoever it is from, within SIGNED_COST_MAX.  SIGNED_BAD: it is
 * compressed, takes more, or is not what its content type says.
 * json_free() the result.
 */
enum signed_rc signed_parse(
    const struct provider *p, const struct message *m, struct json **out);

#endif /* !SIGNED_H */
