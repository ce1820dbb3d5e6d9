/*
 * call - the vocabulary: what an event says of a call, whatever the platform.
 *
 * The rooms meet here: provider/ fills a struct event, store/ keeps it and
 * folds it into a struct call (fold.h).  One table, call_field, drives the
 * definitions, the fold, the columns of the store and the export, so that a
 * new field is one row.
 *
 * Instants are milliseconds since the epoch, UTC.  Text is UTF-8 without NUL
 * bytes.  Pointers in these structs are borrowed.
 */
#ifndef CALL_H
#define CALL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buf.h"

/* By rank: a call is in the highest state that any of its events told. */
enum call_state {
	STATE_NONE, /* the event says nothing of it */
	STATE_QUEUED,
	STATE_REQUESTED,
	STATE_RINGING,
	STATE_CONNECTED,
	STATE_CLOSING,
	STATE_ENDED,
	STATE_ANALYZED,
	STATE__MAX
};

/*
 * By strength: of several outcomes of one call the strongest stands.  Evidence
 * beats assumption: most platforms say "completed" of a call that merely
 * ended, but only one that heard a machine says "voicemail".
 */
enum call_outcome {
	OUTCOME_NONE, /* not ended, or the event does not tell */
	OUTCOME_UNKNOWN, /* ended, and nothing says how */
	OUTCOME_FAILED,
	OUTCOME_NO_ANSWER,
	OUTCOME_BUSY,
	OUTCOME_UNREACHABLE,
	OUTCOME_EXPIRED,
	OUTCOME_CANCELED,
	OUTCOME_EXHAUSTED,
	OUTCOME_REJECTED,
	OUTCOME_COMPLETED,
	OUTCOME_VOICEMAIL,
	OUTCOME__MAX
};

/* Who ended a call. */
enum call_ender {
	ENDER_NONE,
	ENDER_AGENT,
	ENDER_CALLER,
	ENDER_PLATFORM,
	ENDER_TRANSFER,
	ENDER__MAX
};

/* The words for them; index 0 is NULL. */
extern const char *const call_state_name[STATE__MAX];
extern const char *const call_outcome_name[OUTCOME__MAX];
extern const char *const call_ender_name[ENDER__MAX];

/* The value of a word of n bytes, or -1. */
int call_state_parse(const char *s, size_t n);
int call_outcome_parse(const char *s, size_t n);
int call_ender_parse(const char *s, size_t n);

/* The words of FIELD_DIRECTION. */
#define CALL_DIRECTIONS 4
extern const char *const call_direction_name[CALL_DIRECTIONS];
bool call_direction_valid(const char *s, size_t n);

/* Append only: the store keeps what belongs to a field by its position. */
enum call_field {
	FIELD_TRACE, /* joins the attempts to reach one person */
	FIELD_AGENT,
	FIELD_DIRECTION, /* inbound, outbound, web or unknown */
	FIELD_FROM,
	FIELD_TO,
	FIELD_STARTED,
	FIELD_ENDED,
	FIELD_DURATION, /* talk time */
	FIELD_RECORDING, /* a link; the platform may want its key for it */
	FIELD_STATUS, /* the platform's own word */
	FIELD_REASON, /* the platform's own word for why it ended */
	FIELD_DISPOSITION, /* the platform's word for how the talk went */
	FIELD_SUMMARY,
	FIELD_ATTEMPT,
	FIELD_ATTEMPTS_MAX,
	FIELD_FINAL, /* no further attempt will be made */
	FIELD_NEXT_RETRY,
	FIELD_TRANSCRIPT, /* JSON: [{"speaker":…,"text":…,"time":…}] */
	FIELD_AGENT_NAME, /* what people call the agent */
	FIELD_COST, /* what the platform charges for the call */
	FIELD_GOAL, /* did the call reach its aim */
	FIELD_TRANSFERRED_TO, /* number, queue or person it was handed to */
	FIELD_ENDED_BY, /* a word of call_ender_name */
	FIELD_CAMPAIGN, /* the batch or campaign that it belongs to */
	FIELD__MAX
};

enum call_kind {
	KIND_TEXT,
	KIND_INTEGER,
	KIND_BOOLEAN,
	KIND_INSTANT,
	KIND_DURATION,
	KIND_JSON,
	KIND_MONEY, /* number: millionths of a unit; text: ISO 4217 code */
	KIND_VERDICT /* number: enum verdict; text: the platform's word */
};

