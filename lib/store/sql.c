#include "store/internal.h"

/* In the order that call_read() reads, from number on. */
#define CALL_COLUMNS                                                     \
	"c.number, c.source, c.id, c.flags, c.day, c.outcome, c.events," \
	" c.states, c.first_time, c.last_time, c.first_received,"        \
	" c.last_received, c.ended_time, c.stamps, c.trace, c.agent,"    \
	" c.direction, c.from_number, c.to_number, c.started, c.ended,"  \
	" c.duration, c.recording, c.status, c.reason, c.disposition,"   \
	" c.summary, c.attempt, c.attempts_max, c.final, c.next_retry,"  \
	" c.transcript"

/* In the order that stored_event_read() reads. */
#define EVENT_PARTS                                                    \
	"e.seq, s.name, s.provider, e.key, e.variant, e.content_type," \
	" e.headers, e.body, e.received, r.count, r.last, e.digest"
#define EVENT_COLUMNS                                               \
	EVENT_PARTS                                                 \
	", EXISTS (SELECT 1 FROM event v WHERE v.source = e.source" \
	" AND v.key = e.key AND v.seq <> e.seq),"                   \
	" EXISTS (SELECT 1 FROM event l WHERE l.call = e.call"      \
	" AND l.time > e.time AND l.received < e.received)"
#define EVENT_FROM                                       \
	" FROM event e JOIN source s ON s.id = e.source" \
	" LEFT JOIN repeat r ON r.event = e.seq"

/* In the order that delivery_read() reads. */
#define DELIVERY_COLUMNS                                                 \
	"q.id, q.reason, q.content_type, q.headers, q.body, q.received," \
	" s.name, s.provider"

