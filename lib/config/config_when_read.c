/* When an environment is due: windows, calendar, delay (design.md F1, F3, F10). */
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/config/config_days.h"
#include "lib/config/reader.h"

#define AT_MAX 96 /* set times a day, as many as lib/calendar/occurrence.c counts */

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
            .days = config_days_list(r, yaml_tree_get(w, "days"), ALMANAC_ALL_DAYS)};
        want_calendar(r, yaml_tree_get(w, "calendar"), &window->calendar);
        if (config_days_hours(r, w, "a window", window))
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

void config_when_read(struct reader *r, struct yaml_node *node, struct config_environment *e)
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
    if (e->at.n > AT_MAX)
        problems_error(r->problems, at->key->line, at->key->column,
                       "environment %s has %zu set times; at most %d a day are possible. With "
                       "on: merge, or `between` alone, it goes out whenever something is there",
                       e->name, e->at.n, AT_MAX);
    for (size_t i = 0; i < e->at.n; i++) {
        int h = 0, m = 0, s = 0;
        if (sscanf(e->at.items[i], "%2d:%2d:%2d", &h, &m, &s) == 3 &&
            !meets_window(e, h * 3600 + m * 60 + s))
            config_days_wrong(
                r, at,
                arena_printf(r->arena,
                             "at %.5s lies outside `between` of environment %s: it could "
                             "never start",
                             e->at.items[i], e->name));
    }
}

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

void config_when_read_check(struct reader *r)
{
    for (size_t i = 0; i < r->n_wanted; i++)
        resolve_wanted(r, &r->wanted[i]);
}
