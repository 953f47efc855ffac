/* slipway releases: numbered releases and where each is. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

int cli_releases(struct invoke *invoke)
{
    static const char *const heads[] = {"RELEASE", "COMMIT", "LANE", "WHERE", "WHAT"};
    struct client_answer answer;
    struct table table;
    struct arena arena;
    int status = cli_repo_words(invoke, NULL);

    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "GET", cli_repo_path(&arena, invoke->argv[0], 0, ""), NULL,
                        &answer);
    if (status == 0 && invoke->json)
        printf("%s\n", answer.text);
    if (status == 0 && !invoke->json) {
        table_init(&table, &arena, 5, heads);
        for (const struct cJSON *r = json_first(json_array(answer.json, "releases")); r != NULL;
             r = json_next(r)) {
            const char *pulls = cli_repo_pulls(&arena, r);
            const char *sha = json_str(r, "sha");
            int64_t number = 0;
            json_int(r, "number", &number);
            const char *cells[] = {arena_printf(&arena, "r%" PRId64, number),
                                   arena_printf(&arena, "%.7s", sha == NULL ? "" : sha),
                                   json_str(r, "lane"), cli_repo_places(&arena, r),
                                   pulls[0] != '\0' ? pulls : json_str(r, "subject")};
            table_row(&table, cells);
        }
        table_print(&table);
    }
    if (status == 0)
        client_answer_deinit(&answer);
    arena_deinit(&arena);
    return status;
}
