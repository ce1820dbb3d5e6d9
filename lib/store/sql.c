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

/* In the order that call_read() reads: number on, then as CALL_STORED. */
#define CALL_COLUMNS CALL_COLUMNS_AND("c.summary", "c.transcript")
/* Without what is long, unless ?11. */
#define CALL_BRIEF                                           \
	CALL_COLUMNS_AND("CASE WHEN ?11 THEN c.summary END", \
	    "CASE WHEN ?11 THEN c.transcript END")
#define CALL_COLUMNS_AND(summary, transcript)                            \
	"c.number, c.source, c.id, c.state, c.outcome, c.answered,"      \
	" c.flags, c.day, c.hour, c.events, c.states,"                   \
	" c.first_time, c.last_time, c.first_received, c.last_received," \
	" c.ended_time, c.begun_told, c.connected_told, c.ended_told, "  \
	"c.stamps, c.trace, c.agent, c.direction,"                       \
	" c.from_number, c.to_number, c.started, c.ended, c.duration, "  \
	"c.recording, c.status,"                                         \
	" c.reason, c.disposition, " summary ", c.attempt,"              \
	" c.attempts_max, c.final, c.next_retry, " transcript ","        \
	" c.agent_name, c.cost, c.cost_currency, c.goal, c.goal_word,"   \
	" c.transferred_to, c.ended_by, c.campaign"

/* In the order that stored_event_read() reads. */
#define EVENT_PARTS                                                    \
	"e.seq, s.name, s.provider, e.key, e.variant, e.content_type," \
	" e.headers, e.body, e.received, r.count, r.last, e.digest,"   \
	" e.size"
#define EVENT_COLUMNS EVENT_PARTS "," EVENT_FLAGS
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
/* Is it a variant, and late? */
#define EVENT_FLAGS                                                \
	" EXISTS (SELECT 1 FROM event v WHERE v.source = e.source" \
	" AND v.key = e.key AND v.seq <> e.seq),"                  \
	" EXISTS (SELECT 1 FROM event l WHERE l.call = e.call"     \
	" AND l.time > e.time AND l.received < e.received)"
#define EVENT_FROM                                       \
	" FROM event e JOIN source s ON s.id = e.source" \
	" LEFT JOIN repeat r ON r.event = e.seq"

/* In the order that delivery_read() reads. */
#define DELIVERY_COLUMNS                                                 \
	"q.id, q.reason, q.content_type, q.headers, q.body, q.received," \
	" s.name, s.provider"

/* --- of the report ------------------------------------------------------- */

/*
 * The calls of a filter: those strictly between (started ?1, number ?2) and
 * (?3, ?4), of source ?5, agent ?6, direction ?7, outcome ?8, with flag ?9
 * (0: any), of campaign ?13; NULL: all.  Everything it asks is in call_list.
 */
#define FILTER                                                     \
	" WHERE (c.started, c.number) > (?1, ?2)"                  \
	" AND (c.started, c.number) < (?3, ?4)"                    \
	" AND (?5 IS NULL"                                         \
	" OR c.source IN (SELECT id FROM source WHERE name = ?5))" \
	" AND (?6 IS NULL OR coalesce(c.agent, '') = ?6)"          \
	" AND (?7 IS NULL OR coalesce(c.direction, '') = ?7)"      \
	" AND (?8 IS NULL OR coalesce(c.outcome, '') = ?8)"        \
	" AND (?9 = 0 OR c.flags & ?9)"                            \
	" AND (?13 IS NULL OR coalesce(c.campaign, '') = ?13)"

/* The ways to them.  ?12: an expression for MATCH, or patterns as JSON. */
#define FROM_LIST " FROM call c INDEXED BY call_list"
#define FROM_FOUND                                                \
	" FROM (" HAVING_WORDS(" UNION ") ") k CROSS JOIN call c" \
					  " ON c.number = k.number"
/* The calls in the index, and those that a reader has in its own. */
#define HAVING_WORDS(with)                                               \
	"SELECT rowid AS number FROM search WHERE search MATCH ?12" with \
	"SELECT rowid FROM temp.tail WHERE tail MATCH ?12"
