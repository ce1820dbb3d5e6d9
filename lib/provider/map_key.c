/*
 * map_key - what tells events apart: the digest of a body, and the key.
 */
#include "provider/map_internal.h"

#include <string.h>

#include "provider/json.h"
#include "provider/value.h"

/* The first half of the SHA-256 under way. */
static int
md_final(struct mapper *mp, unsigned char out[EVENT_KEY_SIZE])
{
	unsigned char md[EVP_MAX_MD_SIZE];

	if (EVP_DigestFinal_ex(mp->md, md, NULL) != 1)
		return -1;
	memcpy(out, md, EVENT_KEY_SIZE);
	return 0;
}

int
map_digest(struct mapper *mp, const struct provider *p, int kind, const char *s,
    size_t n, unsigned char out[EVENT_KEY_SIZE])
{
	/* A form's fields have no order, and no one way to be written. */
	if (p->changings > 0 || kind == BODY_FORM || kind == BODY_MULTIPART) {
		buf_reset(&mp->work, MAP_KEEP);
		if (json_canonical(
			mp->root, p->changing, p->changings, &mp->work) != 0)
			return -1;
		s = buf_str(&mp->work);
		n = mp->work.len;
	}
	return map_digest_raw(mp, s, n, out);
}

int
map_digest_raw(struct mapper *mp, const char *s, size_t n,
    unsigned char out[EVENT_KEY_SIZE])
{
	if (EVP_DigestInit_ex2(mp->md, mp->sha256, NULL) != 1 ||
	    EVP_DigestUpdate(mp->md, s, n) != 1)
		return -1;
	return md_final(mp, out);
}

/* A part is its length in eight bytes, high first, and its bytes. */
static int
add_part(struct mapper *mp, const void *data, size_t n)
{
	unsigned char len[8];

	for (int i = 0; i < 8; i++)
		len[i] = (unsigned char)((uint64_t)n >> (56 - 8 * i));
	return EVP_DigestUpdate(mp->md, len, sizeof(len)) == 1 &&
		EVP_DigestUpdate(mp->md, data, n) == 1
	    ? 0
	    : -1;
}

/* The bytes of a part; NULL: the event does not have it. */
static const char *
part_text(struct scope *s, const struct key_part *part, const struct event *e,
    char time[WHEN_TEXT_SIZE], size_t *n)
{
	const char *text = NULL;
	struct word w;

	switch (part->kind) {
	case KEY_TYPE:
		text = e->type;
		break;
	case KEY_ID:
		text = e->id;
		break;
	case KEY_CALL:
		text = e->call;
		break;
	case KEY_TIME:
		text = e->time_known ? when_rfc3339(e->time, time) : NULL;
		break;
	case KEY_BODY:
		break;
	case KEY_PLACE:
		if (value_text(s, part->rule, &w))
			text = w.text;
		break;
	}
	if (text != NULL)
		*n = strlen(text);
	return text;
}

/*
 * Keys are kept for ever: after a change here, every event that is sent again
 * would be stored twice.  Where a part is missing, the digest takes its place,
 * so that events of different content keep different keys.
 */
int
map_key(struct mapper *mp, const struct provider *p, struct scope *s,
    struct event *e)
{
	char time[WHEN_TEXT_SIZE];

	if (EVP_DigestInit_ex2(mp->md, mp->sha256, NULL) != 1)
		return -1;
	for (size_t i = 0; i < p->keys; i++) {
		size_t n;
		const char *text = part_text(s, &p->key[i], e, time, &n);

		if (text != NULL ? add_part(mp, text, n) != 0
				 : add_part(mp, e->digest, EVENT_KEY_SIZE) != 0)
			return -1;
	}
	return md_final(mp, e->key);
}
