#include "lib/calendar/occurrence.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/calendar/interval.h"
#include "lib/calendar/zone.h"

#define DAY_MS INT64_C(86400000)
#define HORIZON_DAYS 400

struct entry {
    const struct config_environment *environment;
    const struct zone *zone;
};

struct calendar {
    struct entry *entries;
    size_t n;
};

int calendar_new(const struct config *config, struct calendar **ret_calendar, struct err *err)
{
    struct calendar *calendar = calloc(1, sizeof(*calendar));
    size_t n = 0;

    if (calendar == NULL)
        abort();
    for (size_t i = 0; i < config->n_repos; i++)
        n += config->repos[i].n_environments;
    calendar->entries = calloc(n + 1, sizeof(*calendar->entries));
    if (calendar->entries == NULL)
        abort();
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++) {
            struct entry *e = &calendar->entries[calendar->n++];
            int rc;
            e->environment = &config->repos[i].environments[k];
            rc = zone_open(e->environment->timezone, &e->zone, err);
            if (rc < 0) {
                calendar_free(calendar);
                return rc;
            }
        }
    *ret_calendar = calendar;
    return 0;
}

void calendar_free(struct calendar *calendar)
{
    if (calendar == NULL)
        return;
    free(calendar->entries);
    free(calendar);
}

const struct zone *calendar_zone(const struct calendar *calendar,
                                 const struct config_environment *environment)
{
    for (size_t i = 0; i < calendar->n; i++)
        if (calendar->entries[i].environment == environment)
            return calendar->entries[i].zone;
    return NULL;
}

/* The occurrences of one local day, in order of their instants. */
static size_t day_of(const struct zone *zone, const struct config_environment *e, int64_t days,
                     struct occurrence *items, size_t max)
{
    size_t n = 0;

    if (!interval_day_counts(e->calendar, days))
        return 0;
    for (size_t i = 0; i < e->at.n && n < max; i++) {
        struct zone_local local = {.year = 0};
        struct occurrence o;
        size_t k = n;
        if (sscanf(e->at.items[i], "%2d:%2d:%2d", &local.hour, &local.minute, &local.second) != 3)
            continue;
        timestamp_civil_from_days(days, &local.year, &local.month, &local.day);
        if (zone_instant(zone, &local, &o.due_at) < 0)
            continue;
        snprintf(o.date, sizeof(o.date), "%04d-%02d-%02d", (int)(local.year % 10000),
                 local.month % 100, local.day % 100);
        snprintf(o.time, sizeof(o.time), "%s", e->at.items[i]);
        for (; k > 0 && items[k - 1].due_at > o.due_at; k--)
            items[k] = items[k - 1];
        items[k] = o;
        n++;
    }
    return n;
}

#define PER_DAY_MAX 96 /* lib/config refuses more */

size_t occurrence_list(const struct calendar *calendar,
                       const struct config_environment *environment, time_ms from, time_ms to,
                       struct occurrence *ret_items, size_t max)
{
    const struct zone *zone = calendar_zone(calendar, environment);
    int64_t first = from / DAY_MS - 2;
    size_t n = 0;

    for (int64_t day = first; zone != NULL && environment->at.n > 0 && n < max; day++) {
        struct occurrence today[PER_DAY_MAX];
        size_t found = day_of(zone, environment, day, today, PER_DAY_MAX);
        if ((day - 2) * DAY_MS >= to || day - first > HORIZON_DAYS)
            break;
        for (size_t i = 0; i < found && n < max; i++)
            if (today[i].due_at >= from && today[i].due_at < to)
                ret_items[n++] = today[i];
    }
    return n;
}

bool occurrence_next(const struct calendar *calendar, const struct config_environment *environment,
                     time_ms from, struct occurrence *ret_occurrence)
{
    return occurrence_list(calendar, environment, from, INT64_MAX, ret_occurrence, 1) == 1;
}
