/* slipway key add, ls, rm: access keys of AWS callers at the door. */
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

/* A repeatable option whose value may be a comma list, as a list of the body. */
static void add_words(struct invoke *invoke, struct json_out *out, const char *option,
                      const char *key)
{
    const char *value;

    json_begin_array(out, key);
    while ((value = cli_command_option(invoke, option)) != NULL) {
        char words[1024], *save = NULL;

        snprintf(words, sizeof(words), "%s", value);
        for (char *word = strtok_r(words, ",", &save); word != NULL;
             word = strtok_r(NULL, ",", &save))
            json_add_str(out, NULL, word);
    }
    json_end_array(out);
}

static int ask_key(struct invoke *invoke, struct json_out *out)
{
    const char *lives = cli_command_option(invoke, "--for");

    json_begin_object(out, NULL);
    add_words(invoke, out, "--document", "documents");
    add_words(invoke, out, "--tag", "tags");
    add_words(invoke, out, "--environment", "environments");
    add_words(invoke, out, "--manage", "manages");
    json_add_bool(out, "any_host", cli_command_flag(invoke, "--any-host"));
    json_add_bool(out, "shell", cli_command_flag(invoke, "--shell"));
    if (lives != NULL)
        json_add_str(out, "for", lives);
    json_add_str(out, "name", invoke->argv[0]);
    json_end_object(out);
    return cli_command_options_end(invoke);
}

int cli_key_add(struct invoke *invoke)
{
    struct client_answer answer;
    struct json_out out;
    struct buf body;
    int status;

    buf_init(&body, 65536);
    json_out_init(&out, &body);
    status = ask_key(invoke, &out);
    if (status == 0)
        status = client_ask(invoke->client, "POST", "/api/v1/keys", buf_str(&body), &answer);
    if (status == 0) {
        const char *id = json_str(answer.json, "id");
        const char *secret = json_str(answer.json, "secret");

        if (invoke->json || id == NULL || secret == NULL)
            printf("%s\n", answer.text);
        else
            printf("AWS_ACCESS_KEY_ID=%s\nAWS_SECRET_ACCESS_KEY=%s\n", id, secret);
        fputs(
            "The secret is shown this once. Callers name the agents' address with --endpoint-url.\n",
            stderr);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    return status;
}

static const char *joined(struct arena *arena, const struct cJSON *list)
{
    const char *text = "";

    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *word = json_string_value(i);

        if (word == NULL)
            word = arena_printf(arena, "%s=%s", json_str(i, "key"), json_str(i, "value"));
        text = arena_printf(arena, "%s%s%s", text, *text != '\0' ? "," : "", word);
    }
    return text;
}

static const char *may(struct arena *arena, const struct cJSON *k)
{
    const char *manages = joined(arena, json_array(k, "manages"));
    bool shell = false;

    (void)json_bool(k, "shell", &shell);
    return arena_printf(arena, "%s%s%s%s", joined(arena, json_array(k, "documents")),
                        shell ? " +shell" : "", *manages != '\0' ? " manages " : "", manages);
}

static const char *reaches(struct arena *arena, const struct cJSON *k)
{
    bool any = false;

    (void)json_bool(k, "any_host", &any);
    return any ? "any host" : joined(arena, json_array(k, "tags"));
}

int cli_key_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"KEY",          "ID",   "RUNS",    "HOSTS",
                                        "ENVIRONMENTS", "MADE", "EXPIRES", "LAST USED"};
    struct client_answer answer;
    struct table table;
    struct arena arena;
    time_ms now = clock_now(clock_system());
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", "/api/v1/keys", NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (invoke->json)
        printf("%s\n", answer.text);
    table_init(&table, &arena, 8, heads);
    for (const struct cJSON *k = json_first(json_array(answer.json, "keys")); k != NULL;
         k = json_next(k)) {
        const char *cells[] = {json_str(k, "name"),
                               json_str(k, "id"),
                               may(&arena, k),
                               reaches(&arena, k),
                               joined(&arena, json_array(k, "environments")),
                               ago_text(&arena, json_str(k, "created_at"), now),
                               ago_text(&arena, json_str(k, "expires_at"), now),
                               ago_text(&arena, json_str(k, "used_at"), now)};
        table_row(&table, cells);
    }
    if (!invoke->json)
        table_print(&table);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}

int cli_key_rm(struct invoke *invoke)
{
    struct client_answer answer;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0 && !names_is_word(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not the name of a key", invoke->argv[0]);
    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "DELETE",
                        arena_printf(&arena, "/api/v1/keys/%s", invoke->argv[0]), NULL, &answer);
    if (status == 0) {
        printf("key %s ended\n", invoke->argv[0]);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}
