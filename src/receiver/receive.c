/*
 * receive - the way of one delivery: route, limits, body, signature, mapping,
 * then the store, or the spool while the store cannot take it.  What can be
 * refused is refused before the body is read, and nothing is parsed before it
 * is authenticated.
 */
#include "receive.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/gate.h"
#include "base/log.h"
#include "base/ready.h"
#include "base/when.h"
#include "health.h"
#include "http/exposed.h"
#include "provider/handshake.h"
#include "provider/map.h"
#include "setup.h"
#include "spool/take.h"

#define HEALTH_PATH "healthz"
#define HEALTH_METHODS "GET, HEAD"
#define FORM_TYPE "application/x-www-form-urlencoded"
#define JSON_TYPE "application/json"
#define ECHO_TYPE "text/plain"
#define PROBE_TYPE "application/octet-stream"

struct receive {
	const char *config; /* its path */
	struct ready *ready; /* of struct setup */
	struct setup_store kept;
	struct health *health;
	struct gate *bodies; /* room for bodies as they arrive */
	struct gate *trees; /* room for what they are parsed to */
	pthread_mutex_t lock; /* protects all below */
	int64_t second; /* the second in which */
	int lines; /* that many rejections were logged */
	int probes; /* bodies for healthz that are being read */
	int64_t silent; /* rejections not logged since the last logged one */
	struct log_place {
		int64_t last; /* ms, the last line */
		int64_t silent; /* refusals since then */
	} refused[RECEIVE_LOG_PLACES]; /* 0: of no source; others may share */
};

struct worker;

/* One delivery on its way. */
struct in_flight {
	struct worker *worker;
	struct generation *generation; /* that setup is of, until answered */
	const struct setup *setup;
	const struct source *source;
	const char *segment; /* what follows the source in the path, "" */
	const struct request *r;
	struct response *w;
	struct message m;
	int64_t received;
	struct message sent; /* m before its headers got other names */
	struct binding binding;
	bool bound; /* each delivery is to be kept with its binding */
	bool mapped; /* the mapper knows what is to be kept of the body */
	struct event event; /* to be stored, unless it was answered */
	struct delivery delivery; /* that told it */
};

/* Handles one request at a time; keeps buffers from one to the next. */
struct worker {
	struct receive *rv;
	struct mapper *mapper; /* NULL until there is a setup */
	int64_t max_body; /* the limit that the mapper was made for */
	struct buf body;
	size_t room; /* of the gate for bodies, taken for it */
	struct buf headers, query; /* as they are kept */
	struct buf echo;
	struct arena *arena; /* of the message's headers under other names */
	struct exposed exposed;
	struct in_flight in_flight;
};

struct receive *
receive_new(const char *config)
{
	struct ready_maker maker = {.load = setup_load, .unload = setup_free};
	struct receive *rv;

	if ((rv = calloc(1, sizeof(*rv))) == NULL)
		return NULL;
	rv->config = config;
	maker.arg = &rv->kept;
	if ((rv->ready = ready_new(config, &maker)) == NULL ||
	    (rv->health = health_new()) == NULL ||
	    (rv->bodies = gate_new(RECEIVE_BODIES_MAX)) == NULL ||
	    (rv->trees = gate_new(MAP_COST_MAX)) == NULL ||
	    pthread_mutex_init(&rv->lock, NULL) != 0) {
		gate_free(rv->trees);
		gate_free(rv->bodies);
		health_free(rv->health);
		ready_free(rv->ready);
		free(rv);
		return NULL;
	}
	return rv;
}

void
receive_free(struct receive *rv)
{
	if (rv == NULL)
		return;
	ready_free(rv->ready);
	setup_store_close(&rv->kept);
	health_free(rv->health);
	gate_free(rv->trees);
	gate_free(rv->bodies);
	(void)pthread_mutex_destroy(&rv->lock);
	free(rv);
}

/* The store's part of a tick, where there is one; the spool's needs both. */
static void
look_after_store(struct receive *rv, const struct setup *setup)
{
	struct take take = {.store = rv->kept.store};

	store_turn(rv->kept.store);
	if (setup != NULL)
		store_keep(rv->kept.store, setup->config);
	if (setup == NULL || setup->spool == NULL)
		return;
	take.config = setup->config;
	take.providers = setup->providers;
	(void)spool_take(setup->spool, &take, RECEIVE_TAKE_MS);
}

