/*
 * The places, by Landlock, and both parts together.
 *
 * Landlock's numbers are the kernel's and do not change, so they are here: it
 * is there to be used where the headers that we are built with are older.
 */
#define _GNU_SOURCE /* O_PATH */

#include "base/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/confine_calls.h"
#include "base/log.h"

/* --- Landlock, as of its seventh version ---------------------------------- */

#define CREATE_RULESET 444 /* system calls, of all architectures */
#define ADD_RULE 445
#define RESTRICT_SELF 446
#define RULESET_VERSION 1U /* a flag: which version is it? */
#define PATH_BENEATH 1 /* a kind of rule */

#define WRITE_FILE (1ULL << 1)
#define READ_FILE (1ULL << 2)
#define READ_DIR (1ULL << 3)
#define REMOVE_FILE (1ULL << 5)
#define MAKE_DIR (1ULL << 7)
#define MAKE_REG (1ULL << 8)
#define REFER (1ULL << 13) /* to another directory; without it, refused */
#define TRUNCATE (1ULL << 14)
#define OF_FILES (1ULL << 0 | WRITE_FILE | READ_FILE | TRUNCATE | 1ULL << 15)
/* Those of the first version, and how many there are from each further one. */
#define FILES_1 ((1ULL << 13) - 1)
#define FILES_2 ((1ULL << 14) - 1)
#define FILES_3 ((1ULL << 15) - 1)
#define FILES_5 ((1ULL << 16) - 1)
#define NET_4 3ULL /* to bind, and to connect, by TCP */
#define SCOPE_6 3ULL /* abstract sockets and signals that lead out */

struct ruleset {
	uint64_t files, net, scope;
};

struct rule {
	uint64_t allowed;
	int32_t fd;
} __attribute__((packed));

/* What is in force; what is allowed is only kept to see whether it is stale. */
static struct {
	bool begun, files, calls;
	struct confine_place *place;
	size_t places;
} now;

/* Its version, or 0. */
static int
landlock_version(void)
{
#ifdef WITHOUT_CONFINE
	return 0;
#else
	long version = syscall(CREATE_RULESET, NULL, 0, RULESET_VERSION);

	return version > 0 ? (int)version : 0;
#endif
}

/* All that is refused where no rule allows it. */
static struct ruleset
refused(int version)
{
	return (struct ruleset){
	    .files = version >= 5 ? FILES_5
		: version >= 3	  ? FILES_3
		: version >= 2	  ? FILES_2
				  : FILES_1,
	    .net = version >= 4 ? NET_4 : 0,
	    .scope = version >= 6 ? SCOPE_6 : 0,
	};
}

static uint64_t
rights(enum confine_right right)
{
	switch (right) {
	case CONFINE_READ:
		return READ_FILE;
	case CONFINE_LIST:
		return READ_FILE | READ_DIR;
	case CONFINE_NAMES:
		return READ_DIR;
	case CONFINE_TREE:
		return rights(CONFINE_WRITE) | MAKE_DIR | REFER;
	default:
		return READ_FILE | READ_DIR | WRITE_FILE | TRUNCATE | MAKE_REG |
		    REMOVE_FILE;
	}
}

/* Its first version lets nobody move a file to another directory. */
static bool
is_enough(const struct confine *c, int version)
{
	for (size_t i = 0; i < c->places; i++)
		if (c->place[i].right == CONFINE_TREE && version < 2)
			return false;
	return version > 0;
}

/* Returns 0, or -1 with errno; a place where nothing is needs no rule. */
static int
add_rule(int ruleset, uint64_t handled, struct confine_place *p)
{
	struct rule rule = {.allowed = rights(p->right) & handled};
	struct stat st;
	int rc = 0, saved;

	rule.fd = open(p->path, O_PATH | O_CLOEXEC);
	if (rule.fd == -1)
		return 0;
	if (fstat(rule.fd, &st) == 0) {
		p->dev = st.st_dev;
		p->ino = st.st_ino;
		p->dir = S_ISDIR(st.st_mode);
		if (!p->dir)
			rule.allowed &= OF_FILES;
	}
	if (rule.allowed != 0)
		rc = (int)syscall(ADD_RULE, ruleset, PATH_BENEATH, &rule, 0);
	/* A pipe, such as a shell's <(...), has no place: it is not bounded. */
	if (rc == -1 && errno == EBADFD)
		rc = 0;
	saved = errno;
	(void)close(rule.fd);
	errno = saved;
	return rc;
}

