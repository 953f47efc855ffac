/*
 * occurrence: the instants at which an environment `on: schedule` is due (F1, F6).
 *
 * An occurrence is known by (environment, local date, HH:MM:SS); its instant is derived from its zone
 * for each day anew. Pure once the calendar is made; any thread.
 */
#ifndef SLIPWAY_LIB_CALENDAR_OCCURRENCE_H
#define SLIPWAY_LIB_CALENDAR_OCCURRENCE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/config.h"

struct zone;

struct occurrence {
    char date[11]; /* YYYY-MM-DD, local */
    char time[9];  /* HH:MM:SS, local */
    time_ms due_at;
};

/* The zones and times of all environments of a configuration. */
struct calendar;

/* `config` must outlive it. */
int calendar_new(const struct config *config, struct calendar **ret_calendar, struct err *err);
void calendar_free(struct calendar *calendar);

/* The zone of an environment. */
const struct zone *calendar_zone(const struct calendar *calendar,
                                 const struct config_environment *environment);

/* The first occurrence with from <= due_at; false if there is none within 400 days. */
bool occurrence_next(const struct calendar *calendar, const struct config_environment *environment,
                     time_ms from, struct occurrence *ret_occurrence);

/* Those with from <= due_at < to, oldest first, at most `max`. Returns how many. */
size_t occurrence_list(const struct calendar *calendar,
                       const struct config_environment *environment, time_ms from, time_ms to,
                       struct occurrence *ret_items, size_t max);

#endif