enum serve_next
receive_tick(void *arg)
{
	struct receive *rv = arg;
	struct generation *g;
	const struct setup *setup;

	ready_look(rv->ready);
	g = ready_take(rv->ready);
	setup = g == NULL ? NULL : g->made;
	if (rv->kept.store != NULL)
		look_after_store(rv, setup);
	else if (setup != NULL)
		(void)setup_store_is_back(&rv->kept, setup);
	if (g != NULL)
		ready_give(rv->ready, g);
	/* A newer program has changed the schema: it has to run instead. */
	if (rv->kept.store != NULL && store_is_newer(rv->kept.store))
		return SERVE_END;
	return rv->kept.restart ? SERVE_RESTART : SERVE_GO_ON;
}

void
receive_places(void *arg, struct confine *c)
{
	struct receive *rv = arg;
	struct generation *g = ready_take(rv->ready);

	if (g == NULL) {
		confine_allow_edited(c, rv->config);
		return;
	}
	setup_places(g->made, c);
	ready_give(rv->ready, g);
}

bool
receive_loaded(void *arg, struct buf *why)
{
	struct receive *rv = arg;
	struct generation *g = ready_take(rv->ready);

	if (g != NULL)
		ready_give(rv->ready, g);
	else
		(void)ready_state(rv->ready, why);
	return g != NULL;
}

void *
receive_worker_new(void *arg)
{
	struct generation *g;
	struct worker *wk;

	if ((wk = calloc(1, sizeof(*wk))) == NULL)
		return NULL;
	wk->rv = arg;
	/* The first load is made here, before there are threads. */
	if ((g = ready_take(wk->rv->ready)) != NULL)
		ready_give(wk->rv->ready, g);
	return wk;
}

void
receive_worker_free(void *worker)
{
	struct worker *wk = worker;

	if (wk == NULL)
		return;
	if (wk->mapper != NULL)
		mapper_free(wk->mapper);
	buf_free(&wk->body);
	buf_free(&wk->headers);
	buf_free(&wk->query);
	buf_free(&wk->echo);
	arena_free(wk->arena);
	exposed_free(&wk->exposed);
	free(wk);
}

/* --- answers ------------------------------------------------------------ */

static void
answer_503(struct response *w, const char *detail)
{
	response_problem(w, 503, "%s", detail);
	w->retry_after = RECEIVE_RETRY_AFTER_S;
}

static void
answer_not_stored(struct in_flight *p)
{
	answer_503(
	    p->w, "The event could not be stored now. Send it again later.");
}

/* Begin the JSON answer to what was taken.  false: the answer has no body. */
static bool
begin_taken(struct in_flight *p, const char *result)
{
	struct response *w = p->w;

	w->status = p->source->config->answer;
	if (w->status == 204)
		return false;
	w->content_type = JSON_TYPE;
	buf_printf(&w->body, "{\"result\":\"%s\"", result);
	return true;
}

/* Say by a member of the JSON answer what became of the delivery. */
static void
answer_stored(struct in_flight *p, const char *result, const char *member,
    int64_t number, const char *reason)
{
	struct buf *b = &p->w->body;

	if (!begin_taken(p, result))
		return;
	buf_printf(b, ",\"%s\":%lld", member, (long long)number);
	if (reason != NULL) {
		buf_puts(b, ",\"reason\":");
		buf_json_str(b, reason);
	}
	buf_puts(b, "}\n");
}

/* --- memory -------------------------------------------------------------- */

/*
 * Take room for a body of so many bytes; -1: it is not known.  Returns 0, or
 * -1: there was none in time, and that is answered.
 */
static int
reserve_body(struct in_flight *p, int64_t length)
{
	const int64_t max = p->setup->config->max_body;
	struct worker *wk = p->worker;

	if (length < 0 || length > max)
		length = max;
	if (length <= RECEIVE_BODY_FREE || wk->room > 0)
		return 0;
	wk->room = gate_enter(wk->rv->bodies, (size_t)length, RECEIVE_WAIT_MS);
	if (wk->room > 0)
		return 0;
	answer_503(
	    p->w, "Too many large bodies come at once. Send it again later.");
	return -1;
}

/* The body was used: a large one gives its memory and its room back. */
static void
release_body(struct worker *wk)
{
	buf_reset(&wk->body, REQUEST_KEEP);
	if (wk->room == 0)
		return;
	gate_leave(wk->rv->bodies, wk->room);
	wk->room = 0;
}

/* --- refusals ------------------------------------------------------------ */

/* The source's place in the times of log lines; 0: no source. */
static size_t
log_place(const struct source *source)
{
	size_t h = 0;

	if (source == NULL)
		return 0;
	for (const char *s = source->config->name; *s != '\0'; s++)
		h = h * 31 + (unsigned char)*s;
	return 1 + h % (RECEIVE_LOG_PLACES - 1);
}

#define SILENT_SIZE 64

