/*
 * Promise P3: order and repetition do not matter.  A set of events is stored
 * again and again in other orders, with repetitions, some at the same time by
 * several threads; what the store derives from it has to come out the same to
 * the byte, and `rebuild` has to find nothing to change.
 *
 * Each order is stored under a source name of its own, so that one file serves
 * for all of them.
 */
#include "brief.h"
#include "scratch.h"

#include <dirent.h>
#include <pthread.h>
#include <sqlite3.h>

#include "base/arena.h"
#include "base/when.h"
#include "call/facts.h"
#include "provider/map.h"
#include "provider/provider.h"
#include "query/query.h"
#include "store/store.h"

#define SET_MAX 32 /* events in a set */
#define PERMUTE_MAX 6 /* events of which all orders are tried */
#define RANDOM_ORDERS 60 /* tried of a larger set */
#define MADE_UP 36 /* sets of made-up events; each four have all kinds */
/* The same where TEST_BRIEF is set. */
#define PERMUTE_FEW 3
#define RANDOM_FEW 3
#define MADE_UP_FEW 4
#define FACTS_MAX 400 /* of a call */
#define BATCH_MAX 4 /* threads at once */
#define ZONE "Asia/Kolkata" /* half an hour beside the others */
#define RECEIVED 1790000000000 /* of the first event of a set, ms */

/* One content of an event: the thing whose order is changed. */
struct item {
	struct delivery delivery;
	struct event event;
	struct mapper *mapper; /* owns what event points to; NULL: nobody */
	char *body;
};

struct set {
	char name[256];
	struct item item[SET_MAX];
	size_t n;
};

struct world {
	struct scratch scratch;
	struct store *store;
	sqlite3 *db; /* looks at the rows */
	uint64_t random;
	int sources;
	char *rows; /* of the set, in its first order */
	int64_t arrived[ARRIVAL__MAX]; /* what the source was told */
	int64_t timed; /* of those stored, with a time of their own */
	const struct set *set; /* for the mapping of the rebuild */
};

static uint32_t
dice(struct world *w, uint32_t n)
{
	/* xorshift64*: the same sequence at every run. */
	w->random ^= w->random >> 12;
	w->random ^= w->random << 25;
	w->random ^= w->random >> 27;
	return (uint32_t)((w->random * 2685821657736338717u) >> 33) % n;
}

struct named {
	char name[200]; /* of a path */
	const struct call_fact *fact;
};

static int
by_name(const void *a, const void *b)
{
	return strcmp(
	    ((const struct named *)a)->name, ((const struct named *)b)->name);
}

/*
 * The facts of a call by the names of their paths, whose numbers are those of
 * rows.
 */
static void
add_facts(struct world *w, struct buf *b, sqlite3_stmt *row, int i)
{
	struct named named[FACTS_MAX] = {{"", NULL}};
	struct facts f = {0};
	const void *bytes = sqlite3_column_blob(row, i);

	assert_int_not_equal(sqlite3_column_type(row, i), SQLITE_NULL);
	assert_int_equal(
	    facts_decode(&f, bytes, (size_t)sqlite3_column_bytes(row, i)), 0);
	assert_in_range(f.n, 0, FACTS_MAX);
	for (size_t k = 0; k < f.n; k++) {
		sqlite3_stmt *s;

		assert_int_equal(
		    sqlite3_prepare_v2(w->db,
			"SELECT name FROM path WHERE id = ?1", -1, &s, NULL),
		    SQLITE_OK);
		sqlite3_bind_int64(s, 1, f.item[k].path);
		assert_int_equal(sqlite3_step(s), SQLITE_ROW);
		snprintf(named[k].name, sizeof(named[k].name), "%s",
		    (const char *)sqlite3_column_text(s, 0));
		named[k].fact = &f.item[k];
		sqlite3_finalize(s);
	}
	qsort(named, f.n, sizeof(named[0]), by_name);
	for (size_t k = 0; k < f.n; k++) {
		const struct call_fact *t = named[k].fact;

		buf_printf(b, "%s=%d:%s:%.17g:%lld:%d:%lld:", named[k].name,
		    t->fact.type, t->fact.type == FACT_TEXT ? t->fact.text : "",
		    t->fact.type == FACT_TEXT ? 0 : t->fact.number,
		    (long long)t->stamp.time, t->stamp.state,
		    (long long)t->stamp.received);
		for (size_t m = 0; m < sizeof(t->stamp.mark); m++)
			buf_printf(b, "%02x", t->stamp.mark[m]);
		buf_puts(b, "\n");
	}
	facts_free(&f);
}

