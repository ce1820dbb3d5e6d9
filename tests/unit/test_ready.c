/*
 * A changed configuration: when it is taken, and that a faulty one leaves the
 * old in force.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/ready.h"
#include "scratch.h"

#define READERS 4
#define CHANGES 200

static struct scratch scratch;
static char path[160];
static int loads;
static atomic_int unloads; /* by any thread */

static void
put(const char *text)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	assert_true(fputs(text, f) >= 0);
	assert_int_equal(fclose(f), 0);
}

/* What is made is the text of the file; one with a '!' has a fault. */
static void *
load(void *arg, const char *file, const void *before, struct watch *w,
    struct buf *why)
{
	char text[64] = "";
	FILE *f;

	(void)arg;
	(void)before;
	loads++;
	watch_add(w, file);
	if ((f = fopen(file, "r")) != NULL) {
		(void)fgets(text, sizeof(text), f);
		(void)fclose(f);
	}
	if (strchr(text, '!') == NULL && *text != '\0')
		return strdup(text);
	buf_printf(why, "%s:3: bad value\n%s/../other.conf: bad file", file,
	    scratch.dir);
	return NULL;
}

static void
unload(void *made)
{
	atomic_fetch_add(&unloads, 1);
	free(made);
}

static const struct ready_maker maker = {.load = load, .unload = unload};

static void
assert_made(struct ready *r, const char *text)
{
	struct generation *g = ready_take(r);

	assert_non_null(g);
	assert_string_equal((char *)g->made, text);
	ready_give(r, g);
}

static void
test_a_change_is_taken_when_it_was_seen_twice(void **state)
{
	struct buf why = {0};
	struct ready *r;

	(void)state;
	put("one");
	assert_non_null(r = ready_new(path, &maker));
	loads = 0;
	assert_made(r, "one");
	ready_look(r);
	ready_look(r);
	assert_int_equal(loads, 1); /* nothing changed */
	put("two");
	assert_int_equal(ready_state(r, &why), READY_CHANGED);
	ready_look(r);
	assert_made(r, "one");
	put("three"); /* it is still being written */
	ready_look(r);
	assert_made(r, "one");
	ready_look(r);
	assert_made(r, "three");
	assert_int_equal(ready_state(r, &why), READY_CURRENT);
	assert_int_equal(why.len, 0);
	assert_int_equal(loads, 2);
	/* Another file in its place, as most editors write. */
	assert_int_equal(unlink(path), 0);
	put("three");
	ready_look(r);
	ready_look(r);
	assert_int_equal(loads, 3);
	/* And rights. */
	assert_int_equal(chmod(path, 0604), 0);
	ready_look(r);
	ready_look(r);
	assert_int_equal(loads, 4);
	ready_free(r);
}

static void
test_what_was_taken_outlives_the_next(void **state)
{
	struct generation *old, *newer;
	struct ready *r;

	(void)state;
	put("one");
	assert_non_null(r = ready_new(path, &maker));
	atomic_store(&unloads, 0);
	assert_non_null(old = ready_take(r));
	put("two");
	ready_look(r);
	ready_look(r);
	assert_non_null(newer = ready_take(r));
	assert_string_equal((char *)old->made, "one");
	assert_string_equal((char *)newer->made, "two");
	assert_int_equal(atomic_load(&unloads), 0);
	ready_give(r, old);
	assert_int_equal(atomic_load(&unloads), 1);
	ready_give(r, newer);
	assert_int_equal(atomic_load(&unloads), 1); /* it is in force */
	ready_free(r);
	assert_int_equal(atomic_load(&unloads), 2);
}