#define BY_ALL FROM_LIST, FILTER
#define BY_FOUND FROM_FOUND, FILTER
#define BY_AMONG \
	FROM_LIST, FILTER " AND +c.number IN (" HAVING_WORDS(" UNION ALL ") ")"
#define OR_NONE(column) " || char(10) || coalesce(c." column ", '')"
#define BY_LIKE                                                              \
	FROM_LIST,                                                           \
	    FILTER                                                           \
	    " AND NOT EXISTS (SELECT 1 FROM json_each(?12) WHERE "           \
	    "(c.id" OR_NONE("trace") OR_NONE("agent") OR_NONE("from_number") \
		OR_NONE("to_number") OR_NONE("status") OR_NONE("reason")     \
		    OR_NONE("disposition") OR_NONE("summary")                \
			OR_NONE("transcript") OR_NONE("agent_name")          \
			    OR_NONE("transferred_to") OR_NONE(               \
				"campaign") ") NOT LIKE value ESCAPE '\\')"

/* A way is two arguments to make, which cppcheck does not see. */
/* cppcheck-suppress preprocessorErrorDirective */
#define IN_EACH_WAY(sql, make)                         \
	[(sql) + WAY_ALL] = make(BY_ALL),              \
		 [(sql) + WAY_FOUND] = make(BY_FOUND), \
		 [(sql) + WAY_AMONG] = make(BY_AMONG), \
		 [(sql) + WAY_LIKE] = make(BY_LIKE)

/* ?10: limit. */
#define NEWEST_FIRST " ORDER BY c.started DESC, c.number DESC LIMIT ?10"
#define OLDEST_FIRST " ORDER BY c.started, c.number LIMIT ?10"
#define WITH_SOURCE " CROSS JOIN source s ON s.id = c.source"
#define LIST(by) LIST_(by, NEWEST_FIRST)
#define LIST_BACK(by) LIST_(by, OLDEST_FIRST)
#define LIST_(from, where, order) \
	"SELECT s.name, s.provider, " CALL_BRIEF from WITH_SOURCE where order
#define GROUPS_CALLS(by) GROUPS_CALLS_(by)
#define GROUPS_CALLS_(from, where)                                           \
	"SELECT c.day, s.name, coalesce(c.agent, ''),"                       \
	" coalesce(c.direction, ''), coalesce(c.outcome, ''),"               \
	" c.answered, c.state, c.flags, c.duration, c.hour" from WITH_SOURCE \
	    where " ORDER BY c.started"
/* Rows of the roll-up; parameters as for FILTER, ?1 and ?2 are days. */
#define DAY_SUMS                                      \
	"d.outcome, d.calls, d.answered, d.analyzed," \
	" d.with_errors, d.timed, d.talk, d.lengths"
#define DAY_FILTER                                                 \
	" WHERE d.day BETWEEN ?1 AND ?2 AND (?5 IS NULL"           \
	" OR d.source IN (SELECT id FROM source WHERE name = ?5))" \
	" AND (?6 IS NULL OR d.agent = ?6)"                        \
	" AND (?7 IS NULL OR d.direction = ?7)"                    \
	" AND (?8 IS NULL OR d.outcome = ?8)"
/* One more is looked for, to tell whether some are left out. */
#define FACT_COUNTS(by) FACT_COUNTS_(by)
/*
 * Numbers of two platforms under one name may be of two units, so these facts
 * are told apart by their platform.  1: FACT_NUMBER.
 */
