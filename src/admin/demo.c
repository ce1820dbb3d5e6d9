/*
 * callbook demo: fill an empty store with made-up calls.  They go in as events
 * through the same mapping as real ones, so what the report shows of them is
 * true.
 */
#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "admin.h"
#include "base/number.h"
#include "base/server.h"
#include "base/when.h"
#include "script.h"

#define CALLS_DEFAULT 3000
#define CALLS_MAX 10000000
#define DAYS_DEFAULT 60
#define DAYS_MAX 3650
#define SEED_DEFAULT 1
#define THREADS 16 /* they share transactions */
#define LINES_MAX 16 /* deliveries of one call */
#define HOUR_MS (3600 * 1000LL)
#define QUIET_MS (100 * HOUR_MS) /* of the one source that falls silent */
#define QUIET_DAYS 7 /* only if more days are filled */
#define STUCK_EVERY 97 /* calls; so many that a few are in any demo */
#define STRAY_EVERY 700 /* calls */
#define STUCK_DAYS 20 /* before the end: older ones would not be seen */

static const char help[] =
    "usage: callbook demo [--calls N] [--days D] [--seed N]\n\n"
    "Fills an empty store with made-up calls, as the platforms of the\n"
    "configured sources would tell them: to see the reports before the first\n"
    "real call.  It refuses a store that has an event.\n\n"
    "  --calls N           so many calls (3000)\n"
    "  --days D            over so many days up to now (60)\n"
    "  --seed N            other calls for another N (1)\n"
    "  -c, --config FILE   the configuration, callbook.conf(5)\n";

static const struct option longs[] = {{"calls", required_argument, NULL, 'n'},
    {"days", required_argument, NULL, 'd'},
    {"seed", required_argument, NULL, 's'}, ADMIN_OPTIONS};

/* A configured source that has a script. */
struct role {
	const char *source;
	const struct provider *provider;
	const struct script *script;
	int weight;
};

/* What all threads share. */
struct stage {
	struct admin *admin;
	struct store *store;
	struct scripts *scripts;
	struct role *role;
	size_t roles;
	int weights;
	int64_t calls, days, now;
	uint64_t seed;
	double *until; /* share of all calls up to the end of each hour */
	size_t hours;
	atomic_llong made; /* calls */
	atomic_llong events;
	atomic_bool failed;
};

/* What one thread has for itself. */
struct player {
	struct stage *stage;
	struct mapper *mapper;
	struct arena *arena;
	struct line line;
	pthread_t thread;
};

/* --- when people call ---------------------------------------------------- */

static double
weight_of_hour(const struct when_local *l)
{
	static const double hour[24] = {0.4, 0.2, 0.1, 0.1, 0.1, 0.2, 0.8, 2, 5,
	    9, 11, 11, 8, 7, 9, 10, 10, 9, 7, 5, 4, 3, 2, 1};
	static const double day[7] = {1.1, 1.15, 1.1, 1, 0.95, 0.45, 0.3};

	return hour[l->hour] * day[l->weekday];
}

/* The number of calls grows: half as many again at the end. */
static int
plan_hours(struct stage *s)
{
	double sum = 0;

	s->hours = (size_t)s->days * 24;
	if ((s->until = calloc(s->hours, sizeof(*s->until))) == NULL)
		return -1;
	for (size_t i = 0; i < s->hours; i++) {
		struct when_local l;

		when_local(s->now - (int64_t)(s->hours - i) * HOUR_MS, &l);
		sum += weight_of_hour(&l) *
		    (1 + 0.5 * (double)i / (double)s->hours);
		s->until[i] = sum;
	}
	for (size_t i = 0; i < s->hours; i++)
		s->until[i] /= sum;
	return 0;
}

/* When call number n of all is made: they are made in their order. */
static int64_t
time_of(const struct stage *s, int64_t n, uint64_t *r)
{
	double at = ((double)n + (double)chance_below(r, 1000) / 1000) /
	    (double)s->calls;
	size_t low = 0, high = s->hours - 1;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (s->until[mid] < at)
			low = mid + 1;
		else
			high = mid;
	}
	return s->now - (int64_t)(s->hours - low) * HOUR_MS +
	    (int64_t)chance_below(r, HOUR_MS);
}

