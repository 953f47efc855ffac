#include "lib/calendar/ics_read.h"

#include <pthread.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/calendar/ical_library.h"
#include "lib/calendar/ics_lines.h"

#define DAY_MS INT64_C(86400000)
#define NAME_MAX_BYTES 200
#define FIRST_YEAR 1970 /* of what repeats: each instance since then is counted */

/* libical keeps zones and errors in unguarded globals. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

struct reading {
    struct arena *arena;
    struct almanac_event *events;
    const char **uids; /* of each event, "" = none */
    time_ms *starts;   /* as libical counts them, to find a changed instance */
    size_t n, cap, uids_cap, starts_cap;
    bool too_many;
};

/* The event that is being repeated. */
struct repeated {
    struct reading *r;
    const char *name;
    const char *uid;
    bool local;
    bool all_day;
};

static struct almanac_moment moment(time_t t)
{
    int64_t day = (int64_t)t / ALMANAC_DAY - ((int64_t)t % ALMANAC_DAY < 0);

    return (struct almanac_moment){.day = day, .second = (int)((int64_t)t - day * ALMANAC_DAY)};
}

/* What has no zone is counted by libical as if it were UTC: that is its wall clock. */
static void add(icalcomponent *component, struct icaltime_span *span, void *data)
{
    struct repeated *e = data;
    struct reading *r = e->r;
    struct almanac_event *event;
    size_t n = r->n;

    (void)component;
    if (r->n >= ICS_READ_EVENTS_MAX) {
        r->too_many = true;
        return;
    }
    if (span->end <= span->start)
        return; /* it covers nothing */
    *ARENA_PUSH(r->arena, r->uids, n, r->uids_cap) = e->uid;
    n = r->n;
    *ARENA_PUSH(r->arena, r->starts, n, r->starts_cap) = (time_ms)span->start * 1000;
    event = ARENA_PUSH(r->arena, r->events, r->n, r->cap);
    *event = (struct almanac_event){.name = e->name, .local = e->local};
    if (e->local) {
        event->from = moment(span->start);
        event->to = moment(span->end);
        if (e->all_day)
            event->to.second =
                0; /* libical adds the last day's seconds to an end that is not included */
    } else {
        event->from_at = (time_ms)span->start * 1000;
        event->to_at = (time_ms)span->end * 1000;
    }
}

/* A changed instance stands as an event of its own: the one that the rule made is taken out. */
static void take_out(struct reading *r, const char *uid, time_ms start)
{
    for (size_t i = 0; i < r->n; i++)
        if (r->starts[i] == start && strcmp(r->uids[i], uid) == 0) {
            r->uids[i] = "";
            r->events[i].from = r->events[i].to;
            r->events[i].from_at = r->events[i].to_at;
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

static int read_event(struct reading *r, icalcomponent *event, struct err *err)
{
    struct icaltimetype begin =
        icaltime_from_timet_with_zone((time_t)(timestamp_days_from_civil(2020, 1, 1) * ALMANAC_DAY),
                                      0, icaltimezone_get_utc_timezone());
    struct icaltimetype end =
        icaltime_from_timet_with_zone((time_t)(timestamp_days_from_civil(2038, 1, 1) * ALMANAC_DAY),
                                      0, icaltimezone_get_utc_timezone());
    struct icaltimetype start = icalcomponent_get_dtstart(event);
    icalproperty *changes = icalcomponent_get_first_property(event, ICAL_RECURRENCEID_PROPERTY);
    const char *summary = icalcomponent_get_summary(event);
    const char *uid = icalcomponent_get_uid(event);
    struct repeated e = {.r = r, .local = start.zone == NULL, .all_day = start.is_date != 0};
    int rc;

    e.name = summary == NULL || summary[0] == '\0'
                 ? NULL
                 : str_clean(r->arena, summary, strlen(summary), NAME_MAX_BYTES);
    e.uid = uid == NULL ? "" : arena_str(r->arena, uid);
    if (icaltime_is_null_time(start) || !icaltime_is_valid_time(start))
        return err_set(err, ERR_INVALID, "event \"%s\" has no DTSTART that can be read",
                       e.name != NULL ? e.name : "");
    if (ends_first(event, start))
        return err_set(err, ERR_INVALID, "event \"%s\" ends before it begins",
                       e.name != NULL ? e.name : "");
    if (start.year > 2037 || (start.year < 2020 && !repeats(event)))
        return 0; /* nothing is asked about then */
    if (start.year < FIRST_YEAR)
        return err_set(err, ERR_INVALID,
                       "event \"%s\" repeats since %d; let it begin in %d or later",
                       e.name != NULL ? e.name : "", start.year, FIRST_YEAR);
    rc = check_rule(event, e.name != NULL ? e.name : "", err);
    if (rc < 0)
        return rc;
    if (changes != NULL)
        take_out(r, e.uid,
                 (time_ms)icaltime_as_timet_with_zone(icalproperty_get_recurrenceid(changes),
                                                      e.local ? icaltimezone_get_utc_timezone()
                                                              : start.zone) *
                     1000);
    if (icalcomponent_get_status(event) == ICAL_STATUS_CANCELLED)
        return 0;
    icalcomponent_foreach_recurrence(event, begin, end, add, &e);
    return r->too_many ? err_set(err, ERR_INVALID, "more than %d events", ICS_READ_EVENTS_MAX) : 0;
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
