/*
 * check_store - may this user use the store's files, is there room on the
 * disk, is the content sound?  What keeps a receiver from storing is here;
 * most of it is invisible until an event is lost.
 */
#include "check/internal.h"

#include <errno.h>
#include <glob.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/server.h"
#include "base/when.h"
#include "provider/credential.h"
#include "query/query.h"

#define FREE_LOW (100 * 1000 * 1000) /* bytes: worth a warning */
#define DISK_DAYS 30 /* less are worth a warning */
#define KEPT_LATE_MS ((int64_t)2 * 24 * 60 * 60 * 1000)
#define FREE_NONE (10 * 1000 * 1000) /* bytes: events are refused soon */

/* --- the place ------------------------------------------------------------ */

/* May this user access the store's files as he must? */
static bool
may_use(struct check *k, const char *path)
{
	if (access(path, k->reader ? R_OK : R_OK | W_OK) == 0)
		return true;
	check_finding(k, CHECK_FAIL, "store",
	    "%s: not readable%s for this user: %s", path,
	    k->reader ? "" : " and writable", strerror(errno));
	return false;
}

/*
 * The files beside the store: if somebody ran a command by hand as another
 * user, a file of his keeps the receiver out.
 */
static void
check_companions(struct check *k, const char *path, uid_t owner)
{
	static const char *const suffix[] = {"-lock", "-wal", "-shm"};

	for (size_t i = 0; i < sizeof suffix / sizeof suffix[0]; i++) {
		struct buf name = {0};
		struct stat st;

		buf_printf(&name, "%s%s", path, suffix[i]);
		if (stat(buf_str(&name), &st) == -1)
			; /* made when it is needed */
		else if (may_use(k, buf_str(&name)) && st.st_uid != owner)
			check_finding(k, CHECK_FAIL, "store",
			    "%s belongs to another user than the store: give "
			    "it the store's owner with chown",
			    buf_str(&name));
		buf_free(&name);
	}
}

/* Can what is kept of credentials be verified again? */
static void
check_key(struct check *k, const char *path)
{
	struct credential_key key;
	struct buf why = {0}, name = {0};

	buf_printf(&name, "%s" CREDENTIAL_SUFFIX, path);
	/* Made when it is needed; none of the report's business. */
	if (k->reader || access(buf_str(&name), F_OK) == -1)
		goto out;
	if (credential_key_load(path, false, &key, &why) == -1)
		check_finding(k, CHECK_FAIL, "store",
		    "%s: tokens of rejected deliveries cannot be verified "
		    "again",
		    buf_str(&why));
	credential_key_clear(&key);
out:
	buf_free(&name);
	buf_free(&why);
}

/* WALs of stores that others took the place of (sqlite_files.c). */
static void
check_foreign(struct check *k, const char *path)
{
	struct buf pattern = {0};
	glob_t found;

	buf_printf(&pattern, "%s-wal.foreign-*", path);
	if (!pattern.failed && glob(pattern.data, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc; i++)
			check_finding(k, CHECK_WARN, "store",
			    "%s has events of a store that another file took "
			    "the place of: keep it with that one, or remove it",
			    found.gl_pathv[i]);
		globfree(&found);
	}
	buf_free(&pattern);
}

/* Returns -1 if there is no store to open. */
static int
check_place(struct check *k)
{
	const char *path = k->config->store;
	char *dir = strdup(path);
	char *slash = dir == NULL ? NULL : strrchr(dir, '/');
	struct stat st;
	int rc = -1;

	if (slash == NULL) {
		check_finding(k, CHECK_FAIL, "store", "out of memory");
		goto out;
	}
	slash[slash == dir] = '\0';
	check_served(k, "store", dir);
	check_rights(k, "store", dir);
	if (stat(dir, &st) == -1) {
		check_finding(k, CHECK_FAIL, "store",
		    "directory %s: %s; create it", dir, strerror(errno));
		goto out;
	}
	if (access(dir, W_OK | X_OK) == -1)
		check_finding(k, CHECK_FAIL, "store",
		    "directory %s: not writable for this user: %s", dir,
		    strerror(errno));
	else
		check_finding(
		    k, CHECK_GOOD, "store", "directory %s is writable", dir);
	if (geteuid() == 0 && st.st_uid != 0)
		check_finding(k, CHECK_WARN, "store",
		    "checked as root, who may do everything; run this as the "
		    "web server's user");
	if (stat(path, &st) == -1 && errno == ENOENT)
		check_finding(k, CHECK_WARN, "store",
		    "%s is not there yet: the receiver makes it when it starts",
		    path);
	else if (may_use(k, path)) {
		if ((st.st_mode & (S_IROTH | S_IWOTH)) != 0)
			check_finding(k, CHECK_WARN, "store",
			    "every user of this machine can read or write %s: "
			    "chmod 660 it",
			    path);
		check_companions(k, path, st.st_uid);
		check_foreign(k, path);
		check_key(k, path);
		rc = 0;
	}
out:
	free(dir);
	return rc;
}