/* What a line adds about those before it that were not logged. */
static void
silent_text(char out[SILENT_SIZE], int64_t silent, const char *whose)
{
	*out = '\0';
	if (silent > 0)
		(void)snprintf(out, SILENT_SIZE,
		    " (%" PRId64 " more%s were not logged)", silent, whose);
}

/* Log a refusal, at most once a minute a source: anybody can cause it. */
static void
log_refused(struct receive *rv, const struct source *source, enum refusal why)
{
	static const char *const word[REFUSAL__MAX] = {
	    [REFUSAL_NOT_FOUND] = "404, no source of the name asked for",
	    [REFUSAL_METHOD] = "405, a method that the platform does not use",
	    [REFUSAL_TOO_LARGE] = "413, a body larger than max_body",
	    [REFUSAL_TYPE] = "415, a content type or encoding not understood",
	    [REFUSAL_SLOW] = "408, a body that came too slowly",
	};
	struct log_place *l = &rv->refused[log_place(source)];
	int64_t now = when_now(), silent = 0;
	char more[SILENT_SIZE];
	bool tell;

	(void)pthread_mutex_lock(&rv->lock);
	/* A clock that was set back begins a new minute. */
	tell = l->last == 0 || now < l->last ||
	    now - l->last >= RECEIVE_LOG_EVERY_MS;
	if (tell) {
		l->last = now;
		silent = l->silent;
		l->silent = 0;
	} else
		l->silent++;
	(void)pthread_mutex_unlock(&rv->lock);
	if (!tell)
		return;
	silent_text(more, silent, "");
	if (source == NULL)
		log_info("refused: %s%s", word[why], more);
	else
		log_info("[source %s] refused: %s%s", source->config->name,
		    word[why], more);
}

/* Count and log a request that is refused before it is authenticated. */
static void
refuse(struct in_flight *p, enum refusal why)
{
	const struct source *s = why == REFUSAL_NOT_FOUND ? NULL : p->source;

	log_refused(p->worker->rv, s, why);
	if (p->setup->store == NULL)
		return;
	store_refuse(p->setup->store, s == NULL ? NULL : s->config->name, why,
	    when_now());
}

static void
not_found(struct in_flight *p)
{
	refuse(p, REFUSAL_NOT_FOUND);
	response_problem(p->w, 404,
	    "No source of that name. The address ends with the name of a "
	    "[source NAME] in the configuration.");
}

/* --- keeping ------------------------------------------------------------ */

static struct delivery
delivery_of(struct in_flight *p)
{
	struct delivery d = {.source = p->source->config->name,
	    .provider = provider_name(p->source->provider),
	    .content_type = p->m.content_type,
	    .body = p->m.body,
	    .len = p->m.len,
	    .received = p->received,
	    .binding = p->bound ? &p->binding : NULL};

	/* What was not parsed cannot be rid of anything. */
	if (p->mapped)
		d.gone = mapper_rest(p->worker->mapper, &d.body, &d.len) &&
		    d.body == NULL;
	else
		d.gone = p->source->drop != NULL;
	if (d.gone) {
		d.body = "";
		d.len = 0;
	}
	return d;
}

/*
 * A message as its headers are to be kept: where the query is the body, with
 * that in place of it which is kept of the body.  0, or -1: no memory.
 */
static int
message_to_keep(
    struct in_flight *p, const struct delivery *d, struct message *m)
{
	static const char query[] = "QUERY_STRING=", uri[] = "REQUEST_URI=";
	struct worker *wk = p->worker;
	char **env, *line;
	size_t n = 0;

	*m = p->m;
	if (p->source->drop == NULL || strcmp(message_method(m), "GET") != 0)
		return 0;
	if (wk->arena == NULL && (wk->arena = arena_new()) == NULL)
		return -1;
	if (!p->mapped)
		arena_reset(wk->arena); /* else it has the headers of m */
	while (m->env != NULL && m->env[n] != NULL)
		n++;
	env = arena_alloc(wk->arena, (n + 2) * sizeof(*env));
	line = arena_alloc(wk->arena, sizeof(query) + d->len);
	if (env == NULL || line == NULL)
		return -1;
	memcpy(line, query, sizeof(query) - 1);
	memcpy(line + sizeof(query) - 1, d->body, d->len);
	line[sizeof(query) - 1 + d->len] = '\0';
	n = 0;
	env[n++] = line;
	for (size_t i = 0; m->env != NULL && m->env[i] != NULL; i++)
		if (strncmp(m->env[i], query, sizeof(query) - 1) != 0 &&
		    strncmp(m->env[i], uri, sizeof(uri) - 1) != 0)
			env[n++] = m->env[i];
	env[n] = NULL;
	m->env = env;
	return 0;
}

