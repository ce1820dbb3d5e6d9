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
 * all of it is in the file.  The salt of its header tells that.  But where all
 * of it was in the file when that was noted, and the WAL was begun anew once
 * since (SQLite adds 1 to the salt then), the file had the header of the note
 * until then: another one is in the WAL, or came from elsewhere.
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

/* In FILE-lock, behind what sqlite_files.c writes there. */
#define NOTE_AT 128
/* Boot, header, salt of the WAL; behind it NOTE_COPIED, or an end of line. */
#define NOTE "content %16" PRIx64 " %16" PRIx64 " %8" PRIx32
#define NOTE_COPIED " all\n" /* of the WAL was in the file */
#define NOTE_SIZE 64 /* at least, with its NUL */
#define NOTE_BOOT 24 /* bytes of it up to the header, */
#define NOTE_SALT 42 /* and up to the salt */

/* Of the file: what comes before does not change (fileformat2.html, 1.3). */
#define MAGIC "SQLite format 3"
#define PAGE_SIZE_AT 16
#define COUNTER_AT 24 /* from here to the end of the header */
#define PAGES_AT 28

static uint32_t
big_endian(const unsigned char *b)
{
	return (uint32_t)b[0] << 24 | (uint32_t)b[1] << 16 |
	    (uint32_t)b[2] << 8 | b[3];
}

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
	sqlite3_file *file = NULL;
	int rc;

	if (sqlite3_file_control(db->sqlite, "main", SQLITE_FCNTL_FILE_POINTER,
		&file) != SQLITE_OK ||
	    file == NULL || file->pMethods == NULL ||
	    file->pMethods->xFileSize(file, size) != SQLITE_OK)
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
	    size < (sqlite3_int64)page * big_endian(header + PAGES_AT);
}

static void
put_note(char text[NOTE_SIZE], const struct db *db,
    const unsigned char header[FILE_HEADER_SIZE])
{
	snprintf(
	    text, NOTE_SIZE, NOTE, db->boot, hash_header(header), wal_salt(db));
}

static void
note(struct db *db, bool copied)
{
	unsigned char header[FILE_HEADER_SIZE];
	char text[NOTE_SIZE];
	sqlite3_int64 size;
	size_t n;

	if (read_header(db, header, &size) == -1)
		return;
	/* Without a boot no note is believed, and none of before may stay. */
	if (boot_id(db) == 0)
		snprintf(text, sizeof(text), "%*s", NOTE_SIZE - 1, "\n");
	else {
		put_note(text, db, header);
		n = strlen(text);
		snprintf(text + n, sizeof(text) - n, "%s",
		    copied ? NOTE_COPIED : "\n");
	}
	db->noted = true;
	if (pwrite(db->lock_fd, text, strlen(text), NOTE_AT) !=
	    (ssize_t)strlen(text))
		log_warn("%s", db->name[FILE_LOCK]);
}

/* Write down what is there; the lock is held. */
void
content_note(struct db *db)
{
	note(db, false);
}

void
content_note_copied(struct db *db)
{
	note(db, true);
}

/* Had the file all of the WAL, which was begun anew once since? */
static bool
was_copied(const struct db *db, const char noted[NOTE_SIZE], size_t n)
{
	return strncmp(noted + n, NOTE_COPIED, strlen(NOTE_COPIED)) == 0 &&
	    (uint32_t)strtoul(noted + NOTE_SALT, NULL, 16) + 1 == wal_salt(db);
}

enum content
content_look(struct db *db)
{
	unsigned char header[FILE_HEADER_SIZE];
	char noted[NOTE_SIZE] = "", text[NOTE_SIZE];
	sqlite3_int64 size;
	size_t n;

	if (boot_id(db) == 0 || !files_have_wal(db) ||
	    pread(db->lock_fd, noted, sizeof(noted) - 1, NOTE_AT) <= 0 ||
	    read_header(db, header, &size) == -1)
		return CONTENT_OURS;
	put_note(text, db, header);
	n = strlen(text);
	/* Of another start of the system it tells nothing. */
	if (strncmp(noted, text, NOTE_BOOT) != 0 ||
	    strncmp(noted, text, n) == 0)
		return CONTENT_OURS;
	/* Begun anew, by us too: what is copied over it now is to be seen. */
	if (strncmp(noted, text, NOTE_SALT) == 0) {
		content_note(db);
		return CONTENT_OURS;
	}
	if ((memcmp(noted + NOTE_SALT, text + NOTE_SALT, n - NOTE_SALT) != 0 &&
		!was_copied(db, noted, n)) ||
	    wal_has_first_page(db, header + COUNTER_AT, COUNTER_AT,
		FILE_HEADER_SIZE - COUNTER_AT))
		return CONTENT_CHECKPOINT;
	return is_cut_off(header, size) ? CONTENT_CUT : CONTENT_OTHER;
}
