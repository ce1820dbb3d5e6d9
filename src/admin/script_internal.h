/*
 * script_internal - what the three parts of script share: the files and the
 * scene (script.c), the values of a call (script_value.c), and the lines they
 * stand in (script_line.c).
 */
#ifndef SCRIPT_INTERNAL_H
#define SCRIPT_INTERNAL_H

#include "provider/json.h"
#include "script.h"

struct script {
	const char *provider;
	struct json *root, *events;
};

struct scripts {
	struct json *conversations; /* its root */
	struct script *script;
	size_t n;
};

/* What is being written: of which call, which event, which turn of it. */
struct pen {
	const struct scripts *scripts;
	const struct scene *c;
	int64_t time; /* ms; of the event, or of the turn */
	uint64_t id; /* of the event */
	const char *speaker, *text; /* of a turn, else NULL */
	struct buf *b;
};

/* A value for a template: text, or JSON as it stands. */
struct given {
	const char *text; /* NULL: json */
	char json[512];
};

/* A member of an object, the i-th text of a list, round and round; or NULL. */
struct json *script_member(struct json *o, const char *name);
const char *script_nth(struct json *list, uint64_t i);
/* The i-th conversation. */
struct json *script_conversation(const struct scripts *ss, int i);
/* Was anything said in a call that ended so? */
bool script_talked(enum call_outcome o);

/* The value that "$name" stands for; none: p->b->failed, and logged. */
void scene_value(const struct pen *p, const char *name, struct given *g);
/* A text of the call's conversation. */
const char *scene_said(const struct pen *p, const char *name);
/* Numbers of the call by themselves: the same at every event of it. */
uint64_t scene_own(const struct scene *c, uint64_t salt);

#endif /* !SCRIPT_INTERNAL_H */
