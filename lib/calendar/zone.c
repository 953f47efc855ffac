#include "lib/calendar/zone.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/calendar/ical_library.h"

#define DAY_MS INT64_C(86400000)
/* No zone changes twice within this from 2020 to 2037: the least is four weeks (Fiji in 2020/21; Casablanca each Ramadan). */
#define STEP_MS (7 * DAY_MS)
#define CHANGES_MAX 128
#define ZONES "/usr/share/zoneinfo/" /* where libical looks */

/* From `from` on, local time is UTC + offset. The first one holds for all time before, too. */
struct change {
    time_ms from;
    int64_t offset_ms;
    bool daylight;
};

struct zone {
    struct zone *next;
    char name[64];
    char standard[16]; /* abbreviations: JST, CET and CEST */
    char daylight[16];
    struct change changes[CHANGES_MAX];
    size_t n;
};

/* libical keeps its zones in unguarded globals. */
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static struct zone *zones;

static struct change ask(icaltimezone *ical, time_ms t)
{
    int in_summer = 0;
    struct icaltimetype utc =
        icaltime_from_timet_with_zone((time_t)(t / 1000), 0, icaltimezone_get_utc_timezone());
    int seconds = icaltimezone_get_utc_offset_of_utc_time(ical, &utc, &in_summer);

    return (
        struct change){.from = t, .offset_ms = (int64_t)seconds * 1000, .daylight = in_summer != 0};
}

static bool same(const struct change *a, const struct change *b)
{
    return a->offset_ms == b->offset_ms && a->daylight == b->daylight;
}

/* The second at which it changes, between two instants that differ. */
static time_ms bisect(icaltimezone *ical, const struct change *before, time_ms high)
{
    time_ms low = before->from;

    while (high - low > 1000) {
        time_ms middle = low + (high - low) / 2000 * 1000;
        struct change c = ask(ical, middle);
        if (same(&c, before))
            low = middle;
        else
            high = middle;
    }
    return high;
}

static void take_names(struct zone *zone, icaltimezone *ical)
{
    const char *names = icaltimezone_get_tznames(ical);
    const char *slash = names == NULL ? NULL : strchr(names, '/');

    if (names == NULL)
        return;
    snprintf(zone->standard, sizeof(zone->standard), "%.*s",
             (int)(slash == NULL ? strlen(names) : (size_t)(slash - names)), names);
    snprintf(zone->daylight, sizeof(zone->daylight), "%s", slash == NULL ? names : slash + 1);
}

static void take_changes(struct zone *zone, icaltimezone *ical)
{
    time_ms begin = timestamp_days_from_civil(2020, 1, 1) * DAY_MS;
    time_ms end = timestamp_days_from_civil(2038, 1, 1) * DAY_MS;
    struct change last = ask(ical, begin);

    zone->changes[zone->n++] = last;
    for (time_ms t = begin + STEP_MS; t <= end && zone->n < CHANGES_MAX; t += STEP_MS) {
        struct change now = ask(ical, t);
        if (!same(&now, &last)) {
            struct change at = ask(ical, bisect(ical, &last, t));
            zone->changes[zone->n++] = at;
        }
        last = now;
    }
}

