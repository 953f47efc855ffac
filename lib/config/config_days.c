#include "lib/config/config_days.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/timestamp.h"

#define FILE_MAX (64 * 1024 * 1024) /* to say how large it is; what is read is far smaller */

static const char *const weekdays[] = {"sun", "mon", "tue", "wed", "thu", "fri", "sat", NULL};

void config_days_wrong(struct reader *r, const struct yaml_node *node, const char *text)
{
    problems_error(r->problems, node->line, node->column, "%s", text);
}

unsigned config_days_list(struct reader *r, struct yaml_node *node, unsigned otherwise)
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
static int config_days_second(struct reader *r, struct yaml_node *node)
{
    struct config_list times = {.n = 0};
    int h = 0, m = 0, s = 0;

    reader_times(r, node, &times);
    if (times.n != 1 || sscanf(times.items[0], "%2d:%2d:%2d", &h, &m, &s) != 3)
        return -1;
    return h * 3600 + m * 60 + s;
}

/* YYYY-MM-DD at the beginning of `text`; what is behind it in `ret_rest`. */
bool config_days_parse(const char *text, int64_t *ret_day, const char **ret_rest, bool *ret_exists)
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
bool config_days_date(struct reader *r, struct yaml_node *node, int64_t *ret_day, int *ret_second)
{
    const char *text = NULL, *rest;
    int h = 0, m = 0, s = 0, used = 0;
    bool exists, ok;

    reader_text(r, node, &text);
    if (text == NULL)
        return false;
    ok = config_days_parse(text, ret_day, &rest, &exists);
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
        config_days_wrong(
            r, node,
            arena_printf(r->arena,
                         ret_second != NULL
                             ? "\"%.60s\": a date such as 2026-12-25 or 2026-12-25 18:00 is "
                               "expected"
                             : "\"%.60s\": a date such as 2026-12-25 is expected",
                         text));
        return false;
    }
    if (!exists) {
        config_days_wrong(r, node, arena_printf(r->arena, "there is no day %.10s", text));
        return false;
    }
    if (*ret_day < timestamp_days_from_civil(2020, 1, 1) ||
        *ret_day >= timestamp_days_from_civil(2038, 1, 1)) {
        config_days_wrong(r, node,
                          arena_printf(r->arena, "%.10s: dates from 2020 to 2037 can be counted on",
                                       text));
        return false;
    }
    return true;
}

/* A file beside the configuration. NULL: told. The caller's to free(). */
char *config_days_file(struct reader *r, struct yaml_node *node, const char *name, size_t max,
                       size_t *ret_len)
{
    const char *path = name[0] == '/' ? name : arena_printf(r->arena, "%s/%s", r->folder, name);
    struct err err = ERR_INIT;
    char *bytes = NULL;

    if (file_read_all(path, FILE_MAX, &bytes, ret_len, &err) < 0) {
        config_days_wrong(r, node, arena_printf(r->arena, "%s", err.text));
        return NULL;
    }
    if (*ret_len > max) {
        config_days_wrong(r, node,
                          arena_printf(r->arena, "%.200s has %zu MiB; at most %zu MiB are read",
                                       name, *ret_len >> 20, max >> 20));
        free(bytes);
        return NULL;
    }
    return bytes;
}

bool config_days_hours(struct reader *r, struct yaml_node *node, const char *what,
                       struct almanac_window *window)
{
    struct yaml_node *from = yaml_tree_get(node, "from"), *to = yaml_tree_get(node, "to");

    if (from == NULL || to == NULL) {
        config_days_wrong(r, node, arena_printf(r->arena, "%s needs `from` and `to`", what));
        return false;
    }
    window->from = config_days_second(r, from);
    window->to = config_days_second(r, to);
    if (window->from < 0 || window->to < 0)
        return false;
    if (window->from == window->to && window->from != 0) {
        config_days_wrong(r, node,
                          arena_printf(r->arena, "%s is empty: it ends when it begins", what));
        return false;
    }
    return true;
}
