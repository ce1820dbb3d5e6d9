/* The bounds that callbook.fcgi(8) names are those of the source. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buf.h"
#include "http/request.h"
/* The store has another of that name. */
#define arrival room_arrival
#include "http/room.h"
#undef arrival
#include "provider/auth.h"
#include "provider/jwt.h"
#include "provider/signed.h"
#include "receiver/receive.h"
#include "store/store.h"

#define PAGE TEST_DATA "/../../src/man/callbook.fcgi.8"
#define NAMED(name)         \
	{                   \
#name, name \
	}

static const struct {
	const char *name;
	int64_t value;
} bound[] = {
    NAMED(AUTH_SECRETS_MAX),
    NAMED(AUTH_SIGNATURES_MAX),
    NAMED(JWT_SIZE_MAX),
    NAMED(SIGNED_COST_MAX),
    NAMED(ROOM_MAX),
    NAMED(ROOM_GRACE_MS),
    NAMED(ROOM_LEAST_RATE),
    NAMED(ROOM_DEADLINE_MS),
    NAMED(ROOM_LINGER_MS),
    NAMED(RECEIVE_PROBES),
    NAMED(REQUEST_KEEP),
    NAMED(RECEIVE_BODY_FREE),
    NAMED(RECEIVE_BODIES_MAX),
    NAMED(RECEIVE_WAIT_MS),
    NAMED(STORE_MISSING_MAX),
    NAMED(STORE_MISSING_BYTES),
    NAMED(STORE_MISSING_BODY_MAX),
    NAMED(STORE_REJECTED_MAX),
    NAMED(STORE_REJECTED_BYTES),
    NAMED(STORE_REJECTED_BODY_MAX),
    NAMED(STORE_REJECTED_HEADERS_MAX),
    NAMED(STORE_REJECTED_BURST),
    NAMED(STORE_REJECTED_PER_SECOND),
    NAMED(STORE_REJECTED_STEP),
    NAMED(STORE_REFUSED_BURST),
    NAMED(STORE_REFUSED_PER_SECOND),
    NAMED(RECEIVE_REJECTED_LINES),
    NAMED(RECEIVE_LOG_EVERY_MS),
    NAMED(ROOM_LOG_EVERY_MS),
};

#define BOUNDS (sizeof(bound) / sizeof(bound[0]))

static void
read_page(struct buf *b)
{
	FILE *f = fopen(PAGE, "r");
	char block[4096];
	size_t n;

	assert_non_null(f);
	while ((n = fread(block, 1, sizeof(block), f)) > 0)
		buf_add(b, block, n);
	fclose(f);
	assert_false(b->failed);
}

/* As the page writes it. */
static void
write_value(const char *name, int64_t n, char out[24])
{
	const size_t len = strlen(name);

	if (strcmp(name + len - 3, "_MS") == 0)
		snprintf(out, 24, "%lld s", (long long)n / 1000);
	else if (n >= 1024 * 1024 && n % (1024 * 1024) == 0)
		snprintf(out, 24, "%lldM", (long long)n / (1024 * 1024));
	else if (n >= 1024 && n % 1024 == 0)
		snprintf(out, 24, "%lldK", (long long)n / 1024);
	else
		snprintf(out, 24, "%lld", (long long)n);
}

static void
the_manual_names_the_bounds_that_are_in_force(void **state)
{
	struct buf page = {0};
	char line[120], value[24];
	size_t named = 0;

	(void)state;
	read_page(&page);
	for (size_t i = 0; i < BOUNDS; i++) {
		write_value(bound[i].name, bound[i].value, value);
		snprintf(line, sizeof(line), "\n.It Dv %s Ta %s Ta ",
		    bound[i].name, value);
		if (strstr(buf_str(&page), line) == NULL)
			fail_msg("%s is %s", bound[i].name, value);
	}
	/* And no others. */
	for (const char *s = buf_str(&page);
	     (s = strstr(s, "\n.It Dv ")) != NULL; s++)
		named += strncmp(s, "\n.It Dv ", 8) == 0 &&
		    strstr(s, " Ta ") < strchr(s + 1, '\n');
	assert_int_equal(named, BOUNDS);
	buf_free(&page);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(the_manual_names_the_bounds_that_are_in_force),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
