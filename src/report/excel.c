/*
 * A sheet of calls, and one that says what they are.
 */
#include "report/excel.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/confine.h"
#include "base/log.h"
#include "report/export.h"
#include "report/route.h"

#define XLSX_TYPE                                                      \
	"application/vnd.openxmlformats-officedocument.spreadsheetml." \
	"sheet"
#define EXCEL_PIECE (64 * 1024) /* bytes that are sent at once */

#ifdef WITHOUT_XLSX

bool
excel_is_there(void)
{
	return false;
}

enum excel_rc
excel_write(struct page *p, const char *file, struct excel_result *result)
{
	(void)p;
	(void)file;
	(void)result;
	return EXCEL_ABSENT;
}

#else

#include <pthread.h>
#include <sys/statvfs.h>
#include <xlsxwriter.h>
#include <zlib.h>

#include "base/utf8.h"

/* Of a sheet, the heading and the last line included. */
#ifndef EXCEL_ROWS_MAX
#define EXCEL_ROWS_MAX LXW_ROW_MAX
#endif
/* Bytes of a sheet, unpacked: ZIP without its extensions has 4 GiB. */
#define EXCEL_SHEET_MAX INT64_C(4000000000)
#define EXCEL_TEXT_MAX 32767 /* UTF-16 units in a cell */
#ifndef EXCEL_LOOK
#define EXCEL_LOOK 200 /* rows between two looks at the disk */
#endif
/* Bytes that stay free on it: it may be that of the store. */
#ifndef EXCEL_FREE
#define EXCEL_FREE INT64_C(268435456)
#endif
#define EXCEL_EPOCH 25569 /* 1970-01-01, as days of Excel's calendar */
#define DAY_MS 86400000.0
#define WIDTH 14 /* of a column, in characters */
#define WIDTH_TIME 23
#define REPLACED 0xfffdU /* stands for what XML can not say */
/* In a ZIP file: before a member, of one in its directory, and after that. */
#define ZIP_LOCAL 30
#define ZIP_HEAD 46
#define ZIP_END 22
#define TAIL 64 /* bytes of the end of a text */
#define ESCAPE_LEN 7 /* of "_xHHHH_" */

/* One being written. */
struct workbook {
	lxw_workbook *book;
	lxw_worksheet *calls, *about;
	lxw_format *heading, *local, *utc, *length;
	const char *dir; /* of temporary files */
	struct buf text; /* of the cell being written */
	int64_t size; /* bytes of the sheet when they were looked at */
	lxw_row_t row;
	lxw_col_t column;
	bool more; /* a call was left out */
	bool failed; /* a cell was not written */
	bool no_room;
};

static pthread_mutex_t one = PTHREAD_MUTEX_INITIALIZER;

bool
excel_is_there(void)
{
	return true;
}

/* --- texts --------------------------------------------------------------- */

/* Does Excel read these bytes as another character, "_x0041_" as "A"? */
static bool
is_escape(const char *s, size_t n)
{
	return n >= ESCAPE_LEN && s[0] == '_' && s[1] == 'x' &&
	    strspn(s + 2, "0123456789abcdefABCDEF") >= 4 && s[6] == '_';
}

/* Can XML say it, and will it be read back as it is? */
static bool
is_character(uint32_t c)
{
	return c == '\t' || c == '\n' ||
	    (c >= 0x20 && c != 0xfffe && c != 0xffff);
}

/* The text, as far as a cell takes it: an ellipsis stands for the rest. */
static const char *
fitting(struct buf *b, const char *s)
{
	const size_t n = strlen(s);
	size_t units = 0, whole = 0; /* bytes before which a cut leaves room */
	uint32_t c;

	buf_reset(b, EXCEL_TEXT_MAX);
	for (size_t i = 0, len; i < n; i += len) {
		len = utf8_decode(s + i, n - i, &c);
		if (is_escape(s + i, n - i)) {
			buf_puts(b, "_x005F_");
			units += ESCAPE_LEN;
		} else if (c == '\r') {
			buf_puts(b, s[i + 1] == '\n' ? "" : "\n");
			units++;
		} else {
			if (c == REPLACED || !is_character(c))
				buf_puts(b, "\xef\xbf\xbd");
			else
				buf_add(b, s + i, len);
			units += c > 0xffff ? 2 : 1;
		}
		if (units < EXCEL_TEXT_MAX)
			whole = b->len;
		if (units > EXCEL_TEXT_MAX) {
			b->len = whole;
			buf_puts(b, "\u2026");
			break;
		}
	}
	return buf_str(b);
}

