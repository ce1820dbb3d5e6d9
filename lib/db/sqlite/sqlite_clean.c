/*
 * Making zeros of what is left of deleted rows in the file, a part at a time.
 *
 * SQLite leaves old bytes between the cells of pages, behind the end of long
 * rows, and in pages that are free; with secure_delete fewer, but still those
 * of rows that it moved to another page.  VACUUM writes all pages anew, and
 * holds up all who write meanwhile.  Here the bytes that nothing uses are
 * written where they are, in the file itself.  Why nobody is harmed:
 *
 * - All of the WAL is in the file, and a transaction that writes is open.  So
 *   the file has what everybody reads, and nobody reads a byte of no use.
 * - If it is cut off, some of these bytes stay as they were.
 * - It ends with a commit, after which every other connection lets go of the
 *   pages that it remembers, with the old bytes in them.
 *
 * Between two parts others write.  They may move old bytes from a page that is
 * yet to come to one that was done.  All pages that they change are in the WAL:
 * a reader of our own keeps it from being begun anew, so that the next part
 * does these pages once more.
 */
#include "db/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "base/when.h"
#include "db/sqlite/sqlite_page.h"

#define WAIT_MS 30000 /* for those who read, in all */
#define TRY_MS 20 /* of one of these, as the lock is held */
#define PAGES_AT_ONCE 64 /* that are read */

#define QUOTED(n) #n
#define SET_VERSION(n) "PRAGMA user_version = " QUOTED(n)

/* In the header of the file. */
#define RESERVED_AT 20 /* bytes of each page that are not ours */
#define FREE_AT 32 /* the first page that lists free pages */
#define CELLS_OF_FIRST 100 /* where page 1 goes on */
/* In a page that lists free pages, behind the number of the next. */
#define LISTED_AT 4
#define LIST_AT 8
/* Maps of what the pages behind them are; an entry has a kind and a number. */
#define MAP_FIRST 2
#define MAP_ENTRY 5
#define PENDING_BYTE 0x40000000 /* a page that has this byte is not used */

enum kind {
	KIND_ROOT = 1,
	KIND_FREE,
	KIND_CHAIN_FIRST, /* of a row's rest; its number is the row's page */
	KIND_CHAIN, /* its number is the one before */
	KIND_CELLS
};

/* One part of it. */
struct clean {
	struct db *db;
	sqlite3_file *file;
	size_t size; /* of a page */
	uint32_t pages; /* in the file */
	struct pages lists; /* those that list free pages */
	unsigned char *page, *used, *map;
	uint32_t map_is; /* which page is in map; 0: none */
};

static void
pages_add(struct pages *p, uint32_t n)
{
	uint32_t *more;

	if (p->count == p->room) {
		p->room = p->room == 0 ? 64 : p->room * 2;
		if ((more = realloc(p->n, p->room * sizeof(*more))) == NULL) {
			p->failed = true;
			p->room = p->count;
			return;
		}
		p->n = more;
	}
	p->n[p->count++] = n;
}

static int
compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

	return x < y ? -1 : x > y;
}

static void
pages_settle(struct pages *p)
{
	size_t kept = 0;

	if (p->count > 0)
		qsort(p->n, p->count, sizeof(*p->n), compare);
	for (size_t i = 0; i < p->count; i++)
		if (kept == 0 || p->n[kept - 1] != p->n[i])
			p->n[kept++] = p->n[i];
	p->count = kept;
}

static bool
pages_have(const struct pages *p, uint32_t n)
{
	return p->count > 0 &&
	    bsearch(&n, p->n, p->count, sizeof(*p->n), compare) != NULL;
}

static void
add_changed(void *arg, uint32_t page)
{
	pages_add(arg, page);
}

/* --- pages of the file ---------------------------------------------------- */

static enum db_rc
damaged(const struct clean *c, uint32_t page)
{
	log_warnx("%s: page %u is not what it should be", c->db->path,
	    (unsigned)page);
	return DB_CORRUPT;
}

static enum db_rc
no_memory(const struct db *db)
{
	log_warnx("%s: out of memory", db->path);
	return DB_ERROR;
}

