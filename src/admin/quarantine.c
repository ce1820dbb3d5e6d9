/*
 * callbook quarantine: deliveries that authenticated but could not be
 * understood, and with --rejected the ring of those that did not authenticate.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "admin.h"
#include "base/number.h"
#include "base/when.h"
#include "provider/auth.h"
#include "provider/drop.h"
#include "provider/message.h"

static const char help[] =
    "usage: callbook quarantine list [--rejected]\n"
    "       callbook quarantine show [--rejected] [--raw] ROW\n"
    "       callbook quarantine requeue [--rejected] --all | ROW...\n\n"
    "Deliveries that authenticated and could not be mapped to an event are\n"
    "kept in the quarantine.  After the definition was mended, requeue maps\n"
    "them again and stores the events.\n\n"
    "      --rejected      those that did not authenticate, of which some are\n"
    "                      kept; requeue verifies them again first, with the\n"
    "                      secrets of now, at the time they were received\n"
    "      --raw           show: write the body alone, byte by byte\n"
    "      --all           requeue: every row\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"rejected", no_argument, NULL, 'r'},
    {"raw", no_argument, NULL, 'w'},
    {"all", no_argument, NULL, 'a'},
    ADMIN_OPTIONS,
};

struct quarantine {
	struct admin *admin;
	bool rejected, raw, all;
	int64_t found;
	int64_t came; /* with --rejected: all that ever did, kept or not */
	struct buf out;
};

/* --- list and show ------------------------------------------------------- */

static int
list_row(void *arg, const struct stored_delivery *sd)
{
	struct quarantine *q = arg;
	char when[WHEN_TEXT_SIZE];
	struct buf *b = &q->out;

	if (q->found++ == 0)
		buf_printf(b, "%-6s  %-16s  %-24s  %9s  %7s  %s\n", "row",
		    "source", "received", "bytes", "repeats", "reason");
	buf_printf(b, "%-6" PRId64 "  %-16s  %-24s  %9zu  %7" PRId64 "  ",
	    sd->number, sd->delivery.source,
	    when_rfc3339(sd->delivery.received, when), sd->delivery.len,
	    sd->repeats);
	safe_str(b, sd->reason);
	buf_puts(b, "\n");
	return b->failed;
}

static int
add_refused(void *arg, const struct refused *r)
{
	struct quarantine *q = arg;

	if (r->why == REFUSAL_MISSING || r->why == REFUSAL_WRONG ||
	    r->why == REFUSAL_STALE || r->why == REFUSAL_REUSED)
		q->came += r->count;
	return 0;
}

/* Say that the ring holds only some of the rejected, and of how many. */
static enum query_rc
add_sample(struct quarantine *q)
{
	enum query_rc rc = query_refused(q->admin->query, add_refused, q);

	buf_printf(&q->out,
	    "%" PRId64 " kept, a sample of %" PRId64 " that came\n", q->found,
	    q->came > q->found ? q->came : q->found);
	return rc;
}

static int
show_row(void *arg, const struct stored_delivery *sd)
{
	struct quarantine *q = arg;
	const struct delivery *d = &sd->delivery;
	char when[WHEN_TEXT_SIZE];
	struct buf *b = &q->out;

	q->found++;
	if (q->raw) {
		buf_add(b, d->body, d->len);
		return 0;
	}
	buf_printf(b, "row       %" PRId64 "\nsource    ", sd->number);
	safe_str(b, d->source);
	buf_puts(b, "\nprovider  ");
	safe_str(b, d->provider);
	buf_printf(b, "\nreceived  %s\n", when_rfc3339(d->received, when));
	if (sd->repeats > 0)
		buf_printf(b, "repeats   %" PRId64 "\n", sd->repeats);
	buf_puts(b, "reason    ");
	safe_str(b, sd->reason);
	buf_puts(b, "\ntype      ");
	safe_str(b, d->content_type == NULL ? "" : d->content_type);
	buf_puts(b, "\n\n");
	if (d->headers != NULL && *d->headers != '\0') {
		safe_add(b, d->headers, strlen(d->headers), SAFE_LINES);
		buf_puts(b, "\n");
	}
	safe_add(b, d->body, d->len, SAFE_LINES);
	buf_puts(b, "\n");
	return 0;
}

