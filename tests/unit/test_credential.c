/* The key of kept credentials: made once, and taken from nobody else. */
#include "scratch.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>

#include "provider/credential.h"

#define THREADS 8

static void
name_key(const struct scratch *s, char path[200])
{
	snprintf(path, 200, "%s" CREDENTIAL_SUFFIX, s->path);
}

static void
test_a_key_is_made_once(void **state)
{
	struct scratch s = {0};
	struct credential_key one, two;
	struct buf why = {0};
	char path[200];
	struct stat st;

	(void)state;
	scratch_make(&s);
	name_key(&s, path);
	assert_int_equal(credential_key_load(s.path, false, &one, &why), -1);
	assert_false(one.set);
	assert_int_equal(credential_key_load(s.path, true, &one, &why), 0);
	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(credential_key_load(s.path, true, &two, &why), 0);
	assert_memory_equal(&one, &two, sizeof(one));
	buf_free(&why);
	scratch_remove(&s);
}

static void *
load(void *path)
{
	struct credential_key *k = malloc(sizeof(*k));
	struct buf why = {0};

	if (k != NULL)
		(void)credential_key_load(path, true, k, &why);
	buf_free(&why);
	return k;
}

static void
test_all_who_make_it_have_the_same(void **state)
{
	pthread_t thread[THREADS];
	struct credential_key *k[THREADS];
	struct scratch s = {0};

	(void)state;
	scratch_make(&s);
	for (int i = 0; i < THREADS; i++)
		assert_int_equal(
		    pthread_create(&thread[i], NULL, load, s.path), 0);
	for (int i = 0; i < THREADS; i++)
		pthread_join(thread[i], (void **)&k[i]);
	for (int i = 0; i < THREADS; i++) {
		assert_true(k[i]->set);
		assert_memory_equal(k[i], k[0], sizeof(*k[0]));
	}
	for (int i = 0; i < THREADS; i++)
		free(k[i]);
	scratch_remove(&s);
}

static void
refused(const struct scratch *s, const char *reason)
{
	struct credential_key k;
	struct buf why = {0};

	assert_int_equal(credential_key_load(s->path, true, &k, &why), -1);
	if (k.set || strstr(buf_str(&why), reason) == NULL)
		fail_msg("%s, not: %s", buf_str(&why), reason);
	buf_free(&why);
}

static void
test_a_key_of_others_is_refused(void **state)
{
	struct scratch s = {0};
	struct buf why = {0};
	struct credential_key k;
	char path[200], target[200];
	struct stat st;

	(void)state;
	scratch_make(&s);
	name_key(&s, path);
	snprintf(target, sizeof(target), "%s/target", s.dir);
	/* Nothing is made behind a link. */
	assert_int_equal(symlink(target, path), 0);
	refused(&s, "is a link");
	assert_int_equal(stat(target, &st), -1);
	unlink(path);
	assert_int_equal(mkfifo(path, 0600), 0);
	refused(&s, "is no file");
	unlink(path);
	close(open(path, O_WRONLY | O_CREAT, 0600));
	refused(&s, "has not the length");
	unlink(path);
	assert_int_equal(credential_key_load(s.path, true, &k, &why), 0);
	chmod(path, 0640);
	refused(&s, "others than its owner");
	buf_free(&why);
	scratch_remove(&s);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_key_is_made_once),
	    cmocka_unit_test(test_all_who_make_it_have_the_same),
	    cmocka_unit_test(test_a_key_of_others_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
