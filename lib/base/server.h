/*
 * server - a store whose name is no file's, but tells of a PostgreSQL server:
 * a URI, or libpq's list of key=value.
 */
#ifndef SERVER_H
#define SERVER_H

#include <stdbool.h>

bool server_is(const char *store);

/*
 * Why a store's name, of a server or a file, can be that of none.  NULL: it may
 * be.
 */
const char *server_fault(const char *store);

/* Does such a name hold a password?  Also one that libpq would not take. */
bool server_has_password(const char *store);

/* The name of any store for messages: one with a password is not shown. */
const char *server_shown(const char *store);

#endif /* !SERVER_H */
