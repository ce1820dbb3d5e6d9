/*
 * draft_words - the tables, and how they are searched.
 *
 * A phrase is words with a space between.  It is found in a name or a word
 * where its words stand one after the other.
 */
#include "provider/draft_words.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

/* --- names ---------------------------------------------------------------- */

/* Words of one meaning: each becomes the first of its row. */
static const char *const same[][14] = {
    {"id", "uuid", "sid", "guid", "ref", "identifier"},
    {"call", "conversation", "dialog"},
    {"agent", "assistant", "bot", "robot"},
    {"customer", "user", "client", "lead", "contact", "external", "remote",
	"human", "person"},
    {"number", "phone", "msisdn", "e164", "telephone"},
    {"time", "timestamp", "at", "date", "datetime", "ts", "unix", "utc", "iso",
	"epoch"},
    {"seconds", "secs", "sec", "s", "second"},
    {"ms", "millis", "milliseconds", "msec"},
    {"minutes", "mins", "minute"},
    {"start", "started", "begin", "began", "begun"},
    {"end", "ended", "finish", "finished", "stop", "stopped"},
    {"hangup", "disconnection", "disconnect", "disconnected", "termination",
	"terminated"},
    {"reason", "cause"},
    {"url", "link", "uri", "href", "location"},
    {"record", "recording", "recorded", "recordings"},
    {"duration", "length", "len"},
    {"success", "successful", "succeeded"},
    {"attempt", "try"},
    {"create", "created", "creation"},
    {"transfer", "transferred", "forwarded"},
    {"retry", "redial"},
    {"messages", "turns", "utterances", "segments", "dialogue"},
    {"transcript", "transcripts", "transcription"},
    {"type", "kind"},
};

