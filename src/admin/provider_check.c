/*
 * callbook provider check: a definition tried on bodies.  Shows the call they
 * come to, and what of them nothing used.
 */
#include "provider_check.h"

#include <stdlib.h>
#include <string.h>

#include "base/base64.h"
#include "base/hex.h"
#include "base/when.h"
#include "provider/message.h"
#include "provider/usage.h"

#define JSON ADMIN_TYPE_JSON
#define JWT ADMIN_TYPE_JWT

/* A body, and what it tells.  The mapper holds the texts of the event. */
struct trial {
	const char *path;
	struct buf body, type;
	struct mapper *mapper;
	struct event event;
	bool mapped;
	size_t first; /* number of the first sample of the same call */
	struct buf fault; /* why not */
};

struct check {
	struct admin *admin;
	const struct provider *p;
	char **env;
	int64_t now; /* when all were received */
	struct trial *trial;
	size_t trials;
	struct usage *usage;
	struct buf out;
};

/* Facts and errors of one call, of all its events. */
struct gathered {
	const struct fact **fact;
	size_t facts;
	const struct call_error **error;
	size_t errors;
};

static const char *const usage_title[USAGE__MAX] = {
    [USAGE_UNUSED] = "In the bodies, and used by nothing",
    [USAGE_MISSING] = "In the definition, and found in no body",
    [USAGE_TYPE] = "Types that the table does not know",
    [USAGE_WORD] = "Words that the tables do not know",
    [USAGE_OPEN] = "Tables without \"else\": of other words they tell nothing",
};

static const char *const usage_member[USAGE__MAX] = {
    [USAGE_UNUSED] = "unused",
    [USAGE_MISSING] = "missing",
    [USAGE_TYPE] = "unknown_types",
    [USAGE_WORD] = "unknown_words",
    [USAGE_OPEN] = "tables_without_else",
};

/* --- the body of a sample ------------------------------------------------- */

/* An editor ends the last line; a sender does not. */
static void
cut_newline(struct buf *b)
{
	while (b->len > 0 &&
	    (b->data[b->len - 1] == '\n' || b->data[b->len - 1] == '\r'))
		b->data[--b->len] = '\0';
}

/* Where a platform sends tokens, a sample may be just their claims. */
static void
wrap_claims(const struct provider *p, struct trial *t)
{
	struct buf token = {0};

	if (strncmp(buf_str(&t->type), JSON, strlen(JSON)) != 0 ||
	    provider_takes_type(p, JSON) || !provider_takes_type(p, JWT))
		return;
	buf_puts(&token, "e30.");
	base64url_encode(
	    (const unsigned char *)t->body.data, t->body.len, &token);
	buf_puts(&token, ".e30");
	buf_free(&t->body);
	t->body = token;
	buf_reset(&t->type, t->type.len);
	buf_puts(&t->type, JWT);
}

/* --- mapping -------------------------------------------------------------- */

static int
map_sample(struct check *c, const struct sample *s, struct trial *t)
{
	const struct config *config = c->admin->config;
	int64_t max = config == NULL ? CONFIG_BODY_MAX_DEFAULT
				     : config->max_body;
	struct message m = {.env = c->env};
	const char *reason;
	size_t line, column;

	t->path = s->path;
	if (admin_read(c->admin, s->path, &t->body) == -1)
		return -1;
	if (s->type != NULL)
		buf_puts(&t->type, s->type);
	else
		admin_guess_type(s->path, &t->body, &t->type);
	if (strncmp(buf_str(&t->type), JSON, strlen(JSON)) != 0 &&
	    strncmp(buf_str(&t->type), "multipart", 9) != 0)
		cut_newline(&t->body);
	if (s->type == NULL)
		wrap_claims(c->p, t);
	t->mapper = mapper_new((size_t)max);
	if (t->mapper == NULL || t->type.failed) {
		admin_warnx(c->admin, "out of memory");
		return -1;
	}
	m.content_type = buf_str(&t->type);
	m.body = buf_str(&t->body);
	m.len = t->body.len;
	t->mapped = mapper_map(t->mapper, c->p, &m, c->now, &t->event,
			&reason) == MAP_OK;
	if (!t->mapped) {
		buf_puts(&t->fault, reason);
		if (mapper_where(t->mapper, &line, &column))
			buf_printf(
			    &t->fault, " (line %zu, column %zu)", line, column);
		if (!provider_takes_type(c->p, m.content_type))
			buf_printf(&t->fault, ": %s", m.content_type);
	}
	if (usage_add(c->usage, t->mapper, &m, t->mapped ? &t->event : NULL) ==
	    -1) {
		admin_warnx(c->admin, "out of memory");
		return -1;
	}
	return 0;
}

