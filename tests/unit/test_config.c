/*
 * The configuration: what each key takes, and the line and reason of every
 * fault.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/config.h"
#include "base/server.h"
#include "scratch.h"

#define SOURCE "[source a]\nprovider = p\nauth = none\n"

static struct scratch scratch;
static char file[160];

static void
put(const char *name, const char *text, size_t n, mode_t mode)
{
	char path[160];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", scratch.dir, name);
	(void)unlink(path);
	assert_non_null(f = fopen(path, "w"));
	assert_int_equal(fwrite(text, 1, n, f), n);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, mode), 0);
}

/* Load text as a configuration; *why is to be freed. */
static struct config *
load(const char *text, size_t n, struct buf *why)
{
	put("callbook.conf", text, n, 0644);
	return config_load(file, why);
}

static void
test_everything_is_read(void **state)
{
	const char *text = "\xef\xbb\xbf; a comment\r\n"
			   "[callbook]\r\n"
			   "store = data/cb.db ; inside the folder\r\n"
			   "  durability=normal\r\n"
			   "timezone : Asia/Kolkata\r\n"
			   "max_body = 2M\r\n"
			   "providers_dir = /srv/defs\r\n"
			   "spool = kept\r\nspool_max = 2G\r\n"
			   "url = https://example.org/callbook/\r\n"
			   "[report]\r\n"
			   "access = public\r\n"
			   "phones = full\r\n"
			   "# another\r\n"
			   "[source sales] ; here\r\n"
			   "provider = formantai\r\n"
			   "secret_file = s.secret\r\n"
			   "answer = 204\r\n"
			   "drop_bulk = yes\r\n"
			   "drop = body ,facts:a/b/*,transcript\r\n"
			   "zone = Asia/Tokyo\r\n"
			   "[source open.one]\r\n"
			   "provider = recho\r\n"
			   "auth = none";
	const struct config_source *s;
	struct buf why = {0};
	struct config *c;
	char path[160];

	(void)state;
	put("s.secret", "x\n", 2, 0640);
	c = load(text, strlen(text), &why);
	assert_string_equal(buf_str(&why), "");
	assert_non_null(c);
	(void)snprintf(path, sizeof(path), "%s/data/cb.db", scratch.dir);
	assert_string_equal(c->store, path);
	assert_int_equal(c->durability, DURABILITY_NORMAL);
	assert_string_equal(c->timezone, "Asia/Kolkata");
	assert_int_equal(c->max_body, 2 * 1024 * 1024);
	assert_string_equal(c->providers_dir, "/srv/defs");
	assert_non_null(strstr(c->spool, "/kept"));
	assert_int_equal(c->spool_max, 2LL * 1024 * 1024 * 1024);
	assert_string_equal(c->url, "https://example.org/callbook");
	assert_int_equal(c->access, ACCESS_PUBLIC);
	assert_int_equal(c->phones, PHONES_FULL);
	assert_int_equal(c->sources, 2);
	assert_non_null(s = config_source(c, "sales/x", 5));
	(void)snprintf(path, sizeof(path), "%s/s.secret", scratch.dir);
	assert_string_equal(s->secret_file, path);
	assert_int_equal(s->answer, 204);
	assert_true(s->drop_bulk);
	assert_string_equal(s->zone_name, "Asia/Tokyo");
	assert_int_equal(zone_instant(s->zone, 9 * 3600), 0);
	assert_int_equal(s->line, 15);
	assert_string_equal(
	    config_drop(c, "sales"), "body, facts:a/b, transcript");
	assert_true(config_drops(s->drop, "transcript"));
	assert_false(config_drops(s->drop, "facts"));
	assert_string_equal(config_drop(c, "open.one"), "");
	assert_null(s->auth);
	assert_null(config_source(c, "sale", 4));
	assert_null(config_source(c, "", 0));
	assert_non_null(s = config_source(c, "open.one", 8));
	assert_null(s->zone);
	config_free(c);
	buf_free(&why);
}