/* --- what it says --------------------------------------------------------- */

static void
check_free(struct check *k, int64_t bytes)
{
	struct buf b = {0};

	if (bytes < 0) {
		check_finding(k, CHECK_WARN, "disk", "free room is not known");
		return;
	}
	check_size(&b, bytes);
	if (bytes < FREE_NONE)
		check_finding(k, CHECK_FAIL, "disk",
		    "%s free: make room, or events are "
		    "refused",
		    buf_str(&b));
	else if (bytes < FREE_LOW)
		check_finding(
		    k, CHECK_WARN, "disk", "only %s free", buf_str(&b));
	else
		check_finding(k, CHECK_GOOD, "disk", "%s free", buf_str(&b));
	buf_free(&b);
}

static void
check_zone(struct check *k, const char *counted)
{
	const char *zone = k->config->timezone;

	if (k->config->timezone_missing != NULL)
		check_finding(k, CHECK_WARN, "time zone",
		    "this system has no database of time zones, so days are "
		    "those of UTC and not of %s: install it (Debian: tzdata), "
		    "or name its directory in TZDIR, then run 'callbook "
		    "rebuild'",
		    k->config->timezone_missing);
	else if (*counted == '\0' || strcmp(counted, zone) == 0)
		check_finding(k, CHECK_GOOD, "time zone", "%s", zone);
	else
		check_finding(k, CHECK_WARN, "time zone",
		    "days were counted in %s, configured is %s: run "
		    "'callbook rebuild'",
		    counted, zone);
}

static void
check_search(struct check *k, enum query_search is)
{
	switch (is) {
	case QUERY_SEARCH_ON:
		check_finding(k, CHECK_GOOD, "search", "by an index of words");
		break;
	case QUERY_SEARCH_BUILDING:
		check_finding(k, CHECK_WARN, "search",
		    "slow until the index of words is built: it goes on with "
		    "each new call, and at once if you run 'callbook rebuild'");
		break;
	case QUERY_SEARCH_OFF:
		check_finding(k, CHECK_WARN, "search",
		    "slow, since the index of words is off: run 'callbook "
		    "rebuild'");
		break;
	case QUERY_SEARCH_IMPOSSIBLE:
		check_finding(k, CHECK_WARN, "search",
		    "slow, since this SQLite has no FTS5, so there is no "
		    "index of words: use one that has it, as the programs of "
		    "'make portable' do, then run 'callbook rebuild'");
		break;
	case QUERY_SEARCH_UNKNOWN:
		break;
	}
}

static void
advised(void *arg, bool good, const char *text)
{
	check_finding(
	    arg, good ? CHECK_GOOD : CHECK_WARN, "server", "%s", text);
}

static void
check_engine(struct check *k, struct query *q, const struct query_health *h)
{
	if (h->info.journal == NULL) {
		check_finding(k, CHECK_GOOD, "server", "%s", h->info.engine);
		/* What fails of it is told by what is counted next. */
		(void)query_advise(
		    q, k->config->durability == DURABILITY_FULL, advised, k);
		return;
	}
	if (h->info.journal_why[0] == '\0')
		check_finding(k, CHECK_GOOD, "journal", "%s", h->info.journal);
	else
		check_finding(k, CHECK_WARN, "journal",
		    "%s, slower than wal: %s", h->info.journal,
		    h->info.journal_why);
	if (h->info.wal_reset_fault)
		check_finding(k, CHECK_GOOD, "SQLite",
		    "%s has the WAL-reset fault (fixed in 3.51.3); Callbook's "
		    "own lock keeps it away; let nothing else write to the "
		    "store",
		    h->info.engine);
	else
		check_finding(k, CHECK_GOOD, "SQLite", "%s", h->info.engine);
}

