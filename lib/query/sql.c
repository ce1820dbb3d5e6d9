/* The statements of readers that share parts. */
#include "query/internal.h"

/* In the order that row_call() reads. */
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

/* Numbers are the parameters bound. */
const char *const query_sql[ASK__MAX] = {
    IN_EACH_WAY(ASK_LIST, LIST),
    IN_EACH_WAY(ASK_LIST_BACK, LIST_BACK),
    IN_EACH_WAY(ASK_GROUPS_CALLS, GROUPS_CALLS),
    IN_EACH_WAY(ASK_FACT_COUNTS, FACT_COUNTS),
    [ASK_GROUPS] =
	"SELECT " DAY_SUMS ", d.day, s.name, d.agent, d.direction, d.hours"
	" FROM day d CROSS JOIN source s ON s.id = d.source" DAY_FILTER
	" ORDER BY d.day",
    [ASK_TOTALS] = "SELECT " DAY_SUMS " FROM day d" DAY_FILTER,
    IN_EACH_NEED(ASK_ATTENTION, ATTENTION_LIST),
    IN_EACH_NEED(ASK_ATTENTION_COUNT, ATTENTION_COUNT),
    [ASK_REASONS] = REASONS("quarantine"),
    [ASK_REASONS_REJECTED] = REASONS("rejected"),
};
