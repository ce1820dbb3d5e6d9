/*
 * log - a line is put together in one buffer and written by one write(2),
 * because several threads and processes share the server's log.  Control bytes
 * are escaped, because senders choose some of the text.
 */
#include "base/log.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* One per process, set before there are threads. */
static const char *program = "callbook";

void
log_init(const char *name)
{
	program = name;
}

/* Copy text into line from at, control bytes as \xHH.  Returns the end. */
static size_t
escape(char *line, size_t at, size_t size, const char *text)
{
	static const char digit[] = "0123456789abcdef";
	unsigned char c;

	for (; (c = (unsigned char)*text) != '\0' && at + 4 <= size; text++) {
		if (c >= 0x20 && c != 0x7f) {
			line[at++] = (char)c;
			continue;
		}
		line[at++] = '\\';
		line[at++] = 'x';
		line[at++] = digit[c >> 4];
		line[at++] = digit[c & 15];
	}
	return at;
}

static void __attribute__((format(printf, 2, 0)))
put(int error, const char *fmt, va_list ap)
{
	char text[LOG_LINE_MAX], line[LOG_LINE_MAX];
	size_t at;
	int n;

	n = snprintf(line, sizeof(line), "%s[%ld]: ", program, (long)getpid());
	if (n < 0 || (size_t)n >= sizeof(line))
		return;
	at = (size_t)n;
	if (vsnprintf(text, sizeof(text), fmt, ap) < 0)
		return;
	at = escape(line, at, sizeof(line) - 1, text);
	if (error != 0) {
		char why[128];

		if (strerror_r(error, why, sizeof(why)) != 0)
			(void)snprintf(why, sizeof(why), "error %d", error);
		at = escape(line, at, sizeof(line) - 1, ": ");
		at = escape(line, at, sizeof(line) - 1, why);
	}
	line[at++] = '\n';
	while (write(STDERR_FILENO, line, at) == -1 && errno == EINTR)
		continue;
}

void
log_warn(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	put(saved, fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_warnx(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	put(0, fmt, ap);
	va_end(ap);
	errno = saved;
}

void
log_info(const char *fmt, ...)
{
	int saved = errno;
	va_list ap;

	va_start(ap, fmt);
	put(0, fmt, ap);
	va_end(ap);
	errno = saved;
}
