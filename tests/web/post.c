/*
 * post - post many signed events over many connections, and tell each answer.
 *
 *	post [-erw] [-c CONNECTIONS] [-f FIRST] [-n COUNT] -s SECRET URL
 *
 * The body is read from standard input; every @@@@@@ in it becomes the number
 * of the event, from FIRST on.  It is signed as an HMAC-SHA256 in
 * X-FormantAI-Signature, with code that shares nothing with the receiver's.
 * The events are shared out among the connections; with -e every connection
 * posts all of them.  With -r an event is posted until a 2xx answers it, as a
 * platform would, and a minute without any is a failure.
 *
 * Writes a line `NUMBER STATUS BODY` for every answer, status 0 where the
 * connection broke off; with -w `NUMBER STATUS MS RETRY BODY`, where MS is the
 * clock's time and RETRY what Retry-After said, 0 without one.  Exit status 0:
 *every event had a 2xx in the end.
 */
#include <curl/curl.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 256
#define BODY_MAX (64 * 1024)
#define ANSWER_MAX 512 /* bytes shown of one */
#define DIGITS 6
#define RETRY_MS 20
#define RETRY_MAX (60 * 1000 / RETRY_MS)

/* What all connections share; written before the first one starts. */
struct job {
	const char *url, *secret;
	char body[BODY_MAX];
	size_t len;
	long first, count, connections;
	bool each, retry, when;
	atomic_long failed; /* events that never had a 2xx */
};

struct sender {
	pthread_t thread;
	struct job *job;
	long start, step; /* the events it posts */
	CURL *curl;
	char body[BODY_MAX];
	char answer[ANSWER_MAX];
	size_t len; /* of answer */
};

static size_t
keep(char *data, size_t size, size_t n, void *arg)
{
	struct sender *s = arg;

	for (size_t i = 0; i < size * n && s->len < ANSWER_MAX - 1; i++)
		if (data[i] != '\n')
			s->answer[s->len++] = data[i];
	s->answer[s->len] = '\0';
	return size * n;
}

/* Write the body of an event and its signature's header. */
static void
sign(struct sender *s, long number, char *header, size_t size)
{
	const struct job *j = s->job;
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned int len = 0;
	char digits[32];
	int n;

	snprintf(digits, sizeof(digits), "%0*ld", DIGITS, number);
	memcpy(s->body, j->body, j->len);
	for (size_t i = 0; i + DIGITS <= j->len; i++)
		if (memcmp(s->body + i, "@@@@@@", DIGITS) == 0)
			memcpy(s->body + i, digits, DIGITS);

	HMAC(EVP_sha256(), j->secret, (int)strlen(j->secret),
	    (unsigned char *)s->body, j->len, mac, &len);
	n = snprintf(header, size, "X-FormantAI-Signature: sha256=");
	for (unsigned int i = 0; i < len; i++)
		n += snprintf(
		    header + n, size - (size_t)n, "%02x", (unsigned)mac[i]);
}

static void
tell(struct sender *s, long number, long status)
{
	curl_off_t retry = 0;
	struct timespec now;

	if (!s->job->when) {
		printf("%ld %ld %s\n", number, status, s->answer);
		return;
	}
	curl_easy_getinfo(s->curl, CURLINFO_RETRY_AFTER, &retry);
	clock_gettime(CLOCK_REALTIME, &now);
	printf("%ld %ld %lld %ld %s\n", number, status,
	    (long long)now.tv_sec * 1000 + now.tv_nsec / 1000000, (long)retry,
	    s->answer);
}

/* One attempt.  Returns the status, 0 for none. */
static long
post(struct sender *s, long number)
{
	char header[128];
	struct curl_slist *list;
	long status = 0;

	sign(s, number, header, sizeof(header));
	list = curl_slist_append(NULL, header);
	list = curl_slist_append(list, "Content-Type: application/json");
	list = curl_slist_append(list, "Expect:");
	s->len = 0;
	s->answer[0] = '\0';
	curl_easy_setopt(s->curl, CURLOPT_HTTPHEADER, list);
	if (curl_easy_perform(s->curl) == CURLE_OK)
		curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
	tell(s, number, status);
	curl_slist_free_all(list);
	return status;
}

static void *
send_all(void *arg)
{
	struct sender *s = arg;
	const struct job *j = s->job;
	const struct timespec pause = {0, RETRY_MS * 1000000L};

	curl_easy_setopt(s->curl, CURLOPT_URL, j->url);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDS, s->body);
	curl_easy_setopt(s->curl, CURLOPT_POSTFIELDSIZE, (long)j->len);
	curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, keep);
	curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
	curl_easy_setopt(s->curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(s->curl, CURLOPT_TIMEOUT, 60L);
	for (long i = s->start; i < j->count; i += s->step) {
		long status = post(s, j->first + i);
		int tries = j->retry ? RETRY_MAX : 0;

		while (status / 100 != 2 && tries-- > 0) {
			nanosleep(&pause, NULL);
			status = post(s, j->first + i);
		}
		if (status / 100 != 2)
			atomic_fetch_add(&s->job->failed, 1);
	}
	return NULL;
}

static long
number(const char *s, long max)
{
	char *end;
	long n = strtol(s, &end, 10);

	if (*s == '\0' || *end != '\0' || n < 0 || n > max) {
		fprintf(stderr, "post: not a number up to %ld: %s\n", max, s);
		exit(2);
	}
	return n;
}

static void
options(struct job *j, int argc, char **argv)
{
	int c;

	while ((c = getopt(argc, argv, "erwc:f:n:s:")) != -1)
		switch (c) {
		case 'e':
			j->each = true;
			break;
		case 'r':
			j->retry = true;
			break;
		case 'w':
			j->when = true;
			break;
		case 'c':
			j->connections = number(optarg, CONNECTIONS_MAX);
			break;
		case 'f':
			j->first = number(optarg, 999999);
			break;
		case 'n':
			j->count = number(optarg, 999999);
			break;
		case 's':
			j->secret = optarg;
			break;
		default:
			exit(2);
		}
	j->url = argv[optind];
	if (j->url == NULL || j->secret == NULL) {
		fputs("usage: post [-erw] [-c CONNECTIONS] [-f FIRST] "
		      "[-n COUNT] -s SECRET URL <BODY\n",
		    stderr);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct job j = {.connections = 1, .count = 1, .first = 1};
	static struct sender all[CONNECTIONS_MAX];

	options(&j, argc, argv);
	j.len = fread(j.body, 1, sizeof(j.body), stdin);
	setvbuf(stdout, NULL, _IOLBF, BUFSIZ); /* to be read while it runs */
	curl_global_init(CURL_GLOBAL_DEFAULT);
	for (long i = 0; i < j.connections; i++) {
		all[i].job = &j;
		all[i].start = j.each ? 0 : i;
		all[i].step = j.each ? 1 : j.connections;
		all[i].curl = curl_easy_init();
		if (all[i].curl == NULL ||
		    pthread_create(&all[i].thread, NULL, send_all, &all[i]))
			return 2;
	}
	for (long i = 0; i < j.connections; i++) {
		pthread_join(all[i].thread, NULL);
		curl_easy_cleanup(all[i].curl);
	}
	curl_global_cleanup();
	return atomic_load(&j.failed) != 0;
}