/* --- telling ------------------------------------------------------------- */

static struct delivery
delivery_of(const struct player *p, const struct role *role, int64_t received)
{
	struct delivery d = {.source = role->source,
	    .provider = provider_name(role->provider),
	    .content_type = p->line.content_type,
	    .body = buf_str(&p->line.body),
	    .len = p->line.body.len,
	    .received = received};

	return d;
}

static void
fail(struct player *p, const char *why)
{
	if (!atomic_exchange(&p->stage->failed, true))
		admin_warnx(p->stage->admin, "%s", why);
}

/* Hand the line in, as the receiver would have at that time. */
static void
deliver(struct player *p, const struct role *role, int64_t received)
{
	struct delivery d = delivery_of(p, role, received);
	struct message m = {
	    .content_type = d.content_type, .body = d.body, .len = d.len};
	struct event e;
	const char *reason = "out of memory";
	enum store_rc rc;
	int64_t number;

	arena_reset(p->arena);
	m.env = message_env_from(p->arena, buf_str(&p->line.headers));
	if (m.env == NULL) {
		fail(p, reason);
		return;
	}
	switch (
	    mapper_map(p->mapper, role->provider, &m, received, &e, &reason)) {
	case MAP_OK:
		rc = provider_counts(role->provider, e.type)
		    ? store_count(p->stage->store, &d, e.type)
		    : store_event(p->stage->store, &d, &e, &number);
		break;
	case MAP_UNMAPPABLE:
		rc = store_quarantine(p->stage->store, &d, reason, &number);
		break;
	default:
		fail(p, reason);
		return;
	}
	if (rc != STORE_OK && rc != STORE_DUPLICATE && rc != STORE_VARIANT &&
	    rc != STORE_QUARANTINED)
		fail(p, "the store could not be written");
	atomic_fetch_add(&p->stage->events, 1);
}

/* The delay between an event and its receipt: short, sometimes much longer. */
static int64_t
delay(uint64_t *r)
{
	int64_t ms = 250 + (int64_t)chance_below(r, 1800);

	if (chance_below(r, 100) < 4)
		ms += (int64_t)chance_below(r, 25000);
	if (chance_below(r, 400) == 0)
		ms += (int64_t)chance_below(r, 2 * HOUR_MS);
	return ms;
}

/* All that one call's platform sends, some of it more than once. */
static void
tell(struct player *p, const struct role *role, struct scene *c)
{
	struct stage *s = p->stage;
	uint64_t r = c->seed ^ 0x5bd1e995;

	for (size_t i = 0; i < script_events(c->script); i++) {
		int said = scene_line(s->scripts, c, i, &p->line);
		int64_t received = p->line.time + delay(&r);

		if (said == -1)
			fail(p, "a script asks for a value that there is not");
		/* Events in the future were not sent yet. */
		if (said != 1 || received > s->now)
			continue;
		deliver(p, role, received);
		while (chance_below(&r, 60) == 0)
			deliver(p, role,
			    received += 1000 +
				(int64_t)chance_below(&r, 60000));
		if (chance_below(&r, 4000) == 0) {
			c->variation = 1;
			if (scene_line(s->scripts, c, i, &p->line) == 1)
				deliver(p, role, received + 2000);
			c->variation = 0;
		}
	}
}

/* Now and then somebody sends what cannot be read, or signs it wrongly. */
static void
stray(struct player *p, const struct role *role, int64_t n, int64_t received)
{
	struct delivery d;

	if (n % STRAY_EVERY == 0) {
		p->line.content_type = "application/json";
		buf_reset(&p->line.headers, SIZE_MAX);
		buf_reset(&p->line.body, SIZE_MAX);
		buf_printf(&p->line.body,
		    "{\"test\":true,\"sent\":%" PRId64 "}", received);
		deliver(p, role, received);
	}
	if (n % STRAY_EVERY == STRAY_EVERY / 2) {
		d = delivery_of(p, role, received);
		if (store_reject(p->stage->store, &d, REFUSAL_WRONG) !=
		    STORE_OK)
			fail(p, "the store could not be written");
	}
}

