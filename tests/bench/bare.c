/*
 * bare - the least that a CGI program with a store can do: open it, ask it
 * for something, print one line.
 */
#include <sqlite3.h>
#include <stdio.h>

int
main(int argc, char **argv)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	int rc = 1;

	if (argc == 2 &&
	    sqlite3_open_v2(argv[1], &db, SQLITE_OPEN_READONLY, NULL) ==
		SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT seq FROM event LIMIT 1", -1, &s,
		NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW) {
		printf("Content-Type: text/plain\r\n\r\n%lld\n",
		    (long long)sqlite3_column_int64(s, 0));
		rc = 0;
	}
	sqlite3_finalize(s);
	sqlite3_close(db);
	return rc;
}
