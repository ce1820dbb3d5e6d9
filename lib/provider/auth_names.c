/*
 * auth_names - headers that the scheme of a source calls by other names than
 * the definition does, under the names of the definition.
 */
#include "provider/auth_internal.h"

#include <stdio.h>
#include <string.h>

#include "provider/secret.h"

/* The variables of a scheme's headers, each at its own place; NULL: none. */
static void
scheme_names(const struct scheme *s, const char *name[SECRET_NAMES_MAX])
{
	size_t n = 2;

	memset(name, 0, SECRET_NAMES_MAX * sizeof(*name));
	name[0] = s->variable;
	name[1] = s->time == TIME_HEADER ? s->time_variable : NULL;
	for (size_t i = 0; i < s->parts; i++)
		if (s->part[i].kind == PART_HEADER)
			name[n++] = s->part[i].variable;
}

static bool
has_name(const char *const *name, size_t n, const char *wanted)
{
	for (size_t i = 0; i < n; i++)
		if (name[i] != NULL && strcmp(name[i], wanted) == 0)
			return true;
	return false;
}

void
auth_find_renamed(
    const struct scheme *defined, const struct scheme *used, struct renamed *r)
{
	const char *from[SECRET_NAMES_MAX], *to[SECRET_NAMES_MAX];

	scheme_names(used, to);
	for (const struct scheme *s = defined; s != NULL; s = s->next) {
		scheme_names(s, from);
		for (size_t i = 0; i < SECRET_NAMES_MAX; i++) {
			if (from[i] == NULL || to[i] == NULL ||
			    has_name(to, SECRET_NAMES_MAX, from[i]) ||
			    has_name(r->from, r->n, from[i]))
				continue;
			r->from[r->n] = from[i];
			r->to[r->n++] = to[i];
		}
	}
}

static bool
is_renamed(const struct renamed *r, const char *entry)
{
	for (size_t i = 0; i < r->n; i++) {
		size_t n = strlen(r->from[i]);

		if (strncmp(entry, r->from[i], n) == 0 && entry[n] == '=')
			return true;
	}
	return false;
}

int
auth_read_as(const struct auth *a, struct arena *arena, struct message *m)
{
	const struct auth *used = NULL;
	const struct renamed *r;
	size_t n = 0, w = 0;
	char **env;

	if (a->scheme != NULL && auth_choose(a, m, &used) != AUTH_OK)
		return -1;
	if (used == NULL)
		return 0;
	r = &used->renamed;
	if (r->n == 0)
		return 0;
	while (m->env[n] != NULL)
		n++;
	env = arena_alloc(arena, (n + r->n + 1) * sizeof(*env));
	if (env == NULL)
		return -1;
	for (size_t i = 0; i < n; i++)
		if (!is_renamed(r, m->env[i]))
			env[w++] = m->env[i];
	for (size_t i = 0; i < r->n; i++) {
		const char *value = message_env(m, r->to[i]);
		size_t size;

		if (value == NULL)
			continue;
		size = strlen(r->from[i]) + strlen("=") + strlen(value) + 1;
		if ((env[w] = arena_alloc(arena, size)) == NULL)
			return -1;
		(void)snprintf(env[w++], size, "%s=%s", r->from[i], value);
	}
	env[w] = NULL;
	m->env = env;
	return 0;
}
