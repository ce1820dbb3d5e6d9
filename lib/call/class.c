#include "call/class.h"

#include <stddef.h>

/* The classes that calls and deliveries are counted in, and their names. */

#define S 1000LL /* ms */
#define MIN (60 * S)
#define H (60 * MIN)

const char *const arrival_name[ARRIVAL__MAX] = {
    [ARRIVAL_STORED] = "stored",
    [ARRIVAL_DUPLICATE] = "duplicate",
    [ARRIVAL_VARIANT] = "variant",
    [ARRIVAL_QUARANTINED] = "quarantined",
    [ARRIVAL_COUNTED] = "counted",
    [ARRIVAL_REJECTED] = "rejected",
    [ARRIVAL_HANDSHAKE] = "handshake",
};

const char *const refusal_name[REFUSAL__MAX] = {
    [REFUSAL_NOT_FOUND] = "not_found",
    [REFUSAL_METHOD] = "method",
    [REFUSAL_TOO_LARGE] = "too_large",
    [REFUSAL_TYPE] = "type",
    [REFUSAL_SLOW] = "slow",
    [REFUSAL_MISSING] = "missing",
    [REFUSAL_WRONG] = "wrong",
    [REFUSAL_STALE] = "stale",
    [REFUSAL_REUSED] = "reused",
};

const int64_t class_delay[CLASS_DELAYS - 1] = {1 * S, 2 * S, 5 * S, 10 * S,
    30 * S, 1 * MIN, 2 * MIN, 5 * MIN, 15 * MIN, 1 * H, 4 * H, 12 * H, 24 * H};

/* Below `end`, from where the part before ends, classes are `step` wide. */
static const struct {
	int64_t end, step;
} part[] = {
    {3 * MIN, 1 * S},
    {10 * MIN, 5 * S},
    {1 * H, 30 * S},
    {6 * H, 10 * MIN},
};

#define PARTS (sizeof(part) / sizeof(part[0]))

int
class_of_length(int64_t ms)
{
	int64_t start = 0, class = 0;

	if (ms < 0)
		return 0;
	for (size_t i = 0; i < PARTS; i++) {
		if (ms < part[i].end)
			return (int)(class + (ms - start) / part[i].step);
		class += (part[i].end - start) / part[i].step;
		start = part[i].end;
	}
	return (int)class;
}

int64_t
class_length(int class)
{
	int64_t start = 0, classes;

	for (size_t i = 0; i < PARTS; i++) {
		classes = (part[i].end - start) / part[i].step;
		if (class < classes)
			return start + class * part[i].step;
		class -= (int)classes;
		start = part[i].end;
	}
	return start;
}
