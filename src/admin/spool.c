/*
 * callbook spool: what was kept as files while the store could not take it.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "base/when.h"
#include "spool/take.h"

#define FLUSH_WAIT_MS 10000 /* for another process that takes in */
#define FLUSH_PAUSE_MS 100

static const char help[] =
    "usage: callbook spool list\n"
    "       callbook spool flush\n\n"
    "While the store cannot take deliveries, those that were verified are\n"
    "kept as files in the directory `spool` of the configuration.  A receiver\n"
    "stores them by itself when the store is back; flush does so now, and is\n"
    "for where no receiver runs, or a platform left the configuration.\n\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {ADMIN_OPTIONS};

/* What a line of the list is made in. */
struct list {
	struct buf out;
	int64_t unreadable;
};

static int
list_file(void *arg, const char *name, const struct spooled *s, const char *why)
{
	struct list *l = arg;
	struct buf *b = &l->out;
	char when[WHEN_TEXT_SIZE];

	safe_str(b, name);
	if (s != NULL) {
		buf_printf(b, "  %s  %9zu  ",
		    when_rfc3339(s->delivery.received, when), s->delivery.len);
		safe_str(b, s->delivery.source);
		buf_puts(b, " (");
		safe_str(b, s->delivery.provider);
		buf_puts(b, ")\n");
		return b->failed;
	}
	l->unreadable++;
	buf_puts(b, "  cannot be taken in: ");
	safe_str(b, why);
	buf_puts(b, "\n");
	return b->failed;
}

static void
add_state(struct buf *b, const struct config *c, const struct spool_state *s)
{
	buf_printf(b, "%" PRId64 " files, %" PRId64 " of %" PRId64 " bytes in ",
	    s->files, s->bytes, s->max);
	safe_str(b, c->spool);
	buf_puts(b, "\n");
	if (s->bad > 0) {
		buf_printf(b, "%" PRId64 " set aside as ", s->bad);
		safe_str(b, c->spool);
		buf_puts(b, "/new/*.bad: look at them, then remove them\n");
	}
}

/* Returns 0, or -1 after reporting. */
static int
look(struct admin *a, struct spool *sp, struct spool_state *s)
{
	struct buf why = {0};
	int rc = spool_look(sp, s, &why);

	if (rc == -1)
		admin_reasons(a, &why);
	buf_free(&why);
	return rc;
}

static int
list(struct admin *a, struct spool *sp)
{
	struct list l = {0};
	struct buf why = {0};
	struct spool_state s;
	int status = ADMIN_WRONG;

	if (spool_each(sp, list_file, &l, &why) == -1)
		admin_reasons(a, &why);
	else if (look(a, sp, &s) == 0) {
		add_state(&l.out, a->config, &s);
		if (admin_write(a, &l.out) == 0 && l.unreadable == 0 &&
		    s.bad == 0)
			status = ADMIN_OK;
	}
	buf_free(&why);
	buf_free(&l.out);
	return status;
}

/* Take in everything; another who does so has a moment to come to its end. */
static enum spool_rc
take(struct admin *a, struct spool *sp, struct take *t)
{
	const int64_t until = when_monotonic() + FLUSH_WAIT_MS;
	enum spool_rc rc;

	t->store = a->store;
	t->config = a->config;
	t->providers = a->providers;
	while ((rc = spool_take(sp, t, 0)) == SPOOL_BUSY &&
	    when_monotonic() < until)
		when_rest(FLUSH_PAUSE_MS);
	return rc;
}

int
spool_flush(struct admin *a, int64_t *taken)
{
	struct take t = {0};
	struct spool *sp;
	enum spool_rc rc;

	*taken = 0;
	if (a->config->spool == NULL)
		return 0;
	/* All definitions: a source may have left the configuration. */
	if (admin_providers(a) == -1)
		return -1;
	sp = spool_new(a->config->spool, a->config->spool_max);
	if (sp == NULL) {
		admin_warnx(a, "out of memory");
		return -1;
	}
	rc = take(a, sp, &t);
	*taken = t.taken;
	if (rc == SPOOL_BUSY)
		admin_warnx(a, "another program takes in; run it again");
	else if (rc == SPOOL_DOWN)
		admin_warnx(a, "the store cannot take deliveries now");
	else if (rc != SPOOL_OK)
		admin_warnx(a, "stopped; see the line above");
	spool_free(sp);
	return rc == SPOOL_OK ? 0 : -1;
}

static int
flush(struct admin *a, struct spool *sp)
{
	struct spool_state s;
	struct buf out = {0};
	int64_t taken;
	int rc, status = ADMIN_WRONG;

	if (admin_store(a) == -1)
		return ADMIN_WRONG;
	rc = spool_flush(a, &taken);
	if (look(a, sp, &s) == -1)
		return ADMIN_WRONG;
	buf_printf(&out, "%" PRId64 " taken in\n", taken);
	add_state(&out, a->config, &s);
	if (admin_write(a, &out) == 0 && rc == 0 && s.files == 0 && s.bad == 0)
		status = ADMIN_OK;
	buf_free(&out);
	return status;
}

static int
run(struct admin *a, int argc, char **argv)
{
	const char *what;
	struct spool *sp;
	int status;

	if (admin_option(a, argc, argv, longs) != OPTION_END)
		return a->status;
	what = optind < argc ? argv[optind] : "";
	if (optind + 1 != argc ||
	    (strcmp(what, "list") != 0 && strcmp(what, "flush") != 0))
		return admin_usage(a, "wants list or flush");
	if (admin_config(a) == -1)
		return ADMIN_WRONG;
	if (a->config->spool == NULL) {
		admin_warnx(a, "the configuration names no spool");
		return ADMIN_WRONG;
	}
	if (admin_become_owner(a) == -1)
		return ADMIN_WRONG;
	sp = spool_new(a->config->spool, a->config->spool_max);
	if (sp == NULL) {
		admin_warnx(a, "out of memory");
		return ADMIN_WRONG;
	}
	status = strcmp(what, "list") == 0 ? list(a, sp) : flush(a, sp);
	spool_free(sp);
	return status;
}

const struct command command_spool = {
    "spool", "what was kept while the store could not take it", help, run};