/* NAME=TYPE:BYTES, unless it is the number of a row. */
static void
add_column(struct world *w, struct buf *b, sqlite3_stmt *s, int i)
{
	const char *name = sqlite3_column_name(s, i);
	const unsigned char *p;

	if (strcmp(name, "number") == 0 || strcmp(name, "call") == 0 ||
	    strcmp(name, "source") == 0)
		return;
	if (strcmp(name, "facts") == 0) {
		add_facts(w, b, s, i);
		return;
	}
	buf_printf(b, "%s=%d:", name, sqlite3_column_type(s, i));
	p = sqlite3_column_blob(s, i);
	for (int k = 0; k < sqlite3_column_bytes(s, i); k++)
		buf_printf(
		    b, p[k] >= ' ' && p[k] < 0x7f ? "%c" : "\\x%02x", p[k]);
	buf_puts(b, "\n");
}

/* Everything derived for a source, as text; numbers of rows left out. */
static char *
derived_rows(struct world *w, const char *source)
{
	static const char *const queries[] = {
	    "SELECT c.* FROM call c JOIN source s ON s.id = c.source"
	    " WHERE s.name = ?1 ORDER BY c.id",
	    "SELECT c.id, e.* FROM error e JOIN call c"
	    " ON c.number = e.call JOIN source s ON s.id = c.source"
	    " WHERE s.name = ?1 ORDER BY 1, 3, 4, 5, 6, 7",
	    "SELECT d.* FROM day d JOIN source s ON s.id = d.source"
	    " WHERE s.name = ?1 ORDER BY 1, 3, 4, 5",
	    "SELECT c.id, a.id, a.own FROM call_alias a JOIN call c"
	    " ON c.number = a.call AND c.source = a.source"
	    " JOIN source s ON s.id = c.source WHERE s.name = ?1 ORDER BY a.id",
	    "SELECT hex(e.key), hex(e.digest), e.late, e.paths FROM event e"
	    " JOIN source s ON s.id = e.source WHERE s.name = ?1"
	    " ORDER BY e.key, e.digest",
	    "SELECT c.id, w.term FROM word w JOIN call c ON c.number = w.doc"
	    " JOIN source s ON s.id = c.source WHERE s.name = ?1"
	    " ORDER BY 1, 2",
	};
	struct buf b = {0};

	for (size_t q = 0; q < sizeof(queries) / sizeof(queries[0]); q++) {
		sqlite3_stmt *s;

		assert_int_equal(
		    sqlite3_prepare_v2(w->db, queries[q], -1, &s, NULL),
		    SQLITE_OK);
		sqlite3_bind_text(s, 1, source, -1, SQLITE_STATIC);
		while (sqlite3_step(s) == SQLITE_ROW)
			for (int i = 0; i < sqlite3_column_count(s); i++)
				add_column(w, &b, s, i);
		sqlite3_finalize(s);
	}
	assert_false(b.failed);
	return b.data;
}

/* One thread of a batch. */
struct sending {
	pthread_t thread;
	struct store *store;
	struct delivery delivery;
	const struct event *event;
	enum store_rc rc;
};

static void *
send_item(void *arg)
{
	struct sending *s = arg;
	int64_t n;

	s->rc = store_event(s->store, &s->delivery, s->event, &n);
	return NULL;
}

static void
note_arrival(struct world *w, const struct sending *s)
{
	assert_true(s->rc == STORE_OK || s->rc == STORE_DUPLICATE ||
	    s->rc == STORE_VARIANT);
	w->arrived[s->rc == STORE_OK	   ? ARRIVAL_STORED
		: s->rc == STORE_DUPLICATE ? ARRIVAL_DUPLICATE
					   : ARRIVAL_VARIANT]++;
	w->timed += s->rc == STORE_OK && s->event->time_known;
}

