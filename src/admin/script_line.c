/* What a platform says of a call: a script's event with its values put in. */
#include "script_internal.h"

#include <inttypes.h>
#include <stdint.h>
#include <string.h>

#include "html/html.h"

#define NAME_MAX_LEN 40 /* bytes of a variable's name */

/* Text with every ${name} replaced. */
static void
fill(const struct pen *p, const char *text, struct buf *out)
{
	char name[NAME_MAX_LEN];
	const char *open;

	for (; (open = strstr(text, "${")) != NULL;
	     text = strchr(open, '}') + 1) {
		struct given g;
		size_t n = strcspn(open, "}");

		buf_add(out, text, (size_t)(open - text));
		if (n < 3 || n - 2 >= sizeof(name)) {
			out->failed = true;
			return;
		}
		memcpy(name, open + 2, n - 2);
		name[n - 2] = '\0';
		scene_value(p, name, &g);
		buf_puts(out, g.text != NULL ? g.text : g.json);
	}
	buf_puts(out, text);
}

static void
put_filled(const struct pen *p, const char *text)
{
	struct buf filled = {0};

	fill(p, text, &filled);
	buf_json(p->b, buf_str(&filled), filled.len);
	p->b->failed = p->b->failed || filled.failed;
	buf_free(&filled);
}

static struct json *
turns(const struct pen *p)
{
	return script_member(
	    script_conversation(p->scripts, p->c->conversation), "turns");
}

/* How many of the turns are spoken: a machine is spoken to, once. */
static size_t
turns_spoken(const struct pen *p)
{
	switch (p->c->outcome) {
	case OUTCOME_COMPLETED:
		return json_count(turns(p));
	case OUTCOME_VOICEMAIL:
		return 1;
	default:
		return 0;
	}
}

/* The pen for turn i: who speaks, what, and when. */
static void
turn(const struct pen *p, size_t i, struct pen *out)
{
	struct json *t = json_item(turns(p), i);
	struct json *speakers = script_member(p->c->script->root, "speakers");
	const char *who = json_string(json_item(t, 0));
	int64_t length = p->c->ended - p->c->started;

	*out = *p;
	out->speaker = json_string(script_member(speakers, who));
	out->text = json_string(json_item(t, 1));
	out->time = p->c->started + 600 +
	    length * (int64_t)i / (int64_t)(turns_spoken(p) + 1);
}

static void put_value(const struct pen *p, struct json *v);

static void
put_turns(const struct pen *p, struct json *template)
{
	buf_puts(p->b, "[");
	for (size_t i = 0; i < turns_spoken(p); i++) {
		struct pen of;

		turn(p, i, &of);
		if (i > 0)
			buf_puts(p->b, ",");
		put_value(&of, template);
	}
	buf_puts(p->b, "]");
}

/* "BOT: …\nHUMAN: …", for platforms that send a transcript as text. */
static void
put_lines(const struct pen *p)
{
	struct buf text = {0};

	for (size_t i = 0; i < turns_spoken(p); i++) {
		struct pen of;

		turn(p, i, &of);
		buf_printf(&text, "%s%s: ", i > 0 ? "\n" : "", of.speaker);
		fill(&of, of.text, &text);
	}
	buf_json(p->b, buf_str(&text), text.len);
	p->b->failed = p->b->failed || text.failed;
	buf_free(&text);
}

static void
put_text(const struct pen *p, const char *text)
{
	struct given g;

	if (strcmp(text, "$lines") == 0)
		put_lines(p);
	else if (strcmp(text, "$text") == 0 && p->text != NULL)
		put_filled(p, p->text);
	else if (strcmp(text, "$summary") == 0 &&
	    p->c->outcome == OUTCOME_COMPLETED)
		put_filled(p, scene_said(p, "summary"));
	else if (text[0] == '$' && text[1] != '{') {
		scene_value(p, text + 1, &g);
		if (g.text == NULL)
			buf_puts(p->b, g.json);
		else
			buf_json_str(p->b, g.text);
	} else
		put_filled(p, text);
}

