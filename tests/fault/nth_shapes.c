/* nth_shapes - what is tried: requests, commands, and where they run. */
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <zlib.h>

#include "nth.h"
#include "provider/auth.h"

/* A delivery of each platform, and of each kind of answer. */
static const struct delivery {
	const char *source, *file;
	const char *kind; /* NULL: as it is */
} deliveries[] = {
    {"formantai", "call.completed.json", NULL}, /* first: see main() */
    {"formantai", "call.failed.json", "duplicate"},
    {"formantai", "call.failed.json", "variant"},
    {"formantai", "call.busy.json", "unmappable"},
    {"formantai", "call.busy.json", "malformed"},
    {"formantai", "call.no_answer.json", "secret"}, /* row 1 of those */
    {"formantai", "call.busy.json", "rejected"},
    {"formantai", "call.unreachable.json", "spooled"},
    {"formantai", "call.busy.json", "gzip"},
    {"formantai", "call.busy.json", "large"},
    {"atoms", "post-conversation.json", NULL},
    {"atoms-v1", "call.end.json", NULL},
    {"bland", "post-call.json", NULL},
    {"elevenlabs", "post_call_transcription.json", NULL},
    {"elevenlabs", "post_call_audio.json", NULL},
    {"livekit", "room_finished.json", NULL},
    {"plivo", "hangup.form", NULL},
    {"recho", "OUTBOUND_CALL_COMPLETED.with-errors.json", NULL},
    {"retell", "call_analyzed.json", NULL},
    {"standard-webhooks", "call.ended.json", NULL},
    {"synthflow", "post-call.json", NULL},
    {"telnyx", "call.hangup.json", NULL},
    {"twilio", "completed.form", NULL},
    {"twilio", "completed.form", "get"},
    {"ultravox", "call.ended.json", NULL},
    {"vapi", "end-of-call-report.json", NULL},
    {"vapi", "transcript.json", NULL}, /* counted */
    {"vapi", "tool-calls.json", NULL}, /* stored, and answered with 501 */
    {"vonage", "completed.json", NULL},
};

#define DELIVERIES (sizeof(deliveries) / sizeof(deliveries[0]))

size_t
shape_deliveries(void)
{
	return DELIVERIES;
}

/* Not export.xlsx: libxlsxwriter looks at few of its allocations. */
static const char *const pages[] = {"", "?preset=all", "calls?preset=all",
    "calls?preset=all&text=agent", "call/1", "call/2", "results?preset=all",
    "fact?path=parameters/amount_due&preset=all", "callers?preset=all",
    "compare?preset=all", "costs?preset=all", "attention",
    "deliveries?preset=all", "delivery/1", "metrics", "export.csv?preset=all",
    "export.ndjson?preset=all", "event/1", "data", "check", "no/such"};

#define PAGES (sizeof(pages) / sizeof(pages[0]))

size_t
shape_pages(void)
{
	return PAGES;
}