/* --- cells --------------------------------------------------------------- */

/*
 * Was the cell kept?  Where memory runs out the library leaves out a cell, or
 * its text, and says nothing.
 */
static void
took(struct workbook *wb, const lxw_worksheet *sheet, lxw_col_t column,
    lxw_error rc)
{
	const lxw_cell *cell = sheet->array[column];

	if (rc != LXW_NO_ERROR || cell == NULL ||
	    (cell->type == INLINE_STRING_CELL && cell->u.string == NULL))
		wb->failed = true;
}

static void
write_number(struct workbook *wb, lxw_worksheet *sheet, lxw_row_t row,
    lxw_col_t column, double x, lxw_format *format)
{
	took(wb, sheet, column,
	    worksheet_write_number(sheet, row, column, x, format));
}

/* The library never makes a formula or a link of a string. */
static void
write_text(struct workbook *wb, lxw_worksheet *sheet, lxw_row_t row,
    lxw_col_t column, const char *s, lxw_format *format)
{
	const char *fits = fitting(&wb->text, s);

	wb->failed = wb->failed || wb->text.failed;
	if (*fits != '\0')
		took(wb, sheet, column,
		    worksheet_write_string(sheet, row, column, fits, format));
}

static void
add_none(void *arg)
{
	struct workbook *wb = arg;

	wb->column++;
}

static void
add_text(void *arg, const char *s)
{
	struct workbook *wb = arg;

	write_text(wb, wb->calls, wb->row, wb->column++, s, NULL);
}

static void
add(struct workbook *wb, double x, lxw_format *format)
{
	write_number(wb, wb->calls, wb->row, wb->column++, x, format);
}

static void
add_number(void *arg, int64_t n)
{
	add(arg, (double)n, NULL);
}

/* As the clock shows it, to the second, like the pages. */
static void
add_local(void *arg, int64_t ms)
{
	struct workbook *wb = arg;
	struct when_local l;

	when_local(ms, &l);
	add(wb,
	    (double)(l.day + EXCEL_EPOCH) +
		(l.hour * 3600 + l.minute * 60 + l.second) * 1000 / DAY_MS,
	    wb->local);
}

static void
add_utc(void *arg, int64_t ms)
{
	struct workbook *wb = arg;

	add(wb, (double)ms / DAY_MS + EXCEL_EPOCH, wb->utc);
}

static void
add_length(void *arg, int64_t ms)
{
	struct workbook *wb = arg;

	add(wb, (double)ms / DAY_MS, wb->length);
}

static void
add_money(void *arg, int64_t micros)
{
	add(arg, (double)micros / 1e6, NULL);
}

/* --- the disk ------------------------------------------------------------ */

/* Bytes of a sheet so far; -1: they could not be written. */
static int64_t
size_of(lxw_worksheet *sheet)
{
	FILE *f = sheet->optimize_tmpfile;

	return ferror(f) ? -1 : (int64_t)ftello(f);
}

/* Is there room for as much again, and for what is packed of it? */
static bool
has_room(const struct workbook *wb)
{
	struct statvfs fs;

	if (statvfs(wb->dir, &fs) != 0)
		return true; /* a write will say */
	return (double)fs.f_bavail * (double)fs.f_frsize >=
	    (double)EXCEL_FREE + 1.5 * (double)wb->size;
}

/* A temporary file could not be written. */
static enum query_rc
cut_short(struct workbook *wb)
{
	wb->no_room = !has_room(wb);
	log_warnx("export.xlsx: %s: a temporary file was cut short%s", wb->dir,
	    wb->no_room ? ": the disk is full" : "");
	return QUERY_ERROR;
}