/*
 * The same with its headers, without which it could not be verified again.
 * Returns 0, or -1 when memory ran out.
 */
static int
delivery_whole(struct in_flight *p, struct delivery *d)
{
	struct buf *b = &p->worker->headers;
	struct message m;

	*d = delivery_of(p);
	if (message_to_keep(p, d, &m) != 0)
		return -1;
	buf_reset(b, REQUEST_KEEP);
	message_headers(
	    &m, auth_secrets(p->source->auth), setup_key_of(p->setup->key), b);
	if (p->mapped)
		buf_puts(b, mapper_marks(p->worker->mapper));
	d->headers = buf_str(b);
	return b->failed ? -1 : 0;
}

/* --- the spool ----------------------------------------------------------- */

/* May it be kept there?  Not what anybody can send, who would fill it. */
static bool
may_be_spooled(const struct in_flight *p)
{
	return p->setup->spool != NULL && !auth_is_none(p->source->auth);
}

/*
 * Is there no sense in trying the store?  It has just failed, and would have
 * the sender wait.
 */
static bool
passes_store_by(const struct in_flight *p)
{
	return p->setup->store == NULL ||
	    (may_be_spooled(p) && spool_store_is_down(p->setup->spool));
}

/*
 * The store could not take the delivery.  Returns whether it is on disk in the
 * spool, whole and as it came, with the headers as a quarantine keeps them.
 */
static bool
keep_in_spool(struct in_flight *p)
{
	const char *remote = request_env(p->r, "REMOTE_ADDR");
	struct spooled s = {.remote = remote == NULL ? "" : remote,
	    .verified = auth_scheme(p->source->auth)};

	int is_signed = 1;

	if (!may_be_spooled(p))
		return false;
	spool_store_failed(p->setup->spool);
	if (!p->bound)
		is_signed = auth_bind(p->source->auth, &p->sent, &p->binding);
	if (is_signed == -1 || delivery_whole(p, &s.delivery) != 0)
		return false;
	if (s.delivery.gone)
		return false; /* nothing that could be stored later */
	s.delivery.binding = is_signed == 1 ? &p->binding : NULL;
	return spool_put(p->setup->spool, &s) == SPOOL_OK;
}

/* It goes there, or has to be sent again. */
static void
spool_and_answer(struct in_flight *p)
{
	if (!keep_in_spool(p))
		answer_not_stored(p);
	else if (begin_taken(p, "spooled"))
		buf_puts(&p->w->body, "}\n");
}

/* Log that something was not kept, but no more than a few in a second: anybody
 * can cause it. */
static void
log_rejected(struct in_flight *p, const char *what, const char *reason)
{
	struct receive *rv = p->worker->rv;
	int64_t second = when_now() / 1000, silent = 0;
	char more[SILENT_SIZE];
	bool tell = true;

	(void)pthread_mutex_lock(&rv->lock);
	if (rv->second != second) {
		rv->second = second;
		rv->lines = 0;
	}
	if (rv->lines >= RECEIVE_REJECTED_LINES) {
		rv->silent++;
		tell = false;
	} else {
		rv->lines++;
		silent = rv->silent;
		rv->silent = 0;
	}
	(void)pthread_mutex_unlock(&rv->lock);
	if (!tell)
		return;
	silent_text(more, silent, ", of any source,");
	log_info(
	    "[source %s] %s%s%s", p->source->config->name, what, reason, more);
}

/* The same words for all: a forger learns nothing from them. */
static void
answer_401(struct in_flight *p, const char *reason)
{
	log_rejected(p, "rejected: signature or token ", reason);
	response_problem(p->w, 401,
	    "The message does not prove that it is from the platform.");
}

/* The store is there, and does not take it. */
static bool
is_refused(enum store_rc rc)
{
	return rc == STORE_REUSED || rc == STORE_NO_ROOM;
}

static void
answer_refused(struct in_flight *p, enum store_rc rc)
{
	if (rc == STORE_REUSED) {
		answer_401(p, "came with another content before");
		return;
	}
	log_rejected(p, "not stored: its quarantine is full", "");
	answer_not_stored(p);
}

/* With its headers where the store may yet refuse it. */
static int
delivery_of_event(struct in_flight *p, struct delivery *d)
{
	*d = delivery_of(p);
	return p->bound || p->source->drop != NULL ? delivery_whole(p, d) : 0;
}

