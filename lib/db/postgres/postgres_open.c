/*
 * Connecting: which server, what it must be, and again after it was lost.  Of
 * several hosts libpq takes the first that is as target_session_attrs wants;
 * one that writes wants a primary, whatever else is said.
 */
#include "db/postgres/postgres.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/log.h"
#include "base/when.h"

/* What every session of ours is, whatever the role's own settings say. */
#define SESSION                                                           \
	"SELECT set_config('jit', 'off', false),"                         \
	" set_config('lock_timeout', '0', false),"                        \
	" set_config('statement_timeout', '0', false),"                   \
	" set_config('cursor_tuple_fraction', '1', false),"               \
	" set_config('standard_conforming_strings', 'on', false),"        \
	" set_config('default_transaction_isolation', 'read committed', " \
	"false)"
/*
 * Who writes commits without waiting for the disk, and waits for it in
 * db_sync(), so that another host writes meanwhile.  A plan is made once: it
 * has to be good for the table that has grown, not for the small one of then.
 */
#define SESSION_WRITE                                                  \
	"SELECT set_config('synchronous_commit', 'off', false),"       \
	" set_config('plan_cache_mode', 'force_generic_plan', false)," \
	" set_config('enable_seqscan', 'off', false),"                 \
	" set_config('enable_hashjoin', 'off', false),"                \
	" set_config('enable_mergejoin', 'off', false)"

/* --- the name ------------------------------------------------------------- */

static const char *
option_of(const PQconninfoOption *o, const char *name)
{
	for (; o->keyword != NULL; o++)
		if (strcmp(o->keyword, name) == 0)
			return o->val;
	return NULL;
}

/* For messages: host and database.  Returns NULL after adding to why. */
static char *
name_of(const char *uri, struct buf *why)
{
	char *message = NULL;
	PQconninfoOption *o = PQconninfoParse(uri, &message);
	struct buf b = {0};

	if (o == NULL) {
		/* It may repeat the text, and so a password. */
		buf_puts(why,
		    "store: is no URI of PostgreSQL, and no list of"
		    " key=value, that libpq understands");
		PQfreemem(message);
		return NULL;
	}
	if (option_of(o, "service") != NULL)
		buf_printf(&b, "service=%s", option_of(o, "service"));
	else {
		const char *host = option_of(o, "host");
		const char *name = option_of(o, "dbname");

		buf_printf(&b, "postgresql://%s/%s", host == NULL ? "" : host,
		    name == NULL ? "" : name);
	}
	PQconninfoFree(o);
	if (b.failed) {
		buf_puts(why, "out of memory");
		buf_free(&b);
		return NULL;
	}
	return b.data;
}

/*
 * libpq looks into the service file only as it connects.  So let it begin to,
 * with a wish that there is not, of which it sees before it reaches anybody.
 */
void
pg_places(const char *store, struct confine *c)
{
	static const char *const file[] = {
	    "passfile", "sslcert", "sslkey", "sslrootcert", "sslcrl"};
	const char *const keyword[] = {"dbname", "target_session_attrs", NULL};
	const char *const value[] = {store, "none at all", NULL};
	PGconn *pg = PQconnectStartParams(keyword, value, 1);
	PQconninfoOption *o = PQconninfo(pg);
	const char *path;

	if (o == NULL)
		c->failed = true;
	for (size_t i = 0; o != NULL && i < sizeof(file) / sizeof(file[0]);
	     i++) {
		path = option_of(o, file[i]);
		/* Or it is a word, or an engine's key. */
		if (path != NULL && (*path == '/' || access(path, F_OK) == 0))
			confine_allow_edited(c, path);
	}
	path = o == NULL ? NULL : option_of(o, "sslcrldir");
	if (path != NULL && *path != '\0')
		confine_allow(c, CONFINE_LIST, path);
	PQconninfoFree(o);
	PQfinish(pg);
}

/* --- connecting ----------------------------------------------------------- */

static void
add_message(const struct db *db, struct buf *why, const char *message)
{
	size_t n = strcspn(message, "\n");

	buf_printf(why, "%s: %.*s", db->path, (int)n, message);
}

/* What the first words of the server say.  -1 after adding to why. */
static int
check_server(struct db *db, struct buf *why)
{
	const int version = PQserverVersion(db->pg);
	const char *encoding = PQparameterStatus(db->pg, "server_encoding");

	if (version < SERVER_LEAST) {
		buf_printf(why,
		    "%s: PostgreSQL %d is too old, since stores need %d",
		    db->path, version / 10000, SERVER_LEAST / 10000);
		return -1;
	}
	if (encoding == NULL || strcmp(encoding, "UTF8") != 0) {
		buf_printf(why,
		    "%s: its encoding is %s, and has to be UTF8: make the"
		    " database anew with ENCODING 'UTF8' TEMPLATE template0",
		    db->path, encoding == NULL ? "not known" : encoding);
		return -1;
	}
	pthread_mutex_lock(&db->mutex);
	/* Who was told it may still read it. */
	if (db->version != version)
		(void)snprintf(db->engine_text, sizeof(db->engine_text),
		    "PostgreSQL %d.%d", version / 10000, version % 10000);
	db->version = version;
	pthread_mutex_unlock(&db->mutex);
	return 0;
}

