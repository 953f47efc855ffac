#include "lib/store/store_holiday.h"

#include "lib/base/arena.h"
#include "lib/store/db_list.h"

DB_STATEMENT(SQL_HOLIDAY_DROP, "DELETE FROM holidays WHERE year = $1");
DB_STATEMENT(SQL_HOLIDAY_YEAR_DROP, "DELETE FROM holiday_years WHERE year = $1");
DB_STATEMENT(
    SQL_HOLIDAY_YEAR_PUT,
    "INSERT INTO holiday_years (year, source, actor, imported_at) VALUES ($1, $2, $3, $4)");
DB_STATEMENT(SQL_HOLIDAY_PUT, "INSERT INTO holidays (day, year, name) VALUES ($1, $2, $3)");

static int64_t year_of(int64_t day)
{
    int64_t year;
    int month, dom;

    timestamp_civil_from_days(day, &year, &month, &dom);
    return year;
}

int store_holiday_import(struct db *db, const struct almanac_holiday *items, size_t n,
                         unsigned years, const char *source, const char *actor, time_ms now,
                         struct err *err)
{
    int rc = 0;

    for (int64_t year = ALMANAC_YEAR_FIRST; year <= ALMANAC_YEAR_LAST && rc == 0; year++) {
        if ((years & ALMANAC_YEAR_BIT(year)) == 0)
            continue;
        rc = db_run(db, &SQL_HOLIDAY_DROP, err, "i", year);
        if (rc == 0)
            rc = db_run(db, &SQL_HOLIDAY_YEAR_DROP, err, "i", year);
        if (rc == 0)
            rc = db_run(db, &SQL_HOLIDAY_YEAR_PUT, err, "itti", year, source, actor, now);
    }
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = db_run(db, &SQL_HOLIDAY_PUT, err, "iit", items[i].day, year_of(items[i].day),
                    items[i].name);
    return rc;
}

DB_STATEMENT(SQL_HOLIDAY_LIST, "SELECT day, year, name FROM holidays ORDER BY day");

int store_holiday_list(struct db *db, struct arena *arena, struct almanac_holiday **ret_items,
                       size_t *ret_n, unsigned *ret_years, struct err *err)
{
    struct almanac_holiday *items = NULL;
    size_t n = 0, cap = 0;
    struct db_rows *rows;
    unsigned years = 0;
    int rc = db_query(db, &SQL_HOLIDAY_LIST, &rows, err, "");

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        *ARENA_PUSH(arena, items, n, cap) =
            (struct almanac_holiday){db_int(rows, 0), db_text(rows, arena, 2)};
        years |= ALMANAC_YEAR_BIT(db_int(rows, 1));
    }
    db_end(rows);
    *ret_items = items;
    *ret_n = n;
    *ret_years = years;
    return rc;
}

static void fill_holiday_year(struct db_rows *rows, struct arena *arena, void *item)
{
    *(struct holiday_year *)item = (struct holiday_year){.year = db_int(rows, 0),
                                                         .source = db_text(rows, arena, 1),
                                                         .actor = db_text(rows, arena, 2),
                                                         .imported_at = db_int(rows, 3),
                                                         .n = db_int(rows, 4)};
}

DB_STATEMENT(SQL_HOLIDAY_YEARS,
             "SELECT year, source, actor, imported_at,"
             " (SELECT COUNT(*) FROM holidays h WHERE h.year = holiday_years.year)"
             " FROM holiday_years ORDER BY year");

int store_holiday_years(struct db *db, struct arena *arena, struct holiday_year **ret_items,
                        size_t *ret_n, struct err *err)
{
    struct db_rows *rows;
    int rc = db_query(db, &SQL_HOLIDAY_YEARS, &rows, err, "");

    return rc < 0 ? rc : DB_LIST(rows, arena, fill_holiday_year, ret_items, ret_n, err);
}