/* Run fn over the rows and write what it collected. */
static int
read_rows(struct quarantine *q, int64_t row, query_delivery_fn fn)
{
	struct admin *a = q->admin;
	enum query_rc rc;

	if (admin_query(a) == -1)
		return ADMIN_WRONG;
	admin_confine(a, NULL, 0, false);
	rc = query_each_delivery(a->query, q->rejected, row, fn, q);
	if (rc == QUERY_OK && q->rejected && row == 0 && q->found > 0)
		rc = add_sample(q);
	if (rc != QUERY_OK && rc != QUERY_NOT_FOUND) {
		admin_warnx(a, "the store could not be read");
		return ADMIN_WRONG;
	}
	if (row != 0 && q->found == 0) {
		admin_warnx(a, "no row %" PRId64, row);
		return ADMIN_WRONG;
	}
	return admin_write(a, &q->out) == -1 ? ADMIN_WRONG : ADMIN_OK;
}

/* --- requeue ------------------------------------------------------------- */

/* A copied row: no read may be under way while the store is written. */
struct kept {
	struct arena *arena;
	struct delivery d;
	struct binding binding; /* of d, where it is needed */
	bool found, failed;
};

static int
copy_row(void *arg, const struct stored_delivery *sd)
{
	struct kept *k = arg;
	const struct delivery *d = &sd->delivery;
	struct arena *m = k->arena;
	const char *headers = d->headers == NULL ? "" : d->headers;
	const char *type = d->content_type == NULL ? "" : d->content_type;

	k->found = true;
	k->d.source = arena_strndup(m, d->source, strlen(d->source));
	k->d.provider = arena_strndup(m, d->provider, strlen(d->provider));
	k->d.content_type = arena_strndup(m, type, strlen(type));
	k->d.headers = arena_strndup(m, headers, strlen(headers));
	k->d.body = arena_strndup(m, d->body, d->len);
	k->d.len = d->len;
	k->d.received = d->received;
	k->failed = k->d.source == NULL || k->d.provider == NULL ||
	    k->d.content_type == NULL || k->d.headers == NULL ||
	    k->d.body == NULL;
	return 1;
}

/*
 * Give the headers the names that the definition reads, as when a delivery
 * arrives.  Returns 0, or -1: no memory.
 */
static int
read_as_defined(const struct auth *auth, struct message *m, struct kept *k)
{
	struct buf headers = {0};
	int rc = auth_read_as(auth, k->arena, m);

	if (rc == 0) {
		message_headers(m, auth_secrets(auth), m->kept, &headers);
		k->d.headers = arena_strndup(
		    k->arena, buf_str(&headers), headers.len);
		rc = headers.failed || k->d.headers == NULL ? -1 : 0;
	}
	buf_free(&headers);
	return rc;
}

/* NULL if it authenticates now, else why it stays. */
static const char *
verify(struct quarantine *q, struct kept *k, struct buf *why)
{
	struct admin *a = q->admin;
	const struct config_source *cs = config_source(
	    a->config, k->d.source, strlen(k->d.source));
	const struct provider *p = providers_find(a->providers, k->d.provider);
	struct credential_key key;
	struct message m = {.content_type = k->d.content_type,
	    .body = k->d.body,
	    .len = k->d.len,
	    .kept = &key};
	struct buf no_key = {0};
	struct auth *auth;
	enum auth_rc rc;

	if (cs == NULL)
		return "the configuration has no such source";
	if (p == NULL)
		return "there is no definition of its provider";
	m.env = message_env_from(k->arena, k->d.headers);
	if (m.env == NULL)
		return "its headers cannot be read";
	auth = auth_new(p, cs, why);
	if (auth == NULL)
		return buf_str(why);
	(void)credential_key_load(
	    config_place(a->config), false, &key, &no_key);
	rc = auth_verify(auth, &m, NULL, k->d.received);
	if (rc == AUTH_OK && auth_contents(auth) > 0) {
		if (auth_bind(auth, &m, &k->binding) == 1)
			k->d.binding = &k->binding;
		else
			rc = AUTH_ERROR;
	}
	if (rc == AUTH_OK && read_as_defined(auth, &m, k) != 0)
		rc = AUTH_ERROR;
	auth_free(auth);
	if (rc == AUTH_OK)
		goto out;
	buf_printf(why, "the signature is still %s%s", auth_reason(rc),
	    k->d.len >= (rc == AUTH_MISSING ? STORE_MISSING_BODY_MAX
					    : STORE_REJECTED_BODY_MAX)
		? " (only the start of the body was kept)"
		: "");
	if (!key.set)
		buf_printf(why,
		    "; a secret or token that is sent as it is "
		    "cannot be verified without %s",
		    buf_str(&no_key));
out:
	credential_key_clear(&key);
	buf_free(&no_key);
	return rc == AUTH_OK ? NULL : buf_str(why);
}

