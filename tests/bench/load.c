/*
 * load - drive a web server with signed deliveries over kept connections.
 *
 * Made to be no limit itself: every request is written and signed before the
 * clock starts, one thread waits for all connections with epoll(7), and an
 * answer is looked at no further than its status and length.  Each request is
 * sent once; each connection has one request under way.
 *
 * With -r a request is due at its time, whatever became of those before, and
 * what it took is counted from then: a server that stands still for a moment
 * makes all wait that would have come.
 *
 * Prints one line of JSON: what was answered, the rate as long as there was
 * something to send over every connection, how long answers took
 * in milliseconds (exact percentiles of all of them), and what share of the
 * time this program was busy itself.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#define CONNECTIONS_MAX 1024
#define REQUESTS_MAX 10000000
#define RATE_MAX 100000
#define TEMPLATE_MAX (64 * 1024)
#define ANSWER_MAX (16 * 1024) /* bytes of one answer */
#define HEAD_ROOM 1024 /* bytes for the request line and headers */
#define WAIT_MS 30000 /* without any answer: given up */
#define PLACE "@@@@@@@@@@" /* becomes the request's number, ten digits */

struct request {
	char *text;
	size_t len;
};

struct connection {
	int fd;
	size_t request; /* under way */
	size_t sent; /* bytes of it */
	size_t got; /* bytes of the answer */
	uint64_t began; /* ns */
	bool resting; /* nothing is under way */
	struct connection *idle; /* the next that rests */
	char answer[ANSWER_MAX];
};

struct load {
	const char *path, *secret, *header;
	char template[TEMPLATE_MAX];
	size_t template_len;
	int port, connections;
	size_t requests, first;
	struct request *request;
	struct connection *connection;
	uint32_t *took; /* microseconds, of each answered request */
	size_t next, answered, ok, again;
	size_t steady; /* answered when the last one was sent */
	uint64_t steady_end; /* ns: then */
	size_t rate; /* a second; 0: as fast as it goes */
	uint64_t start; /* ns */
	struct connection *idle;
	int poll, timer;
};

static _Noreturn void
die(const char *what)
{
	fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
	exit(2);
}

static uint64_t
now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000u + (uint64_t)ts.tv_nsec;
}