/* Returns 0, or -1 with errno. */
static int
begin_files(struct confine *c)
{
	struct ruleset all = refused(landlock_version());
	int fd, rc = 0, saved;

	if (c->connects)
		all.net = 0;
	fd = (int)syscall(CREATE_RULESET, &all, sizeof(all), 0);
	if (fd == -1)
		return -1;
	for (size_t i = 0; i < c->places && rc == 0; i++)
		rc = add_rule(fd, all.files, &c->place[i]);
	if (rc == 0)
		rc = (int)syscall(RESTRICT_SELF, fd, 0);
	saved = errno;
	(void)close(fd);
	errno = saved;
	return rc;
}

/* --- places --------------------------------------------------------------- */

void
confine_allow(struct confine *c, enum confine_right right, const char *path)
{
	struct confine_place *more;
	size_t cap = c->cap == 0 ? 16 : c->cap * 2;
	char *copy;

	for (size_t i = 0; i < c->places; i++)
		if (c->place[i].right == right &&
		    strcmp(c->place[i].path, path) == 0)
			return;
	if (c->places == c->cap) {
		if ((more = realloc(c->place, cap * sizeof(*more))) == NULL) {
			c->failed = true;
			return;
		}
		c->place = more;
		c->cap = cap;
	}
	if ((copy = strdup(path)) == NULL) {
		c->failed = true;
		return;
	}
	c->place[c->places++] = (struct confine_place){
	    .path = copy, .right = right};
}

void
confine_allow_around(
    struct confine *c, enum confine_right right, const char *file)
{
	const char *slash = strrchr(file, '/');
	char *dir = slash == NULL
	    ? strdup(".")
	    : strndup(file, slash == file ? 1 : (size_t)(slash - file));

	if (dir == NULL)
		c->failed = true;
	else
		confine_allow(c, right, dir);
	free(dir);
}

void
confine_allow_edited(struct confine *c, const char *file)
{
	if (file == NULL)
		return;
	/* It may be a link, whose target is somewhere else. */
	confine_allow(c, CONFINE_READ, file);
	if (c->lasting)
		confine_allow_around(c, CONFINE_READ, file);
}

const char *
confine_temporary(void)
{
	/* In this order (SQLite, os_unix.c, azTempDirs). */
	const char *const dir[] = {getenv("SQLITE_TMPDIR"), getenv("TMPDIR"),
	    "/var/tmp", "/usr/tmp", "/tmp"};
	struct stat st;

	for (size_t i = 0; i < sizeof(dir) / sizeof(dir[0]); i++)
		if (dir[i] != NULL && stat(dir[i], &st) == 0 &&
		    S_ISDIR(st.st_mode) && access(dir[i], W_OK | X_OK) == 0)
			return dir[i];
	return NULL;
}

void
confine_allow_temporary(struct confine *c)
{
	const char *dir = confine_temporary();

	if (dir != NULL)
		confine_allow(c, CONFINE_WRITE, dir);
}

/* One below a directory that the environment names. */
static void
allow_below(struct confine *c, const char *variable, const char *name)
{
	const char *dir = getenv(variable);
	struct buf path = {0};

	if (dir == NULL || *dir == '\0')
		return;
	buf_printf(&path, "%s%s", dir, name);
	if (path.failed)
		c->failed = true;
	else
		confine_allow(c, CONFINE_LIST, buf_str(&path));
	buf_free(&path);
}

