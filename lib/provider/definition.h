/*
 * definition - the compiled form of a definition.
 *
 * What the mapper and the authentication need, resolved once: pointers are
 * split into members, words are checked, tables are sorted.  Everything
 * lies in the provider's arena and never changes after loading.
 */
#ifndef DEFINITION_H
#define DEFINITION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/when.h"
#include "call/call.h"
#include "provider/encoding.h"
#include "provider/message.h"
#include "provider/provider.h"

#define DEFINITION_NAME_MAX 32 /* bytes of a name of ours */
#define DEFINITION_HEADER_MAX 64 /* bytes of a header's name */
#define DEFINITION_TEMPLATE_MAX 16 /* parts of a signed text */
#define DEFINITION_SCHEMES_MAX 8
#define DEFINITION_ALTERNATIVES_MAX 8 /* of one scheme */
#define DEFINITION_WHENS_MAX 16 /* conditions of one `when` */
#define DEFINITION_HANDSHAKES_MAX 8
#define DEFINITION_FACTS_MAX 32 /* groups of facts */
#define DEFINITION_VOLATILE_MAX 64
#define DEFINITION_REVIEWS_MAX 2000 /* remarks of a draft */
#define DEFINITION_EXCEPT_MAX 64 /* members of a group that are no facts */
#define DEFINITION_BULK_MAX 16 /* members that a type may leave out */
#define DEFINITION_ALIASES_MAX 8 /* further ids of one call */
/*
 * Of a platform that signs no content, so many may come with one signature: a
 * call has a few events, which all have that of the call.
 */
#define DEFINITION_CONTENTS_MAX 16
#define DEFINITION_TOLERANCE_MAX (7 * 24 * 3600) /* seconds */

struct json;

/* --- values --------------------------------------------------------------- */

enum place_kind {
	PLACE_BODY,
	PLACE_HEADER,
	PLACE_QUERY, /* one parameter of it */
	/* Of conditions on a request alone: */
	PLACE_METHOD,
	PLACE_WHOLE_QUERY
};

/* One reference token of a JSON Pointer. */
struct step {
	const char *member;
	size_t index; /* the token as an array index; SIZE_MAX: not an index */
};

/* That index of a token (RFC 6901 section 4). */
size_t step_index(const char *token);

struct place {
	enum place_kind kind;
	const char *text; /* as written in the definition */
	const char *name; /* header or parameter; NULL: body */
	const char *variable; /* the header's CGI variable */
	const struct step *step; /* body */
	size_t steps;
};

struct word {
	const char *text;
	size_t len;
};

struct row {
	struct word from, to;
};

/* Either sorted by `from`, or (prefixes) with the longest first. */
struct table {
	struct row *row;
	size_t rows;
	bool loose; /* spellings of a word are the same: case, '-', '_', ' ' */
};

struct names {
	const char **name;
	size_t names;
};

/* How a conversation is written down. */
struct turns {
	bool lines; /* one text, `PREFIX: words` a line; else an array */
	struct names agent, caller; /* prefixes of lines */
	const struct rule *speaker, *text, *time; /* relative to an entry */
	const struct table *speakers;
	bool offset; /* the time counts from the start of the call */
};

/* Something that must hold of a message: for a value, for a request. */
struct condition {
	const struct place *place; /* something is at one of them */
	size_t places;
	const struct word *word; /* its text is one of these; none: any text */
	size_t words;
	bool starts; /* its text begins with one of them */
	bool negate; /* it must not hold */
};

/* Conditions that must all hold. */
struct conditions {
	const struct condition *condition;
	size_t conditions;
};

enum money_unit { MONEY_UNITS, MONEY_CENTS, MONEY__MAX };

/* How leaves become facts. */
enum fact_as { AS_IT_IS, AS_NUMBER, AS_TEXT, AS__MAX };

/* What a rule without `else` makes of a word that is in no table. */
enum unknown_word {
	UNKNOWN_ABSENT,
	UNKNOWN_KEPT, /* the word is the value, unless a later rule gives one */
	UNKNOWN_TOLD /* the value is "unknown", likewise */
};

/* Members that few rules have. */
struct more {
	struct conditions when;
	const struct rule *among; /* a list or an object; NULL: none */
	const struct rule *each; /* the value of one of its entries */
	const struct rule *otherwise; /* `else` of among, a constant */
	const struct rule *const *join; /* texts that are joined */
	size_t joins;
	bool base64; /* the text found is base64 */
	const struct word *constant; /* `is` of a number */
	enum fact_as as; /* of facts */
	bool one_fact; /* the text that was read is the fact */
	enum money_unit money;
	const struct word *code; /* the currency code, or */
	const struct rule *currency; /* where the code is told */
};

