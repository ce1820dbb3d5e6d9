/*
 * fuzz_fastcgi - what a web server, or who took its place, writes into the
 * FastCGI socket.
 *
 * An input that begins with `P` is lines NAME=VALUE, an empty line and a body:
 * they are sent as a request, and the handler must see them so.  Any other is
 * sent as it is.  Whatever comes, the server answers or closes, and goes on.
 */
#define _GNU_SOURCE /* memmem(3) */
#include "fuzz.h"

#include <errno.h>
#include <fcgiapp.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "base/log.h"
#include "http/request.h"
#include "http/serve.h"

#define SENT_MAX (48 * 1024) /* bytes: what the socket takes at once */
#define PART_MAX 60000 /* bytes of one record */
#define WAIT_MS 60000 /* for an answer */
#define ANSWER "X-Seen" /* a header: HEAD has no body */

static char dir[] = "/tmp/callbook-fuzz-XXXXXX";
static char address[sizeof(dir) + 4];

/* What the handler saw last; while no request is sent nobody writes it. */
static struct buf seen_env, seen_body;
static enum body_rc seen_rc;

static void *
worker_new(void *arg)
{
	(void)arg;
	return address;
}

static void
worker_free(void *worker)
{
	(void)worker;
}

static bool
handle(void *worker, const struct request *r, struct response *w)
{
	(void)worker;
	buf_reset(&seen_env, SIZE_MAX);
	for (size_t i = 0; r->env[i] != NULL; i++) {
		buf_add(&seen_env, r->env[i], strlen(r->env[i]));
		buf_add(&seen_env, "\n", 1);
	}
	(void)request_login(r);
	(void)request_is_local(r);
	seen_rc = request_body(r, SENT_MAX, &seen_body);
	w->status = 200;
	w->content_type = "text/plain";
	response_header(w, ANSWER, "1");
	buf_puts(&w->body, "seen");
	return true;
}

static void *
run(void *arg)
{
	static const struct serve_handler handler = {.worker_new = worker_new,
	    .worker_free = worker_free,
	    .handle = handle};
	const struct serve_options o = {.listen = address, .threads = 1};

	(void)arg;
	(void)serve(&o, &handler); /* ends on a signal */
	_exit(0);
}

static int
connect_to(void)
{
	struct sockaddr_un a = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memcpy(a.sun_path, address, sizeof(address));
	if (fd != -1 && connect(fd, (struct sockaddr *)&a, sizeof(a)) == 0)
		return fd;
	(void)close(fd);
	return -1;
}

static void
remove_files(void)
{
	(void)unlink(address);
	(void)rmdir(dir);
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	pthread_t thread;
	int fd;

	(void)argc;
	(void)argv;
	if (mkdtemp(dir) == NULL || atexit(remove_files) != 0)
		abort();
	(void)snprintf(address, sizeof(address), "%s/s", dir);
	if (pthread_create(&thread, NULL, run, NULL) != 0)
		abort();
	while ((fd = connect_to()) == -1)
		(void)poll(NULL, 0, 10); /* until it listens */
	(void)close(fd);
	return 0;
}

/* --- a request ------------------------------------------------------------ */

static void
add_record(struct buf *b, int type, const void *data, size_t n)
{
	const unsigned char header[] = {1, (unsigned char)type, 0, 1,
	    (unsigned char)(n >> 8), (unsigned char)n, 0, 0};

	buf_add(b, header, sizeof(header));
	buf_add(b, data, n);
}

static void
add_length(struct buf *b, size_t n)
{
	const unsigned char large[] = {(unsigned char)(0x80 | n >> 24),
	    (unsigned char)(n >> 16), (unsigned char)(n >> 8),
	    (unsigned char)n};
	const unsigned char small = (unsigned char)n;

	if (n < 128)
		buf_add(b, &small, 1);
	else
		buf_add(b, large, sizeof(large));
}

/* The request of such lines; those that can be sent go to `lines`. */
static void
make_request(
    struct input in, struct buf *out, struct buf *lines, struct buf *body)
{
	static const char begin[8] = {0, 1, 0};
	struct buf params = {0};

	while (in.n > 0) {
		struct input line = input_part(&in, "\n"), value = line, name;

		if (line.n == 0)
			break;
		name = input_part(&value, "=");
		/* Nobody can send two of one name, or a NUL, and be heard. */
		if (name.n == 0 || memchr(line.s, '\0', line.n) != NULL ||
		    params.len + line.n > PART_MAX)
			continue;
		add_length(&params, name.n);
		add_length(&params, value.n);
		buf_add(&params, name.s, name.n);
		buf_add(&params, value.s, value.n);
		buf_add(lines, name.s, name.n);
		buf_puts(lines, "=");
		buf_add(lines, value.s, value.n);
		buf_puts(lines, "\n");
	}
	buf_add(body, in.s, in.n);
	add_record(out, 1, begin, sizeof(begin));
	if (params.len > 0)
		add_record(out, 4, params.data, params.len);
	add_record(out, 4, "", 0);
	if (body->len > 0)
		add_record(out, 5, body->data, body->len);
	add_record(out, 5, "", 0);
	buf_free(&params);
}

/* Every line that was sent is one that was seen. */
static void
check_seen(const struct buf *lines, const struct buf *body)
{
	struct input in = {buf_str(lines), lines->len};

	while (in.n > 0) {
		struct input line = input_part(&in, "\n");
		struct input seen = {buf_str(&seen_env), seen_env.len};
		bool found = false;

		while (seen.n > 0 && !found) {
			struct input s = input_part(&seen, "\n");

			found = same_bytes(s.s, s.n, line.s, line.n);
		}
		must(found);
	}
	if (seen_rc == BODY_OK)
		must(same_bytes(
		    seen_body.data, seen_body.len, body->data, body->len));
}

/* Send it all, and read to the end of the answer. */
static void
ask(const struct buf *out, struct buf *answer)
{
	int fd = connect_to();
	struct pollfd p = {.fd = fd, .events = POLLIN};
	char piece[4096];
	ssize_t n;
	int ready;

	must(fd != -1);
	(void)send(fd, out->data, out->len, MSG_NOSIGNAL);
	(void)shutdown(fd, SHUT_WR);
	do {
		/* libFuzzer's alarm interrupts it. */
		while ((ready = poll(&p, 1, WAIT_MS)) == -1 && errno == EINTR)
			continue;
		must(ready == 1);
		n = read(fd, piece, sizeof(piece));
		if (n > 0)
			buf_add(answer, piece, (size_t)n);
	} while (n > 0);
	(void)close(fd);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	struct buf out = {0}, lines = {0}, body = {0}, answer = {0};

	if (size > SENT_MAX)
		return -1;
	if (size > 0 && *data == 'P') {
		(void)input_byte(&in);
		make_request(in, &out, &lines, &body);
		ask(&out, &answer);
		must(answer.len > 0 &&
		    memmem(answer.data, answer.len, ANSWER, strlen(ANSWER)) !=
			NULL);
		check_seen(&lines, &body);
	} else {
		buf_add(&out, in.s, in.n);
		if (out.len > 0)
			ask(&out, &answer);
	}
	buf_free(&out);
	buf_free(&lines);
	buf_free(&body);
	buf_free(&answer);
	return 0;
}