/* --- calls ---------------------------------------------------------------- */

/* Does the event tell that id of its call? */
static bool
tells_id(const struct event *e, const char *id)
{
	if (e->call == NULL)
		return false;
	for (size_t i = 0; i < e->aliases; i++)
		if (strcmp(e->alias[i], id) == 0)
			return true;
	return strcmp(e->call, id) == 0;
}

static bool
share_id(const struct event *a, const struct event *b)
{
	if (a->call == NULL || b->call == NULL)
		return false;
	for (size_t i = 0; i < a->aliases; i++)
		if (tells_id(b, a->alias[i]))
			return true;
	return tells_id(b, a->call);
}

/* Events that share an id belong to one call, also through other events. */
static void
join_calls(struct check *c)
{
	bool changed = true;

	for (size_t i = 0; i < c->trials; i++)
		c->trial[i].first = i;
	while (changed) {
		changed = false;
		for (size_t i = 0; i < c->trials; i++)
			for (size_t k = 0; k < i; k++) {
				struct trial *a = &c->trial[k];
				struct trial *b = &c->trial[i];

				if (a->first == b->first || !a->mapped ||
				    !b->mapped ||
				    !share_id(&a->event, &b->event))
					continue;
				if (a->first < b->first)
					b->first = a->first;
				else
					a->first = b->first;
				changed = true;
			}
	}
}

/* Is the i-th sample about the call that the one at `first` is about? */
static bool
is_of_call(const struct check *c, size_t i, size_t first)
{
	return c->trial[i].mapped && c->trial[i].event.call != NULL &&
	    c->trial[i].first == first;
}

/* Is it the first sample of its call? */
static bool
begins_call(const struct check *c, size_t i)
{
	return is_of_call(c, i, i);
}

/* Of a fact that is told twice, the last one counts. */
static void
gather_fact(struct gathered *g, const struct fact *f)
{
	for (size_t i = 0; i < g->facts; i++)
		if (strcmp(g->fact[i]->path, f->path) == 0) {
			g->fact[i] = f;
			return;
		}
	g->fact[g->facts++] = f;
}

static int
gather(const struct check *c, size_t call, struct gathered *g)
{
	size_t facts = 0, errors = 0;

	for (size_t i = 0; i < c->trials; i++)
		if (is_of_call(c, i, call)) {
			facts += c->trial[i].event.facts;
			errors += c->trial[i].event.errors;
		}
	g->fact = calloc(facts + 1, sizeof(*g->fact));
	g->error = calloc(errors + 1, sizeof(*g->error));
	if (g->fact == NULL || g->error == NULL)
		return -1;
	for (size_t i = 0; i < c->trials; i++) {
		const struct event *e = &c->trial[i].event;

		if (!is_of_call(c, i, call))
			continue;
		for (size_t k = 0; k < e->facts; k++)
			gather_fact(g, &e->fact[k]);
		for (size_t k = 0; k < e->errors; k++)
			g->error[g->errors++] = &e->error[k];
	}
	return 0;
}

static void
fold(const struct check *c, size_t call, struct call *out)
{
	memset(out, 0, sizeof(*out));
	for (size_t i = 0; i < c->trials; i++)
		if (is_of_call(c, i, call))
			fold_event(out, &c->trial[i].event);
}

/* --- text ----------------------------------------------------------------- */

/* The sample before the i-th that has the same key, or NULL. */
static const struct trial *
told_before(const struct check *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (c->trial[k].mapped &&
		    memcmp(c->trial[k].event.key, c->trial[i].event.key,
			EVENT_KEY_SIZE) == 0)
			return &c->trial[k];
	return NULL;
}