/* What tells something of another thing goes no later than that. */
static void
test_how_long_things_are_kept(void **state)
{
	const int64_t day = (int64_t)24 * 60 * 60 * 1000;
	const char *text =
	    "[callbook]\nkeep_bodies = 90d\nkeep_calls = 2y\n" SOURCE
	    "keep_bodies = forever\nkeep_transcripts = 12mo\n"
	    "[source b]\nprovider = p\nauth = none\nkeep_rejected = 7d\n";
	static const char *const bad[] = {
	    "90", "d", "0d", "90 days", "-1d", "1w", "36501d", "Forever"};
	struct buf why = {0};
	struct config *c;

	(void)state;
	c = load(text, strlen(text), &why);
	assert_string_equal(buf_str(&why), "");
	assert_int_equal(config_keep(c, "b", KEEP_BODIES), 90 * day);
	assert_int_equal(config_keep(c, "a", KEEP_TRANSCRIPTS), 365 * day);
	assert_int_equal(config_keep(c, "a", KEEP_BODIES), 365 * day);
	assert_int_equal(config_keep(c, "a", KEEP_FACTS), 730 * day);
	assert_int_equal(config_keep(c, "b", KEEP_REJECTED), 7 * day);
	assert_true(config_keep(c, "a", KEEP_REJECTED) == CONFIG_KEEP_FOREVER);
	/* One that is not configured any more is as all are. */
	assert_int_equal(config_keep(c, "gone", KEEP_BODIES), 90 * day);
	config_free(c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[100];

		(void)snprintf(line, sizeof(line),
		    "[callbook]\nkeep_facts = %s\n", bad[i]);
		assert_null(load(line, strlen(line), &why));
		assert_non_null(strstr(buf_str(&why),
		    ":2: keep_facts is how long, in days, months or years"));
		buf_reset(&why, SIZE_MAX);
	}
	buf_free(&why);
}

/* A path stands for what is beneath it too, and for no other path. */
static void
test_which_facts_are_hidden(void **state)
{
	const char
	    *text = "[report]\n"
		    "facts_hidden = parameters/* , a b/c,results/x\n" SOURCE
		    "[login b]\nsources = a\n"
		    "facts_hidden = none\n";
	static const char *const yes[] = {"parameters/customer/name",
	    "parameters/x", "parameters", "a b/c", "a b/c/d", "results/x"};
	static const char *const no[] = {"parameter", "parameters2/x",
	    "results", "results/xy", "results/X", "a b", "c", ""};
	static const char *const bad[] = {
	    "*", "a*", "/a", "a/", "a/*/b", "a, b*", ",", "a, /*"};
	struct buf why = {0};
	struct config *c;

	(void)state;
	c = load(text, strlen(text), &why);
	assert_string_equal(buf_str(&why), "");
	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++)
		assert_true(config_hides(c->facts_hidden, yes[i]));
	for (size_t i = 0; i < sizeof(no) / sizeof(no[0]); i++)
		assert_false(config_hides(c->facts_hidden, no[i]));
	assert_string_equal(c->login[0].facts_hidden, "");
	assert_false(config_hides(c->login[0].facts_hidden, "parameters"));
	assert_false(config_hides(NULL, "parameters"));
	config_free(c);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		char line[100];

		(void)snprintf(line, sizeof(line),
		    "[report]\nfacts_hidden = %s\n", bad[i]);
		assert_null(load(line, strlen(line), &why));
		assert_non_null(strstr(buf_str(&why),
		    ":2: facts_hidden is paths of facts, such as"));
		buf_reset(&why, SIZE_MAX);
	}
	buf_free(&why);
}

