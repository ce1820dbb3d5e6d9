#include "store/internal.h"

/*
 * What call_save() writes of a call, in the order that call_bind() binds: a
 * parameter for each column.  Those of fields are in the order of call_field.
 */
#define CALL_STORED                                                            \
	"state, outcome, answered, flags, day, hour,"                          \
	" events, states, first_time, last_time, first_received,"              \
	" last_received, ended_time, begun_told, connected_told, ended_told, " \
	"stamps, trace, agent, direction,"                                     \
	" from_number, to_number, started, ended, duration, recording, "       \
	"status, reason,"                                                      \
	" disposition, summary, attempt, attempts_max, final, next_retry,"     \
	" transcript, agent_name, cost, cost_currency, goal, goal_word,"       \
	" transferred_to, ended_by, campaign"
#define CALL_PARAMETERS                                               \
	"?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?," \
	" ?, ?, ?,"                                                   \
	" ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"

/* In the order that row_call() reads: number on, then as CALL_STORED. */
#define CALL_COLUMNS                                                     \
	"c.number, c.source, c.id, c.state, c.outcome, c.answered,"      \
	" c.flags, c.day, c.hour, c.events, c.states,"                   \
	" c.first_time, c.last_time, c.first_received, c.last_received," \
	" c.ended_time, c.begun_told, c.connected_told, c.ended_told, "  \
	"c.stamps, c.trace, c.agent, c.direction,"                       \
	" c.from_number, c.to_number, c.started, c.ended, c.duration, "  \
	"c.recording, c.status,"                                         \
	" c.reason, c.disposition, c.summary, c.attempt,"                \
	" c.attempts_max, c.final, c.next_retry, c.transcript,"          \
	" c.agent_name, c.cost, c.cost_currency, c.goal, c.goal_word,"   \
	" c.transferred_to, c.ended_by, c.campaign"

/* In the order that row_event() reads. */
#define EVENT_PARTS                                                    \
	"e.seq, s.name, s.provider, e.key, e.variant, e.content_type," \
	" e.headers, e.body, e.received, r.count, r.last, e.digest,"   \
	" e.size"
/*
 * Ranks as of enum call_state: the later a word stands here, the higher; NULL
 * is the lowest.
 */
#define STATE_RANK(state)                                            \
	"coalesce(instr('queued requested ringing connected closing" \
	" ended analyzed', " state "), 0)"
/* The stamp (fold.h) of the event that a row of `fact` is of. */
#define STAMP_OF(row)                                                      \
	" (SELECT time, " STATE_RANK(                                      \
	    "state") ", received,"                                         \
		     " substr(key, 1, 8), substr(digest, 1, 8) FROM event" \
		     " WHERE seq = " row ".event)"
/* Events of a call in the order of their stamps. */
#define BY_STAMP                         \
	" ORDER BY e.time, " STATE_RANK( \
	    "e.state") ", e.received, e.key, e.digest"
#define EVENT_FROM                                       \
	" FROM event e JOIN source s ON s.id = e.source" \
	" LEFT JOIN repeat r ON r.event = e.seq"

/* Numbers are the parameters bound. */
const char *const sql_text[SQL__MAX] = {
    [SQL_CALL_LOAD] = "SELECT " CALL_COLUMNS " FROM call c WHERE number = ?1",
    [SQL_CALL_ADD] = "INSERT INTO call (" CALL_STORED ", source, id)"
		     " VALUES (" CALL_PARAMETERS ", ?, ?)",
    [SQL_CALL_UPDATE] = "UPDATE call SET (" CALL_STORED ")"
			" = (" CALL_PARAMETERS ") WHERE number = ?",

    [SQL_MERGE_FACTS] =
	"INSERT INTO fact (call, path, type, value, event)"
	" SELECT ?1, path, type, value, event FROM fact WHERE call = ?2"
	" ON CONFLICT (call, path) DO UPDATE SET type = excluded.type,"
	" value = excluded.value, event = excluded.event"
	" WHERE" STAMP_OF("excluded") " >" STAMP_OF("fact"),

    [SQL_FACT_ADD] =
	"INSERT INTO fact (call, path, type, value, event)"
	" VALUES (?1, ?2, ?3, ?4, ?5)"
	" ON CONFLICT (call, path) DO UPDATE SET type = excluded.type,"
	" value = excluded.value, event = excluded.event"
	/* Is the stamp of the event that told it less than ?6 to ?10? */
	" WHERE EXISTS (SELECT 1 FROM event WHERE seq = fact.event"
	" AND (time < ?6 OR (time = ?6 AND (CASE WHEN state IS NOT ?7"
	" THEN " STATE_RANK("state") " - " STATE_RANK(
	    "?7") " ELSE 0 END,"
		  " received, substr(key, 1, 8), substr(digest, 1, 8))"
		  " < (0, ?8, ?9, ?10))))",

    [SQL_REBUILD_EVENTS] = "SELECT " EVENT_PARTS ", 0, 0, e.source" EVENT_FROM
			   " WHERE e.seq > ?1 ORDER BY e.seq LIMIT 1",
    /* As row_event() reads, without what costs and is not asked. */
    [SQL_REBUILD_CALL_EVENTS] = "SELECT " EVENT_PARTS ", 0, 0" EVENT_FROM
				" WHERE e.call = ?1" BY_STAMP,

    [SQL_META_SET] = "INSERT INTO meta (name, value) VALUES (?1, ?2)"
		     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
};