#define FACT_COUNTS_(from, where)                                           \
	"WITH more AS MATERIALIZED (SELECT c.number AS number,"             \
	" c.source AS source, coalesce(c.agent, '') AS agent" from where    \
	    NEWEST_FIRST " + 1), latest AS (SELECT * FROM more LIMIT ?10)," \
	" counted AS (SELECT p.name AS path, f.type AS type,"               \
	" text_cut(f.value, ?14) AS value, l.agent AS agent,"               \
	" s.provider AS platform, count(*) AS calls"                        \
	" FROM latest l LEFT JOIN fact f ON f.call = l.number"              \
	" LEFT JOIN path p ON p.id = f.path"                                \
	" LEFT JOIN source s ON s.id = l.source GROUP BY 1, 3, 2, 4, 5),"   \
	" told AS (SELECT *, CASE WHEN"                                     \
	" min(platform) FILTER (WHERE type = 1) OVER of_path"               \
	" < max(platform) FILTER (WHERE type = 1) OVER of_path"             \
	" THEN platform ELSE '' END AS unit"                                \
	" FROM counted WINDOW of_path AS (PARTITION BY path))"              \
	" SELECT path, type, value, agent, sum(calls),"                     \
	" (SELECT count(*) FROM more), unit FROM told"                      \
	" GROUP BY path, unit, value, type, agent ORDER BY 1, 7, 3, 2, 4"

/*
 * The calls a that need attention; ?1: source or NULL, ?2: since, ?3: ms,
 * ?4: retries that are looked for.
 */
#define NEED_SOURCE        \
	" AND (?1 IS NULL" \
	" OR a.source IN (SELECT id FROM source WHERE name = ?1))"
#define NEED_STUCK                                                  \
	" FROM call a INDEXED BY call_open WHERE a.outcome IS NULL" \
	" AND a.last_received < ?3 AND a.started >= ?2" NEED_SOURCE
/*
 * A retry is announced for a time after the start, so for one after ?2.  Each
 * is looked for among the calls of its trace, which lie anywhere: of a busy
 * store the latest alone.
 */
#define NEED_RETRY                                                       \
	" FROM (SELECT number, source, trace, started, attempt, final"   \
	" FROM call INDEXED BY call_retry WHERE next_retry >= ?2"        \
	" AND next_retry < ?3 ORDER BY next_retry DESC"                  \
	" LIMIT ?4) a"                                                   \
	" WHERE a.started >= ?2 AND "                                    \
	"a.final IS NOT 1" NEED_SOURCE " AND NOT EXISTS (SELECT 1 FROM " \
	"call n INDEXED BY call_trace WHERE n.trace = a.trace"           \
	" AND n.number <> a.number"                                      \
	" AND (n.started > a.started OR "                                \
	"n.attempt > a.attempt))"
#define NEED_UNANALYZED                                                \
	" FROM call a INDEXED BY call_unanalyzed WHERE a.answered = 1" \
	" AND a.state = 'ended' AND a.started >= ?2 AND a.ended < ?3"  \
	" AND a.source IN (SELECT id FROM source WHERE name = ?1)"
#define NEED_VARIANT                                             \
	" FROM call a INDEXED BY call_variant WHERE a.flags & 2" \
	" AND a.started >= ?2" NEED_SOURCE

#define IN_EACH_NEED(sql, make)                                          \
	[(sql) + ATTENTION_STUCK] = make(NEED_STUCK),                    \
		 [(sql) + ATTENTION_RETRY] = make(NEED_RETRY),           \
		 [(sql) + ATTENTION_UNANALYZED] = make(NEED_UNANALYZED), \
		 [(sql) + ATTENTION_VARIANT] = make(NEED_VARIANT)
/* Sorted by number alone, so that no long text is carried along. */
#define ATTENTION_LIST(need)                                    \
	"SELECT s.name, s.provider, " CALL_BRIEF                \
	" FROM (SELECT a.number AS number" need                 \
	" ORDER BY a.started DESC, a.number DESC LIMIT ?10) k"  \
	" CROSS JOIN call c ON c.number = k.number" WITH_SOURCE \
	" ORDER BY c.started DESC, c.number DESC"
#define ATTENTION_COUNT(need) \
	"SELECT count(*) FROM (SELECT 1" need " LIMIT ?10)"