/*
 * What is never stored of its source now is not stored of it either.  NULL, or
 * why it stays.
 */
static const char *
begin_drop(struct quarantine *q, const struct kept *k, struct drop **drop)
{
	struct admin *a = q->admin;
	const struct provider *p = providers_find(a->providers, k->d.provider);
	const char *words = config_drop(a->config, k->d.source);

	if (*words == '\0' || p == NULL)
		return NULL;
	if ((*drop = drop_new(p, words)) == NULL)
		return "out of memory";
	mapper_drop(a->mapper, *drop);
	return NULL;
}

/* Returns NULL when the row is gone, with the result in text; else why not. */
static const char *
store_row(struct quarantine *q, int64_t row, struct kept *k, struct buf *text)
{
	struct event e;
	const char *reason = NULL;
	int64_t number = 0;
	bool counts;

	if (admin_map(q->admin, &k->d, &e, &reason) != MAP_OK)
		return reason;
	if (mapper_rest(q->admin->mapper, &k->d.body, &k->d.len) &&
	    k->d.body == NULL) {
		k->d.gone = true;
		k->d.body = "";
	}
	counts = provider_counts(
	    providers_find(q->admin->providers, k->d.provider), e.type);
	switch (counts ? store_requeue_count(
			     q->admin->store, q->rejected, row, &k->d, e.type)
		       : store_requeue(q->admin->store, q->rejected, row, &k->d,
			     &e, &number)) {
	case STORE_OK:
		if (counts)
			buf_puts(text, "counted");
		else
			buf_printf(text, "stored as event %" PRId64, number);
		return NULL;
	case STORE_DUPLICATE:
		buf_printf(text, "was stored already, event %" PRId64, number);
		return NULL;
	case STORE_VARIANT:
		buf_printf(text,
		    "stored as event %" PRId64
		    ", a variant of one stored before",
		    number);
		return NULL;
	case STORE_QUARANTINED:
		return STORE_VARIANTS_REASON;
	case STORE_REUSED:
		return "its signature came with another content, which was "
		       "stored";
	case STORE_FORGOTTEN:
		buf_puts(text, "is of a call that was forgotten: dropped");
		return NULL;
	case STORE_NOT_FOUND:
		return "somebody else took it meanwhile";
	case STORE_BUSY:
		return "the store is busy, try again";
	case STORE_FULL:
		return "the disk is full";
	default:
		return "the store failed";
	}
}

/* Read the row into k.  NULL, or why it cannot be. */
static const char *
load_row(struct quarantine *q, int64_t row, struct kept *k)
{
	struct admin *a = q->admin;
	const struct config_source *cs;
	enum query_rc rc;

	if (k->arena == NULL)
		return "out of memory";
	/* Not while the store is written, whose files may change under it. */
	if (admin_query(a) == -1)
		return "it could not be read";
	rc = query_each_delivery(a->query, q->rejected, row, copy_row, k);
	admin_query_close(a);
	if (!k->found)
		return rc == QUERY_OK || rc == QUERY_NOT_FOUND
		    ? "there is no such row"
		    : "it could not be read";
	if (k->failed)
		return "out of memory";
	/* Use the provider of now: a wrong one may have been the mistake. */
	cs = config_source(a->config, k->d.source, strlen(k->d.source));
	if (cs != NULL)
		k->d.provider = cs->provider;
	return NULL;
}

