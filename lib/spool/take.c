/*
 * take - one process at a time takes in, by a lock that goes with it when it is
 * killed.  A file is removed after the commit: who is killed in between leaves
 * a file whose event is stored already, which is then a further delivery of it.
 */
#include "spool/take.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/log.h"
#include "base/when.h"
#include "provider/drop.h"
#include "provider/map.h"
#include "provider/message.h"
#include "spool/internal.h"

#define BAD_NAMES 100 /* tries for a name that is free */
#define NAMES_MAX 512 /* of files, in memory at once */
#define FAILING_MAX 3 /* whole batches in a row that fail, then it rests */

/* One delivery of a batch, and memory for it. */
struct slot {
	char name[NAME_MAX + 1];
	struct buf raw;
	struct arena *arena;
	struct mapper *mapper;
	struct drop *drop; /* of its source, or NULL */
	struct event event;
	struct binding binding; /* of the delivery, where it has one */
};

struct taking {
	struct spool *spool;
	struct take *take;
	struct spool_dirs dirs;
	struct slot slot[TAKE_BATCH];
	struct store_item item[TAKE_BATCH];
	size_t n; /* in use of both */
	int64_t bytes; /* of their files */
	bool down; /* the store cannot take */
	int failing; /* batches in a row of which nothing was stored */
	bool told; /* why something stays, in this pass */
	char names[NAMES_MAX][SPOOL_NAME_SIZE]; /* sorted: what comes next */
	size_t in_names;
};

/* --- what is no delivery -------------------------------------------------- */

