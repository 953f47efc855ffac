/* slipway hold, unhold: stop an environment, or all of a repository, and let it go on. */
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/cli_repo.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define BODY_MAX 65536
#define LINE_MAX_BYTES 600

/* "acme/shop production", "acme/shop" */
static const char *scope(struct arena *arena, const struct cJSON *hold)
{
    const char *environment = json_str(hold, "environment");

    return arena_printf(arena, "%s%s%s", json_str(hold, "repository"),
                        environment != NULL ? " " : "", environment != NULL ? environment : "");
}

static const char *path_of(const struct invoke *invoke, struct arena *arena, bool dry)
{
    return cli_moved_path(arena, arena_printf(arena, "/api/v1/repos/%s/holds", invoke->argv[0]),
                          "dry-run", dry ? "1" : NULL);
}

static void print_line(struct arena *arena, const char *line)
{
    printf("%s\n", str_clean(arena, line, strlen(line), LINE_MAX_BYTES));
}

static void tell_hold(struct arena *arena, const struct cJSON *answer)
{
    const struct cJSON *hold = json_object(answer, "hold");
    const char *until = json_str(hold, "until_text");
    const char *end = until == NULL
                          ? "until somebody lifts it"
                          : arena_printf(arena, "until %s (%s)", until, json_str(hold, "timezone"));
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    print_line(arena, arena_printf(arena, "%s %s on hold %s: %s", scope(arena, hold),
                                   dry ? "would be" : "is", end, json_str(hold, "reason")));
    cli_moved_print(arena, answer);
}

static void tell_lift(struct arena *arena, const struct cJSON *answer)
{
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    for (const struct cJSON *h = json_first(json_array(answer, "lifted")); h != NULL;
         h = json_next(h))
        print_line(arena, arena_printf(arena, "%s: the hold of %s %s lifted (%s)", scope(arena, h),
                                       json_str(h, "who"), dry ? "would be" : "is",
                                       json_str(h, "reason")));
    for (const struct cJSON *h = json_first(json_array(answer, "remain")); h != NULL;
         h = json_next(h))
        print_line(arena, arena_printf(arena, "%s stays on hold by %s: %s (slipway unhold %s)",
                                       scope(arena, h), json_str(h, "who"), json_str(h, "reason"),
                                       scope(arena, h)));
    cli_moved_print(arena, answer);
}

static int ask(struct invoke *invoke, struct arena *arena, const char *method, const char *path,
               const char *body, void (*tell)(struct arena *arena, const struct cJSON *answer))
{
    struct client_answer answer;
    int status = client_ask(invoke->client, method, path, body, &answer);

    if (status != 0)
        return status;
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        tell(arena, answer.json);
    client_answer_deinit(&answer);
    return COMMAND_DONE;
}

/* The words are REPO [ENV] and no more. */
static int check_words(struct invoke *invoke)
{
    int status = cli_repo_words(invoke, NULL);

    if (status == 0 && invoke->argc > 2)
        status = cli_command_usage(invoke, "\"%s\" is one word too many; a reason goes behind -m",
                                   invoke->argv[2]);
    return status;
}

int cli_hold(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *until = cli_command_option(invoke, "--until");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = check_words(invoke);

    if (status == 0 && why == NULL)
        status = cli_command_usage(invoke, "a hold needs its reason: -m WHY");
    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, BODY_MAX);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 1)
        json_add_str(&out, "environment", invoke->argv[1]);
    json_add_str(&out, "reason", why);
    if (until != NULL)
        json_add_str(&out, "until", until);
    json_end_object(&out);
    status = ask(invoke, &arena, "POST", path_of(invoke, &arena, dry), buf_str(&body), tell_hold);
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}

int cli_hold_lift(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct arena arena;
    const char *path;
    int status = check_words(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    path = path_of(invoke, &arena, dry);
    path = cli_moved_path(&arena, path, "environment", invoke->argc > 1 ? invoke->argv[1] : NULL);
    path = cli_moved_path(&arena, path, "reason", why);
    status = ask(invoke, &arena, "DELETE", path, NULL, tell_lift);
    arena_deinit(&arena);
    return status;
}
