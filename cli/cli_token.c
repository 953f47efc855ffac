/* slipway token add, ls, rm. */
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

static void add_rights(struct json_out *out, const char *rights)
{
    char words[512], *save = NULL;

    json_begin_array(out, "rights");
    snprintf(words, sizeof(words), "%s", rights);
    for (char *word = strtok_r(words, ",", &save); word != NULL; word = strtok_r(NULL, ",", &save))
        json_add_str(out, NULL, word);
    json_end_array(out);
}

int cli_token_add(struct invoke *invoke)
{
    const char *rights = cli_command_option(invoke, "--rights");
    const char *lives = cli_command_option(invoke, "--for");
    const char *login = cli_command_option(invoke, "--login");
    const char *scope = cli_command_option(invoke, "--scope");
    bool feed = cli_command_flag(invoke, "--feed");
    struct client_answer answer;
    struct json_out out;
    struct buf body;
    int status = cli_command_options_end(invoke);

    if (status == 0 && feed && rights != NULL)
        status = cli_command_usage(invoke, "a token for the calendar has no other rights");
    if (feed)
        rights = "feed";
    if (status == 0 && rights == NULL && login == NULL)
        status = cli_command_usage(
            invoke,
            "--rights is missing: view, approve-content, approve-code, operate, hotfix, admin");
    if (status != 0)
        return status;
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "name", invoke->argv[0]);
    if (rights != NULL)
        add_rights(&out, rights);
    if (login != NULL)
        json_add_str(&out, "login", login);
    if (scope != NULL)
        json_add_str(&out, "scope", scope);
    if (lives != NULL)
        json_add_str(&out, "for", lives);
    json_end_object(&out);
    status = client_ask(invoke->client, "POST", "/api/v1/tokens", buf_str(&body), &answer);
    if (status == 0) {
        const char *token = json_str(answer.json, "token");
        printf("%s\n", invoke->json || token == NULL ? answer.text : token);
        if (token != NULL)
            fputs(
                feed
                    ? "It is shown this once. The address for calendars: /calendar.ics?token=TOKEN on the "
                      "page's listener.\n"
                    : "It is shown this once.\n",
                stderr);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    return status;
}

int cli_token_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"TOKEN", "RIGHTS", "FOR",     "SCOPE",
                                        "MADE",  "BY",     "EXPIRES", "LAST USED"};
    struct client_answer answer;
    struct table table;
    struct arena arena;
    time_ms now = clock_now(clock_system());
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", "/api/v1/tokens", NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (invoke->json)
        printf("%s\n", answer.text);
    table_init(&table, &arena, 8, heads);
    for (const struct cJSON *t = json_first(json_array(answer.json, "tokens")); t != NULL;
         t = json_next(t)) {
        const char *rights = "";
        for (const struct cJSON *r = json_first(json_array(t, "rights")); r != NULL;
             r = json_next(r))
            rights = arena_printf(&arena, "%s%s%s", rights, rights[0] != '\0' ? "," : "",
                                  json_string_value(r));
        {
            const char *cells[] = {json_str(t, "name"),
                                   rights,
                                   json_str(t, "login"),
                                   json_str(t, "scope"),
                                   ago_text(&arena, json_str(t, "created_at"), now),
                                   json_str(t, "created_by"),
                                   ago_text(&arena, json_str(t, "expires_at"), now),
                                   ago_text(&arena, json_str(t, "used_at"), now)};
            table_row(&table, cells);
        }
    }
    if (!invoke->json)
        table_print(&table);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}

int cli_token_rm(struct invoke *invoke)
{
    struct client_answer answer;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0 && !names_is_word(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not the name of a token", invoke->argv[0]);
    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "DELETE",
                        arena_printf(&arena, "/api/v1/tokens/%s", invoke->argv[0]), NULL, &answer);
    if (status == 0) {
        printf("token %s ended\n", invoke->argv[0]);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}