/* Which names stand for which member, and how surely (up to 100). */
static const struct {
	const char *member, *name;
	int weight;
} meaning[] = {
    {"type", "event type", 100},
    {"type", "event name", 95},
    {"type", "event", 92},
    {"type", "message type", 85},
    {"type", "webhook type", 85},
    {"type", "notification type", 80},
    {"type", "type", 75},
    {"type", "topic", 60},
    {"type", "action", 50},
    {"type", "call status", 60},
    {"type", "status", 58},
    {"type", "state", 35},
    {"event id", "event id", 100},
    {"event id", "delivery id", 95},
    {"event id", "webhook id", 90},
    {"event id", "notification id", 90},
    {"event id", "message id", 80},
    {"event id", "data id", 75},
    {"event id", "id", 70},
    {"event time", "event time", 100},
    {"event time", "occurred time", 100},
    {"event time", "sent time", 95},
    {"event time", "sent", 90},
    {"event time", "time", 85},
    {"event time", "emitted time", 85},
    {"event time", "create time", 60},
    {"id", "call id", 100},
    {"id", "call leg id", 85},
    {"id", "call session id", 80},
    {"id", "room id", 70},
    {"id", "session id", 65},
    {"id", "call control id", 60},
    {"id", "id", 54},
    {"id", "c id", 35},
    {"trace", "trace id", 100},
    {"trace", "correlation id", 90},
    {"trace", "call session id", 60},
    {"agent", "agent id", 100},
    {"agent", "persona id", 75},
    {"agent", "agent", 70},
    {"agent", "flow id", 65},
    {"agent", "pathway id", 65},
    {"agent", "model id", 60},
    {"agent_name", "agent name", 100},
    {"from", "from number", 100},
    {"from", "from", 95},
    {"from", "caller number", 90},
    {"from", "source number", 85},
    {"from", "caller id", 70},
    {"from", "caller", 80},
    {"to", "to number", 100},
    {"to", "to", 95},
    {"to", "called number", 90},
    {"to", "destination number", 80},
    {"to", "callee number", 85},
    {"to", "dialed number", 85},
    {"to", "callee", 80},
    {"to", "called", 80},
    {"ours", "agent number", 100},
    {"ours", "our number", 100},
    {"ours", "business number", 90},
    {"ours", "trunk number", 85},
    {"ours", "company number", 85},
    {"ours", "number number", 80},
    {"ours", "number", 50},
    {"theirs", "customer number", 100},
    {"theirs", "caller number", 90},
    {"theirs", "their number", 100},
    {"theirs", "recipient number", 85},
    {"theirs", "prospect number", 85},
    {"theirs", "patient number", 80},
    {"theirs", "caller", 75},
    {"theirs", "number", 50},
    {"direction", "direction", 100},
    {"direction", "inbound", 90},
    {"direction", "incoming", 90},
    {"direction", "outbound", 90},
    {"direction", "outgoing", 90},
    {"direction", "dir", 85},
    {"direction", "call type", 70},
    {"direction", "type of call", 70},
    {"direction", "event type", 56},
    {"direction", "event", 54},
    {"direction", "type", 38},
    {"started", "start time", 100},
    {"started", "start", 95},
    {"started", "answered time", 80},
    {"started", "answer time", 80},
    {"started", "connected time", 75},
    {"started", "joined time", 75},
    {"started", "joined", 75},
    {"started", "create time", 60},
    {"started", "create", 60},
    {"ended", "end time", 100},
    {"ended", "end", 95},
    {"ended", "completed time", 85},
    {"ended", "hangup time", 85},
    {"duration", "duration", 96},
    {"duration", "duration seconds", 98},
    {"duration", "duration ms", 98},
    {"duration", "duration minutes", 97},
    {"duration", "call duration", 100},
    {"duration", "talk time", 90},
    {"duration", "call seconds", 80},
    {"duration", "seconds", 75},
    {"duration", "minutes", 70},
    {"duration", "bill duration", 55},
    {"duration", "billed duration", 55},
    {"recording", "record url", 100},
    {"recording", "record", 85},
    {"recording", "record link", 100},
    {"recording", "record urls mp3", 95},
    {"recording", "record urls wav", 90},
    {"recording", "audio url", 80},
    {"recording", "stereo record url", 70},
    {"status", "call status", 100},
    {"status", "status", 92},
    {"status", "call state", 85},
    {"status", "state", 75},
    {"status", "result", 55},
    {"reason", "hangup reason", 100},
    {"reason", "end reason", 100},
    {"reason", "end call reason", 100},
    {"reason", "failure reason", 95},
    {"reason", "reason", 80},
    {"reason", "error message", 60},
    {"reason", "error reason", 60},
    {"reason", "detail", 55},
    {"reason", "sip response code", 50},
    {"disposition", "disposition", 100},
    {"disposition", "disposition tag", 100},
    {"disposition", "call disposition", 100},
    {"disposition", "call outcome", 85},
    {"disposition", "outcome", 85},
    {"disposition", "call result", 70},
    {"summary", "summary", 100},
    {"summary", "call summary", 100},
    {"summary", "transcript summary", 95},
    {"summary", "short summary", 75},
    {"attempt", "attempt number", 100},
    {"attempt", "attempt", 90},
    {"attempt", "attempt count", 80},
    {"attempt", "retry count", 75},
    {"attempts_max", "max attempts", 100},
    {"attempts_max", "attempts max", 100},
    {"attempts_max", "max retries", 85},
    {"final", "is final attempt", 100},
    {"final", "final attempt", 100},
    {"final", "is last attempt", 95},
    {"next_retry", "next retry time", 100},
    {"next_retry", "next attempt time", 100},
    {"next_retry", "retry time", 80},
    {"cost", "total cost", 100},
    {"cost", "call cost", 100},
    {"cost", "combined cost", 100},
    {"cost", "cost", 95},
    {"cost", "total price", 95},
    {"cost", "price", 90},
    {"cost", "cost cents", 100},
    {"cost", "amount", 50},
    {"goal", "call success", 100},
    {"goal", "goal achieved", 100},
    {"goal", "goal reached", 100},
    {"goal", "goal met", 100},
    {"goal", "is success", 95},
    {"goal", "success", 90},
    {"goal", "success evaluation", 95},
    {"ended_by", "call ended by", 100},
    {"ended_by", "call end by", 100},
    {"ended_by", "end by", 100},
    {"ended_by", "hangup by", 100},
    {"ended_by", "hangup source", 95},
    {"campaign", "campaign id", 100},
    {"campaign", "campaign", 95},
    {"campaign", "campaign name", 90},
    {"campaign", "batch id", 80},
    {"campaign", "batch call id", 85},
    {"transferred_to", "transfer to", 100},
    {"transferred_to", "transfer number", 95},
    {"transferred_to", "transfer destination", 95},
    {"transferred_to", "transfer target", 90},
    {"transcript", "transcript", 100},
    {"transcript", "transcript object", 98},
    {"transcript", "transcript messages", 98},
    {"transcript", "messages", 85},
    {"transcript", "concatenated transcript", 70},
    {"transcript", "call log", 70},
    {"transcript", "log", 60},
    {"transcript", "call", 50},
    {"answered by", "answered by", 100},
    {"answered by", "in voicemail", 100},
    {"answered by", "is voicemail", 100},
    {"answered by", "voicemail", 95},
    {"answered by", "machine", 95},
    {"answered by", "amd result", 90},
    {"answered by", "amd status", 90},
    {"answered by", "result", 40},
    {"currency", "currency", 100},
    {"currency", "cost currency", 100},
    {"currency", "price currency", 100},
    {"currency", "price unit", 90},
    {"currency", "currency code", 100},
};

