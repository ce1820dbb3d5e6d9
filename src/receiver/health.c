/*
 * health - one verdict for all who ask within a second.  A probe writes to the
 * store, and load balancers ask often.
 */
#include "health.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include "base/confine.h"
#include "base/when.h"
#include "receive.h"

enum health_is { HEALTH_UNKNOWN, HEALTH_OK, HEALTH_SPOOLING, HEALTH_FAILING };

struct health {
	pthread_mutex_t lock;
	pthread_cond_t told; /* there is a first verdict */
	bool asking; /* a thread asks the store */
	int64_t at; /* ms of the monotonic clock */
	enum health_is is; /* HEALTH_UNKNOWN: no verdict yet */
	struct buf text; /* JSON, between status and configuration */
};

struct health *
health_new(void)
{
	struct health *h;

	if ((h = calloc(1, sizeof(*h))) == NULL)
		return NULL;
	if (pthread_mutex_init(&h->lock, NULL) != 0)
		goto fail;
	if (pthread_cond_init(&h->told, NULL) != 0) {
		(void)pthread_mutex_destroy(&h->lock);
		goto fail;
	}
	return h;
fail:
	free(h);
	return NULL;
}

void
health_free(struct health *h)
{
	if (h == NULL)
		return;
	(void)pthread_cond_destroy(&h->told);
	(void)pthread_mutex_destroy(&h->lock);
	buf_free(&h->text);
	free(h);
}

/* Is what is configured in force?  Says where faults are, not what they are. */
static void
put_configuration(struct ready *ready, struct buf *b)
{
	static const char *const word[] = {[READY_CURRENT] = "current",
	    [READY_CHANGED] = "changed",
	    [READY_FAULTY] = "faulty"};
	struct buf why = {0}, places = {0};
	enum ready_state is = ready_state(ready, &why);

	buf_printf(b, ",\"configuration\":\"%s\"", word[is]);
	if (is == READY_FAULTY) {
		ready_places(buf_str(&why), &places);
		buf_puts(b, ",\"faults\":");
		buf_json_str(b, buf_str(&places));
	}
	buf_free(&why);
	buf_free(&places);
}

/* What is told of a store that is a file. */
static void
put_file(const struct db_info *info, struct buf *b)
{
	buf_puts(b, ",\"journal\":");
	buf_json_str(b, info->journal);
	buf_puts(b, ",\"sqlite\":");
	buf_json_str(b, info->engine);
	buf_puts(b, ",\"sqlite_wal_reset_fault\":");
	buf_json_str(b,
	    info->wal_reset_fault ? "affected, kept away by the lock"
				  : "fixed");
}

/* Why it can not be written, where a word says it; the log has the sentence. */
static const char *
store_word(struct store *st, enum store_rc rc)
{
	const char *trouble = store_trouble(st);

	if (store_is_newer(st))
		return "newer";
	switch (rc) {
	case STORE_OK:
		return "ok";
	case STORE_BUSY:
		return "busy";
	case STORE_FULL:
		return "full";
	default:
		return trouble != NULL ? trouble : "failing";
	}
}

/* Add what the store says.  Returns whether it can be written. */
static bool
ask_store(struct store *st, struct buf *b)
{
	struct db_info info;
	enum store_rc rc = store_probe(st);

	if (rc == STORE_OK && store_was_full(st))
		rc = STORE_FULL;
	store_info(st, &info);
	buf_puts(b, ",\"store\":");
	buf_json_str(b, store_word(st, rc));
	if (info.journal == NULL) {
		buf_puts(b, ",\"server\":");
		buf_json_str(b, info.engine);
	} else
		put_file(&info, b);
	if (info.free_bytes >= 0)
		buf_printf(
		    b, ",\"free_bytes\":%lld", (long long)info.free_bytes);
	if (info.indexing[0] != '\0') {
		buf_puts(b, ",\"indexing\":");
		buf_json_str(b, info.indexing);
	}
	return rc == STORE_OK;
}

/* Add what the spool says.  Returns whether it would take a delivery. */
static bool
ask_spool(struct spool *sp, struct buf *b)
{
	const int64_t now = when_now();
	struct spool_state s;
	struct buf why = {0};
	bool ok = spool_look(sp, &s, &why) == 0 && spool_usable(sp, &why) == 0;

	buf_printf(b,
	    ",\"spool\":{\"usable\":%s,\"files\":%lld,"
	    "\"bytes\":%lld,\"max\":%lld,\"oldest_seconds\":%lld,\"bad\":%lld}",
	    ok ? "true" : "false", (long long)s.files, (long long)s.bytes,
	    (long long)s.max,
	    s.oldest == 0 || s.oldest > now
		? 0
		: (long long)(now - s.oldest) / 1000,
	    (long long)s.bad);
	buf_free(&why);
	return ok && s.bytes + SPOOL_BLOCK <= s.max;
}

/* Ask both.  Adds the members to b. */
static enum health_is
ask(const struct setup *setup, struct buf *b)
{
	bool stores = setup->store != NULL && ask_store(setup->store, b);
	bool spools = setup->spool != NULL && ask_spool(setup->spool, b);
	struct buf confined = {0};

	if (setup->store == NULL)
		buf_puts(b, ",\"store\":\"not open\"");
	buf_puts(b, ",\"confinement\":");
	confine_put(&confined);
	buf_json_str(b, buf_str(&confined));
	buf_free(&confined);
	buf_puts(b, ",\"version\":");
	buf_json_str(b, CALLBOOK_VERSION);
	return stores ? HEALTH_OK : spools ? HEALTH_SPOOLING : HEALTH_FAILING;
}

/* Under the lock: make the verdict a new one. */
static void
refresh(struct health *h, const struct setup *setup)
{
	struct buf text = {0};
	enum health_is is;

	h->asking = true;
	(void)pthread_mutex_unlock(&h->lock);
	is = ask(setup, &text);
	(void)pthread_mutex_lock(&h->lock);
	buf_free(&h->text);
	h->text = text;
	h->is = is;
	h->at = when_monotonic();
	h->asking = false;
	(void)pthread_cond_broadcast(&h->told);
}

void
health_answer(struct health *h, const struct setup *setup, struct ready *ready,
    bool whole, struct response *w)
{
	static const char *const word[] = {[HEALTH_OK] = "ok",
	    [HEALTH_SPOOLING] = "spooling",
	    [HEALTH_FAILING] = "failing"};

	(void)pthread_mutex_lock(&h->lock);
	if (!h->asking &&
	    (h->is == HEALTH_UNKNOWN ||
		when_monotonic() - h->at >= RECEIVE_HEALTH_KEEP_MS))
		refresh(h, setup);
	while (h->is == HEALTH_UNKNOWN)
		(void)pthread_cond_wait(&h->told, &h->lock);
	w->status = h->is == HEALTH_FAILING ? 503 : 200;
	w->content_type = "application/json";
	buf_printf(&w->body, "{\"status\":\"%s\"", word[h->is]);
	if (whole) {
		buf_add(&w->body, buf_str(&h->text), h->text.len);
		w->body.failed = w->body.failed || h->text.failed;
	}
	if (w->status != 200)
		w->retry_after = RECEIVE_RETRY_AFTER_S;
	(void)pthread_mutex_unlock(&h->lock);
	/*
	 * Always asked anew: a person who has just changed a file wants to
	 * know.
	 */
	if (whole)
		put_configuration(ready, &w->body);
	buf_puts(&w->body, "}\n");
}