/* Every statement but the migrations.  Numbers are the parameters bound. */
const char *const sql_text[SQL__MAX] = {
    [SQL_BEGIN] = "BEGIN IMMEDIATE",
    [SQL_COMMIT] = "COMMIT",
    [SQL_ROLLBACK] = "ROLLBACK",

    [SQL_SOURCE_FIND] =
	"SELECT id FROM source WHERE name = ?1 AND provider = ?2",
    [SQL_SOURCE_ADD] = "INSERT INTO source (name, provider) VALUES (?1, ?2)",

    [SQL_EVENT_BY_KEY] = "SELECT seq, digest FROM event"
			 " WHERE source = ?1 AND key = ?2 ORDER BY variant",
    [SQL_EVENT_ADD] =
	"INSERT INTO event (source, key, variant, digest, type, id, state,"
	" outcome, time, received, call, content_type, headers, body)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	" ?14)",
    /* Does an event at (time ?2, received ?3) break the order of call ?1? */
    [SQL_EVENT_LATE] = "SELECT 1 FROM event WHERE call = ?1"
		       " AND ((time > ?2 AND received < ?3)"
		       " OR (time < ?2 AND received > ?3)) LIMIT 1",
    /* Whichever content came first: the calls of all of them. */
    [SQL_VARIANT_FLAG] =
	"UPDATE call SET flags = flags | 2 WHERE number IN"
	" (SELECT call FROM event WHERE source = ?1 AND key = ?2)",
    [SQL_REPEAT_ADD] =
	"INSERT INTO repeat (event, count, last) VALUES (?1, 1, ?2)"
	" ON CONFLICT (event) DO UPDATE SET count = count + 1,"
	" last = max(last, excluded.last)",

    [SQL_CALL_FIND] = "SELECT number FROM call WHERE id = ?2 AND source = ?1",
    [SQL_CALL_LOAD] = "SELECT " CALL_COLUMNS " FROM call c WHERE number = ?1",
    /* Both in the order that call_bind() binds. */
    [SQL_CALL_ADD] =
	"INSERT INTO call (source, id, state, outcome, flags, answered,"
	" day, trace, agent, direction, from_number, to_number, started,"
	" ended, duration, recording, status, reason, disposition, summary,"
	" attempt, attempts_max, final, next_retry, transcript, events,"
	" states, first_time, last_time, first_received, last_received,"
	" ended_time, stamps)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	" ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24, ?25, ?26,"
	" ?27, ?28, ?29, ?30, ?31, ?32, ?33)",
    [SQL_CALL_UPDATE] =
	"UPDATE call SET state = ?3, outcome = ?4, flags = ?5,"
	" answered = ?6, day = ?7, trace = ?8, agent = ?9, direction = ?10,"
	" from_number = ?11, to_number = ?12, started = ?13, ended = ?14,"
	" duration = ?15, recording = ?16, status = ?17, reason = ?18,"
	" disposition = ?19, summary = ?20, attempt = ?21,"
	" attempts_max = ?22, final = ?23, next_retry = ?24,"
	" transcript = ?25, events = ?26, states = ?27, first_time = ?28,"
	" last_time = ?29, first_received = ?30, last_received = ?31,"
	" ended_time = ?32, stamps = ?33 WHERE number = ?34",

    [SQL_FACT_ADD] =
	"INSERT INTO fact (call, path, type, value, time, mark)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6)"
	" ON CONFLICT (call, path) DO UPDATE SET type = excluded.type,"
	" value = excluded.value, time = excluded.time,"
	" mark = excluded.mark"
	" WHERE (excluded.time, excluded.mark) > (time, mark)",
    [SQL_ERROR_ADD] =
	"INSERT INTO error (call, code, message, phase, place, time)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",

    [SQL_DAY_ADD] =
	"INSERT INTO day (day, source, agent, direction, outcome, calls,"
	" answered, talk, with_errors)"
	" VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8)"
	" ON CONFLICT DO UPDATE SET calls = calls + 1,"
	" answered = answered + ?6, talk = talk + ?7,"
	" with_errors = with_errors + ?8",
    [SQL_DAY_TAKE] =
	"UPDATE day SET calls = calls - 1, answered = answered - ?6,"
	" talk = talk - ?7, with_errors = with_errors - ?8"
	" WHERE day = ?1 AND source = ?2 AND agent = ?3"
	" AND direction = ?4 AND outcome = ?5",
    [SQL_DAY_SWEEP] = "DELETE FROM day WHERE day = ?1 AND source = ?2"
		      " AND agent = ?3 AND direction = ?4"
		      " AND outcome = ?5 AND calls <= 0",

    [SQL_QUARANTINE_ADD] =
	"INSERT INTO quarantine (source, received, reason, content_type,"
	" headers, repeats, body, hash)"
	" VALUES (?1, ?2, ?3, ?4, ?5, 0, ?6, ?7)",
    [SQL_QUARANTINE_AGAIN] = "UPDATE quarantine SET repeats = repeats + 1"
			     " WHERE source = ?1 AND hash = ?2 AND body = ?3"
			     " AND headers IS ?4"
			     " RETURNING id",
    [SQL_QUARANTINE_TAKE] = "DELETE FROM quarantine WHERE id = ?1",
    /* Is the ring's limit for a second reached?  ?1: now, ms; ?2: limit. */
    [SQL_REJECTED_RECENT] = "SELECT received > ?1 - 1000 FROM rejected"
			    " ORDER BY id DESC LIMIT 1 OFFSET ?2 - 1",
    [SQL_REJECTED_ADD] =
	"INSERT INTO rejected (source, received, reason, content_type,"
	" headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [SQL_REJECTED_TRIM] = "DELETE FROM rejected WHERE id <= ?1",
    [SQL_REJECTED_TAKE] = "DELETE FROM rejected WHERE id = ?1",
    [SQL_COUNTED_ADD] =
	"INSERT INTO counted (source, type, count, first, last)"
	" VALUES (?1, ?2, 1, ?3, ?3)"
	" ON CONFLICT (source, type) DO UPDATE SET count = count + 1,"
	" first = min(first, ?3), last = max(last, ?3)",

    [SQL_EACH_EVENT] =
	"SELECT " EVENT_COLUMNS EVENT_FROM
	" WHERE e.seq > ?1 AND e.variant = 0 ORDER BY e.seq LIMIT ?2",
    [SQL_EACH_QUARANTINE] =
	"SELECT " DELIVERY_COLUMNS ", q.repeats"
	" FROM quarantine q JOIN source s ON s.id = q.source"
	" WHERE q.id > ?1 ORDER BY q.id LIMIT 1",
    [SQL_EACH_REJECTED] = "SELECT " DELIVERY_COLUMNS ", 0"
			  " FROM rejected q JOIN source s ON s.id = q.source"
			  " WHERE q.id > ?1 ORDER BY q.id LIMIT 1",
    [SQL_EACH_COUNTED] =
	"SELECT s.name, s.provider, c.type, c.count, c.first, c.last"
	" FROM counted c JOIN source s ON s.id = c.source"
	" ORDER BY s.name, s.provider, c.type",
    [SQL_EACH_CALL] = "SELECT s.name, s.provider, " CALL_COLUMNS
		      " FROM call c JOIN source s ON s.id = c.source"
		      " ORDER BY c.started DESC, c.number DESC",
    [SQL_EACH_CALL_BY_ID] = "SELECT s.name, s.provider, " CALL_COLUMNS
			    " FROM call c JOIN source s ON s.id = c.source"
			    " WHERE c.id = ?1 ORDER BY c.number",
    [SQL_CALL_EVENTS] = "SELECT " EVENT_COLUMNS EVENT_FROM
			" WHERE e.call = ?1 ORDER BY e.time, e.key, e.digest",
    [SQL_CALL_FACTS] = "SELECT path, type, value FROM fact WHERE call = ?1"
		       " ORDER BY path",
    [SQL_CALL_ERRORS] =
	"SELECT code, message, phase, place, time FROM error"
	" WHERE call = ?1 ORDER BY time, code, message, phase, place",

    [SQL_REBUILD_EVENTS] = "SELECT " EVENT_PARTS ", 0, 0, e.source" EVENT_FROM
			   " WHERE e.seq > ?1 ORDER BY e.seq LIMIT 1",
    [SQL_REBUILD_EVENT] =
	"UPDATE event SET type = ?2, id = ?3, state = ?4, outcome = ?5,"
	" time = ?6, call = ?7 WHERE seq = ?1 AND (type, id, state,"
	" outcome, time, call) IS NOT (?2, ?3, ?4, ?5, ?6, ?7)",
    [SQL_REBUILD_CALLS] =
	"SELECT number FROM call WHERE number > ?1 ORDER BY number LIMIT 1",
    /* As SQL_CALL_EVENTS, without what costs and is not asked. */
    [SQL_REBUILD_CALL_EVENTS] =
	"SELECT " EVENT_PARTS ", 0, 0" EVENT_FROM
	" WHERE e.call = ?1 ORDER BY e.time, e.key, e.digest",
    [SQL_REBUILD_VARIANT] =
	"SELECT 1 FROM event a JOIN event b"
	" ON b.source = a.source AND b.key = a.key AND b.seq <> a.seq"
	" WHERE a.call = ?1 LIMIT 1",
    /* All columns, to see whether anything changed. */
    [SQL_REBUILD_CALL] = "SELECT * FROM call WHERE number = ?1",
    [SQL_REBUILD_FACTS] = "SELECT * FROM fact WHERE call = ?1 ORDER BY path",
    [SQL_REBUILD_ERRORS] = "SELECT * FROM error WHERE call = ?1"
			   " ORDER BY time, code, message, phase, place",
    [SQL_FACTS_DROP] = "DELETE FROM fact WHERE call = ?1",
    [SQL_ERRORS_DROP] = "DELETE FROM error WHERE call = ?1",
    [SQL_CALL_DROP] = "DELETE FROM call WHERE number = ?1",
    [SQL_DAYS_DROP] = "DELETE FROM day",
    [SQL_REBUILD_DAYS] =
	"INSERT INTO day (day, source, agent, direction, outcome, calls,"
	" answered, talk, with_errors)"
	" SELECT day, source, coalesce(agent, ''),"
	" coalesce(direction, ''), coalesce(outcome, ''), count(*),"
	" sum(answered), coalesce(sum(duration), 0), sum(flags & 1)"
	" FROM call GROUP BY 1, 2, 3, 4, 5",

    [SQL_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_META_SET] = "INSERT INTO meta (name, value) VALUES (?1, ?2)"
		     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [SQL_COUNT_EVENTS] = "SELECT count(*) FROM event WHERE variant = 0",
    [SQL_COUNT_CALLS] = "SELECT count(*) FROM call",
    [SQL_COUNT_QUARANTINE] = "SELECT count(*) FROM quarantine",
    [SQL_COUNT_REJECTED] = "SELECT count(*) FROM rejected",
};
