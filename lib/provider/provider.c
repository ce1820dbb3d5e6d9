/*
 * provider - the set of definitions: those compiled in, and those of
 * providers_dir, of which one replaces a built-in of the same name.  A fault
 * in one that no source uses does not stop the others.
 */
#include "provider/provider.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/embedded.h"
#include "provider/definition.h"

/* The files of definitions/. */
extern const struct embedded builtin_definition[];

#define PATH_SIZE 4096

struct providers {
	struct provider *at[PROVIDERS_MAX]; /* sorted by name */
	size_t count;
};

static void
add_line(struct buf *why, const char *file, const char *reason)
{
	if (why->len > 0)
		buf_puts(why, "\n");
	buf_printf(why, "%s: %s", file, reason);
}

/* --- the set -------------------------------------------------------------- */

static int
by_name(const void *a, const void *b)
{
	const struct provider *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* The place of name, or count. */
static size_t
index_of(const struct providers *ps, const char *name)
{
	size_t i = 0;

	while (i < ps->count && strcmp(ps->at[i]->name, name) != 0)
		i++;
	return i;
}

/* Take p over.  Only a built-in one may be replaced. */
static int
add(struct providers *ps, struct provider *p, struct buf *why)
{
	size_t i = index_of(ps, p->name);

	if (i < ps->count) {
		if (strcmp(ps->at[i]->file, "built in") != 0) {
			add_line(why, p->file,
			    "another file defines the same provider");
			goto fail;
		}
		definition_free(ps->at[i]);
		ps->at[i] = p;
		return 0;
	}
	if (ps->count == PROVIDERS_MAX) {
		add_line(why, p->file, "one definition too many");
		goto fail;
	}
	ps->at[ps->count++] = p;
	return 0;
fail:
	definition_free(p);
	return -1;
}

/* Does a source of c name that platform?  NULL: any may be named. */
static bool
is_named(const struct config *c, const char *provider)
{
	size_t i = 0;

	if (c == NULL)
		return true;
	while (i < c->sources && strcmp(c->source[i].provider, provider) != 0)
		i++;
	return i < c->sources;
}

/* The name of the file is that of the platform. */
static int
add_builtin(struct providers *ps, const struct config *c, struct buf *why)
{
	int rc = 0;

	for (const struct embedded *b = builtin_definition; b->name != NULL;
	     b++) {
		struct provider *p;

		if (!is_named(c, b->name))
			continue;
		p = definition_parse(
		    "built in", (const char *)b->text, b->len, why);
		if (p == NULL || add(ps, p, why) != 0)
			rc = -1;
	}
	return rc;
}

/* --- the directory -------------------------------------------------------- */

/*
 * Read a file of at most DEFINITION_SIZE_MAX bytes.  0, or -1 and errno:
 * EINVAL: it is none.
 */
static int
read_file(const char *path, struct buf *b)
{
	/* O_NONBLOCK: opening a named pipe must not wait for its writer. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), rc = -1;
	FILE *f = fd == -1 ? NULL : fdopen(fd, "rb");
	struct stat st;
	char block[4096];
	size_t n;

	if (f == NULL) {
		if (fd != -1)
			(void)close(fd);
		return -1;
	}
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode)) {
		(void)fclose(f);
		errno = EINVAL;
		return -1;
	}
	while ((n = fread(block, 1, sizeof(block), f)) > 0) {
		buf_add(b, block, n);
		if (b->len > DEFINITION_SIZE_MAX)
			break; /* the parser says so */
	}
	if (b->failed)
		errno = ENOMEM;
	else if (!ferror(f))
		rc = 0;
	(void)fclose(f);
	return rc;
}

static int
add_file(struct providers *ps, const char *path, struct buf *why)
{
	struct buf text = {0};
	struct provider *p = NULL;
	int rc = -1;

	if (read_file(path, &text) != 0)
		add_line(why, path,
		    errno == EINVAL ? "not a file" : strerror(errno));
	else
		p = definition_parse(path, buf_str(&text), text.len, why);
	if (p != NULL)
		rc = add(ps, p, why);
	buf_free(&text);
	return rc;
}

static int
is_definition(const struct dirent *d)
{
	size_t n = strlen(d->d_name);

	return d->d_name[0] != '.' && n > 5 &&
	    strcmp(d->d_name + n - 5, ".json") == 0;
}

static int
add_directory(struct providers *ps, const char *dir, struct buf *why)
{
	char path[PATH_SIZE];
	struct dirent **entry;
	int n, rc = 0;

	n = scandir(dir, &entry, is_definition, alphasort);
	if (n < 0) {
		add_line(why, dir, strerror(errno));
		return -1;
	}
	for (int i = 0; i < n; i++) {
		int len = snprintf(
		    path, sizeof(path), "%s/%s", dir, entry[i]->d_name);

		if (len < 0 || (size_t)len >= sizeof(path)) {
			add_line(why, dir, "a name in it is too long");
			rc = -1;
		} else if (add_file(ps, path, why) != 0)
			rc = -1;
		free(entry[i]);
	}
	free(entry);
	return rc;
}

