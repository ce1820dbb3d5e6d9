/*
 * Is what the store's file has in it what its WAL was written for?
 *
 * `cp backup callbook.db` writes over the file that programs have open: it is
 * the same file then, and its WAL would damage it.  As long as there is a WAL,
 * a checkpoint alone writes to the file, and whoever makes one notes in
 * FILE-lock the header of the first page, which hardly any two contents share.
 * Who is about to write compares.  A header that is also in the WAL came from
 * there, by a checkpoint that was cut off or that somebody else made.  So did
 * one beside a WAL that was begun anew since the note: other programs of SQLite
 * make checkpoints too, and do not note them, and a WAL is only begun anew when
 * all of it is in the file.  The salt of its header tells that.
 *
 * What is copied over the file while we begin the WAL anew ourselves would pass
 * for such a checkpoint.  So whoever has SQLite's lock to write finds out first
 * whether the file has all of the WAL already: then nobody can copy anything to
 * it until that transaction is in the WAL, and it is noted with the WAL that
 * this begins as it was before.
 *
 * The note is not brought to disk, so it is believed until the system starts
 * anew and no longer: what is lost with the power must accuse nobody.
 */
#include "db/sqlite/sqlite.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/log.h"
#include "db/sqlite/sqlite_page.h"

/* In FILE-lock, behind what sqlite_files.c writes there. */
#define NOTE_AT 128
/*
 * Boot, header, salt of the WAL; how many frames it had, if all of them were in
 * the file, or 0.
 */
#define NOTE_BEGIN "content "
#define NOTE NOTE_BEGIN "%16" PRIx64 " %16" PRIx64 " %8" PRIx32
#define NOTE_FRAMES " %8" PRIx32 "\n"
#define NOTE_SIZE 64 /* at least, with its NUL */

/* Of the file: what comes before does not change (fileformat2.html, 1.3). */
#define MAGIC "SQLite format 3"
#define PAGE_SIZE_AT 16
#define COUNTER_AT 24 /* from here to the end of the header */

/* FNV-1a; never 0. */
static uint64_t
hash(const unsigned char *b, size_t n)
{
	uint64_t h = 14695981039346656037u;

	for (size_t i = 0; i < n; i++)
		h = (h ^ b[i]) * 1099511628211u;
	return h == 0 ? 1 : h;
}

/* Since when does the system run?  0: unknown. */
static uint64_t
boot_id(struct db *db)
{
	unsigned char text[64];
	ssize_t n = -1;
	int fd;

	if (db->boot != 0)
		return db->boot;
	fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);
	if (fd != -1) {
		n = read(fd, text, sizeof(text));
		close(fd);
	}
	if (n > 0)
		db->boot = hash(text, (size_t)n);
	return db->boot;
}

/*
 * The header of the file that is open, by SQLite: to open and close it would
 * drop the locks of this process.  0, or -1: it cannot be read.
 */
static int
read_header(
    struct db *db, unsigned char header[FILE_HEADER_SIZE], sqlite3_int64 *size)
{
	sqlite3_file *file = files_pointer(db, FILE_STORE);
	int rc;

	if (file == NULL || file->pMethods->xFileSize(file, size) != SQLITE_OK)
		return -1;
	rc = file->pMethods->xRead(file, header, FILE_HEADER_SIZE, 0);
	/* What is too short is filled with zeros. */
	return rc == SQLITE_OK || rc == SQLITE_IOERR_SHORT_READ ? 0 : -1;
}

static uint64_t
hash_header(const unsigned char header[FILE_HEADER_SIZE])
{
	return hash(header + COUNTER_AT, FILE_HEADER_SIZE - COUNTER_AT);
}

/* Is it less than it says, as a file is that is being copied? */
static bool
is_cut_off(const unsigned char header[FILE_HEADER_SIZE], sqlite3_int64 size)
{
	int page = header[PAGE_SIZE_AT] << 8 | header[PAGE_SIZE_AT + 1];

	if (page == 1)
		page = 65536;
	return memcmp(header, MAGIC, sizeof(MAGIC)) != 0 ||
	    size < (sqlite3_int64)page * page_u32(header + PAGE_COUNT_AT);
}

