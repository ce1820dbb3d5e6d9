/*
 * fuzz_transcript - a conversation as a platform writes it, in one form.
 *
 * The input is a conversation as lines, after the byte `L`, or the JSON of a
 * list.  What is stored of it is JSON, read back turn by turn; written as lines
 * and read again it says the same.
 */
#include "fuzz.h"

#include "provider/json.h"
#include "provider/map.h"
#include "provider/transcript.h"

#define BODY_MAX (256 * 1024)
#define RECEIVED 1779300000000LL
#define HEAD                                                                   \
	"{\"provider\":\"x\",\"auth\":{\"t\":{\"type\":\"token\"}},"           \
	"\"event\":{\"type\":\"/t\",\"key\":[\"body\"]},\"types\":{\"x\":{}}," \
	"\"call\":{\"id\":\"/c\",\"started\":\"/s\",\"transcript\":"

static const char lines[] = HEAD
    "{\"at\":\"/talk\",\"format\":\"lines\",\"agent\":[\"BOT\",\"A\"],"
    "\"caller\":\"HUMAN\"}}}";
static const char turns[] = HEAD
    "{\"at\":\"/talk\",\"format\":\"turns\",\"speaker\":[\"/role\",\"/who\"],"
    "\"text\":[\"/text\",\"/m/0\"],\"time\":\"/at\",\"time_offset\":\"s\","
    "\"speakers\":{\"bot\":\"agent\",\"user\":\"caller\"}}}}";

static struct provider *by_lines, *by_turns;

static struct provider *
parse(const char *definition)
{
	struct buf why = {0};
	struct provider *p = definition_parse(
	    "x", definition, strlen(definition), &why);

	if (p == NULL) {
		fprintf(stderr, "%s\n", buf_str(&why));
		abort();
	}
	return p;
}

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	(void)argc;
	(void)argv;
	by_lines = parse(lines);
	by_turns = parse(turns);
	return 0;
}

/* A conversation as it is read back. */
struct told {
	struct buf lines; /* `PREFIX: words` */
	struct buf words; /* speakers and texts, each after a byte 1 */
	bool foreign; /* a speaker that lines have no prefix for */
};

static int
add_turn(void *arg, const struct said *s)
{
	struct told *t = arg;
	bool agent = strcmp(s->speaker, "agent") == 0;

	t->foreign = t->foreign ||
	    (!agent && strcmp(s->speaker, "caller") != 0);
	buf_printf(&t->lines, "%s: %s\n", agent ? "BOT" : "HUMAN", s->text);
	buf_printf(&t->words, "\1%s\1%s", s->speaker, s->text);
	return 0;
}

static void
told_free(struct told *t)
{
	buf_free(&t->lines);
	buf_free(&t->words);
}

/* Map a body with that conversation.  false: nobody said anything. */
static bool
tell(const struct provider *p, const char *talk, size_t n, struct told *t)
{
	char *const env[] = {NULL};
	struct buf body = {0};
	struct message m = {.env = env, .content_type = ""};
	struct mapper *mp = mapper_new(BODY_MAX);
	const char *reason;
	struct event e;
	bool told = false;

	if (mp == NULL)
		abort();
	buf_puts(&body,
	    "{\"t\":\"x\",\"c\":1,\"s\":\"2026-05-20T18:00:00Z\","
	    "\"talk\":");
	buf_add(&body, talk, n);
	buf_puts(&body, "}");
	m.body = body.data;
	m.len = body.len;
	if (mapper_map(mp, p, &m, RECEIVED, &e, &reason) == MAP_OK &&
	    e.field[FIELD_TRANSCRIPT].set) {
		const struct value *v = &e.field[FIELD_TRANSCRIPT];

		must(transcript_each(v->text, v->len, add_turn, t) ==
		    TRANSCRIPT_OK);
		must(t->words.len > 0);
		told = true;
	}
	mapper_free(mp);
	buf_free(&body);
	return told;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input in = {(const char *)data, size};
	struct told once = {0}, twice = {0};
	struct buf talk = {0};
	bool as_lines = size > 0 && data[0] == 'L';
	/* Who is told a turn is told a C string. */
	bool nul = memchr(data, '\0', size) != NULL;

	if (as_lines) {
		(void)input_byte(&in);
		buf_json(&talk, in.s, in.n);
	} else
		buf_add(&talk, in.s, in.n);
	if (tell(as_lines ? by_lines : by_turns, buf_str(&talk), talk.len,
		&once) &&
	    as_lines && !nul && !once.foreign) {
		struct buf again = {0};

		/* Three bytes may stand for one that is no text. */
		must(once.words.len <= 3 * size + 7 * (size + 1));
		buf_json(&again, buf_str(&once.lines), once.lines.len);
		must(tell(by_lines, again.data, again.len, &twice));
		must(same_bytes(once.words.data, once.words.len,
		    twice.words.data, twice.words.len));
		buf_free(&again);
	}
	told_free(&once);
	told_free(&twice);
	buf_free(&talk);
	return 0;
}