/* Of some types there are so many that only their number is kept. */
static void
count_event(struct in_flight *p, const struct event *e)
{
	struct delivery d;
	enum store_rc rc = STORE_ERROR;
	int is_signed = p->bound
	    ? 1
	    : auth_bind(p->source->auth, &p->sent, &p->binding);

	if (is_signed == -1 || delivery_of_event(p, &d) != 0) {
		answer_not_stored(p);
		return;
	}
	if (is_signed == 1)
		d.binding = &p->binding;
	if (!passes_store_by(p))
		rc = store_count(p->setup->store, &d, e->type);
	if (is_refused(rc))
		answer_refused(p, rc);
	else if (rc != STORE_OK && rc != STORE_DUPLICATE)
		spool_and_answer(p);
	else if (begin_taken(p, "counted"))
		buf_puts(&p->w->body, "}\n");
}

/* What became of the event: answer. */
static void
event_kept(void *arg, enum store_rc rc, int64_t number)
{
	struct in_flight *p = arg;
	const char *type = p->event.type;
	const char *result = NULL, *row = "event", *reason = NULL;
	bool spooled;

	switch (rc) {
	case STORE_OK:
		result = "stored";
		break;
	case STORE_DUPLICATE:
		result = "duplicate";
		break;
	case STORE_VARIANT:
		result = "variant";
		break;
	case STORE_QUARANTINED:
		result = "quarantined";
		row = "quarantine";
		reason = STORE_VARIANTS_REASON;
		break;
	case STORE_FORGOTTEN:
		result = "forgotten";
		break;
	default:
		break;
	}
	spooled = result == NULL && !is_refused(rc) && keep_in_spool(p);
	if (is_refused(rc))
		answer_refused(p, rc);
	else if (result == NULL && !spooled)
		answer_not_stored(p);
	else if (provider_wants_answer(p->source->provider, type))
		response_problem(p->w, 501,
		    "Callbook records and does not answer. It has recorded "
		    "this \"%s\"; give the platform another address for "
		    "requests of that type.",
		    type);
	else if (!spooled)
		answer_stored(p, result, row, number, reason);
	else if (begin_taken(p, "spooled"))
		buf_puts(&p->w->body, "}\n");
	mapper_release(p->worker->mapper);
	release_body(p->worker);
	ready_give(p->worker->rv->ready, p->generation);
	p->r->answered(p->r);
}

/*
 * Keep an authentic message that cannot be mapped: the definition may be wrong.
 */
static void
quarantine(struct in_flight *p, const char *reason, bool malformed)
{
	struct delivery d;
	int64_t number = 0;
	bool spooled = false;
	enum store_rc rc = STORE_ERROR;

	if (delivery_whole(p, &d) != 0) {
		answer_not_stored(p);
		return;
	}
	d.used = mapper_headers(p->worker->mapper);
	if (!passes_store_by(p))
		rc = store_quarantine(p->setup->store, &d, reason, &number);
	if (rc != STORE_OK && !is_refused(rc))
		spooled = keep_in_spool(p);
	if (is_refused(rc))
		answer_refused(p, rc);
	else if (rc != STORE_OK && !spooled)
		answer_not_stored(p);
	else if (malformed)
		response_problem(p->w, 400, "%s", reason);
	else if (rc == STORE_OK)
		answer_stored(p, "quarantined", "quarantine", number, reason);
	else if (begin_taken(p, "spooled"))
		buf_puts(&p->w->body, "}\n");
}

/*
 * Answer a dashboard that only checks the address.  false: the request is no
 * such check.  An authentic delivery comes here only if it cannot be mapped, or
 * belongs to no call.
 */
static bool
shake_hands(struct in_flight *p)
{
	const struct provider *pr = p->source->provider;
	struct buf *echo = &p->worker->echo;
	struct delivery d;
	const char *header = NULL;

	if (!handshake_is(pr, &p->m, echo, &header))
		return false;
	p->received = when_now();
	d = delivery_of(p);
	/* Answer even if it could not be counted. */
	if (p->setup->store != NULL)
		(void)store_handshake(p->setup->store, &d);
	p->w->status = 200;
	if (echo->len > 0 && header != NULL)
		response_header(p->w, header, buf_str(echo));
	else if (echo->len > 0)
		buf_add(&p->w->body, buf_str(echo), echo->len);
	else
		p->w->status = p->source->config->answer;
	if (p->w->status != 204)
		p->w->content_type = ECHO_TYPE;
	return true;
}

/*
 * The query is the body: its credentials are kept in neither of the two.
 * Returns 0, or -1 when memory ran out.
 */
static int
hide_query(struct in_flight *p, struct delivery *d)
{
	struct buf *b = &p->worker->query;

	buf_reset(b, REQUEST_KEEP);
	message_add_query(d->body, auth_secrets(p->source->auth),
	    setup_key_of(p->setup->key), b);
	d->body = buf_str(b);
	d->len = strlen(d->body);
	return b->failed ? -1 : 0;
}