/* A name that cannot leave the folder of zones. */
static bool is_name(const char *name)
{
    return strlen(name) < 64 && name[0] != '/' && strstr(name, "..") == NULL &&
           strspn(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_+-/") ==
               strlen(name);
}

static const struct zone *find_or_make(const char *name)
{
    icaltimezone *ical;
    struct zone *zone;

    for (zone = zones; zone != NULL; zone = zone->next)
        if (strcmp(zone->name, name) == 0)
            return zone;
    ical = strcmp(name, "UTC") == 0 ? icaltimezone_get_utc_timezone()
                                    : icaltimezone_get_builtin_timezone(name);
    if (ical == NULL)
        return NULL;
    zone = calloc(1, sizeof(*zone));
    if (zone == NULL)
        abort();
    snprintf(zone->name, sizeof(zone->name), "%s", name);
    if (strcmp(name, "UTC") == 0) {
        strcpy(zone->standard, "UTC");
        zone->changes[zone->n++] = (struct change){.from = 0};
    } else {
        take_names(zone, ical);
        take_changes(zone, ical);
    }
    zone->next = zones;
    zones = zone;
    return zone;
}

int zone_open(const char *name, const struct zone **ret_zone, struct err *err)
{
    const struct zone *zone;

    if (!is_name(name))
        return err_set(err, ERR_NOT_FOUND, "\"%.60s\" is not a time zone", name);
    pthread_mutex_lock(&mutex);
    zone = find_or_make(name);
    pthread_mutex_unlock(&mutex);
    if (zone == NULL)
        return err_set(err, ERR_NOT_FOUND, "no time zone %s is known here", name);
    *ret_zone = zone;
    return 0;
}

/* Without libical, which costs a third of a server's start: who reads a configuration asks only this. */
bool zone_exists(const char *name)
{
    char path[sizeof(ZONES) + 64];
    struct stat st;

    if (!is_name(name))
        return false;
    snprintf(path, sizeof(path), "%s%s", ZONES, name);
    return strcmp(name, "UTC") == 0 || (stat(path, &st) == 0 && S_ISREG(st.st_mode));
}

static const struct change *change_at(const struct zone *zone, time_ms t)
{
    size_t i = zone->n - 1;

    while (i > 0 && zone->changes[i].from > t)
        i--;
    return &zone->changes[i];
}

int64_t zone_offset_ms(const struct zone *zone, time_ms t)
{
    return change_at(zone, t)->offset_ms;
}

static int64_t floor_days(int64_t ms)
{
    return ms >= 0 ? ms / DAY_MS : -((-ms + DAY_MS - 1) / DAY_MS);
}

struct zone_local zone_local(const struct zone *zone, time_ms t)
{
    int64_t wall = t + zone_offset_ms(zone, t);
    int64_t days = floor_days(wall);
    int64_t seconds = (wall - days * DAY_MS) / 1000;
    struct zone_local l = {.hour = (int)(seconds / 3600),
                           .minute = (int)(seconds / 60 % 60),
                           .second = (int)(seconds % 60),
                           .weekday = timestamp_weekday(days)};

    timestamp_civil_from_days(days, &l.year, &l.month, &l.day);
    return l;
}

int zone_instant(const struct zone *zone, const struct zone_local *local, time_ms *ret_time)
{
    int64_t day = timestamp_days_from_civil(local->year, local->month, local->day) * DAY_MS;
    int64_t wall = day + ((int64_t)local->hour * 3600 + local->minute * 60 + local->second) * 1000;

    for (size_t i = 0; i < zone->n; i++) {
        const struct change *c = &zone->changes[i];
        int64_t t = wall - c->offset_ms;
        bool after_begin = i == 0 || t >= c->from;
        bool before_end = i + 1 == zone->n || t < zone->changes[i + 1].from;
        if (after_begin && before_end) {
            *ret_time = t; /* changes are in order: this is the first occurrence */
            return 0;
        }
        if (i + 1 < zone->n) {
            const struct change *next = &zone->changes[i + 1];
            int64_t gap_from = next->from + c->offset_ms;
            int64_t gap_to = next->from + next->offset_ms;
            if (gap_from <= day && day + DAY_MS <= gap_to)
                return ERR_NOT_FOUND; /* the whole date was left out */
            if (gap_from <= wall && wall < gap_to) {
                *ret_time = next->from;
                return 0;
            }
        }
    }
    return ERR_NOT_FOUND;
}

void zone_text(const struct zone *zone, time_ms t, enum language language, char out[ZONE_TEXT_SIZE])
{
    static const char *const days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static const char *const kanji[] = {"日", "月", "火", "水", "木", "金", "土"};
    static const char *const months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                         "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    struct zone_local l = zone_local(zone, t);
    const char *abbreviation = change_at(zone, t)->daylight ? zone->daylight : zone->standard;
    char clock[16];

    if (l.second != 0)
        snprintf(clock, sizeof(clock), "%02d:%02d:%02d", l.hour, l.minute, l.second);
    else
        snprintf(clock, sizeof(clock), "%02d:%02d", l.hour, l.minute);
    if (language == LANGUAGE_JA)
        snprintf(out, ZONE_TEXT_SIZE, "%d月%d日(%s) %s", l.month, l.day, kanji[l.weekday], clock);
    else
        snprintf(out, ZONE_TEXT_SIZE, "%s %d %s %s%s%s", days[l.weekday], l.day,
                 months[l.month - 1], clock, abbreviation[0] != '\0' ? " " : "", abbreviation);
}
