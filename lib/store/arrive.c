#include "store/internal.h"

#include "base/when.h"

/*
 * What arrived and what became of it.  The deliveries of one batch are mostly
 * alike, so they are counted in memory and written before the commit: a row
 * for each kind, not for each delivery.
 *
 * A delivery is counted once, when it arrives.  To requeue one is none: it
 * stays counted as what it was when it came.
 */

static int
delay_class(int64_t ms)
{
	for (int i = 0; i < CLASS_DELAYS - 1; i++)
		if (ms < class_delay[i])
			return i;
	return CLASS_DELAYS - 1;
}

static enum arrival
result_of(const struct job *j, enum store_rc rc)
{
	if (rc == STORE_REUSED)
		return ARRIVAL_REJECTED;
	switch (j->kind) {
	case JOB_QUARANTINE:
		return ARRIVAL_QUARANTINED;
	case JOB_REJECT:
		return ARRIVAL_REJECTED;
	case JOB_COUNT:
		return rc == STORE_DUPLICATE ? ARRIVAL_DUPLICATE
					     : ARRIVAL_COUNTED;
	case JOB_HANDSHAKE:
		return ARRIVAL_HANDSHAKE;
	case JOB_EVENT:
	case JOB_REQUEUE:
	case JOB_REFUSED:
	case JOB_PROBE:
	case JOB_INDEX:
	case JOB_KEEP:
		break;
	}
	if (rc == STORE_DUPLICATE)
		return ARRIVAL_DUPLICATE;
	if (rc == STORE_FORGOTTEN)
		return ARRIVAL_COUNTED;
	if (rc == STORE_QUARANTINED)
		return ARRIVAL_QUARANTINED;
	return rc == STORE_VARIANT ? ARRIVAL_VARIANT : ARRIVAL_STORED;
}

static bool
same_kind(const struct arrival_row *a, const struct arrival_row *b)
{
	return a->day == b->day && a->hour == b->hour &&
	    a->source == b->source && a->result == b->result &&
	    a->delay == b->delay;
}

enum store_rc
arrival_count(struct store *st, const struct job *j, enum store_rc became)
{
	struct arrival_row row = {.source = j->source, .delay = -1, .count = 1};
	int64_t received;
	struct when_local local;
	enum store_rc rc;

	if (j->source == 0 || j->kind == JOB_REQUEUE || became == STORE_NO_ROOM)
		return STORE_OK;
	received = j->delivery->received;
	when_local(received, &local);
	row.last = received;
	row.day = local.day;
	row.hour = local.hour;
	row.result = result_of(j, became);
	if (row.result == ARRIVAL_STORED && j->event->time_known)
		row.delay = delay_class(j->event->received - j->event->time);

	for (size_t i = 0; i < st->arrivals; i++)
		if (same_kind(&st->arrival[i], &row)) {
			st->arrival[i].count++;
			if (st->arrival[i].last < received)
				st->arrival[i].last = received;
			return STORE_OK;
		}
	if (st->arrivals == ARRIVAL_ROWS_MAX &&
	    (rc = arrivals_write(st)) != STORE_OK)
		return rc;
	st->arrival[st->arrivals++] = row;
	return STORE_OK;
}

enum store_rc
arrivals_write(struct store *st)
{
	enum store_rc rc = STORE_OK;
	struct statement *s;

	db_gather(st->db, true);
	for (size_t i = 0; i < st->arrivals && rc == STORE_OK; i++) {
		const struct arrival_row *a = &st->arrival[i];

		if ((s = db_statement(st->db,
			 "INSERT INTO arrival (day, hour, source, result,"
			 " delay, count, last) VALUES (?1, ?2, ?3, ?4, ?5,"
			 " ?6, ?7) ON CONFLICT (day, hour, source, result,"
			 " delay) DO UPDATE SET" ROW_COUNT_ON("arrival")
			     ROW_LAST_ON("arrival"))) == NULL) {
			rc = STORE_ERROR;
			break;
		}
		db_bind_int(s, 1, a->day);
		db_bind_int(s, 2, a->hour);
		db_bind_int(s, 3, a->source);
		db_bind_int(s, 4, (int)a->result);
		db_bind_int(s, 5, a->delay);
		db_bind_int(s, 6, a->count);
		db_bind_int(s, 7, a->last);
		rc = stmt_run(s);
	}
	db_gather(st->db, false);
	st->arrivals = 0;
	return rc;
}