/* By number of the source first, as the index of the quarantine is. */
#define REASONS(table)                                                \
	"SELECT s.name, k.reason, sum(k.rows), min(k.first),"         \
	" max(k.last), max(k.newest) FROM (SELECT source, reason,"    \
	" count(*) AS rows, min(received) AS first, max(received)"    \
	" AS last, max(id) AS newest FROM " table " GROUP BY 1, 2) k" \
	" JOIN source s ON s.id = k.source GROUP BY 1, 2 ORDER BY 6 DESC"

/* Every statement but the migrations.  Numbers are the parameters bound. */
const char *const sql_text[SQL__MAX] = {
    [SQL_SOURCE_FIND] =
	"SELECT id FROM source WHERE name = ?1 AND provider = ?2",
    [SQL_SOURCE_ADD] = "INSERT INTO source (name, provider) VALUES (?1, ?2)",
    [SQL_PATH_FIND] = "SELECT id FROM path WHERE name = ?1",
    [SQL_PATH_ADD] = "INSERT INTO path (name) VALUES (?1)",

    [SQL_EVENT_BY_KEY] = "SELECT seq, digest FROM event"
			 " WHERE source = ?1 AND key = ?2 ORDER BY variant",
    [SQL_EVENT_ADD] =
	"INSERT INTO event (source, key, variant, digest, type, id, state,"
	" outcome, time, received, call, content_type, headers, body, size)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13,"
	" ?14, ?15)",
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

    /* The second is asked only where the first has nothing. */
    [SQL_CALL_FIND] =
	"SELECT number FROM call WHERE id = ?2 AND source = ?1 UNION ALL"
	" SELECT call FROM call_alias WHERE id = ?2 AND source = ?1 LIMIT 1",
    [SQL_CALL_LOAD] = "SELECT " CALL_COLUMNS " FROM call c WHERE number = ?1",
    /* By another text: a statement is told by the address of its text. */
    [SQL_CALL_LOAD_OTHER] = "SELECT " CALL_COLUMNS
			    " FROM call c WHERE ?1 = number",
    [SQL_CALL_ADD] = "INSERT INTO call (" CALL_STORED ", source, id)"
		     " VALUES (" CALL_PARAMETERS ", ?, ?)",
    [SQL_CALL_UPDATE] = "UPDATE call SET (" CALL_STORED ")"
			" = (" CALL_PARAMETERS ") WHERE number = ?",
    [SQL_CALL_RENAME] = "UPDATE call SET id = ?2 WHERE number = ?1",

    [SQL_ALIAS_ADD] = "INSERT INTO call_alias (id, source, call, own)"
		      " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO UPDATE"
		      " SET own = max(own, excluded.own)",
    [SQL_ALIAS_KEEP] = "INSERT INTO call_alias (id, source, call, own)"
		       " VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
    [SQL_ALIAS_SHOWN] = "SELECT id, own FROM call_alias WHERE call = ?1"
			" ORDER BY own DESC, id LIMIT 1",
    [SQL_ALIASES_MOVE] = "UPDATE call_alias SET call = ?1 WHERE call = ?2",
    [SQL_ALIASES_DROP] = "DELETE FROM call_alias WHERE call = ?1",
    [SQL_ALIASES_DROP_ALL] = "DELETE FROM call_alias",
    [SQL_MERGE_EVENTS] = "UPDATE event SET call = ?1 WHERE call = ?2",
    [SQL_MERGE_FACTS] =
	"INSERT INTO fact (call, path, type, value, event)"
	" SELECT ?1, path, type, value, event FROM fact WHERE call = ?2"
	" ON CONFLICT (call, path) DO UPDATE SET type = excluded.type,"
	" value = excluded.value, event = excluded.event"
	" WHERE" STAMP_OF("excluded") " >" STAMP_OF("fact"),
    [SQL_MERGE_ERRORS] =
	"INSERT INTO error (call, code, message, phase, place, time)"
	" SELECT ?1, code, message, phase, place, time FROM error"
	" WHERE call = ?2 ON CONFLICT DO NOTHING",
    /* Was an event received before another of an earlier time? */
    [SQL_MERGE_LATE] =
	"SELECT 1 FROM (SELECT received, max(received) OVER (ORDER BY time"
	" RANGE BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS earlier"
	" FROM event WHERE call = ?1) WHERE received < earlier LIMIT 1",

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
    [SQL_ERROR_ADD] =
	"INSERT INTO error (call, code, message, phase, place, time)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",

    [SQL_DAY_ADD] =
	"INSERT INTO day (day, source, agent, direction, outcome, calls,"
	" answered, analyzed, with_errors, timed, talk, hours, lengths)"
	" VALUES (?1, ?2, ?3, ?4, ?5, 1, ?6, ?7, ?8, ?9, ?10,"
	" histogram_add(x'', ?11, 1), histogram_add(x'', ?12, 1))"
	" ON CONFLICT DO UPDATE SET calls = calls + 1,"
	" answered = answered + ?6, analyzed = analyzed + ?7,"
	" with_errors = with_errors + ?8, timed = timed + ?9,"
	" talk = talk + ?10, hours = histogram_add(hours, ?11, 1),"
	" lengths = histogram_add(lengths, ?12, 1)",
    [SQL_DAY_TAKE] =
	"UPDATE day SET calls = calls - 1, answered = answered - ?6,"
	" analyzed = analyzed - ?7, with_errors = with_errors - ?8,"
	" timed = timed - ?9, talk = talk - ?10,"
	" hours = histogram_add(hours, ?11, -1),"
	" lengths = histogram_add(lengths, ?12, -1)"
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
    [SQL_REJECTED_ADD] =
	"INSERT INTO rejected (source, received, reason, content_type,"
	" headers, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    /* Of one ring: ?3 rows and ?4 bytes at most, and the newest. */
    [SQL_REJECTED_TRIM] =
	"DELETE FROM rejected WHERE id IN (SELECT id FROM"
	" (SELECT id, row_number() OVER w AS n, sum(length(body)) OVER w AS b"
	" FROM rejected WHERE source = ?1 AND (reason = 'missing') = ?2"
	" WINDOW w AS (ORDER BY id DESC)) WHERE n > ?3 OR (b > ?4 AND n > 1))",
    [SQL_ALLOWANCE_GET] = "SELECT left, at FROM allowance WHERE name = ?1",
    [SQL_ALLOWANCE_SET] =
	"INSERT INTO allowance (name, left, at) VALUES (?1, ?2, ?3)"
	" ON CONFLICT DO UPDATE SET left = ?2, at = ?3",
    [SQL_REFUSED_ADD] =
	"INSERT INTO refused (source, reason, count, first, last)"
	" VALUES (?1, ?2, ?3, ?4, ?5)"
	" ON CONFLICT DO UPDATE SET count = count + excluded.count,"
	" first = min(first, excluded.first), last = max(last, excluded.last)",
    [SQL_REFUSED] = "SELECT source, reason, count, first, last FROM refused"
		    " ORDER BY source, last DESC",
    [SQL_REJECTED_TAKE] = "DELETE FROM rejected WHERE id = ?1",
    [SQL_COUNTED_ADD] =
	"INSERT INTO counted (source, type, count, first, last)"
	" VALUES (?1, ?2, 1, ?3, ?3)"
	" ON CONFLICT (source, type) DO UPDATE SET count = count + 1,"
	" first = min(first, ?3), last = max(last, ?3)",
    [SQL_ARRIVAL_ADD] =
	"INSERT INTO arrival (day, hour, source, result, delay, count, last)"
	" VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)"
	" ON CONFLICT DO UPDATE SET count = count + excluded.count,"
	" last = max(last, excluded.last)",

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
			    " WHERE c.id = ?1 OR c.number IN"
			    " (SELECT call FROM call_alias WHERE id = ?1)"
			    " ORDER BY c.number",
    [SQL_CALL_EVENTS] = "SELECT " EVENT_COLUMNS EVENT_FROM
			" WHERE e.call = ?1" BY_STAMP,
    [SQL_CALL_FACTS] =
	"SELECT p.name, f.type, f.value FROM fact f"
	" JOIN path p ON p.id = f.path WHERE f.call = ?1 ORDER BY p.name",
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
    [SQL_REBUILD_CALL_EVENTS] = "SELECT " EVENT_PARTS ", 0, 0" EVENT_FROM
				" WHERE e.call = ?1" BY_STAMP,
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
	" answered, analyzed, with_errors, timed, talk, hours, lengths)"
	" SELECT day, source, coalesce(agent, ''),"
	" coalesce(direction, ''), coalesce(outcome, ''), count(*),"
	" sum(answered), sum(answered AND states & 128), sum(flags & 1),"
	" count(talk), coalesce(sum(talk), 0), histogram(hour),"
	" histogram(length_class(talk))"
	" FROM (SELECT *, CASE WHEN answered THEN duration END AS talk"
	" FROM call) GROUP BY 1, 2, 3, 4, 5",

    [SQL_REBUILD_DONE] = "DELETE FROM meta WHERE name = 'rebuild'",

    [SQL_META_GET] = "SELECT value FROM meta WHERE name = ?1",
    [SQL_META_SET] = "INSERT INTO meta (name, value) VALUES (?1, ?2)"
		     " ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    [SQL_CALLS_AFTER] = "SELECT " CALL_COLUMNS " FROM call c"
			" WHERE number > ?1 ORDER BY number",
    [SQL_CALL_NEWEST] = "SELECT coalesce(max(number), 0) FROM call",
    [SQL_PACKED] = "SELECT seq, body, size FROM event WHERE size IS NOT NULL",
    [SQL_COUNT_EVENTS] = "SELECT count(*) FROM event WHERE variant = 0",
    [SQL_COUNT_CALLS] = "SELECT count(*) FROM call",
    [SQL_COUNT_QUARANTINE] = "SELECT count(*) FROM quarantine",
    [SQL_COUNT_REJECTED] = "SELECT count(*) FROM rejected",

    /* --- of the report --------------------------------------------------- */

    IN_EACH_WAY(SQL_LIST, LIST),
    IN_EACH_WAY(SQL_LIST_BACK, LIST_BACK),
    IN_EACH_WAY(SQL_GROUPS_CALLS, GROUPS_CALLS),
    IN_EACH_WAY(SQL_FACT_COUNTS, FACT_COUNTS),
    [SQL_GROUPS] =
	"SELECT " DAY_SUMS ", d.day, s.name, d.agent, d.direction, d.hours"
	" FROM day d CROSS JOIN source s ON s.id = d.source" DAY_FILTER
	" ORDER BY d.day",
    [SQL_TOTALS] = "SELECT " DAY_SUMS " FROM day d" DAY_FILTER,
    [SQL_SEARCH_RARE] = "SELECT count(*) <= ?2 FROM (SELECT 1 FROM search"
			" WHERE search MATCH ?1 LIMIT ?2 + 1)",
    [SQL_DAYS] =
	"SELECT (SELECT min(day) FROM day), (SELECT max(day) FROM day)",
    /*
     * Summed within each day first, in the order of the table: what is left
     * are few rows, which are soon sorted.  So are the names.
     */
    [SQL_ANALYZED] =
	"SELECT s.name, sum(d.answered), sum(d.analyzed) FROM"
	" (SELECT source, sum(answered) AS answered, sum(analyzed) AS analyzed"
	" FROM day WHERE day BETWEEN ?1 AND ?2 GROUP BY day, source) d"
	" CROSS JOIN source s ON s.id = d.source"
	" WHERE ?3 IS NULL OR s.name = ?3 GROUP BY 1",
    [SQL_NAMES_SOURCE] =
	"SELECT s.name, sum(d.calls) FROM"
	" (SELECT source, sum(calls) AS calls"
	" FROM day WHERE day BETWEEN ?1 AND ?2 GROUP BY day, source) d"
	" CROSS JOIN source s ON s.id = d.source"
	" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?3",
    [SQL_NAMES_AGENT] =
	"SELECT agent, sum(calls) FROM (SELECT agent, sum(calls) AS calls"
	" FROM day WHERE day BETWEEN ?1 AND ?2 AND agent <> ''"
	" GROUP BY day, source, agent)"
	" GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT ?3",
    /* From one to the next in the index, which may have many calls of each. */
    [SQL_NAMES_CAMPAIGN] =
	"WITH RECURSIVE c (name) AS (SELECT min(campaign) FROM call"
	" WHERE campaign IS NOT NULL UNION ALL SELECT (SELECT min(campaign)"
	" FROM call WHERE campaign > c.name) FROM c WHERE c.name IS NOT NULL)"
	" SELECT name, 0 FROM c WHERE name IS NOT NULL LIMIT ?3",
    [SQL_AGENT_NAME] = "SELECT agent_name FROM call WHERE agent = ?1"
		       " AND agent_name IS NOT NULL"
		       " ORDER BY started DESC, agent_name LIMIT 1",
    [SQL_CALL] = "SELECT s.name, s.provider, " CALL_COLUMNS
		 " FROM call c" WITH_SOURCE " WHERE c.number = ?1",
    [SQL_ATTEMPTS] = "SELECT s.name, s.provider, " CALL_BRIEF
		     " FROM (SELECT number FROM call INDEXED BY call_trace"
		     " WHERE trace = ?1 ORDER BY started, number LIMIT ?10) k"
		     " CROSS JOIN call c ON c.number = k.number" WITH_SOURCE
		     " ORDER BY c.started, c.number",
    [SQL_EVENT_RAW] = "SELECT " EVENT_COLUMNS ", e.call" EVENT_FROM
		      " WHERE e.seq = ?1",
    [SQL_STEPS] = "SELECT e.seq, e.type, e.id, e.state, e.outcome, e.time, "
		  "e.received," EVENT_FLAGS ", r.count, r.last,"
		  " coalesce(e.size, length(e.body))"
		  " FROM event e LEFT JOIN repeat r ON r.event = e.seq"
		  " WHERE e.call = ?1" BY_STAMP " LIMIT ?2",
    IN_EACH_NEED(SQL_ATTENTION, ATTENTION_LIST),
    IN_EACH_NEED(SQL_ATTENTION_COUNT, ATTENTION_COUNT),
    [SQL_REASONS] = REASONS("quarantine"),
    [SQL_REASONS_REJECTED] = REASONS("rejected"),
    [SQL_ARRIVALS] =
	"SELECT a.day, a.hour, s.name, a.result, a.delay, a.count"
	" FROM arrival a CROSS JOIN source s ON s.id = a.source"
	" WHERE a.day BETWEEN ?1 AND ?2 AND (?3 IS NULL OR s.name = ?3)"
	" ORDER BY a.day, a.hour",
    /*
     * Each hour is looked for, since the rows of all sources lie between.
     * They come in the order of the recursion: to sort them would be to read
     * all of them, while a reader soon has enough.
     */
    [SQL_ARRIVAL_HOURS] =
	"WITH RECURSIVE hour (i) AS (SELECT ?3 UNION ALL SELECT i - 1"
	" FROM hour WHERE i > ?2) SELECT h.i, a.count, a.last"
	" FROM hour h CROSS JOIN arrival a"
	" WHERE a.day = h.i / 24 AND a.hour = h.i % 24"
	" AND a.source IN (SELECT id FROM source WHERE name = ?1)"
	" AND a.result NOT IN (?4, ?5)",
    [SQL_ARRIVAL_TOTALS] =
	"SELECT 0, 0, s.name, a.result, a.delay, sum(a.count)"
	" FROM arrival a CROSS JOIN source s ON s.id = a.source"
	" GROUP BY 3, 4, 5",
    /* ?1, ?2: the results that are no receipts. */
    [SQL_LAST_RECEIVED] =
	"SELECT s.name, s.provider, (SELECT a.last FROM arrival a"
	" WHERE a.source = s.id AND a.result NOT IN (?1, ?2)"
	" ORDER BY a.day DESC, a.hour DESC, a.last DESC LIMIT 1)"
	" FROM source s ORDER BY 1, 2",
};
