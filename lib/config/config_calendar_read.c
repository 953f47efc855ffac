/* Calendars, windows, freezes: what says when starting is allowed (design.md F1, F3, F8). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/calendar/ics_read.h"
#include "lib/config/reader.h"

#define FILE_MAX (64 * 1024 * 1024) /* to say how large it is; what is read is far smaller */
#define HOLIDAYS_FILE_MAX (1024 * 1024)
#define HOLIDAYS_MAX 5000

static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

static void wrong_at(struct reader *r, const struct yaml_node *node, const char *text)
{
    problems_error(r->problems, node->line, node->column, "%s", text);
}

/* Days and times ---------------------------------------------------------------------------------- */

static unsigned read_days(struct reader *r, struct yaml_node *node, unsigned otherwise)
{
    unsigned days = 0;

    if (node == NULL)
        return otherwise;
    for (struct yaml_node *c = node->kind == YAML_LIST ? node->first : node; c != NULL;
         c = node->kind == YAML_LIST ? c->next : NULL) {
        int day = reader_choice(r, c, weekdays, -1);
        if (day >= 0)
            days |= 1u << day;
    }
    return days != 0 ? days : otherwise;
}

/* "09:00" as seconds; -1 = it is none, and that is told. */
static int read_second(struct reader *r, struct yaml_node *node)
{
    struct config_list times = {.n = 0};
    int h = 0, m = 0, s = 0;

    reader_times(r, node, &times);
    if (times.n != 1 || sscanf(times.items[0], "%2d:%2d:%2d", &h, &m, &s) != 3)
        return -1;
    return h * 3600 + m * 60 + s;
}

/* YYYY-MM-DD at the beginning of `text`; what is behind it in `ret_rest`. */
static bool parse_date(const char *text, int64_t *ret_day, const char **ret_rest, bool *ret_exists)
{
    int year = 0, month = 0, day = 0, used = 0;

    if (sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) != 3 || used != 10 ||
        strspn(text, "0123456789-") < 10)
        return false;
    *ret_exists = timestamp_civil_exists(year, month, day);
    *ret_day = *ret_exists ? timestamp_days_from_civil(year, month, day) : 0;
    *ret_rest = text + used;
    return true;
}

/* A date, with a time where `ret_second` is not NULL: -1 = there is none. False: told. */
static bool read_date(struct reader *r, struct yaml_node *node, int64_t *ret_day, int *ret_second)
{
    const char *text = NULL, *rest;
    int h = 0, m = 0, s = 0, used = 0;
    bool exists, ok;

    reader_text(r, node, &text);
    if (text == NULL)
        return false;
    ok = parse_date(text, ret_day, &rest, &exists);
    if (ok && *rest != '\0' && ret_second != NULL && (*rest == ' ' || *rest == 'T')) {
        ok = (sscanf(rest + 1, "%2d:%2d%n", &h, &m, &used) == 2 && used == 5 &&
              (rest[6] == '\0' ||
               (sscanf(rest + 6, ":%2d%n", &s, &used) == 1 && used == 3 && rest[9] == '\0'))) &&
             h >= 0 && h < 24 && m >= 0 && m < 60 && s >= 0 && s < 60;
        *ret_second = h * 3600 + m * 60 + s;
    } else if (ok) {
        ok = *rest == '\0';
        if (ret_second != NULL)
            *ret_second = -1;
    }
    if (!ok) {
        wrong_at(r, node,
                 arena_printf(r->arena,
                              ret_second != NULL
                                  ? "\"%.60s\": a date such as 2026-12-25 or 2026-12-25 18:00 is "
                                    "expected"
                                  : "\"%.60s\": a date such as 2026-12-25 is expected",
                              text));
        return false;
    }
    if (!exists) {
        wrong_at(r, node, arena_printf(r->arena, "there is no day %.10s", text));
        return false;
    }
    if (*ret_day < timestamp_days_from_civil(2020, 1, 1) ||
        *ret_day >= timestamp_days_from_civil(2038, 1, 1)) {
        wrong_at(r, node,
                 arena_printf(r->arena, "%.10s: dates from 2020 to 2037 can be counted on", text));
        return false;
    }
    return true;
}