/* A source's public address, and members of the platform's scheme. */
static void
test_what_a_source_says_of_its_signatures(void **state)
{
	const char *text = "[callbook]\nurl = https://h/cb/\n" SOURCE
			   "[source b]\nprovider = p\nauth = none\n"
			   "url = https://other/hook/\n"
			   "[source c]\nprovider = p\nsecret_file = s.secret\n"
			   "auth_header = X-Sig\nauth_prefix = sha256=\n"
			   "auth_signed = {time}.{body}\n"
			   "auth_tolerance = 60\n";
	const char *bad = SOURCE "auth_hash = sha1\n"
				 "[source b]\nprovider = p\n"
				 "secret_file = s.secret\nauth_nothing = 1\n"
				 "url = hooks\n";
	struct buf why = {0};
	struct config *c;

	(void)state;
	put("s.secret", "x\n", 2, 0640);
	c = load(text, strlen(text), &why);
	assert_string_equal(buf_str(&why), "");
	assert_non_null(c);
	assert_string_equal(c->source[0].url, "https://h/cb/a");
	assert_string_equal(c->source[1].url, "https://other/hook/");
	assert_string_equal(c->source[2].url, "https://h/cb/c");
	assert_null(c->source[0].auth_member[CONFIG_AUTH_HEADER]);
	assert_string_equal(
	    c->source[2].auth_member[CONFIG_AUTH_HEADER], "X-Sig");
	assert_string_equal(
	    c->source[2].auth_member[CONFIG_AUTH_PREFIX], "sha256=");
	assert_string_equal(
	    c->source[2].auth_member[CONFIG_AUTH_SIGNED], "{time}.{body}");
	assert_string_equal(
	    c->source[2].auth_member[CONFIG_AUTH_TOLERANCE], "60");
	config_free(c);
	assert_null(load(bad, strlen(bad), &why));
	assert_non_null(strstr(buf_str(&why), "take out the auth_ keys"));
	assert_non_null(strstr(buf_str(&why), ":8: no key \"auth_nothing\""));
	assert_non_null(strstr(buf_str(&why), ":9: url is written http"));
	buf_free(&why);
}

static void
test_defaults(void **state)
{
	struct buf why = {0};
	struct config *c = load("", 0, &why);
	char path[160];

	(void)state;
	assert_non_null(c);
	(void)snprintf(path, sizeof(path), "%s/callbook.db", scratch.dir);
	assert_string_equal(c->store, path);
	assert_string_equal(c->timezone, "UTC");
	assert_int_equal(c->durability, DURABILITY_FULL);
	assert_int_equal(c->access, ACCESS_LOGIN);
	assert_int_equal(c->phones, PHONES_MASKED);
	assert_int_equal(c->max_body, CONFIG_BODY_MAX_DEFAULT);
	assert_null(c->spool);
	assert_int_equal(c->spool_max, CONFIG_SPOOL_MAX_DEFAULT);
	assert_null(c->url);
	config_free(c);
}

