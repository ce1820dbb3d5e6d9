/*
 * ready - generations of what was made of the files, counted by those who use
 * them.  Looking and making happen beside the requests: a lock is only held to
 * exchange a pointer or a count.
 */
#include "base/ready.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/outside.h"

#define PLACES_MAX 5 /* told of many faults */

struct ready {
	const char *file;
	struct ready_maker maker;
	pthread_mutex_t looking; /* while files are read; taken before lock */
	bool looked; /* load() was called */
	bool left; /* another process takes what there is now */
	struct watch watch; /* the files of the last load() */
	uint64_t last; /* their hash at the previous look */
	pthread_mutex_t lock; /* protects all below, and `users` */
	struct generation *current; /* NULL: none */
	struct buf told; /* the faults that were logged; "" if there are none */
};

struct ready *
ready_new(const char *file, const struct ready_maker *m)
{
	struct ready *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->file = file;
	r->maker = *m;
	if (pthread_mutex_init(&r->looking, NULL) != 0)
		goto fail;
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		(void)pthread_mutex_destroy(&r->looking);
		goto fail;
	}
	return r;
fail:
	free(r);
	return NULL;
}

void
ready_free(struct ready *r)
{
	if (r == NULL)
		return;
	if (r->current != NULL)
		ready_give(r, r->current);
	watch_free(&r->watch);
	buf_free(&r->told);
	(void)pthread_mutex_destroy(&r->lock);
	(void)pthread_mutex_destroy(&r->looking);
	free(r);
}

void
ready_tell(struct buf *told, struct buf *why)
{
	const char *s, *end;

	if (why->failed || strcmp(buf_str(why), buf_str(told)) == 0) {
		buf_free(why);
		return;
	}
	for (s = buf_str(why); *s != '\0'; s = *end == '\0' ? end : end + 1) {
		end = s + strcspn(s, "\n");
		log_warnx("%.*s", (int)(end - s), s);
	}
	buf_free(told);
	*told = *why;
	memset(why, 0, sizeof(*why));
}

/* Put g in force, and give back the generation before it. */
static void
put_in_force(struct ready *r, struct generation *g)
{
	struct generation *before;
	bool faulty;

	(void)pthread_mutex_lock(&r->lock);
	before = r->current;
	r->current = g;
	faulty = r->told.len > 0;
	buf_free(&r->told);
	(void)pthread_mutex_unlock(&r->lock);
	if (faulty)
		log_info("%s: in order again", r->file);
	else if (before != NULL)
		log_info("%s: read again", r->file);
	if (before != NULL)
		ready_give(r, before);
}

/* The files have faults: what is in force stays. */
static void
tell_faults(struct ready *r, struct buf *why)
{
	bool news;

	if (why->failed || why->len == 0) {
		buf_free(why);
		buf_puts(why, "out of memory");
	}
	(void)pthread_mutex_lock(&r->lock);
	news = strcmp(buf_str(why), buf_str(&r->told)) != 0;
	if (outside_is_trial()) {
		buf_free(&r->told);
		r->told = *why;
		memset(why, 0, sizeof(*why));
	} else {
		ready_tell(&r->told, why);
	}
	news = news && r->current != NULL;
	(void)pthread_mutex_unlock(&r->lock);
	if (news)
		log_warnx(
		    "%s: what was read before stays in force until that is "
		    "mended",
		    r->file);
}

/*
 * What there is now could not be had in here, where not everything can be
 * reached.  If another process has it, that one goes on.
 */
static bool
leave_to_another(struct ready *r, struct buf *why)
{
	if (!outside_is_there())
		return false;
	buf_free(why);
	if (outside_ask(why) != 0)
		return false;
	r->left = true;
	log_info("%s: names what only another process reaches: started again",
	    r->file);
	return true;
}

/* With `looking` held: make a generation of the files as they are now. */
static void
load(struct ready *r)
{
	/* Only we replace it, and we count as one of its users. */
	void *before = r->current == NULL ? NULL : r->current->made;
	struct generation *g = calloc(1, sizeof(*g));
	struct watch w = {0};
	struct buf why = {0};

	if (g != NULL) {
		g->users = 1;
		g->made = r->maker.load(
		    r->maker.arg, r->file, before, &w, &why);
	}
	watch_free(&r->watch);
	r->watch = w;
	r->last = w.seen;
	r->looked = true;
	if (g != NULL && g->made != NULL) {
		buf_free(&why);
		put_in_force(r, g);
		return;
	}
	if ((g == NULL || why.failed || why.len > 0) &&
	    !leave_to_another(r, &why))
		tell_faults(r, &why);
	free(g);
	buf_free(&why);
}

static bool
has_faults(struct ready *r)
{
	bool has;

	(void)pthread_mutex_lock(&r->lock);
	has = r->current == NULL || r->told.len > 0;
	(void)pthread_mutex_unlock(&r->lock);
	return has;
}

void
ready_look(struct ready *r)
{
	uint64_t now;

	(void)pthread_mutex_lock(&r->looking);
	now = watch_look(&r->watch);
	if (r->left)
		; /* until this process is told to end */
	else if (r->looked && now != r->last)
		r->last = now; /* maybe half written: wait for the next look */
	else if (!r->looked || now != r->watch.seen || r->watch.failed ||
	    has_faults(r))
		load(r);
	(void)pthread_mutex_unlock(&r->looking);
}

struct generation *
ready_take(struct ready *r)
{
	struct generation *g;
	bool first;

	(void)pthread_mutex_lock(&r->lock);
	if ((g = r->current) != NULL)
		g->users++;
	(void)pthread_mutex_unlock(&r->lock);
	if (g != NULL)
		return g;
	(void)pthread_mutex_lock(&r->looking);
	if ((first = !r->looked))
		load(r);
	(void)pthread_mutex_unlock(&r->looking);
	return first ? ready_take(r) : NULL;
}

void
ready_give(struct ready *r, struct generation *g)
{
	size_t users;

	(void)pthread_mutex_lock(&r->lock);
	users = --g->users;
	(void)pthread_mutex_unlock(&r->lock);
	if (users > 0)
		return;
	r->maker.unload(g->made);
	free(g);
}

enum ready_state
ready_state(struct ready *r, struct buf *why)
{
	enum ready_state state = READY_CURRENT;

	(void)pthread_mutex_lock(&r->looking);
	(void)pthread_mutex_lock(&r->lock);
	if (r->told.len > 0) {
		buf_add(why, buf_str(&r->told), r->told.len);
		state = READY_FAULTY;
	}
	(void)pthread_mutex_unlock(&r->lock);
	if (watch_look(&r->watch) != r->watch.seen)
		state = READY_CHANGED;
	(void)pthread_mutex_unlock(&r->looking);
	return state;
}

/* The place at the beginning of one line of n bytes; *len may become 0. */
static const char *
place_of(const char *line, size_t n, size_t *len)
{
	const char *end = line, *name = line;

	while (end < line + n && strncmp(end, ": ", 2) != 0) {
		if (*end == '/')
			name = end + 1;
		end++;
	}
	*len = end < line + n ? (size_t)(end - name) : 0;
	return name;
}

void
ready_places(const char *why, struct buf *b)
{
	int told = 0;

	while (*why != '\0' && told < PLACES_MAX) {
		size_t n = strcspn(why, "\n"), len;
		const char *place = place_of(why, n, &len);

		if (len > 0) {
			buf_puts(b, told++ > 0 ? ", " : "");
			buf_add(b, place, len);
		}
		why += n + (why[n] == '\n');
	}
	if (*why != '\0')
		buf_puts(b, " and more");
}
