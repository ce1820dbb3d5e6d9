/*
 * admin - configuration, store and files, opened the same way and with the
 * same messages for every sub-command.
 */
#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "base/confine.h"
#include "base/server.h"
#include "base/when.h"
#include "db/db.h"
#include "provider/crypto.h"
#include "provider/message.h"
#include "rights.h"

#define READ_CHUNK (64 * 1024)

static void vwarnx(const struct admin *a, const char *end, const char *fmt,
    va_list ap) __attribute__((format(printf, 3, 0)));

static void
vwarnx(const struct admin *a, const char *end, const char *fmt, va_list ap)
{
	char text[ADMIN_MESSAGE_MAX];
	struct buf line = {0};

	vsnprintf(text, sizeof text, fmt, ap);
	buf_puts(&line, "callbook");
	if (a->command != NULL)
		buf_printf(&line, " %s", a->command->name);
	buf_puts(&line, ": ");
	safe_str(&line, text);
	fprintf(stderr, "%s%s\n", line.failed ? text : buf_str(&line), end);
	buf_free(&line);
}

void
admin_warnx(const struct admin *a, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	vwarnx(a, "", fmt, ap);
	va_end(ap);
}

int
admin_usage(struct admin *a, const char *fmt, ...)
{
	char end[64];
	va_list ap;

	snprintf(end, sizeof end, "; see 'callbook%s%s --help'",
	    a->command == NULL ? "" : " ",
	    a->command == NULL ? "" : a->command->name);
	va_start(ap, fmt);
	vwarnx(a, end, fmt, ap);
	va_end(ap);
	return ADMIN_USAGE;
}

void
admin_reasons(const struct admin *a, const struct buf *why)
{
	const char *s = buf_str(why);

	if (*s == '\0')
		admin_warnx(a, "out of memory");
	while (*s != '\0') {
		size_t n = strcspn(s, "\n");

		if (n > 0)
			admin_warnx(a, "%.*s", (int)n, s);
		s += n;
		s += *s == '\n';
	}
}

int
admin_option(struct admin *a, int argc, char **argv, const struct option *longs)
{
	int opt;

	opterr = 0;
	opt = getopt_long(argc, argv, ":c:h", longs, NULL);
	switch (opt) {
	case -1:
		return OPTION_END;
	case 'c':
		a->config_option = optarg;
		return admin_option(a, argc, argv, longs);
	case 'h':
		fputs(a->command->help, stdout);
		a->status = ADMIN_OK;
		return OPTION_STOP;
	case ':':
		a->status = admin_usage(
		    a, "option %s needs a value", argv[optind - 1]);
		return OPTION_STOP;
	case '?':
		a->status = admin_usage(
		    a, "unknown option %s", argv[optind - 1]);
		return OPTION_STOP;
	default:
		return opt;
	}
}

static int
find_config(struct admin *a)
{
	if (a->config_file == NULL)
		a->config_file = config_find(a->config_option);
	if (a->config_file == NULL) {
		admin_warnx(a, "out of memory");
		return -1;
	}
	return 0;
}

int
admin_config(struct admin *a)
{
	struct buf why = {0};

	if (a->config != NULL)
		return 0;
	if (find_config(a) == -1)
		return -1;
	a->config = config_load(a->config_file, &why);
	if (a->config == NULL)
		admin_reasons(a, &why);
	buf_free(&why);
	return a->config == NULL ? -1 : 0;
}

int
admin_config_optional(struct admin *a)
{
	if (find_config(a) == -1)
		return -1;
	if (a->config_option == NULL && getenv("CALLBOOK_CONFIG") == NULL &&
	    access(a->config_file, F_OK) == -1 && errno == ENOENT)
		return 0;
	return admin_config(a);
}

int
admin_providers(struct admin *a)
{
	struct buf why = {0};

	if (a->providers != NULL)
		return 0;
	a->providers = providers_load(
	    a->config == NULL ? NULL : a->config->providers_dir, &why);
	if (a->providers == NULL)
		admin_reasons(a, &why);
	buf_free(&why);
	return a->providers == NULL ? -1 : 0;
}

int
admin_become_owner(struct admin *a)
{
	if (server_is(a->config->store) ||
	    rights_take(a->config->store, &a->became) == 0)
		return 0;
	admin_warnx(a, "cannot take the rights of the store's owner: %s",
	    strerror(errno));
	return -1;
}