static enum db_rc
io(const struct clean *c, int rc)
{
	if (rc == SQLITE_OK)
		return DB_OK;
	log_warnx("%s: %s (%d)", c->db->path, sqlite3_errstr(rc), rc);
	return rc_of(rc);
}

static enum db_rc
read_at(const struct clean *c, uint32_t page, void *to, size_t n)
{
	if (page == 0 || page > c->pages)
		return damaged(c, page);
	return io(c,
	    c->file->pMethods->xRead(
		c->file, to, (int)n, (page - 1) * (sqlite3_int64)c->size));
}

static enum db_rc
write_page(const struct clean *c, uint32_t page, const unsigned char *from)
{
	return io(c,
	    c->file->pMethods->xWrite(c->file, from, (int)c->size,
		(page - 1) * (sqlite3_int64)c->size));
}

/* Keep the first n bytes of a page. */
static enum db_rc
keep_bytes(struct clean *c, uint32_t number, unsigned char *page, size_t n)
{
	memset(c->used, 0xff, n);
	memset(c->used + n, 0, c->size - n);
	return page_clear(page, c->used, c->size) ? write_page(c, number, page)
						  : DB_OK;
}

/* The page with the map that has that page, which may be itself. */
static uint32_t
map_of(const struct clean *c, uint32_t page)
{
	const uint32_t each = (uint32_t)(c->size / MAP_ENTRY) + 1;
	uint32_t map = (page - MAP_FIRST) / each * each + MAP_FIRST;

	return map == PENDING_BYTE / c->size + 1 ? map + 1 : map;
}

/* Has it neither rows nor what is left of them? */
static bool
is_apart(const struct clean *c, uint32_t page)
{
	return page == PENDING_BYTE / c->size + 1 ||
	    (page >= MAP_FIRST && map_of(c, page) == page);
}

static enum db_rc
kind_of(struct clean *c, uint32_t page, int *kind, uint32_t *number)
{
	const uint32_t map = page < MAP_FIRST ? 0 : map_of(c, page);
	size_t at;

	if (page == 1) {
		*kind = KIND_ROOT;
		*number = 0;
		return DB_OK;
	}
	if (page <= map)
		return damaged(c, page);
	if (map != c->map_is) {
		const enum db_rc rc = read_at(c, map, c->map, c->size);

		c->map_is = rc == DB_OK ? map : 0;
		if (rc != DB_OK)
			return rc;
	}
	at = MAP_ENTRY * (size_t)(page - map - 1);
	if (at + MAP_ENTRY > c->size)
		return damaged(c, page);
	*kind = c->map[at];
	*number = page_u32(c->map + at + 1);
	return DB_OK;
}

/* --- one of them ---------------------------------------------------------- */

struct ends {
	struct clean *c;
	struct pages last; /* pages with the ends of rows, */
	struct pages bytes; /* and how much of them is in use */
	enum db_rc rc;
};

/* Where does the rest of a row end? */
static int
find_end(void *arg, uint32_t page, uint64_t n)
{
	struct ends *e = arg;
	const size_t each = e->c->size - PAGE_CHAIN_HEADER;

	/* No row has more pages than there are. */
	if (n / each >= e->c->pages) {
		e->rc = damaged(e->c, page);
		return -1;
	}
	for (; n > each; n -= each) {
		unsigned char next[PAGE_CHAIN_HEADER];

		e->rc = read_at(e->c, page, next, sizeof(next));
		if (e->rc != DB_OK)
			return -1;
		page = page_u32(next);
	}
	pages_add(&e->last, page);
	pages_add(&e->bytes, (uint32_t)n);
	if (e->last.failed || e->bytes.failed) {
		e->rc = no_memory(e->c->db);
		return -1;
	}
	return 0;
}