/* A file, and what its faults contain, one string for each. */
static const struct {
	const char *text;
	const char *faults[4];
} faulty[] = {
    {"store = x\n", {":1: store stands before any [SECTION]"}},
    {"[callbook]\nstor = x\n", {":2: no key \"stor\" in [callbook]"}},
    {"[callbook]\nstore = a\nstore = b\n", {":3: store was there before"}},
    {"[callbook]\nstore =\n", {":2: store has no value"}},
    {"[callbook]\nstore = ; no\n", {":2: store has no value"}},
    {"[callbook]\n[report]\n[callbook]\n", {":3: [callbook] was there"}},
    {"[callbok]\nstore = x\n", {":1: no section [callbok]"}},
    {"[callbook\n", {":1: a section is written [NAME]"}},
    {"[callbook] x\n", {":1: something follows"}},
    {"[callbook]\nstore\n", {":2: the line is not KEY = VALUE"}},
    {"[callbook]\nstore = a\n  b\n", {":3: the line is not KEY = VALUE"}},
    {"[callbook]\nstore = a\n  b = c\n", {":3: no key \"b\""}},
    {"[callbook]\nstore = \xff\n", {":2: the line is not UTF-8"}},
    {"[callbook]\ndurability = very\n", {":2: durability is full or normal"}},
    {"[callbook]\nmax_body = 1\n", {":2: max_body is a number of bytes"}},
    {"[callbook]\nspool_max = 63K\n", {":2: spool_max is a number of bytes"}},
    {"[callbook]\nmax_body = 65M\n", {":2: max_body is a number of bytes"}},
    {"[callbook]\ntimezone = ../../etc/passwd\n", {":2: timezone:"}},
    {"[source a]\nprovider = vapi\nauth = none\nzone = Asia/Atlantis\n",
	{":4: zone: this system knows no time zone \"Asia/Atlantis\""}},
    {"[callbook]\nurl = ftp://x\n", {":2: url is written"}},
    {"[callbook]\nurl = https://\n", {":2: url is written"}},
    {"[callbook]\nurl = http://x/\"><b>\n", {":2: url is written"}},
    {"[report]\naccent = red\ntitle = "
     "1234567890123456789012345678901234567890123456789012345678901\n"
     "logo = none.png\n",
	{":2: accent is written #rrggbb", ":3: title has more than 60 bytes",
	    ":4: logo: cannot open"}},
    {SOURCE "[login b]\nsources = a, c\n",
	{":4: [login b] sources: there is no [source c]"}},
    {SOURCE "[login b]\nphones = full\n[login b]\nsources = ,\n[login ]\n",
	{":4: [login b] does not say what it may see",
	    ":6: [login b] was there before, on line 4",
	    ":8: the name of a login has 1 to 255 bytes"}},
    {SOURCE "[login b]\nsources = ,\n", {":4: [login b] sources names none"}},
    {"[report]\naccess = all\nphones = no\n",
	{":2: access is login or public", ":3: phones is full or masked"}},
    {"[source]\n", {":1: no section [source]"}},
    {"[source ]\n", {":1: the name of a source"}},
    {"[source a b]\n", {":1: the name of a source"}},
    {"[source a/b]\n", {":1: the name of a source"}},
    {"[source .a]\n", {":1: the name of a source"}},
    {"[source healthz]\n", {":1: a source can not have the name healthz"}},
    {SOURCE SOURCE, {":4: [source a] was there before, on line 1"}},
    {SOURCE "answer = 201\n", {":4: answer is 200 or 204"}},
    {SOURCE "answer = 200x\n", {":4: answer is 200 or 204"}},
    {SOURCE "drop_bulk = true\n", {":4: drop_bulk is no or yes"}},
    {SOURCE "drop = transcript, transcrypt\n",
	{":4: drop is what is never stored: transcript, summary, recording, "
	 "body, facts, or a fact, such as facts:parameters/customer_name, "
	 "with commas between them, or none; \"transcrypt\" is none of these"}},
    {SOURCE "drop = facts:\n", {":4: drop is", "\"facts:\" is none"}},
    {SOURCE "drop = facts:/a\n", {":4: drop is"}},
    {SOURCE "drop = facts:a/\n", {":4: drop is"}},
    {SOURCE "drop = facts:a/*/b\n", {":4: drop is"}},
    {"[callbook]\ndrop = none, body\n", {":2: drop is", "\"none\" is none"}},
    {"[source a]\n", {"a] names no platform", "auth = none"}},
    {"[source a]\nprovider = p\n", {":1: [source a] does not say"}},
    {SOURCE "secret_file = ok\n", {":1: [source a] contradicts itself"}},
    {SOURCE "key_file = ok\n", {":1: [source a] contradicts itself"}},
    {"[source a]\nprovider = p\nsecret_file = none\n",
	{":3: secret_file: cannot open the file that it names: No such "
	 "file or directory (the value is a path, not the content)"}},
    {"[source a]\nprovider = p\nsecret_file = .\n", {"is not a file"}},
    {"[source a]\nprovider = p\nsecret_file = open\n", {"chmod 600"}},
    {"[source a]\nprovider = p\nsecret_file = writable\n", {"chmod 600"}},
    {"[source a]\nprovider = p\nkey_file = writable\n", {"chmod 644"}},
    {"[callbook]\nx = 1\nurl = y\n[foo]\n[source b]\nz\n",
	{":2: no key", ":3: url", ":4: no section", ":6: the line is"}},
};

static void
test_faults_are_told_by_line(void **state)
{
	size_t i, k;

	(void)state;
	put("ok", "x\n", 2, 0600);
	put("open", "x\n", 2, 0604);
	put("writable", "x\n", 2, 0602);
	for (i = 0; i < sizeof(faulty) / sizeof(faulty[0]); i++) {
		struct buf why = {0};

		if (load(faulty[i].text, strlen(faulty[i].text), &why) != NULL)
			fail_msg("taken: %s", faulty[i].text);
		assert_int_equal(strncmp(buf_str(&why), file, strlen(file)), 0);
		assert_int_not_equal(why.data[why.len - 1], '\n');
		for (k = 0; k < 4 && faulty[i].faults[k] != NULL; k++)
			if (strstr(why.data, faulty[i].faults[k]) == NULL)
				fail_msg("\"%s\" is not in: %s",
				    faulty[i].faults[k], why.data);
		buf_free(&why);
	}
}

