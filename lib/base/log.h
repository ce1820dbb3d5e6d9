/*
 * log - one line per occurrence on standard error, which the web server keeps.
 *
 * Lines read `NAME[PID]: TEXT`.  Control bytes in TEXT are written as \xHH:
 * what a sender puts into a header must not forge a line.  A line is one
 * write(2), at most LOG_LINE_MAX bytes, so lines of threads do not mix.
 * errno is preserved.
 */
#ifndef LOG_H
#define LOG_H

#define LOG_LINE_MAX 2048

/* name is borrowed for the life of the program. */
void log_init(const char *name);

/* Something failed, with ": strerror(errno)" at the end. */
void log_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Something failed. */
void log_warnx(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Something worth knowing. */
void log_info(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif /* !LOG_H */
