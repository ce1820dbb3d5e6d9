/* Amounts of money, and of platforms' units, as people read them. */
#include <stdio.h>
#include <string.h>

#include "report/report.h"

#define MICROS 1000000 /* of one unit of money */
#define NO_CURRENCY "XXX" /* ISO 4217: no currency involved */

const char *
currency_word(const char *currency, const char *units)
{
	return strcmp(currency, NO_CURRENCY) == 0 ? units : currency;
}

void
put_money(struct page *p, const struct value *v)
{
	int64_t n = v->number;
	uint64_t micros = n < 0 ? 0 - (uint64_t)n : (uint64_t)n;
	const char *code = v->text == NULL ? NO_CURRENCY : v->text;
	bool units = strcmp(code, NO_CURRENCY) == 0;
	int places = 6;

	/* Two decimals as people write money, more if they are not zero. */
	for (uint64_t rest = micros % MICROS;
	     places > (units ? 0 : 2) && rest % 10 == 0; rest /= 10)
		places--;
	html_put(p->out, "<span class=\"num\">%s", n < 0 ? "\u2212" : "");
	put_number(p, (int64_t)(micros / MICROS));
	if (places > 0) {
		char digits[DECIMAL_SIZE];

		(void)snprintf(digits, sizeof(digits), ".%06llu",
		    (unsigned long long)(micros % MICROS));
		html_put(p->out, "%.*s", places + 1, decimal_text(p, digits));
	}
	html_put(p->out, "\u00a0%s</span>", units ? tr(p, "units") : code);
}

void
put_share_of_money(
    struct page *p, const char *currency, double amount, double by)
{
	const double share = amount / by / MICROS;
	const double size = share < 0 ? -share : share;
	double scale = 10;
	int places = 2;

	/* Of what is less than a cent the first two digits that are not 0. */
	while (size > 0 && places < 6 && size * scale < 1) {
		places++;
		scale *= 10;
	}
	html_raw(p->out, "<span class=\"num\">");
	put_decimal(p, share, places);
	if (currency != NULL)
		html_put(p->out, "\u00a0%s",
		    currency_word(currency, tr(p, "units")));
	html_raw(p->out, "</span>");
}