static void
test_a_key_file_may_be_read_by_all(void **state)
{
	const char *text = "[source a]\nprovider = p\nkey_file = pem\n";
	struct buf why = {0};
	struct config *c;

	(void)state;
	put("pem", "x\n", 2, 0644);
	assert_non_null(c = load(text, strlen(text), &why));
	config_free(c);
}

/* Names of a store that hold the password "hunter2", as libpq reads them. */
static const char *const with_password[] = {
    "postgresql://callbook:hunter2@db1,db2/callbook",
    "postgres://:hunter2@db1",
    "postgresql://callbook:hunter2?x@db1/callbook",
    "postgresql://callbook@db1/callbook?password=hunter2",
    "postgresql://callbook@db1/callbook?pass%77ord=hunter2",
    "postgresql://db1/callbook?sslpassword=hunter2",
    "host=db1 password=hunter2",
    "host=db1 password = hunter2",
    "host=db1\tpassword=hunter2",
    "host = db1 password='hunter2'",
    "password=hunter2 host=db1",
    "sslmode=require host=db1 password=hunter2",
    "host=db1 sslpassword=hunter2",
};

static void
test_a_password_that_strangers_can_read_is_refused(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof(with_password) / sizeof(*with_password);
	     i++) {
		struct buf text = {0}, why = {0};
		struct config *c;

		buf_printf(&text, "[callbook]\nstore = %s\n", with_password[i]);
		put("callbook.conf", text.data, text.len, 0644);
		assert_null(config_load(file, &why));
		assert_non_null(
		    strstr(buf_str(&why), ":2: store holds a password"));
		assert_null(strstr(buf_str(&why), "hunter2"));
		put("callbook.conf", text.data, text.len, 0640);
		buf_reset(&why, SIZE_MAX);
		c = config_load(file, &why);
		assert_string_equal(buf_str(&why), "");
		assert_string_equal(c->store, with_password[i]);
		assert_string_equal(server_shown(c->store), "the server");
		config_free(c);
		buf_free(&text);
		buf_free(&why);
	}
}

static void
test_a_server_without_a_password_may_be_read_by_all(void **state)
{
	static const char *const store[] = {
	    "postgresql://callbook@db1:5432,db2/callbook?passfile=/p",
	    "postgresql://db1:5432/callbook?options=-csearch_path%3Da",
	    "service=callbook", "service = callbook",
	    "host=db1 port=5432 require_auth=password"};

	(void)state;
	for (size_t i = 0; i < sizeof(store) / sizeof(*store); i++) {
		struct buf text = {0}, why = {0};
		struct config *c;

		buf_printf(&text, "[callbook]\nstore = %s\n", store[i]);
		c = load(text.data, text.len, &why);
		assert_string_equal(buf_str(&why), "");
		assert_string_equal(c->store, store[i]);
		config_free(c);
		buf_free(&text);
	}
}

static void
test_a_store_of_another_kind_is_not_repeated(void **state)
{
	static const char *const store[] = {"mysql://callbook:hunter2@db1/c",
	    "POSTGRESQL://callbook:hunter2@db1/c",
	    "postgresql+psycopg2://callbook:hunter2@db1/c",
	    "postgresql://callbook:hunter2/x@db1/c", "file:///hunter2"};

	(void)state;
	for (size_t i = 0; i < sizeof(store) / sizeof(*store); i++) {
		struct buf text = {0}, why = {0};

		buf_printf(&text, "[callbook]\nstore = %s\n", store[i]);
		put("callbook.conf", text.data, text.len, 0600);
		assert_null(config_load(file, &why));
		assert_non_null(strstr(buf_str(&why), ":2: store "));
		assert_null(strstr(buf_str(&why), "hunter2"));
		buf_free(&text);
		buf_free(&why);
	}
}