static void
text_event(struct check *c, size_t i)
{
	const struct trial *t = &c->trial[i], *before;
	const struct event *e = &t->event;
	struct buf *b = &c->out;
	char when[WHEN_TEXT_SIZE];

	buf_puts(b, "  ");
	safe_str(b, t->path);
	buf_puts(b, ": ");
	if (!t->mapped) {
		safe_add(b, buf_str(&t->fault), t->fault.len, SAFE_LINE);
		buf_puts(b, "\n");
		return;
	}
	safe_str(b, e->type);
	if (e->state != STATE_NONE)
		buf_printf(b, ", %s", call_state_name[e->state]);
	if (e->outcome != OUTCOME_NONE)
		buf_printf(b, ", %s", call_outcome_name[e->outcome]);
	buf_printf(b, ", %s",
	    e->time_known ? when_rfc3339(e->time, when) : "without a time");
	buf_puts(b, e->call == NULL ? ", of no call" : ", call ");
	safe_str(b, e->call == NULL ? "" : e->call);
	before = told_before(c, i);
	if (before != NULL) {
		buf_puts(b, ", the same event as ");
		safe_str(b, before->path);
	}
	buf_puts(b, "\n");
}

static int
text_call(struct check *c, size_t first)
{
	const char *id = c->trial[first].event.call;
	struct gathered g = {0};
	struct call_view view;
	struct call call;
	struct buf *b = &c->out;
	int rc = gather(c, first, &g);

	fold(c, first, &call);
	call_view(&call, &view);
	view_fields(&view, call.field);
	buf_puts(b, "\nCall ");
	safe_str(b, id);
	buf_puts(b, "\n");
	show_call(b, &call, &view);
	if (rc == 0 && g.facts > 0)
		buf_puts(b, "\nFacts\n");
	for (size_t i = 0; rc == 0 && i < g.facts; i++)
		show_fact(b, g.fact[i]);
	if (rc == 0 && g.errors > 0)
		buf_puts(b, "\nErrors\n");
	for (size_t i = 0; rc == 0 && i < g.errors; i++)
		show_error(b, g.error[i]);
	if (call.field[FIELD_TRANSCRIPT].set)
		show_transcript(b, &call.field[FIELD_TRANSCRIPT]);
	free(g.fact);
	free(g.error);
	return rc;
}

static void
text_notes(struct check *c, enum usage_kind kind)
{
	const struct usage_note *n = usage_notes(c->usage, kind);
	struct buf *b = &c->out;

	if (n == NULL)
		return;
	buf_printf(b, "\n%s\n", usage_title[kind]);
	for (; n != NULL; n = n->next) {
		bool place_first = kind == USAGE_UNUSED || n->detail == NULL;

		buf_puts(b, "  ");
		safe_str(b, place_first ? n->what : n->detail);
		if (n->detail != NULL) {
			buf_puts(b, kind == USAGE_UNUSED ? "  " : ": ");
			safe_str(b, place_first ? n->detail : n->what);
		}
		buf_puts(b, "\n");
	}
}

static void
text_unsigned(struct check *c)
{
	bool any = false;

	for (size_t i = 0; provider_scheme(c->p, i) != NULL; i++) {
		if (!provider_leaves_body(c->p, i))
			continue;
		if (!any)
			buf_puts(&c->out,
			    "\nSignatures that leave the body, or a part of "
			    "it, unsigned\n");
		buf_printf(&c->out, "  %s\n", provider_scheme(c->p, i));
		any = true;
	}
}

/* Places of type and identity that who has seen a delivery can change. */
static void
text_unsigned_places(struct check *c)
{
	const char *place;
	bool used;

	for (size_t i = 0; (place = provider_unsigned(c->p, i, &used)) != NULL;
	     i++) {
		if (i == 0)
			buf_puts(&c->out,
			    "\nPlaces of type or identity that no signature "
			    "covers\n");
		buf_puts(&c->out, "  ");
		safe_str(&c->out, place);
		buf_puts(&c->out,
		    used ? ": used, as there is no other\n"
			 : ": not used, as there is another\n");
	}
}