static int64_t
ask(struct world *w, const char *sql, const char *source, int64_t number)
{
	sqlite3_stmt *s;
	int64_t n;

	if (sqlite3_prepare_v2(w->db, sql, -1, &s, NULL) != SQLITE_OK)
		fail_msg("%s: %s", sql, sqlite3_errmsg(w->db));
	sqlite3_bind_text(s, 1, source, -1, SQLITE_STATIC);
	sqlite3_bind_int64(s, 2, number);
	assert_int_equal(sqlite3_step(s), SQLITE_ROW);
	n = sqlite3_column_int64(s, 0);
	sqlite3_finalize(s);
	return n;
}

/* Every delivery was counted, under what it was answered. */
static void
check_arrivals(struct world *w, const char *source)
{
	for (int i = 0; i < ARRIVAL__MAX; i++)
		assert_int_equal(
		    ask(w,
			"SELECT coalesce(sum(count), 0) FROM arrival"
			" JOIN source s ON s.id = source"
			" WHERE s.name = ?1 AND result = ?2",
			source, i),
		    w->arrived[i]);
	assert_int_equal(ask(w,
			     "SELECT coalesce(sum(count), 0) FROM arrival"
			     " JOIN source s ON s.id = source"
			     " WHERE s.name = ?1 AND delay >= ?2",
			     source, 0),
	    w->timed);
}

/* Store the items in this order, cut into batches at random. */
static void
store_in_order(struct world *w, const struct set *set, const size_t *order,
    size_t n, const char *source)
{
	struct sending batch[BATCH_MAX];
	size_t i = 0;

	while (i < n) {
		size_t size = 1 + dice(w, BATCH_MAX);

		if (size > n - i)
			size = n - i;
		for (size_t k = 0; k < size; k++) {
			const struct item *it = &set->item[order[i + k]];

			batch[k].store = w->store;
			batch[k].delivery = it->delivery;
			batch[k].delivery.source = source;
			batch[k].event = &it->event;
			if (size == 1)
				send_item(&batch[k]);
			else
				pthread_create(&batch[k].thread, NULL,
				    send_item, &batch[k]);
		}
		for (size_t k = 0; k < size; k++) {
			if (size > 1)
				pthread_join(batch[k].thread, NULL);
			note_arrival(w, &batch[k]);
		}
		i += size;
		/* What is told of a call later, the index has or has not. */
		if (dice(w, 3) == 0)
			assert_int_equal(store_feed(w->store), STORE_OK);
	}
	assert_int_equal(store_feed(w->store), STORE_OK);
}

/* Try one order, some of its events repeated at random places. */
static void
try_order(struct world *w, const struct set *set, const size_t *order)
{
	size_t all[SET_MAX * 2], n = 0;
	char source[24];
	char *rows;

	for (size_t i = 0; i < set->n; i++) {
		all[n++] = order[i];
		if (i > 0 && dice(w, 3) == 0)
			all[n++] = order[dice(w, (uint32_t)i)];
	}
	snprintf(source, sizeof(source), "s%d", w->sources++);
	memset(w->arrived, 0, sizeof(w->arrived));
	w->timed = 0;
	store_in_order(w, set, all, n, source);
	check_arrivals(w, source);
	rows = derived_rows(w, source);
	if (w->rows == NULL) {
		w->rows = rows;
		return;
	}
	if (strcmp(rows, w->rows) != 0)
		fail_msg("%s: two orders, two results:\n%s\n--- and ---\n%s",
		    set->name, w->rows, rows);
	free(rows);
}

/* All orders of order[at..n), by exchange. */
static void
permute(struct world *w, const struct set *set, size_t *order, size_t at)
{
	if (at == set->n) {
		try_order(w, set, order);
		return;
	}
	for (size_t i = at; i < set->n; i++) {
		size_t t = order[at];

		order[at] = order[i];
		order[i] = t;
		permute(w, set, order, at + 1);
		order[i] = order[at];
		order[at] = t;
	}
}

static int
map_again(void *arg, const struct stored_event *se, struct event *e)
{
	struct world *w = arg;

	for (size_t i = 0; i < w->set->n; i++) {
		const struct item *it = &w->set->item[i];

		if (it->delivery.len == se->len &&
		    memcmp(it->delivery.body, se->body, se->len) == 0) {
			*e = it->event;
			return 0;
		}
	}
	return -1;
}

