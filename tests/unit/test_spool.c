/* The spool: what is a whole file, who may take it, and who takes it. */
#define _XOPEN_SOURCE 700 /* utime(2) */

#include "spool_dir.h"

#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <utime.h>

#include "brief.h"
#include "spool/take.h"

#define CONFIG "[source sales]\nprovider = formantai\nauth = none\n"
#define PUTTERS 3
#define TAKERS 2
#define MANY 20 /* files, put in another order than they came */
#define FILE_SIZE 2000 /* bytes: more than a file has here */

struct box {
	struct scratch scratch;
	char dir[160]; /* of the spool */
	struct spool *spool;
	struct config *config;
	struct providers *providers;
	struct store *store;
	struct take take;
};

static int
set_up(void **state)
{
	struct box *b = calloc(1, sizeof(*b));
	char path[160];
	struct buf why = {0};

	scratch_make(&b->scratch);
	snprintf(path, sizeof(path), "%s/callbook.conf", b->scratch.dir);
	write_whole(path, CONFIG, strlen(CONFIG));
	assert_non_null(b->config = config_load(path, &why));
	assert_non_null(b->providers = providers_load_for(b->config, &why));
	b->store = scratch_open(&b->scratch, true, "UTC");
	snprintf(b->dir, sizeof(b->dir), "%s/spool", b->scratch.dir);
	assert_non_null(b->spool = spool_new(b->dir, 1 << 30));
	b->take.store = b->store;
	b->take.config = b->config;
	b->take.providers = b->providers;
	*state = b;
	return 0;
}

static int
tear_down(void **state)
{
	struct box *b = *state;

	spool_free(b->spool);
	spool_remove(b->dir);
	store_close(b->store);
	providers_free(b->providers);
	config_free(b->config);
	scratch_remove(&b->scratch);
	free(b);
	return 0;
}

/* Keep the event of that number. */
static enum spool_rc
put(struct spool *sp, const char *provider, int number)
{
	char body[200];
	struct spooled s = {
	    .remote = "192.0.2.1",
	    .verified = "hmac",
	    .delivery = {.source = "sales",
		.provider = provider,
		.content_type = "application/json",
		.headers = "x-formantai-event-id: e\n",
		.body = body,
		.received = 1780000000000 + number},
	};

	snprintf(body, sizeof(body),
	    "{\"event_id\":\"e%d\",\"event_type\":\"call.completed\","
	    "\"data\":{\"call\":{\"conversation_id\":\"c%d\"}}}",
	    number, number);
	s.delivery.len = strlen(body);
	return spool_put(sp, &s);
}

static int64_t
stored(const struct box *b)
{
	struct query *q = scratch_read(&b->scratch);
	struct query_health h = {0};

	assert_int_equal(query_health(q, &h), QUERY_OK);
	query_close(q);
	return h.events;
}

static void
look(const struct box *b, int files, int bad)
{
	struct spool_state s;
	struct buf why = {0};

	assert_int_equal(spool_look(b->spool, &s, &why), 0);
	assert_int_equal(s.files, files);
	assert_int_equal(s.bad, bad);
	buf_free(&why);
}

static void
a_file_that_is_torn_or_changed_at_any_byte_is_set_aside(void **state)
{
	struct box *b = *state;
	char path[600], text[FILE_SIZE], copy[FILE_SIZE], other[600];
	const int step = brief(1, 29);
	int bad = 0;
	size_t n;

	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_OK);
	assert_int_equal(spool_files(b->dir, SPOOL_WHOLE, path), 1);
	n = read_whole(path, text, sizeof(text));
	assert_int_equal(unlink(path), 0);
	for (size_t at = 0; at < n; at += (size_t)step) {
		/* Changed. */
		memcpy(copy, text, n);
		copy[at] ^= 1;
		write_whole(path, copy, n);
		assert_int_equal(chmod(path, 0600), 0);
		assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
		assert_int_equal(b->take.bad, 1);
		assert_int_equal(b->take.taken, 0);
		/* Torn; its name tells the size that it has now. */
		if (at > 0) {
			snprintf(other, sizeof(other), "%.*s-%zu",
			    (int)(strrchr(path, '-') - path), path, at);
			write_whole(other, text, at);
			assert_int_equal(chmod(other, 0600), 0);
			assert_int_equal(
			    spool_take(b->spool, &b->take, 0), SPOOL_OK);
			assert_int_equal(b->take.bad, 1);
		}
		/* Each is there, under a name of its own, until a person */
		look(b, 0, at > 0 ? 2 : 1);
		while (spool_files(b->dir, SPOOL_ASIDE, other) > 0)
			assert_int_equal(unlink(other), 0);
		bad++;
	}
	assert_true(bad > 10);
	/* Whole, it is taken. */
	write_whole(path, text, n);
	assert_int_equal(chmod(path, 0600), 0);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(b->take.taken, 1);
	assert_int_equal(stored(b), 1);
}

