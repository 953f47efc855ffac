#include "cli/cli_moment.h"

#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

/* "r4 Tue 24 Nov 15:00 JST". */
static const char *release_text(struct arena *arena, const struct cJSON *release,
                                const char *text_key)
{
    const char *when = json_str(release, text_key);
    int64_t number;

    if (!json_int(release, "release", &number))
        return NULL;
    return arena_printf(arena, "r%" PRId64 "%s%s", number, when == NULL ? "" : " ",
                        when == NULL ? "" : when);
}

static const char *stops_text(struct arena *arena, const struct cJSON *environment)
{
    const char *text = NULL;

    for (const struct cJSON *c = json_first(json_array(environment, "stops")); c != NULL;
         c = json_next(c)) {
        const char *until = json_str(c, "until_text");
        text =
            arena_printf(arena, "%s%s%s%s%s%s", text == NULL ? "" : text, text == NULL ? "" : "; ",
                         json_str(c, "text"), until == NULL ? "" : " (until ",
                         until == NULL ? "" : until, until == NULL ? "" : ")");
    }
    return text;
}

static void add_environment(struct table *table, const char *repo, const struct cJSON *e)
{
    const struct cJSON *going_out = json_object(e, "going_out");
    const char *going = release_text(table->arena, going_out, "since_text");
    int64_t waits;
    const char *cells[] = {repo,
                           json_str(e, "name"),
                           release_text(table->arena, json_object(e, "live"), "since_text"),
                           going != NULL ? arena_printf(table->arena, "%s going out", going)
                           : json_int(e, "waits", &waits)
                               ? arena_printf(table->arena, "r%" PRId64 " waiting", waits)
                               : NULL,
                           release_text(table->arena, json_object(e, "next"), "start_text"),
                           stops_text(table->arena, e)};

    table_row(table, cells);
}

int cli_moment(struct invoke *invoke, const char *at)
{
    static const char *const heads[] = {"REPOSITORY", "ENVIRONMENT", "LIVE, SINCE",
                                        "NEWER",      "NEXT START",  "STOPPED BY"};
    const char *only = invoke->argc > 0 ? invoke->argv[0] : NULL;
    struct client_answer answer;
    struct table table;
    struct arena arena;
    bool ahead = false;
    int status;

    if (only != NULL && !names_is_repo(only))
        return cli_command_usage(invoke, "\"%s\" is not OWNER/NAME", only);
    arena_init(&arena);
    status = client_ask(invoke->client, "GET",
                        cli_moved_path(&arena, cli_moved_path(&arena, "/api/v1/moment", "at", at),
                                       "repository", only),
                        NULL, &answer);
    if (status != 0) {
        arena_deinit(&arena);
        return status;
    }
    table_init(&table, &arena, 6, heads);
    for (const struct cJSON *r = json_first(json_array(answer.json, "repositories")); r != NULL;
         r = json_next(r))
        for (const struct cJSON *e = json_first(json_array(r, "environments")); e != NULL;
             e = json_next(e))
            add_environment(&table, json_str(r, "name"), e);
    json_bool(answer.json, "ahead", &ahead);
    if (invoke->json) {
        printf("%s\n", answer.text);
    } else {
        printf("%s%s\n\n", json_str(answer.json, "at_text"),
               ahead ? ", if nothing else happens" : "");
        table_print(&table);
    }
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}
