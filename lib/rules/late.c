#include "lib/rules/late.h"

#include <string.h>

#define LATE_KEY(symbol, text) [symbol] = (text),
const char *const late_keys[LATE_ANSWERS_COUNT] = {LATE_ANSWERS(LATE_KEY)};

bool late_is_possible(const struct host *host, time_ms live_cut_at)
{
    return host_came_at(host) > live_cut_at;
}

/* What a person declared lies on the hosts that were there; nobody knows it of those that came since. */
static bool has_what_was_declared(const struct late_facts *f)
{
    return f->declared_at != 0 && f->host->registered_at <= f->declared_at &&
           (!f->has_last || f->last_cut_at <= f->declared_at);
}

static bool has_it(const struct late_facts *f)
{
    return has_what_was_declared(f) ||
           (f->has_last && f->last_well && strcmp(f->last_sha, f->live_sha) == 0);
}

enum late late_judge(const struct late_facts *f, time_ms now)
{
    if (has_it(f))
        return LATE_HAS_IT;
    if (f->host->state != HOST_REGISTERED)
        return LATE_BARRED;
    if (!host_is_online(f->host, now))
        return LATE_SILENT;
    if (f->n_failed >= LATE_TRIES)
        return LATE_GIVEN_UP;
    if (f->turn_at != 0 && host_came_at(f->host) <= f->turn_at)
        return LATE_HAD_TURN;
    return f->busy ? LATE_BUSY : LATE_NOW;
}