static int
text(struct check *c)
{
	buf_puts(&c->out, "Events\n");
	for (size_t i = 0; i < c->trials; i++)
		text_event(c, i);
	for (size_t i = 0; i < c->trials; i++)
		if (begins_call(c, i) && text_call(c, i) == -1)
			return -1;
	for (int i = 0; i < USAGE__MAX; i++)
		text_notes(c, (enum usage_kind)i);
	text_unsigned(c);
	text_unsigned_places(c);
	if (provider_reviews(c->p) > 0)
		buf_printf(&c->out,
		    "\nMarked for review\n  %zu guesses of a draft: go "
		    "through \"review\", then take it out\n",
		    provider_reviews(c->p));
	return 0;
}

/* --- JSON ----------------------------------------------------------------- */

/* Finish the record of an event or a call whose first members are in b. */
static void
json_data(struct buf *b, const struct event *e, unsigned flags)
{
	struct buf data = {0};

	event_json(e, flags, &data);
	if (data.len > 2)
		buf_puts(b, ",");
	if (data.len > 0)
		buf_add(b, data.data + 1, data.len - 1);
	b->failed |= data.failed;
	buf_free(&data);
}

static void
json_event(struct buf *b, const struct trial *t)
{
	const struct event *e = &t->event;
	char key[2 * EVENT_KEY_SIZE + 1];

	buf_puts(b, "{\"file\":");
	buf_json_str(b, t->path);
	if (!t->mapped) {
		buf_puts(b, ",\"fault\":");
		buf_json_str(b, buf_str(&t->fault));
		buf_puts(b, "}");
		return;
	}
	buf_puts(b, ",\"providertype\":");
	buf_json_str(b, e->type);
	if (e->id != NULL) {
		buf_puts(b, ",\"id\":");
		buf_json_str(b, e->id);
	}
	hex_encode(e->key, EVENT_KEY_SIZE, key);
	buf_printf(b, ",\"key\":\"%s\"", key);
	json_data(b, e, 0);
}

/* Write the call as if one event had told all of it. */
static int
json_call(struct check *c, size_t first)
{
	struct gathered g = {0};
	struct call_view view;
	struct call call;
	struct event e = {.call = c->trial[first].event.call};
	struct fact *fact = NULL;
	struct call_error *error = NULL;
	int rc = gather(c, first, &g);

	fold(c, first, &call);
	call_view(&call, &view);
	view_fields(&view, call.field);
	if (rc == 0) {
		fact = calloc(g.facts + 1, sizeof(*fact));
		error = calloc(g.errors + 1, sizeof(*error));
	}
	if (fact == NULL || error == NULL) {
		rc = -1;
		goto out;
	}
	for (size_t i = 0; i < g.facts; i++)
		fact[e.facts++] = *g.fact[i];
	for (size_t i = 0; i < g.errors; i++)
		error[e.errors++] = *g.error[i];
	e.fact = fact;
	e.error = error;
	e.state = view.state;
	e.outcome = view.outcome;
	e.received = call.first_received;
	memcpy(e.field, call.field, sizeof(e.field));
	buf_printf(
	    &c->out, "{\"answered\":%s", view.answered ? "true" : "false");
	json_data(&c->out, &e, view.flags);
out:
	free(fact);
	free(error);
	free(g.fact);
	free(g.error);
	return rc;
}

static void
json_notes(struct check *c, enum usage_kind kind)
{
	struct buf *b = &c->out;
	const char *comma = "";

	buf_printf(b, ",\"%s\":[", usage_member[kind]);
	for (const struct usage_note *n = usage_notes(c->usage, kind);
	     n != NULL; n = n->next, comma = ",") {
		buf_printf(b, "%s{\"%s\":", comma,
		    kind == USAGE_TYPE	     ? "type"
			: kind == USAGE_WORD ? "word"
			: kind == USAGE_OPEN ? "where"
					     : "place");
		buf_json_str(b, n->what);
		if (n->detail != NULL) {
			buf_printf(b, ",\"%s\":",
			    kind == USAGE_UNUSED ? "value" : "where");
			buf_json_str(b, n->detail);
		}
		buf_puts(b, "}");
	}
	buf_puts(b, "]");
}

