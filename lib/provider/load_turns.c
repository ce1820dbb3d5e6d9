/*
 * load_turns - how a definition says that a conversation is written down.
 */
#include <string.h>

#include "provider/load.h"
#include "provider/map.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* One name or a list of them. */
static void
load_names(struct loader *l, const struct node *n, struct names *out)
{
	bool list = json_is(n->json, JSON_ARRAY);
	size_t items = 1;

	if (list && !load_list(l, n, DEFINITION_PLACES_MAX, &items))
		return;
	out->name = load_alloc(l, items * sizeof(*out->name));
	if (out->name == NULL)
		return;
	for (size_t i = 0; i < items; i++) {
		const struct node item = list ? load_item(n, i) : *n;
		const char *s = load_string(l, &item, MAP_TEXT_MAX);

		if (s != NULL)
			out->name[out->names++] = s;
	}
}

/* Where a part of a turn is, relative to the list's entry. */
static struct rule *
load_part(struct loader *l, const struct node *n, const char *key)
{
	const struct node member = load_member(n, key);
	struct rule *rule = load_alloc(l, sizeof(*rule));

	if (rule != NULL)
		(void)load_places(
		    l, &member, true, &rule->place, &rule->places);
	return rule;
}

/* An instant, or so long after the start of the call. */
static void
load_turn_time(struct loader *l, const struct node *n, struct turns *t)
{
	const struct node time = load_member(n, "time");
	const struct node format = load_member(n, "time_format");
	const struct node offset = load_member(n, "time_offset");
	struct rule *rule;
	int word;

	if (time.json == NULL)
		return;
	rule = load_part(l, n, "time");
	if (rule == NULL)
		return;
	t->time = rule;
	t->offset = offset.json != NULL;
	if (t->offset && format.json != NULL)
		load_fault(l, &format, "contradicts \"time_offset\"");
	word = load_word(
	    l, &offset, when_unit_name, WHEN_UNIT__MAX, WHEN_UNIT_S);
	rule->unit = word < 0 ? WHEN_UNIT_S : (enum when_unit)word;
	word = load_word(l, &format, when_format_name, WHEN__MAX, WHEN_ISO8601);
	rule->format = word < 0 ? WHEN_ISO8601 : (enum when_format)word;
}

void
load_turns(struct loader *l, const struct node *n,
    const struct place_read *mark, struct rule *rule)
{
	static const char *const format_name[] = {"lines", "turns"};
	static const char *const lines_key[] = {
	    "at", "when", "among", "format", "agent", "caller", NULL};
	static const char *const turns_key[] = {"at", "when", "among", "format",
	    "speaker", "text", "time", "time_format", "time_offset", "speakers",
	    NULL};
	struct turns *t = load_alloc(l, sizeof(*t));
	struct node member = load_member(n, "format");
	int format = load_word(l, &member, format_name, COUNT(format_name), -1);
	struct load_base outer;

	if (t == NULL || format < 0)
		return;
	rule->turns = t;
	t->lines = format == 0;
	(void)load_object(l, n, t->lines ? lines_key : turns_key);
	if (t->lines) {
		member = load_member(n, "agent");
		load_names(l, &member, &t->agent);
		member = load_member(n, "caller");
		load_names(l, &member, &t->caller);
		return;
	}
	outer = load_enter(l, load_after(l, mark, BASE_ENTRY));
	t->speaker = load_part(l, n, "speaker");
	t->text = load_part(l, n, "text");
	load_turn_time(l, n, t);
	l->in = outer;
	member = load_member(n, "speakers");
	t->speakers = load_table(l, &member, WORDS_SPEAKER, false);
}