/* Look whether the sheet may grow. */
static enum query_rc
look(struct workbook *wb)
{
	const int64_t size = size_of(wb->calls);

	if (size == -1)
		return cut_short(wb);
	wb->size = size;
	if (has_room(wb))
		return QUERY_OK;
	log_warnx("export.xlsx: %s: the disk has too little room for a sheet of"
		  " %" PRId64 " bytes and more",
	    wb->dir, wb->size);
	wb->no_room = true;
	return QUERY_ERROR;
}

/* --- rows ---------------------------------------------------------------- */

static void
put_heading(struct workbook *wb)
{
	/* What is shown is hours, minutes and seconds. */
	static const char seconds[] = "duration_s";
	lxw_col_t i;

	for (i = 0; export_column[i] != NULL; i++) {
		const char *name = export_column[i];
		const bool time = strncmp(name, "started", 7) == 0 ||
		    strcmp(name, "ended") == 0 ||
		    strcmp(name, "ended_utc") == 0 ||
		    strcmp(name, "next_retry") == 0;

		if (strcmp(name, seconds) == 0)
			name = "duration";
		write_text(wb, wb->calls, 0, i, name, wb->heading);
		(void)worksheet_set_column(
		    wb->calls, i, i, time ? WIDTH_TIME : WIDTH, NULL);
	}
	worksheet_freeze_panes(wb->calls, 1, 0);
	wb->row = 1;
}

static enum query_rc
put_row(struct export *ex, const struct stored_call *c, struct buf *b)
{
	struct workbook *wb = ex->arg;
	const struct cells to = {.none = add_none,
	    .word = add_text,
	    .text = add_text,
	    .number = add_number,
	    .local = add_local,
	    .utc = add_utc,
	    .length = add_length,
	    .money = add_money,
	    .arg = wb};

	(void)b;
	/* The first row has the names. */
	if (wb->row % EXCEL_LOOK == 1 && look(wb) != QUERY_OK)
		return QUERY_ERROR;
	wb->column = 0;
	if (wb->row == EXCEL_ROWS_MAX - 1 || wb->size >= EXCEL_SHEET_MAX) {
		add_text(wb,
		    "INCOMPLETE: a sheet has no room for the older calls; the "
		    "CSV has them all");
		wb->more = ex->full = true;
		return QUERY_OK;
	}
	export_cells(ex, c, &to);
	wb->row++;
	return wb->failed ? QUERY_ERROR : QUERY_OK;
}

/* --- what they are ------------------------------------------------------- */

static void
put_about(struct workbook *wb, lxw_row_t row, const char *name, const char *s)
{
	write_text(wb, wb->about, row, 0, name, wb->heading);
	write_text(wb, wb->about, row, 1, s, NULL);
}

static const char *
day_text(int64_t day, char text[WHEN_TEXT_SIZE])
{
	struct when_local l;

	when_date(day, &l);
	(void)snprintf(text, WHEN_TEXT_SIZE, "%04d-%02d-%02d", l.year % 10000,
	    l.month % 100, l.mday % 100);
	return text;
}

/* It is what is seen first where calls are missing. */
static void
put_all_about(struct workbook *wb, const struct page *p)
{
	char text[WHEN_TEXT_SIZE];
	lxw_row_t row = 0;

	put_about(wb, row++, "report", brand_title(p));
	put_about(wb, row++, "made", when_rfc3339(p->now, text));
	put_about(wb, row++, "from", day_text(p->filter.from, text));
	put_about(wb, row++, "to", day_text(p->filter.to, text));
	put_about(wb, row++, "time zone", p->config->timezone);
	write_text(wb, wb->about, row, 0, "calls in the sheet", wb->heading);
	write_number(wb, wb->about, row++, 1, (double)wb->row - 1, NULL);
	if (wb->more) {
		put_about(wb, row++, "INCOMPLETE",
		    "a sheet has no room for the older calls: ask for fewer "
		    "days, or for the CSV, which has them all");
		worksheet_activate(wb->about);
	}
	(void)worksheet_set_column(wb->about, 0, 0, WIDTH_TIME, NULL);
}

/* --- the file ------------------------------------------------------------ */

static lxw_format *
format_of(struct workbook *wb, const char *number)
{
	lxw_format *format = workbook_add_format(wb->book);

	if (format != NULL && number != NULL)
		format_set_num_format(format, number);
	return format;
}