static enum db_rc
clean_ends(struct ends *e)
{
	unsigned char *page = malloc(e->c->size);
	enum db_rc rc = page == NULL ? no_memory(e->c->db) : DB_OK;

	for (size_t i = 0; i < e->last.count && rc == DB_OK; i++) {
		rc = read_at(e->c, e->last.n[i], page, e->c->size);
		if (rc == DB_OK && page_u32(page) != 0)
			rc = damaged(e->c, e->last.n[i]);
		if (rc == DB_OK)
			rc = keep_bytes(e->c, e->last.n[i], page,
			    PAGE_CHAIN_HEADER + e->bytes.n[i]);
	}
	free(page);
	return rc;
}

/* A page of rows, with the ends of its long ones. */
static enum db_rc
clean_cells(struct clean *c, uint32_t number, unsigned char *page)
{
	struct ends e = {.c = c, .rc = DB_OK};
	enum db_rc rc = DB_OK;

	if (page_used(page, c->size, number == 1 ? CELLS_OF_FIRST : 0, c->used,
		find_end, &e) == -1)
		rc = e.rc == DB_OK ? damaged(c, number) : e.rc;
	else if (page_clear(page, c->used, c->size))
		rc = write_page(c, number, page);
	if (rc == DB_OK && e.last.count > 0)
		rc = clean_ends(&e);
	free(e.last.n);
	free(e.bytes.n);
	return rc;
}

static enum db_rc
clean_free(struct clean *c, uint32_t number, unsigned char *page)
{
	size_t n = 0;

	if (pages_have(&c->lists, number)) {
		n = page_u32(page + LISTED_AT);
		if (n > (c->size - LIST_AT) / sizeof(uint32_t))
			return damaged(c, number);
		n = LIST_AT + n * sizeof(uint32_t);
	}
	return keep_bytes(c, number, page, n);
}

/* Pages of a chain are done with the page of the row that they belong to. */
static enum db_rc
clean_page(struct clean *c, uint32_t number, unsigned char *page)
{
	uint32_t of;
	int kind;
	enum db_rc rc;

	if (is_apart(c, number))
		return DB_OK;
	if ((rc = kind_of(c, number, &kind, &of)) != DB_OK)
		return rc;
	switch (kind) {
	case KIND_ROOT:
	case KIND_CELLS:
		return clean_cells(c, number, page);
	case KIND_FREE:
		return clean_free(c, number, page);
	case KIND_CHAIN_FIRST:
	case KIND_CHAIN:
		return DB_OK;
	default:
		return damaged(c, number);
	}
}

/*
 * A page that others changed since.  The walk will still come to those from
 * clean_next on.  The last page of a long row is cleaned with the page that has
 * the row's cell, which the walk may have passed.
 */
static enum db_rc
clean_changed(struct clean *c, uint32_t number)
{
	uint32_t of = 0;
	int kind = 0;
	enum db_rc rc;

	if (number == 0 || number > c->pages || is_apart(c, number))
		return DB_OK;
	if ((rc = kind_of(c, number, &kind, &of)) != DB_OK)
		return rc;
	if (kind == KIND_CHAIN_FIRST || kind == KIND_CHAIN) {
		if ((rc = read_at(c, number, c->page, c->size)) != DB_OK)
			return rc;
		if (page_u32(c->page) != 0)
			return DB_OK; /* all of it is in use */
		/* No row has more pages than there are. */
		for (uint32_t i = 0; kind == KIND_CHAIN && i < c->pages; i++) {
			number = of;
			rc = kind_of(c, number, &kind, &of);
			if (rc != DB_OK)
				return rc;
		}
		if (kind != KIND_CHAIN_FIRST)
			return damaged(c, number);
		number = of;
	} else if (number >= c->db->clean_next)
		return DB_OK;
	rc = read_at(c, number, c->page, c->size);
	return rc == DB_OK ? clean_page(c, number, c->page) : rc;
}

/* --- one part ------------------------------------------------------------- */