static const struct command {
	bool writes;
	const char *arg[7];
	const char *config; /* NULL: callbook.conf */
	int status; /* that it ends with */
	bool once; /* refuses what a run before has begun */
	const char *warning; /* a success with it may tell less */
} commands[] = {
    {.arg = {"provider", "list"}}, /* first: see main() */
    {.arg = {"provider", "show", "vapi"}},
    {.arg = {"provider", "check", "vapi", "BODY/vapi/status-update.json"}},
    {.arg = {"provider", "draft", "BODY/bland/post-call.json"}},
    /* The clock is not right. */
    {.arg = {"check", "--deep"}, .status = 1},
    {.arg = {"export"}},
    {.arg = {"export", "--raw"}},
    {.arg = {"show", "CALL"}},
    {.arg = {"show", "--json", "CALL"}},
    {.arg = {"quarantine", "list"}},
    {.arg = {"quarantine", "show", "1"}},
    {.arg = {"send", "--print-curl", "--source", "formantai",
	 "BODY/formantai/call.busy.json"}},
    {.arg = {"forget", "--call", "CALL", "--dry-run"}},
    {.writes = true, .arg = {"backup", "-"}},
    {.writes = true, .arg = {"copy", "--to", COPY, "--last"}},
    /* One restores because the disk cannot be read. */
    {.writes = true,
	.arg = {"restore", BACKUP},
	.warning = "could not be counted"},
    {.writes = true, .arg = {"report", "--html", FILES, "--preset", "all"}},
    {.writes = true,
	.arg = {"report", "--person", "+917014675791", FILES},
	.config = "full.conf"},
    {.writes = true, .arg = {"forget", "--call", "CALL", "--yes"}},
    {.writes = true, .arg = {"tend"}},
    /* A row stays. */
    {.writes = true, .arg = {"quarantine", "requeue", "--all"}, .status = 1},
    {.writes = true, .arg = {"quarantine", "requeue", "--rejected", "1"}},
    {.writes = true, .arg = {"rebuild"}},
    {.arg = {"spool", "list"}, .config = "spool.conf"},
    {.writes = true, .arg = {"spool", "flush"}, .config = "spool.conf"},
    {.writes = true,
	.arg = {"demo", "--calls", "1", "--days", "1"},
	.config = "demo.conf",
	.once = true},
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

size_t
shape_commands(void)
{
	return COMMANDS;
}

static char *
text(const char *format, const char *a, const char *b)
{
	struct buf t = {0};

	if (b == NULL)
		buf_printf(&t, "%s%s", format, a);
	else
		buf_printf(&t, "%s%s=%s", format, a, b);
	if (t.failed)
		die("text");
	return t.data;
}

static void
add_env(struct shape *s, const char *name, const char *value)
{
	size_t n = 0;

	while (s->env[n] != NULL)
		n++;
	if (n + 1 == ENV_MAX)
		die("environment");
	s->env[n] = text("", name, value);
}

/* The headers of a proof, lines `Name: value`, as variables. */
static void
add_headers(struct shape *s, const char *line)
{
	while (*line != '\0') {
		char name[128], value[4096];
		size_t n = strcspn(line, "\n"), colon = strcspn(line, ":");

		snprintf(value, sizeof(value), "%.*s", (int)(n - colon - 2),
		    line + colon + 2);
		snprintf(name, sizeof(name), "HTTP_%.*s", (int)colon, line);
		for (char *c = name; *c != '\0'; c++)
			*c = *c == '-'		     ? '_'
			    : *c >= 'a' && *c <= 'z' ? (char)(*c - 32)
						     : *c;
		add_env(s, name, value);
		line += n + (line[n] == '\n');
	}
}

static void
compress_body(struct buf *b)
{
	z_stream z = {0};
	unsigned char out[65536];
	size_t n;

	z.next_in = (unsigned char *)b->data;
	z.avail_in = (unsigned)b->len;
	z.next_out = out;
	z.avail_out = sizeof(out);
	if (deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, 0) != Z_OK ||
	    deflate(&z, Z_FINISH) != Z_STREAM_END)
		die("gzip");
	n = z.total_out;
	(void)deflateEnd(&z);
	buf_free(b);
	buf_add(b, out, n);
}

/*
 * What makes the buffers of readers and writers grow: long names, texts and
 * numbers, escapes, many members and items.
 */
static void
make_large(struct buf *b)
{
	buf_reset(b, 0);
	buf_puts(b,
	    "{\"event_id\":\"evt-large\",\"event_type\":\"call.completed\","
	    "\"timestamp\":\"2026-05-12T10:24:00.000Z\",\"data\":{\"call\":{"
	    "\"conversation_id\":\"call-large\"},\"results\":{");
	for (int i = 0; i < 60; i++)
		buf_printf(b,
		    "\"name %d \\u00fc %0200d\":\"text \\u20ac\\n%0300d\","
		    "\"n%d\":[%d.00000000000000000000000000000000000000001,"
		    "{\"m\":%d}],",
		    i, i, i, i, i, i);
	buf_puts(b, "\"last\":true}}}");
}

static void
change_body(struct buf *b, const char *kind)
{
	if (strcmp(kind, "variant") == 0)
		buf_puts(b, "\n");
	else if (strcmp(kind, "gzip") == 0)
		compress_body(b);
	else if (strcmp(kind, "large") == 0)
		make_large(b);
	else if (strcmp(kind, "unmappable") == 0) {
		buf_reset(b, 0);
		buf_puts(b, "{\"what\":1}");
	} else if (strcmp(kind, "malformed") == 0)
		b->data[--b->len] = '\0';
}

static const struct config_source *
source_of(const struct config *c, const char *name)
{
	const struct config_source *s = config_source(c, name, strlen(name));

	if (s == NULL)
		die(name);
	return s;
}

/* Sign it as the platform does. */
static void
sign(struct shape *s, const struct config *c, const struct providers *ps,
    const char *source)
{
	const struct config_source *cs = source_of(c, source);
	const struct provider *p = providers_find(ps, source);
	struct buf why = {0};
	struct auth *a = p == NULL ? NULL : auth_new(p, cs, &why);
	struct auth_proof proof = {0};
	struct message m = {.env = s->env,
	    .content_type = "",
	    .body = buf_str(&s->body),
	    .len = s->body.len};
	char key[PATH_SIZE];

	m.content_type = message_env(&m, "CONTENT_TYPE");
	path_in(key, root,
	    strcmp(source, "telnyx") == 0 ? "ed25519.pem" : "rsa.pem");
	if (a == NULL || auth_sign(a, key, &m, NOW * 1000, &proof, &why) != 0) {
		fprintf(stderr, "nth: %s: %s\n", source, buf_str(&why));
		exit(2);
	}
	add_headers(s, buf_str(&proof.headers));
	auth_proof_free(&proof);
	auth_free(a);
	buf_free(&why);
}

