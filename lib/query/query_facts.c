/*
 * The facts of a call; and how many calls have which value of which fact.  That
 * is counted here, in memory: a value of a fact is a text, a number or a
 * boolean, and what is counted as one differs by platform.
 */
#include "query/internal.h"

#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/utf8.h"

#define TABLE_LEAST 1024 /* slots; a power of 2, as they double */

/* A text that is there once, so that the same has the same address. */
struct text {
	uint64_t hash;
	size_t n;
	char s[];
};

/* So many calls have this. */
struct entry {
	const struct text *path, *agent, *platform;
	enum fact_type type;
	const struct text *text; /* FACT_TEXT */
	double number; /* else */
	int64_t calls;
	uint64_t hash;
	const char *unit; /* the platform, where that matters, or "" */
};

/* What a path of that number is called; NULL: there is none. */
struct path {
	int64_t id;
	const struct text *name;
	uint64_t hash;
};

/* Slots by hash, some of them empty; of any kind. */
struct table {
	void **slot;
	size_t slots, used;
};

struct counting {
	struct query *q;
	struct arena *arena;
	size_t bytes; /* taken of it */
	struct table texts, paths, entries;
	const struct text *agent, *platform; /* of the call at hand */
	struct facts facts; /* of the same */
	struct hash_key key;
	bool failed; /* memory ran out */
};

/* --- of one call --------------------------------------------------------- */

enum query_rc
query_path_name(
    struct query *q, int64_t path, struct statement **s, const char **name)
{
	enum db_rc step;

	*s = db_statement(q->db, "SELECT name FROM path WHERE id = ?1");
	*name = NULL;
	if (*s == NULL)
		return query_rc_of(db_failure(q->db));
	db_bind_int(*s, 1, path);
	step = db_step(*s);
	if (step == DB_ROW)
		*name = row_text(*s, 0);
	else if (step != DB_DONE)
		return query_failed(q, "path");
	return QUERY_OK;
}

/* Let each fact have its path, and texts that end with a NUL. */
static enum query_rc
name_all(struct query *q, struct facts *f)
{
	enum query_rc rc = QUERY_OK;
	size_t n = 0;

	for (size_t i = 0; i < f->n && rc == QUERY_OK; i++) {
		struct call_fact *item = &f->item[i];
		struct statement *s;
		const char *name;

		rc = query_path_name(q, item->path, &s, &name);
		if (name != NULL) {
			item->fact.path = facts_copy(f, name, strlen(name));
			if (item->fact.type == FACT_TEXT)
				item->fact.text = facts_copy(
				    f, item->fact.text, item->fact.len);
			f->item[n++] = *item;
		}
		if (s != NULL)
			db_done(s);
		if (f->failed)
			rc = QUERY_ERROR;
	}
	f->n = n;
	return rc;
}

static int
compare_names(const void *pa, const void *pb)
{
	const struct call_fact *a = pa, *b = pb;

	return strcmp(a->fact.path, b->fact.path);
}

/* The facts of the row that s is at. */
static enum query_rc
tell_facts(struct query *q, struct statement *s, int64_t call, query_fact_fn fn,
    void *arg)
{
	struct facts f = {0};
	enum query_rc rc = query_rc_of(row_facts(q->db, s, 0, call, &f));

	if (rc == QUERY_OK)
		rc = name_all(q, &f);
	if (rc == QUERY_OK && f.n > 0) {
		/* It is no set any more. */
		qsort(f.item, f.n, sizeof(*f.item), compare_names);
		for (size_t i = 0; i < f.n; i++)
			if (fn(arg, &f.item[i].fact) != 0)
				break;
	}
	facts_free(&f);
	return rc;
}

