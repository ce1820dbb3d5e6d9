/* A receiver under load, for the thread sanitizer. */
#define _XOPEN_SOURCE 700 /* for the sources that are compiled in */

#include "scratch.h"

/* The handler is part of a program, not of the library: compiled in. */
/* NOLINTBEGIN(bugprone-suspicious-include) */
#include "../../src/receiver/health.c"
#include "../../src/receiver/receive.c"
#include "../../src/receiver/setup.c"
/* NOLINTEND(bugprone-suspicious-include) */

#include <fcntl.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <sys/file.h>

#define CONFIG "[source open]\nprovider = formantai\nauth = none\n"
#define SENDERS 4
#define REMOVALS 12
#define EVENTS_BETWEEN 16 /* stored between two removals, at least */

/* What the threads share. */
struct load {
	struct scratch scratch;
	char config[160];
	struct receive *rv;
	atomic_bool over;
	atomic_int stored, verdicts, failed;
};

/* One thread, with a worker of its own. */
struct sender {
	struct load *load;
	void *worker;
	pthread_t thread;
	int number;
};

/* A request on its way; the sender waits where it is kept. */
struct sent {
	const char *body;
	size_t len, at;
	sem_t told;
};

static ssize_t
give(void *io, char *buf, size_t n)
{
	struct sent *s = io;

	if (n > s->len - s->at)
		n = s->len - s->at;
	memcpy(buf, s->body + s->at, n);
	s->at += n;
	return (ssize_t)n;
}

static void
on_answered(const struct request *r)
{
	struct sent *s = r->io;

	sem_post(&s->told);
}

/* Send it and count what is no 200. */
static void
send_to(struct sender *s, char *method, char *path, const char *body)
{
	struct sent sent = {.body = body, .len = strlen(body)};
	struct response w = {0};
	char length[40];
	char *env[] = {method, path, (char[]){"CONTENT_TYPE=application/json"},
	    length, NULL};
	struct request r = {
	    .env = env, .read = give, .io = &sent, .answered = on_answered};

	sem_init(&sent.told, 0, 0);
	snprintf(length, sizeof(length), "CONTENT_LENGTH=%zu", sent.len);
	if (!receive_handle(s->worker, &r, &w))
		while (sem_wait(&sent.told) == -1)
			; /* EINTR */
	if (w.status != 200)
		atomic_fetch_add(&s->load->failed, 1);
	sem_destroy(&sent.told);
	buf_free(&w.body);
}

static void *
send_events(void *arg)
{
	struct sender *s = arg;
	char body[200];

	for (int i = 0; !atomic_load(&s->load->over); i++) {
		snprintf(body, sizeof(body),
		    "{\"event_id\":\"e%d-%d\",\"event_type\":\"call."
		    "completed\","
		    "\"data\":{\"call\":{\"conversation_id\":\"c%d\"}}}",
		    s->number, i, i);
		send_to(s, (char[]){"REQUEST_METHOD=POST"},
		    (char[]){"PATH_INFO=/open"}, body);
		atomic_fetch_add(&s->load->stored, 1);
	}
	return NULL;
}

/* The page keeps its verdict for a while: the store is asked as well. */
static void *
ask_health(void *arg)
{
	struct sender *s = arg;
	struct db_info info;

	while (!atomic_load(&s->load->over)) {
		send_to(s, (char[]){"REQUEST_METHOD=GET"},
		    (char[]){"PATH_INFO=/healthz"}, "");
		store_info(s->load->rv->kept.store, &info);
		if (strcmp(info.journal, "wal") != 0)
			atomic_fetch_add(&s->load->failed, 1);
		atomic_fetch_add(&s->load->verdicts, 1);
	}
	return NULL;
}

/* As one does who knows of the lock: nobody writes meanwhile. */
static void
remove_store(struct load *l)
{
	static const char *const suffix[] = {"", "-wal", "-shm", "-lock"};
	char path[160];
	int fd;

	snprintf(path, sizeof(path), "%s-lock", l->scratch.path);
	assert_true((fd = open(path, O_RDWR)) != -1);
	assert_int_equal(flock(fd, LOCK_EX), 0);
	for (int i = 0; i < 4; i++) {
		snprintf(
		    path, sizeof(path), "%s%s", l->scratch.path, suffix[i]);
		assert_int_equal(unlink(path), 0);
	}
	close(fd);
}

static void
a_receiver_goes_on_while_its_store_is_removed_and_its_health_asked(void **state)
{
	struct load l = {0};
	struct sender s[SENDERS + 1];
	FILE *f;

	(void)state;
	scratch_make(&l.scratch);
	snprintf(l.config, sizeof(l.config), "%s/callbook.conf", l.scratch.dir);
	assert_non_null(f = fopen(l.config, "w"));
	assert_true(fputs(CONFIG, f) >= 0);
	assert_int_equal(fclose(f), 0);
	assert_non_null(l.rv = receive_new(l.config));

	for (int i = 0; i <= SENDERS; i++) {
		s[i].load = &l;
		s[i].number = i;
		s[i].worker = receive_worker_new(l.rv);
		assert_non_null(s[i].worker);
	}
	for (int i = 0; i <= SENDERS; i++)
		assert_int_equal(
		    pthread_create(&s[i].thread, NULL,
			i < SENDERS ? send_events : ask_health, &s[i]),
		    0);
	for (int i = 0; i < REMOVALS; i++) {
		const int stored = atomic_load(&l.stored),
			  verdicts = atomic_load(&l.verdicts);

		while (atomic_load(&l.stored) < stored + EVENTS_BETWEEN ||
		    atomic_load(&l.verdicts) == verdicts)
			assert_int_equal(receive_tick(l.rv), SERVE_GO_ON);
		remove_store(&l);
	}
	atomic_store(&l.over, true);
	for (int i = 0; i <= SENDERS; i++) {
		pthread_join(s[i].thread, NULL);
		receive_worker_free(s[i].worker);
	}
	assert_int_equal(atomic_load(&l.failed), 0);
	receive_free(l.rv);
	scratch_remove(&l.scratch);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(
		a_receiver_goes_on_while_its_store_is_removed_and_its_health_asked),
	};

	return cmocka_run_group_tests_name("receive_load", tests, NULL, NULL);
}
