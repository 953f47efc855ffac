#include "lib/rules/rate.h"

#include <string.h>

bool rate_is_exceeded(const struct rate *rate, const struct rate_counts *counts)
{
    return counts->errors > rate->max_errors;
}

size_t rate_doubling(size_t concurrency, size_t well)
{
    size_t allowed = 1;

    while (allowed * 2 <= well + 1 && allowed < concurrency)
        allowed *= 2;
    return allowed < concurrency ? allowed : concurrency;
}

/* 1, 3, 7 ...: how many may have been released while so many took theirs; a round as large as `concurrency`
 * is bound by that alone. */
static size_t released_at_most(size_t concurrency, size_t taken)
{
    size_t all = 1;

    for (size_t round = 1; taken >= all; all += round) {
        round *= 2;
        if (round >= concurrency)
            return (size_t)-1;
    }
    return all;
}

size_t rate_free(const struct rate *rate, const struct rate_counts *counts)
{
    size_t allowed = rate->ramp == RATE_BY_SUCCESS ? rate_doubling(rate->concurrency, counts->well)
                                                   : rate->concurrency;
    size_t free_places = allowed > counts->open ? allowed - counts->open : 0;

    if (rate_is_exceeded(rate, counts))
        return 0;
    if (rate->ramp == RATE_BY_ACKNOWLEDGED) {
        size_t most = released_at_most(rate->concurrency, counts->taken);
        size_t left = most > counts->released ? most - counts->released : 0;

        if (left < free_places)
            free_places = left;
    }
    return free_places;
}

bool rate_resolve(const char *text, size_t n, size_t least, size_t *ret_value)
{
    size_t digits = strspn(text, "0123456789");
    size_t value = 0;

    if (digits == 0 || digits > 7 || (text[digits] != '\0' && strcmp(text + digits, "%") != 0) ||
        (digits > 1 && text[0] == '0'))
        return false;
    for (size_t i = 0; i < digits; i++)
        value = value * 10 + (size_t)(text[i] - '0');
    if (text[digits] == '%') {
        if (value > 100)
            return false;
        value = n * value / 100;
    }
    *ret_value = value < least ? least : value;
    return true;
}
