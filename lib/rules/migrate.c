#include "lib/rules/migrate.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/settle.h"

const struct host *migrate_choose_host(const struct host *hosts, size_t n, const char *primary,
                                       time_ms now)
{
    const struct host *chosen = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct host *h = &hosts[i];
        if (!host_is_in_use(h) || !host_is_online(h, now) || h->protocol < HOST_PROTOCOL_PERMIT)
            continue;
        if (primary != NULL) {
            if (strcmp(h->name, primary) == 0)
                return h;
        } else if (chosen == NULL || strcmp(h->name, chosen->name) < 0) {
            chosen = h;
        }
    }
    return chosen;
}

/* Of two that can be asked. */
static bool is_asked_before(const struct migrate_witness *a, const struct migrate_witness *b)
{
    if (a->asked_at != b->asked_at)
        return a->asked_at < b->asked_at;
    if (a->lacks_ground != b->lacks_ground)
        return b->lacks_ground;
    if (a->is_own != b->is_own)
        return b->is_own;
    return strcmp(a->host->name, b->host->name) < 0;
}

const struct migrate_witness *migrate_choose_witness(const struct migrate_witness *witnesses,
                                                     size_t n, time_ms now)
{
    const struct migrate_witness *chosen = NULL;

    for (size_t i = 0; i < n; i++) {
        const struct migrate_witness *w = &witnesses[i];
        const struct host *h = w->host;

        /* A drained one answers questions; another agent knows nothing of our variables. */
        if (h->state != HOST_REGISTERED || h->suspended_at != 0 || !host_is_online(h, now) ||
            h->protocol < HOST_PROTOCOL_PERMIT || w->lacks_document)
            continue;
        if (chosen == NULL || is_asked_before(w, chosen))
            chosen = w;
    }
    return chosen;
}

enum migrate_turn migrate_turn(const struct migrate_ledger *l, time_ms now)
{
    if (l->unsettled != NULL || l->is_fenced)
        return MIGRATE_HELD;
    if (l->success != NULL)
        return MIGRATE_DONE;
    return now < settle_clear_at(l->holder_seen_at) ? MIGRATE_NOT_CLEAR : MIGRATE_GO;
}

/* How far it came without a sign that it began. */
static enum attempt_state before_it_began(const struct invocation *inv)
{
    return inv->permitted_at != 0      ? ATTEMPT_PERMITTED
           : inv->acknowledged_at != 0 ? ATTEMPT_ACCEPTED
           : inv->offered_at != 0      ? ATTEMPT_OFFERED
                                       : ATTEMPT_PLANNED;
}

enum attempt_state migrate_state_of(enum attempt_state now, const struct invocation *inv)
{
    if (attempt_settles(now) || now == ATTEMPT_FAILED)
        return now;
    switch (inv->status) {
    case INVOCATION_PENDING:
        return before_it_began(inv);
    case INVOCATION_IN_PROGRESS:
        return ATTEMPT_RUNNING;
    case INVOCATION_CANCELLING: /* that somebody wants its end does not say that it ever began */
        return inv->began_at != 0 ? ATTEMPT_RUNNING : before_it_began(inv);
    case INVOCATION_SUCCESS:
        return ATTEMPT_SUCCEEDED;
    case INVOCATION_FAILED:
        /* The agent declined, or it was never handed out: proven not to have started. */
        return str_eq(inv->details, "NotStarted") || str_eq(inv->details, "Undeliverable")
                   ? ATTEMPT_NOT_STARTED
                   : ATTEMPT_FAILED;
    case INVOCATION_TIMED_OUT:
        return str_eq(inv->details, "DeliveryTimedOut") && inv->offered_at == 0
                   ? ATTEMPT_NOT_STARTED
                   : ATTEMPT_UNKNOWN;
    case INVOCATION_CANCELLED:
        /* Ended on its host, its SQL may live on; unless the host proved that it never began. */
        return inv->offered_at == 0                 ? ATTEMPT_CANCELLED
               : str_eq(inv->details, "NotStarted") ? ATTEMPT_NOT_STARTED
                                                    : ATTEMPT_UNKNOWN;
    case INVOCATION_UNKNOWN:
    case INVOCATION_STATUSES_COUNT:
        break;
    }
    return ATTEMPT_UNKNOWN;
}

time_ms migrate_alarm_at(const struct attempt *attempt, const struct invocation *inv,
                         int64_t timeout_ms)
{
    if (attempt->settled_at != 0 || attempt->alarmed_at != 0 || inv->began_at == 0 ||
        (attempt->state != ATTEMPT_RUNNING && attempt->state != ATTEMPT_UNKNOWN))
        return 0;
    return inv->began_at + timeout_ms;
}

int migrate_changed(const struct result_line *results, size_t n)
{
    int changed = 1;

    for (size_t i = 0; i < n; i++)
        if (str_eq(results[i].key, "migrate"))
            changed = str_eq(results[i].value, "none") ? 0 : 1;
    return changed;
}