static const struct role *
pick_role(const struct stage *s, int64_t created, uint64_t *r)
{
	const struct role *role;
	bool quiet = s->roles > 2 && s->days > QUIET_DAYS &&
	    created > s->now - QUIET_MS;
	int64_t at;

	do {
		at = (int64_t)chance_below(r, (uint64_t)s->weights);
		for (role = s->role; at >= role->weight; role++)
			at -= role->weight;
	} while (quiet && role == &s->role[s->roles / 2]);
	return role;
}

/* A call, and the further attempts of it where nobody was reached. */
static void
play(struct player *p, int64_t n)
{
	struct stage *s = p->stage;
	uint64_t r = s->seed * 0x9e3779b97f4a7c15u + (uint64_t)n;
	int64_t created = time_of(s, n, &r);
	const struct role *role = pick_role(s, created, &r);
	struct scene c, next;
	int attempt = 1;

	scene_set(s->scripts, role->script, chance(&r), created, &c);
	for (;;) {
		bool again = c.outcome != OUTCOME_COMPLETED &&
		    attempt < script_attempts(role->script);
		bool recent = c.created > s->now - STUCK_DAYS * 24 * HOUR_MS;

		c.attempt = attempt;
		if (again)
			c.next_retry = c.ended + HOUR_MS +
			    (int64_t)chance_below(&r, 20 * HOUR_MS);
		c.stuck = recent && n % STUCK_EVERY == 0;
		c.unanalyzed = chance_below(&r, 70) == 0;
		tell(p, role, &c);
		stray(p, role, n, c.created);
		/* Some that were announced never come. */
		if (!again || c.next_retry > s->now ||
		    chance_below(&r, 60) == 0 || atomic_load(&s->failed) ||
		    atomic_fetch_add(&s->made, 1) >= s->calls)
			return;
		scene_set(
		    s->scripts, role->script, chance(&r), c.next_retry, &next);
		memcpy(next.trace, c.trace, sizeof(next.trace));
		memcpy(next.theirs, c.theirs, sizeof(next.theirs));
		memcpy(next.name, c.name, sizeof(next.name));
		next.agent = c.agent;
		c = next;
		attempt++;
	}
}

static void *
run_player(void *arg)
{
	struct player *p = arg;
	int64_t n;

	while (!atomic_load(&p->stage->failed) &&
	    (n = atomic_fetch_add(&p->stage->made, 1)) < p->stage->calls)
		play(p, n);
	return NULL;
}

/* --- the command -------------------------------------------------------- */

static int
players_run(struct stage *s)
{
	struct player player[THREADS] = {{0}};
	int64_t max = s->admin->config->max_body;
	int started = 0, rc = -1;

	for (int i = 0; i < THREADS; i++) {
		player[i].stage = s;
		player[i].mapper = mapper_new((size_t)max);
		player[i].arena = arena_new();
		if (player[i].mapper == NULL || player[i].arena == NULL) {
			admin_warnx(s->admin, "out of memory");
			goto out;
		}
	}
	for (; started < THREADS; started++)
		if (pthread_create(&player[started].thread, NULL, run_player,
			&player[started]) != 0)
			break;
	if (started == 0)
		admin_warnx(s->admin, "no thread could be started");
	for (int i = 0; i < started; i++)
		(void)pthread_join(player[i].thread, NULL);
	rc = started == 0 || atomic_load(&s->failed) ? -1 : 0;
out:
	for (int i = 0; i < THREADS; i++) {
		if (player[i].mapper != NULL)
			mapper_free(player[i].mapper);
		if (player[i].arena != NULL)
			arena_free(player[i].arena);
		buf_free(&player[i].line.headers);
		buf_free(&player[i].line.body);
	}
	return rc;
}