/* Words in a name that make it stand for something else. */
static const struct {
	const char *member, *word;
} not_with[] = {
    {"duration", "max"},
    {"duration", "record"},
    {"duration", "timeout"},
    {"duration", "price"},
    {"duration", "limit"},
    {"duration", "speech"},
    {"duration", "silence"},
    {"duration", "ring"},
    {"started", "record"},
    {"ended", "record"},
    {"started", "egress"},
    {"ended", "egress"},
    {"started", "next"},
    {"from", "country"},
    {"to", "country"},
    {"from", "name"},
    {"to", "name"},
    {"from", "transfer"},
    {"to", "transfer"},
    {"to", "delivered"},
    {"ours", "customer"},
    {"ours", "transfer"},
    {"ours", "destination"},
    {"ours", "provider"},
    {"theirs", "transfer"},
    {"theirs", "trunk"},
    {"theirs", "destination"},
    {"theirs", "agent"},
    {"status", "record"},
    {"status", "billing"},
    {"status", "egress"},
    {"status", "code"},
    {"reason", "finish"},
    {"summary", "prompt"},
    {"cost", "unit"},
    {"type", "content"},
    {"type", "endpoint"},
    {"type", "auth"},
    {"type", "record"},
    {"type", "callback"},
    {"recording", "status"},
    {"recording", "enabled"},
    {"recording", "id"},
    {"recording", "duration"},
    {"attempt", "max"},
    {"attempt", "is"},
    {"attempt", "next"},
    {"event time", "start"},
    {"event time", "end"},
    {"event time", "deletion"},
    {"goal", "metrics"},
};

/* Members whose own members differ from call to call. */
static const char *const dynamic[] = {
    "variables",
    "dynamic variables",
    "variable values",
    "parameters",
    "params",
    "results",
    "metadata",
    "meta data",
    "metrics",
    "scores",
    "custom",
    "custom data",
    "custom analysis data",
    "custom fields",
    "structured data",
    "structured outputs",
    "collected data",
    "collected variables",
    "data collection results",
    "evaluation criteria results",
    "prompt variables",
    "request data",
    "answers",
    "analytics",
    "extracted data",
    "executed actions",
    "tags",
};

/* --- words ---------------------------------------------------------------- */

