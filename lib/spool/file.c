/*
 * file - the content of one file of the spool, version 1.
 *
 *   callbook-spool 1 CHECKSUM        SHA-256 of all that follows the line
 *   NAME LENGTH                      then so many bytes and a newline, for
 *                                    each of the members below
 *
 * A name that is not known here is passed over, so that a later Callbook may
 * add one; another version than 1 is left alone.
 */
#include "spool/internal.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/hex.h"
#include "base/number.h"

#define MAGIC "callbook-spool 1 "
#define BINDING_TEXT_SIZE (16 + 4 * EVENT_KEY_SIZE)
#define HEAD_LEN (sizeof(MAGIC) - 1 + DIGEST_TEXT_SIZE) /* with its newline */

enum member {
	MEMBER_SOURCE,
	MEMBER_PROVIDER,
	MEMBER_RECEIVED,
	MEMBER_REMOTE,
	MEMBER_VERIFIED,
	MEMBER_TYPE,
	MEMBER_HEADERS,
	MEMBER_BINDING, /* optional: "CONTENTS SIGNED CONTENT" */
	MEMBER_BODY,
	MEMBER__MAX
};

static const char *const member_name[MEMBER__MAX] = {
    [MEMBER_SOURCE] = "source",
    [MEMBER_PROVIDER] = "provider",
    [MEMBER_RECEIVED] = "received",
    [MEMBER_REMOTE] = "remote",
    [MEMBER_VERIFIED] = "verified",
    [MEMBER_TYPE] = "type",
    [MEMBER_HEADERS] = "headers",
    [MEMBER_BINDING] = "binding",
    [MEMBER_BODY] = "body",
};

static void
add_member(struct buf *b, enum member i, const char *text)
{
	buf_printf(b, "%s %zu\n%s\n", member_name[i], strlen(text), text);
}

/* What ties its signature to its content, so that the store can look at it. */
static void
add_binding(struct buf *b, const struct binding *of)
{
	char text[BINDING_TEXT_SIZE], is_signed[2 * EVENT_KEY_SIZE + 1],
	    content[2 * EVENT_KEY_SIZE + 1];

	if (of == NULL)
		return;
	hex_encode(of->signed_text, sizeof(of->signed_text), is_signed);
	hex_encode(of->content, sizeof(of->content), content);
	(void)snprintf(
	    text, sizeof(text), "%d %s %s", of->contents, is_signed, content);
	add_member(b, MEMBER_BINDING, text);
}

/* 0, or -1: it is none. */
static int
parse_binding(const char *text, struct binding *out)
{
	const size_t digits = 2 * EVENT_KEY_SIZE;
	const char *space = strchr(text, ' ');
	int64_t contents;

	if (space == NULL || strlen(space) != 2 * (digits + 1) ||
	    space[digits + 1] != ' ' ||
	    number_parse(text, (size_t)(space - text), 0, INT_MAX, &contents) !=
		0)
		return -1;
	out->contents = (int)contents;
	return hex_decode(space + 1, digits, out->signed_text,
		   sizeof(out->signed_text)) == 0 &&
		hex_decode(space + digits + 2, digits, out->content,
		    sizeof(out->content)) == 0
	    ? 0
	    : -1;
}

int
spool_file_head(const struct spooled *s, struct buf *head)
{
	const struct delivery *d = &s->delivery;
	struct buf b = {0};
	char received[32], sum[DIGEST_TEXT_SIZE];
	int rc = -1;

	(void)snprintf(received, sizeof(received), "%" PRId64, d->received);
	add_member(&b, MEMBER_SOURCE, d->source);
	add_member(&b, MEMBER_PROVIDER, d->provider);
	add_member(&b, MEMBER_RECEIVED, received);
	add_member(&b, MEMBER_REMOTE, s->remote);
	add_member(&b, MEMBER_VERIFIED, s->verified);
	add_member(&b, MEMBER_TYPE, d->content_type);
	add_member(&b, MEMBER_HEADERS, d->headers == NULL ? "" : d->headers);
	add_binding(&b, d->binding);
	buf_printf(&b, "%s %zu\n", member_name[MEMBER_BODY], d->len);
	if (!b.failed) {
		const struct digest_part part[] = {
		    {b.data, b.len}, {d->body, d->len}, {"\n", 1}};

		rc = digest_parts(part, 3, sum);
	}
	if (rc == 0) {
		buf_printf(head, MAGIC "%s\n", sum);
		buf_add(head, b.data, b.len);
		rc = head->failed ? -1 : 0;
	}
	buf_free(&b);
	return rc;
}

/* Read all of a descriptor.  0, or -1 with errno. */
static int
read_all(int fd, size_t size, struct buf *raw)
{
	ssize_t n = 1;

	/* One byte more, to see that there is none. */
	if (buf_reserve(raw, size + 1) != 0) {
		errno = ENOMEM;
		return -1;
	}
	while (n != 0 && raw->len <= size) {
		n = read(fd, raw->data + raw->len, size + 1 - raw->len);
		if (n == -1 && errno != EINTR)
			return -1;
		if (n > 0)
			raw->len += (size_t)n;
	}
	raw->data[raw->len] = '\0';
	return 0;
}

