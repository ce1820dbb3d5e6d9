/*
 * signed - the text that a signature is over.
 *
 * Private to the authentication: the same for who verifies and who signs.
 */
#ifndef SIGNED_H
#define SIGNED_H

#include <stdbool.h>

#include "base/buf.h"
#include "http/message.h"
#include "provider/definition.h"

#define SIGNED_QUERY_VARIABLE "QUERY_STRING"

struct signed_text {
	const struct scheme *scheme;
	const struct message *message;
	const char *url; /* without query; NULL: the scheme needs none */
	const char *query; /* "": none */
	const char *time; /* as text; NULL: the scheme needs none */
	size_t time_len;
	const char *id; /* in place of every header; NULL: the message's */
	struct buf form; /* the fields, sorted */
};

enum signed_rc { SIGNED_OK = 0, SIGNED_BAD, SIGNED_ERROR };

/*
 * Start with what the message alone tells: query and form.  SIGNED_BAD: a
 * form that is none.  Free with signed_free() whatever it returns.
 */
enum signed_rc signed_init(struct signed_text *t, const struct provider *p,
    const struct scheme *s, const struct message *m);
void signed_free(struct signed_text *t);

/* Give the text to add() piece by piece.  Returns 0, or -1 as add() did. */
int signed_feed(const struct signed_text *t,
    int (*add)(void *arg, const void *data, size_t n), void *arg);

/* An add() for a struct buf. */
int signed_add_to_buf(void *arg, const void *data, size_t n);

/* Does the scheme's text have such a part? */
bool signed_has(const struct scheme *s, enum part_kind kind);

/* Is the message's body a form, by the rule of the mapper? */
bool signed_is_form(const struct provider *p, const struct message *m);

#endif /* !SIGNED_H */
