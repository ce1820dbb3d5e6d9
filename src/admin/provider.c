/* callbook provider: look at definitions, try one on a body. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "admin.h"
#include "base/hex.h"
#include "base/when.h"
#include "http/message.h"
#include "provider/draft.h"

static const char help[] =
    "usage: callbook provider list\n"
    "       callbook provider show NAME\n"
    "       callbook provider check [--header 'NAME: VALUE']... "
    "FILE|NAME [BODY]\n\n"
    "Lists the platforms that are known, shows the definition of one, or\n"
    "checks a definition (callbook-provider(5)): a file, or a known one by\n"
    "its name.  With BODY, a file or - for standard input, the definition is\n"
    "tried on it and the record that Callbook would keep is printed.  A body\n"
    "is JSON unless its name ends in .form.\n\n"
    "      --header        a header that came with BODY; may be repeated\n"
    "  -c, --config FILE   the configuration, for its providers_dir\n";

static const struct option longs[] = {
    {"header", required_argument, NULL, 'H'}, ADMIN_OPTIONS};

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

/* The record as one JSON object: what names the event, then its data. */
static void
record(const struct event *e, struct buf *b)
{
	char key[2 * EVENT_KEY_SIZE + 1];
	struct buf data = {0};

	hex_encode(e->key, EVENT_KEY_SIZE, key);
	event_json(e, 0, &data);
	buf_puts(b, "{\"providertype\":");
	buf_json_str(b, e->type);
	if (e->id != NULL) {
		buf_puts(b, ",\"id\":");
		buf_json_str(b, e->id);
	}
	buf_printf(b, ",\"key\":\"%s\"", key);
	if (data.len > 2)
		buf_puts(b, ",");
	if (data.len > 0)
		buf_add(b, data.data + 1, data.len - 1);
	b->failed |= data.failed;
	buf_free(&data);
}

static int
map_body(struct admin *a, const struct provider *p, const char *headers,
    const char *path)
{
	struct message m = {0};
	struct buf body = {0}, text = {0}, out = {0};
	struct event e;
	const char *reason;
	int status = ADMIN_WRONG;

	if (admin_mapper(a) == -1 || admin_read(a, path, &body) == -1)
		goto out;
	m.env = message_env_from(a->arena, headers);
	if (m.env == NULL) {
		status = admin_usage(a, "--header wants 'NAME: VALUE'");
		goto out;
	}
	m.content_type = admin_is_form(path)
	    ? "application/x-www-form-urlencoded"
	    : "application/json";
	m.body = buf_str(&body);
	m.len = body.len;
	if (mapper_map(a->mapper, p, &m, when_now(), &e, &reason) != MAP_OK) {
		admin_warnx(a, "%s: %s", path, reason);
		goto out;
	}
	record(&e, &text);
	if (text.failed || json_pretty(buf_str(&text), text.len, &out) == -1)
		admin_warnx(a, "out of memory");
	else if (admin_write(a, &out) == 0)
		status = ADMIN_OK;
out:
	buf_free(&body);
	buf_free(&text);
	buf_free(&out);
	return status;
}

static int
check(struct admin *a, const char *name, const char *headers, const char *body)
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
		p = own = provider_parse(name, buf_str(&text), text.len, &why);
		if (p == NULL)
			admin_reasons(a, &why);
	}
	if (p != NULL && body != NULL)
		status = map_body(a, p, headers, body);
	else if (p != NULL) {
		printf("%s: ok\n", name);
		status = ADMIN_OK;
	}
	provider_free(own);
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
			    "%zu guesses from %d bodies; go through \"review\" "
			    "in it, then take that out",
			    guesses, bodies);
	}
	draft_free(d);
	buf_free(&out);
	buf_free(&why);
	return status;
}

static int
operands(struct admin *a, int argc, char **argv, const char *headers,
    const char *name)
{
	const char *what = optind < argc ? argv[optind] : "";
	int n = argc - optind - 1;

	if (strcmp(what, "list") == 0 && n == 0)
		return list(a);
	if (strcmp(what, "show") == 0 && n == 1)
		return show(a, argv[optind + 1]);
	if (strcmp(what, "check") == 0 && (n == 1 || n == 2))
		return check(a, argv[optind + 1], headers,
		    n == 2 ? argv[optind + 2] : NULL);
	if (strcmp(what, "draft") == 0 && n >= 1)
		return draft(a, name, n, argv + optind + 1);
	return admin_usage(
	    a, "wants list, show NAME, check FILE [BODY]... or draft BODY...");
}

static int
run(struct admin *a, int argc, char **argv)
{
	struct buf headers = {0};
	int opt, status = ADMIN_WRONG;

	while ((opt = admin_option(a, argc, argv, longs)) != OPTION_END) {
		if (opt != 'H') {
			buf_free(&headers);
			return a->status;
		}
		buf_printf(&headers, "%s\n", optarg);
	}
	if (admin_config_optional(a) == 0)
		status = operands(a, argc, argv, buf_str(&headers), "mine");
	buf_free(&headers);
	return status;
}

const struct command command_provider = {
    "provider", "platforms that are known; check a definition", help, run};
