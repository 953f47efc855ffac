/*
 * config_days: how weekdays, times of day, dates and files beside the configuration are taken out of nodes. What is
 * wrong is told with its place. Private to lib/config.
 */
#ifndef SLIPWAY_LIB_CONFIG_CONFIG_DAYS_H
#define SLIPWAY_LIB_CONFIG_CONFIG_DAYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/config/reader.h"
#include "lib/model/almanac.h"

void config_days_wrong(struct reader *r, const struct yaml_node *node, const char *text);

/* Weekdays as bits, 0 = Sunday; `otherwise` if there are none. */
unsigned config_days_list(struct reader *r, struct yaml_node *node, unsigned otherwise);

/* `from` and `to` of a map, times of day. False: told. */
bool config_days_hours(struct reader *r, struct yaml_node *node, const char *what,
                       struct almanac_window *window);

/* YYYY-MM-DD at the beginning of `text`; what is behind it in `ret_rest`. False: it is none. */
bool config_days_parse(const char *text, int64_t *ret_day, const char **ret_rest, bool *ret_exists);

/* A date, with a time where `ret_second` is not NULL: -1 = there is none. False: told. */
bool config_days_date(struct reader *r, struct yaml_node *node, int64_t *ret_day, int *ret_second);

/* A file beside the configuration, at most `max` bytes. NULL: told. The caller's to free(). */
char *config_days_file(struct reader *r, struct yaml_node *node, const char *name, size_t max,
                       size_t *ret_len);

#endif