static void
two_bad_files_of_one_name_are_both_kept(void **state)
{
	struct box *b = *state;
	char path[600];

	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_OK);
	snprintf(path, sizeof(path), "%s/new/notes", b->dir);
	for (int i = 1; i <= 3; i++) {
		write_whole(path, "mine", 4);
		assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
		look(b, 0, i);
	}
}

/* Put in the place of a file what must not be believed. */
static void
spoil(const char *path, int how)
{
	char aside[700], text[FILE_SIZE];
	size_t n = read_whole(path, text, sizeof(text));

	snprintf(aside, sizeof(aside), "%.*s/aside",
	    (int)(strstr(path, "/new/") - path), path);
	switch (how) {
	case 0: /* a link to a whole one */
		assert_int_equal(rename(path, aside), 0);
		assert_int_equal(symlink(aside, path), 0);
		break;
	case 1:
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkfifo(path, 0600), 0);
		break;
	case 2:
		assert_int_equal(unlink(path), 0);
		assert_int_equal(mkdir(path, 0700), 0);
		break;
	case 3:
		assert_int_equal(chmod(path, 0660), 0);
		break;
	case 4:
		assert_int_equal(chmod(path, 0604), 0);
		break;
	default: /* longer than its name tells */
		write_whole(path, text, n);
		text[n++] = '\n';
		write_whole(path, text, n);
		break;
	}
}

static void
what_could_be_anothers_is_not_believed(void **state)
{
	struct box *b = *state;
	char path[600], aside[300];

	snprintf(aside, sizeof(aside), "%s/aside", b->dir);
	for (int how = 0; how <= 5; how++) {
		assert_int_equal(put(b->spool, "formantai", how), SPOOL_OK);
		assert_int_equal(spool_files(b->dir, SPOOL_WHOLE, path), 1);
		spoil(path, how);
		assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
		assert_int_equal(b->take.bad, 1);
		assert_int_equal(b->take.taken, 0);
		look(b, 0, how + 1);
		(void)unlink(aside);
	}
	assert_int_equal(stored(b), 0);
}

static void
one_takes_at_a_time(void **state)
{
	struct box *b = *state;
	char path[300];
	int fd;

	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_OK);
	snprintf(path, sizeof(path), "%s/lock", b->dir);
	assert_true((fd = open(path, O_RDWR | O_CREAT, 0600)) != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_BUSY);
	look(b, 1, 0);
	close(fd);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(b->take.taken, 1);
	look(b, 0, 0);
}

static void
what_cannot_be_taken_now_stays_and_stops_nothing_else(void **state)
{
	struct box *b = *state;

	/* Its source is gone, and its platform is not known. */
	b->config->source[0].name[0] = 'x';
	assert_int_equal(put(b->spool, "nobody", 1), SPOOL_OK);
	assert_int_equal(put(b->spool, "formantai", 2), SPOOL_OK);
	assert_int_equal(spool_take(b->spool, &b->take, 500), SPOOL_OK);
	assert_int_equal(b->take.taken, 1);
	assert_int_equal(b->take.left, 1);
	look(b, 1, 0);
	/* It is left alone for a while, */
	assert_int_equal(spool_take(b->spool, &b->take, 500), SPOOL_OK);
	assert_int_equal(b->take.left, 0);
	/* but what comes after it is not, */
	assert_int_equal(put(b->spool, "formantai", 3), SPOOL_OK);
	assert_int_equal(spool_take(b->spool, &b->take, 500), SPOOL_OK);
	assert_int_equal(b->take.taken, 1);
	/* nor itself when somebody wants all. */
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(b->take.left, 1);
	b->config->source[0].name[0] = 's';
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(b->take.taken, 1);
	assert_int_equal(stored(b), 3);
}

