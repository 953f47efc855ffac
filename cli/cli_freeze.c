/* slipway freeze add, ls, rm: freezes that people add while the server runs. */
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_list.h"
#include "cli/cli_moved.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define BODY_MAX 65536
#define LINE_MAX_BYTES 600
#define PATH "/api/v1/freezes"

/* "stage, production", or `all` for an empty list. */
static const char *listed(struct arena *arena, const struct cJSON *freeze, const char *key,
                          const char *all)
{
    const char *text = NULL;

    for (const struct cJSON *i = json_first(json_array(freeze, key)); i != NULL; i = json_next(i))
        text = arena_printf(arena, "%s%s%s", text == NULL ? "" : text, text == NULL ? "" : ", ",
                            json_string_value(i));
    return text == NULL ? all : text;
}

static void tell(struct arena *arena, const struct cJSON *answer, const char *verb)
{
    const struct cJSON *f = json_object(answer, "freeze");
    const char *line;
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    line =
        arena_printf(arena, "freeze %s %s %s: %s to %s (%s), %s of %s: %s", json_str(f, "name"),
                     dry ? "would be" : "is", verb, json_str(f, "from_text"),
                     json_str(f, "to_text"), json_str(f, "timezone"),
                     listed(arena, f, "environments", "all environments"),
                     listed(arena, f, "repositories", "all repositories"), json_str(f, "reason"));
    printf("%s\n", str_clean(arena, line, strlen(line), LINE_MAX_BYTES));
    cli_moved_print(arena, answer);
}

static int ask(struct invoke *invoke, struct arena *arena, const char *method, const char *path,
               const char *body, const char *verb)
{
    struct client_answer answer;
    int status = client_ask(invoke->client, method, path, body, &answer);

    if (status != 0)
        return status;
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        tell(arena, answer.json, verb);
    client_answer_deinit(&answer);
    return COMMAND_DONE;
}

/* Every `--name VALUE` among the words, as a list in the body. */
static void add_list(struct invoke *invoke, struct json_out *out, const char *key,
                     const char *option)
{
    const char *value;

    json_begin_array(out, key);
    while ((value = cli_command_option(invoke, option)) != NULL)
        json_add_str(out, NULL, value);
    json_end_array(out);
}

/* --allow rollback (the usual) or none. */
static int add_allow(struct invoke *invoke, struct json_out *out)
{
    const char *allow = cli_command_option(invoke, "--allow");

    if (allow != NULL && !str_eq(allow, "rollback") && !str_eq(allow, "none"))
        return cli_command_usage(invoke, "--allow %s: expected rollback or none", allow);
    json_begin_array(out, "allow");
    if (!str_eq(allow, "none"))
        json_add_str(out, NULL, "rollback");
    json_end_array(out);
    return 0;
}

/* NAME and no more: a name of several words is quoted. */
static int check_words(struct invoke *invoke)
{
    int status = cli_command_options_end(invoke);

    if (status == 0 && invoke->argc > 1)
        status = cli_command_usage(invoke, "\"%s\" is one word too many; quote a name of several",
                                   invoke->argv[1]);
    return status;
}

int cli_freeze_add(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    const char *from = cli_command_option(invoke, "--from");
    const char *to = cli_command_option(invoke, "--to");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status;

    arena_init(&arena);
    buf_init(&body, BODY_MAX);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    add_list(invoke, &out, "environments", "--env");
    add_list(invoke, &out, "repositories", "--repo");
    status = add_allow(invoke, &out);
    if (status == 0)
        status = check_words(invoke);
    if (status == 0 && (why == NULL || from == NULL || to == NULL))
        status = cli_command_usage(invoke, "%s is missing",
                                   from == NULL ? "--from T"
                                   : to == NULL ? "--to T"
                                                : "-m WHY");
    if (status == 0) {
        json_add_str(&out, "name", invoke->argv[0]);
        json_add_str(&out, "from", from);
        json_add_str(&out, "to", to);
        json_add_str(&out, "reason", why);
        json_end_object(&out);
        status =
            ask(invoke, &arena, "POST", cli_moved_path(&arena, PATH, "dry-run", dry ? "1" : NULL),
                buf_str(&body), "added");
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}

int cli_freeze_rm(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct arena arena;
    const char *path;
    int status = check_words(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    path = cli_moved_path(&arena, PATH, "name", invoke->argv[0]);
    path = cli_moved_path(&arena, path, "reason", why);
    path = cli_moved_path(&arena, path, "dry-run", dry ? "1" : NULL);
    status = ask(invoke, &arena, "DELETE", path, NULL, "removed");
    arena_deinit(&arena);
    return status;
}

static void show_freeze(struct arena *arena, const struct cJSON *f, time_ms now, const char **cells)
{
    (void)now;
    cells[0] = json_str(f, "name");
    cells[1] = json_str(f, "from_text");
    cells[2] = json_str(f, "to_text");
    cells[3] = listed(arena, f, "environments", "all");
    cells[4] = listed(arena, f, "repositories", "all");
    cells[5] = json_str(f, "who");
    cells[6] = json_str(f, "reason");
}

int cli_freeze_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"FREEZE",       "FROM", "TO", "ENVIRONMENTS",
                                        "REPOSITORIES", "BY",   "WHY"};

    return cli_list_of(invoke, PATH, "freezes", 7, heads, show_freeze);
}
