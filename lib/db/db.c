/*
 * Which engine a store is of, told by its name; then everything is the
 * engine's.
 */
#include "db/db.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "base/confine.h"
#include "base/server.h"
#include "db/engine.h"

static const struct engine *
engine_of(const void *thing)
{
	return *(const struct engine *const *)thing;
}

void
engine_tell_older(const char *path, int version, int known, struct buf *why)
{
	if (version == 0)
		buf_printf(why,
		    "%s: there is no store yet: the receiver makes it when it "
		    "starts",
		    path);
	else
		buf_printf(why,
		    "%s: schema %d is older than this program's %d: the "
		    "receiver brings it up when it starts",
		    path, version, known);
}

struct db *
db_open(const struct db_options *o, enum db_mode mode, struct buf *why)
{
	if (!server_is(o->path))
		return engine_sqlite.db_open(o, mode, why);
#ifdef WITHOUT_LIBPQ
	buf_puts(why,
	    "this program was built without libpq, so it can keep no store on"
	    " a PostgreSQL server: use one that was built with libpq-dev"
	    " installed");
	return NULL;
#else
	return engine_postgres.db_open(o, mode, why);
#endif
}

void
db_close(struct db *db)
{
	if (db != NULL)
		engine_of(db)->db_close(db);
}

bool
db_is_own(const char *suffix)
{
	static const char *const own[] = {
	    "", "-wal", "-shm", "-lock", "-key", "-journal"};

	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (strcmp(suffix, own[i]) == 0)
			return true;
	return false;
}

/* The name without its directory, which is dir where the path has none. */
static const char *
split(const char *path, char dir[PATH_MAX])
{
	const char *slash = strrchr(path, '/');
	const char *name = slash == NULL ? path : slash + 1;
	const int n = (int)(name - path);

	(void)snprintf(
	    dir, PATH_MAX, "%.*s", n == 0 ? 1 : n, n == 0 ? "." : path);
	return name;
}

bool
db_has_file(const char *store, const char *file)
{
	char beside[PATH_MAX], dir[PATH_MAX];
	const char *own = split(store, beside), *name = split(file, dir);
	const size_t n = strlen(own);
	struct stat is, at;

	return !server_is(store) && strncmp(name, own, n) == 0 &&
	    db_is_own(name + n) && stat(beside, &is) == 0 &&
	    stat(dir, &at) == 0 && is.st_dev == at.st_dev &&
	    is.st_ino == at.st_ino;
}

void
db_bind_text(struct statement *s, int i, const char *text)
{
	if (text != NULL)
		db_bind_chars(s, i, text, strlen(text));
	else
		engine_of(s)->db_bind_null(s, i);
}

void
db_places(const char *store, struct confine *c)
{
	confine_allow_server(c);
#ifdef WITHOUT_LIBPQ
	(void)store;
#else
	engine_postgres.db_places(store, c);
#endif
}

enum db_rc
db_run_alone(struct db *db, const char *sql)
{
	struct statement *s = db_statement(db, sql);

	return s == NULL ? db_failure(db) : db_run(s);
}

#define FIRST(...) FIRST_(__VA_ARGS__, 0)
#define FIRST_(first, ...) first

#define FUNCTION(returns, name, parameters, arguments)                  \
	returns db_##name parameters                                    \
	{                                                               \
		return engine_of(FIRST arguments)->db_##name arguments; \
	}
#define FUNCTION_VOID(name, parameters, arguments)               \
	void db_##name parameters                                \
	{                                                        \
		engine_of(FIRST arguments)->db_##name arguments; \
	}

ENGINE_FUNCTIONS(FUNCTION, FUNCTION_VOID)