static void
reject(struct in_flight *p, enum auth_rc why)
{
	struct delivery d;

	if (delivery_whole(p, &d) != 0 ||
	    (strcmp(message_method(&p->m), "GET") == 0 && !d.gone &&
		hide_query(p, &d) != 0)) {
		answer_not_stored(p);
		return;
	}
	if (p->setup->store != NULL)
		(void)store_reject(p->setup->store, &d,
		    why == AUTH_MISSING	    ? REFUSAL_MISSING
			: why == AUTH_STALE ? REFUSAL_STALE
					    : REFUSAL_WRONG);
	answer_401(p, auth_reason(why));
}

/*
 * Map the message.  An event is only made ready here, which returns false:
 * receive_handle() hands it to the store.
 */
static bool
map_and_keep(struct in_flight *p)
{
	struct mapper *mp = p->worker->mapper;
	const struct provider *pr = p->source->provider;
	const char *reason = "";
	enum map_rc rc;

	mapper_zone(mp, p->source->config->zone);
	mapper_lean(mp, p->source->config->drop_bulk);
	mapper_drop(mp, p->source->drop);
	rc = mapper_map(mp, pr, &p->m, p->received, &p->event, &reason);
	p->mapped = true;
	switch (rc) {
	case MAP_OK:
		/* Of no call and no known type, it may be a handshake. */
		if (p->event.call == NULL &&
		    !provider_knows(pr, p->event.type) && shake_hands(p))
			break;
		if (!provider_counts(pr, p->event.type)) {
			if (delivery_of_event(p, &p->delivery) != 0) {
				answer_not_stored(p);
				break;
			}
			return false;
		}
		count_event(p, &p->event);
		break;
	case MAP_MALFORMED:
		if (!shake_hands(p))
			quarantine(p, reason, true);
		break;
	case MAP_UNMAPPABLE:
		if (!shake_hands(p))
			quarantine(p, reason, false);
		break;
	case MAP_TOO_LARGE:
		refuse(p, REFUSAL_TOO_LARGE);
		response_problem(p->w, 413,
		    "The body inflates to more than %lld bytes.",
		    (long long)p->setup->config->max_body);
		break;
	default:
		answer_not_stored(p);
		break;
	}
	mapper_release(mp);
	return true;
}

/* From here on its headers have the names that the definition reads. */
static int
read_as_defined(struct in_flight *p)
{
	struct worker *wk = p->worker;

	if (wk->arena == NULL && (wk->arena = arena_new()) == NULL)
		return -1;
	arena_reset(wk->arena);
	return auth_read_as(p->source->auth, wk->arena, &p->m);
}

/* Where what is signed leaves a choice, the store is to know what came. */
static int
bind_signature(struct in_flight *p)
{
	p->sent = p->m;
	p->bound = auth_contents(p->source->auth) > 0;
	return p->bound &&
		auth_bind(p->source->auth, &p->sent, &p->binding) != 1
	    ? -1
	    : 0;
}

/* Returns whether the request was answered, as those below do. */
static bool
verify_and_keep(struct in_flight *p)
{
	enum auth_rc rc = auth_verify(
	    p->source->auth, &p->m, p->segment, p->received);

	switch (rc) {
	case AUTH_OK:
		if (bind_signature(p) == 0 && read_as_defined(p) == 0)
			return map_and_keep(p);
		answer_not_stored(p);
		break;
	case AUTH_MISSING:
	case AUTH_WRONG:
	case AUTH_STALE:
		if (!shake_hands(p))
			reject(p, rc);
		break;
	default:
		answer_not_stored(p);
		break;
	}
	return true;
}

/* --- reading ------------------------------------------------------------ */

/* Refuse by what is known before the body is read.  0, or -1: answered. */
static int
check_announced(struct in_flight *p)
{
	const char *encoding = message_env(&p->m, "HTTP_CONTENT_ENCODING");
	const int64_t max = p->setup->config->max_body;

	if (request_length(p->r) > max) {
		refuse(p, REFUSAL_TOO_LARGE);
		response_problem(p->w, 413,
		    "The body is larger than %lld bytes.", (long long)max);
		return -1;
	}
	if (!provider_takes_type(p->source->provider, p->m.content_type)) {
		refuse(p, REFUSAL_TYPE);
		response_problem(p->w, 415,
		    "This platform does not send that Content-Type.");
		return -1;
	}
	if (encoding != NULL && *encoding != '\0' &&
	    strcasecmp(encoding, "identity") != 0 &&
	    strcasecmp(encoding, "gzip") != 0 &&
	    strcasecmp(encoding, "x-gzip") != 0) {
		refuse(p, REFUSAL_TYPE);
		response_problem(
		    p->w, 415, "The only Content-Encoding understood is gzip.");
		return -1;
	}
	return 0;
}

