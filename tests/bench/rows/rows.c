/*
 * rows - the same receiver, of which the store keeps only the row of an event:
 * no call, facts, sums, words or compression.  It authenticates, maps, answers
 * and syncs as Callbook does, so it is the limit of what Callbook can reach.
 */
#define event_add event_add_whole
#define pack_body pack_body_whole
/* All else of these two files is as it is. */
#include "../../../lib/store/event.c" /* NOLINT(bugprone-suspicious-include) */
#include "../../../lib/store/pack.c" /* NOLINT(bugprone-suspicious-include) */
#undef event_add
#undef pack_body

enum store_rc event_add(struct store *st, struct job *j);
void pack_body(struct store *st, struct job *j);

enum store_rc
event_add(struct store *st, struct job *j)
{
	if ((j->source = source_id(st, j->delivery)) == 0)
		return STORE_ERROR;
	return batch_event_add(st, j, 0, NULL, &(struct told){0});
}

void
pack_body(struct store *st, struct job *j)
{
	(void)st;
	(void)j;
}
