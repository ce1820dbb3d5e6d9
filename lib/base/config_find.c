/*
 * config_find - which file is the configuration, and where lies what comes
 * with it: above the program, where a host lets nobody install anything; and
 * which places it names.
 */
#define _XOPEN_SOURCE 700 /* realpath(3) */

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "base/config.h"
#include "base/when.h"

#define CONFIG_NAME "callbook.conf"
#define CONFIG_SYSTEM "/etc/callbook/callbook.conf"
#define ZONES_NAME "zoneinfo"

char *
config_absolute(const char *path)
{
	char cwd[PATH_MAX];
	struct buf b = {0};

	if (path[0] != '/' && getcwd(cwd, sizeof(cwd)) != NULL)
		buf_printf(&b, "%s/", cwd);
	buf_puts(&b, path);
	if (b.failed) {
		buf_free(&b);
		return NULL;
	}
	return b.data;
}

/*
 * The path of this program, or NULL; to be freed.  An account that is locked
 * into a directory may have no /proc; then it is what execve(2) was given.
 */
static char *
program_path(void)
{
	char *path = realpath("/proc/self/exe", NULL);

	/* The kernel's addresses are integers. */
	if (path == NULL)
		/* NOLINTNEXTLINE(performance-no-int-to-ptr) */
		path = realpath((const char *)getauxval(AT_EXECFN), NULL);
	return path;
}

/*
 * The path of name in the directory above the program's, to be freed; NULL:
 * nothing of that name is there that we may access so (access(2)), or memory
 * ran out.  DIR/cgi-bin/PROGRAM has DIR/NAME.
 */
static char *
above(const char *name, int mode)
{
	char *path = program_path(), *slash;
	struct buf b = {0};

	for (int i = 0; path != NULL && i < 2; i++)
		if ((slash = strrchr(path, '/')) != NULL)
			*slash = '\0';
	if (path != NULL)
		buf_printf(&b, "%s/%s", path, name);
	free(path);
	if (b.len > 0 && !b.failed && access(b.data, mode) == 0)
		return b.data;
	buf_free(&b);
	return NULL;
}

/*
 * Where the system has no database of time zones, take the one that lies
 * above the program, if it is there.
 */
static void
find_zones(void)
{
	char *path = above(ZONES_NAME, X_OK);

	if (path != NULL)
		(void)setenv("TZDIR", path, 1);
	free(path);
}

char *
config_find(const char *option)
{
	const char *env = getenv("CALLBOOK_CONFIG");
	char *found;

	if (!when_zones_there())
		find_zones();
	if (option != NULL)
		return config_absolute(option);
	if (env != NULL && *env != '\0')
		return config_absolute(env);
	found = above(CONFIG_NAME, F_OK);
	return found != NULL ? found : strdup(CONFIG_SYSTEM);
}

void
config_places(const struct config *c, struct confine *to)
{
	confine_allow_edited(to, c->file);
	for (size_t i = 0; i < c->sources; i++) {
		confine_allow_edited(to, c->source[i].secret_file);
		confine_allow_edited(to, c->source[i].key_file);
	}
	confine_allow_edited(to, c->logo);
	if (c->providers_dir != NULL)
		confine_allow(to, CONFINE_LIST, c->providers_dir);
	confine_allow(to, CONFINE_READ, when_zone_dir());
}