/* A file beside the configuration. NULL: told. The caller's to free(). */
static char *read_beside(struct reader *r, struct yaml_node *node, const char *name, size_t max,
                         size_t *ret_len)
{
    const char *path = name[0] == '/' ? name : arena_printf(r->arena, "%s/%s", r->folder, name);
    struct err err = ERR_INIT;
    char *bytes = NULL;

    if (file_read_all(path, FILE_MAX, &bytes, ret_len, &err) < 0) {
        wrong_at(r, node, arena_printf(r->arena, "%s", err.text));
        return NULL;
    }
    if (*ret_len > max) {
        wrong_at(r, node,
                 arena_printf(r->arena, "%.200s has %zu MiB; at most %zu MiB are read", name,
                              *ret_len >> 20, max >> 20));
        free(bytes);
        return NULL;
    }
    return bytes;
}

/* Calendars --------------------------------------------------------------------------------------- */

static int by_day(const void *a, const void *b)
{
    const struct almanac_holiday *x = a, *y = b;

    return x->day < y->day ? -1 : x->day > y->day;
}

/* One line "2026-11-23,勤労感謝の日"; a first line that begins with no digit is a head. */
static void read_holiday_lines(struct reader *r, struct yaml_node *node, const char *name,
                               const char *bytes, struct almanac_calendar *calendar)
{
    struct almanac_holiday *items = NULL;
    size_t n = 0, cap = 0;
    int number = 0;

    for (const char *line = bytes; *line != '\0';
         line += strcspn(line, "\n"), line += *line == '\n') {
        size_t len = strcspn(line, "\r\n");
        const char *rest = NULL;
        int64_t day = 0;
        bool exists = false;
        number++;
        if (len == 0 || line[0] == '#' || (number == 1 && (line[0] < '0' || line[0] > '9')))
            continue;
        if (!parse_date(line, &day, &rest, &exists) || !exists ||
            (*rest != ',' && *rest != ' ' && *rest != '\t' && rest != line + len) ||
            n >= HOLIDAYS_MAX) {
            wrong_at(r, node,
                     arena_printf(r->arena,
                                  n >= HOLIDAYS_MAX
                                      ? "%.200s:%d: more than 5000 holidays"
                                      : "%.200s:%d: a line such as 2026-11-23,NAME is expected",
                                  name, number));
            return;
        }
        *ARENA_PUSH(r->arena, items, n, cap) =
            (struct almanac_holiday){day, rest < line + len
                                              ? str_clean(r->arena, rest + 1,
                                                          (size_t)(line + len - rest - 1), 100)
                                              : ""};
    }
    if (n > 0)
        qsort(items, n, sizeof(*items), by_day);
    calendar->holidays = items;
    calendar->n_holidays = n;
}

static void read_holiday_events(struct reader *r, struct yaml_node *node, const char *name,
                                const char *bytes, size_t len, struct almanac_calendar *calendar)
{
    struct almanac_holiday *items = NULL;
    struct almanac_event *events;
    struct err err = ERR_INIT;
    size_t n_events, n = 0, cap = 0;

    if (ics_read(bytes, len, r->arena, &events, &n_events, &err) < 0) {
        wrong_at(r, node, arena_printf(r->arena, "%.200s: %s", name, err.text));
        return;
    }
    for (size_t i = 0; i < n_events; i++)
        for (int64_t day = events[i].from.day; events[i].local && day < events[i].to.day; day++)
            *ARENA_PUSH(r->arena, items, n, cap) =
                (struct almanac_holiday){day, events[i].name != NULL ? events[i].name : ""};
    if (n > 0)
        qsort(items, n, sizeof(*items), by_day);
    calendar->holidays = items;
    calendar->n_holidays = n;
}

static void read_holidays(struct reader *r, struct yaml_node *node,
                          struct almanac_calendar *calendar)
{
    const char *name = NULL;
    char *bytes;
    size_t len;

    reader_text(r, node, &name);
    if (name == NULL)
        return;
    if (strcmp(name, "jp") == 0) {
        calendar->japan = true;
        return;
    }
    if (strchr(name, '.') == NULL && strchr(name, '/') == NULL) {
        wrong_at(r, node,
                 arena_printf(r->arena,
                              "holidays: jp, or the name of a file (.csv, .ics); this is \"%.60s\"",
                              name));
        return;
    }
    bytes = read_beside(r, node, name,
                        str_ends(name, ".ics") ? ICS_READ_BYTES_MAX : HOLIDAYS_FILE_MAX, &len);
    if (bytes == NULL)
        return;
    if (str_ends(name, ".ics"))
        read_holiday_events(r, node, name, bytes, len, calendar);
    else
        read_holiday_lines(r, node, name, bytes, calendar);
    free(bytes);
}