void
shape_delivery(struct shape *s, size_t i, const struct config *c,
    const struct providers *ps)
{
	const struct delivery *d = &deliveries[i];
	const char *kind = d->kind == NULL ? "" : d->kind;
	const bool get = strcmp(kind, "get") == 0;
	const bool form = strstr(d->file, ".form") != NULL;
	char path[PATH_SIZE], length[24];

	snprintf(s->name, sizeof(s->name), "delivery/%s/%s%s%s", d->source,
	    d->file, d->kind == NULL ? "" : "/", kind);
	s->program = "callbook.fcgi";
	/* The store is away, or the secret another. */
	snprintf(s->config, sizeof(s->config), "%s.conf",
	    strcmp(kind, "spooled") == 0      ? "away"
		: strcmp(kind, "secret") == 0 ? "wrong"
					      : d->source);
	s->writes = true;
	snprintf(path, sizeof(path), "%s/providers/%s/%s", TEST_DATA, d->source,
	    d->file);
	read_file(path, &s->body);
	while (form && s->body.len > 0 && s->body.data[s->body.len - 1] == '\n')
		s->body.data[--s->body.len] = '\0';
	change_body(&s->body, kind);
	add_env(s, "GATEWAY_INTERFACE", "CGI/1.1");
	add_env(s, "REQUEST_METHOD", get ? "GET" : "POST");
	add_env(s, "PATH_INFO", text("/", d->source, NULL));
	add_env(s, "QUERY_STRING", get ? buf_str(&s->body) : "");
	if (get)
		buf_free(&s->body);
	else
		add_env(s, "CONTENT_TYPE",
		    form ? "application/x-www-form-urlencoded"
			 : "application/json");
	snprintf(length, sizeof(length), "%zu", s->body.len);
	add_env(s, "CONTENT_LENGTH", length);
	sign(s, c, ps, d->source);
	/* After it was signed. */
	if (strcmp(kind, "rejected") == 0)
		s->body.data[s->body.len / 2] ^= 1;
}

void
shape_page(struct shape *s, size_t i)
{
	const char *page = pages[i];
	const size_t n = strcspn(page, "?");
	char path[PATH_SIZE];

	snprintf(s->name, sizeof(s->name), "page/%s", page);
	snprintf(path, sizeof(path), "/%.*s", (int)n, page);
	s->program = "report.cgi";
	s->checks = strcmp(page, "check") == 0;
	/* Where the index of words is damaged, all texts are searched. */
	if (strstr(page, "text=") != NULL)
		s->warning = "search: database disk image is malformed";
	if (strncmp(page, "event/", 6) == 0)
		snprintf(s->config, sizeof(s->config), "full.conf");
	add_env(s, "GATEWAY_INTERFACE", "CGI/1.1");
	add_env(s, "REQUEST_METHOD", "GET");
	add_env(s, "REMOTE_USER", "owner");
	add_env(s, "PATH_INFO", path);
	add_env(s, "QUERY_STRING", page + n + (page[n] == '?'));
}

/* The id of the first call of the site. */
static char *
first_call(const char *site)
{
	sqlite3 *db = NULL;
	sqlite3_stmt *s = NULL;
	char path[PATH_SIZE], *id = NULL;

	path_in(path, site, "callbook.db");
	if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE, NULL) ==
		SQLITE_OK &&
	    sqlite3_prepare_v2(db, "SELECT id FROM call WHERE number = 1", -1,
		&s, NULL) == SQLITE_OK &&
	    sqlite3_step(s) == SQLITE_ROW)
		id = text("", (const char *)sqlite3_column_text(s, 0), NULL);
	sqlite3_finalize(s);
	sqlite3_close(db);
	if (id == NULL)
		die("no call");
	return id;
}

static void
make_command(struct shape *s, const struct command *c, const char *site)
{
	snprintf(s->name, sizeof(s->name), "command");
	s->program = "callbook";
	s->writes = c->writes;
	if (c->config != NULL)
		snprintf(s->config, sizeof(s->config), "%s", c->config);
	s->checks = strcmp(c->arg[0], "check") == 0;
	s->status = c->status;
	s->once = c->once;
	s->warning = c->warning;
	for (size_t i = 0; c->arg[i] != NULL; i++) {
		const char *a = c->arg[i];
		size_t n = strlen(s->name);

		snprintf(s->name + n, sizeof(s->name) - n, "%s%s",
		    i == 0 ? "/" : " ", a);
		if (strncmp(a, "BODY/", 5) == 0)
			s->arg[i] = text(TEST_DATA "/providers/", a + 5, NULL);
		else if (strcmp(a, "CALL") == 0)
			s->arg[i] = first_call(site);
		else
			s->arg[i] = text("", a, NULL);
	}
}