/* Returns 0 if there is a store, and its days are ours; or -1, reported. */
static int
find_store(struct admin *a)
{
	if (admin_config(a) == -1)
		return -1;
	if (when_zone(a->config->timezone) == -1) {
		admin_warnx(a, "the system does not know the time zone %s",
		    a->config->timezone);
		return -1;
	}
	/*
	 * The receiver must create the store, so that it belongs to its user.
	 */
	if (!server_is(a->config->store) &&
	    access(a->config->store, F_OK) == -1) {
		admin_warnx(a, "%s: %s%s", a->config->store, strerror(errno),
		    errno == ENOENT ? ": the receiver makes it when it starts"
				    : "");
		return -1;
	}
	return admin_become_owner(a);
}

int
admin_query(struct admin *a)
{
	struct buf why = {0};

	if (find_store(a) == -1)
		return -1;
	a->query = query_open(a->config->store, &why);
	if (a->query == NULL)
		admin_reasons(a, &why);
	buf_free(&why);
	return a->query == NULL ? -1 : 0;
}

void
admin_query_close(struct admin *a)
{
	query_close(a->query);
	a->query = NULL;
}

static int
hash_with_key(
    void *arg, const char *text, size_t n, unsigned char out[STORE_HASH_SIZE])
{
	const struct admin *a = arg;

	return credential_hash(&a->key, text, n, out);
}

int
admin_stopped(struct admin *a, enum store_rc rc)
{
	admin_warnx(a, "%s",
	    rc == STORE_BUSY ? "the store is busy; run it again"
		: rc == STORE_FULL
		? "the disk is full; make room, run it again"
		: "stopped; see the line above, run it again");
	return ADMIN_WRONG;
}

int
admin_key(struct admin *a)
{
	struct buf why = {0};

	if (!a->key.set &&
	    credential_key_load(config_place(a->config), true, &a->key, &why) !=
		0)
		admin_reasons(a, &why);
	buf_free(&why);
	return a->key.set ? 0 : -1;
}

int
admin_store(struct admin *a)
{
	struct store_options o;
	struct buf why = {0};

	if (find_store(a) == -1)
		return -1;
	o.path = a->config->store;
	o.durable = a->config->durability == DURABILITY_FULL;
	o.timezone = a->config->timezone;
	a->store = store_open(&o, &why);
	if (a->store == NULL)
		admin_reasons(a, &why);
	else {
		/* Where there is none, nothing was forgotten. */
		buf_reset(&why, SIZE_MAX);
		(void)credential_key_load(
		    config_place(a->config), false, &a->key, &why);
		store_set_hash(a->store, hash_with_key, a);
	}
	buf_free(&why);
	return a->store == NULL ? -1 : 0;
}

int
admin_mapper(struct admin *a)
{
	int64_t max = a->config == NULL ? CONFIG_BODY_MAX_DEFAULT
					: a->config->max_body;

	if (a->mapper == NULL)
		a->mapper = mapper_new((size_t)max);
	if (a->arena == NULL)
		a->arena = arena_new();
	if (a->mapper == NULL || a->arena == NULL) {
		admin_warnx(a, "out of memory");
		return -1;
	}
	return 0;
}

int
admin_mapping(struct admin *a)
{
	return admin_providers(a) == -1 ? -1 : admin_mapper(a);
}

void
admin_confine(struct admin *a, char **file, int n, bool follow)
{
	const char *store = a->config == NULL ? NULL : a->config->store;
	struct confine c = {0};

	for (int i = 0; i < n; i++)
		confine_allow(&c, CONFINE_READ, file[i]);
	if (store != NULL && server_is(store))
		db_places(store, &c);
	else if (store != NULL && follow) {
		/* In whatever directory; SQLite makes the index of its WAL. */
		confine_allow(&c, CONFINE_LIST, "/");
		confine_allow_around(&c, CONFINE_WRITE, store);
	} else if (store != NULL) {
		confine_allow_around(&c, CONFINE_LIST, store);
	}
	confine_allow_temporary(&c);
	confine_allow(&c, CONFINE_READ, when_zone_dir());
	confine_allow(&c, CONFINE_READ, "/dev/urandom");
	crypto_configure();
	confine_begin(&c);
}