void
confine_allow_server(struct confine *c)
{
	static const char *const place[] = {
	    "/etc", "/lib", "/lib64", "/usr/lib", "/run/systemd/resolve"};

	c->connects = true;
	for (size_t i = 0; i < sizeof(place) / sizeof(place[0]); i++)
		confine_allow(c, CONFINE_LIST, place[i]);
	allow_below(c, "HOME", "/.pgpass");
	allow_below(c, "HOME", "/.pg_service.conf");
	allow_below(c, "HOME", "/.postgresql");
	allow_below(c, "PGPASSFILE", "");
	allow_below(c, "PGSERVICEFILE", "");
	allow_below(c, "PGSYSCONFDIR", "");
	allow_below(c, "PGSSLCERT", "");
	allow_below(c, "PGSSLKEY", "");
	allow_below(c, "PGSSLROOTCERT", "");
}

static void
places_free(struct confine_place *place, size_t places)
{
	for (size_t i = 0; i < places; i++)
		free(place[i].path);
	free(place);
}

bool
confine_is_stale(void)
{
	struct stat st;

	for (size_t i = 0; i < now.places; i++) {
		const struct confine_place *p = &now.place[i];
		const bool is = stat(p->path, &st) == 0;

		if (is ? S_ISDIR(st.st_mode) &&
			    (st.st_dev != p->dev || st.st_ino != p->ino)
		       : p->dir && (errno == ENOENT || errno == ENOTDIR))
			return true;
	}
	return false;
}

/* --- a build with a sanitizer --------------------------------------------- */

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define NOTE " (wider, for a sanitizer)"

/*
 * A sanitizer reads what the kernel says of this process, and writes its
 * reports to where log_path= says.
 */
static void
allow_sanitizer(struct confine *c)
{
	static const char *const name[] = {
	    "ASAN_OPTIONS", "UBSAN_OPTIONS", "TSAN_OPTIONS"};
	static const char key[] = "log_path=";

	confine_allow(c, CONFINE_LIST, "/proc");
	confine_allow(c, CONFINE_LIST, "/usr");
	for (size_t i = 0; i < sizeof(name) / sizeof(name[0]); i++) {
		const char *options = getenv(name[i]);
		const char *at = options == NULL ? NULL : strstr(options, key);
		char *path = NULL;

		if (at != NULL)
			path = strndup(
			    at + strlen(key), strcspn(at + strlen(key), ":"));
		if (path != NULL)
			confine_allow_around(c, CONFINE_WRITE, path);
		free(path);
	}
}
#else
#define NOTE ""

static void
allow_sanitizer(struct confine *c)
{
	(void)c;
}
#endif

/* --- both ----------------------------------------------------------------- */

bool
confine_is_offered(void)
{
	return landlock_version() > 0 || confine_calls_offered();
}

void
confine_begin(struct confine *c)
{
	allow_sanitizer(c);
	if (now.begun || !confine_is_offered()) {
		places_free(c->place, c->places);
		memset(c, 0, sizeof(*c));
		return;
	}
	now.begun = true;
	if (c->failed)
		log_warnx("confinement: out of memory");
	else if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		log_warn("confinement");
	else {
		if (is_enough(c, landlock_version())) {
			now.files = begin_files(c) == 0;
			if (!now.files)
				log_warn("confinement: Landlock");
		}
		if (confine_calls_offered()) {
			now.calls = confine_calls_begin(c->connects) == 0;
			if (!now.calls)
				log_warn("confinement: seccomp");
		}
	}
	if (now.files) {
		now.place = c->place;
		now.places = c->places;
	} else {
		places_free(c->place, c->places);
	}
	memset(c, 0, sizeof(*c));
}

void
confine_put(struct buf *b)
{
	const bool files = now.begun ? now.files : landlock_version() > 0;
	const bool calls = now.begun ? now.calls : confine_calls_offered();

	if (files)
		buf_puts(b, "files by Landlock");
	if (files && calls)
		buf_puts(b, ", ");
	if (calls)
		buf_puts(b, "system calls by seccomp");
	if (files || calls)
		buf_puts(b, NOTE);
	else
#ifdef WITHOUT_CONFINE
		buf_puts(b, "none, as it was built");
#else
		buf_puts(b, "none");
#endif
}