enum query_rc
query_call_facts(struct query *q, int64_t call, query_fact_fn fn, void *arg)
{
	struct statement *s;
	enum query_rc ended,
	    rc = query_begin(q, "SELECT facts FROM call WHERE number = ?1", &s);
	enum db_rc step;

	if (rc != QUERY_OK)
		return rc;
	db_bind_int(s, 1, call);
	if ((step = db_step(s)) == DB_ROW)
		rc = tell_facts(q, s, call, fn, arg);
	ended = query_end(q, s, step);
	return rc == QUERY_OK ? ended : rc;
}

/* --- tables -------------------------------------------------------------- */

/* Make room for one more; hash_of() tells where those that are there belong. */
static int
table_grow(struct table *t, uint64_t (*hash_of)(const void *element))
{
	struct table more = {
	    .slots = t->slots == 0 ? TABLE_LEAST : 2 * t->slots};

	if (2 * t->used < t->slots)
		return 0;
	if ((more.slot = calloc(more.slots, sizeof(*more.slot))) == NULL)
		return -1;
	for (size_t i = 0; i < t->slots; i++) {
		size_t at;

		if (t->slot[i] == NULL)
			continue;
		at = (size_t)hash_of(t->slot[i]);
		while (more.slot[at & (more.slots - 1)] != NULL)
			at++;
		more.slot[at & (more.slots - 1)] = t->slot[i];
	}
	more.used = t->used;
	free(t->slot);
	*t = more;
	return 0;
}

static uint64_t
hash_of_text(const void *element)
{
	return ((const struct text *)element)->hash;
}

static uint64_t
hash_of_entry(const void *element)
{
	return ((const struct entry *)element)->hash;
}

static uint64_t
hash_of_path(const void *element)
{
	return ((const struct path *)element)->hash;
}

/* As of arena_alloc(). */
static void *
take(struct counting *c, size_t n)
{
	void *p = arena_alloc(c->arena, n);

	c->bytes += n;
	if (p == NULL)
		c->failed = true;
	return p;
}

/* The text of n bytes of s; NULL: memory ran out, which c keeps. */
static const struct text *
text_of(struct counting *c, const char *s, size_t n)
{
	uint64_t h = hash_bytes(&c->key, c->key.start, s, n);
	struct text *t;
	size_t at;

	if (table_grow(&c->texts, hash_of_text) == -1) {
		c->failed = true;
		return NULL;
	}
	for (at = (size_t)h & (c->texts.slots - 1); c->texts.slot[at] != NULL;
	     at = (at + 1) & (c->texts.slots - 1)) {
		t = c->texts.slot[at];
		if (t->hash == h && t->n == n && memcmp(t->s, s, n) == 0)
			return t;
	}
	if ((t = take(c, sizeof(*t) + n + 1)) == NULL)
		return NULL;
	t->hash = h;
	t->n = n;
	memcpy(t->s, s, n);
	c->texts.slot[at] = t;
	c->texts.used++;
	return t;
}

static bool
same_entry(const struct entry *a, const struct entry *b)
{
	return a->path == b->path && a->agent == b->agent &&
	    a->platform == b->platform && a->type == b->type &&
	    a->text == b->text &&
	    (a->type == FACT_TEXT || a->number == b->number);
}

static void
entry_add(struct counting *c, struct entry *e)
{
	const void *const part[] = {e->path, e->agent, e->platform, e->text};
	struct entry *kept;
	size_t at;

	e->hash = hash_byte(&c->key, c->key.start, (unsigned char)e->type);
	e->hash = hash_bytes(&c->key, e->hash, part, sizeof(part));
	e->hash = hash_bytes(&c->key, e->hash, &e->number, sizeof(e->number));
	if (table_grow(&c->entries, hash_of_entry) == -1) {
		c->failed = true;
		return;
	}
	for (at = (size_t)e->hash & (c->entries.slots - 1);
	     c->entries.slot[at] != NULL;
	     at = (at + 1) & (c->entries.slots - 1)) {
		kept = c->entries.slot[at];
		if (same_entry(kept, e)) {
			kept->calls++;
			return;
		}
	}
	if ((kept = take(c, sizeof(*kept))) == NULL)
		return;
	*kept = *e;
	kept->calls = 1;
	c->entries.slot[at] = kept;
	c->entries.used++;
}

