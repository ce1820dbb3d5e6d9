#include "base/ready.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"

struct ready {
	const char *file;
	ready_load_fn load;
	void (*unload)(void *made);
	pthread_mutex_t lock; /* of all below, made apart */
	_Atomic(void *) made; /* set once */
	int64_t tried; /* ms; 0: never */
	struct buf told; /* the faults that were logged */
};

struct ready *
ready_new(const char *file, ready_load_fn load, void (*unload)(void *made))
{
	struct ready *r;

	if ((r = calloc(1, sizeof(*r))) == NULL)
		return NULL;
	r->file = file;
	r->load = load;
	r->unload = unload;
	atomic_init(&r->made, NULL);
	if (pthread_mutex_init(&r->lock, NULL) != 0) {
		free(r);
		return NULL;
	}
	return r;
}

void
ready_free(struct ready *r)
{
	void *made;

	if (r == NULL)
		return;
	if ((made = atomic_load(&r->made)) != NULL)
		r->unload(made);
	buf_free(&r->told);
	(void)pthread_mutex_destroy(&r->lock);
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

/* Under the lock: load, if that was not tried a moment ago. */
static void
try_load(struct ready *r)
{
	struct buf why = {0};
	int64_t now = when_now();
	void *made;

	/* The clock may have been set back. */
	if (r->tried != 0 && now >= r->tried && now - r->tried < READY_EVERY_MS)
		return;
	made = r->load(r->file, &why);
	r->tried = when_now();
	if (made == NULL) {
		ready_tell(&r->told, &why);
		return;
	}
	buf_free(&why);
	if (r->told.len > 0)
		log_info("%s: in order again", r->file);
	atomic_store(&r->made, made);
}

void *
ready_get(struct ready *r)
{
	void *made = atomic_load(&r->made);

	if (made != NULL)
		return made;
	(void)pthread_mutex_lock(&r->lock);
	if (atomic_load(&r->made) == NULL)
		try_load(r);
	made = atomic_load(&r->made);
	(void)pthread_mutex_unlock(&r->lock);
	return made;
}
