/*
 * The style sheet as a file of its own with a hash in its name, so that
 * browsers may keep it for ever, and inside of static pages, which have
 * nothing but themselves.
 */
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

#include "base/base64.h"
#include "base/embedded.h"
#include "provider/crypto.h"
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
put_inline(struct page *p, const struct buf *text)
{
	unsigned char digest[SHA256_SIZE];
	struct buf hash = {0};

	crypto_begin();
	if (EVP_Digest(buf_str(text), text->len, digest, NULL, EVP_sha256(),
		NULL) == 1)
		base64_encode(digest, sizeof(digest), &hash);
	p->out->failed = p->out->failed || text->failed || hash.failed ||
	    hash.len == 0;
	html_put(p->out,
	    "<meta http-equiv=\"Content-Security-Policy\" content=\""
	    "default-src 'none'; style-src 'sha256-%s'; img-src data:; "
	    "form-action 'none'; base-uri 'none'\">\n"
	    "<meta name=\"referrer\" content=\"no-referrer\">\n"
	    "<style>",
	    buf_str(&hash));
	buf_add(p->out, text->data, text->len);
	html_raw(p->out, "</style>\n");
	buf_free(&hash);
}

void
put_style(struct page *p)
{
	const char *accent = p->config == NULL ? NULL : p->config->accent;
	char path[STYLE_PATH_SIZE];
	struct buf style = {0};
	const char *text;
	unsigned color;
	size_t len;

	text = style_text(&len, path);
	if (p->site == NULL) {
		buf_printf(p->out, "<link rel=\"stylesheet\" href=\"%s%s\">\n",
		    p->base, path);
		if (accent != NULL)
			buf_printf(p->out,
			    "<link rel=\"stylesheet\" href=\"%s" ACCENT_PREFIX
			    "%s.css\">\n",
			    p->base, accent + 1);
		return;
	}
	buf_add(&style, text, len);
	if (accent != NULL && accent_parse(accent + 1, 6, &color))
		accent_css(&style, color);
	put_inline(p, &style);
	buf_free(&style);
}
