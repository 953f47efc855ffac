/* slipway key add, ls, rm: access keys of AWS callers at the door. */
#include <stdio.h>
#include <string.h>

#include "cli/ago.h"
#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_list.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

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

static const char *may(struct arena *arena, const struct cJSON *k)
{
    const char *manages = cli_list_joined(arena, json_array(k, "manages"));
    bool shell = false;

    (void)json_bool(k, "shell", &shell);
    return arena_printf(arena, "%s%s%s%s", cli_list_joined(arena, json_array(k, "documents")),
                        shell ? " +shell" : "", *manages != '\0' ? " manages " : "", manages);
}

static const char *reaches(struct arena *arena, const struct cJSON *k)
{
    bool any = false;

    (void)json_bool(k, "any_host", &any);
    return any ? "any host" : cli_list_joined(arena, json_array(k, "tags"));
}

static void show_key(struct arena *arena, const struct cJSON *k, time_ms now, const char **cells)
{
    cells[0] = json_str(k, "name");
    cells[1] = json_str(k, "id");
    cells[2] = may(arena, k);
    cells[3] = reaches(arena, k);
    cells[4] = cli_list_joined(arena, json_array(k, "environments"));
    cells[5] = ago_text(arena, json_str(k, "created_at"), now);
    cells[6] = ago_text(arena, json_str(k, "expires_at"), now);
    cells[7] = ago_text(arena, json_str(k, "used_at"), now);
}

int cli_key_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"KEY",          "ID",   "RUNS",    "HOSTS",
                                        "ENVIRONMENTS", "MADE", "EXPIRES", "LAST USED"};

    return cli_list_of(invoke, "/api/v1/keys", "keys", 8, heads, show_key);
}

int cli_key_rm(struct invoke *invoke)
{
    return cli_list_end(invoke, "/api/v1/keys", "key");
}
