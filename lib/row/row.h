/*
 * row - what the rows of the tables say, for who writes them and who asks.
 *
 * A function here reads the row that a statement is at; what it fills in is
 * borrowed until the next step of that statement.  Nothing is written.
 */
#ifndef ROW_H
#define ROW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/config.h"
#include "call/call.h"
#include "call/facts.h"
#include "call/fold.h"
#include "db/db.h"

/*
 * Which events of a call came late is known of so many, for statements as text.
 * Rows of an older version have no column for it, and are compared.
 */
#define ROW_COMPARED_MAX 1000
#define ROW_TEXT(n) #n
#define ROW_TEXT_OF(n) ROW_TEXT(n)
#define ROW_COMPARED ROW_TEXT_OF(ROW_COMPARED_MAX)

/* Rows of the quarantine that a source has at most. */
#define ROW_QUARANTINE_MAX 20000

/* One delivery.  Borrowed. */
struct delivery {
	const char *source; /* name in the configuration */
	const char *provider;
	const char *content_type; /* "" where none was told */
	const char *headers; /* text of message_headers(), or NULL */
	const char *body; /* as received */
	size_t len;
	int64_t received; /* ms */
	/*
	 * Of who writes.  used: headers by which it was mapped, or could not
	 * be; NULL: none.  binding: NULL: nothing of it is signed.
	 */
	const char *used;
	const struct binding *binding;
	bool gone; /* nothing of the body is to be kept; it is "" here */
};

/* An event as stored. */
struct stored_event {
	int64_t number; /* seq: the durable cursor */
	const char *source;
	const char *provider;
	unsigned char key[EVENT_KEY_SIZE];
	unsigned char digest[EVENT_KEY_SIZE];
	bool variant; /* a further content of the event's key */
	const char *content_type;
	const char *headers; /* those the mapping used, or NULL */
	const char *body;
	size_t len;
	bool gone; /* the body, with the headers, is not kept any more */
	bool note; /* not a platform's: the body is a note of Callbook's own */
	int64_t received;
	unsigned flags; /* CALL_VARIANT, CALL_LATE, CALL_CUT: of this event */
	int64_t paths; /* facts of greater path.id are left out; 0: of none */
	int64_t repeats; /* further deliveries */
	int64_t repeated; /* ms, the last of them; 0: none */
};

/* A row of `call`. */
struct call_row {
	int64_t number; /* 0: not in the store yet */
	int64_t source;
	const char *id;
	bool nameless; /* id is an alias: no event told one of the call's own */
	int64_t events; /* contents: variants are counted */
	int64_t day;
	int hour;
	struct call call;
	struct call_view view;
	/* Of who writes: facts_encode()'s bytes; NULL: rows of `fact`. */
	const char *facts;
	size_t facts_len;
	bool whole; /* columns may not be as it would be written now */
};
/* Beside enum call_state in the column `states`: the row is nameless. */
#define NAMELESS (1u << STATE__MAX)

/*
 * Which columns a field has: a number, a text, or both in this order.  A
 * field that was not told has NULL in all of them.
 */
bool row_has_number(enum call_kind kind);
bool row_has_text(enum call_kind kind);

/*
 * What was never stored of an event with these headers (NULL: none): n bytes of
 * words as `drop` of callbook.conf(5) has them, or NULL.
 */
const char *row_dropped(const char *headers, size_t *n);

/* A text that is never NULL, unless memory ran out. */
const char *row_text(struct statement *s, int i);

/*
 * No row of a store that we wrote has a greater count, or sum of milliseconds
 * (317 years), and those of very many rows can be added.
 */
#define ROW_COUNT_MAX INT64_C(10000000000000)
/* A count; -1: it is none, the row is damaged. */
int64_t row_count(struct statement *s, int i);
/* A time in ms; 0: it is none that is ever stored. */
int64_t row_time(struct statement *s, int i);
/*
 * What an INSERT does ON CONFLICT with a row of that table: its count and its
 * last time go on.  What is damaged begins from nothing.
 */
#define ROW_COUNT_ON(table)                                   \
	" count = CASE WHEN " table ".count BETWEEN 0"        \
	" AND 10000000000000 THEN " table ".count ELSE 0 END" \
	" + excluded.count,"
#define ROW_LAST_ON(table)                                            \
	" last = CASE WHEN " table ".last BETWEEN excluded.last"      \
	" AND 253402300799999 THEN " table ".last ELSE excluded.last" \
	" END"

/* Days that a time which is stored can be of. */
#define ROW_DAY_FIRST (-1) /* west of Greenwich, before 1970 */
#define ROW_DAY_LAST (WHEN_MAX / (24 * 60 * 60 * 1000) + 1)
/*
 * A day, by which a caller may count.  0, or -1: no time that is stored is of
 * it.
 */
int row_day(struct statement *s, int i, int64_t *day);

/* A row does not make sense: logged, and done with the statement. */
void row_damaged(struct db *db, struct statement *s, const char *table);

/*
 * Read a call from column `first` on: number, source, id, state, outcome,
 * answered, flags, day, hour, events, states, first_time, last_time,
 * first_received, last_received, ended_time, begun_told, connected_told,
 * ended_told, stamps, and the columns of the fields in the order of
 * enum call_field.
 */
void row_call(struct statement *s, int first, struct call_row *r);

/*
 * Let f be the facts of the call of that number, whose `facts` are column i;
 * where that is NULL, it may have them in rows of an older version.  Texts are
 * borrowed from the row, or f's own.  A failure is logged: DB_CORRUPT: they
 * are damaged; DB_ERROR with f->failed: no memory.
 */
enum db_rc row_facts(
    struct db *db, struct statement *s, int i, int64_t call, struct facts *f);

/*
 * Read an event: seq, the source's name and provider, key, variant,
 * content_type, headers, body, received, count and last of `repeat`, digest,
 * size; then whether it is a variant, and late, and paths.  body holds the body
 * where it was compressed, as long as e is used.  Returns 0, or -1 after
 * logging: it does not inflate, or with body->failed there was no memory;
 * everything else of e is there.
 */
int row_event(struct db *db, struct statement *s, struct stored_event *e,
    struct buf *body);

/*
 * The name in `meta` of the hash of ROW_KEY_TEXT, in hexadecimal, under the key
 * of what was forgotten: it tells that key from another.
 */
#define ROW_KEY_META "forgotten key"
#define ROW_KEY_TEXT "key:"

/* In place of the length, event.size says what there is in place of a body. */
#define ROW_BODY_GONE (-1) /* nothing: it is not kept any more */
#define ROW_BODY_NOTE (-2) /* JSON of Callbook's own, as it is */

/*
 * Inflate what event.size says is size bytes into out.  0, or -1: it is
 * damaged, or with out->failed there was no memory.
 */
#define ROW_BODY_MAX CONFIG_BODY_MAX_MAX /* bytes: none longer is packed */
int row_body(const void *data, size_t n, int64_t size, struct buf *out);

#endif /* !ROW_H */