/* In the order of trying: certain words before assumptions. */
static const struct {
	const char *phrase;
	enum call_outcome outcome;
	bool weak;
} outcome_word[] = {
    {"voicemail", OUTCOME_VOICEMAIL, false},
    {"voice mail", OUTCOME_VOICEMAIL, false},
    {"answering machine", OUTCOME_VOICEMAIL, false},
    {"machine", OUTCOME_VOICEMAIL, false},
    {"max attempts", OUTCOME_EXHAUSTED, false},
    {"attempts reached", OUTCOME_EXHAUSTED, false},
    {"exhausted", OUTCOME_EXHAUSTED, false},
    {"no answer", OUTCOME_NO_ANSWER, false},
    {"noanswer", OUTCOME_NO_ANSWER, false},
    {"not answer", OUTCOME_NO_ANSWER, false},
    {"not answered", OUTCOME_NO_ANSWER, false},
    {"unanswered", OUTCOME_NO_ANSWER, false},
    {"no response", OUTCOME_NO_ANSWER, false},
    {"not reached", OUTCOME_NO_ANSWER, false},
    {"not joined", OUTCOME_NO_ANSWER, false},
    {"unjoined", OUTCOME_NO_ANSWER, false},
    {"missed", OUTCOME_NO_ANSWER, false},
    {"user unavailable", OUTCOME_NO_ANSWER, false},
    {"busy", OUTCOME_BUSY, false},
    {"engaged", OUTCOME_BUSY, false},
    {"rejected", OUTCOME_REJECTED, false},
    {"declined", OUTCOME_REJECTED, false},
    {"refused", OUTCOME_REJECTED, false},
    {"limit exceeded", OUTCOME_REJECTED, false},
    {"canceled", OUTCOME_CANCELED, false},
    {"cancelled", OUTCOME_CANCELED, false},
    {"cancel", OUTCOME_CANCELED, false},
    {"expired", OUTCOME_EXPIRED, false},
    {"unreachable", OUTCOME_UNREACHABLE, false},
    {"invalid number", OUTCOME_UNREACHABLE, false},
    {"invalid destination", OUTCOME_UNREACHABLE, false},
    {"out of service", OUTCOME_UNREACHABLE, false},
    {"not in service", OUTCOME_UNREACHABLE, false},
    {"not found", OUTCOME_UNREACHABLE, false},
    {"unallocated", OUTCOME_UNREACHABLE, false},
    {"cannot route", OUTCOME_UNREACHABLE, false},
    {"failed", OUTCOME_FAILED, false},
    {"failure", OUTCOME_FAILED, false},
    {"fail", OUTCOME_FAILED, false},
    {"error", OUTCOME_FAILED, false},
    {"aborted", OUTCOME_FAILED, false},
    {"timeout", OUTCOME_NO_ANSWER, true},
    {"completed", OUTCOME_COMPLETED, false},
    {"complete", OUTCOME_COMPLETED, false},
    {"success", OUTCOME_COMPLETED, false},
    {"successful", OUTCOME_COMPLETED, false},
    {"answered", OUTCOME_COMPLETED, true},
    {"done", OUTCOME_COMPLETED, true},
    {"hangup", OUTCOME_COMPLETED, true},
    {"hung up", OUTCOME_COMPLETED, true},
    {"goodbye", OUTCOME_COMPLETED, true},
    {"normal clearing", OUTCOME_COMPLETED, true},
    {"finished", OUTCOME_COMPLETED, true},
    {"ended", OUTCOME_COMPLETED, true},
    {"transfer", OUTCOME_COMPLETED, true},
    {"transferred", OUTCOME_COMPLETED, true},
    {"max duration", OUTCOME_COMPLETED, true},
    {"client initiated", OUTCOME_COMPLETED, true},
};

static const struct {
	const char *phrase;
	enum call_state state;
} state_word[] = {
    {"pre call", STATE_REQUESTED},
    {"pre conversation", STATE_REQUESTED},
    {"post call", STATE_ENDED},
    {"post conversation", STATE_ENDED},
    {"end of call", STATE_ENDED},
    {"analyzed", STATE_ANALYZED},
    {"analysed", STATE_ANALYZED},
    {"analysis", STATE_ANALYZED},
    {"analytics", STATE_ANALYZED},
    {"insights", STATE_ANALYZED},
    {"evaluated", STATE_ANALYZED},
    {"evaluation", STATE_ANALYZED},
    {"closing", STATE_CLOSING},
    {"disconnecting", STATE_CLOSING},
    {"queued", STATE_QUEUED},
    {"pending", STATE_QUEUED},
    {"scheduled", STATE_QUEUED},
    {"requested", STATE_REQUESTED},
    {"initiated", STATE_REQUESTED},
    {"created", STATE_REQUESTED},
    {"connecting", STATE_REQUESTED},
    {"ringing", STATE_RINGING},
    {"ring", STATE_RINGING},
    {"alerting", STATE_RINGING},
    {"dialing", STATE_RINGING},
    {"calling", STATE_RINGING},
    {"in progress", STATE_CONNECTED},
    {"ongoing", STATE_CONNECTED},
    {"connected", STATE_CONNECTED},
    {"bridged", STATE_CONNECTED},
    {"joined", STATE_CONNECTED},
    {"active", STATE_CONNECTED},
    {"human", STATE_CONNECTED},
    {"ended", STATE_ENDED},
    {"end", STATE_ENDED},
    {"hangup", STATE_ENDED},
    {"finished", STATE_ENDED},
    {"disconnected", STATE_ENDED},
    {"billed", STATE_ENDED},
    {"report", STATE_ENDED},
    {"started", STATE_CONNECTED},
    {"start", STATE_CONNECTED},
    {"answer", STATE_CONNECTED},
};

/* Kinds of event that say nothing of how far the call is. */
static const char *const beside[] = {
    "recording",
    "record",
    "transfer",
    "detection",
    "egress",
    "ingress",
    "track",
    "participant",
    "job",
    "dtmf",
    "speech",
    "stream",
    "playback",
    "gather",
    "tool",
    "transcript",
    "audio",
    "message",
    "voice",
    "chat",
    "update",
    "updated",
};