/* Find the configured sources for which there is a script. */
static int
cast(struct stage *s)
{
	const struct config *c = s->admin->config;

	if ((s->role = calloc(c->sources + 1, sizeof(*s->role))) == NULL) {
		admin_warnx(s->admin, "out of memory");
		return -1;
	}
	for (size_t i = 0; i < c->sources; i++) {
		struct role *r = &s->role[s->roles];

		r->source = c->source[i].name;
		r->script = script_find(s->scripts, c->source[i].provider);
		r->provider = providers_find(
		    s->admin->providers, c->source[i].provider);
		if (r->script == NULL || r->provider == NULL) {
			admin_warnx(s->admin,
			    "source %s gets no calls: there are none made up "
			    "for provider %s",
			    c->source[i].name, c->source[i].provider);
			continue;
		}
		r->weight = script_weight(r->script);
		s->weights += r->weight;
		s->roles++;
	}
	if (s->roles > 0)
		return 0;
	admin_warnx(
	    s->admin, "%s: has no source that could get calls", c->file);
	return -1;
}

/* Made-up calls among real ones could not be told apart any more. */
static int
open_empty(struct stage *s)
{
	struct store_options o = {.path = s->admin->config->store,
	    .durable = false,
	    .timezone = s->admin->config->timezone};
	struct query_health h;
	struct buf why = {0};
	enum query_rc rc;

	if (when_zone(o.timezone) == -1) {
		admin_warnx(s->admin,
		    "the system does not know the time zone %s", o.timezone);
		return -1;
	}
	s->store = store_open(&o, &why);
	s->admin->store = s->store; /* closed with the rest */
	if (s->store != NULL)
		s->admin->query = query_open(o.path, &why);
	if (s->admin->query == NULL)
		admin_reasons(s->admin, &why);
	buf_free(&why);
	if (s->admin->query == NULL)
		return -1;
	rc = query_health(s->admin->query, &h);
	admin_query_close(s->admin);
	if (rc != QUERY_OK) {
		admin_warnx(s->admin, "the store could not be read");
		return -1;
	}
	if (h.events == 0 && h.quarantined == 0)
		return 0;
	admin_warnx(s->admin,
	    "%s: has %" PRId64 " events already; only an empty store is filled "
	    "with made-up calls",
	    server_shown(o.path), h.events);
	return -1;
}

static int
parse_options(struct admin *a, int argc, char **argv, struct stage *s)
{
	int64_t seed = SEED_DEFAULT;
	int opt;

	s->calls = CALLS_DEFAULT;
	s->days = DAYS_DEFAULT;
	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		int64_t max = opt == 'd' ? DAYS_MAX : CALLS_MAX;

		if (opt == OPTION_STOP)
			return a->status;
		if (number_parse(optarg, strlen(optarg), 1, max,
			opt == 'd'	 ? &s->days
			    : opt == 'n' ? &s->calls
					 : &seed) != 0)
			return admin_usage(a,
			    "%s is no number from 1 to %" PRId64 "", optarg,
			    max);
	}
	if (optind < argc)
		return admin_usage(a, "needs no operand: '%s'", argv[optind]);
	s->seed = (uint64_t)seed;
	return -1;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct stage s = {.admin = a};
	struct buf why = {0};
	int status;

	if ((status = parse_options(a, argc, argv, &s)) != -1)
		return status;
	status = ADMIN_WRONG;
	if (admin_config(a) == -1 || admin_providers(a) == -1)
		return status;
	s.now = when_now();
	if ((s.scripts = scripts_load(&why)) == NULL) {
		admin_reasons(a, &why);
		goto out;
	}
	if (cast(&s) == -1 || open_empty(&s) == -1)
		goto out;
	if (plan_hours(&s) == -1)
		admin_warnx(a, "out of memory");
	else if (players_run(&s) == 0) {
		printf("%" PRId64 " calls, %lld deliveries, over %" PRId64
		       " days\n",
		    s.calls, atomic_load(&s.events), s.days);
		status = ADMIN_OK;
	}
out:
	scripts_free(s.scripts);
	free(s.role);
	free(s.until);
	buf_free(&why);
	return status;
}

const struct command command_demo = {
    "demo", "fill an empty store with made-up calls", help, run};