static void read_closed(struct reader *r, struct yaml_node *node, struct almanac_calendar *calendar)
{
    struct almanac_closed *items = NULL;
    size_t n = 0, cap = 0;

    for (struct yaml_node *c = node == NULL              ? NULL
                               : node->kind == YAML_LIST ? node->first
                                                         : node;
         c != NULL; c = node->kind == YAML_LIST ? c->next : NULL) {
        struct almanac_closed closed = {.reason = NULL};
        if (!reader_map(r, c, "a closed period", READER_KEYS("from", "to", "reason")))
            continue;
        reader_text(r, yaml_tree_get(c, "reason"), &closed.reason);
        if (yaml_tree_get(c, "from") == NULL || yaml_tree_get(c, "to") == NULL) {
            wrong_at(r, c, "a closed period needs `from` and `to`, both dates");
            continue;
        }
        if (!read_date(r, yaml_tree_get(c, "from"), &closed.from, NULL) ||
            !read_date(r, yaml_tree_get(c, "to"), &closed.to, NULL))
            continue;
        if (closed.to < closed.from)
            wrong_at(r, c, "this closed period ends before it begins");
        else
            *ARENA_PUSH(r->arena, items, n, cap) = closed;
    }
    calendar->closed = items;
    calendar->n_closed = n;
}

void config_calendar_read_all(struct reader *r, struct yaml_node *node)
{
    struct config *config = r->config;

    if (node == NULL)
        return;
    if (node->kind != YAML_MAP) {
        wrong_at(r, node, "calendars: a map of names is expected");
        return;
    }
    for (struct yaml_node *c = node->first; c != NULL; c = c->next) {
        struct almanac_calendar *calendar =
            ARENA_PUSH(r->arena, config->calendars, config->n_calendars, r->cap_calendars);
        *calendar = (struct almanac_calendar){.name = c->key->text};
        if (!names_is_word(calendar->name))
            wrong_at(r, c->key,
                     arena_printf(r->arena, "\"%.60s\" cannot be a name here", calendar->name));
        for (size_t i = 0; i + 1 < config->n_calendars; i++)
            if (strcmp(config->calendars[i].name, calendar->name) == 0)
                wrong_at(r, c->key,
                         arena_printf(r->arena, "there are two calendars %.60s", calendar->name));
        if (!reader_map(r, c, "a calendar", READER_KEYS("days", "holidays", "closed")))
            continue;
        calendar->days = read_days(r, yaml_tree_get(c, "days"), ALMANAC_ALL_DAYS);
        read_holidays(r, yaml_tree_get(c, "holidays"), calendar);
        read_closed(r, yaml_tree_get(c, "closed"), calendar);
    }
}

/* Windows ----------------------------------------------------------------------------------------- */

/* A name that is looked up when everything was read. */
static void want_calendar(struct reader *r, struct yaml_node *node,
                          const struct almanac_calendar **slot)
{
    const char *name = NULL;

    if (node == NULL)
        return;
    reader_word(r, node, "the name of a calendar", &name);
    if (name != NULL)
        *ARENA_PUSH(r->arena, r->wanted, r->n_wanted, r->cap_wanted) =
            (struct reader_wanted){slot, name, reader_place(r, node)};
}

static bool read_hours(struct reader *r, struct yaml_node *node, const char *what,
                       struct almanac_window *window)
{
    struct yaml_node *from = yaml_tree_get(node, "from"), *to = yaml_tree_get(node, "to");

    if (from == NULL || to == NULL) {
        wrong_at(r, node, arena_printf(r->arena, "%s needs `from` and `to`", what));
        return false;
    }
    window->from = read_second(r, from);
    window->to = read_second(r, to);
    if (window->from < 0 || window->to < 0)
        return false;
    if (window->from == window->to && window->from != 0) {
        wrong_at(r, node, arena_printf(r->arena, "%s is empty: it ends when it begins", what));
        return false;
    }
    return true;
}

