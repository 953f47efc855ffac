/* slipway token add, ls, rm. */
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_list.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

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
    static const char *const keys[] = {"name",       "rights",     "login",      "scope",
                                       "created_at", "created_by", "expires_at", "used_at"};

    return cli_list(invoke, "/api/v1/tokens", "tokens", 8, heads, keys);
}

int cli_token_rm(struct invoke *invoke)
{
    return cli_list_end(invoke, "/api/v1/tokens", "token");
}
