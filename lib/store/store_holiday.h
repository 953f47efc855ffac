/*
 * store_holiday: Japan's holidays as somebody imported them, year by year (F8).
 */
#ifndef SLIPWAY_LIB_STORE_STORE_HOLIDAY_H
#define SLIPWAY_LIB_STORE_STORE_HOLIDAY_H

#include "lib/model/almanac.h"
#include "lib/store/db.h"

struct holiday_year {
    int64_t year;
    const char *source; /* name of the file */
    const char *actor;
    time_ms imported_at;
    int64_t n; /* its days */
};

/* Writer. In each of `years` what was there is replaced; each of `items` lies in one of them. */
int store_holiday_import(struct db *db, const struct almanac_holiday *items, size_t n,
                         unsigned years, const char *source, const char *actor, time_ms now,
                         struct err *err);
/* By day, and the years they are for. */
int store_holiday_list(struct db *db, struct arena *arena, struct almanac_holiday **ret_items,
                       size_t *ret_n, unsigned *ret_years, struct err *err);
int store_holiday_years(struct db *db, struct arena *arena, struct holiday_year **ret_items,
                        size_t *ret_n, struct err *err);

#endif