static void
check_state(struct check *k, const struct query_health *h)
{
	check_zone(k, h->timezone);
	check_search(k, h->search);
	if (h->rebuild_wanted)
		check_finding(k, CHECK_WARN, "rebuild",
		    "the calls that an older version stored are still as that "
		    "one understood their events, or a rebuild was cut off: "
		    "run 'callbook rebuild'");
	if (h->info.indexing[0] != '\0')
		check_finding(k, CHECK_WARN, "store",
		    "what an older version stored is being brought up while "
		    "events are received, and lists may be slow until then: "
		    "%s",
		    h->info.indexing);
}

static int
counted(void *arg, const struct stored_count *c)
{
	struct check *k = arg;
	struct buf type = {0};

	if (k->outside == NULL)
		buf_puts(&type, c->type);
	else
		k->outside(&type, c->type, strlen(c->type));
	check_finding(k, CHECK_GOOD, "counted",
	    "%" PRId64 " %s events of %s, a type that is not kept", c->count,
	    buf_str(&type), c->source);
	buf_free(&type);
	return 0;
}

static void
check_counts(struct check *k, const struct query_health *h)
{
	check_finding(k, CHECK_GOOD, "store",
	    "%" PRId64 " events, %" PRId64 " calls", h->events, h->calls);
	if (h->quarantined > 0)
		check_finding(k, CHECK_WARN, "quarantine",
		    "%" PRId64 " kept that could not be understood%s; see "
		    "'callbook quarantine list'",
		    h->quarantined,
		    h->quarantined >= ROW_QUARANTINE_MAX
			? ": of a source that has so many no more is taken, "
			  "and the platform is told to send it again later"
			: "");
	if (h->rejected > 0)
		check_finding(k, CHECK_WARN, "rejected",
		    "%" PRId64 " kept that did not authenticate: "
		    "a stranger, or a wrong secret; see "
		    "'callbook quarantine list --rejected'",
		    h->rejected);
}

/* "3.4 MB", as long as b. */
static const char *
size_text(struct buf *b, int64_t bytes)
{
	buf_reset(b, SIZE_MAX);
	check_size(b, bytes);
	return buf_str(b);
}

int64_t
check_full_in(int64_t a_day, int64_t left)
{
	return a_day > 0 && left >= 0 ? left / a_day : -1;
}

/* How large it is, and when the disk will be full. */
static void
check_sizes(struct check *k, const struct query_care *c, int64_t left)
{
	const int64_t days = check_full_in(c->a_day, left);
	struct buf all = {0}, bodies = {0}, calls = {0}, empty = {0};

	check_finding(k, CHECK_GOOD, "size",
	    "%s; of it bodies about %s, records of calls %s, empty %s",
	    size_text(&all, c->bytes), size_text(&bodies, c->bodies),
	    size_text(&calls, c->calls), size_text(&empty, c->unused));
	if (days >= 0) {
		if (days < DISK_DAYS)
			check_finding(k, CHECK_WARN, "growth",
			    "about %s a day as in the last week: at this pace "
			    "the disk is full in %" PRId64 " days",
			    size_text(&all, c->a_day), days);
		else
			check_finding(k, CHECK_GOOD, "growth",
			    "about %s a day as in the last week; at this pace "
			    "the disk is full in %s%" PRId64 " days",
			    size_text(&all, c->a_day),
			    days > CHECK_FULL_FAR ? "more than " : "",
			    days > CHECK_FULL_FAR ? (int64_t)CHECK_FULL_FAR
						  : days);
	}
	buf_free(&all);
	buf_free(&bodies);
	buf_free(&calls);
	buf_free(&empty);
}

/* Is the key the one by which that was hashed?  Older stores have "". */
static bool
is_key_of(const struct credential_key *key, const char *hashed)
{
	unsigned char hash[CREDENTIAL_HASH_SIZE];
	char hex[2 * CREDENTIAL_HASH_SIZE + 1];

	if (hashed[0] == '\0' ||
	    credential_hash(key, ROW_KEY_TEXT, strlen(ROW_KEY_TEXT), hash) != 0)
		return true;
	hex_encode(hash, sizeof(hash), hex);
	return strcmp(hex, hashed) == 0;
}

/* Are forgotten calls recognised, if one comes late? */
static void
check_forgotten(struct check *k, const struct query_care *c)
{
	struct credential_key key;
	struct buf why = {0};

	if (c->erasures == 0 || k->reader)
		return;
	if (credential_key_load(config_place(k->config), false, &key, &why) ==
	    -1)
		check_finding(k, CHECK_FAIL, "forgotten",
		    "%s: what was forgotten is not recognised when it comes "
		    "again: put the key back that was there",
		    buf_str(&why));
	else if (!is_key_of(&key, c->key))
		check_finding(k, CHECK_FAIL, "forgotten",
		    "the key beside the store is another one than when "
		    "somebody was forgotten, who is not recognised when they "
		    "come again: put the key back that was there");
	else
		check_finding(k, CHECK_GOOD, "forgotten",
		    "%" PRId64 " times; see 'callbook forget --log'",
		    c->erasures);
	credential_key_clear(&key);
	buf_free(&why);
}