static enum db_rc
part_begin(struct clean *c)
{
	unsigned char header[FILE_HEADER_SIZE];
	sqlite3_int64 size = 0;
	int64_t page_size;
	uint32_t list;
	enum db_rc rc = pragma_number(c->db, "PRAGMA page_size", &page_size);

	c->file = files_pointer(c->db, FILE_STORE);
	if (rc != DB_OK || c->file == NULL || page_size < PAGE_SIZE_MIN ||
	    page_size > PAGE_SIZE_MAX)
		return DB_ERROR;
	c->size = (size_t)page_size;
	c->pages = 1;
	c->page = malloc(PAGES_AT_ONCE * c->size);
	c->used = malloc(c->size);
	c->map = malloc(c->size);
	if (c->page == NULL || c->used == NULL || c->map == NULL)
		return no_memory(c->db);
	rc = io(c, c->file->pMethods->xFileSize(c->file, &size));
	if (rc == DB_OK)
		rc = read_at(c, 1, header, sizeof(header));
	if (rc != DB_OK)
		return rc;
	c->pages = page_u32(header + PAGE_COUNT_AT);
	if (header[RESERVED_AT] != 0 || c->pages == 0 ||
	    c->pages > size / (sqlite3_int64)page_size)
		return damaged(c, 1);
	for (list = page_u32(header + FREE_AT); rc == DB_OK && list != 0;) {
		unsigned char next[PAGE_CHAIN_HEADER];

		pages_add(&c->lists, list);
		rc = read_at(c, list, next, sizeof(next));
		list = page_u32(next);
		if (rc == DB_OK && c->lists.count > c->pages)
			rc = damaged(c, list); /* a ring */
	}
	pages_settle(&c->lists);
	return rc == DB_OK && c->lists.failed ? no_memory(c->db) : rc;
}

static void
part_free(struct clean *c)
{
	free(c->lists.n);
	free(c->page);
	free(c->used);
	free(c->map);
}

static enum db_rc
part_do(struct clean *c, const struct pages *changed, int64_t until)
{
	struct db *db = c->db;
	enum db_rc rc = part_begin(c);

	for (size_t i = 0; i < changed->count && rc == DB_OK; i++)
		rc = clean_changed(c, changed->n[i]);
	while (rc == DB_OK && db->clean_next <= c->pages) {
		uint32_t n = c->pages - db->clean_next + 1;

		if (n > PAGES_AT_ONCE)
			n = PAGES_AT_ONCE;
		rc = read_at(c, db->clean_next, c->page, n * c->size);
		for (uint32_t i = 0; i < n && rc == DB_OK; i++)
			rc = clean_page(
			    c, db->clean_next + i, c->page + i * c->size);
		if (rc == DB_OK)
			db->clean_next += n;
		if (when_monotonic() >= until)
			break;
	}
	db->clean_all = db->clean_next > c->pages;
	return rc;
}

/* --- the WAL -------------------------------------------------------------- */

void
clean_end(struct db *db)
{
	sqlite3_close(db->clean_reader);
	db->clean_reader = NULL;
	free(db->clean_changed.n);
	db->clean_changed = (struct pages){.n = NULL};
	db->clean_next = 0;
	db->clean_all = false;
}