/* The values of `number` in a KIND_VERDICT. */
enum verdict {
	VERDICT_NONE = -1, /* only the platform's own word or score is told */
	VERDICT_NO,
	VERDICT_YES
};

struct call_field_info {
	const char *name; /* in definitions, in the export, in the store */
	enum call_kind kind;
};

extern const struct call_field_info call_field[FIELD__MAX];

/*
 * One value of a field: text for KIND_TEXT and KIND_JSON, both for KIND_MONEY
 * and KIND_VERDICT (whose text may be NULL), else number.
 */
struct value {
	bool set; /* false: the platform did not tell it */
	bool derived; /* a time of a call, computed from others */
	bool assumed; /* from or to, placed without knowing the direction */
	const char *text;
	size_t len; /* bytes of text */
	int64_t number;
};

/* One leaf of a dynamic object: results, parameters, variables, metrics… */
enum fact_type { FACT_TEXT, FACT_NUMBER, FACT_BOOLEAN };

struct fact {
	const char *path; /* GROUP/MEMBER…, members escaped as in RFC 6901 */
	enum fact_type type;
	const char *text; /* FACT_TEXT */
	size_t len;
	double number; /* FACT_NUMBER; FACT_BOOLEAN: 0 or 1 */
};

/* One entry of a platform's list of errors.  NULL: not told. */
struct call_error {
	const char *code;
	const char *message;
	const char *phase;
	const char *place;
	const char *time; /* as the platform wrote it */
};

#define EVENT_KEY_SIZE 16

/* What one delivery says.  The unit of exactly once: key within a source. */
struct event {
	unsigned char key[EVENT_KEY_SIZE]; /* by the definition's recipe */
	unsigned char
	    digest[EVENT_KEY_SIZE]; /* of the content; tells variants */
	const char *type; /* the platform's word, never NULL */
	const char *id; /* the platform's id of this event, or NULL */
	const char *call; /* the platform's id of the call, or NULL: of none */
	const char *const *alias; /* further ids of the same call */
	size_t aliases;
	enum call_state state;
	enum call_outcome outcome;
	int64_t time; /* the platform's time, else that of receipt; > 0 */
	bool time_known; /* false: time is the time of receipt */
	int64_t received; /* of the first receipt: part of the event */
	struct value field[FIELD__MAX];
	const struct fact *fact;
	size_t facts;
	const struct call_error *error;
	size_t errors;
	const char *headers; /* those the mapping used (message.h), or NULL */
	bool cut; /* a limit left something of it out: CALL_CUT */
};

/*
 * A signature that may have to be tied to what came with it, since somebody who
 * saw one delivery could send the same signature with something else.
 */
struct binding {
	unsigned char signed_text[EVENT_KEY_SIZE]; /* its hash */
	unsigned char content[EVENT_KEY_SIZE]; /* of what came with it */
	/*
	 * How many contents may come with it; 0: any, since what is signed
	 * leaves no choice.
	 */
	int contents;
};

/* Bits; the store keeps them, so only append. */
enum call_flag {
	CALL_WITH_ERRORS = 1, /* the platform listed errors */
	CALL_VARIANT = 2, /* one key came with two contents */
	CALL_LATE = 4, /* an event came after a later one */
	CALL_ESTIMATED =
	    8, /* of a call: start or end is the time of an event */
	CALL_DERIVED = 16, /* of a call: a time is computed from others */
	CALL_CUT = 32 /* a limit left something out */
};

#define CALL_FLAGS 6

/* Their words; word i is of the bit 1 << i. */
extern const char *const call_flag_name[CALL_FLAGS];

/*
 * Add the record as one JSON object on one line: the `data` of the export.
 * flags: what the event alone cannot tell; the others are added.
 * Absent is absent.  Instants are RFC 3339, durations `duration_ms`; `derived`
 * names the times that were computed.
 */
void event_json(const struct event *e, unsigned flags, struct buf *b);

/* Add one fact as a member of a JSON object: "PATH":VALUE. */
void fact_json(const struct fact *f, struct buf *b);

/* Bytes of the group's name at the start of a path. */
size_t fact_group(const char *path);

#define FACT_NAME_SIZE 300 /* bytes for fact_name() */

/*
 * What follows the group as people read it, members unescaped: "a › b"; the
 * group itself where nothing does.  Cut to fit out, which is returned.
 */
const char *fact_name(const char *path, char out[FACT_NAME_SIZE]);

#endif /* !CALL_H */
