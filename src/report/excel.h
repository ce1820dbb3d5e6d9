/*
 * excel - the calls of a page as a workbook of Excel (ECMA-376), by
 * libxlsxwriter, which nothing else here knows.
 *
 * The library writes rows to a temporary file as they come, and makes of it the
 * workbook at the end, by another one: memory does not grow with the calls, but
 * for a while the disk has more than twice what the sheet is unpacked, in all
 * some 3 kB a call.  The temporary files lie in confine_temporary(), with mode
 * 0600, and have no name from their first moment on: whatever becomes of the
 * process, nothing stays.
 *
 * A process makes one workbook at a time: several would fill a disk together.
 */
#ifndef EXCEL_H
#define EXCEL_H

#include "report/report.h"

enum excel_rc {
	EXCEL_OK = 0,
	EXCEL_ABSENT, /* built without libxlsxwriter */
	EXCEL_BUSY, /* another one is being made */
	EXCEL_NO_ROOM, /* the disk would be too full; logged */
	EXCEL_TIMEOUT, /* of a query */
	EXCEL_FAILED /* logged */
};

struct excel_result {
	int64_t calls;
	bool more; /* calls that a sheet has no rows for; logged */
};

/* Was this program built with it? */
bool excel_is_there(void);

/*
 * Write the calls of the page's filter into that file, which is made or
 * emptied.  What it holds after a failure is of no use.
 */
enum excel_rc excel_write(
    struct page *p, const char *file, struct excel_result *result);

/* What is told of an rc, for a person: a sentence without its end. */
const char *excel_why(enum excel_rc rc);

#endif /* !EXCEL_H */
