/*
 * outside - messages over a socket that keeps them apart (SOCK_SEQPACKET).
 */
#include "base/outside.h"

#include <errno.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "base/log.h"

/* One per process, set before there are threads. */
static struct {
	int fd;
	int stop_fd; /* readable once this process was told to stop; -1: none */
	bool trial, serving;
} keeper = {.fd = -1, .stop_fd = -1};

static int
say(enum outside_word word, const struct buf *text)
{
	char m[OUTSIDE_TEXT_MAX];
	size_t n = text == NULL ? 0 : text->len;
	ssize_t rc;

	if (n > sizeof(m) - 1)
		n = sizeof(m) - 1;
	m[0] = (char)word;
	if (n > 0)
		memcpy(m + 1, text->data, n);
	do
		rc = write(keeper.fd, m, n + 1);
	while (rc == -1 && errno == EINTR);
	return rc == -1 ? -1 : 0;
}

void
outside_begin(int fd, bool trial)
{
	keeper.fd = fd;
	if ((keeper.stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1)
		log_warn("eventfd");
	keeper.trial = trial;
	keeper.serving = false;
}

bool
outside_is_trial(void)
{
	return keeper.trial;
}

void
outside_serving(void)
{
	if (keeper.fd == -1)
		return;
	keeper.trial = false;
	keeper.serving = true;
	if (say(OUTSIDE_SERVING, NULL) != 0)
		log_warn("keeper");
}

void
outside_failed(const struct buf *why)
{
	if (say(OUTSIDE_FAULTS, why) != 0)
		log_warn("keeper");
}

bool
outside_is_there(void)
{
	return keeper.serving;
}

void
outside_stop(void)
{
	const uint64_t one = 1;

	if (keeper.stop_fd != -1)
		(void)!write(keeper.stop_fd, &one, sizeof(one));
}

int
outside_ask(struct buf *why)
{
	struct pollfd p[2] = {{.fd = keeper.fd, .events = POLLIN},
	    {.fd = keeper.stop_fd, .events = POLLIN}};
	char m[OUTSIDE_TEXT_MAX];
	ssize_t n = -1;
	int rc;

	/* What came too late for the question before. */
	while (poll(p, 1, 0) == 1 && read(keeper.fd, m, sizeof(m)) > 0)
		continue;
	if (say(OUTSIDE_ASK, NULL) == 0) {
		do
			rc = poll(p, 2, OUTSIDE_WAIT_MS);
		while (rc == -1 && errno == EINTR);
		if (rc > 0 && p[0].revents != 0)
			n = read(keeper.fd, m, sizeof(m));
	}
	if (n == 1 && m[0] == OUTSIDE_SERVING)
		return 0;
	if (n > 1 && m[0] == OUTSIDE_FAULTS)
		buf_add(why, m + 1, (size_t)n - 1);
	else if (p[1].revents != 0)
		buf_puts(why,
		    "told to stop, before another process served what is there "
		    "now");
	else
		buf_puts(why,
		    "another process is needed for what is there now, and "
		    "could not be started");
	return -1;
}
