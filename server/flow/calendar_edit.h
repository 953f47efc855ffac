/*
 * calendar_edit: what an edit of the configuration, of a list of holidays or of a calendar opens is no start for what lies
 * behind it (F6). For each environment the store keeps the days that had starts; a day that is one only since now
 * is passed over up to now.
 */
#ifndef SLIPWAY_SERVER_FLOW_CALENDAR_EDIT_H
#define SLIPWAY_SERVER_FLOW_CALENDAR_EDIT_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct calendar;
struct config_environment;
struct db;

/* At each acceptance, after store_schedule_keep. Writer. */
int calendar_edit_keep(struct db *db, const struct calendar *calendar,
                       const struct config_environment *environment, int64_t repository_id,
                       time_ms now, struct err *err);

#endif
