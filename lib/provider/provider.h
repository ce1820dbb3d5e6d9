/*
 * provider - definitions of platforms, callbook-provider(5).
 *
 * A definition is a JSON file.  Those of lib/provider/definitions/ are built
 * in; a directory may add others, and one there wins over a built-in of the
 * same name.  A definition is checked whole when it is loaded: afterwards no
 * request can meet a fault in it.  Immutable, so threads share it.
 */
#ifndef PROVIDER_H
#define PROVIDER_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buf.h"
#include "base/config.h"

#define DEFINITION_SIZE_MAX (256 * 1024) /* bytes of one file */
#define DEFINITION_TYPES_MAX 1000 /* rows of the table of types */
#define DEFINITION_PLACES_MAX 16 /* alternatives of one value */
#define DEFINITION_TABLE_MAX 1000 /* words of one map */
#define PROVIDERS_MAX 200

struct provider;
struct providers;

/*
 * Load the built-in definitions and, if dir is not NULL, every *.json in it.
 * Returns NULL after adding `FILE: KEY: REASON` lines to why.
 */
struct providers *providers_load(const char *dir, struct buf *why);
/*
 * The same, but of the built-in definitions only those that the sources of c
 * use, and with the providers_dir of c.  Reading all of them would be a third
 * of the work of a receiver that is started for one request.
 */
struct providers *providers_load_for(const struct config *c, struct buf *why);
void providers_free(struct providers *ps);

/* Borrowed from ps; NULL if there is none. */
const struct provider *providers_find(
    const struct providers *ps, const char *name);

/* The i-th by name, NULL past the last. */
const struct provider *providers_at(const struct providers *ps, size_t i);

/* Load one definition from text.  file is for messages. */
struct provider *definition_parse(
    const char *file, const char *text, size_t len, struct buf *why);
void definition_free(struct provider *p);

const char *provider_name(const struct provider *p);
const char *provider_title(const struct provider *p);
/* The file it came from, "built in" for a built-in one. */
const char *provider_file(const struct provider *p);
/* The JSON text as it was read. */
const char *provider_text(const struct provider *p, size_t *len);
/* Is the HTTP method one that the platform sends? */
bool provider_takes_method(const struct provider *p, const char *method);
/* "POST" or "GET, POST": for Allow. */
const char *provider_methods(const struct provider *p);
/* Is there a row for events of that type? */
bool provider_knows(const struct provider *p, const char *type);
/* Does the i-th scheme leave the body, or a part of it, unsigned? */
bool provider_leaves_body(const struct provider *p, size_t i);
/*
 * The i-th place of type or identity that no signature covers, as the
 * definition writes it; NULL past the last.  *used: the platform has no other,
 * else it is not looked at.
 */
const char *provider_unsigned(const struct provider *p, size_t i, bool *used);
/* Can the definition read a body of that Content-Type (header value)? */
bool provider_takes_type(const struct provider *p, const char *content_type);
/* Are events of that type only counted? */
bool provider_counts(const struct provider *p, const char *type);
/* Does a request of that type wait for content that Callbook cannot give? */
bool provider_wants_answer(const struct provider *p, const char *type);
/* How many guesses of a draft are still marked for review? */
size_t provider_reviews(const struct provider *p);
/* The i-th scheme of authentication by name, NULL past the last; 0: default. */
const char *provider_scheme(const struct provider *p, size_t i);

#endif /* !PROVIDER_H */