static void read_between(struct reader *r, struct yaml_node *node, struct config_environment *e)
{
    struct almanac_window *windows;
    size_t n = 0;

    if (node == NULL)
        return;
    for (struct yaml_node *w = node->kind == YAML_LIST ? node->first : node; w != NULL;
         w = node->kind == YAML_LIST ? w->next : NULL)
        n++;
    windows = arena_array(r->arena, n, sizeof(*windows));
    n = 0;
    for (struct yaml_node *w = node->kind == YAML_LIST ? node->first : node; w != NULL;
         w = node->kind == YAML_LIST ? w->next : NULL) {
        struct almanac_window *window = &windows[n];
        if (!reader_map(r, w, "a window", READER_KEYS("calendar", "days", "from", "to")))
            continue;
        *window = (struct almanac_window){
            .days = read_days(r, yaml_tree_get(w, "days"), ALMANAC_ALL_DAYS)};
        want_calendar(r, yaml_tree_get(w, "calendar"), &window->calendar);
        if (read_hours(r, w, "a window", window))
            n++;
    }
    e->windows = windows;
    e->n_windows = n;
}

/* May a start at this second of a day, or in the grace behind it, fall into a window of some day? */
static bool meets_window(const struct config_environment *e, int at)
{
    int64_t grace = e->grace_ms / 1000;

    for (size_t i = 0; i < e->n_windows; i++) {
        int64_t from = e->windows[i].from;
        int64_t to = e->windows[i].to > from ? e->windows[i].to : e->windows[i].to + ALMANAC_DAY;
        for (int64_t day = -1; day <= 1; day++)
            if (at < to + day * ALMANAC_DAY && at + grace > from + day * ALMANAC_DAY)
                return true;
    }
    return e->n_windows == 0;
}

void config_calendar_read_when(struct reader *r, struct yaml_node *node,
                               struct config_environment *e)
{
    struct yaml_node *at = yaml_tree_get(node, "at");
    struct yaml_node *delay = yaml_tree_get(node, "delay");

    read_between(r, yaml_tree_get(node, "between"), e);
    want_calendar(r, yaml_tree_get(node, "calendar"), &e->calendar);
    reader_duration(r, delay, 0, &e->delay_ms);
    if (e->delay_ms > 0 && e->on != CONFIG_ON_MERGE)
        problems_error(r->problems, delay->key->line, delay->key->column,
                       "`delay` goes with on: merge; environment %s is on: %s", e->name,
                       config_on_names[e->on]);
    for (size_t i = 0; i < e->at.n; i++) {
        int h = 0, m = 0, s = 0;
        if (sscanf(e->at.items[i], "%2d:%2d:%2d", &h, &m, &s) == 3 &&
            !meets_window(e, h * 3600 + m * 60 + s))
            wrong_at(r, at,
                     arena_printf(r->arena,
                                  "at %.5s lies outside `between` of environment %s: it could "
                                  "never start",
                                  e->at.items[i], e->name));
    }
}

/* Freezes ----------------------------------------------------------------------------------------- */

static void read_allow(struct reader *r, struct yaml_node *node, bool *ret_strict)
{
    static const char *const acts[] = {"rollback", NULL};
    struct config_list list = {.n = 0};

    if (node == NULL)
        return;
    *ret_strict = node->kind == YAML_LIST && node->first == NULL;
    reader_list(r, node, &list);
    for (size_t i = 0; i < list.n; i++)
        if (strcmp(list.items[i], acts[0]) != 0)
            wrong_at(r, node,
                     arena_printf(r->arena, "allow: [rollback] or [] is expected, not \"%.60s\"",
                                  list.items[i]));
}

/* A date alone covers the whole day, also as `to` (F3). */
static bool read_dates(struct reader *r, struct yaml_node *node, struct almanac_freeze *f)
{
    if (!read_date(r, yaml_tree_get(node, "from"), &f->from.day, &f->from.second) ||
        !read_date(r, yaml_tree_get(node, "to"), &f->to.day, &f->to.second))
        return false;
    if (f->from.second < 0)
        f->from.second = 0;
    if (f->to.second < 0)
        f->to = (struct almanac_moment){.day = f->to.day + 1, .second = 0};
    if (f->to.day < f->from.day || (f->to.day == f->from.day && f->to.second <= f->from.second)) {
        wrong_at(r, node, "this freeze is empty: it ends before it begins");
        return false;
    }
    return true;
}

static bool read_events(struct reader *r, struct yaml_node *node, struct almanac_freeze *f)
{
    struct almanac_event *events;
    struct err err = ERR_INIT;
    const char *name = NULL;
    char *bytes;
    size_t len = 0;
    bool ok;

    reader_text(r, node, &name);
    bytes = name == NULL ? NULL : read_beside(r, node, name, ICS_READ_BYTES_MAX, &len);
    if (bytes == NULL)
        return false;
    ok = ics_read(bytes, len, r->arena, &events, &f->n_events, &err) == 0;
    free(bytes);
    if (!ok)
        wrong_at(r, node, arena_printf(r->arena, "%.200s: %s", name, err.text));
    else
        f->events = events;
    return ok;
}