static void
test_a_fault_leaves_what_was(void **state)
{
	struct buf why = {0}, places = {0};
	struct ready *r;

	(void)state;
	put("!");
	assert_non_null(r = ready_new(path, &maker));
	assert_null(ready_take(r));
	put("one");
	ready_look(r);
	ready_look(r);
	assert_made(r, "one");
	put("two!");
	ready_look(r);
	ready_look(r);
	assert_made(r, "one");
	assert_int_equal(ready_state(r, &why), READY_FAULTY);
	assert_non_null(strstr(buf_str(&why), ":3: bad value"));
	ready_places(buf_str(&why), &places);
	assert_string_equal(buf_str(&places), "ready.conf:3, other.conf");
	buf_reset(&why, 0);
	/* A mended one need not be another file: what it names may be. */
	loads = 0;
	ready_look(r);
	ready_look(r);
	assert_int_equal(loads, 2);
	put("two");
	ready_look(r);
	ready_look(r);
	assert_made(r, "two");
	assert_int_equal(ready_state(r, &why), READY_CURRENT);
	buf_free(&why);
	buf_free(&places);
	ready_free(r);
}

static void
test_places_name_no_directory_and_no_value(void **state)
{
	static const struct {
		const char *why, *places;
	} cases[] = {
	    {"", ""},
	    {"out of memory", ""},
	    {"/a/b/c.conf:1: x/y: z", "c.conf:1"},
	    {"/a/c.conf: not a file\n/a/s.secret:2: is/no secret",
		"c.conf, s.secret:2"},
	    {"/1: a\n/2: a\n/3: a\n/4: a\n/5: a\n/6: a",
		"1, 2, 3, 4, 5 and more"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct buf b = {0};

		ready_places(cases[i].why, &b);
		assert_string_equal(buf_str(&b), cases[i].places);
		buf_free(&b);
	}
}

static void
test_a_directory_is_watched_with_its_files(void **state)
{
	struct watch w = {0};
	char other[160];
	FILE *f;

	(void)state;
	put("one");
	watch_add_dir(&w, scratch.dir, ".conf");
	assert_int_equal(watch_look(&w), w.seen);
	put("longer");
	assert_int_not_equal(watch_look(&w), w.seen);
	watch_free(&w);
	watch_add_dir(&w, scratch.dir, ".conf");
	(void)snprintf(other, sizeof(other), "%s/new.conf", scratch.dir);
	assert_non_null(f = fopen(other, "w"));
	assert_int_equal(fclose(f), 0);
	assert_int_not_equal(watch_look(&w), w.seen);
	watch_free(&w);
	assert_int_equal(unlink(other), 0);
	/* What is not there is a state, too. */
	watch_add(&w, other);
	assert_int_equal(watch_look(&w), w.seen);
	watch_free(&w);
}

static atomic_bool stop;

static void *
read_on(void *ready)
{
	while (!atomic_load(&stop)) {
		struct generation *g = ready_take(ready);
		const char *text = g->made;

		if (text[0] != 'x' || text[strlen(text) - 1] != 'x')
			abort();
		ready_give(ready, g);
	}
	return NULL;
}

/* Each request sees one generation whole, however often that changes. */
static void
test_threads_read_while_it_changes(void **state)
{
	pthread_t reader[READERS];
	struct ready *r;
	char text[32];

	(void)state;
	put("xx");
	assert_non_null(r = ready_new(path, &maker));
	assert_made(r, "xx");
	atomic_store(&stop, false);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(
		    pthread_create(&reader[i], NULL, read_on, r), 0);
	for (int i = 0; i < CHANGES; i++) {
		(void)snprintf(text, sizeof(text), "x%*dx", i % 20, i);
		put(text);
		ready_look(r);
		ready_look(r);
	}
	atomic_store(&stop, true);
	for (int i = 0; i < READERS; i++)
		assert_int_equal(pthread_join(reader[i], NULL), 0);
	assert_made(r, text);
	ready_free(r);
}

static int
set_up(void **state)
{
	(void)state;
	scratch_make(&scratch);
	(void)snprintf(path, sizeof(path), "%s/ready.conf", scratch.dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_change_is_taken_when_it_was_seen_twice),
	    cmocka_unit_test(test_what_was_taken_outlives_the_next),
	    cmocka_unit_test(test_a_fault_leaves_what_was),
	    cmocka_unit_test(test_places_name_no_directory_and_no_value),
	    cmocka_unit_test(test_a_directory_is_watched_with_its_files),
	    cmocka_unit_test(test_threads_read_while_it_changes),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