/* --- counting ------------------------------------------------------------ */

/* What the path is called. */
static enum query_rc
path_of(struct counting *c, int64_t id, const struct text **out)
{
	uint64_t h = hash_bytes(&c->key, c->key.start, &id, sizeof(id));
	struct statement *s;
	struct path *p;
	const char *name;
	enum query_rc rc;
	size_t at;

	*out = NULL;
	if (table_grow(&c->paths, hash_of_path) == -1) {
		c->failed = true;
		return QUERY_ERROR;
	}
	for (at = (size_t)h & (c->paths.slots - 1); c->paths.slot[at] != NULL;
	     at = (at + 1) & (c->paths.slots - 1)) {
		p = c->paths.slot[at];
		if (p->id == id) {
			*out = p->name;
			return QUERY_OK;
		}
	}
	rc = query_path_name(c->q, id, &s, &name);
	if (rc == QUERY_OK && (p = take(c, sizeof(*p))) != NULL) {
		p->id = id;
		p->hash = h;
		if (name != NULL)
			p->name = text_of(c, name, strlen(name));
		c->paths.slot[at] = p;
		c->paths.used++;
		*out = p->name;
	}
	if (s != NULL)
		db_done(s);
	return rc == QUERY_OK && c->failed ? QUERY_ERROR : rc;
}

static enum query_rc
count_fact(struct counting *c, int64_t path, const struct fact *f)
{
	struct entry e = {
	    .agent = c->agent, .platform = c->platform, .type = f->type};
	enum query_rc rc = path_of(c, path, &e.path);

	if (rc != QUERY_OK || e.path == NULL)
		return rc;
	if (f->type == FACT_TEXT)
		e.text = text_of(
		    c, f->text, utf8_cut(f->text, f->len, QUERY_FACT_TEXT_MAX));
	else
		e.number = f->number == 0 ? 0 : f->number; /* not -0 */
	if (!c->failed)
		entry_add(c, &e);
	return c->failed ? QUERY_ERROR : QUERY_OK;
}

static enum query_rc
count_facts(void *arg, struct statement *s, int64_t number)
{
	struct counting *c = arg;
	const char *agent = row_text(s, 0), *provider = row_text(s, 1);
	enum query_rc rc;

	c->agent = text_of(c, agent, strlen(agent));
	c->platform = text_of(c, provider, strlen(provider));
	if (c->failed)
		return QUERY_ERROR;
	rc = query_rc_of(row_facts(c->q->db, s, 2, number, &c->facts));
	for (size_t i = 0; i < c->facts.n && rc == QUERY_OK; i++)
		rc = count_fact(
		    c, c->facts.item[i].path, &c->facts.item[i].fact);
	return rc;
}

/* --- in order ------------------------------------------------------------ */

static int
compare_texts(const struct text *a, const struct text *b)
{
	int d = a == b ? 0 : memcmp(a->s, b->s, a->n < b->n ? a->n : b->n);

	return d != 0 || a == b ? d : (a->n > b->n) - (a->n < b->n);
}

static int
compare_paths(const void *pa, const void *pb)
{
	const struct entry *const *a = pa, *const *b = pb;

	return compare_texts((*a)->path, (*b)->path);
}

/* By path, unit, value (numbers before texts), type, agent. */
static int
compare_entries(const void *pa, const void *pb)
{
	const struct entry *a = *(const struct entry *const *)pa;
	const struct entry *b = *(const struct entry *const *)pb;
	int d;

	if ((d = compare_texts(a->path, b->path)) != 0 ||
	    (d = strcmp(a->unit, b->unit)) != 0)
		return d;
	if ((a->text == NULL) != (b->text == NULL))
		return a->text == NULL ? -1 : 1;
	if (a->text != NULL)
		d = compare_texts(a->text, b->text);
	else
		d = (a->number > b->number) - (a->number < b->number);
	if (d == 0)
		d = (a->type > b->type) - (a->type < b->type);
	return d != 0 ? d : compare_texts(a->agent, b->agent);
}

