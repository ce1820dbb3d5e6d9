/*
 * load - reading a definition's JSON strictly, with all faults reported.
 *
 * A fault is a line `FILE: POINTER: REASON`.  The pointer is a chain on the
 * stack of the readers, so that a reader need not know where it stands.
 */
#ifndef LOAD_H
#define LOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buf.h"
#include "provider/definition.h"
#include "provider/json.h"

/* Places that others are relative to: a part of the list of all. */
struct load_base {
	const struct place_read *first, *last; /* NULL: the body */
	enum place_base kind;
};

/* A value and where it stands; up is NULL at the top. */
struct node {
	const struct node *up;
	const char *key; /* member of up, or NULL: item number index */
	size_t index;
	struct json *json; /* NULL: not there, or null */
};

struct loader {
	const char *file;
	struct arena *arena;
	struct buf *why;
	bool failed;
	struct place_read *places, *last; /* all that were read so far */
	struct load_base in; /* where pointers begin now */
	enum place_use use; /* what places are named for now */
	struct node tables; /* the object `tables`; json NULL: none */
	struct named_table *named; /* those of it that were used */
};

/* Which words a value may have, besides the kind of its field. */
enum load_words {
	WORDS_ANY, /* any word; one that is in no table counts as absent */
	WORDS_FREE, /* any word; one that is in no table stays */
	WORDS_DIRECTION,
	WORDS_BOOLEAN,
	WORDS_STATE,
	WORDS_OUTCOME,
	WORDS_SPEAKER,
	WORDS_VERDICT,
	WORDS_ENDER
};

/* One of `tables`, read for such words. */
struct named_table {
	struct json *json;
	enum load_words words;
	bool prefixes;
	const struct table *table; /* NULL: it has faults */
	struct named_table *next;
};

void load_fault(struct loader *l, const struct node *n, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

/* n bytes of zero; NULL after a fault that says memory ran out. */
void *load_alloc(struct loader *l, size_t n);

/* Is it an object with no members but those?  known ends with NULL. */
bool load_object(
    struct loader *l, const struct node *n, const char *const *known);

/* The member of an object; its json is NULL if it is not there. */
struct node load_member(const struct node *n, const char *key);

/* The item of an array. */
struct node load_item(const struct node *n, size_t index);

/* Is it an array of 1 to max items? */
bool load_list(
    struct loader *l, const struct node *n, size_t max, size_t *items);

/* A string of 1 to max bytes without control characters; NULL: a fault. */
const char *load_string(struct loader *l, const struct node *n, size_t max);

/* The same, or `missing` where it is missing (NULL: that is a fault). */
const char *load_string_or(
    struct loader *l, const struct node *n, size_t max, const char *missing);

/* The number of the word among n words; -1: a fault. */
int load_word(struct loader *l, const struct node *n, const char *const *words,
    size_t count, int missing);

/* Places: one, alternatives, or relative to an entry (body only). */
bool load_place(
    struct loader *l, const struct node *n, bool relative, struct place *out);
bool load_places(struct loader *l, const struct node *n, bool relative,
    const struct place **out, size_t *count);

/* The places that were read after `mark`, which was l->last before. */
struct load_base load_after(const struct loader *l,
    const struct place_read *mark, enum place_base kind);

/*
 * From now on pointers begin at those.  Returns what l->in is to be set to
 * afterwards.
 */
struct load_base load_enter(struct loader *l, struct load_base in);

/* A header's name, and its CGI variable. */
const char *load_header(struct loader *l, const struct node *n,
    const char *name, const char **variable);

/*
 * Take out of the rules of type and identity the places that no signature
 * covers, where there are others; p is loaded otherwise.
 */
void load_drop_unsigned(struct loader *l, struct provider *p);

/* Is the member there, and true? */
bool load_flag(struct loader *l, const struct node *n);

/* A word of ours, or any text; NULL: not there, or a fault. */
const struct word *load_constant(
    struct loader *l, const struct node *n, enum load_words words);

/* A table, or the name of one; NULL where it is not there or has faults. */
const struct table *load_table(struct loader *l, const struct node *n,
    enum load_words words, bool prefixes);

/* The object `tables`, and, once all is read: was each of them used? */
void load_tables(struct loader *l, const struct node *n);
void load_tables_used(struct loader *l);

/* A value; NULL where it is not there or has faults. */
const struct rule *load_rule(struct loader *l, const struct node *n,
    enum call_kind kind, enum load_words words, bool relative);

/* How the places of a condition may be written. */
enum load_at {
	AT_MESSAGE, /* as any place of a value */
	AT_ENTRY, /* pointers alone, into an entry */
	AT_REQUEST, /* also `method` and `query` */
	AT_REQUEST_HEAD /* likewise, but the body is not read yet */
};

/* `when`, one condition or a list of them; none where it is not there. */
void load_when(struct loader *l, const struct node *n, enum load_at where,
    struct conditions *out);

/* The members of a transcript; its list is at the places after mark. */
void load_turns(struct loader *l, const struct node *n,
    const struct place_read *mark, struct rule *rule);

/* What a group of facts is; *at are its places. */
const struct rule *load_fact_rule(
    struct loader *l, const struct node *n, struct load_base *at);

/* The object `call` into p. */
void load_call(struct loader *l, const struct node *n, struct provider *p);

/* The rules of p with what the `call` of a type has instead; NULL: a fault. */
const struct call_rules *load_own_call(
    struct loader *l, const struct node *n, const struct provider *p);

/* The list `handshake` into p. */
void load_handshakes(
    struct loader *l, const struct node *n, struct provider *p);

/* The object `auth` into p, whose kinds of body are known. */
void load_auth(struct loader *l, const struct node *n, struct provider *p);

/*
 * One scheme of p into out, whose name is set: an object, or a list of
 * alternatives, which follow as out->next.
 */
void load_schemes(struct loader *l, const struct node *n,
    const struct provider *p, struct scheme *out);

/* The type that the JSON of a scheme tells (enum scheme_type); -1: none. */
int load_scheme_type(struct json *scheme);

/* Do schemes of that type have a member of that name? */
bool load_scheme_has(enum scheme_type type, const char *key);

/* The members `signed`, `body_hash`, `unsigned_body`; s->time is known. */
void load_signed(struct loader *l, const struct node *n,
    const struct provider *p, struct scheme *s);

/*
 * Scheme s of p with the members that a source gives by its auth_ keys (NULL:
 * not given, indexed as in config.h), checked as those of a definition are.
 * Allocated in a.  Returns NULL after adding the faults to why.
 */
const struct scheme *load_scheme_with(struct arena *a, const struct provider *p,
    const struct scheme *s, const char *const *key, struct buf *why);

#endif /* !LOAD_H */
