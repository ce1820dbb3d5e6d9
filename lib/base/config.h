/*
 * config - the configuration file, callbook.conf(5).
 *
 * Read whole and checked whole: a struct config is never half filled.  Every
 * fault is reported, as `FILE:LINE: REASON`, or `FILE: REASON` where it is not
 * of one line.  Whether a provider exists is for the caller to ask.
 */
#ifndef CONFIG_H
#define CONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"
#include "base/confine.h"
#include "base/zone.h"

#define CONFIG_FILE_MAX (1024 * 1024) /* bytes */
#define CONFIG_LINE_MAX 1024 /* bytes in one line of the file */
#define CONFIG_FAULTS_MAX 100 /* lines reported of one file */
#define CONFIG_SOURCES_MAX 1000
#define CONFIG_SOURCE_NAME_MAX 64 /* [A-Za-z0-9._-], not starting with '.' */
#define CONFIG_LOGINS_MAX 1000
#define CONFIG_LOGIN_NAME_MAX 255 /* bytes, as the web server has it */
#define CONFIG_TITLE_MAX 60 /* bytes of a report's title */
#define CONFIG_BODY_MAX_DEFAULT (4 * 1024 * 1024)
#define CONFIG_BODY_MAX_MIN 1024
#define CONFIG_BODY_MAX_MAX (64 * 1024 * 1024)
#define CONFIG_SPOOL_MAX_DEFAULT (256LL * 1024 * 1024)
#define CONFIG_SPOOL_MAX_MIN (64 * 1024)
#define CONFIG_SPOOL_MAX_MAX (1LL << 40)

enum config_durability { DURABILITY_FULL, DURABILITY_NORMAL };
enum config_access { ACCESS_LOGIN, ACCESS_PUBLIC };
enum config_phones { PHONES_FULL, PHONES_MASKED, PHONES_AS_REPORT };

enum config_recordings { RECORDINGS_LINK, RECORDINGS_PLAY };

/* The keys auth_NAME, each in place of a member of the platform's scheme. */
enum config_auth {
	CONFIG_AUTH_SIGNED,
	CONFIG_AUTH_HEADER,
	CONFIG_AUTH_PREFIX,
	CONFIG_AUTH_HASH,
	CONFIG_AUTH_ENCODING,
	CONFIG_AUTH_SECRET,
	CONFIG_AUTH_SECRET_PREFIX,
	CONFIG_AUTH_TIME_HEADER,
	CONFIG_AUTH_TIME_FORMAT,
	CONFIG_AUTH_TOLERANCE,
	CONFIG_AUTH__MAX
};

/*
 * What is kept for a time, callbook.conf(5): the keys keep_NAME, for all
 * sources and for one.
 */
enum config_keep {
	KEEP_BODIES, /* with the headers that they were mapped by */
	KEEP_TRANSCRIPTS, /* of a call: transcript, summary, recording link */
	KEEP_FACTS,
	KEEP_CALLS,
	KEEP_QUARANTINE,
	KEEP_REJECTED,
	KEEP__MAX
};
extern const char *const config_keep_name[KEEP__MAX]; /* "bodies", ... */
#define CONFIG_KEEP_FOREVER INT64_MAX

/* What language may say; the first is the default. */
extern const char *const config_language[]; /* "auto", "en" ... NULL */

/*
 * What `drop` may name, besides facts:PATH: what is never stored.  A list of
 * such words, with ", " between them, is a text of it here; "" has none.
 */
#define CONFIG_DROP_BODY "body"
#define CONFIG_DROP_FACTS "facts"
#define CONFIG_DROP_FACT "facts:" /* before the path of one, or of a group */

/* One [source NAME] section.  Paths are absolute.  NULL: not given. */
struct config_source {
	char *name;
	char *provider; /* required */
	char *auth; /* a scheme of the definition, or "none" */
	char *secret_file; /* checked: exists and no stranger can read it */
	char *key_file; /* public keys, PEM */
	char *url; /* its whole public address; NULL: no url anywhere */
	char *auth_member[CONFIG_AUTH__MAX]; /* the provider room checks them */
	int answer; /* 200 or 204 */
	bool drop_bulk; /* do not keep what the definition calls bulk */
	char *zone_name; /* IANA name, for times without an offset; NULL: UTC */
	struct zone *zone; /* the zone of that name; NULL: UTC */
	int64_t keep[KEEP__MAX]; /* ms; 0: as all sources */
	char *drop; /* what is never stored; NULL: as all sources */
	int line; /* of the section, for messages found later */
};

