/*
 * calendar_spans: what another configuration drops from the calendar is taken back, and what changes is newer (F9).
 *
 * Windows and freezes of the configuration are rows of nobody: the feed makes them of what is in force. A calendar that
 * was read before would keep what is gone, and an older SEQUENCE after the clock was set back would be no news. So each
 * acceptance remembers them for as far as the feed may look, counts up when they differ, and notes what was dropped.
 */
#ifndef SLIPWAY_SERVER_FLOW_CALENDAR_SPANS_H
#define SLIPWAY_SERVER_FLOW_CALENDAR_SPANS_H

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct calendar;
struct config;
struct db;

/* So far the feed tells of them. */
#define CALENDAR_SPANS_WINDOW_DAYS 14
#define CALENDAR_SPANS_FREEZE_DAYS 60

/* A freeze without a name is called so. */
#define CALENDAR_SPANS_UNNAMED "freeze"

/* `config` is accepted. Writer. */
int calendar_spans_keep(struct db *db, const struct calendar *calendar, const struct config *config,
                        time_ms now, struct err *err);

#endif
