#include "lib/calendar/ics_read.h"

#include <pthread.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/calendar/ical_library.h"
#include "lib/calendar/ics_lines.h"
#include "lib/calendar/ics_repeat.h"

#define NAME_MAX_BYTES 200
#define FIRST_YEAR 1970 /* of what repeats: each instance since then is counted */

/* libical keeps zones and errors in unguarded globals. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

/* One time that an event begins, as a later change of it would name it. */
struct instance {
    const char *uid; /* "" = none, or taken out */
    const struct ics_event *e;
    struct icaltimetype begin; /* in the event's zone */
};

struct reading {
    struct arena *arena;
    struct almanac_event *events;
    struct instance *instances; /* of each event */
    size_t n, cap, cap_instances;
    int64_t days; /* that the rules stepped over */
};

static struct almanac_moment moment(int64_t t)
{
    int64_t day = t / ALMANAC_DAY - (t % ALMANAC_DAY < 0);

    return (struct almanac_moment){.day = day, .second = (int)(t - day * ALMANAC_DAY)};
}

/* As if it were UTC: libical counts so what has no zone. */
static int64_t wall_of(struct icaltimetype t)
{
    t.zone = NULL;
    return (int64_t)icaltime_as_timet_with_zone(t, icaltimezone_get_utc_timezone());
}

/* Seconds from begin to end. An all-day event lasts a day at least, and no part of one (F3). */
static int64_t length_of(const struct ics_event *e, icalcomponent *event)
{
    struct icaltimetype end = icalcomponent_get_dtend(event);
    int64_t days;

    if (!e->start.is_date)
        return icaltime_is_null_time(end) ? 0
                                          : ics_repeat_instant(e, ics_repeat_into(e, end)) -
                                                ics_repeat_instant(e, e->start);
    days = icaltime_is_null_time(end) ? 1 : ics_repeat_day(end) - ics_repeat_day(e->start);
    return (days < 1 ? 1 : days) * ALMANAC_DAY;
}

static int add(struct reading *r, const char *name, const char *uid, const struct ics_event *e,
               struct icaltimetype begin, int64_t length, struct err *err)
{
    struct almanac_event *event;
    size_t n = r->n;
    int64_t wall = wall_of(begin), at = ics_repeat_instant(e, begin);

    if (r->n >= ICS_READ_EVENTS_MAX)
        return err_set(err, ERR_INVALID, "more than %d events", ICS_READ_EVENTS_MAX);
    *ARENA_PUSH(r->arena, r->instances, n, r->cap_instances) = (struct instance){uid, e, begin};
    event = ARENA_PUSH(r->arena, r->events, r->n, r->cap);
    *event = (struct almanac_event){.name = name,
                                    .local = e->zone == NULL,
                                    .from = moment(wall),
                                    .to = moment(wall + length)};
    if (e->zone != NULL) {
        event->from_at = at * 1000;
        event->to_at = (at + length) * 1000;
    }
    return 0;
}

/* A changed instance stands as an event of its own: the one that the rule made is taken out. */
static void take_out(struct reading *r, const char *uid, icalcomponent *event,
                     icalproperty *changes)
{
    for (size_t i = 0; i < r->n; i++) {
        struct instance *instance = &r->instances[i];
        struct icaltimetype t;
        if (instance->uid[0] == '\0' || strcmp(instance->uid, uid) != 0)
            continue;
        t = ics_repeat_time(instance->e, event, changes);
        if (t.is_date || instance->begin.is_date
                ? ics_repeat_day(t) == ics_repeat_day(instance->begin)
                : ics_repeat_instant(instance->e, t) ==
                      ics_repeat_instant(instance->e, instance->begin)) {
            instance->uid = "";
            r->events[i].from = r->events[i].to;
            r->events[i].from_at = r->events[i].to_at;
        }
    }
}

static int check_rule(icalcomponent *event, const char *name, struct err *err)
{
    for (icalproperty *p = icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY); p != NULL;
         p = icalcomponent_get_next_property(event, ICAL_RRULE_PROPERTY)) {
        struct icalrecurrencetype rule = icalproperty_get_rrule(p);
        if (rule.freq == ICAL_NO_RECURRENCE)
            return err_set(err, ERR_INVALID, "event \"%s\": its rule cannot be read", name);
        if (rule.freq == ICAL_SECONDLY_RECURRENCE || rule.freq == ICAL_MINUTELY_RECURRENCE ||
            rule.freq == ICAL_HOURLY_RECURRENCE)
            return err_set(
                err, ERR_INVALID,
                "event \"%s\" repeats more often than daily; write it as one event or as "
                "a freeze with `days`",
                name);
        if (rule.count == 0 && icaltime_is_null_time(rule.until))
            return err_set(err, ERR_INVALID,
                           "event \"%s\" repeats without an end; give its rule UNTIL or COUNT, or "
                           "write it as a freeze with `days`",
                           name);
        if (rule.count > ICS_READ_EVENTS_MAX)
            return err_set(err, ERR_INVALID, "event \"%s\" repeats more than %d times", name,
                           ICS_READ_EVENTS_MAX);
    }
    return 0;
}

static bool repeats(icalcomponent *event)
{
    return icalcomponent_get_first_property(event, ICAL_RRULE_PROPERTY) != NULL ||
           icalcomponent_get_first_property(event, ICAL_RDATE_PROPERTY) != NULL;
}