/*
 * Numbers of two platforms under one name may be of two units, so the facts of
 * such a path are told apart by their platform.  entry: by path.
 */
static void
set_units(struct entry **entry, size_t n)
{
	for (size_t i = 0, end; i < n; i = end) {
		const struct text *platform = NULL;
		bool several = false;

		for (end = i; end < n && entry[end]->path == entry[i]->path;
		     end++) {
			if (entry[end]->type != FACT_NUMBER)
				continue;
			several = several ||
			    (platform != NULL &&
				platform != entry[end]->platform);
			platform = entry[end]->platform;
		}
		for (size_t k = i; k < end; k++)
			entry[k]->unit = several ? entry[k]->platform->s : "";
	}
}

static void
tell_all(struct entry **entry, size_t n, query_fact_count_fn fn, void *arg)
{
	for (size_t i = 0, end; i < n; i = end) {
		const struct entry *e = entry[i];
		struct fact_count f = {.path = e->path->s,
		    .type = e->type,
		    .text = e->text == NULL ? NULL : e->text->s,
		    .number = e->number,
		    .agent = e->agent->s,
		    .platform = e->unit};

		for (end = i; end < n &&
		     (end == i || compare_entries(&entry[i], &entry[end]) == 0);
		     end++)
			f.calls += entry[end]->calls;
		if (fn(arg, &f) != 0)
			return;
	}
}

/* The entries close together, without the slots that are empty. */
static size_t
gather(struct table *t)
{
	size_t n = 0;

	for (size_t i = 0; i < t->slots; i++)
		if (t->slot[i] != NULL)
			t->slot[n++] = t->slot[i];
	return n;
}

static const char counted[] = "SELECT coalesce(c.agent, ''), s.provider,"
			      " c.facts FROM call c"
			      " JOIN source s ON s.id = c.source"
			      " WHERE c.number = ?1";

static void
ask_counted(struct query *q, int64_t number)
{
	query_call_ahead(q, counted, number);
}

enum query_rc
query_fact_counts(struct query *q, const struct filter *f, int max,
    int64_t *calls, bool *all, query_fact_count_fn fn, void *arg)
{
	struct counting c = {.q = q, .arena = arena_new()};
	struct walk w;
	int64_t number = 0;
	enum query_rc rc;

	*calls = 0;
	*all = true;
	if (c.arena == NULL)
		return QUERY_ERROR;
	hash_key_make(&c.key);
	/* One more is looked for, to tell whether some are left out. */
	rc = query_walk_begin(&w, q, f, NULL, false, (int64_t)max + 1);
	w.ask = ask_counted;
	while (rc == QUERY_OK && *all && !c.failed) {
		rc = query_walk_next(&w, &number);
		if (rc == QUERY_OK &&
		    (*calls == max || c.bytes >= QUERY_FACTS_BYTES))
			*all = false;
		else if (rc == QUERY_OK) {
			++*calls;
			rc = query_call_row(
			    q, counted, number, count_facts, &c);
		}
	}
	rc = query_walk_end(&w, rc);
	if (c.failed) {
		log_warnx("%s: facts: out of memory", db_path(q->db));
		rc = QUERY_ERROR;
	}
	if (rc == QUERY_OK && c.entries.used > 0) {
		struct entry **entry = (struct entry **)c.entries.slot;
		size_t n = gather(&c.entries);

		qsort(entry, n, sizeof(*entry), compare_paths);
		set_units(entry, n);
		qsort(entry, n, sizeof(*entry), compare_entries);
		tell_all(entry, n, fn, arg);
	}
	free(c.texts.slot);
	free(c.paths.slot);
	free(c.entries.slot);
	facts_free(&c.facts);
	arena_free(c.arena);
	return rc;
}
