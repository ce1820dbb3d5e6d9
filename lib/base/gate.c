#include "base/gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>

/* A thread that waits; it lives on the thread's stack. */
struct waiter {
	struct waiter *next;
	size_t amount;
	bool in; /* it has what it wants */
	pthread_cond_t turn;
};

struct gate {
	pthread_mutex_t lock; /* of all below */
	size_t room; /* bytes in all */
	size_t left; /* of them, free */
	struct waiter *first, **end; /* in the order of arrival */
};

struct gate *
gate_new(size_t room)
{
	struct gate *g = calloc(1, sizeof(*g));

	if (g == NULL || pthread_mutex_init(&g->lock, NULL) != 0) {
		free(g);
		return NULL;
	}
	g->room = g->left = room;
	g->end = &g->first;
	return g;
}

void
gate_free(struct gate *g)
{
	if (g == NULL)
		return;
	(void)pthread_mutex_destroy(&g->lock);
	free(g);
}

/* Let in those who come first and for whom there is room. */
static void
let_in(struct gate *g)
{
	struct waiter *w;

	while ((w = g->first) != NULL && w->amount <= g->left) {
		g->left -= w->amount;
		g->first = w->next;
		if (g->first == NULL)
			g->end = &g->first;
		w->in = true;
		(void)pthread_cond_signal(&w->turn);
	}
}

/* Take w out of the line, since it waited too long. */
static void
give_up(struct gate *g, struct waiter *w)
{
	struct waiter **at = &g->first;

	while (*at != w)
		at = &(*at)->next;
	*at = w->next;
	if (w->next == NULL)
		g->end = at;
	let_in(g); /* it may have stood before smaller ones */
}

size_t
gate_enter(struct gate *g, size_t amount, int wait_ms)
{
	struct waiter w = {.amount = amount < g->room ? amount : g->room};
	pthread_condattr_t attr;
	struct timespec until;
	int rc = 0;

	(void)clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += wait_ms / 1000;
	until.tv_nsec += wait_ms % 1000 * 1000000L;
	if (until.tv_nsec >= 1000000000L) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000L;
	}
	if (pthread_condattr_init(&attr) != 0)
		return 0;
	(void)pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	rc = pthread_cond_init(&w.turn, &attr);
	(void)pthread_condattr_destroy(&attr);
	if (rc != 0)
		return 0;
	(void)pthread_mutex_lock(&g->lock);
	/* It is taken out of the queue before this function returns. */
	*g->end = &w;
	/* cppcheck-suppress autoVariables */
	g->end = &w.next;
	let_in(g);
	while (!w.in && rc != ETIMEDOUT)
		rc = pthread_cond_timedwait(&w.turn, &g->lock, &until);
	if (!w.in)
		give_up(g, &w);
	(void)pthread_mutex_unlock(&g->lock);
	(void)pthread_cond_destroy(&w.turn);
	return w.in ? w.amount : 0;
}

void
gate_leave(struct gate *g, size_t taken)
{
	(void)pthread_mutex_lock(&g->lock);
	g->left += taken;
	let_in(g);
	(void)pthread_mutex_unlock(&g->lock);
}
