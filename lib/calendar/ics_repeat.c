#include "lib/calendar/ics_repeat.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/model/almanac.h"

#define HALF_DAY (ALMANAC_DAY / 2)

struct begins {
    const struct ics_event *e;
    icalcomponent *component;
    struct arena *arena;
    struct err *err;
    int64_t *days; /* that rules stepped over */
    struct icaltimetype *items;
    size_t n, cap;
    int64_t *left_out; /* instants of EXDATE, sorted */
    size_t n_left_out, cap_left_out;
    int64_t *days_out; /* days of EXDATE;VALUE=DATE, sorted */
    size_t n_days_out, cap_days_out;
};

int64_t ics_repeat_instant(const struct ics_event *e, struct icaltimetype t)
{
    return (int64_t)icaltime_as_timet_with_zone(t, e->zone != NULL
                                                       ? e->zone
                                                       : icaltimezone_get_utc_timezone());
}

int64_t ics_repeat_day(struct icaltimetype t)
{
    return timestamp_days_from_civil(t.year, t.month, t.day);
}

struct icaltimetype ics_repeat_into(const struct ics_event *e, struct icaltimetype t)
{
    if (!t.is_date && t.zone != NULL && e->zone != NULL)
        t = icaltime_from_timet_with_zone(icaltime_as_timet_with_zone(t, t.zone), 0, e->zone);
    t.zone = e->zone;
    return t;
}

struct icaltimetype ics_repeat_time(const struct ics_event *e, icalcomponent *event,
                                    icalproperty *property)
{
    return ics_repeat_into(e, icalproperty_get_datetime_with_component(property, event));
}

static int by_number(const void *a, const void *b)
{
    const int64_t *x = a, *y = b;

    return *x < *y ? -1 : *x > *y;
}

static bool is_in(const int64_t *items, size_t n, int64_t wanted)
{
    return n > 0 && bsearch(&wanted, items, n, sizeof(*items), by_number) != NULL;
}

static void read_left_out(struct begins *b)
{
    for (icalproperty *p = icalcomponent_get_first_property(b->component, ICAL_EXDATE_PROPERTY);
         p != NULL; p = icalcomponent_get_next_property(b->component, ICAL_EXDATE_PROPERTY)) {
        struct icaltimetype t = ics_repeat_time(b->e, b->component, p);
        if (t.is_date)
            *ARENA_PUSH(b->arena, b->days_out, b->n_days_out, b->cap_days_out) = ics_repeat_day(t);
        else
            *ARENA_PUSH(b->arena, b->left_out, b->n_left_out, b->cap_left_out) =
                ics_repeat_instant(b->e, t);
    }
    if (b->n_days_out > 1)
        qsort(b->days_out, b->n_days_out, sizeof(*b->days_out), by_number);
    if (b->n_left_out > 1)
        qsort(b->left_out, b->n_left_out, sizeof(*b->left_out), by_number);
}

/* The first one is always of our years or repeats into them: what was left out is not counted twice. */
static int add(struct begins *b, struct icaltimetype t)
{
    if (t.year < ALMANAC_YEAR_FIRST || t.year > ALMANAC_YEAR_LAST ||
        is_in(b->days_out, b->n_days_out, ics_repeat_day(t)) ||
        is_in(b->left_out, b->n_left_out, ics_repeat_instant(b->e, t)))
        return 0;
    if (b->n >= ICS_REPEAT_MAX)
        return err_set(b->err, ERR_INVALID, "event \"%s\" repeats more than %d times", b->e->name,
                       ICS_REPEAT_MAX);
    *ARENA_PUSH(b->arena, b->items, b->n, b->cap) = t;
    return 0;
}

/*
 * Is this one behind UNTIL? A date covers its whole day, in the zone of the event. An all-day event's UNTIL in UTC is the
 * midnight of some zone, as Exchange writes it: the nearest one is meant, but for the last second of a day.
 */
static bool is_over(const struct ics_event *e, struct icaltimetype until, struct icaltimetype t)
{
    int64_t day = ics_repeat_day(t), last = ics_repeat_day(until);

    if (until.is_date)
        return day > last;
    if (t.is_date) {
        int second = until.hour * 3600 + until.minute * 60;
        bool next = until.zone != NULL && until.minute != 59 && second >= HALF_DAY;
        return day > last + next;
    }
    if (until.zone == NULL || e->zone == NULL) /* both are walls */
        return icaltime_as_timet_with_zone(t, icaltimezone_get_utc_timezone()) >
               icaltime_as_timet_with_zone(until, icaltimezone_get_utc_timezone());
    return ics_repeat_instant(e, t) >
           (int64_t)icaltime_as_timet_with_zone(until, icaltimezone_get_utc_timezone());
}

/*
 * UNTIL is looked at here: what libical then gives up is a rule that names no more days before its COUNT, or none at all.
 * It looks for them through twenty thousand years, so the first such rule is the last one that is read.
 */
static int step(struct begins *b, struct icalrecurrencetype rule)
{
    struct icaltimetype until = rule.until, t, before = b->e->start;
    struct icalrecur_iterator_impl *each;
    int count = rule.count, n = 0, rc = 0;

    memset(&rule.until, 0, sizeof(rule.until));
    each = icalrecur_iterator_new(rule, b->e->start);
    if (each == NULL)
        return err_set(b->err, ERR_INVALID, "event \"%s\": its rule cannot be read", b->e->name);
    while (rc == 0) {
        t = icalrecur_iterator_next(each);
        if (icaltime_is_null_time(t)) {
            if (count == 0 || n < count)
                rc = err_set(b->err, ERR_INVALID,
                             "event \"%s\": its rule names days that do not exist", b->e->name);
            break;
        }
        n++;
        t.zone = b->e->zone;
        *b->days += ics_repeat_day(t) - ics_repeat_day(before) + 1;
        before = t;
        if (*b->days > ICS_REPEAT_DAYS_MAX)
            rc = err_set(
                b->err, ERR_INVALID,
                "event \"%s\": the rules of this file reach over too many days; let them begin later or "
                "end earlier",
                b->e->name);
        else if (t.year > ALMANAC_YEAR_LAST ||
                 (!icaltime_is_null_time(until) && is_over(b->e, until, t)))
            break;
        else if (icaltime_compare(t, b->e->start) != 0)
            rc = add(b, t);
    }
    icalrecur_iterator_free(each);
    return rc;
}

int ics_repeat(const struct ics_event *e, icalcomponent *event, int64_t *days, struct arena *arena,
               struct icaltimetype **ret, size_t *ret_n, struct err *err)
{
    struct begins b = {.e = e, .component = event, .arena = arena, .err = err, .days = days};
    int rc;

    read_left_out(&b);
    rc = add(&b, e->start);
    for (icalproperty *p = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY);
         p != NULL && rc == 0; p = icalcomponent_get_next_property(event, ICAL_RRULE_PROPERTY))
        rc = step(&b, icalproperty_get_rrule(p));
    for (icalproperty *p = icalcomponent_get_first_property(event, ICAL_RDATE_PROPERTY);
         p != NULL && rc == 0; p = icalcomponent_get_next_property(event, ICAL_RDATE_PROPERTY)) {
        struct icaltimetype t = ics_repeat_time(e, event, p);
        if (t.is_date && !e->start.is_date) { /* that day, at the time of the first */
            t.is_date = 0;
            t.hour = e->start.hour;
            t.minute = e->start.minute;
            t.second = e->start.second;
        }
        rc = add(&b, t);
    }
    *ret = b.items;
    *ret_n = b.n;
    return rc;
}
