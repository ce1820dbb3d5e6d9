/*
 * What is in the WAL, read as fileformat2.html (4.1) describes it: SQLite tells
 * neither what a checkpoint has copied nor lets it copy that again.
 */
#include "db/sqlite/sqlite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "db/sqlite/sqlite_page.h"

#define WAL_HEADER_SIZE 32
#define PAGE_SIZE_AT 8
#define SALT_AT 16
#define FRAME_HEADER_SIZE 24 /* of each; it begins with the page's number */
#define FRAME_SALT_AT 8
#define SALT_SIZE 8

uint32_t
wal_salt(const struct db *db)
{
	sqlite3_file *wal = files_pointer(db, FILE_WAL);
	unsigned char salt[4];

	if (wal == NULL ||
	    wal->pMethods->xRead(wal, salt, sizeof(salt), SALT_AT) != SQLITE_OK)
		return 0;
	return page_u32(salt);
}

bool
wal_ends_at(const struct db *db, uint32_t frames)
{
	unsigned char header[WAL_HEADER_SIZE], frame[FRAME_HEADER_SIZE];
	sqlite3_file *wal = files_pointer(db, FILE_WAL);
	sqlite3_int64 size, at;
	bool is_of[2] = {false, false}; /* the last one, and one behind it */

	if (wal == NULL || frames == 0 ||
	    wal->pMethods->xRead(wal, header, sizeof(header), 0) != SQLITE_OK)
		return false;
	size = FRAME_HEADER_SIZE + page_u32(header + PAGE_SIZE_AT);
	for (uint32_t i = 0; i < 2; i++) {
		at = WAL_HEADER_SIZE + (frames + i - 1) * size;
		switch (wal->pMethods->xRead(wal, frame, sizeof(frame), at)) {
		case SQLITE_OK:
			is_of[i] = memcmp(frame + FRAME_SALT_AT,
				       header + SALT_AT, SALT_SIZE) == 0;
			break;
		case SQLITE_IOERR_SHORT_READ:
			break;
		default:
			return false;
		}
	}
	return is_of[0] && !is_of[1];
}

