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
#include "lib/base/str.h"

int cli_list(struct invoke *invoke, const char *path, const char *list, size_t n,
             const char *const *heads, const char *const *keys)
{
    struct client_answer answer;
    struct table table;
    struct arena arena;
    time_ms now = clock_now(clock_system());
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (invoke->json) {
        printf("%s\n", answer.text);
    } else {
        table_init(&table, &arena, n, heads);
        for (const struct cJSON *i = json_first(json_array(answer.json, list)); i != NULL;
             i = json_next(i)) {
            const char *cells[TABLE_COLUMNS] = {NULL};
            for (size_t k = 0; k < n; k++) {
                int64_t number;
                if (str_ends(keys[k], "_at"))
                    cells[k] = ago_text(&arena, json_str(i, keys[k]), now);
                else
                    cells[k] = json_int(i, keys[k], &number)
                                   ? arena_printf(&arena, "%" PRId64, number)
                                   : json_str(i, keys[k]);
            }
            table_row(&table, cells);
        }
        table_print(&table);
    }
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}