void
admin_delivery(const struct stored_event *se, struct delivery *d)
{
	d->source = se->source;
	d->provider = se->provider;
	d->content_type = se->content_type;
	d->headers = se->headers;
	d->body = se->body;
	d->len = se->len;
	d->received = se->received;
}

enum map_rc
admin_map(struct admin *a, const struct delivery *d, struct event *e,
    const char **reason)
{
	const struct provider *p = providers_find(a->providers, d->provider);
	const struct config_source *source = a->config == NULL
	    ? NULL
	    : config_source(a->config, d->source, strlen(d->source));
	struct message m = {0};

	if (p == NULL) {
		*reason = "there is no definition of its provider any more";
		return MAP_UNMAPPABLE;
	}
	arena_reset(a->arena);
	m.env = message_env_from(
	    a->arena, d->headers == NULL ? "" : d->headers);
	if (m.env == NULL) {
		*reason = "its headers cannot be read";
		return arena_failed(a->arena) ? MAP_NO_MEMORY : MAP_MALFORMED;
	}
	m.content_type = d->content_type == NULL ? "" : d->content_type;
	m.body = d->body;
	m.len = d->len;
	mapper_zone(a->mapper, source == NULL ? NULL : source->zone);
	return mapper_map(a->mapper, p, &m, d->received, e, reason);
}

int
admin_read(const struct admin *a, const char *path, struct buf *b)
{
	FILE *f = stdin;
	const char *problem = NULL;

	if (strcmp(path, "-") != 0 && (f = fopen(path, "rb")) == NULL) {
		admin_warnx(a, "%s: %s", path, strerror(errno));
		return -1;
	}
	while (!feof(f)) {
		if (buf_reserve(b, READ_CHUNK) == -1) {
			problem = "out of memory";
			break;
		}
		b->len += fread(b->data + b->len, 1, READ_CHUNK, f);
		b->data[b->len] = '\0';
		if (ferror(f)) {
			problem = strerror(errno);
			break;
		}
		if (b->len > ADMIN_FILE_MAX) {
			problem = "larger than any body may be";
			break;
		}
	}
	if (problem != NULL)
		admin_warnx(a, "%s: %s", path, problem);
	if (f != stdin)
		fclose(f);
	return problem == NULL ? 0 : -1;
}

int
admin_write(struct admin *a, const struct buf *b)
{
	const char *problem = "out of memory";

	if (a->output_failed)
		return -1;
	if (!b->failed) {
		errno = 0;
		if (fwrite(buf_str(b), 1, b->len, stdout) == b->len &&
		    fflush(stdout) == 0 && !ferror(stdout))
			return 0;
		/* A reader that has enough is not worth a message. */
		problem = errno == EPIPE ? NULL
		    : errno == 0	 ? "an earlier write failed"
					 : strerror(errno);
	}
	a->output_failed = true;
	if (problem != NULL)
		admin_warnx(a, "cannot write the output: %s", problem);
	return -1;
}

bool
admin_is_form(const char *path)
{
	const char *dot = strrchr(path, '.');

	return dot != NULL && strcmp(dot, ".form") == 0;
}

/* Three parts of base64url with points between: a JSON Web Token. */
static bool
is_jwt(const char *s, size_t n)
{
	size_t points = 0;

	while (n > 0 && isspace((unsigned char)s[n - 1]))
		n--;
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '.')
			points++;
		else if (!isalnum((unsigned char)s[i]) && s[i] != '-' &&
		    s[i] != '_')
			return false;
	}
	return points == 2;
}

void
admin_guess_type(const char *path, const struct buf *body, struct buf *type)
{
	const char *s = buf_str(body), *first = s + strspn(s, " \t\r\n");
	bool form = admin_is_form(path);
	bool json = *first == '{' || *first == '[';

	if (body->len == 0)
		buf_puts(type, ""); /* what a GET has: all is in its query */
	else if (!form && strncmp(s, "--", 2) == 0)
		buf_printf(type, ADMIN_TYPE_MULTIPART "; boundary=\"%.*s\"",
		    (int)strcspn(s + 2, "\r\n"), s + 2);
	else if (!form && !json && is_jwt(s, body->len))
		buf_puts(type, ADMIN_TYPE_JWT);
	else if (form || (!json && memchr(s, '=', body->len) != NULL))
		buf_puts(type, ADMIN_TYPE_FORM);
	else
		buf_puts(type, ADMIN_TYPE_JSON);
}
