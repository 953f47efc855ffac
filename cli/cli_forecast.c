/* slipway forecast, schedule: what goes where and when. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

static const char *release_text(struct arena *arena, const struct cJSON *object, const char *key)
{
    int64_t number = 0;

    return json_int(object, key, &number) ? arena_printf(arena, "r%" PRId64, number) : NULL;
}

/* A start: when, what, on how many hosts, and what it stands on. */
static void add_start(struct table *table, const char *repo, const char *environment,
                      const struct cJSON *start)
{
    struct arena *arena = table->arena;
    bool migrates = false, assumes = false;
    const char *on;

    json_bool(start, "migrates", &migrates);
    json_bool(start, "assumes", &assumes);
    on = arena_printf(arena, "%zu host%s%s%s", json_count(json_array(start, "hosts")),
                      json_count(json_array(start, "hosts")) == 1 ? "" : "s",
                      !migrates ? ""
                      : json_str(start, "migrate_text") == NULL
                          ? ", migrates"
                          : arena_printf(arena, ", migrates (%s)", json_str(start, "migrate_text")),
                      assumes ? ", if the one before comes well out" : "");
    {
        const char *cells[] = {
            json_str(start, "start_text"),         repo, environment,
            release_text(arena, start, "release"), on,   cli_repo_pulls(arena, start)};
        table_row(table, cells);
    }
}

static void add_wait(struct table *table, const char *repo, const char *environment,
                     const struct cJSON *verdict)
{
    const struct cJSON *cause = json_first(json_array(verdict, "causes"));

    /* Time passes by itself: what else is missing says more. */
    if (cause != NULL && json_str(cause, "until") != NULL && json_next(cause) != NULL)
        cause = json_next(cause);
    const char *cells[] = {"-",         repo,
                           environment, release_text(table->arena, verdict, "release"),
                           "-",         cause != NULL ? json_str(cause, "text") : "nothing waits"};

    table_row(table, cells);
}

int cli_forecast(struct invoke *invoke)
{
    static const char *const heads[] = {"START",   "REPOSITORY", "ENVIRONMENT",
                                        "RELEASE", "ON",         "BRINGS, OR WAITS FOR"};
    struct client_answer answer;
    struct table table;
    struct arena arena;
    const char *path;
    int status = cli_command_options_end(invoke);

    if (status == 0 && invoke->argc > 2)
        status = cli_command_usage(invoke, "\"%s\" is one word too many", invoke->argv[2]);
    if (status == 0 && invoke->argc > 0 && !names_is_repo(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not OWNER/NAME", invoke->argv[0]);
    if (status != 0)
        return status;
    arena_init(&arena);
    path = cli_moved_path(&arena, "/api/v1/forecast", "repository",
                          invoke->argc > 0 ? invoke->argv[0] : NULL);
    path = cli_moved_path(&arena, path, "environment", invoke->argc > 1 ? invoke->argv[1] : NULL);
    status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status != 0) {
        arena_deinit(&arena);
        return status;
    }
    table_init(&table, &arena, 6, heads);
    for (const struct cJSON *r = json_first(json_array(answer.json, "repositories")); r != NULL;
         r = json_next(r))
        for (const struct cJSON *e = json_first(json_array(r, "environments")); e != NULL;
             e = json_next(e)) {
            const struct cJSON *starts = json_array(e, "starts");
            for (const struct cJSON *s = json_first(starts); s != NULL; s = json_next(s))
                add_start(&table, json_str(r, "name"), json_str(e, "name"), s);
            if (json_count(starts) == 0)
                add_wait(&table, json_str(r, "name"), json_str(e, "name"), json_get(e, "waits"));
        }
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        table_print(&table);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}

int cli_forecast_schedule(struct invoke *invoke)
{
    static const char *const heads[] = {"START", "REPOSITORY", "ENVIRONMENT", "RELEASE"};
    const char *next = cli_command_option(invoke, "--next");
    const char *from = cli_command_option(invoke, "--from");
    struct client_answer answer;
    struct table table;
    struct arena arena;
    const char *path, *until;
    int status = cli_command_options_end(invoke);

    if (status == 0 && invoke->argc > 0)
        status = cli_command_usage(invoke, "\"%s\" is one word too many", invoke->argv[0]);
    if (status != 0)
        return status;
    arena_init(&arena);
    path = cli_moved_path(&arena, "/api/v1/schedule", "next", next);
    path = cli_moved_path(&arena, path, "from", from);
    status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status != 0) {
        arena_deinit(&arena);
        return status;
    }
    until = json_str(answer.json, "known_until_text");
    table_init(&table, &arena, 4, heads);
    for (const struct cJSON *s = json_first(json_array(answer.json, "starts")); s != NULL;
         s = json_next(s)) {
        const char *cells[] = {json_str(s, "start_text"), json_str(s, "repository"),
                               json_str(s, "environment"), release_text(&arena, s, "release")};
        table_row(&table, cells);
    }
    if (invoke->json)
        printf("%s\n", answer.text);
    else if (json_count(json_array(answer.json, "starts")) == 0)
        printf(
            "No start is known then: no environment has set times or windows (each merge goes out by "
            "itself, or when somebody asks), or they are all stopped.\n");
    else
        table_print(&table);
    if (!invoke->json && until != NULL && json_count(json_array(answer.json, "starts")) > 0)
        printf("Those are all until %s. What somebody holds has no time.\n", until);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}