static void
what_waits_is_stored_in_the_order_it_came(void **state)
{
	struct box *b = *state;
	sqlite3 *db;

	for (int i = 0; i < MANY; i++)
		assert_int_equal(
		    put(b->spool, "formantai", i * 7 % MANY), SPOOL_OK);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(b->take.taken, MANY);
	assert_int_equal(sqlite3_open(b->scratch.path, &db), SQLITE_OK);
	assert_int_equal(
	    number_of(db,
		"SELECT count(*) FROM event a, event b"
		" WHERE a.seq < b.seq AND a.received > b.received"),
	    0);
	sqlite3_close(db);
}

/* It was acknowledged when it was kept. */
static void
a_second_content_of_a_signature_is_set_aside(void **state)
{
	struct box *b = *state;
	struct spooled s = {
	    .remote = "192.0.2.1",
	    .verified = "hmac",
	    .delivery = {.source = "sales",
		.provider = "formantai",
		.content_type = "application/json",
		.headers = "",
		.received = 1780000000000},
	};
	static const char *const body[] = {
	    "{\"event_id\":\"e1\",\"event_type\":\"call.completed\","
	    "\"data\":{\"call\":{\"conversation_id\":\"c\"}}}",
	    "{\"event_id\":\"e2\",\"event_type\":\"call.completed\","
	    "\"data\":{\"call\":{\"conversation_id\":\"c\"}}}"};

	for (unsigned char i = 0; i < 2; i++) {
		struct binding of = {
		    .contents = 1, .signed_text = {7}, .content = {i}};

		s.delivery.binding = &of;
		s.delivery.body = body[i];
		s.delivery.len = strlen(body[i]);
		s.delivery.received++;
		assert_int_equal(spool_put(b->spool, &s), SPOOL_OK);
	}
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(b->take.taken, 1);
	assert_int_equal(b->take.bad, 1);
	look(b, 0, 1);
	assert_int_equal(stored(b), 1);
}

static void
a_file_that_finds_no_room_leaves_nothing(void **state)
{
	struct box *b = *state;
	struct rlimit was, small;
	char path[600];

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &was), 0);
	small = (struct rlimit){.rlim_cur = 100, .rlim_max = was.rlim_max};
	assert_true(signal(SIGXFSZ, SIG_IGN) != SIG_ERR);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_FULL);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &was), 0);
	assert_int_equal(spool_files(b->dir, SPOOL_UNFINISHED, path), 0);
	assert_int_equal(spool_files(b->dir, SPOOL_WHOLE, path), 0);
	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_OK);
}

static void
what_a_killed_process_left_half_is_removed_when_it_is_old(void **state)
{
	struct box *b = *state;
	const struct utimbuf old = {.modtime = time(NULL) - TAKE_TMP_S - 5};
	char path[600];

	assert_int_equal(put(b->spool, "formantai", 2), SPOOL_OK);
	snprintf(path, sizeof(path),
	    "%s/new/.000000000000001-00000000000000aa-9", b->dir);
	write_whole(path, "half", 4);
	assert_int_equal(utime(path, &old), 0);
	snprintf(path, sizeof(path),
	    "%s/new/.000000000000001-00000000000000bb-9", b->dir);
	write_whole(path, "half", 4);
	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_OK);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(spool_files(b->dir, SPOOL_UNFINISHED, path), 1);
	assert_non_null(strstr(path, "bb-9"));
}