/* One member at *at: its name, length and bytes.  0, or -1: it is broken. */
static int
parse_member(const struct buf *raw, size_t *at, char name[16], size_t *begin,
    size_t *len)
{
	const char *s = raw->data + *at;
	const char *end = memchr(s, '\n', raw->len - *at);
	const char *space = end == NULL ? NULL
					: memchr(s, ' ', (size_t)(end - s));
	int64_t n;

	if (space == NULL || space - s >= 16 ||
	    number_parse(space + 1, (size_t)(end - space) - 1, 0,
		SPOOL_FILE_MAX, &n) != 0)
		return -1;
	memcpy(name, s, (size_t)(space - s));
	name[space - s] = '\0';
	*begin = (size_t)(end - raw->data) + 1;
	*len = (size_t)n;
	if (raw->len - *begin <= *len || raw->data[*begin + *len] != '\n')
		return -1;
	raw->data[*begin + *len] = '\0'; /* each is a text now */
	*at = *begin + *len + 1;
	return 0;
}

static const char no_memory[] = "memory ran out";

/* Returns why it is no delivery, or NULL; or that memory ran out. */
static const char *
parse(struct buf *raw, struct spooled *s)
{
	const char *text[MEMBER__MAX] = {NULL};
	size_t at = HEAD_LEN, begin, len, body = 0;
	char sum[DIGEST_TEXT_SIZE], name[16];
	struct digest_part part;

	if (raw->len < HEAD_LEN || raw->data[HEAD_LEN - 1] != '\n' ||
	    memcmp(raw->data, MAGIC, strlen(MAGIC)) != 0)
		return "it does not begin as a delivery of this version does";
	part.data = raw->data + at;
	part.len = raw->len - at;
	if (digest_parts(&part, 1, sum) != 0)
		return no_memory;
	if (memcmp(raw->data + strlen(MAGIC), sum, sizeof(sum) - 1) != 0)
		return "it is torn or was changed: its checksum is wrong";
	while (at < raw->len) {
		if (parse_member(raw, &at, name, &begin, &len) != 0)
			return "it is not written as a delivery is";
		for (int i = 0; i < MEMBER__MAX; i++)
			if (strcmp(name, member_name[i]) == 0) {
				text[i] = raw->data + begin;
				if (i == MEMBER_BODY)
					body = len;
			}
	}
	for (int i = 0; i < MEMBER__MAX; i++)
		if (text[i] == NULL && i != MEMBER_BINDING)
			return "a part of the delivery is missing";
	memset(s, 0, sizeof(*s));
	if (number_parse(text[MEMBER_RECEIVED], strlen(text[MEMBER_RECEIVED]),
		0, INT64_MAX, &s->delivery.received) != 0)
		return "it does not say when it came";
	if (text[MEMBER_BINDING] != NULL) {
		if (parse_binding(text[MEMBER_BINDING], &s->binding) != 0)
			return "its binding is not written as one is";
		s->delivery.binding = &s->binding;
	}
	s->delivery.source = text[MEMBER_SOURCE];
	s->delivery.provider = text[MEMBER_PROVIDER];
	s->delivery.content_type = text[MEMBER_TYPE];
	s->delivery.headers = text[MEMBER_HEADERS];
	s->delivery.body = text[MEMBER_BODY];
	s->delivery.len = body;
	s->remote = text[MEMBER_REMOTE];
	s->verified = text[MEMBER_VERIFIED];
	return NULL;
}

const char *
spool_file_refusal(const struct stat *st, int64_t size)
{
	if (!S_ISREG(st->st_mode))
		return "it is no file";
	if (st->st_uid != geteuid())
		return "it belongs to another user";
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "others than its owner may read or write it";
	if (st->st_size != size)
		return "it has not the size that its name tells";
	return NULL;
}

enum spool_file
spool_file_read(int dir, const char *name, struct buf *raw, struct spooled *s,
    const char **why)
{
	enum spool_file is = SPOOL_FILE_BAD;
	int64_t received, size;
	struct stat st;
	int fd;

	if (spool_name_parse(name, &received, &size) != 0) {
		*why = "its name is not that of a delivery";
		return SPOOL_FILE_BAD;
	}
	/* O_NONBLOCK: a FIFO of that name must not stop us. */
	fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (fd == -1 && errno == ELOOP) {
		*why = "it is a link";
		return SPOOL_FILE_BAD;
	}
	if (fd == -1 || fstat(fd, &st) == -1) {
		is = errno == ENOENT ? SPOOL_FILE_GONE : SPOOL_FILE_FAILED;
		*why = strerror(errno);
		goto out;
	}
	if ((*why = spool_file_refusal(&st, size)) != NULL)
		goto out;
	buf_reset(raw, SPOOL_BLOCK);
	if (read_all(fd, (size_t)size, raw) == -1) {
		is = SPOOL_FILE_FAILED;
		*why = strerror(errno);
	} else if ((*why = parse(raw, s)) == NULL)
		is = SPOOL_FILE_OK;
	else if (*why == no_memory)
		is = SPOOL_FILE_FAILED;
out:
	if (fd != -1)
		(void)close(fd);
	return is;
}