static void
put_members(const struct pen *p, struct json *o)
{
	int n = 0;

	buf_puts(p->b, "{");
	json_each(o, name, v)
	{
		buf_puts(p->b, n++ > 0 ? "," : "");
		buf_json_str(p->b, name);
		buf_puts(p->b, ":");
		put_value(p, v);
	}
	buf_puts(p->b, "}");
}

static void
put_value(const struct pen *p, struct json *v)
{
	struct json *each;

	switch (json_kind(v)) {
	case JSON_OBJECT:
		if ((each = script_member(v, "$turns")) != NULL)
			put_turns(p, each);
		else
			put_members(p, v);
		break;
	case JSON_ARRAY:
		buf_puts(p->b, "[");
		for (size_t i = 0; i < json_count(v); i++) {
			if (i > 0)
				buf_puts(p->b, ",");
			put_value(p, json_item(v, i));
		}
		buf_puts(p->b, "]");
		break;
	case JSON_STRING:
		put_text(p, json_string(v));
		break;
	case JSON_BOOLEAN:
		buf_puts(p->b, json_boolean(v) ? "true" : "false");
		break;
	case JSON_WHOLE:
		buf_printf(p->b, "%" PRId64, json_whole(v));
		break;
	default:
		buf_puts(p->b, "null");
		break;
	}
}

static void
put_form(const struct pen *p, struct json *o)
{
	int n = 0;

	json_each(o, name, v)
	{
		const char *text = json_string(v);
		struct buf filled = {0};
		struct given g;

		if (text[0] == '$' && text[1] != '{') {
			scene_value(p, text + 1, &g);
			buf_puts(&filled, g.text != NULL ? g.text : g.json);
		} else
			fill(p, text, &filled);
		buf_puts(p->b, n++ > 0 ? "&" : "");
		html_url(p->b, name);
		buf_puts(p->b, "=");
		html_url(p->b, buf_str(&filled));
		p->b->failed = p->b->failed || filled.failed;
		buf_free(&filled);
	}
}

/* Is one of the words in the list true of the call? */
static bool
holds(const struct scene *c, struct json *list)
{
	for (size_t i = 0; list != NULL && i < json_count(list); i++) {
		const char *word = json_string(json_item(list, i));

		if ((c->stuck && strcmp(word, "stuck") == 0) ||
		    (c->errors && strcmp(word, "errors") == 0) ||
		    (c->unanalyzed && strcmp(word, "unanalyzed") == 0) ||
		    strcmp(word, call_outcome_name[c->outcome]) == 0 ||
		    strcmp(word, c->direction) == 0)
			return true;
	}
	return false;
}

static int64_t
moment_of(const struct scene *c, const char *at)
{
	if (strcmp(at, "created") == 0)
		return c->created;
	if (strcmp(at, "ringing") == 0)
		return c->ringing;
	if (strcmp(at, "started") == 0)
		return c->started;
	return strcmp(at, "ended") == 0 ? c->ended : c->analyzed;
}

int
scene_line(
    const struct scripts *ss, const struct scene *c, size_t i, struct line *l)
{
	struct json *ev = json_item(c->script->events, i);
	struct json *when = script_member(ev, "when"), *form;
	struct pen p = {.scripts = ss, .c = c, .b = &l->body};

	if ((when != NULL && !holds(c, when)) ||
	    holds(c, script_member(ev, "unless")))
		return 0;
	p.time = l->time = moment_of(c, json_string(script_member(ev, "at")));
	p.id = scene_own(c, 100 + i);
	buf_reset(&l->headers, SIZE_MAX);
	buf_reset(&l->body, SIZE_MAX);
	if (script_member(ev, "headers") != NULL) {
		json_each(script_member(ev, "headers"), name, v)
		{
			buf_printf(&l->headers, "%s: ", name);
			fill(&p, json_string(v), &l->headers);
			buf_puts(&l->headers, "\n");
		}
	}
	if ((form = script_member(ev, "form")) != NULL) {
		l->content_type = "application/x-www-form-urlencoded";
		put_form(&p, form);
	} else {
		l->content_type = "application/json";
		put_value(&p, script_member(ev, "body"));
	}
	return l->headers.failed || l->body.failed ? -1 : 1;
}