/* A line of the greatest length is whole, one byte more is not cut. */
static void
test_long_lines(void **state)
{
	const char *head = "[callbook]\nstore = /";
	const size_t line = strlen("store = /");
	struct buf text = {0}, why = {0};
	struct config *c;

	(void)state;
	buf_puts(&text, head);
	while (text.len < strlen(head) + CONFIG_LINE_MAX - line)
		buf_puts(&text, "x");
	buf_puts(&text, "\r\n");
	c = load(text.data, text.len, &why);
	assert_non_null(c);
	assert_int_equal(strlen(c->store), CONFIG_LINE_MAX - line + 1);
	config_free(c);

	text.data[text.len - 2] = 'x';
	assert_null(load(text.data, text.len, &why));
	assert_non_null(strstr(buf_str(&why), ":2: the line is longer"));
	buf_free(&text);
	buf_reset(&why, 0);
	assert_null(load("[callbook]\nstore = a\0b\n", 23, &why));
	assert_non_null(strstr(buf_str(&why), ":2: the line is not UTF-8"));
	buf_free(&why);
}

static void
test_names_of_the_greatest_length_differ(void **state)
{
	struct buf text = {0}, why = {0};
	struct config *c;
	int i;

	(void)state;
	for (i = 0; i < 2; i++)
		buf_printf(&text,
		    "[source %063d%d]\nprovider = p\nauth = none\n", 0, i);
	c = load(text.data, text.len, &why);
	assert_string_equal(buf_str(&why), "");
	assert_non_null(c);
	assert_int_equal(c->sources, 2);
	config_free(c);
	buf_free(&text);
}

static void
test_faults_are_bounded(void **state)
{
	struct buf text = {0}, why = {0};
	size_t i, lines = 1;

	(void)state;
	for (i = 0; i < 5000; i++)
		buf_puts(&text, "nonsense\n");
	assert_null(load(text.data, text.len, &why));
	for (i = 0; i < why.len; i++)
		lines += why.data[i] == '\n';
	assert_int_equal(lines, CONFIG_FAULTS_MAX + 1);
	buf_free(&text);
	buf_free(&why);
}

static void
test_no_file(void **state)
{
	struct buf why = {0};

	(void)state;
	assert_null(config_load("/nonexistent/callbook.conf", &why));
	assert_string_equal(buf_str(&why),
	    "/nonexistent/callbook.conf: No such file or directory; name "
	    "another by -c or CALLBOOK_CONFIG");
	buf_reset(&why, 0);
	assert_null(config_load(scratch.dir, &why));
	assert_non_null(strstr(buf_str(&why), "not a file"));
	buf_free(&why);
}

static void
test_where_it_is_looked_for(void **state)
{
	char cwd[512], want[600];
	char *path;

	(void)state;
	assert_non_null(getcwd(cwd, sizeof(cwd)));
	(void)snprintf(want, sizeof(want), "%s/x.conf", cwd);
	assert_int_equal(setenv("CALLBOOK_CONFIG", "/env.conf", 1), 0);
	path = config_find("x.conf");
	assert_string_equal(path, want);
	free(path);
	path = config_find(NULL);
	assert_string_equal(path, "/env.conf");
	free(path);
	assert_int_equal(unsetenv("CALLBOOK_CONFIG"), 0);
	path = config_find(NULL);
	assert_string_equal(path, "/etc/callbook/callbook.conf");
	free(path);
}

static int
set_up(void **state)
{
	(void)state;
	scratch_make(&scratch);
	(void)snprintf(file, sizeof(file), "%s/callbook.conf", scratch.dir);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	scratch_remove(&scratch);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_everything_is_read),
	    cmocka_unit_test(test_how_long_things_are_kept),
	    cmocka_unit_test(test_which_facts_are_hidden),
	    cmocka_unit_test(test_what_a_source_says_of_its_signatures),
	    cmocka_unit_test(test_defaults),
	    cmocka_unit_test(test_faults_are_told_by_line),
	    cmocka_unit_test(test_a_key_file_may_be_read_by_all),
	    cmocka_unit_test(
		test_a_password_that_strangers_can_read_is_refused),
	    cmocka_unit_test(
		test_a_server_without_a_password_may_be_read_by_all),
	    cmocka_unit_test(test_a_store_of_another_kind_is_not_repeated),
	    cmocka_unit_test(test_long_lines),
	    cmocka_unit_test(test_names_of_the_greatest_length_differ),
	    cmocka_unit_test(test_faults_are_bounded),
	    cmocka_unit_test(test_no_file),
	    cmocka_unit_test(test_where_it_is_looked_for),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