/* Nothing is left that belongs to a call that is no more. */
static void
check_owners(struct world *w)
{
	static const char *const strays[] = {
	    "SELECT count(*) FROM event WHERE call NOT IN"
	    " (SELECT number FROM call)",
	    "SELECT count(*) FROM fact",
	    "SELECT count(*) FROM error WHERE call NOT IN"
	    " (SELECT number FROM call)",
	    "SELECT count(*) FROM call_alias WHERE call NOT IN"
	    " (SELECT number FROM call)",
	    "SELECT count(*) FROM word WHERE doc NOT IN"
	    " (SELECT number FROM call)",
	    "SELECT count(*) FROM call c WHERE events <>"
	    " (SELECT count(*) FROM event WHERE call = c.number)",
	};

	for (size_t i = 0; i < sizeof(strays) / sizeof(strays[0]); i++)
		if (ask(w, strays[i], NULL, 0) != 0)
			fail_msg("%s", strays[i]);
}

static void
try_set(struct world *w, const struct set *set)
{
	const int orders = brief(RANDOM_ORDERS, RANDOM_FEW);
	size_t order[SET_MAX] = {0};
	struct store_rebuilt result;
	char *rows, last[24];

	for (size_t i = 0; i < set->n; i++)
		order[i] = i;
	w->sources = 0;
	w->rows = NULL;
	if (set->n <= (size_t)brief(PERMUTE_MAX, PERMUTE_FEW))
		permute(w, set, order, 0);
	else
		for (int k = 0; k < orders; k++) {
			for (size_t i = set->n - 1; i > 0; i--) {
				size_t j = dice(w, (uint32_t)i + 1);
				size_t t = order[i];

				order[i] = order[j];
				order[j] = t;
			}
			try_order(w, set, order);
		}

	check_owners(w);
	w->set = set;
	snprintf(last, sizeof(last), "s%d", w->sources - 1);
	assert_int_equal(
	    store_rebuild(w->store, map_again, w, &result), STORE_OK);
	assert_int_equal(result.failed, 0);
	if (result.changed != 0)
		fail_msg("%s: rebuild changed %lld calls", set->name,
		    (long long)result.changed);
	check_owners(w);
	check_arrivals(w, last); /* which are no matter of a rebuild */
	for (int i = 0; i < w->sources; i++) {
		snprintf(last, sizeof(last), "s%d", i);
		rows = derived_rows(w, last);
		assert_string_equal(rows, w->rows);
		free(rows);
	}
	free(w->rows);
}

static void
world_open(struct world *w)
{
	memset(w, 0, sizeof(*w));
	w->random = 88172645463325252u;
	scratch_make(&w->scratch);
	w->store = scratch_open(&w->scratch, false, ZONE);
	assert_int_equal(sqlite3_open_v2(w->scratch.path, &w->db,
			     SQLITE_OPEN_READONLY, NULL),
	    SQLITE_OK);
	/* The words of the index, with the numbers of their calls. */
	assert_int_equal(sqlite3_exec(w->db,
			     "CREATE VIRTUAL TABLE temp.word USING"
			     " fts5vocab(main, search, instance)",
			     NULL, NULL, NULL),
	    SQLITE_OK);
}

static void
world_close(struct world *w)
{
	sqlite3_close(w->db);
	store_close(w->store);
	scratch_remove(&w->scratch);
}

/* --- events made up, with every kind of collision ------------------------ */

static const char *const words[] = {"a", "b", "c"};
static const char *const spoken[] = {
    "[{\"text\":\"d e\"}]", "[{\"text\":\"e f\"}]", "[]"};

#define ALIASES_MAX 2 /* of an event */

/* Ids that events share, so that calls which were apart become one. */
static void
make_ids(struct world *w, struct event *e, const char **alias, bool aliases)
{
	static const char *const ids[] = {"c3", "a1", "c1", "a2", "c2", "a3"};

	e->call = !aliases ? (dice(w, 8) == 0 ? "c2" : "c1") : ids[dice(w, 6)];
	if (!aliases || dice(w, 2) == 0)
		return;
	e->alias = alias;
	e->aliases = 1 + dice(w, ALIASES_MAX);
	for (size_t i = 0; i < e->aliases; i++)
		alias[i] = ids[dice(w, 6)];
	if (dice(w, 3) == 0)
		e->call = NULL;
}

