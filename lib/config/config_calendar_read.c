/* Calendars: which days count (design.md F8). */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/calendar/holidays_read.h"
#include "lib/calendar/ics_read.h"
#include "lib/config/config_days.h"
#include "lib/config/reader.h"

static void read_holidays(struct reader *r, struct yaml_node *node,
                          struct almanac_calendar *calendar)
{
    struct almanac_holiday *items = NULL;
    struct err err = ERR_INIT;
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
        config_days_wrong(
            r, node,
            arena_printf(r->arena,
                         "holidays: jp, or the name of a file (.csv, .ics); this is \"%.60s\"",
                         name));
        return;
    }
    bytes = config_days_file(r, node, name,
                             str_ends(name, ".ics") ? ICS_READ_BYTES_MAX : HOLIDAYS_READ_LIST_MAX,
                             &len);
    if (bytes == NULL)
        return;
    if (holidays_read(bytes, len, r->arena, &items, &calendar->n_holidays, &err) < 0)
        config_days_wrong(r, node, arena_printf(r->arena, "%.200s: %s", name, err.text));
    else
        calendar->holidays = items;
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
            config_days_wrong(r, c, "a closed period needs `from` and `to`, both dates");
            continue;
        }
        if (!config_days_date(r, yaml_tree_get(c, "from"), &closed.from, NULL) ||
            !config_days_date(r, yaml_tree_get(c, "to"), &closed.to, NULL))
            continue;
        if (closed.to < closed.from)
            config_days_wrong(r, c, "this closed period ends before it begins");
        else
            *ARENA_PUSH(r->arena, items, n, cap) = closed;
    }
    calendar->closed = items;
    calendar->n_closed = n;
}

void config_calendar_read(struct reader *r, struct yaml_node *node)
{
    struct config *config = r->config;

    if (node == NULL)
        return;
    if (node->kind != YAML_MAP) {
        config_days_wrong(r, node, "calendars: a map of names is expected");
        return;
    }
    for (struct yaml_node *c = node->first; c != NULL; c = c->next) {
        struct almanac_calendar *calendar =
            ARENA_PUSH(r->arena, config->calendars, config->n_calendars, r->cap_calendars);
        *calendar = (struct almanac_calendar){.name = c->key->text};
        if (!names_is_word(calendar->name))
            config_days_wrong(r, c->key,
                              arena_printf(r->arena, "\"%.60s\" cannot be a name here",
                                           calendar->name));
        for (size_t i = 0; i + 1 < config->n_calendars; i++)
            if (strcmp(config->calendars[i].name, calendar->name) == 0)
                config_days_wrong(r, c->key,
                                  arena_printf(r->arena, "there are two calendars %.60s",
                                               calendar->name));
        if (!reader_map(r, c, "a calendar", READER_KEYS("days", "holidays", "closed")))
            continue;
        calendar->days = config_days_list(r, yaml_tree_get(c, "days"), ALMANAC_ALL_DAYS);
        read_holidays(r, yaml_tree_get(c, "holidays"), calendar);
        read_closed(r, yaml_tree_get(c, "closed"), calendar);
    }
}