static const char *const direction_word[][2] = {
    {"web", "web"},
    {"webcall", "web"},
    {"websocket", "web"},
    {"webrtc", "web"},
    {"inbound", "inbound"},
    {"incoming", "inbound"},
    {"outbound", "outbound"},
    {"outgoing", "outbound"},
};

static const char *const speaker_word[][2] = {
    {"agent", "agent"},
    {"assistant", "agent"},
    {"bot", "agent"},
    {"robot", "agent"},
    {"ai", "agent"},
    {"model", "agent"},
    {"user", "caller"},
    {"human", "caller"},
    {"customer", "caller"},
    {"caller", "caller"},
    {"callee", "caller"},
    {"client", "caller"},
    {"contact", "caller"},
    {"lead", "caller"},
    {"system", "system"},
    {"tool", "tool"},
    {"function", "tool"},
};

static const char *const ender_word[][2] = {
    {"agent", "agent"},
    {"assistant", "agent"},
    {"bot", "agent"},
    {"ai", "agent"},
    {"user", "caller"},
    {"human", "caller"},
    {"customer", "caller"},
    {"caller", "caller"},
    {"callee", "caller"},
    {"client", "caller"},
    {"system", "platform"},
    {"platform", "platform"},
    {"api", "platform"},
    {"unknown", "platform"},
    {"transfer", "transfer"},
};

static const char *const verdict_word[][2] = {
    {"true", "yes"},
    {"yes", "yes"},
    {"success", "yes"},
    {"successful", "yes"},
    {"pass", "yes"},
    {"passed", "yes"},
    {"false", "no"},
    {"no", "no"},
    {"failure", "no"},
    {"failed", "no"},
    {"fail", "no"},
    {"unsuccessful", "no"},
};

static const char *const unit_word[][2] = {
    {"ms", "ms"},
    {"seconds", "s"},
    {"minutes", "min"},
};

/* --- splitting ------------------------------------------------------------ */

/* The word that stands for w of n bytes, or NULL. */
static const char *
common_word(const char *w, size_t n)
{
	for (size_t i = 0; i < COUNT(same); i++)
		for (size_t j = 1; j < COUNT(same[i]); j++)
			if (same[i][j] != NULL && strlen(same[i][j]) == n &&
			    memcmp(same[i][j], w, n) == 0)
				return same[i][0];
	return NULL;
}

/* Add a word; one that repeats the word before it is left out. */
static void
add_word(char out[DRAFT_PHRASE_SIZE], const char *w, size_t n, bool common)
{
	const char *other = common ? common_word(w, n) : NULL;
	size_t len = strlen(out);

	if (other != NULL) {
		w = other;
		n = strlen(other);
	}
	if (n == 0 || len + n + 2 > DRAFT_PHRASE_SIZE)
		return;
	if (len >= n + 2 && out[len - n - 2] == ' ' &&
	    memcmp(out + len - n - 1, w, n) == 0)
		return;
	memcpy(out + len, w, n);
	out[len + n] = ' ';
	out[len + n + 1] = '\0';
}

void
draft_words_split(
    const char *name, size_t n, bool common, char out[DRAFT_PHRASE_SIZE])
{
	char word[DRAFT_PHRASE_SIZE];
	size_t used = 0;

	memcpy(out, " ", 2);
	for (size_t i = 0; i < n; i++) {
		unsigned char c = (unsigned char)name[i];
		unsigned char before = i > 0 ? (unsigned char)name[i - 1] : 0;
		unsigned char after = i + 1 < n ? (unsigned char)name[i + 1]
						: 0;
		/* aB: before B.  ABc: before B. */
		bool begins = isupper(c) &&
		    (islower(before) || isdigit(before) ||
			(isupper(before) && islower(after)));

		if ((begins || !isalnum(c)) && used > 0) {
			add_word(out, word, used, common);
			used = 0;
		}
		if (isalnum(c) && used < sizeof(word))
			word[used++] = (char)tolower(c);
	}
	add_word(out, word, used, common);
}

/* --- looking up ----------------------------------------------------------- */

/* Where the phrase stands in text, or NULL; text has a space at each end. */
static const char *
find_phrase(const char *text, const char *phrase)
{
	size_t n = strlen(phrase);

	for (const char *at = text; (at = strstr(at, phrase)) != NULL; at++)
		if (at > text && at[-1] == ' ' && at[n] == ' ')
			return at;
	return NULL;
}

