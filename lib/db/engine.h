/*
 * engine - what an engine does: db.h, function for function.
 *
 * struct db and struct statement are each engine's own, but both begin with a
 * pointer to the engine, by which db.c calls it.  The list below is the table's
 * members, an engine's prototypes, and the functions of db.h.
 */
#ifndef ENGINE_H
#define ENGINE_H

#include "db/db.h"

/*
 * ENGINE(RETURNS, NAME, (PARAMETERS), (ARGUMENTS)), the first of which is the
 * connection or statement; ENGINE_VOID() of those that return nothing.
 */
#define ENGINE_FUNCTIONS(ENGINE, ENGINE_VOID)                                  \
	ENGINE(const char *, path, (const struct db *db), (db))                \
	ENGINE(struct statement *, statement, (struct db * db, const char *q), \
	    (db, q))                                                           \
	ENGINE_VOID(                                                           \
	    bind_int, (struct statement * s, int i, int64_t n), (s, i, n))     \
	ENGINE_VOID(                                                           \
	    bind_double, (struct statement * s, int i, double x), (s, i, x))   \
	ENGINE_VOID(bind_chars,                                                \
	    (struct statement * s, int i, const char *text, size_t n),         \
	    (s, i, text, n))                                                   \
	ENGINE_VOID(bind_bytes,                                                \
	    (struct statement * s, int i, const void *data, size_t n),         \
	    (s, i, data, n))                                                   \
	ENGINE(enum db_rc, step, (struct statement * s), (s))                  \
	ENGINE(int64_t, int, (struct statement * s, int i), (s, i))            \
	ENGINE(double, double, (struct statement * s, int i), (s, i))          \
	ENGINE(const char *, text, (struct statement * s, int i), (s, i))      \
	ENGINE(const void *, bytes, (struct statement * s, int i), (s, i))     \
	ENGINE(size_t, size, (struct statement * s, int i), (s, i))            \
	ENGINE(bool, is_null, (struct statement * s, int i), (s, i))           \
	ENGINE(bool, is_text, (struct statement * s, int i), (s, i))           \
	ENGINE(int, columns, (struct statement * s), (s))                      \
	ENGINE(bool, lost, (struct db * db), (db))                             \
	ENGINE(enum db_rc, done, (struct statement * s), (s))                  \
	ENGINE(enum db_rc, run, (struct statement * s), (s))                   \
	ENGINE(bool, failed_late, (const struct db *db), (db))                 \
	ENGINE(bool, is_far, (const struct db *db), (db))                      \
	ENGINE_VOID(ahead, (struct statement * s), (s))                        \
	ENGINE_VOID(ahead_forget, (struct db * db), (db))                      \
	ENGINE_VOID(gather, (struct db * db, bool on), (db, on))               \
	ENGINE_VOID(many, (struct statement * s), (s))                         \
	ENGINE(enum db_rc, failed, (struct db * db, const char *what),         \
	    (db, what))                                                        \
	ENGINE(enum db_rc, failure, (const struct db *db), (db))               \
	ENGINE(int64_t, inserted, (const struct db *db), (db))                 \
	ENGINE(enum db_rc, number_last,                                        \
	    (struct db * db, const char *table, int64_t *last),                \
	    (db, table, last))                                                 \
	ENGINE(enum db_rc, number_raise,                                       \
	    (struct db * db, const char *table, int64_t last),                 \
	    (db, table, last))                                                 \
	ENGINE(int, changed_ever, (const struct db *db), (db))                 \
	ENGINE(enum db_rc, lock, (struct db * db, int64_t since, bool *again), \
	    (db, since, again))                                                \
	ENGINE(enum db_rc, begin, (struct db * db), (db))                      \
	ENGINE(enum db_rc, commit, (struct db * db), (db))                     \
	ENGINE_VOID(rollback, (struct db * db), (db))                          \
	ENGINE_VOID(unlock, (struct db * db), (db))                            \
	ENGINE(enum db_rc, sync, (struct db * db), (db))                       \
	ENGINE(                                                                \
	    bool, duty_begin, (struct db * db, enum db_duty duty), (db, duty)) \
	ENGINE_VOID(duty_end, (struct db * db, enum db_duty duty), (db, duty)) \
	ENGINE(enum db_rc, shrink, (struct db * db), (db))                     \
	ENGINE(enum db_rc, clean, (struct db * db, bool first, int ms),        \
	    (db, first, ms))                                                   \
	ENGINE(enum db_rc, backup,                                             \
	    (struct db * db, const char *path, struct db_copy *copy,           \
		struct buf *why),                                              \
	    (db, path, copy, why))                                             \
	ENGINE(                                                                \
	    enum db_rc, tighten, (struct db * db, int64_t event), (db, event)) \
	ENGINE(enum db_rc, advise,                                             \
	    (struct db * db, bool durable, db_advice_fn fn, void *arg),        \
	    (db, durable, fn, arg))                                            \
	ENGINE(enum db_rc, size_of_all,                                        \
	    (struct db * db, int64_t * bytes, int64_t * unused),               \
	    (db, bytes, unused))                                               \
	ENGINE(bool, is_open, (const struct db *db), (db))                     \
	ENGINE(bool, is_disturbed, (struct db * db), (db))                     \
	ENGINE(bool, is_newer, (struct db * db), (db))                         \
	ENGINE(const char *, trouble, (struct db * db), (db))                  \
	ENGINE(enum db_rc, index_slice, (struct db * db), (db))                \
	ENGINE_VOID(index_state, (struct db * db, char out[DB_INDEXING_SIZE]), \
	    (db, out))                                                         \
	ENGINE(enum db_rc, index_look, (struct db * db), (db))                 \
	ENGINE(enum db_rc, facts_old,                                          \
	    (struct db * db, int64_t call, struct facts * f), (db, call, f))   \
	ENGINE_VOID(time_limit, (struct db * db, int ms), (db, ms))            \
	ENGINE(bool, is_late, (struct db * db), (db))                          \
	ENGINE(enum db_rc, read_begin, (struct db * db), (db))                 \
	ENGINE_VOID(read_end, (struct db * db), (db))                          \
	ENGINE(enum db_rc, sync_seen, (struct db * db), (db))                  \
	ENGINE(bool, is_current, (struct db * db), (db))                       \
	ENGINE(bool, words_possible, (struct db * db), (db))                   \
	ENGINE(enum db_rc, words_add,                                          \
	    (struct db * db, int64_t number, const char *t), (db, number, t))  \
	ENGINE(enum db_rc, words_take,                                         \
	    (struct db * db, int64_t number, const char *t), (db, number, t))  \
	ENGINE(enum db_rc, words_change,                                       \
	    (struct db * db, int64_t number, const char *was, const char *is), \
	    (db, number, was, is))                                             \
	ENGINE(                                                                \
	    enum db_rc, words_tidy, (struct db * db, bool first), (db, first)) \
	ENGINE(enum db_rc, words_create, (struct db * db), (db))               \
	ENGINE(enum db_rc, words_shrink, (struct db * db), (db))               \
	ENGINE(enum db_rc, words_renew, (struct db * db), (db))                \
	ENGINE(enum db_rc, words_tail, (struct db * db), (db))                 \
	ENGINE(enum db_rc, words_tail_add,                                     \
	    (struct db * db, int64_t number, const char *t), (db, number, t))  \
	ENGINE(enum db_rc, words_find,                                         \
	    (struct db * db, const char *expression, db_number_fn fn,          \
		void *arg),                                                    \
	    (db, expression, fn, arg))                                         \
	ENGINE(struct db_splitter *, splitter_new, (struct db * db), (db))     \
	ENGINE_VOID(info, (struct db * db, struct db_info * info), (db, info)) \
	ENGINE(enum db_rc, schema_check, (struct db * db, struct buf * b),     \
	    (db, b))                                                           \
	ENGINE(enum db_rc, integrity, (struct db * db, struct buf * b), (db, b))

/*
 * The members of the table have the names that db.h gives them.  Parameters
 * have their parentheses.
 */
/* NOLINTBEGIN(bugprone-macro-parentheses) */
#define ENGINE_MEMBER(returns, name, parameters, arguments) \
	returns(*db_##name) parameters;
#define ENGINE_MEMBER_VOID(name, parameters, arguments) \
	void(*db_##name) parameters;
/* NOLINTEND(bugprone-macro-parentheses) */

struct engine {
	struct db *(*db_open)(
	    const struct db_options *o, enum db_mode mode, struct buf *why);
	void (*db_close)(struct db *db); /* not NULL */
	void (*db_places)(const char *store, struct confine *c); /* or NULL */
	void (*db_bind_null)(struct statement *s, int i);
	ENGINE_FUNCTIONS(ENGINE_MEMBER, ENGINE_MEMBER_VOID)
};

/* Why a store of an older schema, or of none (0), cannot be read. */
void engine_tell_older(
    const char *path, int version, int known, struct buf *why);

extern const struct engine engine_sqlite, engine_postgres;

#endif /* !ENGINE_H */