/* 0, or -1. */
static int
open_book(struct workbook *wb, struct page *p, const char *file)
{
	lxw_workbook_options options = {.constant_memory = LXW_TRUE};

	if ((wb->dir = confine_temporary()) == NULL) {
		log_warnx("export.xlsx: there is no directory for temporary "
			  "files");
		return -1;
	}
	/* The library does not change it. */
	options.tmpdir = arena_strndup(p->arena, wb->dir, strlen(wb->dir));
	if (options.tmpdir == NULL ||
	    (wb->book = workbook_new_opt(file, &options)) == NULL)
		return -1;
	wb->calls = workbook_add_worksheet(wb->book, "Calls");
	wb->about = workbook_add_worksheet(wb->book, "About");
	wb->heading = format_of(wb, NULL);
	wb->local = format_of(wb, "yyyy-mm-dd hh:mm:ss");
	wb->utc = format_of(wb, "yyyy-mm-dd hh:mm:ss.000");
	wb->length = format_of(wb, "[h]:mm:ss");
	if (wb->calls == NULL || wb->about == NULL || wb->heading == NULL ||
	    wb->local == NULL || wb->utc == NULL || wb->length == NULL)
		return -1;
	format_set_bold(wb->heading);
	return 0;
}

/* Without making a file of it. */
static void
drop_book(struct workbook *wb)
{
	if (wb->calls != NULL)
		(void)fclose(wb->calls->optimize_tmpfile);
	if (wb->about != NULL)
		(void)fclose(wb->about->optimize_tmpfile);
	if (wb->book != NULL)
		lxw_workbook_free(wb->book);
}

static uint32_t
little(const unsigned char *at)
{
	return at[0] | (uint32_t)at[1] << 8 | (uint32_t)at[2] << 16 |
	    (uint32_t)at[3] << 24;
}

static unsigned
little_2(const unsigned char *at)
{
	return at[0] | (unsigned)at[1] << 8;
}

/*
 * Does the text that is unpacked from there end where its root element does?
 * There has to be room at out for TAIL and for as much as is packed at in.
 */
static bool
ends_whole(int fd, off_t at, size_t packed, unsigned char *in, char *out)
{
	z_stream z = {.next_in = in};
	char wanted[TAIL] = "";
	size_t len = 0, n = 0;
	ssize_t got = 0;
	int rc = inflateInit2(&z, -MAX_WBITS);

	if (rc != Z_OK)
		return false;
	while (rc == Z_OK) {
		if (z.avail_in == 0 && packed > 0) {
			got = pread(fd, in,
			    packed < EXCEL_PIECE ? packed : EXCEL_PIECE, at);
			if (got <= 0)
				break;
			at += got;
			packed -= (size_t)got;
			z.next_in = in;
			z.avail_in = (uInt)got;
		}
		/* What came before, as far as it may be the end. */
		n = len < TAIL ? len : TAIL;
		memmove(out, out + len - n, n);
		z.next_out = (Bytef *)out + n;
		z.avail_out = EXCEL_PIECE;
		rc = inflate(&z, Z_NO_FLUSH);
		len = n + EXCEL_PIECE - z.avail_out;
		if (*wanted == '\0') {
			char root[TAIL / 2] = "";

			out[len] = '\0';
			(void)sscanf(out, "<?%*[^>]>%*[^<]<%31[^ >]", root);
			(void)snprintf(wanted, sizeof(wanted), "</%s>", root);
		}
	}
	(void)inflateEnd(&z);
	if (len > 0 && out[len - 1] == '\n')
		len--;
	n = strlen(wanted);
	return rc == Z_STREAM_END && len >= n &&
	    memcmp(out + len - n, wanted, n) == 0;
}

/* The bytes at a place in the file, of n that end it. */
struct end {
	unsigned char bytes[8192]; /* the directory is shorter */
	ssize_t n;
	off_t from;
};

