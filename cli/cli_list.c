#include "cli/cli_list.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/ago.h"
#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

const char *cli_list_joined(struct arena *arena, const struct cJSON *words)
{
    const char *text = "";

    for (const struct cJSON *i = json_first(words); i != NULL; i = json_next(i)) {
        const char *word = json_string_value(i);

        if (word == NULL)
            word = arena_printf(arena, "%s=%s", json_str(i, "key"), json_str(i, "value"));
        text = arena_printf(arena, "%s%s%s", text, *text != '\0' ? "," : "", word);
    }
    return text;
}

/* What is shown: either what `fill` says, or the members `keys`. */
struct shown {
    size_t n;
    const char *const *heads;
    const char *const *keys;
    cli_list_cells *fill;
};

static const char *cell_of(struct arena *arena, const struct cJSON *item, const char *key,
                           time_ms now)
{
    const struct cJSON *words = json_array(item, key);
    int64_t number;

    if (words != NULL)
        return cli_list_joined(arena, words);
    if (str_ends(key, "_at"))
        return ago_text(arena, json_str(item, key), now);
    return json_int(item, key, &number) ? arena_printf(arena, "%" PRId64, number)
                                        : json_str(item, key);
}

static void print_items(struct arena *arena, const struct cJSON *items, const struct shown *shown)
{
    time_ms now = clock_now(clock_system());
    struct table table;

    table_init(&table, arena, shown->n, shown->heads);
    for (const struct cJSON *i = json_first(items); i != NULL; i = json_next(i)) {
        const char *cells[TABLE_COLUMNS] = {NULL};

        if (shown->fill != NULL)
            shown->fill(arena, i, now, cells);
        for (size_t k = 0; k < shown->n && shown->fill == NULL; k++)
            cells[k] = cell_of(arena, i, shown->keys[k], now);
        table_row(&table, cells);
    }
    table_print(&table);
}

static int show(struct invoke *invoke, const char *path, const char *list,
                const struct shown *shown)
{
    struct client_answer answer;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        print_items(&arena, json_array(answer.json, list), shown);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}

int cli_list_of(struct invoke *invoke, const char *path, const char *list, size_t n,
                const char *const *heads, cli_list_cells *fill)
{
    return show(invoke, path, list, &(struct shown){.n = n, .heads = heads, .fill = fill});
}

int cli_list(struct invoke *invoke, const char *path, const char *list, size_t n,
             const char *const *heads, const char *const *keys)
{
    return show(invoke, path, list, &(struct shown){.n = n, .heads = heads, .keys = keys});
}

int cli_list_end(struct invoke *invoke, const char *path, const char *what)
{
    const char *name = invoke->argv[0];
    struct client_answer answer;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0 && !names_is_word(name))
        status = cli_command_usage(invoke, "\"%s\" is not the name of a %s", name, what);
    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "DELETE", arena_printf(&arena, "%s/%s", path, name), NULL,
                        &answer);
    if (status == 0) {
        printf("%s %s ended\n", what, name);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}
