/* callbook provider: look at definitions, draft one, try one on bodies. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "admin.h"
#include "provider/draft.h"
#include "provider_check.h"

static const char help[] =
    "usage: callbook provider list\n"
    "       callbook provider show NAME\n"
    "       callbook provider check [OPTION]... FILE|NAME [BODY]...\n"
    "       callbook provider draft [--name NAME] BODY...\n\n"
    "Lists the platforms that are known, shows the definition of one, checks\n"
    "a definition (callbook-provider(5)), a file or a known one by its name,\n"
    "or drafts one from bodies of requests.\n\n"
    "With each BODY, a file or - for standard input, check tries the\n"
    "definition: it prints what each tells, the calls that they make, and\n"
    "what of the bodies and of the definition was not used.  Whether a body\n"
    "is JSON, a form, multipart or a JSON Web Token is seen by its content.\n\n"
    "draft writes a definition to begin with.  Give it bodies of all types\n"
    "that you have, of the same call where you can; then go through the list\n"
    "\"review\" in it, which says why each place was taken.\n\n"
    "      --header 'NAME: VALUE'\n"
    "                      a header that came with the bodies; may be\n"
    "                      repeated\n"
    "      --query QUERY   the query string that came with them\n"
    "      --type TYPE     the content type of the bodies that follow\n"
    "      --json          one JSON object, for programs\n"
    "      --name NAME     the provider's name in the draft: mine\n"
    "  -c, --config FILE   the configuration, for its providers_dir\n";

static const struct option longs[] = {{"header", required_argument, NULL, 'H'},
    {"query", required_argument, NULL, 'q'},
    {"type", required_argument, NULL, 't'}, {"json", no_argument, NULL, 'j'},
    {"name", required_argument, NULL, 'n'}, ADMIN_OPTIONS};

static int
list(struct admin *a)
{
	const struct provider *p;

	if (admin_providers(a) == -1)
		return ADMIN_WRONG;

	for (size_t i = 0; (p = providers_at(a->providers, i)) != NULL; i++) {
		const char *scheme;

		printf("%-18s %-30s ", provider_name(p), provider_title(p));
		for (size_t j = 0; (scheme = provider_scheme(p, j)) != NULL;
		     j++)
			printf("%s%s", j == 0 ? "" : ", ", scheme);
		printf("  (%s)\n", provider_file(p));
	}
	return ADMIN_OK;
}

static const struct provider *
known(struct admin *a, const char *name)
{
	const struct provider *p = NULL;

	if (admin_providers(a) == -1)
		return NULL;
	p = providers_find(a->providers, name);
	if (p == NULL)
		admin_warnx(a,
		    "no file and no provider '%s'; "
		    "'callbook provider list' tells those known",
		    name);
	return p;
}

static int
show(struct admin *a, const char *name)
{
	const struct provider *p;
	struct buf out = {0}, why = {0};
	const char *text;
	size_t len;
	int rc = -1;

	/* `show NAME >providers_dir/NAME.json` has emptied that file already:
	 * then it is the built-in one that is wanted. */
	if (a->config != NULL)
		a->providers = providers_load(a->config->providers_dir, &why);
	if (a->providers == NULL)
		a->providers = providers_load(NULL, &why);
	p = known(a, name);
	if (p == NULL) {
		if (why.len > 0)
			admin_reasons(a, &why);
		goto out;
	}
	text = provider_text(p, &len);
	buf_add(&out, text, len);
	if (len > 0 && text[len - 1] != '\n')
		buf_puts(&out, "\n");
	rc = admin_write(a, &out);
out:
	buf_free(&out);
	buf_free(&why);
	return rc == -1 ? ADMIN_WRONG : ADMIN_OK;
}

/* What the options before a command's operands say. */
struct options {
	struct buf headers; /* `name: value` a line */
	const char *name; /* of a draft */
	bool json;
	char **argv; /* as it was given, options among operands */
	int argc;
};

/* The last --type before the operand; NULL: none. */
static const char *
type_before(const struct options *o, const char *operand)
{
	const char *type = NULL;

	for (int i = 1; i < o->argc && o->argv[i] != operand; i++) {
		if (strcmp(o->argv[i], "--type") == 0 && i + 1 < o->argc)
			type = o->argv[i + 1];
		else if (strncmp(o->argv[i], "--type=", 7) == 0)
			type = o->argv[i] + 7;
	}
	return type;
}

static int
check_samples(struct admin *a, const struct options *o,
    const struct provider *p, int bodies, char **body)
{
	struct sample *sample = calloc((size_t)bodies, sizeof(*sample));
	int status = ADMIN_WRONG;

	if (sample == NULL) {
		admin_warnx(a, "out of memory");
		return ADMIN_WRONG;
	}
	for (int i = 0; i < bodies; i++)
		sample[i] = (struct sample){body[i], type_before(o, body[i])};
	status = provider_check(
	    a, p, buf_str(&o->headers), sample, (size_t)bodies, o->json);
	free(sample);
	return status;
}

/* Tell the schemes of which the definition admits that they sign too little. */
static void
print_unsigned(const struct provider *p, const char *name)
{
	for (size_t i = 0; provider_scheme(p, i) != NULL; i++)
		if (provider_leaves_body(p, i))
			printf("%s: auth \"%s\" does not sign the whole body: "
			       "who has seen one delivery can send others\n",
			    name, provider_scheme(p, i));
}

