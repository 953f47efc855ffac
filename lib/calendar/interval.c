#include "lib/calendar/interval.h"

#include <string.h>

#include "lib/calendar/holiday_jp.h"
#include "lib/calendar/zone.h"

#define DAY_MS INT64_C(86400000)

bool interval_day_counts(const struct almanac_calendar *calendar, int64_t day)
{
    return calendar == NULL || ((calendar->days >> timestamp_weekday(day) & 1) != 0 &&
                                interval_day_off(calendar, day, LANGUAGE_EN) == NULL);
}

/* Did somebody say which days of that year are holidays? Then the rule does not. */
static bool is_imported(const struct almanac_calendar *calendar, int64_t day)
{
    int64_t year;
    int month, dom;

    if (calendar->imported == 0)
        return false;
    timestamp_civil_from_days(day, &year, &month, &dom);
    return year >= ALMANAC_YEAR_FIRST && year <= ALMANAC_YEAR_LAST &&
           (calendar->imported & ALMANAC_YEAR_BIT(year)) != 0;
}

const char *interval_day_off(const struct almanac_calendar *calendar, int64_t day,
                             enum language language)
{
    size_t low = 0, high = calendar->n_holidays;

    for (size_t i = 0; i < calendar->n_closed; i++)
        if (calendar->closed[i].from <= day && day <= calendar->closed[i].to)
            return calendar->closed[i].reason != NULL ? calendar->closed[i].reason : "";
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (calendar->holidays[middle].day == day)
            return calendar->holidays[middle].name;
        if (calendar->holidays[middle].day < day)
            low = middle + 1;
        else
            high = middle;
    }
    return calendar->japan && !is_imported(calendar, day) ? holiday_jp_name(day, language) : NULL;
}

/* The instant of a local moment; of a date that does not exist, that of the next one that does. */
static time_ms instant(const struct zone *zone, int64_t day, int second, bool *ret_exists)
{
    struct zone_local local = {.hour = second / 3600,
                               .minute = second / 60 % 60,
                               .second = second % 60};
    time_ms t = 0;

    timestamp_civil_from_days(day, &local.year, &local.month, &local.day);
    *ret_exists = zone_instant(zone, &local, &t) == 0;
    for (int skipped = 1; !*ret_exists && skipped <= 2; skipped++) {
        local = (struct zone_local){.hour = 0};
        timestamp_civil_from_days(day + skipped, &local.year, &local.month, &local.day);
        if (zone_instant(zone, &local, &t) == 0)
            break;
    }
    return t;
}

/* The window of one local day, if it is one of its days. */
static bool window_of(const struct almanac_window *w, const struct almanac_calendar *also,
                      const struct zone *zone, int64_t day, struct interval *ret_interval)
{
    bool exists, ends;

    if ((w->days >> timestamp_weekday(day) & 1) == 0 || !interval_day_counts(w->calendar, day) ||
        !interval_day_counts(also, day))
        return false;
    *ret_interval = (struct interval){.from = instant(zone, day, w->from, &exists)};
    ret_interval->to = instant(zone, w->to > w->from ? day : day + 1, w->to, &ends);
    return exists && ret_interval->from < ret_interval->to;
}

struct intervals {
    struct arena *arena;
    struct interval *items;
    size_t n, cap;
    time_ms from, to;
};

/* By their begin; those that do not meet the range are left out. */
static void intervals_add(struct intervals *s, struct interval interval)
{
    size_t i;

    if (interval.to <= s->from || interval.from >= s->to)
        return;
    (void)ARENA_PUSH(s->arena, s->items, s->n, s->cap);
    for (i = s->n - 1; i > 0 && s->items[i - 1].from > interval.from; i--)
        s->items[i] = s->items[i - 1];
    s->items[i] = interval;
}

/* Local days whose windows can meet the range: one may begin on the day before, and zones differ by a day. */
static void add_windows(struct intervals *s, const struct almanac_window *w,
                        const struct almanac_calendar *also, const struct zone *zone,
                        const char *name, bool strict)
{
    int64_t first = s->from / DAY_MS - 2, last = s->to / DAY_MS + 2;
    struct interval interval;

    for (int64_t day = first; day <= last; day++)
        if (window_of(w, also, zone, day, &interval)) {
            interval.name = name;
            interval.strict = strict;
            intervals_add(s, interval);
        }
}

bool interval_is_limited(const struct config_environment *e, bool *ret_by_calendar)
{
    *ret_by_calendar = e->n_windows == 0;
    return e->n_windows > 0 || (e->calendar != NULL && e->at.n == 0);
}

size_t interval_windows(const struct config_environment *e, const struct zone *zone, time_ms from,
                        time_ms to, struct arena *arena, struct interval **ret_items)
{
    static const struct almanac_window whole_day = {.days = ALMANAC_ALL_DAYS, .from = 0, .to = 0};
    struct intervals s = {.arena = arena, .from = from, .to = to};
    bool by_calendar;

    if (interval_is_limited(e, &by_calendar) && by_calendar)
        add_windows(&s, &whole_day, e->calendar, zone, NULL, false);
    for (size_t i = 0; i < e->n_windows; i++)
        add_windows(&s, &e->windows[i], e->calendar, zone, NULL, false);
    *ret_items = s.items;
    return s.n;
}

static void add_moments(struct intervals *s, const struct zone *zone, struct almanac_moment from,
                        struct almanac_moment to, const struct almanac_freeze *freeze,
                        const char *name)
{
    bool exists;

    intervals_add(s, (struct interval){.from = instant(zone, from.day, from.second, &exists),
                                       .to = instant(zone, to.day, to.second, &exists),
                                       .name = name,
                                       .strict = freeze->strict});
}

static void add_freeze(struct intervals *s, const struct almanac_freeze *f, const struct zone *zone)
{
    switch (f->kind) {
    case ALMANAC_DATES:
        add_moments(s, zone, f->from, f->to, f, f->name);
        break;
    case ALMANAC_DAYS:
        add_windows(s, &f->window, NULL, zone, f->name, f->strict);
        break;
    case ALMANAC_EVENTS:
        for (size_t i = 0; i < f->n_events; i++) {
            const struct almanac_event *e = &f->events[i];
            const char *name = e->name != NULL ? e->name : f->name;
            if (e->local)
                add_moments(s, zone, e->from, e->to, f, name);
            else
                intervals_add(s, (struct interval){e->from_at, e->to_at, name, f->strict});
        }
        break;
    }
}

size_t interval_freezes(const struct config *config, const struct config_environment *e,
                        const struct zone *zone, time_ms from, time_ms to, struct arena *arena,
                        struct interval **ret_items)
{
    struct intervals s = {.arena = arena, .from = from, .to = to};

    for (size_t i = 0; i < config->n_freezes; i++) {
        const struct config_freeze *f = &config->freezes[i];
        const struct zone *own = zone;
        if (!config_freeze_covers(f, e))
            continue;
        if (f->freeze.timezone != NULL && zone_open(f->freeze.timezone, &own, NULL) < 0)
            continue; /* refused when it was read */
        add_freeze(&s, &f->freeze, own);
    }
    *ret_items = s.items;
    return s.n;
}
