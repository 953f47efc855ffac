/* Freezes: when nothing starts (design.md F3). */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/calendar/ics_read.h"
#include "lib/config/config_days.h"
#include "lib/config/reader.h"

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
            config_days_wrong(r, node,
                              arena_printf(r->arena,
                                           "allow: [rollback] or [] is expected, not \"%.60s\"",
                                           list.items[i]));
}

/* A date alone covers the whole day, also as `to` (F3). */
static bool read_dates(struct reader *r, struct yaml_node *node, struct almanac_freeze *f)
{
    if (!config_days_date(r, yaml_tree_get(node, "from"), &f->from.day, &f->from.second) ||
        !config_days_date(r, yaml_tree_get(node, "to"), &f->to.day, &f->to.second))
        return false;
    if (f->from.second < 0)
        f->from.second = 0;
    if (f->to.second < 0)
        f->to = (struct almanac_moment){.day = f->to.day + 1, .second = 0};
    if (f->to.day < f->from.day || (f->to.day == f->from.day && f->to.second <= f->from.second)) {
        config_days_wrong(r, node, "this freeze is empty: it ends before it begins");
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
    bytes = name == NULL ? NULL : config_days_file(r, node, name, ICS_READ_BYTES_MAX, &len);
    if (bytes == NULL)
        return false;
    ok = ics_read(bytes, len, r->arena, &events, &f->n_events, &err) == 0;
    free(bytes);
    if (!ok)
        config_days_wrong(r, node, arena_printf(r->arena, "%.200s: %s", name, err.text));
    else
        f->events = events;
    if (ok && f->n_events == 0) {
        const struct config_place place = reader_place(r, node);
        problems_warn(r->problems, place.line, place.column,
                      "%.200s: no event of 2020 to 2037 is in it; it freezes nothing", name);
    }
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
        if (days != NULL || yaml_tree_get(node, "from") != NULL ||
            yaml_tree_get(node, "to") != NULL) {
            config_days_wrong(r, node,
                              "a freeze has `from` and `to`, or `ics-file`; write two freezes");
            return false;
        }
        return read_events(r, file, f);
    }
    if (days != NULL) {
        f->kind = ALMANAC_DAYS;
        f->window = (struct almanac_window){.days = config_days_list(r, days, ALMANAC_ALL_DAYS)};
        return config_days_hours(r, node, "a freeze with `days`", &f->window);
    }
    if (yaml_tree_get(node, "from") == NULL || yaml_tree_get(node, "to") == NULL) {
        config_days_wrong(r, node, "a freeze needs `from` and `to`, or `ics-file`");
        return false;
    }
    f->kind = ALMANAC_DATES;
    return read_dates(r, node, f);
}

void config_freeze_read(struct reader *r, struct yaml_node *node)
{
    struct config *config = r->config;

    if (node == NULL)
        return;
    if (node->kind != YAML_LIST) {
        config_days_wrong(r, node, "freezes: a list is expected");
        return;
    }
    for (struct yaml_node *c = node->first; c != NULL; c = c->next) {
        struct config_freeze freeze;
        if (read_freeze(r, c, &freeze))
            *ARENA_PUSH(r->arena, config->freezes, config->n_freezes, r->cap_freezes) = freeze;
    }
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

void config_freeze_read_check(struct reader *r)
{
    for (size_t i = 0; i < r->config->n_freezes; i++)
        check_freeze(r, &r->config->freezes[i]);
}