static void
what_a_killed_process_left_is_removed_where_nothing_else_waits(void **state)
{
	struct box *b = *state;
	const struct utimbuf old = {.modtime = time(NULL) - TAKE_TMP_S - 5};
	struct spool_state s;
	struct buf why = {0};
	char path[600];

	assert_int_equal(put(b->spool, "formantai", 1), SPOOL_OK);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	snprintf(path, sizeof(path),
	    "%s/new/.000000000000001-00000000000000aa-9", b->dir);
	write_whole(path, "half", 4);
	assert_int_equal(spool_take(b->spool, &b->take, 0), SPOOL_OK);
	assert_int_equal(spool_look(b->spool, &s, &why), 0);
	assert_int_equal(s.unfinished, 1);
	assert_int_equal(utime(path, &old), 0);
	assert_int_equal(spool_take(b->spool, &b->take, 500), SPOOL_OK);
	assert_int_equal(spool_files(b->dir, SPOOL_UNFINISHED, path), 0);
}

/* --- many at once --------------------------------------------------------- */

struct many {
	struct box *box;
	int number; /* of a putter */
	pthread_t thread;
	atomic_int *putting;
};

static void *
put_many(void *arg)
{
	struct many *m = arg;
	struct spool *sp = spool_new(m->box->dir, 1 << 30);

	for (int i = 0; i < brief(100, 10); i++)
		assert_int_equal(
		    put(sp, "formantai", m->number * 1000 + i), SPOOL_OK);
	spool_free(sp);
	atomic_fetch_sub(m->putting, 1);
	return NULL;
}

/* Until nothing is put any more and nothing is there. */
static void *
take_many(void *arg)
{
	struct many *m = arg;
	struct spool *sp = spool_new(m->box->dir, 1 << 30);
	struct take t = m->box->take;
	struct spool_state s;
	struct buf why = {0};
	bool over;

	do {
		enum spool_rc rc;

		over = atomic_load(m->putting) == 0;
		rc = spool_take(sp, &t, 20);
		assert_true(rc == SPOOL_OK || rc == SPOOL_BUSY);
		assert_int_equal(t.bad, 0);
		assert_int_equal(spool_look(sp, &s, &why), 0);
	} while (!over || s.files > 0);
	spool_free(sp);
	return NULL;
}

static void
of_many_that_put_and_take_at_once_nothing_is_lost_or_doubled(void **state)
{
	struct box *b = *state;
	struct many m[PUTTERS + TAKERS];
	atomic_int putting = PUTTERS;

	for (int i = 0; i < PUTTERS + TAKERS; i++) {
		m[i] = (struct many){
		    .box = b, .number = i, .putting = &putting};
		assert_int_equal(pthread_create(&m[i].thread, NULL,
				     i < PUTTERS ? put_many : take_many, &m[i]),
		    0);
	}
	for (int i = 0; i < PUTTERS + TAKERS; i++)
		pthread_join(m[i].thread, NULL);
	look(b, 0, 0);
	assert_int_equal(stored(b), PUTTERS * brief(100, 10));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test_setup_teardown(
		of_many_that_put_and_take_at_once_nothing_is_lost_or_doubled,
		set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_file_that_is_torn_or_changed_at_any_byte_is_set_aside, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		two_bad_files_of_one_name_are_both_kept, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_could_be_anothers_is_not_believed, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		one_takes_at_a_time, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_cannot_be_taken_now_stays_and_stops_nothing_else, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		what_waits_is_stored_in_the_order_it_came, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		a_second_content_of_a_signature_is_set_aside, set_up,
		tear_down),
	    cmocka_unit_test_setup_teardown(
		a_file_that_finds_no_room_leaves_nothing, set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_a_killed_process_left_half_is_removed_when_it_is_old,
		set_up, tear_down),
	    cmocka_unit_test_setup_teardown(
		what_a_killed_process_left_is_removed_where_nothing_else_waits,
		set_up, tear_down),
	};

	/* The first ones go all ways; a slow tool need not see the others. */
	return _cmocka_run_group_tests("spool", tests,
	    (size_t)brief(sizeof(tests) / sizeof(tests[0]), 3), NULL, NULL);
}