/* Move it out of the way, over nothing. */
static void
set_aside(struct taking *g, const char *name, const char *why)
{
	char to[NAME_MAX + 16];
	struct stat st;
	int i = 0;

	do {
		if (i == 0)
			(void)snprintf(to, sizeof(to), "%.*s" SPOOL_BAD,
			    NAME_MAX - 8, name);
		else
			(void)snprintf(to, sizeof(to), "%.*s.%d" SPOOL_BAD,
			    NAME_MAX - 8, name, i);
	} while (fstatat(g->dirs.new, to, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    ++i < BAD_NAMES);
	if (i == BAD_NAMES ||
	    renameat(g->dirs.new, name, g->dirs.new, to) == -1) {
		log_warnx("spool: %s/new/%s: %s, and it could not be set "
			  "aside: %s",
		    g->spool->dir, name, why, strerror(errno));
		g->take->left++;
		return;
	}
	log_warnx("spool: %s/new/%s: set aside: %s", g->spool->dir, to, why);
	g->take->bad++;
}

/* It stays; say so of one in a pass. */
static void
leave(struct taking *g, const char *name, const char *why)
{
	g->take->left++;
	if (!g->told)
		log_warnx(
		    "spool: %s/new/%s stays: %s", g->spool->dir, name, why);
	g->told = true;
}

/* --- mapping -------------------------------------------------------------- */

/* Returns 0, or -1: memory ran out. */
static int
slot_ready(struct slot *s, const struct config *c)
{
	if (s->arena == NULL)
		s->arena = arena_new();
	if (s->mapper == NULL)
		s->mapper = mapper_new((size_t)c->max_body);
	if (s->arena == NULL || s->mapper == NULL)
		return -1;
	arena_reset(s->arena);
	return 0;
}

static void
slot_free(struct slot *s)
{
	buf_free(&s->raw);
	arena_free(s->arena);
	mapper_free(s->mapper);
	drop_free(s->drop);
}

/* What is never stored of its source now.  0, or -1: memory ran out. */
static int
slot_drop(struct slot *s, const struct take *t, const struct provider *p,
    const char *source)
{
	const char *words = config_drop(t->config, source);

	mapper_drop(s->mapper, NULL);
	drop_free(s->drop);
	s->drop = NULL;
	if (*words != '\0' && (s->drop = drop_new(p, words)) == NULL)
		return -1;
	mapper_drop(s->mapper, s->drop);
	return 0;
}

/* Let the item have what is to be kept of the body.  0, or -1: no memory. */
static int
keep_rest(struct slot *s, const struct message *m, struct delivery *d)
{
	struct buf headers = {0};
	const char *kept, *body;
	size_t len;

	if (!mapper_rest(s->mapper, &body, &len))
		return 0;
	d->gone = body == NULL;
	d->body = body == NULL ? "" : body;
	d->len = len;
	if (d->headers == NULL || message_env(m, MESSAGE_DIGEST) != NULL)
		return 0;
	buf_puts(&headers, d->headers);
	buf_puts(&headers, mapper_marks(s->mapper));
	kept = headers.failed
	    ? NULL
	    : arena_strndup(s->arena, buf_str(&headers), headers.len);
	d->headers = kept;
	buf_free(&headers);
	return kept == NULL ? -1 : 0;
}

/* Map what the slot has read.  Returns NULL, or why it has to stay. */
static const char *
map(struct slot *s, const struct take *t, const struct spooled *what,
    struct store_item *item)
{
	const struct delivery *d = &what->delivery;
	const bool bound = d->binding != NULL && d->binding->contents > 0;
	const struct config_source *cs = config_source(
	    t->config, d->source, strlen(d->source));
	/* The platform of now: another may have been a mistake. */
	const char *name = cs == NULL ? d->provider : cs->provider;
	const struct provider *p = providers_find(t->providers, name);
	struct message m = {
	    .content_type = d->content_type, .body = d->body, .len = d->len};
	const char *reason = NULL;
	enum map_rc rc;

	if (p == NULL)
		return "there is no definition of its platform here";
	if (slot_ready(s, t->config) == -1 ||
	    (m.env = message_env_from(s->arena, d->headers)) == NULL)
		return s->arena != NULL && !arena_failed(s->arena)
		    ? "its headers cannot be read"
		    : "memory ran out";
	memset(item, 0, sizeof(*item));
	item->delivery = *d;
	item->delivery.provider = provider_name(p);
	if (d->binding != NULL) {
		s->binding = *d->binding;
		item->delivery.binding = &s->binding;
	}
	mapper_zone(s->mapper, cs == NULL ? NULL : cs->zone);
	mapper_lean(s->mapper, cs != NULL && cs->drop_bulk);
	if (slot_drop(s, t, p, d->source) != 0)
		return "memory ran out";
	rc = mapper_map(s->mapper, p, &m, d->received, &s->event, &reason);
	if (keep_rest(s, &m, &item->delivery) != 0)
		return "memory ran out";
	switch (rc) {
	case MAP_OK:
		/* An event has those headers that it was mapped by. */
		if (!bound)
			item->delivery.headers = NULL;
		if (provider_counts(p, s->event.type)) {
			item->type = s->event.type;
			break;
		}
		item->event = &s->event;
		break;
	case MAP_MALFORMED:
	case MAP_UNMAPPABLE:
		item->reason = reason;
		item->delivery.used = mapper_headers(s->mapper);
		break;
	case MAP_TOO_LARGE:
		item->reason = "it inflates to more than max_body";
		break;
	case MAP_NO_MEMORY:
		return "memory ran out";
	}
	return NULL;
}

/* --- batches -------------------------------------------------------------- */

static bool
is_kept(enum store_rc rc)
{
	return rc == STORE_OK || rc == STORE_DUPLICATE || rc == STORE_VARIANT ||
	    rc == STORE_QUARANTINED || rc == STORE_FORGOTTEN;
}

/* Store what was read, and remove the files of what is on disk now. */
static void
commit(struct taking *g)
{
	bool any = false;

	store_all(g->take->store, g->item, g->n);
	for (size_t i = 0; i < g->n; i++) {
		const char *name = g->slot[i].name;
		enum store_rc rc = g->item[i].rc;

		if (rc == STORE_BUSY || rc == STORE_FULL) {
			g->down = true;
			continue;
		}
		/* It was acknowledged, and may be in no ring: a person looks.
		 */
		if (rc == STORE_REUSED) {
			any = true;
			set_aside(g, name,
			    "its signature came with another content before");
			continue;
		}
		if (!is_kept(rc)) {
			leave(g, name,
			    rc == STORE_NO_ROOM
				? "the quarantine of its source is full"
				: "the store failed");
			continue;
		}
		any = true;
		g->take->taken++;
		if (unlinkat(g->dirs.new, name, 0) == -1 && errno != ENOENT)
			log_warn("spool: %s/new/%s", g->spool->dir, name);
	}
	for (size_t i = 0; i < g->n; i++) {
		mapper_release(g->slot[i].mapper);
		buf_reset(&g->slot[i].raw, SPOOL_BLOCK);
	}
	g->failing = any ? 0 : g->failing + 1;
	g->n = 0;
	g->bytes = 0;
}

static bool
is_over(const struct taking *g)
{
	return g->down || g->failing >= FAILING_MAX;
}

/* Read and map one file. */
static void
add(struct taking *g, const char *name)
{
	struct slot *s;
	struct spooled what;
	const char *why = NULL;
	int64_t received, size;

	if (spool_name_parse(name, &received, &size) != 0)
		return; /* next_names() has none */
	if (g->n == TAKE_BATCH ||
	    (g->n > 0 && g->bytes + size > TAKE_BATCH_BYTES))
		commit(g);
	if (is_over(g))
		return;
	s = &g->slot[g->n];
	(void)snprintf(s->name, sizeof(s->name), "%s", name);
	switch (spool_file_read(g->dirs.new, name, &s->raw, &what, &why)) {
	case SPOOL_FILE_OK:
		why = map(s, g->take, &what, &g->item[g->n]);
		if (why != NULL) {
			leave(g, name, why);
			break;
		}
		g->n++;
		g->bytes += size;
		break;
	case SPOOL_FILE_GONE:
		break;
	case SPOOL_FILE_BAD:
		set_aside(g, name, why);
		break;
	case SPOOL_FILE_FAILED:
		leave(g, name, why);
		break;
	}
}

/* --- a pass --------------------------------------------------------------- */

/*
 * Is it a file that a killed process did not finish, and that nobody was told
 * of?
 */
static bool
is_left_unfinished(int dir, const char *name)
{
	int64_t received, size;
	struct stat st;

	return name[0] == '.' &&
	    spool_name_parse(name + 1, &received, &size) == 0 &&
	    fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0 &&
	    st.st_mtim.tv_sec < when_now() / 1000 - TAKE_TMP_S;
}

static void
remove_unfinished(const struct spool_dirs *d)
{
	DIR *dir = spool_dir_read(d->new);
	const struct dirent *e;

	while (dir != NULL && (e = readdir(dir)) != NULL)
		if (is_left_unfinished(d->new, e->d_name))
			(void)unlinkat(d->new, e->d_name, 0);
	if (dir != NULL)
		(void)closedir(dir);
}

/* Have a name among the smallest, which are all that is kept. */
static void
keep_name(struct taking *g, const char *name)
{
	size_t at = g->in_names;

	if (at == NAMES_MAX && strcmp(name, g->names[--at]) > 0)
		return;
	for (; at > 0 && strcmp(name, g->names[at - 1]) < 0; at--)
		memcpy(g->names[at], g->names[at - 1], SPOOL_NAME_SIZE);
	(void)snprintf(
	    g->names[at], SPOOL_NAME_SIZE, "%.*s", SPOOL_NAME_SIZE - 1, name);
	if (g->in_names < NAMES_MAX)
		g->in_names++;
}

/*
 * Look for the names that come next after one: those that came first, as they
 * were to be stored in that order.  What is no delivery is set aside.  0, or
 * -1 and logged.
 */
static int
next_names(struct taking *g, const char *after)
{
	DIR *dir = spool_dir_read(g->dirs.new);
	int64_t received, size;
	const struct dirent *e;

	g->in_names = 0;
	if (dir == NULL) {
		log_warn("spool: %s", g->spool->dir);
		return -1;
	}
	while ((e = readdir(dir)) != NULL) {
		if (e->d_name[0] == '.' || spool_name_is_bad(e->d_name))
			continue;
		if (spool_name_parse(e->d_name, &received, &size) != 0)
			set_aside(
			    g, e->d_name, "its name is not that of a delivery");
		else if (strcmp(e->d_name, after) > 0)
			keep_name(g, e->d_name);
	}
	(void)closedir(dir);
	return 0;
}

/* Take in for about ms, 0: all.  Returns whether all was looked at. */
static bool
pass(struct taking *g, int ms)
{
	char after[SPOOL_NAME_SIZE] = "";
	int64_t until = 0;
	size_t i;

	do {
		if (next_names(g, after) == -1)
			return false;
		/* To look took its time, and something is to be done. */
		if (until == 0)
			until = ms == 0 ? INT64_MAX : when_monotonic() + ms;
		for (i = 0;
		     i < g->in_names && !is_over(g) && when_monotonic() < until;
		     i++) {
			add(g, g->names[i]);
			memcpy(after, g->names[i], sizeof(after));
		}
	} while (i == NAMES_MAX);
	if (g->n > 0)
		commit(g);
	return i == g->in_names && !is_over(g);
}

/* The lock of the directory.  A descriptor, or -1 with errno. */
static int
lock(int root)
{
	int fd = openat(root, "lock",
	    O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC,
	    S_IRUSR | S_IWUSR);
	int saved;

	if (fd != -1 && flock(fd, LOCK_EX | LOCK_NB) == -1) {
		saved = errno;
		(void)close(fd);
		errno = saved;
		fd = -1;
	}
	return fd;
}

/* Note and log what a pass has done. */
static void
note(struct spool *sp, const struct taking *g, bool all)
{
	const struct take *t = g->take;
	int64_t taken = 0;

	(void)pthread_mutex_lock(&sp->mutex);
	sp->looked = 0;
	sp->left = all ? t->left : 0;
	sp->rests = g->failing >= FAILING_MAX;
	sp->again = when_monotonic() + TAKE_AGAIN_MS;
	sp->taken += t->taken;
	if (all) {
		taken = sp->taken;
		sp->taken = 0;
	}
	(void)pthread_mutex_unlock(&sp->mutex);
	if (taken > 0)
		log_info("spool: %s: taken in: %" PRId64, sp->dir, taken);
}

/* Is there any file to take or to remove?  Yes, where that cannot be seen. */
static bool
has_files(const struct spool *sp)
{
	struct buf name = {0};
	const struct dirent *e;
	bool any = false;
	DIR *dir;

	buf_printf(&name, "%s/new", sp->dir);
	if ((dir = opendir(buf_str(&name))) == NULL)
		any = errno != ENOENT;
	while (dir != NULL && !any && (e = readdir(dir)) != NULL)
		any = e->d_name[0] == '.'
		    ? is_left_unfinished(dirfd(dir), e->d_name)
		    : !spool_name_is_bad(e->d_name);
	if (dir != NULL)
		(void)closedir(dir);
	buf_free(&name);
	return any;
}

/* Is there more or less than what was left the last time? */
static bool
is_changed(struct spool *sp, int64_t left)
{
	struct spool_state state;
	struct buf why = {0};
	bool changed = spool_look(sp, &state, &why) == 0 && state.files != left;

	buf_free(&why);
	return changed;
}

/* Is there anything that is worth trying now? */
static bool
is_due(struct spool *sp, int ms)
{
	bool rests, again;
	int64_t left;

	if (!has_files(sp))
		return false;
	(void)pthread_mutex_lock(&sp->mutex);
	left = sp->left;
	rests = sp->rests;
	again = when_monotonic() >= sp->again;
	(void)pthread_mutex_unlock(&sp->mutex);
	return ms == 0 || again ||
	    (!rests && (left == 0 || is_changed(sp, left)));
}

/* Take in, with the lock and all directories open. */
static enum spool_rc
take_in(struct spool *sp, int ms, struct taking *g)
{
	int fd = lock(g->dirs.root);
	bool all;

	if (fd == -1 && errno == EWOULDBLOCK)
		return SPOOL_BUSY;
	if (fd == -1) {
		log_warn("spool: %s/lock", sp->dir);
		return SPOOL_ERROR;
	}
	remove_unfinished(&g->dirs);
	all = pass(g, ms);
	note(sp, g, all);
	if (g->down)
		spool_store_failed(sp);
	(void)close(fd);
	return g->down ? SPOOL_DOWN : SPOOL_OK;
}

enum spool_rc
spool_take(struct spool *sp, struct take *t, int ms)
{
	enum spool_rc rc = SPOOL_ERROR;
	struct taking *g;
	struct buf why = {0};

	t->taken = t->left = t->bad = 0;
	if (spool_store_is_down(sp)) {
		if (store_probe(t->store) != STORE_OK)
			return SPOOL_DOWN;
		atomic_store(&sp->down, false);
		log_info(
		    "spool: %s: the store can take deliveries again", sp->dir);
	}
	if (!is_due(sp, ms))
		return SPOOL_OK;
	if ((g = calloc(1, sizeof(*g))) == NULL) {
		log_warnx("spool: %s: out of memory", sp->dir);
		return SPOOL_ERROR;
	}
	g->spool = sp;
	g->take = t;
	if (spool_dirs_open(sp, true, &g->dirs, &why) == -1) {
		log_warnx("spool: %s", buf_str(&why));
		g->failing = FAILING_MAX;
		note(sp, g, false);
	} else {
		rc = take_in(sp, ms, g);
		spool_dirs_close(&g->dirs);
	}
	for (size_t i = 0; i < TAKE_BATCH; i++)
		slot_free(&g->slot[i]);
	free(g);
	buf_free(&why);
	return rc;
}