/*
 * One [login NAME] section: what is different for who logs in by that name.  A
 * login without a section sees all.  NULL, or PHONES_AS_REPORT: as for others.
 */
struct config_login {
	/* REMOTE_USER, in whatever case: many web servers heed none. */
	char *name;
	char *sources; /* as written; required */
	const char **source; /* names of sources, of struct config */
	size_t nsources; /* 1 at least */
	enum config_phones phones;
	char *facts_hidden; /* NULL: as the report; "": none */
	char *title;
	int language; /* of config_language[]; -1: as the report */
	int line; /* of the section */
};

struct config {
	char *file; /* absolute path of the file read */
	/* Absolute path, default callbook.db beside the file; or a server. */
	char *store;
	enum config_durability durability;
	char *timezone; /* IANA name, known to the system; default "UTC" */
	/*
	 * The zone that was configured, where the system has no time zones and
	 * UTC is used instead; else NULL.
	 */
	char *timezone_missing;
	int64_t max_body; /* bytes */
	char *spool; /* absolute path of a directory, or NULL: none */
	int64_t spool_max; /* bytes that its files may take on disk */
	char *providers_dir; /* absolute path or NULL */
	char *url; /* public address of the receiver, no final slash, or NULL */
	enum config_access access;
	enum config_phones phones;
	char *facts_hidden; /* for config_hides(), or NULL */
	char *title; /* of the report, or NULL */
	int language; /* of config_language[] */
	enum config_recordings recordings;
	char *logo; /* absolute path of a picture, or NULL */
	char *accent; /* "#rrggbb", or NULL */
	int64_t keep[KEEP__MAX]; /* ms; 0: for ever */
	char *drop; /* what is never stored, or NULL */
	struct config_source *source;
	size_t sources;
	struct config_login *login;
	size_t logins;
};

/*
 * The file to read: option (from -c) if not NULL, else $CALLBOOK_CONFIG, else
 * callbook.conf in the directory above the one this program lies in, if it is
 * there, else /etc/callbook/callbook.conf.  Returns an absolute path for the
 * caller to free, or NULL when memory ran out.  Where the system has no
 * database of time zones, TZDIR is set to the one beside the program; so it
 * is to be called once, before there are threads.
 */
char *config_find(const char *option);

/* The absolute form of path, to be freed; NULL: memory ran out. */
char *config_absolute(const char *path);

/*
 * Read the file.  Returns NULL after adding one line per fault to why, each
 * `FILE:LINE: REASON` without a final newline on the last.
 */
struct config *config_load(const char *path, struct buf *why);
void config_free(struct config *c);

/*
 * The file beside which lies what belongs to the store and is not in it: the
 * store itself, or the configuration of one that is a server.
 */
const char *config_place(const struct config *c);

/* Allow what it was read from, and all that it names but the store. */
void config_places(const struct config *c, struct confine *to);

/* The source of that name (n bytes), or NULL. */
const struct config_source *config_source(
    const struct config *c, const char *name, size_t n);

/* The section of that login, or NULL: it has none, or name is NULL. */
const struct config_login *config_login(
    const struct config *c, const char *name);

/*
 * Does the list facts_hidden have the path of that fact?  A path in it stands
 * for the fact and for all beneath it.  NULL and "" have none.
 */
bool config_hides(const char *facts_hidden, const char *path);

/*
 * How long it is kept of a source, configured or not, in ms, or
 * CONFIG_KEEP_FOREVER.  What has a part of something goes with it: bodies tell
 * transcripts, facts and calls, so they are kept no longer than those.
 */
int64_t config_keep(
    const struct config *c, const char *source, enum config_keep what);

/* What is never stored of a source, configured or not; "": nothing. */
const char *config_drop(const struct config *c, const char *source);

/*
 * The next word of such a text, *n bytes; NULL: there is no more.  *s is moved
 * on behind it.
 */
const char *config_drop_next(const char **s, size_t *n);

/* Does the text have that word? */
bool config_drops(const char *drop, const char *word);

#endif /* !CONFIG_H */
