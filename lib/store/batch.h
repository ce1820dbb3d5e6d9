/*
 * batch - what one transaction has read and is going to write.
 *
 * Jobs of a transaction that touch the same rows share them here: a call is
 * read once, all its events are folded into it in memory, and batch_write()
 * writes each row once, before the commit.  Until then the rows in the
 * database are those of before, so whoever asks the database for what a job of
 * this transaction may have changed has batch_write() first.
 *
 * Only who leads (writer.c) comes here.  Everything is in one arena: a pointer
 * is good until batch_write() or batch_forget().
 */
#ifndef BATCH_H
#define BATCH_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "row/row.h"
#include "store/store.h"

#define BATCH_BUCKETS 256 /* of each table of it */
#define BATCH_BYTES                                               \
	(16 * 1024 * 1024) /* of texts, after which it is written \
			    */

struct job;

/* A call that jobs of the transaction are about. */
struct batch_call {
	int64_t number; /* 0: not in the store yet */
	bool asked; /* ahead, for its row */
	bool loaded; /* what follows is known */
	bool changed; /* and is to be written */
	bool erred; /* events told errors, which are to be trimmed */
	struct call_row before, after;
	struct facts *facts; /* of after; NULL: as in its row */
	/*
	 * The greatest time of the events received before the latest, which
	 * tells whether another of that moment is late; if that is known.
	 */
	bool ordered;
	int64_t time_before;

	struct batch_id *ids; /* to be noted */
	struct batch_call *next; /* in the order of their jobs */
	struct batch_call *bucket;
};

/* An id that is told of a call. */
struct batch_id {
	int64_t source;
	const char *id;
	struct batch_call *call;
	bool noted; /* the table `call_alias` has it */
	bool own; /* as the call's own */
	bool note; /* it is to have it */
	struct batch_id *next; /* of the call, that are to be noted */
	struct batch_id *bucket;
};

/* What only the store can tell of an event: columns of its row. */
struct told {
	bool late; /* it came after a later one of the call */
	int64_t paths; /* facts of greater path ids are left out; 0: of none */
};

/* An event to be inserted. */
struct batch_event {
	struct job *job;
	struct batch_call *call; /* or NULL */
	int variant;
	struct told told;
	int64_t seq; /* once it is inserted */
	struct batch_event *next; /* in the order of their jobs */
	struct batch_event *bucket;
};

/* Further deliveries of an event. */
struct batch_repeat {
	struct batch_event *event; /* of this transaction, or NULL: */
	int64_t seq; /* one that was there */
	int64_t count, last;
	struct batch_repeat *next;
};

/* A job whose number is that of an event of the same transaction. */
struct batch_number {
	struct job *job;
	const struct batch_event *event;
	struct batch_number *next;
};

/* Facts being joined, and memory for them that is kept. */
struct batch_facts {
	struct facts set;
	struct batch_facts *next;
};

struct batch {
	struct arena *arena;
	bool used; /* there is something to be forgotten */
	size_t bytes; /* of memory */
	struct batch_call *by_number[BATCH_BUCKETS];
	struct batch_id *by_id[BATCH_BUCKETS];
	struct batch_event *by_key[BATCH_BUCKETS];
	struct batch_call *calls, **last_call;
	struct batch_event *events, **last_event;
	struct batch_repeat *repeats;
	struct batch_number *numbers;
	struct batch_facts *facts, *spare;
	struct day_change *by_agent[BATCH_BUCKETS]; /* day.c */
	struct day_change *days;
};

/* The bucket of a text. */
size_t batch_bucket(const char *text);

/* 0, or -1: no memory. */
int batch_init(struct batch *b);
void batch_free(struct batch *b);

/* Nothing is read and nothing to be written: at the end, or undone. */
void batch_forget(struct store *st);

/* Memory until then; NULL: there is none. */
void *batch_alloc(struct store *st, size_t n);
char *batch_strndup(struct store *st, const char *text, size_t n);

/* An empty set.  NULL: no memory. */
struct facts *batch_facts(struct store *st);

/* Write all rows, and forget them. */
enum store_rc batch_write(struct store *st);

/* Write all; *number is that of c, which has one then. */
enum store_rc batch_write_call(
    struct store *st, struct batch_call *c, int64_t *number);

/* The call of that number; its row is not read yet.  NULL: no memory. */
struct batch_call *batch_call_of(struct store *st, int64_t number);
/* A call that is not in the store.  NULL: no memory. */
struct batch_call *batch_call_new(struct store *st);
/* Read its row, if that was not done. */
enum store_rc batch_call_load(struct store *st, struct batch_call *c);

/* Ask ahead for what batch_find() asks. */
void batch_find_ahead(struct store *st, int64_t source, const char *id);
/*
 * The call of that id or alias, read or not; *found NULL: there is none.
 */
enum store_rc batch_find(
    struct store *st, int64_t source, const char *id, struct batch_id **found);
/* Remember that the id is of the call.  NULL: no memory. */
struct batch_id *batch_id_add(
    struct store *st, int64_t source, const char *id, struct batch_call *c);

/* The first event of that key, and the next of the same; NULL: none. */
struct batch_event *batch_event_find(
    struct store *st, int64_t source, const unsigned char *key);
struct batch_event *batch_event_next(const struct batch_event *e);
/* Insert the event of a job, a content of its key after `variant` others. */
enum store_rc batch_event_add(struct store *st, struct job *j, int variant,
    struct batch_call *c, const struct told *told);
/*
 * Count a further delivery: of an event of this transaction, or if that is
 * NULL, of event seq.
 */
enum store_rc batch_repeat_add(
    struct store *st, struct batch_event *event, int64_t seq, int64_t received);
/* Let the job's number be that of the event, once it has one. */
enum store_rc batch_number_later(
    struct store *st, struct job *j, const struct batch_event *event);

#endif /* !BATCH_H */