/* Texts are of `words`, so nothing has to be freed. */
static void
make_event(struct world *w, struct event *e, struct fact *fact,
    struct call_error *error)
{
	uint32_t silence = 1 + dice(w, 3); /* one field of so many is told */

	memset(e, 0, sizeof(*e));
	e->key[0] = (unsigned char)dice(w, 5);
	e->digest[0] = (unsigned char)dice(w, 3);
	e->type = words[dice(w, 3)];
	e->state = (enum call_state)dice(w, STATE__MAX);
	if (e->state == STATE_ENDED || dice(w, 4) == 0)
		e->outcome = (enum call_outcome)dice(w, OUTCOME__MAX);
	e->time = 1790000000000 + (int64_t)dice(w, 3) * 86400000;
	e->received = e->time + dice(w, 3) * 1000;
	for (int i = 0; i < FIELD__MAX; i++) {
		if (dice(w, silence) != 0)
			continue;
		e->field[i].set = true;
		if (call_field[i].kind == KIND_TEXT ||
		    call_field[i].kind == KIND_JSON) {
			e->field[i].text = call_field[i].kind == KIND_JSON
			    ? spoken[dice(w, 3)]
			    : words[dice(w, 3)];
			e->field[i].len = strlen(e->field[i].text);
		} else if (call_field[i].kind == KIND_MONEY) {
			e->field[i].number = (int64_t)dice(w, 3) * 120000;
			e->field[i].text = dice(w, 2) ? "USD" : "EUR";
			e->field[i].len = 3;
		} else if (call_field[i].kind == KIND_VERDICT) {
			e->field[i].number = (int64_t)dice(w, 3) - 1;
			e->field[i].text = dice(w, 2) ? words[0] : NULL;
			e->field[i].len = e->field[i].text != NULL;
		} else if (call_field[i].kind == KIND_DURATION)
			e->field[i].number = dice(w, 9) * 20000;
		else
			e->field[i].number = 1790000000000 +
			    dice(w, 9) * 3600000;
	}
	e->time_known = dice(w, 2);
	fact->path = words[dice(w, 2)];
	fact->type = dice(w, 2) ? FACT_TEXT : FACT_NUMBER;
	fact->text = words[dice(w, 3)];
	fact->len = 1;
	fact->number = dice(w, 9);
	e->fact = fact;
	e->facts = dice(w, 2);
	error->code = words[dice(w, 3)];
	e->error = error;
	e->errors = dice(w, 3) == 0;
}

static bool
same_content(const struct event *a, const struct event *b)
{
	return memcmp(a->key, b->key, sizeof(a->key)) == 0 &&
	    memcmp(a->digest, b->digest, sizeof(a->digest)) == 0;
}

static void
made_up_sets_fold_alike_in_every_order(void **state)
{
	static struct set set;
	static struct fact facts[SET_MAX];
	static struct call_error errors[SET_MAX];
	static const char *aliases[SET_MAX][ALIASES_MAX];
	static char bodies[SET_MAX][32];
	struct world w;

	(void)state;
	for (int round = 0; round < brief(MADE_UP, MADE_UP_FEW); round++) {
		world_open(&w);
		w.random += (uint64_t)round * 7919;
		memset(&set, 0, sizeof(set));
		memset(errors, 0, sizeof(errors));
		snprintf(set.name, sizeof(set.name), "made up");
		set.n = round % 4 < 3 ? 2 + dice(&w, 4) : 7 + dice(&w, 12);
		for (size_t i = 0; i < set.n; i++) {
			struct item *it = &set.item[i];
			size_t j;

			/* One key and content is one event: no twins. */
			do {
				make_event(
				    &w, &it->event, &facts[i], &errors[i]);
				make_ids(&w, &it->event, aliases[i], round % 2);
				for (j = 0; j < i; j++)
					if (same_content(
						&set.item[j].event, &it->event))
						break;
				if (i > 12)
					it->event.key[1] = (unsigned char)i;
			} while (j < i);
			snprintf(bodies[i], sizeof(bodies[i]), "body %zu", i);
			it->delivery.provider = "p";
			it->delivery.content_type = "";
			it->delivery.body = bodies[i];
			it->delivery.len = strlen(bodies[i]);
			it->delivery.received = it->event.received;
		}
		try_set(&w, &set);
		world_close(&w);
	}
}