/* Does each member that the directory names end whole? */
static bool
members_whole(int fd, const struct end *end, unsigned char *in, char *out)
{
	const unsigned char *last = end->bytes + end->n - ZIP_END;
	const unsigned char *at = end->bytes;
	unsigned char head[ZIP_LOCAL];

	if (memcmp(last, "PK\5\6", 4) != 0 || little(last + 16) < end->from)
		return false;
	at += little(last + 16) - end->from;
	for (unsigned i = little_2(last + 10); i > 0; i--) {
		off_t local;

		if (at + ZIP_HEAD > last)
			return false;
		local = little(at + 42);
		if (pread(fd, head, sizeof(head), local) != ZIP_LOCAL ||
		    !ends_whole(fd,
			local + ZIP_LOCAL + little_2(head + 26) +
			    little_2(head + 28),
			little(at + 20), in, out))
			return false;
		at += ZIP_HEAD + little_2(at + 28) + little_2(at + 30);
	}
	return true;
}

/*
 * Is all there that the file should have?  The library does not see when a
 * temporary file that it packs is cut short by a full disk.
 */
static bool
is_whole(const char *file)
{
	unsigned char *in = malloc(EXCEL_PIECE);
	char *out = malloc(TAIL + EXCEL_PIECE + 1);
	const int fd = open(file, O_RDONLY | O_CLOEXEC);
	const off_t len = fd == -1 ? -1 : lseek(fd, 0, SEEK_END);
	struct end end = {.n = -1};
	bool whole = false;

	if (len > (off_t)sizeof(end.bytes))
		end.from = len - (off_t)sizeof(end.bytes);
	if (len != -1)
		end.n = pread(fd, end.bytes, sizeof(end.bytes), end.from);
	if (in != NULL && out != NULL && end.n >= ZIP_END)
		whole = members_whole(fd, &end, in, out);
	if (fd != -1)
		(void)close(fd);
	free(in);
	free(out);
	return whole;
}

/* Returns 0, or -1 and it was logged. */
static int
close_book(struct workbook *wb, const char *file)
{
	FILE *rows = wb->calls->optimize_tmpfile;
	lxw_error rc;
	int fd;

	if (fflush(rows) != 0 || size_of(wb->calls) == -1 ||
	    (fd = dup(fileno(rows))) == -1) {
		(void)cut_short(wb);
		drop_book(wb);
		return -1;
	}
	rc = workbook_close(wb->book);
	/* After a failure the library may have left it open. */
	if (rc != LXW_NO_ERROR && ftruncate(fd, 0) == -1)
		log_warn("export.xlsx: %s", wb->dir);
	(void)close(fd);
	if (rc == LXW_NO_ERROR && is_whole(file))
		return 0;
	if (rc != LXW_NO_ERROR)
		log_warnx("export.xlsx: %s: %s", wb->dir, lxw_strerror(rc));
	(void)cut_short(wb);
	return -1;
}

/* Only one at a time. */
static enum excel_rc
write_book(struct page *p, const char *file, struct excel_result *result)
{
	struct workbook wb = {.row = 0};
	struct export ex;
	struct buf none = {0};
	enum query_rc rc = QUERY_ERROR;
	bool whole = false;

	if (export_begin(&ex, p) != 0)
		return EXCEL_FAILED;
	if (open_book(&wb, p, file) == 0) {
		put_heading(&wb);
		ex.write = put_row;
		ex.arg = &wb;
		rc = export_all(&ex, &none);
	}
	if (rc == QUERY_OK)
		put_all_about(&wb, p);
	if (rc == QUERY_OK && !wb.failed)
		whole = close_book(&wb, file) == 0;
	else
		drop_book(&wb);
	export_end(&ex);
	buf_free(&none);
	buf_free(&wb.text);
	result->calls = wb.row > 0 ? wb.row - 1 : 0;
	result->more = wb.more;
	if (!whole)
		return rc == QUERY_TIMEOUT ? EXCEL_TIMEOUT
		    : wb.no_room	   ? EXCEL_NO_ROOM
					   : EXCEL_FAILED;
	if (wb.more)
		log_warnx("export.xlsx: %" PRId64 " calls, and older ones that "
			  "a sheet has no room for",
		    result->calls);
	return EXCEL_OK;
}