/* Is anything kept for a time only? */
static bool
has_limit(const struct config *c)
{
	for (int i = 0; i < KEEP__MAX; i++) {
		if (config_keep(c, "", (enum config_keep)i) !=
		    CONFIG_KEEP_FOREVER)
			return true;
		for (size_t j = 0; j < c->sources; j++)
			if (config_keep(c, c->source[j].name,
				(enum config_keep)i) != CONFIG_KEEP_FOREVER)
				return true;
	}
	return false;
}

/* Does what is kept for a time go when that is over? */
static void
check_kept(struct check *k, const struct query_care *c)
{
	char at[WHEN_TEXT_SIZE];

	if (c->tended > 0)
		check_finding(k, CHECK_GOOD, "tend", "last run %s",
		    when_rfc3339(c->tended, at));
	if (!has_limit(k->config))
		return;
	if (c->kept > 0 && when_now() - c->kept < KEPT_LATE_MS)
		check_finding(k, CHECK_GOOD, "retention",
		    "what is kept no longer was gone at %s",
		    when_rfc3339(c->kept, at));
	else
		check_finding(k, CHECK_WARN, "retention",
		    "there is more than is to be kept: the receiver lets go of "
		    "it by and by while it runs, and 'callbook tend' at once");
}

/* What is in the store, and whether it is sound. */
static void
check_content(struct check *k, struct query *q)
{
	struct query_health h = {0};
	struct query_care care;
	struct buf why = {0};
	enum query_rc rc;

	if (k->limit_ms > 0)
		query_time_limit(q, k->limit_ms);
	rc = query_health(q, &h);
	if (rc == QUERY_OK || rc == QUERY_TIMEOUT) {
		check_finding(
		    k, CHECK_GOOD, "store", "schema %d", h.info.schema);
		check_engine(k, q, &h);
		check_state(k, &h);
	}
	if (rc == QUERY_OK)
		check_counts(k, &h);
	if (rc == QUERY_OK)
		rc = query_each_count(q, counted, k);
	if (rc == QUERY_OK)
		rc = query_care(q, &h, &care);
	if (rc == QUERY_OK) {
		check_sizes(k, &care, h.info.free_bytes);
		check_kept(k, &care);
		check_forgotten(k, &care);
	}
	if (rc == QUERY_TIMEOUT)
		check_finding(k, CHECK_WARN, "store",
		    "not counted, as reading it takes too long here: "
		    "'callbook check' has the time");
	else if (rc != QUERY_OK)
		check_finding(k, CHECK_FAIL, "store",
		    "%s does not answer; try 'callbook check --deep', "
		    "keep a copy",
		    server_shown(k->config->store));
	if ((rc == QUERY_OK || rc == QUERY_TIMEOUT) && h.info.journal != NULL)
		check_free(k, h.info.free_bytes);
	if (query_schema(q, &why) != QUERY_OK)
		check_faults(k, "schema", &why);
	buf_reset(&why, SIZE_MAX);
	if (k->deep) {
		if (query_integrity(q, &why) == QUERY_OK)
			check_finding(k, CHECK_GOOD, "integrity", "sound");
		else
			check_faults(k, "integrity", &why);
	}
	buf_free(&why);
}

/* Was a transaction cut off, which the next event undoes? */
static bool
is_cut_off(const char *path)
{
	struct buf name = {0};
	struct stat st;
	bool cut;

	buf_printf(&name, "%s-journal", path);
	cut = stat(buf_str(&name), &st) == 0 && st.st_size > 0;
	buf_free(&name);
	return cut;
}

void
check_store(struct check *k)
{
	const struct config *c = k->config;
	struct buf why = {0};
	struct query *q;

	if (server_is(c->store))
		check_key(k, config_place(c));
	else if (check_place(k) == -1)
		return;
	q = query_open(c->store, &why);
	if (q == NULL && !server_is(c->store) && is_cut_off(c->store))
		check_finding(k, CHECK_WARN, "store", "%s", buf_str(&why));
	else if (q == NULL)
		check_faults(k, "store", &why);
	else
		check_content(k, q);
	query_close(q);
	buf_free(&why);
}