/* Where a value is and how it is read. */
struct rule {
	const struct place *place; /* the first that has something wins */
	size_t places;
	enum when_format format; /* of an instant */
	enum when_unit unit; /* of a duration */
	const struct table *map; /* whole words */
	const struct table *starts; /* prefixes */
	enum unknown_word unknown; /* of map and starts */
	const struct word *is; /* stands for anything that is there */
	const struct word *otherwise; /* nothing above gave a value */
	const struct turns *turns; /* of a transcript */
	const struct rule *from, *until; /* of a duration, instead of a place */
	const struct rule *plus, *minus; /* of a number; NULL: nothing */
	const struct more *more; /* NULL: the rule has none of that */
	const struct rule *next; /* tried when this rule gives nothing */
};

/* --- the event ------------------------------------------------------------ */

enum key_part_kind {
	KEY_TYPE,
	KEY_ID,
	KEY_CALL,
	KEY_TIME,
	KEY_BODY,
	KEY_PLACE
};

struct key_part {
	enum key_part_kind kind;
	const struct rule *rule; /* KEY_PLACE */
};

struct fact_group {
	const char *name;
	const struct rule *rule; /* and the next ones */
	const struct place *list_value; /* NULL: no list of entries */
	const struct place *list_name; /* NULL: the name of the member */
	const struct place *except; /* members that are no facts */
	size_t excepts;
};

/* Where the platform lists errors; the rules are relative to an entry. */
struct errors_rule {
	const struct rule *at;
	const struct rule *code, *message, *phase, *place, *time;
};

/* What an event tells of its call. */
struct call_rules {
	const struct rule *id;
	const struct rule *const *alias; /* further ids */
	size_t aliases;
	const struct rule *field[FIELD__MAX];
	const struct rule *ours,
	    *theirs; /* numbers; the direction sorts them */
	const struct fact_group *fact;
	size_t facts;
	const struct errors_rule *errors; /* or NULL */
};

struct type_row {
	struct word name; /* if it ends with '*', also a prefix */
	bool no_call; /* such an event belongs to no call */
	bool count; /* such events are counted, not kept */
	bool answer; /* such a request wants content back */
	const struct place *bulk; /* members that a source may drop */
	size_t bulks;
	const struct rule *state;
	const struct rule *outcome;
	const struct call_rules *call; /* its own, whole; NULL: that of all */
};

/* --- requests ------------------------------------------------------------- */

/* What a dashboard sends to see whether the address is right. */
struct handshake {
	bool get; /* else POST */
	struct conditions when;
	const struct place *echo; /* what it wants back; NULL: nothing */
	const char *header; /* what it wants it back in; NULL: the body */
};

/* --- authentication ------------------------------------------------------- */

enum scheme_type {
	SCHEME_HMAC,
	SCHEME_RSA,
	SCHEME_ED25519,
	SCHEME_BEARER,
	SCHEME_BASIC,
	SCHEME_TOKEN,
	SCHEME_JWT,
	SCHEME__MAX
};

/* How a message proves its sender: by a secret or by a public key. */
enum scheme_proof {
	PROOF_SECRET, /* is sent as it is */
	PROOF_HMAC,
	PROOF_RSA,
	PROOF_P256, /* ECDSA over the curve P-256 */
	PROOF_ED25519
};

enum scheme_hash { HASH_MD5, HASH_SHA1, HASH_SHA256, HASH_SHA512, HASH__MAX };
enum scheme_padding { PADDING_PKCS1, PADDING_PSS, PADDING__MAX };
enum scheme_time { TIME_NONE, TIME_HEADER, TIME_ITEM };

enum part_kind {
	PART_TEXT,
	PART_BODY,
	PART_BODY_HASH, /* its MD5 or SHA-256 */
	PART_TIME,
	PART_HEADER,
	PART_METHOD,
	PART_URL, /* the source's public address, with the query */
	PART_URL_PATH, /* the same without the query */
	PART_PATH, /* the part of it after the host */
	PART_QUERY, /* as it was sent */
	PART_QUERY_SORTED, /* name=value, decoded and sorted, & between */
	PART_QUERY_VALUE, /* of one parameter, decoded */
	PART_FORM, /* the fields of a form, sorted, equal ones once */
	PART_FORM_SORTED, /* the same, with all of them */
	PART_POINTER /* a text or an integer in the body */
};

/* One piece of the signed text. */
struct part {
	enum part_kind kind;
	const char *text; /* PART_TEXT; the name of a header or parameter */
	size_t len;
	const char *variable; /* PART_HEADER */
	enum scheme_hash hash; /* PART_BODY_HASH */
	enum encoding encoding;
	bool raw; /* PART_BODY_HASH: its bytes, in no encoding */
	struct place place; /* PART_POINTER */
};