static size_t
words(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += *s == ' ';
	return n;
}

/*
 * Best is the whole name; then a name that ends with the phrase, which may
 * begin in the name of the object around it; then one that contains it.
 */
static int
fit_phrase(const char *phrase, int weight, const char *own, const char *whole)
{
	size_t n = strlen(phrase), len = strlen(whole), extra;
	const char *at;

	if (strlen(own) == n + 2 && memcmp(own + 1, phrase, n) == 0)
		return weight;
	at = find_phrase(whole, phrase);
	if (at != NULL && at + n + 1 == whole + len &&
	    strlen(own) <= n + 2) /* it covers the name */
		return weight - 3;
	at = find_phrase(own, phrase);
	if (at == NULL)
		return 0;
	extra = words(own) - 1 - (words(phrase) + 1);
	weight -= at[n + 1] == '\0' ? 8 : 22;
	weight -= 6 * (int)(extra > 0 ? extra - 1 : 0);
	return weight > 0 ? weight : 0;
}

int
draft_words_fit(const char *member, const char *own, const char *whole)
{
	int best = 0;

	for (size_t i = 0; i < COUNT(not_with); i++)
		if (strcmp(not_with[i].member, member) == 0 &&
		    find_phrase(whole, not_with[i].word) != NULL)
			return 0;
	for (size_t i = 0; i < COUNT(meaning); i++) {
		int fit;

		if (strcmp(meaning[i].member, member) != 0)
			continue;
		fit = fit_phrase(
		    meaning[i].name, meaning[i].weight, own, whole);
		if (fit > best)
			best = fit;
	}
	return best;
}

bool
draft_words_is_dynamic(const char *own)
{
	for (size_t i = 0; i < COUNT(dynamic); i++) {
		const char *at = find_phrase(own, dynamic[i]);

		if (at != NULL && at[strlen(dynamic[i]) + 1] == '\0')
			return true;
	}
	return false;
}

bool
draft_words_is_beside(const char *type)
{
	for (size_t i = 0; i < COUNT(beside); i++)
		if (find_phrase(type, beside[i]) != NULL)
			return true;
	return false;
}

enum call_outcome
draft_words_outcome(const char *word, bool *weak)
{
	*weak = false;
	for (size_t i = 0; i < COUNT(outcome_word); i++)
		if (find_phrase(word, outcome_word[i].phrase) != NULL) {
			*weak = outcome_word[i].weak;
			return outcome_word[i].outcome;
		}
	return OUTCOME_NONE;
}

enum call_state
draft_words_state(const char *word)
{
	bool weak;
	enum call_outcome outcome;

	outcome = draft_words_outcome(word, &weak);
	/*
	 * "no-answer" is not an answer, "analysis.completed" not the end of a
	 * call.
	 */
	if (outcome != OUTCOME_NONE && !weak && outcome != OUTCOME_COMPLETED &&
	    outcome != OUTCOME_FAILED)
		return STATE_ENDED;
	for (size_t i = 0; i < COUNT(state_word); i++)
		if (find_phrase(word, state_word[i].phrase) != NULL)
			return state_word[i].state;
	if (outcome == OUTCOME_COMPLETED && weak)
		return find_phrase(word, "answered") != NULL ? STATE_CONNECTED
							     : STATE_ENDED;
	return outcome == OUTCOME_NONE ? STATE_NONE : STATE_ENDED;
}

/* Of a table of phrase and meaning. */
static const char *
look_up(const char *const (*table)[2], size_t rows, const char *word)
{
	for (size_t i = 0; i < rows; i++)
		if (find_phrase(word, table[i][0]) != NULL)
			return table[i][1];
	return NULL;
}

const char *
draft_words_direction(const char *word)
{
	/* Short words are too common within others, such as "in progress". */
	if (strcmp(word, " in ") == 0)
		return "inbound";
	if (strcmp(word, " out ") == 0)
		return "outbound";
	return look_up(direction_word, COUNT(direction_word), word);
}

const char *
draft_words_speaker(const char *word)
{
	return look_up(speaker_word, COUNT(speaker_word), word);
}

const char *
draft_words_ender(const char *word)
{
	return look_up(ender_word, COUNT(ender_word), word);
}

const char *
draft_words_verdict(const char *word)
{
	return look_up(verdict_word, COUNT(verdict_word), word);
}

const char *
draft_words_unit(const char *own)
{
	return look_up(unit_word, COUNT(unit_word), own);
}