static int
set_session(struct db *db, struct buf *why)
{
	enum db_rc rc = wire_text(db, SESSION);

	if (rc == DB_OK && db->mode == DB_WRITE)
		rc = wire_text(db, SESSION_WRITE);
	if (rc == DB_OK)
		rc = wire_wait(db);
	if (rc != DB_OK)
		add_message(db, why, buf_str(&db->message));
	return rc == DB_OK ? 0 : -1;
}

/* What else the server says, of which only a warning is of interest. */
static void
on_notice(void *arg, const PGresult *r)
{
	const char *severity = PQresultErrorField(
	    r, PG_DIAG_SEVERITY_NONLOCALIZED);
	struct db *db = arg;

	if (severity != NULL && strcmp(severity, "WARNING") == 0)
		db->warned = true;
}

static int
connect_server(struct db *db, struct buf *why)
{
	/* What stands before the URI is what holds unless it says more. */
	const char *const keyword[] = {"connect_timeout",
	    "target_session_attrs", "dbname", "fallback_application_name",
	    "client_encoding", NULL};
	const char *const value[] = {CONNECT_S,
	    db->mode == DB_WRITE ? "read-write" : "any", db->uri, "callbook",
	    "UTF8", NULL};

	db->pg = PQconnectdbParams(keyword, value, 1);
	if (db->pg == NULL) {
		buf_puts(why, "out of memory");
		return -1;
	}
	if (PQstatus(db->pg) != CONNECTION_OK) {
		add_message(db, why, PQerrorMessage(db->pg));
		return -1;
	}
	PQsetNoticeReceiver(db->pg, on_notice, db);
	if (PQsetnonblocking(db->pg, 1) == -1 ||
	    PQenterPipelineMode(db->pg) != 1) {
		add_message(db, why, PQerrorMessage(db->pg));
		return -1;
	}
	if (check_server(db, why) == -1 || set_session(db, why) == -1)
		return -1;
	return pg_schema_open(db, why);
}

enum db_rc
connect_again(struct db *db)
{
	const bool was = db->pg != NULL;
	struct buf why = {0};
	enum db_rc rc = DB_OK;

	wire_close(db);
	if (connect_server(db, &why) == 0)
		log_info(
		    "%s: %s", db->path, was ? "connected again" : "connected");
	else {
		log_warnx("%s", buf_str(&why));
		trouble_connecting(db, buf_str(&why));
		wire_close(db);
		rc = wire_fail(db, DB_ERROR, "not connected");
	}
	buf_free(&why);
	return rc;
}

struct db *
pg_open(const struct db_options *o, enum db_mode mode, struct buf *why)
{
	struct db *db = calloc(1, sizeof(*db));

	if (db == NULL) {
		buf_puts(why, "out of memory");
		return NULL;
	}
	db->engine = &engine_postgres;
	db->mode = mode;
	db->durable = o->durable;
	atomic_init(&db->newer, false);
	atomic_init(&db->trouble, NULL);
	pthread_mutex_init(&db->mutex, NULL);
	db->uri = strdup(o->path);
	db->timezone = strdup(o->timezone == NULL ? "" : o->timezone);
	if (db->uri == NULL || db->timezone == NULL)
		buf_puts(why, "out of memory");
	else if ((db->path = name_of(o->path, why)) != NULL &&
	    connect_server(db, why) == 0)
		return db;
	pg_close(db);
	return NULL;
}

void
pg_close(struct db *db)
{
	/* The server notices the end of a connection somewhat later. */
	if (db->duty && db->pg != NULL)
		PQclear(wire_ask(db, "SELECT pg_advisory_unlock_all()"));
	if (db->pg != NULL)
		wire_close(db);
	statements_free(db);
	db_splitter_free(db->splitter);
	db_close(db->memory);
	pthread_mutex_destroy(&db->mutex);
	buf_free(&db->message);
	free(db->expected);
	free(db->timezone);
	free(db->path);
	free(db->uri);
	free(db);
}

const char *
pg_path(const struct db *db)
{
	return db->path;
}

bool
pg_is_open(const struct db *db)
{
	return db->pg != NULL && !db->broken;
}

bool
pg_is_newer(struct db *db)
{
	return atomic_load(&db->newer);
}

/* Nobody takes a file away. */
bool
pg_is_disturbed(struct db *db)
{
	(void)db;
	return false;
}

#define ENTRY(returns, name, parameters, arguments) .db_##name = pg_##name,
#define ENTRY_VOID(name, parameters, arguments) .db_##name = pg_##name,
const struct engine engine_postgres = {.db_open = pg_open,
    .db_close = pg_close,
    .db_places = pg_places,
    .db_bind_null = pg_bind_null,
    ENGINE_FUNCTIONS(ENTRY, ENTRY_VOID)};
