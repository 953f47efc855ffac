/* door_status: see door_status.h. */
#include "lib/ssm/door_status.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"

struct door_status door_status_of(const struct invocation *i, time_ms now)
{
    const char *text = invocation_statuses[i->status].text;

    switch (i->status) {
    case INVOCATION_PENDING:
        if (i->acknowledged_at != 0)
            return (struct door_status){"InProgress", "InProgress"};
        /* Handed out, not taken in time: it will be handed out again. */
        if (i->offered_at != 0 && i->redeliver_at <= now)
            return (struct door_status){"Delayed", "Delayed"};
        return (struct door_status){"Pending", "Pending"};
    case INVOCATION_UNKNOWN:
        return (struct door_status){"InProgress", "InProgress"};
    case INVOCATION_FAILED:
        if (str_eq(i->details, "NotStarted"))
            return (struct door_status){"Failed", "Undeliverable"};
        return (struct door_status){text, i->details};
    case INVOCATION_SUCCESS:
    case INVOCATION_TIMED_OUT:
        return (struct door_status){text, i->details};
    case INVOCATION_CANCELLED:
        if (str_eq(i->details, "NotStarted"))
            return (struct door_status){text, text};
        return (struct door_status){text, i->details};
    case INVOCATION_IN_PROGRESS:
    case INVOCATION_CANCELLING:
    case INVOCATION_STATUSES_COUNT:
        break;
    }
    return (struct door_status){text, text};
}

struct door_status door_status_of_step(enum step_status status)
{
    const char *text = step_statuses[status].text;

    if (status == STEP_TIMED_OUT)
        return (struct door_status){text, "ExecutionTimedOut"};
    return (struct door_status){text, text};
}

void door_status_duration(int64_t ms, char out[DOOR_STATUS_DURATION_SIZE])
{
    long long hours = ms / 3600000, minutes = ms / 60000 % 60;
    char h[24] = "", m[8] = "";

    if (hours > 0)
        snprintf(h, sizeof(h), "%lldH", hours);
    if (minutes > 0)
        snprintf(m, sizeof(m), "%lldM", minutes);
    snprintf(out, DOOR_STATUS_DURATION_SIZE, "PT%s%s%lld.%03lldS", h, m,
             (long long)(ms / 1000 % 60), (long long)(ms % 1000));
}