/* Read the body into the message.  0, or -1: answered. */
static int
read_body(struct in_flight *p)
{
	const long long max = p->setup->config->max_body;
	struct buf *b = &p->worker->body;

	if (reserve_body(p, request_length(p->r)) != 0)
		return -1;
	switch (request_body(p->r, (size_t)max, b)) {
	case BODY_OK:
		p->m.body = buf_str(b);
		p->m.len = b->len;
		return 0;
	case BODY_TOO_LARGE:
		if (p->source != NULL) /* not /healthz */
			refuse(p, REFUSAL_TOO_LARGE);
		response_problem(
		    p->w, 413, "The body is larger than %lld bytes.", max);
		break;
	case BODY_LATE:
		if (p->source != NULL)
			refuse(p, REFUSAL_SLOW);
		response_problem(p->w, 408, "The body came too slowly.");
		break;
	case BODY_TRUNCATED:
		response_problem(p->w, 400, "The body was cut short.");
		break;
	case BODY_BAD_LENGTH:
		response_problem(
		    p->w, 400, "Content-Length is not the length of the body.");
		break;
	default:
		answer_not_stored(p);
		break;
	}
	return -1;
}

/*
 * Deliveries do not have that method or type, but a dashboard's check may.
 * Returns whether it was answered.
 */
static bool
take_handshake(struct in_flight *p, const char *method)
{
	const bool get = strcmp(method, "GET") == 0;

	if (!handshake_expected(p->source->provider, method))
		return false;
	p->m.body = "";
	p->m.len = 0;
	if (!get && read_body(p) != 0)
		return true;
	return shake_hands(p);
}

static bool
take_delivery(struct in_flight *p)
{
	const char *method = request_env(p->r, "REQUEST_METHOD");
	const struct provider *pr = p->source->provider;
	const char *type;
	bool get;

	p->m.env = p->r->env;
	p->m.segment = p->segment;
	type = message_env(&p->m, "CONTENT_TYPE");
	p->m.content_type = type == NULL ? "" : type;
	if (method == NULL || !provider_takes_method(pr, method)) {
		if (method != NULL && take_handshake(p, method))
			return true;
		refuse(p, REFUSAL_METHOD);
		response_problem(
		    p->w, 405, "This platform sends %s.", provider_methods(pr));
		p->w->allow = provider_methods(pr);
		return true;
	}
	get = strcmp(method, "GET") == 0;
	if (get) {
		/* Its fields are in the query. */
		p->m.body = message_query(&p->m);
		p->m.len = strlen(p->m.body);
		p->m.content_type = FORM_TYPE;
	} else if (!provider_takes_type(pr, p->m.content_type) &&
	    take_handshake(p, method))
		return true;
	if (check_announced(p) != 0 || (!get && read_body(p) != 0))
		return true;
	if (p->m.len == 0) {
		if (!shake_hands(p))
			response_problem(p->w, 400, "The body is empty.");
		return true;
	}
	p->received = when_now();
	return verify_and_keep(p);
}

/* --- routes ------------------------------------------------------------- */

/*
 * What reaches us through the web server: how much of a body, and whether
 * Authorization does.  Tells a stranger nothing that he did not send, stores
 * nothing, and costs less than a delivery that does not authenticate; few may
 * ask so at a time.
 */
static void
answer_probe(struct in_flight *p)
{
	const char *authorization = request_env(p->r, "HTTP_AUTHORIZATION");
	struct receive *rv = p->worker->rv;
	bool take;
	int rc;

	(void)pthread_mutex_lock(&rv->lock);
	take = rv->probes < RECEIVE_PROBES;
	rv->probes += take;
	(void)pthread_mutex_unlock(&rv->lock);
	if (!take) {
		answer_503(p->w, "Too many ask so at once. Ask again later.");
		return;
	}
	rc = read_body(p);
	(void)pthread_mutex_lock(&rv->lock);
	rv->probes--;
	(void)pthread_mutex_unlock(&rv->lock);
	if (rc != 0)
		return;
	p->w->status = 200;
	p->w->content_type = JSON_TYPE;
	buf_printf(&p->w->body, "{\"bytes\":%zu,\"authorization\":%s}\n",
	    p->m.len,
	    authorization != NULL && *authorization != '\0' ? "true" : "false");
}

