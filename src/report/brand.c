/*
 * How a report looks like its owner's: title, logo and colour, as configured.
 */
#include <fcntl.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/log.h"
#include "report/route.h"

/* WCAG 2.2, 1.4.3: of text against what it stands on, and a little more. */
#define CONTRAST 4.7
/* The grounds of style.css that are nearest to their text. */
#define LIGHT_GROUND 0xeef1f5U
#define DARK_GROUND 0x20262eU
#define STEPS 20 /* towards black or white, each a twentieth */

const char *
brand_title(const struct page *p)
{
	if (p->login != NULL && p->login->title != NULL)
		return p->login->title;
	return p->config != NULL && p->config->title != NULL ? p->config->title
							     : "Callbook";
}

/* --- colour -------------------------------------------------------------- */

/* WCAG 2.2, relative luminance. */
static double
luminance(unsigned color)
{
	static const double share[] = {0.0722, 0.7152, 0.2126};
	double sum = 0;

	for (int i = 0; i < 3; i++) {
		const double c = (color >> 8 * i & 0xff) / 255.0;

		sum += share[i] *
		    (c <= 0.04045 ? c / 12.92 : pow((c + 0.055) / 1.055, 2.4));
	}
	return sum;
}

static double
contrast(unsigned a, unsigned b)
{
	const double x = luminance(a), y = luminance(b);

	return x > y ? (x + 0.05) / (y + 0.05) : (y + 0.05) / (x + 0.05);
}

/* Part of the way from a colour to another. */
static unsigned
between(unsigned from, unsigned to, int step)
{
	unsigned out = 0;

	for (int i = 0; i < 24; i += 8) {
		const int a = (int)(from >> i & 0xff),
			  b = (int)(to >> i & 0xff);

		out |= (unsigned)(a + (b - a) * step / STEPS) << i;
	}
	return out;
}

/* The colour, or the nearest to it that can be read on that ground. */
static unsigned
readable(unsigned color, unsigned ground, unsigned towards)
{
	for (int step = 0; step < STEPS; step++)
		if (contrast(between(color, towards, step), ground) >= CONTRAST)
			return between(color, towards, step);
	return towards;
}

void
accent_css(struct buf *b, unsigned color)
{
	buf_printf(b,
	    ":root{--link:#%06x}@media screen and (prefers-color-scheme:dark)"
	    "{:root{--link:#%06x}}",
	    readable(color, LIGHT_GROUND, 0),
	    readable(color, DARK_GROUND, 0xffffff));
}

bool
accent_parse(const char *hex, size_t n, unsigned *color)
{
	unsigned char byte[3];

	if (n != 2 * sizeof(byte) ||
	    hex_decode(hex, n, byte, sizeof(byte)) != 0)
		return false;
	*color = (unsigned)byte[0] << 16 | (unsigned)byte[1] << 8 | byte[2];
	return true;
}

/* --- logo ---------------------------------------------------------------- */

/* What a picture is, by how it begins; NULL: nothing that browsers show. */
static const char *
picture_type(const char *s, size_t n)
{
	if (n > 8 && memcmp(s, "\x89PNG\r\n\x1a\n", 8) == 0)
		return "image/png";
	if (n > 3 && memcmp(s, "\xff\xd8\xff", 3) == 0)
		return "image/jpeg";
	if (n > 12 && memcmp(s, "RIFF", 4) == 0 &&
	    memcmp(s + 8, "WEBP", 4) == 0)
		return "image/webp";
	if (n > 4 && (memcmp(s, "<svg", 4) == 0 || memcmp(s, "<?xm", 4) == 0))
		return "image/svg+xml";
	return NULL;
}

/*
 * Read at each page: it is small, and a new one is seen at once.  What cannot
 * be shown is logged, and the title stands alone.
 */
void
put_logo(struct page *p)
{
	const char *file = p->config->logo, *type;
	char picture[REPORT_LOGO_MAX + 1];
	size_t n = 0;
	ssize_t got = 1;
	int fd;

	if (file == NULL)
		return;
	if ((fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK)) == -1) {
		log_warn("%s", file);
		return;
	}
	while (n < sizeof(picture) &&
	    (got = read(fd, picture + n, sizeof(picture) - n)) > 0)
		n += (size_t)got;
	(void)close(fd);
	type = picture_type(picture, n);
	if (got == -1)
		log_warn("%s", file);
	else if (n > REPORT_LOGO_MAX)
		log_warnx("%s: larger than %d bytes, which are in every page",
		    file, REPORT_LOGO_MAX);
	else if (type == NULL)
		log_warnx("%s: no PNG, JPEG, WebP or SVG", file);
	else {
		html_put(p->out,
		    "<img class=\"logo\" alt=\"\" src=\"data:%s;"
		    "base64,",
		    type);
		base64_encode((const unsigned char *)picture, n, p->out);
		html_raw(p->out, "\">");
	}
}