/* From now on all that is committed stays in the WAL. */
static enum db_rc
hold_wal(struct db *db)
{
	int rc = SQLITE_OK;

	if (db->clean_reader == NULL)
		rc = sqlite3_open_v2(db->path, &db->clean_reader,
		    SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(db->clean_reader,
		    "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL,
		    NULL);
	if (rc == SQLITE_OK)
		return DB_OK;
	log_warnx("%s: %s", db->path, sqlite3_errmsg(db->clean_reader));
	return DB_ERROR;
}

static void
let_wal_go(struct db *db)
{
	if (db->clean_reader != NULL &&
	    !sqlite3_get_autocommit(db->clean_reader))
		(void)sqlite3_exec(
		    db->clean_reader, "ROLLBACK", NULL, NULL, NULL);
}

/*
 * Bring all of the WAL into the file within ms, and empty it if asked.
 * DB_BUSY: others read what was before.
 */
static enum db_rc
wal_to_file(struct db *db, bool empty, int ms)
{
	int log = 0, done = 0, rc;

	db->lock_until = when_monotonic() + ms;
	rc = sqlite3_wal_checkpoint_v2(db->sqlite, NULL,
	    empty ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE,
	    &log, &done);
	content_note(
	    db, rc == SQLITE_OK && log == done && !empty ? (uint32_t)done : 0);
	if ((rc & 0xff) == SQLITE_BUSY || (rc == SQLITE_OK && log != done))
		return DB_BUSY;
	return rc == SQLITE_OK ? DB_OK : lite_failed(db, "checkpoint");
}

/* All of the WAL is in the file.  last: all pages were done once. */
static enum db_rc
clean_part(struct db *db, const struct pages *changed, int ms, bool last)
{
	struct clean c = {.db = db};
	enum db_rc rc = db_begin(db);

	if (rc != DB_OK)
		return rc;
	rc = part_do(&c, changed, when_monotonic() + ms);
	last = last && db->clean_all;
	if (rc == DB_OK && last)
		rc = io(
		    &c, c.file->pMethods->xSync(c.file, SQLITE_SYNC_NORMAL));
	/* The pages that we remember have the old bytes, too. */
	(void)sqlite3_db_release_memory(db->sqlite);
	/* Any write: that of a number which it has already. */
	if (rc == DB_OK)
		rc = db_run_alone(db, SET_VERSION(DB_SCHEMA_VERSION));
	if (rc == DB_OK)
		rc = db_commit(db);
	if (rc != DB_OK)
		db_rollback(db);
	part_free(&c);
	return rc == DB_OK && last ? DB_DONE : rc;
}

/* --- all of it ------------------------------------------------------------ */

/* Write the file anew, with maps of its pages if it had none. */
static enum db_rc
vacuum(struct db *db)
{
	enum db_rc rc = DB_OK;

	clean_end(db);
	if (db->wal)
		rc = wal_to_file(db, true, WAIT_MS);
	db->lock_until = when_monotonic() + WAIT_MS;
	if (rc == DB_OK &&
	    sqlite3_exec(db->sqlite, "PRAGMA auto_vacuum = INCREMENTAL; VACUUM",
		NULL, NULL, NULL) != SQLITE_OK)
		rc = lite_failed(db, "vacuum");
	if (rc == DB_OK && db->wal)
		rc = wal_to_file(db, true, WAIT_MS);
	return rc == DB_OK ? DB_DONE : rc;
}

static enum db_rc
clean(struct db *db, int ms)
{
	struct pages *changed = &db->clean_changed;
	const bool last = db->clean_all;
	enum db_rc rc = DB_OK;

	/* Before a checkpoint, after which the next commit overwrites it. */
	if (db->clean_next > 1 && wal_each_page(db, add_changed, changed) == -1)
		rc = DB_ERROR;
	pages_settle(changed);
	if (changed->failed)
		rc = no_memory(db);
	let_wal_go(db);
	if (rc == DB_OK)
		rc = wal_to_file(db, db->clean_all, TRY_MS);
	if (rc == DB_OK)
		rc = clean_part(db, changed, ms, last);
	/* Else they are done the next time: the WAL may be begun anew by then.
	 */
	if (rc == DB_OK) {
		changed->count = 0;
		db->clean_until = when_monotonic() + WAIT_MS;
	}
	/* Who reads what was before is waited for, but not with the lock. */
	if (rc == DB_BUSY && when_monotonic() < db->clean_until)
		rc = DB_OK;
	return rc == DB_OK ? hold_wal(db) : rc;
}

enum db_rc
lite_clean(struct db *db, bool first, int ms)
{
	int64_t mode = 0;
	enum db_rc rc = pragma_number(db, "PRAGMA auto_vacuum", &mode);

	if (rc != DB_OK)
		return rc;
	if (!db->wal || mode != AUTO_VACUUM_INCREMENTAL)
		return vacuum(db);
	if (first || db->clean_next == 0) {
		clean_end(db);
		db->clean_next = 1;
		db->clean_until = when_monotonic() + WAIT_MS;
	}
	rc = clean(db, ms);
	if (rc != DB_OK)
		clean_end(db);
	return rc == DB_CORRUPT ? vacuum(db) : rc;
}