/* Processor time of this program. */
static double
cpu_s(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static size_t
number(const char *s, size_t max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(s, &end, 10);
	if (errno != 0 || *s == '\0' || *end != '\0' || n > max) {
		fprintf(stderr, "load: %s is no number up to %zu\n", s, max);
		exit(2);
	}
	return n;
}

static void
hex_hmac(const char *secret, const char *body, size_t len, char out[65])
{
	static const char digit[] = "0123456789abcdef";
	unsigned char mac[EVP_MAX_MD_SIZE];
	unsigned n = 0;

	if (HMAC(EVP_sha256(), secret, (int)strlen(secret),
		(const unsigned char *)body, len, mac, &n) == NULL)
		die("HMAC");
	for (unsigned i = 0; i < 32; i++) {
		out[2 * i] = digit[mac[i] >> 4];
		out[2 * i + 1] = digit[mac[i] & 15];
	}
	out[64] = '\0';
}

/* Request i: the template with its number, signed. */
static void
prepare(struct load *l, size_t i)
{
	size_t room = HEAD_ROOM + strlen(l->path) + l->template_len;
	char *body = l->template, signature[65], digits[16], *at = body;
	struct request *r = &l->request[i];
	int head;

	(void)snprintf(digits, sizeof(digits), "%010zu", l->first + i);
	/* Numbers go up, so that the last one's digits mark the places. */
	if (i == 0)
		for (; (at = strstr(at, PLACE)) != NULL; at += 10)
			memcpy(at, digits, 10);
	else {
		char before[16];

		(void)snprintf(
		    before, sizeof(before), "%010zu", l->first + i - 1);
		for (; (at = strstr(at, before)) != NULL; at += 10)
			memcpy(at, digits, 10);
	}
	hex_hmac(l->secret, body, l->template_len, signature);
	if ((r->text = malloc(room)) == NULL)
		die("malloc");
	head = snprintf(r->text, room,
	    "POST %s HTTP/1.1\r\nHost: localhost\r\n"
	    "Content-Type: application/json\r\n%s: sha256=%s\r\n"
	    "Content-Length: %zu\r\n\r\n",
	    l->path, l->header, signature, l->template_len);
	memcpy(r->text + head, body, l->template_len);
	r->len = (size_t)head + l->template_len;
}

static void
watch(struct load *l, struct connection *c, int how, uint32_t events)
{
	struct epoll_event ev = {.events = events, .data.ptr = c};

	if (epoll_ctl(l->poll, how, c->fd, &ev) == -1)
		die("epoll_ctl");
}

static void
push(struct load *l, struct connection *c)
{
	struct request *r = &l->request[c->request];
	bool whole = c->sent == 0;

	while (c->sent < r->len) {
		ssize_t n = write(c->fd, r->text + c->sent, r->len - c->sent);

		if (n == -1 && errno == EAGAIN) {
			watch(l, c, EPOLL_CTL_MOD, EPOLLIN | EPOLLOUT);
			return;
		}
		if (n == -1)
			die("write");
		c->sent += (size_t)n;
	}
	if (!whole)
		watch(l, c, EPOLL_CTL_MOD, EPOLLIN);
}

/* When the next request is to be sent; 0: at once. */
static uint64_t
due(const struct load *l)
{
	return l->rate == 0 ? 0 : l->start + l->next * 1000000000u / l->rate;
}

/* Leave c alone until the next request is due. */
static void
rest(struct load *l, struct connection *c)
{
	const uint64_t at = due(l);
	struct itimerspec t = {
	    .it_value = {.tv_sec = (time_t)(at / 1000000000u),
		.tv_nsec = (long)(at % 1000000000u)}};

	c->got = 0;
	c->answer[0] = '\0';
	c->resting = true;
	c->idle = l->idle;
	l->idle = c;
	if (timerfd_settime(l->timer, TFD_TIMER_ABSTIME, &t, NULL) == -1)
		die("timerfd_settime");
}

/* The next request over c, if there is one. */
static void
begin(struct load *l, struct connection *c)
{
	const uint64_t at = due(l);

	if (l->next == l->requests)
		return;
	if (at > now_ns()) {
		rest(l, c);
		return;
	}
	c->request = l->next++;
	if (l->next == l->requests) {
		l->steady = l->answered;
		l->steady_end = now_ns();
	}
	c->sent = c->got = 0;
	c->resting = false;
	c->began = at == 0 ? now_ns() : at;
	push(l, c);
}

/* Something is due, unless a connection that got free has sent it. */
static void
wake(struct load *l)
{
	struct connection *c;
	uint64_t n;

	if (read(l->timer, &n, sizeof(n)) == -1 && errno != EAGAIN)
		die("timer");
	/* It comes back if nothing is due: then that sets the timer. */
	while ((c = l->idle) != NULL) {
		l->idle = c->idle;
		begin(l, c);
		if (l->idle == c)
			break;
	}
}

static void
reach(struct load *l, struct connection *c)
{
	struct sockaddr_in to = {.sin_family = AF_INET,
	    .sin_port = htons((uint16_t)l->port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	int on = 1;

	c->fd = socket(AF_INET, SOCK_STREAM, 0);
	if (c->fd == -1 ||
	    connect(c->fd, (struct sockaddr *)&to, sizeof(to)) == -1)
		die("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	if (fcntl(c->fd, F_SETFL, O_NONBLOCK) == -1)
		die("fcntl");
	watch(l, c, EPOLL_CTL_ADD, EPOLLIN);
}

static const char *
header(const char *head, const char *name)
{
	for (const char *s = strstr(head, "\r\n"); s != NULL;
	     s = strstr(s, "\r\n")) {
		s += 2;
		if (strncasecmp(s, name, strlen(name)) == 0)
			return s + strlen(name);
	}
	return NULL;
}

/* Is the answer whole? */
static bool
complete(const struct connection *c)
{
	const char *end, *v;

	if ((end = strstr(c->answer, "\r\n\r\n")) == NULL)
		return false;
	if ((v = header(c->answer, "content-length:")) != NULL)
		return c->got >=
		    (size_t)(end + 4 - c->answer) + strtoul(v, NULL, 10);
	if (header(c->answer, "transfer-encoding: chunked") != NULL)
		return c->got >= 5 &&
		    memcmp(c->answer + c->got - 5, "0\r\n\r\n", 5) == 0;
	return strncmp(c->answer, "HTTP/1.1 204", 12) == 0;
}

/* The answer to what is under way over c is there. */
static void
finish(struct load *l, struct connection *c)
{
	l->took[l->answered++] = (uint32_t)((now_ns() - c->began) / 1000);
	if (strncmp(c->answer, "HTTP/1.1 2", 10) == 0)
		l->ok++;
	if (header(c->answer, "connection: close") != NULL) {
		close(c->fd);
		if (l->next < l->requests)
			reach(l, c);
	}
	begin(l, c);
}

/* The server has closed c. */
static void
closed(struct load *l, struct connection *c)
{
	if (header(c->answer, "connection: close") != NULL) {
		finish(l, c); /* that was the end of the answer */
		return;
	}
	if (c->got > 0)
		die("answer cut short");
	/* It may close a kept connection between two requests. */
	if (++l->again > l->requests)
		die("connections are closed again and again");
	close(c->fd);
	reach(l, c);
	c->sent = 0;
	if (!c->resting)
		push(l, c);
}

static void
take(struct load *l, struct connection *c)
{
	ssize_t n = read(
	    c->fd, c->answer + c->got, sizeof(c->answer) - 1 - c->got);

	if (n == -1 && errno == EAGAIN)
		return;
	if (n == -1)
		die("read");
	c->got += (size_t)n;
	c->answer[c->got] = '\0';
	if (n == 0)
		closed(l, c);
	else if (complete(c))
		finish(l, c);
	else if (c->got == sizeof(c->answer) - 1)
		die("answer too long");
}

static int
by_size(const void *a, const void *b)
{
	uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static double
percentile(const struct load *l, double share)
{
	size_t i = (size_t)(share * (double)(l->answered - 1));

	return l->took[i] / 1000.0;
}

static void
run(struct load *l)
{
	struct epoll_event ev[64];
	double s, rate, cpu = cpu_s();

	l->start = now_ns();
	for (int i = 0; i < l->connections; i++)
		begin(l, &l->connection[i]);
	while (l->answered < l->requests) {
		int n = epoll_wait(l->poll, ev, 64, WAIT_MS);

		if (n == 0)
			die("no answer any more");
		for (int i = 0; i < n; i++) {
			struct connection *c = ev[i].data.ptr;

			if (c == NULL) {
				wake(l);
				continue;
			}
			if (ev[i].events & EPOLLOUT)
				push(l, c);
			if (ev[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR))
				take(l, c);
		}
	}
	s = (double)(now_ns() - l->start) / 1e9;
	cpu = cpu_s() - cpu;
	/* Else there were not even two for each connection. */
	rate = l->steady > (size_t)l->connections
	    ? (double)l->steady * 1e9 / (double)(l->steady_end - l->start)
	    : (double)l->answered / s;
	qsort(l->took, l->answered, sizeof(*l->took), by_size);
	printf("{\"requests\":%zu,\"ok\":%zu,\"seconds\":%.4f,\"rate\":%.1f,"
	       "\"p50\":%.3f,\"p99\":%.3f,\"p999\":%.3f,\"max\":%.3f,"
	       "\"busy\":%.3f}\n",
	    l->answered, l->ok, s, rate, percentile(l, .5), percentile(l, .99),
	    percentile(l, .999), percentile(l, 1), cpu / s);
}

static void
read_template(struct load *l, const char *file)
{
	FILE *f = fopen(file, "rb");

	if (f == NULL)
		die(file);
	l->template_len = fread(l->template, 1, TEMPLATE_MAX - 1, f);
	l->template[l->template_len] = '\0';
	(void)fclose(f);
	if (strstr(l->template, PLACE) == NULL) {
		fprintf(stderr, "load: %s: has no %s\n", file, PLACE);
		exit(2);
	}
}

int
main(int argc, char **argv)
{
	static struct load l = {.connections = 32,
	    .requests = 1000,
	    .header = "X-FormantAI-Signature",
	    .secret = "secret",
	    .path = "/"};
	int opt;

	while ((opt = getopt(argc, argv, "c:n:f:p:r:s:u:")) != -1)
		switch (opt) {
		case 'c':
			l.connections = (int)number(optarg, CONNECTIONS_MAX);
			break;
		case 'n':
			l.requests = number(optarg, REQUESTS_MAX);
			break;
		case 'f':
			l.first = number(optarg, 4000000000u);
			break;
		case 'p':
			l.port = (int)number(optarg, 65535);
			break;
		case 'r':
			l.rate = number(optarg, RATE_MAX);
			break;
		case 's':
			l.secret = optarg;
			break;
		case 'u':
			l.path = optarg;
			break;
		default:
			goto usage;
		}
	if (argc - optind != 1 || l.port == 0 || l.requests == 0 ||
	    l.connections == 0)
		goto usage;
	read_template(&l, argv[optind]);
	l.request = calloc(l.requests, sizeof(*l.request));
	l.took = calloc(l.requests, sizeof(*l.took));
	l.connection = calloc((size_t)l.connections, sizeof(*l.connection));
	if (l.request == NULL || l.took == NULL || l.connection == NULL)
		die("malloc");
	for (size_t i = 0; i < l.requests; i++)
		prepare(&l, i);
	if ((l.poll = epoll_create1(0)) == -1)
		die("epoll");
	if ((l.timer = timerfd_create(
		 CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC)) == -1 ||
	    epoll_ctl(l.poll, EPOLL_CTL_ADD, l.timer,
		&(struct epoll_event){.events = EPOLLIN}) == -1)
		die("timer");
	for (int i = 0; i < l.connections; i++)
		reach(&l, &l.connection[i]);
	run(&l);
	return 0;
usage:
	fputs("usage: load -p PORT [-u PATH] [-c CONNECTIONS] [-n REQUESTS]\n"
	      "            [-f FIRST] [-r RATE] [-s SECRET] TEMPLATE\n",
	    stderr);
	return 2;
}
