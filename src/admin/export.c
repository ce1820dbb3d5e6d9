/*
 * callbook export: each stored event as one CloudEvents 1.0 JSON object a
 * line, in the order stored.
 *
 * Events are written in slices, outside of the store's read transaction: a
 * slow reader at the other end of a pipe must not hold back a checkpoint.
 */
#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "admin.h"
#include "base/base64.h"
#include "base/hex.h"
#include "base/number.h"
#include "base/server.h"
#include "base/utf8.h"
#include "base/when.h"
#include "query/keep.h"
#include "report/report.h"

#define EXPORT_POLL_MS 500 /* between looks for new events, --follow */
#define EXPORT_TRIES 10 /* a new store may be half made at first */
/* Bytes collected before they are written. */
#define EXPORT_SLICE (1024 * 1024)

static const char help[] =
    "usage: callbook export [--after SEQ] [--follow] [--raw | --masked]\n\n"
    "Writes each stored event as one CloudEvents 1.0 JSON object a line, in\n"
    "the order stored.\n\n"
    "      --after SEQ     only events after that `sequence`\n"
    "      --follow        wait for new events until interrupted\n"
    "      --raw           add the bodies as they came\n"
    "      --masked        numbers masked and facts hidden as in the report\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {
    {"after", required_argument, NULL, 'a'},
    {"follow", no_argument, NULL, 'f'},
    {"raw", no_argument, NULL, 'r'},
    {"masked", no_argument, NULL, 'm'},
    ADMIN_OPTIONS,
};

struct export
{
	struct admin *admin;
	int64_t after; /* the last event written, or to be skipped */
	bool raw;
	struct page *page; /* how it is masked; NULL: not at all */
	struct query *calls; /* of masked events, beside who reads these */
	size_t hidden; /* facts of the event at hand */
	bool unread; /* a call could not be read */
	bool unmapped; /* an event could not be mapped */
	int tries; /* to open a store that was replaced */
	struct buf out;
};

static volatile sig_atomic_t stop;

static void
on_signal(int sig)
{
	(void)sig;
	stop = 1;
}

/*
 * Add an attribute of type String.  Control characters have no place in one
 * (CloudEvents section 3.1.1); data tells them exactly.
 */
static void
attribute(struct buf *b, const char *name, const char *s)
{
	size_t n = strlen(s), start = 0;
	struct buf clean = {0};

	if (n == 0)
		return;
	for (size_t i = 0; i <= n; i++) {
		unsigned char c = (unsigned char)s[i];
		bool c1 = c == 0xc2 && (unsigned char)s[i + 1] >= 0x80 &&
		    (unsigned char)s[i + 1] <= 0x9f;

		if (c >= 0x20 && c != 0x7f && !c1)
			continue;
		buf_add(&clean, s + start, i - start);
		if (i < n)
			buf_puts(&clean, "\xef\xbf\xbd"); /* U+FFFD */
		i += c1;
		start = i + 1;
	}
	buf_printf(b, ",\"%s\":", name);
	buf_json(b, buf_str(&clean), clean.len);
	b->failed |= clean.failed;
	buf_free(&clean);
}

static void
add_raw(struct buf *b, const struct stored_event *se)
{
	if (utf8_valid(se->body, se->len)) {
		buf_puts(b, ",\"raw\":");
		buf_json(b, se->body, se->len);
	} else {
		buf_puts(b, ",\"raw_base64\":\"");
		base64_encode((const unsigned char *)se->body, se->len, b);
		buf_puts(b, "\"");
	}
	if (se->content_type != NULL && *se->content_type != '\0') {
		buf_puts(b, ",\"raw_content_type\":");
		buf_json_str(b, se->content_type);
	}
}

static void
add_type(struct buf *b, const struct stored_event *se, const struct event *e)
{
	if (se->note)
		buf_puts(b, ",\"type\":\"" STORE_FORGOTTEN_TYPE "\"");
	else if (e == NULL || e->call == NULL)
		buf_puts(b, ",\"type\":\"callbook.event\"");
	else
		buf_printf(b, ",\"type\":\"callbook.call.%s\"",
		    e->state == STATE_NONE ? "unknown"
					   : call_state_name[e->state]);
}

