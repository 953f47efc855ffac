/* slipway why: one release or pull request: why not yet, and when. */
#include <inttypes.h>
#include <stdio.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

static void print_environment(struct arena *arena, const struct cJSON *e)
{
    const char *start = json_str(e, "start_text");
    bool live = false, go = false, assumes = false, migrates = false;
    size_t n_hosts = json_count(json_array(e, "hosts"));
    int64_t with = 0;

    json_bool(e, "live", &live);
    json_bool(e, "go", &go);
    json_bool(e, "assumes", &assumes);
    json_bool(e, "migrates", &migrates);
    printf("%s: %s", json_str(e, "environment"), live ? "live" : json_str(e, "state"));
    if (start != NULL && json_int(e, "with_release", &with))
        printf(", %s with r%" PRId64, cli_repo_clean(arena, start), with);
    else if (!live && !go && json_first(json_array(e, "causes")) != NULL)
        printf(", no start is foreseen");
    if (!live)
        printf(", on %zu host%s%s%s", n_hosts, n_hosts == 1 ? "" : "s",
               migrates ? ", migrates" : "", assumes ? ", if the one before comes well out" : "");
    printf("\n");
    if (!live && json_str(e, "migrate_text") != NULL)
        printf("  %s\n", cli_repo_clean(arena, json_str(e, "migrate_text")));
    cli_repo_causes(arena, json_array(e, "causes"));
    for (const struct cJSON *l = json_first(json_array(e, "late")); l != NULL; l = json_next(l))
        printf("    %s\n", cli_repo_clean(arena, json_str(l, "text")));
}

int cli_why(struct invoke *invoke)
{
    const char *at = cli_command_option(invoke, "--at");
    struct client_answer answer;
    struct arena arena;
    long long release = 0, pull = 0;
    const char *path;
    int64_t number = 0;
    int status = cli_command_options_end(invoke);

    if (status == 0 && invoke->argc > 3)
        status = cli_command_usage(invoke, "\"%s\" is one word too many", invoke->argv[3]);
    if (status == 0 && !names_is_repo(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not OWNER/NAME", invoke->argv[0]);
    if (status == 0 && invoke->argv[1][0] == 'r' &&
        cli_command_release_number(invoke->argv[1], &release) < 0)
        status = cli_command_usage(invoke, "\"%s\" is neither rN nor #N", invoke->argv[1]);
    if (status == 0 && release == 0 && cli_repo_pull_number(invoke->argv[1], &pull) < 0)
        status = cli_command_usage(invoke, "\"%s\" is neither rN nor #N", invoke->argv[1]);
    if (status != 0)
        return status;
    arena_init(&arena);
    path = cli_moved_path(&arena, cli_repo_act_path(&arena, invoke->argv[0], "why"),
                          release != 0 ? "release" : "pull",
                          arena_printf(&arena, "%lld", release != 0 ? release : pull));
    path = cli_moved_path(&arena, path, "environment", invoke->argc > 2 ? invoke->argv[2] : NULL);
    path = cli_moved_path(&arena, path, "at", at);
    status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status != 0) {
        arena_deinit(&arena);
        return status;
    }
    if (invoke->json) {
        printf("%s\n", answer.text);
    } else {
        json_int(answer.json, "release", &number);
        printf("%s r%" PRId64 "  %s%s%s%s\n", invoke->argv[0], number,
               cli_repo_clean(&arena, json_str(answer.json, "subject")), at != NULL ? "  (at " : "",
               at != NULL ? at : "", at != NULL ? ", if nothing else happens)" : "");
        for (const struct cJSON *e = json_first(json_array(answer.json, "environments")); e != NULL;
             e = json_next(e))
            print_environment(&arena, e);
    }
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}
