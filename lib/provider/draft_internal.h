/*
 * draft_internal - what the parts of draft share: the samples gathered by
 * pointer, and how a place among them is chosen, written and remarked on.
 */
#ifndef DRAFT_INTERNAL_H
#define DRAFT_INTERNAL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "provider/draft.h"
#include "provider/draft_words.h"
#include "provider/json.h"

#define DRAFT_COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define PICKS_MAX 6 /* places of one guess */
#define FIT_MIN 48 /* a guess that is less sure is left out */
#define FIT_SURE 90 /* needed of a member that no sample has a value of */
#define WORD_MAX 64 /* bytes; a longer value is text, not a word */
#define FACTS_GUESSED 16
#define EPOCH_MIN 946684800.0 /* 2000: a smaller number is no instant */
#define EPOCH_MAX 4102444800.0 /* 2100 */
#define REMARK_SIZE 400
#define SAMPLE_SIZE 48 /* bytes of a value in a remark */

/* What stands at one pointer, in each of the samples. */
struct spot {
	const char *path;
	char own[DRAFT_PHRASE_SIZE]; /* its name, as draft_words_split() */
	char whole[DRAFT_PHRASE_SIZE]; /* after that of what it stands in */
	size_t depth;
	bool used; /* looked at for the transcript */
	bool in_dynamic; /* in an object whose members the customer names */
	size_t bodies; /* samples that have something here */
	struct json *value[DRAFT_BODIES_MAX]; /* borrowed; or NULL */
};

struct draft {
	struct json *body[DRAFT_BODIES_MAX];
	size_t bodies;
	bool json, form; /* kinds seen */
	struct arena *arena; /* of spots and their paths */
	struct spot **spot;
	size_t spots;
	struct json *index; /* path to number of the spot */
	struct json *out; /* the definition under way */
	struct json *event, *call, *review; /* of it, each a reference */
	bool failed; /* memory ran out */
};

/* The places of a guess, the best first. */
struct pick {
	const struct spot *spot[PICKS_MAX];
	size_t spots;
	int fit;
	const struct spot *second; /* what it might be instead, or NULL */
};

/* What the values of a member must look like. */
enum shape {
	SHAPE_ID,
	SHAPE_NUMBER, /* of a telephone */
	SHAPE_INSTANT,
	SHAPE_DURATION,
	SHAPE_INTEGER,
	SHAPE_FLAG,
	SHAPE_WORD,
	SHAPE_TEXT,
	SHAPE_URL,
	SHAPE_MONEY,
	SHAPE_DIRECTION
};

/* What a table of types is made of. */
struct kinds {
	struct pick type, call; /* where it is, and the id of the call */
	struct pick heard, status, reason, result; /* evidence of an outcome */
	struct pick link; /* of a recording */
	bool links; /* a sample that tells no type has that: "recording" */
	const char *other; /* the type of one that has neither */
	bool answers; /* some type or status says that a person answered */
};

/* --- values: draft_pick.c ------------------------------------------------- */

/* The text of a text or an integer, else NULL. */
const char *draft_text_of(struct json *j);

/* The number that a number, or a text of one, is; false: none. */
bool draft_number_of(struct json *j, double *out);

/* The enum when_format of an instant, or -1. */
int draft_instant_format(struct json *j);

/* The direction that a value, or a flag of that name, tells; NULL: none. */
const char *draft_direction_of(const struct spot *s, struct json *j);

/* The words of a value; none of a sentence, an object or a list. */
void draft_plain_words(struct json *j, char out[DRAFT_PHRASE_SIZE]);

bool draft_same_value(struct json *a, struct json *b);

/* Has any sample a value of that type there? */
bool draft_spot_is(
    const struct draft *d, const struct spot *s, enum json_kind type);

/* --- choosing: draft_pick.c ----------------------------------------------- */

/* How well the spot fits a member, by name, shape and depth; 0: not. */
int draft_spot_fit(const struct draft *d, const struct spot *s,
    const char *member, enum shape shape);

/*
 * The spot that fits best, then those that fit well and never contradict the
 * ones before.  Returns whether there is any.
 */
bool draft_choose(const struct draft *d, const char *member, enum shape shape,
    struct pick *p);

bool draft_is_picked(const struct pick *p, const struct spot *s);

/* What the first of the places that has something has in a sample. */
struct json *draft_first_value(const struct pick *p, size_t body);

/* --- writing: draft_pick.c ------------------------------------------------ */

/* A text; an object or a list of nothing.  NULL sets d->failed. */
struct json *draft_word(struct draft *d, const char *text);
struct json *draft_object(struct draft *d);
struct json *draft_list(struct draft *d);
/* A value as text; NULL sets d->failed. */
const char *draft_text(struct draft *d, struct json *j);
/* How many members or items; 0: it is NULL. */
size_t draft_count(struct json *j);
/* Add a member or an item, which is taken over.  NULL sets d->failed. */
void draft_put(
    struct draft *d, struct json *in, const char *name, struct json *value);
void draft_push(struct draft *d, struct json *list, struct json *value);

/* The places of a pick, one or a list; and {"at": PLACES}. */
struct json *draft_places(struct draft *d, const struct pick *p);
struct json *draft_at(struct draft *d, const struct pick *p);

/* "/NAME" as a text. */
struct json *draft_pointer(struct draft *d, const char *name);

/* Add a remark; that on a pick says why, and what it might be instead. */
void draft_review(struct draft *d, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));
void draft_review_pick(
    struct draft *d, const char *member, const struct pick *p);

/* --- the parts ------------------------------------------------------------ */

/* "call", and "time" of "event". */
void draft_call_write(
    struct draft *d, struct json *event, const struct pick *id);
void draft_talk_write(struct draft *d);

/* Find what the types are told by; write where they are, and their table. */
void draft_types_find(const struct draft *d, struct kinds *k);
void draft_types_write_place(
    struct draft *d, struct json *event, struct kinds *k);
void draft_types_write(struct draft *d, const struct kinds *k);

#endif /* !DRAFT_INTERNAL_H */