static void
put_note(char text[NOTE_SIZE], const struct db *db, uint64_t header,
    uint32_t salt, uint32_t frames)
{
	snprintf(
	    text, NOTE_SIZE, NOTE NOTE_FRAMES, db->boot, header, salt, frames);
}

static void
write_note(struct db *db, const char text[NOTE_SIZE])
{
	db->noted = true;
	if (pwrite(db->lock_fd, text, strlen(text), NOTE_AT) !=
	    (ssize_t)strlen(text))
		log_warn("%s", db->name[FILE_LOCK]);
}

void
content_note(struct db *db, uint32_t frames)
{
	unsigned char header[FILE_HEADER_SIZE];
	char text[NOTE_SIZE];
	sqlite3_int64 size;

	if (read_header(db, header, &size) == -1)
		return;
	/* Without a boot no note is believed, and none of before may stay. */
	if (boot_id(db) == 0)
		snprintf(text, sizeof(text), "%*s", NOTE_SIZE - 1, "\n");
	else
		put_note(text, db, hash_header(header), wal_salt(db), frames);
	write_note(db, text);
}

/* What is noted of this start of the system; false: nothing. */
static bool
read_note(struct db *db, struct content_note *n)
{
	char text[NOTE_SIZE] = "", *end = text;
	uint64_t boot;

	if (boot_id(db) == 0 || !files_have_wal(db) ||
	    pread(db->lock_fd, text, sizeof(text) - 1, NOTE_AT) <= 0 ||
	    strncmp(text, NOTE_BEGIN, strlen(NOTE_BEGIN)) != 0)
		return false;
	boot = strtoull(text + strlen(NOTE_BEGIN), &end, 16);
	n->header = strtoull(end, &end, 16);
	n->salt = (uint32_t)strtoul(end, &end, 16);
	n->frames = (uint32_t)strtoul(end, &end, 16);
	/* A part of one tells nothing. */
	return *end == '\n' && boot == db->boot;
}

enum content
content_look(struct db *db)
{
	unsigned char header[FILE_HEADER_SIZE];
	struct content_note was;
	sqlite3_int64 size;
	uint32_t salt;

	if (!read_note(db, &was) || read_header(db, header, &size) == -1)
		return CONTENT_OURS;
	salt = wal_salt(db);
	if (hash_header(header) == was.header) {
		/* Begun anew: what is copied over it now is to be seen. */
		if (salt != was.salt)
			content_note(db, 0);
		return CONTENT_OURS;
	}
	/* Another program may begin it anew while this looks. */
	if (salt != was.salt ||
	    wal_has_first_page(db, header + COUNTER_AT, COUNTER_AT,
		FILE_HEADER_SIZE - COUNTER_AT) ||
	    wal_salt(db) != salt)
		return CONTENT_CHECKPOINT;
	return is_cut_off(header, size) ? CONTENT_CUT : CONTENT_OTHER;
}

void
content_begin(struct db *db)
{
	/* More than one transaction may come under our lock. */
	if (db->is_whole)
		return;
	db->is_whole = db->wal && read_note(db, &db->whole) &&
	    db->whole.frames > 0 && wal_salt(db) == db->whole.salt &&
	    wal_ends_at(db, db->whole.frames);
}

void
content_end(struct db *db)
{
	const uint32_t next = db->whole.salt + 1; /* SQLite adds 1 */
	char text[NOTE_SIZE];

	if (!db->wal || (!db->noted && !db->is_whole))
		return;
	if (db->is_whole && wal_salt(db) == next) {
		put_note(text, db, db->whole.header, next, 0);
		write_note(db, text);
	} else
		(void)content_look(db);
	db->noted = db->is_whole = false;
}