static int
check(struct admin *a, const struct options *o, const char *name, int bodies,
    char **body)
{
	struct buf text = {0}, why = {0};
	struct provider *own = NULL;
	const struct provider *p;
	struct stat st;
	int status = ADMIN_WRONG;

	if (stat(name, &st) == -1 && strchr(name, '/') == NULL) {
		p = known(a, name);
	} else if (admin_read(a, name, &text) == -1) {
		return ADMIN_WRONG;
	} else {
		p = own = definition_parse(
		    name, buf_str(&text), text.len, &why);
		if (p == NULL)
			admin_reasons(a, &why);
	}
	if (p != NULL && bodies > 0) {
		admin_confine(a, body, bodies, false);
		status = check_samples(a, o, p, bodies, body);
	} else if (p != NULL) {
		printf("%s: ok\n", name);
		print_unsigned(p, name);
		if (provider_reviews(p) > 0)
			printf("%s: %zu guesses of a draft are to be "
			       "reviewed\n",
			    name, provider_reviews(p));
		status = ADMIN_OK;
	}
	definition_free(own);
	buf_free(&text);
	buf_free(&why);
	return status;
}

/* The samples of a draft; 0, or the exit status. */
static int
add_samples(struct admin *a, struct draft *d, int bodies, char **body)
{
	struct buf text = {0}, why = {0};
	int status = ADMIN_OK;

	for (int i = 0; i < bodies && status == ADMIN_OK; i++) {
		buf_reset(&text, SIZE_MAX);
		status = ADMIN_WRONG;
		if (admin_read(a, body[i], &text) == -1)
			break;
		if (draft_add(d, buf_str(&text), text.len, &why) == -1)
			admin_warnx(a, "%s: %s", body[i], buf_str(&why));
		else
			status = ADMIN_OK;
	}
	buf_free(&text);
	buf_free(&why);
	return status;
}

static int
draft(struct admin *a, const char *name, int bodies, char **body)
{
	struct draft *d = draft_new();
	struct buf out = {0}, why = {0};
	size_t guesses;
	int status = ADMIN_WRONG;

	if (d == NULL) {
		admin_warnx(a, "out of memory");
		return ADMIN_WRONG;
	}
	admin_confine(a, body, bodies, false);
	status = add_samples(a, d, bodies, body);
	if (status == ADMIN_OK &&
	    draft_write(d, name, &out, &guesses, &why) == -1) {
		admin_reasons(a, &why);
		status = ADMIN_WRONG;
	}
	if (status == ADMIN_OK) {
		if (admin_write(a, &out) == -1)
			status = ADMIN_WRONG;
		else
			admin_warnx(a,
			    "%zu guesses; go through \"review\" in it, then "
			    "take that out",
			    guesses);
	}
	draft_free(d);
	buf_free(&out);
	buf_free(&why);
	return status;
}

static int
operands(struct admin *a, int argc, char **argv, const struct options *o)
{
	const char *what = optind < argc ? argv[optind] : "";
	int n = argc - optind - 1;

	if (strcmp(what, "list") == 0 && n == 0)
		return list(a);
	if (strcmp(what, "show") == 0 && n == 1)
		return show(a, argv[optind + 1]);
	if (strcmp(what, "check") == 0 && n >= 1)
		return check(a, o, argv[optind + 1], n - 1, argv + optind + 2);
	if (strcmp(what, "draft") == 0 && n >= 1)
		return draft(a, o->name, n, argv + optind + 1);
	if (strcmp(what, "check") == 0)
		return admin_usage(a,
		    "check wants a definition: a FILE, or the NAME of a known "
		    "one");
	if (strcmp(what, "draft") == 0)
		return admin_usage(a,
		    "draft wants bodies: files with what the platform sends");
	return admin_usage(
	    a, "wants list, show NAME, check FILE [BODY]... or draft BODY...");
}

static int
options(struct admin *a, int argc, char **argv, struct options *o)
{
	int opt;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		switch (opt) {
		case 'H':
			buf_printf(&o->headers, "%s\n", optarg);
			break;
		case 'q':
			buf_printf(&o->headers, ":query: %s\n", optarg);
			break;
		case 'n':
			o->name = optarg;
			break;
		case 'j':
			o->json = true;
			break;
		case 't': /* see type_before() */
			break;
		default:
			return OPTION_STOP;
		}
	}
	return OPTION_END;
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct options o = {.name = "mine", .argc = argc};
	int status = ADMIN_WRONG;

	/* getopt_long() moves the options before the operands. */
	o.argv = calloc((size_t)argc + 1, sizeof(*o.argv));
	if (o.argv == NULL) {
		admin_warnx(a, "out of memory");
		return ADMIN_WRONG;
	}
	memcpy(o.argv, argv, (size_t)argc * sizeof(*argv));
	if (options(a, argc, argv, &o) == OPTION_STOP)
		status = a->status;
	else if (admin_config_optional(a) == 0)
		status = operands(a, argc, argv, &o);
	buf_free(&o.headers);
	free(o.argv);
	return status;
}

const struct command command_provider = {"provider",
    "platforms that are known; draft and check a definition", help, run};