bool
wal_has_first_page(
    const struct db *db, const unsigned char *part, size_t at, size_t n)
{
	unsigned char wal[WAL_HEADER_SIZE];
	unsigned char frame[FRAME_HEADER_SIZE + FILE_HEADER_SIZE];
	int fd = open(db->name[FILE_WAL], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	bool found = false;
	off_t next = WAL_HEADER_SIZE;

	if (fd == -1)
		return false;
	if (pread(fd, wal, sizeof(wal), 0) == (ssize_t)sizeof(wal))
		while (!found &&
		    pread(fd, frame, sizeof(frame), next) ==
			(ssize_t)sizeof(frame) &&
		    memcmp(frame + FRAME_SALT_AT, wal + SALT_AT, SALT_SIZE) ==
			0) {
			found = page_u32(frame) == 1 &&
			    memcmp(frame + FRAME_HEADER_SIZE + at, part, n) ==
				0;
			next += FRAME_HEADER_SIZE +
			    (off_t)page_u32(wal + PAGE_SIZE_AT);
		}
	close(fd);
	return found;
}

int
wal_each_page(
    const struct db *db, void (*fn)(void *arg, uint32_t page), void *arg)
{
	sqlite3_file *wal = files_pointer(db, FILE_WAL);
	unsigned char header[WAL_HEADER_SIZE], frame[FRAME_HEADER_SIZE];
	sqlite3_int64 next = WAL_HEADER_SIZE, size = 0;

	if (wal == NULL || wal->pMethods->xFileSize(wal, &size) != SQLITE_OK)
		return -1;
	if (size < next)
		return 0;
	if (wal->pMethods->xRead(wal, header, sizeof(header), 0) != SQLITE_OK)
		return -1;
	while (next + (sqlite3_int64)sizeof(frame) <= size) {
		if (wal->pMethods->xRead(wal, frame, sizeof(frame), next) !=
		    SQLITE_OK)
			return -1;
		/* Others are left from before it was begun anew. */
		if (memcmp(frame + FRAME_SALT_AT, header + SALT_AT,
			SALT_SIZE) != 0)
			break;
		fn(arg, page_u32(frame));
		next += (sqlite3_int64)sizeof(frame) +
		    page_u32(header + PAGE_SIZE_AT);
	}
	return 0;
}

/* --- copying again what was copied ---------------------------------------- */

struct copy {
	sqlite3_file *wal, *store;
	uint32_t page_size;
	unsigned char *page;
	unsigned char *copied; /* a bit for each page */
};

/* Where the frame is, from 1 on, in the WAL. */
static sqlite3_int64
frame_at(const struct copy *c, int frame)
{
	return WAL_HEADER_SIZE +
	    (frame - 1) * (sqlite3_int64)(FRAME_HEADER_SIZE + c->page_size);
}

/* The number of the page in a frame.  0, or a code of SQLite. */
static int
page_of(const struct copy *c, int frame, uint32_t *page)
{
	unsigned char number[4];
	int rc = c->wal->pMethods->xRead(
	    c->wal, number, sizeof(number), frame_at(c, frame));

	*page = page_u32(number);
	return rc != SQLITE_OK || *page > 0 ? rc : SQLITE_CORRUPT;
}

static int
copy_begin(struct copy *c, struct db *db, int frames)
{
	unsigned char size[4];
	uint32_t page, last = 0;
	int rc;

	c->wal = files_pointer(db, FILE_WAL);
	c->store = files_pointer(db, FILE_STORE);
	if (c->wal == NULL || c->store == NULL)
		return SQLITE_IOERR;
	rc = c->wal->pMethods->xRead(c->wal, size, sizeof(size), PAGE_SIZE_AT);
	if (rc != SQLITE_OK)
		return rc;
	c->page_size = page_u32(size);
	if (c->page_size == 0 || c->page_size > PAGE_SIZE_MAX)
		return SQLITE_CORRUPT;
	for (int i = 1; i <= frames; i++) {
		if ((rc = page_of(c, i, &page)) != SQLITE_OK)
			return rc;
		if (page > last)
			last = page;
	}
	c->page = malloc(c->page_size);
	c->copied = calloc(last / 8 + 1, 1);
	return c->page == NULL || c->copied == NULL ? SQLITE_NOMEM : SQLITE_OK;
}

/* The newest of each page, as others read the store meanwhile. */
static int
copy_frame(struct copy *c, int frame)
{
	uint32_t page;
	int rc = page_of(c, frame, &page);

	if (rc != SQLITE_OK || (c->copied[page / 8] & 1u << page % 8) != 0)
		return rc;
	c->copied[page / 8] |= (unsigned char)(1u << page % 8);
	rc = c->wal->pMethods->xRead(c->wal, c->page, (int)c->page_size,
	    frame_at(c, frame) + FRAME_HEADER_SIZE);
	if (rc != SQLITE_OK)
		return rc;
	return c->store->pMethods->xWrite(c->store, c->page, (int)c->page_size,
	    (page - 1) * (sqlite3_int64)c->page_size);
}

int
wal_copy_again(struct db *db, int frames)
{
	struct copy c = {0};
	int rc = copy_begin(&c, db, frames);

	for (int i = frames; i > 0 && rc == SQLITE_OK; i--)
		rc = copy_frame(&c, i);
	if (rc == SQLITE_OK)
		rc = c.store->pMethods->xSync(c.store, SQLITE_SYNC_NORMAL);
	free(c.page);
	free(c.copied);
	if (rc == SQLITE_OK)
		return 0;
	log_warnx(
	    "%s: copied again: %s (%d)", db->path, sqlite3_errstr(rc), rc);
	return -1;
}