static void
add_data(struct buf *b, const struct stored_event *se, const struct event *e,
    const char *reason, bool raw, size_t hidden)
{
	char when[WHEN_TEXT_SIZE];

	buf_puts(b, ",\"datacontenttype\":\"application/json\",\"data\":");
	if (e != NULL) {
		event_json(e, se->flags, b);
	} else if (se->note) {
		buf_add(b, se->body, se->len);
	} else if (se->gone) {
		buf_printf(b, "{\"received\":\"%s\",\"gone\":true}",
		    when_rfc3339(se->received, when));
	} else {
		buf_printf(b, "{\"received\":\"%s\",\"unmapped\":",
		    when_rfc3339(se->received, when));
		buf_json_str(b, reason);
		buf_puts(b, "}");
	}
	if (hidden > 0 && b->len > 0) {
		b->len--; /* over the closing brace */
		buf_printf(b, ",\"facts_hidden\":%zu}", hidden);
	}
	if (raw && b->len > 0 && !se->gone && !se->note) {
		b->len--; /* over the closing brace */
		add_raw(b, se);
		buf_puts(b, "}");
	}
	buf_puts(b, "}\n");
}

/* e NULL: not mapped, for that reason. */
static void
add_line(struct export *x, const struct stored_event *se, const struct event *e,
    const char *reason)
{
	char key[2 * EVENT_KEY_SIZE + 1], when[WHEN_TEXT_SIZE], seq[24];
	struct buf source = {0}, *b = &x->out;
	const size_t begun = b->len;

	hex_encode(se->key, EVENT_KEY_SIZE, key);
	buf_printf(&source, "/callbook/%s", se->source);
	snprintf(seq, sizeof seq, "%020" PRId64, se->number);

	buf_puts(b, "{\"specversion\":\"1.0\"");
	attribute(b, "id", key);
	attribute(b, "source", buf_str(&source));
	add_type(b, se, e);
	attribute(
	    b, "time", when_rfc3339(e == NULL ? se->received : e->time, when));
	if (e != NULL && e->call != NULL)
		attribute(b, "subject", e->call);
	attribute(b, "sequence", seq);
	attribute(b, "provider", se->provider);
	if (e != NULL)
		attribute(b, "providertype", e->type);
	add_data(b, se, e, reason, x->raw, x->hidden);
	buf_json_safe(b, begun);
	b->failed |= source.failed;
	buf_free(&source);
}

/* The numbers of its call, which may stand in its ids. */
static void
numbers_of(struct export *x, const struct stored_event *se,
    const struct event *e, struct stored_call *c)
{
	static const enum call_field numbers[] = {
	    FIELD_FROM, FIELD_TO, FIELD_TRANSFERRED_TO};
	struct keep k = {.arena = x->page->arena};
	const struct kept_call *call;

	memset(c, 0, sizeof(*c));
	memcpy(c->call.field, e->field, sizeof(e->field));
	if (e->call == NULL)
		return;
	if (query_each_call(x->calls, e->call, keep_call, &k) != QUERY_OK)
		x->unread = true;
	x->out.failed = x->out.failed || k.failed;
	for (call = k.calls; call != NULL; call = call->next)
		for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++)
			if (strcmp(call->call.source, se->source) == 0 &&
			    call->call.call.field[numbers[i]].set)
				c->call.field[numbers[i]] =
				    call->call.call.field[numbers[i]];
}

static void
mask(struct export *x, const struct stored_event *se, struct event *e,
    const char **reason)
{
	const struct record_mask m = page_mask(x->page);
	struct stored_call c;

	arena_reset(x->page->arena);
	if (e == NULL) {
		*reason = outside_text(x->page, *reason);
		return;
	}
	numbers_of(x, se, e, &c);
	if (record_mask_event(&m, &c, x->page->arena, e, &x->hidden) != 0)
		x->out.failed = true;
}

static int
each(void *arg, const struct stored_event *se)
{
	struct export *x = arg;
	struct delivery d;
	struct event e;
	const char *reason = NULL;
	bool mapped = false;

	x->hidden = 0;
	admin_delivery(se, &d);
	if (se->gone || se->note) {
		add_line(x, se, NULL, NULL);
		x->after = se->number;
		return x->out.failed || x->out.len >= EXPORT_SLICE || stop;
	}
	mapped = admin_map(x->admin, &d, &e, &reason) == 0;
	if (!mapped) {
		x->unmapped = true;
		admin_warnx(x->admin, "event %" PRId64 " of %s (%s): %s",
		    se->number, se->source, se->provider, reason);
	}
	if (x->page != NULL)
		mask(x, se, mapped ? &e : NULL, &reason);
	if (x->unread)
		return 1;
	add_line(x, se, mapped ? &e : NULL, reason);
	x->after = se->number;
	return x->out.failed || x->out.len >= EXPORT_SLICE || stop;
}