static struct providers *
load(const char *dir, const struct config *c, struct buf *why)
{
	struct providers *ps = calloc(1, sizeof(*ps));
	int rc;

	if (ps == NULL) {
		add_line(why, "providers", "memory ran out");
		return NULL;
	}
	rc = add_builtin(ps, c, why);
	if (dir != NULL && add_directory(ps, dir, why) != 0)
		rc = -1;
	if (rc != 0) {
		providers_free(ps);
		return NULL;
	}
	qsort(ps->at, ps->count, sizeof(ps->at[0]), by_name);
	return ps;
}

struct providers *
providers_load(const char *dir, struct buf *why)
{
	return load(dir, NULL, why);
}

struct providers *
providers_load_for(const struct config *c, struct buf *why)
{
	return load(c->providers_dir, c, why);
}

void
providers_free(struct providers *ps)
{
	if (ps == NULL)
		return;
	for (size_t i = 0; i < ps->count; i++)
		definition_free(ps->at[i]);
	free(ps);
}

const struct provider *
providers_find(const struct providers *ps, const char *name)
{
	return providers_at(ps, index_of(ps, name));
}

const struct provider *
providers_at(const struct providers *ps, size_t i)
{
	return i < ps->count ? ps->at[i] : NULL;
}

/* --- one definition ------------------------------------------------------- */

const char *
provider_name(const struct provider *p)
{
	return p->name;
}

size_t
provider_reviews(const struct provider *p)
{
	return p->reviews;
}

const char *
provider_title(const struct provider *p)
{
	return p->title;
}

const char *
provider_file(const struct provider *p)
{
	return p->file;
}

const char *
provider_text(const struct provider *p, size_t *len)
{
	*len = p->len;
	return p->text;
}

bool
provider_takes_method(const struct provider *p, const char *method)
{
	return (p->post && strcmp(method, "POST") == 0) ||
	    (p->get && strcmp(method, "GET") == 0);
}

const char *
provider_methods(const struct provider *p)
{
	if (p->post && p->get)
		return "GET, POST";
	return p->get ? "GET" : "POST";
}

bool
provider_counts(const struct provider *p, const char *type)
{
	const struct type_row *row = definition_type(p, type);

	return row != NULL && row->count;
}

bool
provider_knows(const struct provider *p, const char *type)
{
	return definition_type(p, type) != NULL;
}

bool
provider_leaves_body(const struct provider *p, size_t i)
{
	const struct scheme *s = i < p->schemes ? &p->scheme[i] : NULL;

	while (s != NULL && !s->unsigned_body)
		s = s->next;
	return s != NULL;
}

const char *
provider_unsigned(const struct provider *p, size_t i, bool *used)
{
	const struct unsigned_place *u = p->unsigned_places;

	while (u != NULL && i-- > 0)
		u = u->next;
	if (u == NULL)
		return NULL;
	*used = u->used;
	return u->place->text;
}

bool
provider_wants_answer(const struct provider *p, const char *type)
{
	const struct type_row *row = definition_type(p, type);

	return row != NULL && row->answer;
}

const char *
provider_scheme(const struct provider *p, size_t i)
{
	return i < p->schemes ? p->scheme[i].name : NULL;
}

/* --- content types (RFC 9110 section 8.3) --------------------------------- */

static bool
is_word(const char *s, size_t n, const char *word)
{
	return n == strlen(word) && strncasecmp(s, word, n) == 0;
}

static bool
is_json(const char *s, size_t n)
{
	return is_word(s, n, "application/json") ||
	    is_word(s, n, "text/json") ||
	    (n > 17 && strncasecmp(s, "application/", 12) == 0 &&
		strncasecmp(s + n - 5, "+json", 5) == 0);
}

/* Parameters, from the first ';' on: a charset other than UTF-8 is refused. */
static bool
parameters_ok(const char *s)
{
	while (*s == ';') {
		size_t n;

		s += 1 + strspn(s + 1, " \t");
		n = strcspn(s, ";");
		if (strncasecmp(s, "charset=", 8) == 0) {
			const char *v = s + 8;
			size_t len = n - 8;

			while (len > 0 &&
			    (v[len - 1] == ' ' || v[len - 1] == '\t'))
				len--;
			if (!is_word(v, len, "utf-8") &&
			    !is_word(v, len, "\"utf-8\"") &&
			    !is_word(v, len, "utf8"))
				return false;
		}
		s += n;
	}
	return true;
}

int
provider_body_kind(const struct provider *p, const char *content_type)
{
	const char *s;
	size_t n;
	enum body_kind kind;

	if (content_type == NULL)
		content_type = "";
	s = content_type + strspn(content_type, " \t");
	if (*s == '\0')
		return (int)p->body[0];
	n = strcspn(s, ";");
	if (!parameters_ok(s + n))
		return -1;
	while (n > 0 && (s[n - 1] == ' ' || s[n - 1] == '\t'))
		n--;
	if (is_json(s, n))
		kind = BODY_JSON;
	else if (is_word(s, n, "application/x-www-form-urlencoded"))
		kind = BODY_FORM;
	else if (is_word(s, n, "multipart/form-data"))
		kind = BODY_MULTIPART;
	else if (is_word(s, n, "application/jwt") ||
	    is_word(s, n, "application/jose") || is_word(s, n, "text/plain"))
		kind = BODY_JWT;
	else
		return -1;
	for (size_t i = 0; i < p->bodies; i++)
		if (p->body[i] == kind)
			return (int)kind;
	return -1;
}

bool
provider_takes_type(const struct provider *p, const char *content_type)
{
	return provider_body_kind(p, content_type) >= 0;
}
