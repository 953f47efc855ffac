/*
 * config_holidays: what was imported as Japan's holidays, put over the rule (F8).
 *
 * The configuration says `holidays: jp`; which days these are comes from the rule, or from a list that somebody
 * imported when a law moved them before there was a new version. The store keeps the list, and the server puts it
 * into each configuration before that is accepted. Not for a configuration that is shared already.
 */
#ifndef SLIPWAY_LIB_CONFIG_CONFIG_HOLIDAYS_H
#define SLIPWAY_LIB_CONFIG_CONFIG_HOLIDAYS_H

#include <stddef.h>

#include "lib/model/config.h"

/* The days of a list that lie in years that can be counted on; which years these are. Returns how many. */
size_t config_holidays_years(struct almanac_holiday *items, size_t n, unsigned *ret_years);

/* Copies the days, all of them in `years`, by day. Text and digest of the configuration are made anew. */
void config_holidays_put(struct config *config, const struct almanac_holiday *items, size_t n,
                         unsigned years);

#endif