/* 0 if the row is gone now, -1 if it stays. */
static int
requeue_row(struct quarantine *q, int64_t row)
{
	struct kept k = {.arena = arena_new()};
	struct drop *drop = NULL;
	struct buf text = {0};
	const char *stays = load_row(q, row, &k);

	if (stays == NULL && q->rejected)
		stays = verify(q, &k, &text);
	if (stays == NULL)
		stays = begin_drop(q, &k, &drop);
	if (stays == NULL)
		stays = store_row(q, row, &k, &text);
	mapper_drop(q->admin->mapper, NULL);
	drop_free(drop);
	buf_printf(&q->out, "row %" PRId64 ": %s", row,
	    stays == NULL ? "" : "stays: ");
	q->out.failed = q->out.failed || (stays == NULL && text.failed);
	safe_str(&q->out, stays == NULL ? buf_str(&text) : stays);
	buf_puts(&q->out, "\n");
	buf_free(&text);
	arena_free(k.arena);
	return stays == NULL ? 0 : -1;
}

static int
note_row(void *arg, const struct stored_delivery *sd)
{
	struct buf *rows = arg;

	buf_add(rows, &sd->number, sizeof sd->number);
	return rows->failed;
}

/* rows: int64_t after int64_t. */
static int
requeue(struct quarantine *q, struct buf *rows)
{
	struct admin *a = q->admin;
	enum query_rc rc = QUERY_OK;
	int status = ADMIN_OK;

	/* The store first, which brings its schema up. */
	if (admin_store(a) == -1 || admin_mapping(a) == -1 ||
	    admin_query(a) == -1)
		return ADMIN_WRONG;
	if (q->all)
		rc = query_each_delivery(
		    a->query, q->rejected, 0, note_row, rows);
	admin_query_close(a);
	if (rc != QUERY_OK) {
		admin_warnx(a, "the store could not be read");
		return ADMIN_WRONG;
	}
	if (rows->failed) {
		admin_warnx(a, "out of memory");
		return ADMIN_WRONG;
	}
	for (size_t at = 0; at < rows->len; at += sizeof(int64_t)) {
		int64_t row;

		memcpy(&row, rows->data + at, sizeof row);
		if (requeue_row(q, row) == -1)
			status = ADMIN_WRONG;
		if (admin_write(a, &q->out) == -1)
			return ADMIN_WRONG;
		buf_reset(&q->out, q->out.cap);
	}
	return status;
}

/* --- the command line ---------------------------------------------------- */

static int
operands(struct quarantine *q, int argc, char **argv, struct buf *rows)
{
	struct admin *a = q->admin;
	const char *what = optind < argc ? argv[optind] : "";
	int64_t row = 0;

	for (int i = optind + 1; i < argc; i++) {
		if (number_parse(
			argv[i], strlen(argv[i]), 1, INT64_MAX, &row) == -1)
			return admin_usage(a, "'%s' is no row number", argv[i]);
		buf_add(rows, &row, sizeof row);
	}
	if (strcmp(what, "list") == 0) {
		if (rows->len > 0)
			return admin_usage(a, "list wants no row");
		return read_rows(q, 0, list_row);
	}
	if (strcmp(what, "show") == 0) {
		if (rows->len != sizeof row)
			return admin_usage(a, "show wants one ROW");
		return read_rows(q, row, show_row);
	}
	if (strcmp(what, "requeue") == 0) {
		if (q->all == (rows->len > 0))
			return admin_usage(
			    a, "requeue wants either rows or --all");
		return requeue(q, rows);
	}
	return admin_usage(a, "wants list, show ROW, or requeue");
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct quarantine q = {.admin = a};
	struct buf rows = {0};
	int opt, status;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END)
		switch (opt) {
		case 'r':
			q.rejected = true;
			break;
		case 'w':
			q.raw = true;
			break;
		case 'a':
			q.all = true;
			break;
		default:
			return a->status;
		}
	status = operands(&q, argc, argv, &rows);
	buf_free(&rows);
	buf_free(&q.out);
	return status;
}

const struct command command_quarantine = {"quarantine",
    "what could not be understood: look, and store after a fix", help, run};
