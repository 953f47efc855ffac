#include "lib/config/config_holidays.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/config/reader.h"

size_t config_holidays_years(struct almanac_holiday *items, size_t n, unsigned *ret_years)
{
    size_t kept = 0;

    *ret_years = 0;
    for (size_t i = 0; i < n; i++) {
        int64_t year;
        int month, day;
        timestamp_civil_from_days(items[i].day, &year, &month, &day);
        if (year < ALMANAC_YEAR_FIRST || year > ALMANAC_YEAR_LAST)
            continue;
        *ret_years |= ALMANAC_YEAR_BIT(year);
        items[kept++] = items[i];
    }
    return kept;
}

void config_holidays_put(struct config *config, const struct almanac_holiday *items, size_t n,
                         unsigned years)
{
    struct almanac_holiday *copy = arena_array(config->arena, n, sizeof(*copy));

    if (years == 0)
        return;
    for (size_t i = 0; i < n; i++)
        copy[i] = (struct almanac_holiday){items[i].day, arena_str(config->arena, items[i].name)};
    for (size_t i = 0; i < config->n_calendars; i++) {
        struct almanac_calendar *c = &config->calendars[i];
        if (!c->japan)
            continue;
        c->imported = years;
        c->holidays = copy;
        c->n_holidays = n;
    }
    config_text_make(config);
}
