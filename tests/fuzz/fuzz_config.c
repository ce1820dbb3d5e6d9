/*
 * fuzz_config - the configuration file.
 *
 * A file is refused with lines that tell where, or is within all limits; what
 * was read of it, written as a file again, is read as the same.
 */
#include "fuzz.h"

#include <sys/stat.h>

#include "base/config.h"

/* In memory: a file is written for each input. */
static char dir[] = "/dev/shm/callbook-fuzz-XXXXXX";
static char file[sizeof(dir) + 20], secret[sizeof(dir) + 20];

static void
remove_files(void)
{
	(void)unlink(file);
	(void)unlink(secret);
	(void)rmdir(dir);
}

static void
write_text(const char *path, const char *s, size_t n)
{
	FILE *f = fopen(path, "w");

	if (f == NULL || fwrite(s, 1, n, f) != n || fclose(f) != 0)
		abort();
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	if (mkdtemp(dir) == NULL || atexit(remove_files) != 0)
		abort();
	(void)snprintf(file, sizeof(file), "%s/callbook.conf", dir);
	(void)snprintf(secret, sizeof(secret), "%s/s", dir);
	write_text(secret, "secret\n", 7);
	return chmod(secret, 0600);
}

static bool
same_text(const char *a, const char *b)
{
	return a == b || (a != NULL && b != NULL && strcmp(a, b) == 0);
}

static const char *const auth_key[CONFIG_AUTH__MAX] = {"signed", "header",
    "prefix", "hash", "encoding", "secret", "secret_prefix", "time_header",
    "time_format", "tolerance"};

/* Without a space: a value may begin with ';', which is a comment after one. */
static void
add(struct buf *b, const char *key, const char *value)
{
	if (value != NULL)
		buf_printf(b, "%s =%s\n", key, value);
}

static void
add_drop(struct buf *b, const char *drop)
{
	add(b, "drop", drop != NULL && *drop == '\0' ? "none" : drop);
}

static void
write_source(const struct config_source *s, struct buf *b)
{
	buf_printf(b, "[source %s]\n", s->name);
	add(b, "provider", s->provider);
	add(b, "auth", s->auth);
	add(b, "secret_file", s->secret_file);
	add(b, "key_file", s->key_file);
	add(b, "url", s->url);
	add(b, "zone", s->zone_name);
	add(b, "answer", s->answer == 204 ? "204" : "200");
	add(b, "drop_bulk", s->drop_bulk ? "yes" : "no");
	add_drop(b, s->drop);
	for (int i = 0; i < CONFIG_AUTH__MAX; i++)
		if (s->auth_member[i] != NULL)
			buf_printf(
			    b, "auth_%s =%s\n", auth_key[i], s->auth_member[i]);
}

static void
write_config(const struct config *c, struct buf *b)
{
	buf_puts(b, "[callbook]\n");
	add(b, "store", c->store);
	add(b, "durability",
	    c->durability == DURABILITY_FULL ? "full" : "normal");
	add(b, "timezone", c->timezone);
	buf_printf(b, "max_body = %lld\n", (long long)c->max_body);
	add(b, "providers_dir", c->providers_dir);
	add(b, "url", c->url);
	add_drop(b, c->drop);
	buf_printf(b, "[report]\naccess = %s\nphones = %s\n",
	    c->access == ACCESS_LOGIN ? "login" : "public",
	    c->phones == PHONES_FULL ? "full" : "masked");
	for (size_t i = 0; i < c->sources; i++)
		write_source(&c->source[i], b);
}

static void
check_same(const struct config *a, const struct config *b)
{
	must(same_text(a->store, b->store));
	must(same_text(a->timezone, b->timezone));
	must(same_text(a->providers_dir, b->providers_dir));
	must(same_text(a->url, b->url));
	must(same_text(a->drop, b->drop));
	must(a->max_body == b->max_body && a->durability == b->durability);
	must(a->access == b->access && a->phones == b->phones);
	must(a->sources == b->sources);
	for (size_t i = 0; i < a->sources; i++) {
		const struct config_source *x = &a->source[i],
					   *y = &b->source[i];

		must(same_text(x->name, y->name));
		must(same_text(x->provider, y->provider));
		must(same_text(x->auth, y->auth));
		must(same_text(x->secret_file, y->secret_file));
		must(same_text(x->url, y->url));
		must(same_text(x->zone_name, y->zone_name));
		must(same_text(x->drop, y->drop));
		must(x->answer == y->answer && x->drop_bulk == y->drop_bulk);
		for (int k = 0; k < CONFIG_AUTH__MAX; k++)
			must(same_text(x->auth_member[k], y->auth_member[k]));
	}
}

static void
check_limits(const struct config *c)
{
	must(c->max_body >= CONFIG_BODY_MAX_MIN &&
	    c->max_body <= CONFIG_BODY_MAX_MAX);
	must(c->sources <= CONFIG_SOURCES_MAX);
	for (size_t i = 0; i < c->sources; i++) {
		const struct config_source *s = &c->source[i];

		must(strlen(s->name) <= CONFIG_SOURCE_NAME_MAX);
		must(s->name[strspn(s->name,
			 "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
			 "abcdefghijklmnopqrstuvwxyz0123456789._-")] == '\0');
		must(s->provider != NULL);
		must(s->answer == 200 || s->answer == 204);
		must(s->auth != NULL || s->secret_file != NULL ||
		    s->key_file != NULL);
		must(config_source(c, s->name, strlen(s->name)) == s);
	}
}

/* Each line tells which file. */
static void
check_reasons(const char *s)
{
	size_t lines = 0;

	for (; *s != '\0'; s += strcspn(s, "\n"), s += *s == '\n') {
		must(strncmp(s, file, strlen(file)) == 0);
		lines++;
	}
	must(lines > 0 && lines <= CONFIG_FAULTS_MAX + 1);
}

static void
read_again(const struct config *c)
{
	struct buf text = {0}, why = {0};
	struct config *d;

	write_config(c, &text);
	write_text(file, text.data, text.len);
	d = config_load(file, &why);
	if (d == NULL) {
		fprintf(stderr, "%s\n%s\n", text.data, buf_str(&why));
		/* An absolute path may be longer than a line. */
		must(strstr(buf_str(&why), "longer than") != NULL);
	} else
		check_same(c, d);
	config_free(d);
	buf_free(&text);
	buf_free(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf why = {0};
	struct config *c;

	write_text(file, (const char *)data, size);
	c = config_load(file, &why);
	if (c == NULL) {
		check_reasons(buf_str(&why));
	} else {
		must(why.len == 0);
		check_limits(c);
		read_again(c);
	}
	config_free(c);
	buf_free(&why);
	return 0;
}