/* --- the platforms' own, by call ----------------------------------------- */

static char *
read_file(const char *path, size_t *len)
{
	FILE *f = fopen(path, "rb");
	char *p = malloc(1 << 20);

	assert_non_null(f);
	assert_non_null(p);
	*len = fread(p, 1, 1 << 20, f);
	fclose(f);
	return p;
}

/* Map one fixture into set if it tells of that call, or of any at first. */
static void
add_fixture(
    struct set *set, const struct provider *p, const char *path, char *call)
{
	static char *const no_env[] = {NULL};
	struct item *it = &set->item[set->n];
	struct message m = {.env = no_env, .content_type = content_type(path)};
	const char *reason;
	int64_t received = RECEIVED + (int64_t)set->n * 1000;

	it->body = read_file(path, &m.len);
	m.body = it->body;
	it->mapper = mapper_new(1 << 20);
	assert_non_null(it->mapper);
	if (mapper_map(it->mapper, p, &m, received, &it->event, &reason) !=
		MAP_OK ||
	    it->event.call == NULL || provider_counts(p, it->event.type) ||
	    (*call != '\0' && strcmp(it->event.call, call) != 0)) {
		mapper_free(it->mapper);
		free(it->body);
		memset(it, 0, sizeof(*it));
		return;
	}
	snprintf(call, 128, "%s", it->event.call);
	it->delivery.provider = provider_name(p);
	it->delivery.content_type = m.content_type;
	it->delivery.body = it->body;
	it->delivery.len = m.len;
	it->delivery.received = received;
	set->n++;
}

static int
is_fixture(const struct dirent *e)
{
	return ends_with(e->d_name, ".json") || ends_with(e->d_name, ".form");
}

/*
 * The set of fixtures of the call that the file at `first` tells of.  done has
 * the calls before, a line each; of one that is in it, that file alone.
 */
static void
load_set(struct set *set, const struct provider *p, const char *dir,
    struct dirent **files, int n, int first, struct buf *done)
{
	char path[512], call[128] = "", line[132];

	memset(set, 0, sizeof(*set));
	for (int k = 0; k < n && set->n < SET_MAX; k++) {
		int i = (first + k) % n;

		snprintf(path, sizeof(path), "%s/%s", dir, files[i]->d_name);
		add_fixture(set, p, path, call);
		if (k > 0)
			continue;
		snprintf(line, sizeof(line), "\n%s\n", call);
		if (set->n == 0 || strstr(buf_str(done), line) != NULL)
			break;
		buf_puts(done, line);
	}
	snprintf(set->name, sizeof(set->name), "%s", dir);
}

static void
free_set(struct set *set)
{
	for (size_t i = 0; i < set->n; i++) {
		mapper_free(set->item[i].mapper);
		free(set->item[i].body);
	}
}

static void
the_calls_of_every_platform_fold_alike_in_every_order(void **state)
{
	static struct set set;
	struct buf why = {0};
	struct providers *ps = providers_load(NULL, &why);
	const struct provider *p;
	int sets = 0;

	(void)state;
	assert_non_null(ps);
	for (size_t i = 0; (p = providers_at(ps, i)) != NULL; i++) {
		char dir[256];
		struct dirent **files;
		struct buf done = {0};
		int n;

		snprintf(dir, sizeof(dir), TEST_DATA "/providers/%s",
		    provider_name(p));
		n = scandir(dir, &files, is_fixture, alphasort);
		assert_true(n > 0);
		for (int first = 0; first < brief(n, 1); first++) {
			struct world w;

			load_set(&set, p, dir, files, n, first, &done);
			if (set.n > 0) {
				world_open(&w);
				try_set(&w, &set);
				world_close(&w);
				sets++;
			}
			free_set(&set);
		}
		for (int k = 0; k < n; k++)
			free(files[k]);
		free(files);
		buf_free(&done);
	}
	assert_true(sets > brief(20, 5));
	providers_free(ps);
	buf_free(&why);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(made_up_sets_fold_alike_in_every_order),
	    cmocka_unit_test(
		the_calls_of_every_platform_fold_alike_in_every_order),
	};

	assert_int_equal(when_zone(ZONE), 0);
	return cmocka_run_group_tests_name("property", tests, NULL, NULL);
}