static bool read_freeze(struct reader *r, struct yaml_node *node, struct config_freeze *freeze)
{
    struct almanac_freeze *f = &freeze->freeze;
    struct yaml_node *days = yaml_tree_get(node, "days"), *file = yaml_tree_get(node, "ics-file");

    *freeze = (struct config_freeze){.place = reader_place(r, node), .freeze = {.name = "freeze"}};
    if (!reader_map(r, node, "a freeze",
                    READER_KEYS("name", "from", "to", "days", "ics-file", "environments", "repos",
                                "timezone", "allow")))
        return false;
    reader_text(r, yaml_tree_get(node, "name"), &f->name);
    reader_zone(r, yaml_tree_get(node, "timezone"), &f->timezone);
    reader_words(r, yaml_tree_get(node, "environments"), "the name of an environment",
                 &freeze->environments);
    reader_list(r, yaml_tree_get(node, "repos"), &freeze->repos);
    read_allow(r, yaml_tree_get(node, "allow"), &f->strict);
    if (file != NULL) {
        f->kind = ALMANAC_EVENTS;
        return read_events(r, file, f);
    }
    if (days != NULL) {
        f->kind = ALMANAC_DAYS;
        f->window = (struct almanac_window){.days = read_days(r, days, ALMANAC_ALL_DAYS)};
        return read_hours(r, node, "a freeze with `days`", &f->window);
    }
    if (yaml_tree_get(node, "from") == NULL || yaml_tree_get(node, "to") == NULL) {
        wrong_at(r, node, "a freeze needs `from` and `to`, or `ics-file`");
        return false;
    }
    f->kind = ALMANAC_DATES;
    return read_dates(r, node, f);
}

void config_calendar_read_freezes(struct reader *r, struct yaml_node *node)
{
    struct config *config = r->config;

    if (node == NULL)
        return;
    if (node->kind != YAML_LIST) {
        wrong_at(r, node, "freezes: a list is expected");
        return;
    }
    for (struct yaml_node *c = node->first; c != NULL; c = c->next) {
        struct config_freeze freeze;
        if (read_freeze(r, c, &freeze))
            *ARENA_PUSH(r->arena, config->freezes, config->n_freezes, r->cap_freezes) = freeze;
    }
}

/* When everything was read ------------------------------------------------------------------------- */

static void resolve_wanted(struct reader *r, const struct reader_wanted *wanted)
{
    const char *names[64];
    size_t n = 0;

    for (size_t i = 0; i < r->config->n_calendars; i++) {
        if (strcmp(r->config->calendars[i].name, wanted->name) == 0) {
            *wanted->slot = &r->config->calendars[i];
            return;
        }
        if (n < 64)
            names[n++] = r->config->calendars[i].name;
    }
    problems_move(r->problems, wanted->place.file);
    problems_error(r->problems, wanted->place.line, wanted->place.column,
                   "there is no calendar \"%.60s\" under `calendars`", wanted->name);
    problems_suggest(r->problems, str_nearest(wanted->name, names, n));
}

static bool environment_exists(const struct config *config, const char *name)
{
    for (size_t i = 0; i < config->n_repos; i++)
        if (config_environment(&config->repos[i], name) != NULL)
            return true;
    return false;
}

static void check_freeze(struct reader *r, const struct config_freeze *freeze)
{
    problems_move(r->problems, freeze->place.file);
    for (size_t i = 0; i < freeze->environments.n; i++)
        if (!environment_exists(r->config, freeze->environments.items[i]))
            problems_error(r->problems, freeze->place.line, freeze->place.column,
                           "freeze %.60s names environment \"%.60s\", which no repository has",
                           freeze->freeze.name, freeze->environments.items[i]);
    for (size_t i = 0; i < freeze->repos.n; i++)
        if (config_repo(r->config, freeze->repos.items[i]) == NULL)
            problems_error(r->problems, freeze->place.line, freeze->place.column,
                           "freeze %.60s names \"%.60s\", which is not a configured repository",
                           freeze->freeze.name, freeze->repos.items[i]);
}

void config_calendar_read_check(struct reader *r)
{
    for (size_t i = 0; i < r->n_wanted; i++)
        resolve_wanted(r, &r->wanted[i]);
    for (size_t i = 0; i < r->config->n_freezes; i++)
        check_freeze(r, &r->config->freezes[i]);
}