static bool ends_first(icalcomponent *event, struct icaltimetype start)
{
    struct icaltimetype end = icalcomponent_get_dtend(event);

    return icalcomponent_get_first_property(event, ICAL_DTEND_PROPERTY) != NULL &&
           icaltime_compare(end, start) < 0;
}

/* Where DTSTART stands, if it is of the years that are asked about. */
static int check_begin(icalcomponent *event, const struct ics_event *e, bool *ret_in,
                       struct err *err)
{
    *ret_in = false;
    if (icaltime_is_null_time(e->start) || !icaltime_is_valid_time(e->start))
        return err_set(err, ERR_INVALID, "event \"%s\" has no DTSTART that can be read", e->name);
    if (ends_first(event, e->start))
        return err_set(err, ERR_INVALID, "event \"%s\" ends before it begins", e->name);
    if (e->start.year > ALMANAC_YEAR_LAST ||
        (e->start.year < ALMANAC_YEAR_FIRST && !repeats(event)))
        return 0; /* nothing is asked about then */
    if (e->start.year < FIRST_YEAR)
        return err_set(err, ERR_INVALID,
                       "event \"%s\" repeats since %d; let it begin in %d or later", e->name,
                       e->start.year, FIRST_YEAR);
    *ret_in = true;
    return 0;
}

static int read_event(struct reading *r, icalcomponent *event, struct err *err)
{
    icalproperty *changes = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
    const char *summary = icalcomponent_get_summary(event), *name = NULL;
    const char *uid = icalcomponent_get_uid(event);
    struct ics_event *e = arena_alloc(r->arena, sizeof(*e));
    struct icaltimetype *begins = NULL;
    bool in;
    size_t n = 0;
    int rc;

    if (summary != NULL && summary[0] != '\0')
        name = str_clean(r->arena, summary, strlen(summary), NAME_MAX_BYTES);
    *e = (struct ics_event){.name = name != NULL ? name : "",
                            .start = icalcomponent_get_dtstart(event)};
    e->zone = e->start.is_date ? NULL : e->start.zone;
    uid = uid == NULL ? "" : arena_str(r->arena, uid);
    rc = check_begin(event, e, &in, err);
    if (rc == 0 && in)
        rc = check_rule(event, e->name, err);
    if (rc < 0)
        return rc;
    if (changes != NULL)
        take_out(r, uid, event, changes);
    if (!in || icalcomponent_get_status(event) == ICAL_STATUS_CANCELLED)
        return 0;
    rc = ics_repeat(e, event, &r->days, r->arena, &begins, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add(r, name, uid, e, begins[i], length_of(e, event), err);
    return rc;
}

/* Changed instances after the rules they change. */
static int read_events(struct reading *r, icalcomponent *root, bool changed, struct err *err)
{
    int rc = 0;

    for (icalcomponent *e = icalcomponent_get_first_component(root, ICAL_VEVENT_COMPONENT);
         e != NULL && rc == 0; e = icalcomponent_get_next_component(root, ICAL_VEVENT_COMPONENT)) {
        bool is_change = icalcomponent_get_first_property(e, ICAL_RECURRENCEID_PROPERTY) != NULL;
        if (is_change == changed)
            rc = read_event(r, e, err);
    }
    return rc;
}

/* Those that were taken out cover nothing. */
static void drop_empty(struct reading *r)
{
    size_t n = 0;

    for (size_t i = 0; i < r->n; i++) {
        const struct almanac_event *e = &r->events[i];
        if (e->local ? e->from.day != e->to.day || e->from.second != e->to.second
                     : e->from_at != e->to_at)
            r->events[n++] = *e;
    }
    r->n = n;
}

int ics_read(const char *bytes, size_t len, struct arena *arena, struct almanac_event **ret_events,
             size_t *ret_n, struct err *err)
{
    struct reading r = {.arena = arena};
    icalcomponent *root = NULL;
    int rc = 0;

    if (len > ICS_READ_BYTES_MAX)
        return err_set(err, ERR_INVALID, "the file has %zu MiB; at most %zu are read", len >> 20,
                       ICS_READ_BYTES_MAX >> 20);
    if (memchr(bytes, '\0', len) != NULL)
        return err_set(err, ERR_INVALID, "this is no iCalendar file");
    rc = ics_lines_check(bytes, len, arena, err);
    if (rc < 0)
        return rc;
    pthread_mutex_lock(&mutex);
    icalerror_set_errors_are_fatal(false);
    root = icalparser_parse_string(arena_strn(arena, bytes, len));
    if (root == NULL || icalcomponent_isa(root) != ICAL_VCALENDAR_COMPONENT)
        rc = err_set(err, ERR_INVALID,
                     "this is no iCalendar file (BEGIN:VCALENDAR is expected, once)");
    if (rc == 0)
        rc = read_events(&r, root, false, err);
    if (rc == 0)
        rc = read_events(&r, root, true, err);
    if (root != NULL)
        icalcomponent_free(root);
    pthread_mutex_unlock(&mutex);
    if (rc < 0)
        return rc;
    drop_empty(&r);
    *ret_events = r.events;
    *ret_n = r.n;
    return 0;
}