static void
answer_health(
    struct receive *rv, const struct setup *setup, struct in_flight *p)
{
	const char *method = request_env(p->r, "REQUEST_METHOD");
	const char *type = request_env(p->r, "CONTENT_TYPE");

	/* No platform sends that type: events posted here are not welcome. */
	if (method != NULL && strcmp(method, "POST") == 0 && type != NULL &&
	    strcmp(type, PROBE_TYPE) == 0) {
		answer_probe(p);
		return;
	}
	if (method == NULL ||
	    (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)) {
		response_problem(
		    p->w, 405, "This page takes %s.", HEALTH_METHODS);
		p->w->allow = HEALTH_METHODS;
		return;
	}
	/* Strangers are not told what runs here. */
	health_answer(rv->health, setup, rv->ready,
	    request_is_local(p->r) || request_login(p->r) != NULL, p->w);
}

/* PATH_INFO: /healthz, /SOURCE, or /SOURCE/TOKEN where that is the secret. */
static bool
route(struct in_flight *p)
{
	const char *path = request_env(p->r, "PATH_INFO"), *name;
	size_t n;

	if (path == NULL || path[0] != '/') {
		not_found(p);
		return true;
	}
	name = path + 1;
	n = strcspn(name, "/");
	p->segment = name[n] == '/' ? name + n + 1 : name + n;
	if (n == strlen(HEALTH_PATH) && memcmp(name, HEALTH_PATH, n) == 0 &&
	    *p->segment == '\0') {
		answer_health(p->worker->rv, p->setup, p);
		return true;
	}
	p->source = setup_source(p->setup, name, n);
	if (p->source == NULL || strchr(p->segment, '/') != NULL ||
	    (*p->segment != '\0' && !p->source->segment)) {
		not_found(p);
		return true;
	}
	return take_delivery(p);
}

/* A mapper for bodies as large as are configured now.  Returns 0 or -1. */
static int
fit_mapper(struct worker *wk, int64_t max_body)
{
	if (wk->mapper != NULL && wk->max_body == max_body)
		return 0;
	if (wk->mapper != NULL)
		mapper_free(wk->mapper);
	wk->mapper = mapper_new((size_t)max_body);
	wk->max_body = max_body;
	if (wk->mapper == NULL)
		return -1;
	mapper_share(wk->mapper, wk->rv->trees);
	return 0;
}

/* Of a store that a configuration without a fault names. */
static void
answer_closed(struct in_flight *p)
{
	response_problem(p->w, 503,
	    "The store cannot be opened now; the web server's log and "
	    "`callbook check` say why. Send it again later.");
	p->w->retry_after = RECEIVE_RETRY_AFTER_S;
}

/* There has never been a configuration without a fault. */
static void
answer_unconfigured(struct in_flight *p)
{
	struct buf why = {0}, places = {0};

	if (atomic_load(&p->worker->rv->kept.closed)) {
		answer_closed(p);
		return;
	}
	(void)ready_state(p->worker->rv->ready, &why);
	ready_places(buf_str(&why), &places);
	response_problem(p->w, 503,
	    "The configuration has an error%s%s%s; the web server's log and "
	    "`callbook check` say more.",
	    places.len > 0 ? " (" : "", buf_str(&places),
	    places.len > 0 ? ")" : "");
	p->w->retry_after = RECEIVE_RETRY_AFTER_S;
	buf_free(&why);
	buf_free(&places);
}

bool
receive_handle(void *worker, const struct request *r, struct response *w)
{
	struct worker *wk = worker;
	struct in_flight *p = &wk->in_flight;
	const struct config *c;
	bool answered = true;

	memset(p, 0, sizeof(*p));
	p->worker = wk;
	p->r = r;
	p->w = w;
	if ((p->generation = ready_take(wk->rv->ready)) == NULL) {
		answer_unconfigured(p);
		return true;
	}
	p->setup = p->generation->made;
	c = p->setup->config;
	if (exposed_check(
		&wk->exposed, c, p->setup->store_dir, p->setup->spool_dir, r))
		answer_503(w,
		    "The store or the spool lies where the web server serves "
		    "files; the web server's log says more.");
	else if (fit_mapper(wk, c->max_body) != 0)
		answer_503(w, "Out of memory.");
	else
		answered = route(p);
	if (answered) {
		release_body(wk);
		ready_give(wk->rv->ready, p->generation);
		return true;
	}
	/* From here on the worker may have another request at any moment. */
	if (passes_store_by(p))
		event_kept(p, STORE_BUSY, 0);
	else
		store_event_later(
		    p->setup->store, &p->delivery, &p->event, event_kept, p);
	return false;
}
