/*
 * fetch - requests by libcurl.  No redirect is followed: a signed body must
 * reach the address that was named, and no other.
 */
#include "fetch.h"

#include <string.h>

void
fetched_free(struct fetched *got)
{
	buf_free(&got->body);
}

#ifdef WITHOUT_CURL

bool
fetch_possible(void)
{
	return false;
}

int
fetch(const struct fetch *f, struct fetched *got, struct buf *why)
{
	(void)got;
	buf_printf(why, "%s: this program was built without curl", f->url);
	return -1;
}

#else

#include <stdlib.h>

#include <curl/curl.h>

bool
fetch_possible(void)
{
	return true;
}

/* Add a header of n bytes to the list.  Returns 0 or -1. */
static int
append(struct curl_slist **list, const char *line, size_t n)
{
	char *copy = strndup(line, n);
	struct curl_slist *more = NULL;

	if (copy != NULL)
		more = curl_slist_append(*list, copy);
	free(copy);
	if (more == NULL)
		return -1;
	*list = more;
	return 0;
}

/* Returns 0, or -1; the list is to be freed either way. */
static int
header_list(const char *s, struct curl_slist **list)
{
	while (*s != '\0') {
		size_t n = strcspn(s, "\r\n");

		if (n > 0 && append(list, s, n) == -1)
			return -1;
		s += n;
		s += *s != '\0';
	}
	return 0;
}

/* Keeps the start of the answer and reads the rest away. */
static size_t
on_answer(char *data, size_t size, size_t n, void *arg)
{
	struct buf *b = arg;
	size_t room = b->len < FETCH_ANSWER_MAX ? FETCH_ANSWER_MAX - b->len : 0;

	buf_add(b, data, n * size < room ? n * size : room);
	return n * size;
}

static CURLcode
perform(const struct fetch *f, CURL *h, const struct curl_slist *headers,
    struct buf *answer, char *error)
{
	CURLcode rc = CURLE_OK;

#define SET(option, value)  \
	if (rc == CURLE_OK) \
	rc = curl_easy_setopt(h, option, value)

	SET(CURLOPT_ERRORBUFFER, error);
	SET(CURLOPT_PROTOCOLS_STR, "http,https");
	SET(CURLOPT_URL, f->url);
	if (f->post) {
		SET(CURLOPT_POST, 1L);
		SET(CURLOPT_POSTFIELDS, f->body);
		SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->len);
	}
	SET(CURLOPT_HTTPHEADER, headers);
	SET(CURLOPT_USERAGENT, "callbook/" CALLBOOK_VERSION);
	SET(CURLOPT_TIMEOUT, FETCH_TIMEOUT_S);
	SET(CURLOPT_WRITEFUNCTION, on_answer);
	SET(CURLOPT_WRITEDATA, answer);
#undef SET
	return rc == CURLE_OK ? curl_easy_perform(h) : rc;
}

static int64_t
answer_date(CURL *h)
{
	struct curl_header *header;
	time_t t;

	if (curl_easy_header(h, "Date", 0, CURLH_HEADER, -1, &header) !=
	    CURLHE_OK)
		return -1;
	t = curl_getdate(header->value, NULL);
	return t == -1 ? -1 : (int64_t)t * 1000;
}

int
fetch(const struct fetch *f, struct fetched *got, struct buf *why)
{
	char error[CURL_ERROR_SIZE] = "";
	struct curl_slist *headers = NULL;
	CURL *h = curl_easy_init();
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	if (h != NULL && header_list(f->headers, &headers) == 0)
		rc = perform(f, h, headers, &got->body, error);
	if (rc == CURLE_OK)
		rc = curl_easy_getinfo(h, CURLINFO_RESPONSE_CODE, &got->status);
	if (rc == CURLE_OK)
		got->date = answer_date(h);
	else
		buf_printf(why, "%s: %s", f->url,
		    *error != '\0' ? error : curl_easy_strerror(rc));
	curl_slist_free_all(headers);
	curl_easy_cleanup(h);
	return rc == CURLE_OK ? 0 : -1;
}

#endif