enum excel_rc
excel_write(struct page *p, const char *file, struct excel_result *result)
{
	enum excel_rc rc;

	memset(result, 0, sizeof(*result));
	if (pthread_mutex_trylock(&one) != 0)
		return EXCEL_BUSY;
	rc = write_book(p, file, result);
	(void)pthread_mutex_unlock(&one);
	if (rc == EXCEL_FAILED)
		log_warnx("export.xlsx: could not be made");
	return rc;
}

#endif

const char *
excel_why(enum excel_rc rc)
{
	switch (rc) {
	case EXCEL_ABSENT:
		return N_(
		    "this program was built without libxlsxwriter, so it "
		    "makes no files of Excel: use one that was built with "
		    "libxlsxwriter-dev installed, or the CSV");
	case EXCEL_BUSY:
		return N_("one is made at a time, and another is being made: "
			  "try again in half a minute");
	case EXCEL_NO_ROOM:
		return N_("the disk for temporary files has too little room "
			  "for it: ask for fewer days, or for the CSV");
	case EXCEL_TIMEOUT:
		return N_("reading takes too long: ask for fewer days, or for "
			  "fewer words in a search");
	default:
		return N_("it could not be made");
	}
}

/* --- the answer ----------------------------------------------------------- */

/*
 * A file for the workbook, without a name: what is in it is gone with the
 * process.  -1 with errno.
 */
static int
unnamed_file(void)
{
	const char *dir = confine_temporary();
	struct buf path = {0};
	int fd = -1, saved = ENOENT;

	if (dir != NULL)
		buf_printf(&path, "%s/callbook-XXXXXX", dir);
	if (path.failed)
		saved = ENOMEM;
	else if (path.len > 0) {
		fd = mkstemp(path.data); /* mode 0600 */
		saved = errno;
	}
	if (fd != -1 && unlink(path.data) == -1)
		log_warn("%s", path.data);
	buf_free(&path);
	errno = saved;
	return fd;
}

struct sending {
	int fd;
};

static int
more(void *arg, struct buf *b)
{
	const struct sending *s = arg;
	ssize_t n;

	if (buf_reserve(b, EXCEL_PIECE) != 0)
		return -1;
	n = read(s->fd, b->data + b->len, EXCEL_PIECE);
	if (n == -1)
		log_warn("export.xlsx: broken off");
	if (n > 0)
		b->len += (size_t)n;
	b->data[b->len] = '\0';
	return n > 0 ? 1 : (int)n;
}

static void
done(void *arg)
{
	const struct sending *s = arg;

	(void)close(s->fd);
}

static enum page_rc
refuse(struct page *p, struct response *w, enum excel_rc rc)
{
	if (rc == EXCEL_TIMEOUT)
		return PAGE_TIMEOUT;
	if (rc == EXCEL_FAILED)
		return PAGE_FAILED;
	report_explain(p, w, rc == EXCEL_ABSENT ? 501 : 503,
	    N_("No file of Excel"),
	    tr_fill(p, tr(p, "A file of Excel is not there: {1}."),
		(const char *const[]){tr(p, excel_why(rc)), NULL}));
	return PAGE_OK;
}

enum page_rc
export_xlsx(struct page *p, struct response *w)
{
	const char *method = p->request == NULL
	    ? NULL
	    : request_env(p->request, "REQUEST_METHOD");
	struct sending *s = arena_alloc(p->arena, sizeof(*s));
	struct excel_result result;
	enum excel_rc rc = EXCEL_OK;
	char path[40];

	if (!excel_is_there())
		return refuse(p, w, EXCEL_ABSENT);
	if (s == NULL || (s->fd = unnamed_file()) == -1) {
		log_warn("export.xlsx: a temporary file");
		return PAGE_FAILED;
	}
	/* The library wants a name. */
	(void)snprintf(path, sizeof(path), "/proc/self/fd/%d", s->fd);
	if (method == NULL || strcmp(method, "HEAD") != 0)
		rc = excel_write(p, path, &result);
	if (rc != EXCEL_OK) {
		(void)close(s->fd);
		return refuse(p, w, rc);
	}
	export_name(p, w, "xlsx");
	w->status = 200;
	w->content_type = XLSX_TYPE;
	w->more = more;
	w->done = done;
	w->arg = s;
	return PAGE_OK;
}