struct scheme {
	const char *name;
	const struct scheme *next; /* the next alternative */
	struct conditions when; /* applies if these hold; none: always */
	enum scheme_type type;
	enum scheme_proof proof;
	const char *header; /* NULL: none */
	const char *variable; /* the header's */
	enum scheme_hash hash;
	enum encoding encoding;
	enum scheme_padding padding;
	const char *prefix; /* of a signature or token, "" */
	const char *separator; /* of items in the header; NULL: one value */
	struct part part[DEFINITION_TEMPLATE_MAX];
	size_t parts;
	const char *body_hash; /* parameter of the query; NULL: none */
	bool unsigned_body; /* the definition says that it is */
	/*
	 * How many contents may come with one signature, of those that its
	 * text allows; 0: it allows but one.
	 */
	int contents;
	const char *claim; /* of a JWT: the body's hash; NULL: none */
	const char *time_claim; /* of a JWT that is the body; NULL: none */
	const char *algorithm; /* of a JWT */
	bool token_body; /* the JWT is the body itself */
	enum scheme_time time;
	const char *time_name; /* header's name or item's prefix */
	const char *time_variable;
	enum when_format time_format;
	int64_t tolerance; /* ms */
	bool secret_base64;
	const char *secret_prefix; /* removed where it is present; "": none */
};

/* --- the places ----------------------------------------------------------- */

/* What a definition names a place for. */
enum place_use {
	USE_READ, /* a value is read there */
	USE_WHOLE, /* all that is below it is taken: facts */
	USE_PARSE, /* `parse` */
	USE_VOLATILE, /* `volatile` */
	USE_BULK, /* `bulk` of a type */
	USE_EXCEPT, /* `except` of facts */
	USE_COPY /* `copies` */
};

/* Where the pointer of a place begins. */
enum place_base {
	BASE_BODY, /* at the body; also for a header or a parameter */
	BASE_ENTRY, /* at each entry of the list or object `of` */
	BASE_ERROR, /* at each entry of a list, or at an object itself */
	BASE_SELF /* at what `of` is itself */
};

/*
 * One place that the definition names.  Where it is relative to one of several
 * places, it is here once for each of them.
 */
struct place_read {
	struct place place; /* text as written, and its steps */
	const char *where; /* pointer into the definition: "/call/agent/0" */
	enum place_use use;
	enum place_base base;
	const struct place_read *of; /* NULL with BASE_BODY alone */
	struct place_read *next; /* in the order of the definition */
};

/* --- the whole ------------------------------------------------------------ */

enum body_kind { BODY_JSON, BODY_FORM, BODY_MULTIPART, BODY_JWT, BODY__MAX };

/* A place of the type or the identity of an event that no signature covers. */
struct unsigned_place {
	const struct place *place;
	bool used; /* the platform has no other; else nobody looks at it */
	struct unsigned_place *next;
};

/* Further places of a body where it tells what a field or a fact is. */
struct copies {
	const char *of; /* "transcript", ..., or a group of facts */
	bool fact; /* the latter */
	const struct place *place;
	size_t places;
};

struct provider {
	struct arena *arena; /* holds all the rest */
	const char *file;
	const char *text; /* as read */
	size_t len;
	const char *name;
	const char *title;
	bool post, get;
	enum body_kind body[BODY__MAX]; /* in the order written */
	size_t bodies;
	struct scheme scheme[DEFINITION_SCHEMES_MAX];
	size_t schemes;
	const struct handshake *handshake;
	size_t handshakes;
	const struct rule *type, *id, *time; /* of the event */
	struct key_part *key;
	size_t keys;
	const struct place *changing; /* `volatile`, a keyword of C */
	size_t changings;
	const struct place *parse; /* texts that are JSON themselves */
	size_t parses;
	const struct copies *copy;
	size_t copies;
	struct call_rules call;
	struct type_row *row; /* sorted by name */
	size_t rows;
	const struct type_row **begin; /* those with '*', the longest first */
	size_t begins;
	struct place_read *places; /* all that the definition names */
	size_t reviews; /* guesses that nobody has reviewed yet */
	struct unsigned_place *unsigned_places; /* of identity and type */
};

/*
 * All the places that the definition names, as a list; NULL: none.  A body's
 * member that no USE_READ leads to and no USE_WHOLE leads above, nor another
 * use, is one that the definition does not know.
 */
const struct place_read *definition_places(const struct provider *p);

/*
 * The kind of body of a Content-Type; "" is the definition's first kind.
 * Returns -1 for a type that the definition does not take.
 */
int provider_body_kind(const struct provider *p, const char *content_type);

/* The row of a type by its name, else by its longest prefix; or NULL. */
const struct type_row *definition_type(
    const struct provider *p, const char *type);

/*
 * The row of a word (map), or of a prefix of it (starts); NULL: none.  In a
 * loose table, a word that is not there is also found in another spelling.
 */
const struct word *table_find(
    const struct table *t, const char *word, size_t len);
const struct word *table_find_prefix(
    const struct table *t, const char *word, size_t len);

#endif /* !DEFINITION_H */
