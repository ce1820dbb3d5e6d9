/*
 * The style sheet as a file of its own with a hash in its name, so that
 * browsers may keep it for ever, and inside of static pages, which have
 * nothing but themselves.
 */
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/embedded.h"
#include "base/hex.h"
#include "report/report.h"

#define SHA256_SIZE 32

/* One file, named style-HASH by the Makefile: SHA-256 of its content. */
extern const struct embedded style_file[];

static const char *
style_hash(void)
{
	return style_file[0].name + strlen(STYLE_PREFIX);
}

const char *
style_text(size_t *len, char *path)
{
	(void)snprintf(path, STYLE_PATH_SIZE, STYLE_PREFIX "%.*s.css",
	    STYLE_HASH, style_hash());
	*len = style_file[0].len;
	return (const char *)style_file[0].text;
}

/* A file opened from a disk has no server: the style goes into it. */
static void
put_inline(struct page *p, const char *text, size_t len)
{
	unsigned char digest[SHA256_SIZE];
	struct buf hash = {0};

	if (hex_decode(style_hash(), strlen(style_hash()), digest,
		sizeof(digest)) == 0)
		base64_encode(digest, sizeof(digest), &hash);
	html_put(p->out,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'sha256-%s'; img-src data:; "
	    "form-action 'none'; base-uri 'none'\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<style>",
	    buf_str(&hash));
	buf_add(p->out, text, len);
	html_raw(p->out, "</style>\n");
	buf_free(&hash);
}

void
put_style(struct page *p)
{
	char path[STYLE_PATH_SIZE];
	const char *text;
	size_t len;

	text = style_text(&len, path);
	if (p->site != NULL)
		put_inline(p, text, len);
	else
		buf_printf(p->out, "<link rel=\"stylesheet\" href=\"%s%s\">\n",
		    p->base, path);
}
