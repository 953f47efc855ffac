/* pace: see pace.h. */
#include "agent/pace.h"

#include <stdlib.h>
#include <string.h>

/* Digits alone, in bounds. Returns what is behind them; NULL = it is none. */
static const char *number(const char *text, int64_t *ret_value)
{
    size_t n = strspn(text, "0123456789");
    int64_t value = n > 0 && n <= 7 ? strtoll(text, NULL, 10) : 0;

    if (value < PACE_MIN || value > PACE_MAX)
        return NULL;
    *ret_value = value;
    return text + n;
}

bool pace_parse(const char *text, struct pace_limit *ret_limit)
{
    struct pace_limit limit;
    const char *at = number(text, &limit.at_once);

    if (at == NULL)
        return false;
    at += strspn(at, " ");
    if (*at++ != '+')
        return false;
    at = number(at + strspn(at, " "), &limit.per_hour);
    if (at == NULL || strcmp(at, "/h") != 0)
        return false;
    *ret_limit = limit;
    return true;
}

static int64_t spent_at(const struct pace *pace, time_ms now)
{
    int64_t passed = now - pace->at;

    if (passed <= 0 || pace->spent == 0)
        return pace->spent;
    if (passed >= pace->spent / pace->limit.per_hour + 1)
        return 0;
    return pace->spent - passed * pace->limit.per_hour;
}

void pace_take(struct pace *pace, time_ms at)
{
    if (pace->limit.at_once == 0)
        return;
    pace->spent = spent_at(pace, at) + PACE_ONE;
    if (pace->spent > pace->limit.at_once * PACE_ONE)
        pace->spent = pace->limit.at_once * PACE_ONE;
    pace->at = at;
}

int64_t pace_room(struct pace *pace, time_ms now)
{
    if (now < pace->at)
        pace->at = now;
    if (pace->limit.at_once == 0)
        return PACE_MAX;
    return (pace->limit.at_once * PACE_ONE - spent_at(pace, now)) / PACE_ONE;
}
