/* Room that threads share. */
#include <pthread.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
/* Its own order. */
#include <cmocka.h>
#include <stdlib.h>

#include "base/gate.h"

#define ROOM 100
#define LONG_MS 60000 /* for what comes for certain */

/* A thread that takes so much, tells, and gives it back when it is told to. */
struct user {
	pthread_t id;
	struct gate *g;
	size_t amount;
	int wait_ms;
	size_t taken;
	sem_t in, leave;
};

static void *
use(void *arg)
{
	struct user *u = arg;

	u->taken = gate_enter(u->g, u->amount, u->wait_ms);
	(void)sem_post(&u->in);
	while (sem_wait(&u->leave) != 0)
		continue;
	gate_leave(u->g, u->taken);
	return NULL;
}

static void
start(struct user *u, struct gate *g, size_t amount)
{
	*u = (struct user){.g = g, .amount = amount, .wait_ms = LONG_MS};
	assert_int_equal(sem_init(&u->in, 0, 0), 0);
	assert_int_equal(sem_init(&u->leave, 0, 0), 0);
	assert_int_equal(pthread_create(&u->id, NULL, use, u), 0);
}

static void
wait_in(struct user *u)
{
	while (sem_wait(&u->in) != 0)
		continue;
}

static void
end(struct user *u)
{
	(void)sem_post(&u->leave);
	(void)pthread_join(u->id, NULL);
	(void)sem_destroy(&u->in);
	(void)sem_destroy(&u->leave);
}

static void
test_room_is_shared_and_given_back(void **state)
{
	struct gate *g = gate_new(ROOM);

	(void)state;
	assert_int_equal(gate_enter(g, 60, 0), 60);
	assert_int_equal(gate_enter(g, 40, 0), 40);
	assert_int_equal(gate_enter(g, 1, 0), 0);
	gate_leave(g, 20); /* a part */
	assert_int_equal(gate_enter(g, 21, 10), 0);
	assert_int_equal(gate_enter(g, 20, 0), 20);
	gate_leave(g, 100);
	gate_free(g);
	gate_free(NULL);
}

/* More than there is: all of it, and nobody beside. */
static void
test_who_wants_too_much_is_alone(void **state)
{
	struct gate *g = gate_new(ROOM);

	(void)state;
	assert_int_equal(gate_enter(g, SIZE_MAX, 0), ROOM);
	assert_int_equal(gate_enter(g, 1, 0), 0);
	gate_leave(g, ROOM);
	gate_free(g);
}

/* A large one that waits is not passed by small ones for ever. */
static void
test_in_the_order_of_arrival(void **state)
{
	struct gate *g = gate_new(ROOM);
	struct user large, small;

	(void)state;
	assert_int_equal(gate_enter(g, 60, 0), 60);
	start(&large, g, ROOM);
	/* Its turn is before ours once it waits, though we would fit. */
	for (size_t got = 1; got > 0;)
		if ((got = gate_enter(g, 40, 0)) > 0)
			gate_leave(g, got);
	start(&small, g, 40);
	gate_leave(g, 60);
	wait_in(&large);
	assert_int_equal(large.taken, ROOM);
	end(&large);
	wait_in(&small);
	assert_int_equal(small.taken, 40);
	end(&small);
	assert_int_equal(gate_enter(g, ROOM, 0), ROOM);
	gate_free(g);
}

/* One that gives up lets those in who stood behind it. */
static void
test_giving_up(void **state)
{
	struct gate *g = gate_new(ROOM);
	struct user large, small;

	(void)state;
	assert_int_equal(gate_enter(g, 60, 0), 60);
	start(&large, g, ROOM);
	for (size_t got = 1; got > 0;)
		if ((got = gate_enter(g, 40, 0)) > 0)
			gate_leave(g, got);
	assert_int_equal(gate_enter(g, 40, 1), 0); /* behind it */
	gate_leave(g, 60);
	wait_in(&large);
	start(&small, g, 40);
	assert_int_equal(gate_enter(g, ROOM, 1), 0);
	end(&large);
	wait_in(&small);
	end(&small);
	assert_int_equal(gate_enter(g, ROOM, 0), ROOM);
	gate_free(g);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_room_is_shared_and_given_back),
	    cmocka_unit_test(test_who_wants_too_much_is_alone),
	    cmocka_unit_test(test_in_the_order_of_arrival),
	    cmocka_unit_test(test_giving_up),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