static int
json_text(struct check *c)
{
	const char *place;
	bool used;
	const char *comma = "";
	const size_t begun = c->out.len;

	buf_puts(&c->out, "{\"events\":[");
	for (size_t i = 0; i < c->trials; i++, comma = ",") {
		buf_puts(&c->out, comma);
		json_event(&c->out, &c->trial[i]);
	}
	buf_puts(&c->out, "],\"calls\":[");
	comma = "";
	for (size_t i = 0; i < c->trials; i++) {
		if (!begins_call(c, i))
			continue;
		buf_puts(&c->out, comma);
		comma = ",";
		if (json_call(c, i) == -1)
			return -1;
	}
	buf_puts(&c->out, "]");
	for (int i = 0; i < USAGE__MAX; i++)
		json_notes(c, (enum usage_kind)i);
	buf_puts(&c->out, ",\"unsigned\":[");
	comma = "";
	for (size_t i = 0; provider_scheme(c->p, i) != NULL; i++)
		if (provider_leaves_body(c->p, i)) {
			buf_printf(&c->out, "%s\"%s\"", comma,
			    provider_scheme(c->p, i));
			comma = ",";
		}
	buf_puts(&c->out, "],\"unsigned_places\":[");
	for (size_t i = 0; (place = provider_unsigned(c->p, i, &used)) != NULL;
	     i++) {
		buf_puts(&c->out, i == 0 ? "{\"place\":" : ",{\"place\":");
		buf_json_str(&c->out, place);
		buf_printf(&c->out, ",\"used\":%s}", used ? "true" : "false");
	}
	buf_printf(&c->out, "],\"review\":%zu}\n", provider_reviews(c->p));
	buf_json_safe(&c->out, begun);
	return 0;
}

/* ------------------------------------------------------------------------- */

static int
prepare(struct check *c, const char *headers, size_t samples)
{
	if (admin_mapper(c->admin) == -1)
		return ADMIN_WRONG;
	c->env = message_env_from(c->admin->arena, headers);
	if (c->env == NULL)
		return admin_usage(c->admin, "--header wants 'NAME: VALUE'");
	c->trial = calloc(samples, sizeof(*c->trial));
	c->usage = usage_new(c->p);
	if (c->trial == NULL || c->usage == NULL) {
		admin_warnx(c->admin, "out of memory");
		return ADMIN_WRONG;
	}
	return ADMIN_OK;
}

/* Map all; returns the exit status so far, -1 where one cannot be read. */
static int
map_samples(struct check *c, const struct sample *sample, size_t samples)
{
	int status = ADMIN_OK;

	for (size_t i = 0; i < samples; i++) {
		struct trial *t = &c->trial[c->trials++];

		if (map_sample(c, &sample[i], t) == -1)
			return -1;
		if (!t->mapped)
			status = ADMIN_WRONG;
	}
	return status;
}

int
provider_check(struct admin *a, const struct provider *p, const char *headers,
    const struct sample *sample, size_t samples, bool json)
{
	struct check c = {.admin = a, .p = p, .now = when_now()};
	int status = prepare(&c, headers, samples);

	if (status != ADMIN_OK || c.trial == NULL)
		goto out;
	status = map_samples(&c, sample, samples);
	if (status == -1) {
		status = ADMIN_WRONG;
		goto out;
	}
	join_calls(&c);
	if ((json ? json_text(&c) : text(&c)) == -1 || c.out.failed ||
	    usage_failed(c.usage)) {
		admin_warnx(a, "out of memory");
		status = ADMIN_WRONG;
	} else if (admin_write(a, &c.out) == -1)
		status = ADMIN_WRONG;
out:
	for (size_t i = 0; i < c.trials; i++) {
		buf_free(&c.trial[i].body);
		buf_free(&c.trial[i].type);
		buf_free(&c.trial[i].fault);
		mapper_free(c.trial[i].mapper);
	}
	free(c.trial);
	usage_free(c.usage);
	buf_free(&c.out);
	return status;
}