/*
 * Write what is there.  0, or -1 and reported.  A damaged event is skipped; if
 * nothing at all can be read, stop, as there would be no progress.
 */
static int
drain(struct export *x)
{
	struct admin *a = x->admin;
	bool whole = true;

	do {
		buf_reset(&x->out, EXPORT_SLICE * 2);
		if (query_each_event(a->query, x->after, each, x) != QUERY_OK ||
		    x->unread)
			whole = false;
		if ((x->out.len > 0 || x->out.failed) &&
		    admin_write(a, &x->out) == -1)
			return -1;
	} while (x->out.len > 0 && !stop && !x->unread);
	if (!whole)
		admin_warnx(a, "the store could not be read");
	return whole ? 0 : -1;
}

/*
 * Open what else is read of the store than events, of which one asks for calls
 * while another tells them.
 */
static int
open_calls(struct export *x)
{
	struct query *events = x->admin->query;
	int rc;

	if (x->page == NULL)
		return 0;
	query_close(x->calls);
	x->admin->query = NULL;
	rc = admin_query(x->admin);
	x->calls = x->admin->query;
	x->admin->query = events;
	return rc;
}

/* Wait for a while, or until the reader is gone. */
static void
wait_for_more(void)
{
	struct pollfd p = {.fd = STDOUT_FILENO};

	if (poll(&p, 1, EXPORT_POLL_MS) > 0 && (p.revents & POLLERR))
		stop = 1;
}

/*
 * Another file may have taken the place of the store.  Its events have numbers
 * of their own: all of them are new.  While there is none, go on to wait.
 */
static int
follow_store(struct export *x)
{
	struct admin *a = x->admin;

	if (a->query != NULL &&
	    (query_is_current(a->query) ||
		(!server_is(a->config->store) &&
		    access(a->config->store, F_OK) == -1)))
		return 0;
	query_close(a->query);
	a->query = NULL;
	if (admin_query(a) == -1 || open_calls(x) == -1) {
		admin_query_close(a);
		return ++x->tries < EXPORT_TRIES ? 0 : -1;
	}
	x->tries = 0;
	if (server_is(a->config->store)) /* only the connection was lost */
		return 0;
	admin_warnx(a, "%s: was replaced: its events follow, from the first on",
	    a->config->store);
	x->after = 0;
	return 0;
}

static void
catch_signals(void)
{
	struct sigaction sa = {.sa_handler = on_signal};

	/* Without SA_RESTART: the wait ends at once. */
	sigemptyset(&sa.sa_mask);
	sigaction(SIGINT, &sa, NULL);
	sigaction(SIGTERM, &sa, NULL);
}

/* With zeros in front or without. */
static int
parse_after(const char *s, int64_t *after)
{
	while (s[0] == '0' && s[1] != '\0')
		s++;
	return number_parse(s, strlen(s), 0, INT64_MAX, after);
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct export x = {.admin = a};
	struct page page = {.out = &x.out, .masked = true};
	bool follow = false;
	int opt, rc;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END)
		switch (opt) {
		case 'a':
			if (parse_after(optarg, &x.after) == -1)
				return admin_usage(a,
				    "--after '%s' is no sequence number",
				    optarg);
			break;
		case 'f':
			follow = true;
			break;
		case 'r':
			x.raw = true;
			break;
		case 'm':
			x.page = &page;
			break;
		default:
			return a->status;
		}
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	if (x.raw && x.page != NULL)
		return admin_usage(a, "--raw shows what --masked hides");
	if (admin_query(a) == -1 || admin_mapping(a) == -1 ||
	    open_calls(&x) == -1)
		return ADMIN_WRONG;
	page.config = a->config;
	page.hidden = a->config->facts_hidden;
	if ((page.arena = arena_new()) == NULL) {
		admin_warnx(a, "out of memory");
		return ADMIN_WRONG;
	}

	admin_confine(a, NULL, 0, follow);
	catch_signals();
	rc = drain(&x);
	while (follow && rc == 0 && !stop) {
		wait_for_more();
		if (!stop)
			rc = follow_store(&x);
		if (!stop && rc == 0 && a->query != NULL)
			rc = drain(&x);
	}
	query_close(x.calls);
	arena_free(page.arena);
	buf_free(&x.out);
	return rc == -1 || x.unmapped ? ADMIN_WRONG : ADMIN_OK;
}

const struct command command_export = {
    "export", "every stored event as CloudEvents, a line each", help, run};