void
shape_command(struct shape *s, size_t i, const char *site)
{
	make_command(s, &commands[i], site);
}

void
shape_backup(struct shape *s)
{
	static const struct command c = {.arg = {"backup", BACKUP}};

	make_command(s, &c, "");
}

void
shape_free(struct shape *s)
{
	for (size_t i = 0; s->env[i] != NULL; i++)
		free(s->env[i]);
	for (size_t i = 0; s->arg[i] != NULL; i++)
		free(s->arg[i]);
	buf_free(&s->body);
}

/* --- an installation ------------------------------------------------------ */

static void
write_keys(const char *dir, const char *name, EVP_PKEY *key)
{
	char path[PATH_SIZE], file[64];
	FILE *f;

	snprintf(file, sizeof(file), "%s.pem", name);
	path_in(path, root, file);
	if (key == NULL || (f = fopen(path, "w")) == NULL ||
	    PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL) != 1 ||
	    fclose(f) != 0)
		die(path);
	snprintf(file, sizeof(file), "%s-public.pem", name);
	path_in(path, dir, file);
	if ((f = fopen(path, "w")) == NULL || PEM_write_PUBKEY(f, key) != 1 ||
	    fclose(f) != 0)
		die(path);
	EVP_PKEY_free(key);
}

#define HEAD(lines)                                     \
	"[callbook]\nurl = https://example.org\n" lines \
	"\n[report]\naccess = public\n"
#define SECRET "secret_file = secret"

static void
add_source(struct buf *conf, const char *s)
{
	const char *key = SECRET;

	if (strcmp(s, "recho") == 0)
		key = "key_file = rsa-public.pem";
	else if (strcmp(s, "telnyx") == 0)
		key = "key_file = ed25519-public.pem";
	else if (strcmp(s, "standard-webhooks") == 0)
		key = "secret_file = base64";
	buf_printf(conf, "\n[source %s]\nprovider = %s\n%s\n", s, s, key);
	if (strcmp(s, "elevenlabs") == 0)
		buf_puts(conf, "drop_bulk = yes\n");
}

/* A configuration that begins with other lines, and then has the sources. */
static void
write_config(
    const char *dir, const char *name, const char *head, const char *sources)
{
	struct buf b = {0};

	buf_puts(&b, head);
	buf_puts(&b, sources);
	if (b.failed)
		die(name);
	write_file(dir, name, buf_str(&b), b.len);
	buf_free(&b);
}

/* Configurations, secrets and keys, with a source for each platform. */
void
site_make(const char *dir)
{
	static const char secret[] = "a secret of these tests\n";
	static const char base64[] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw\n";
	struct buf all = {0};
	const char *last = "";
	char name[40];

	if (mkdir(dir, 0700) != 0)
		die(dir);
	write_file(dir, "secret", secret, strlen(secret));
	write_file(dir, "base64", base64, strlen(base64));
	write_keys(dir, "rsa", EVP_RSA_gen(2048));
	write_keys(dir, "ed25519", EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"));
	for (size_t i = 0; i < DELIVERIES; i++) {
		struct buf one = {0};

		if (strcmp(deliveries[i].source, last) == 0)
			continue;
		last = deliveries[i].source;
		add_source(&all, last);
		/* A receiver that has this one alone is ready sooner. */
		add_source(&one, last);
		snprintf(name, sizeof(name), "%s.conf", last);
		write_config(dir, name, HEAD(""), buf_str(&one));
		buf_free(&one);
	}
	write_config(dir, "callbook.conf", HEAD(""), buf_str(&all));
	/* Bodies are told to nobody else. */
	write_config(
	    dir, "full.conf", HEAD("") "phones = full\n", buf_str(&all));
	write_config(
	    dir, "spool.conf", HEAD("spool = " SPOOL "\n"), buf_str(&all));
	write_config(dir, "away.conf",
	    HEAD("store = away/callbook.db\nspool = " SPOOL "\n"),
	    "\n[source formantai]\nprovider = formantai\n" SECRET "\n");
	write_config(dir, "wrong.conf", HEAD(""),
	    "\n[source formantai]\nprovider = formantai\n"
	    "secret_file = base64\n");
	write_config(dir, "demo.conf", HEAD("store = " COPY "\n"),
	    "\n[source formantai]\nprovider = formantai\n" SECRET "\n");
	buf_free(&all);
}
