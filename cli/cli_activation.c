/* slipway activation create, ls. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_list.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

int cli_activation_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"ACTIVATION", "NAME", "PREFIX", "USED", "LIMIT", "EXPIRES"};
    static const char *const keys[] = {"id",    "name",      "prefix", "registrations",
                                       "limit", "expires_at"};

    return cli_list(invoke, "/api/v1/activations", "activations", 6, heads, keys);
}

/* "K=V" options, as many as there are. */
static int add_tags(struct invoke *invoke, struct json_out *out)
{
    const char *tag;

    json_begin_object(out, "tags");
    while ((tag = cli_command_option(invoke, "--tag")) != NULL) {
        const char *equals = strchr(tag, '=');
        char key[128];
        if (equals == NULL || equals == tag || (size_t)(equals - tag) >= sizeof(key))
            return cli_command_usage(invoke, "--tag wants KEY=VALUE, not \"%s\"", tag);
        memcpy(key, tag, (size_t)(equals - tag));
        key[equals - tag] = '\0';
        json_add_str(out, key, equals + 1);
    }
    json_end_object(out);
    return 0;
}

static int ask_activation(struct invoke *invoke, struct json_out *out)
{
    const char *name = cli_command_option(invoke, "--name");
    const char *prefix = cli_command_option(invoke, "--prefix");
    const char *limit = cli_command_option(invoke, "--limit");
    const char *lives = cli_command_option(invoke, "--for");
    int64_t number;
    int status;

    if ((name == NULL) == (prefix == NULL))
        return cli_command_usage(invoke, "give either --name HOST or --prefix P");
    if (limit != NULL && str_parse_int64(limit, &number) < 0)
        return cli_command_usage(invoke, "--limit wants a number");
    json_begin_object(out, NULL);
    json_add_str(out, name != NULL ? "name" : "prefix", name != NULL ? name : prefix);
    if ((status = add_tags(invoke, out)) != 0)
        return status;
    if (limit != NULL)
        json_add_int(out, "limit", number);
    if (lives != NULL)
        json_add_str(out, "for", lives);
    json_end_object(out);
    return cli_command_options_end(invoke);
}

int cli_activation_create(struct invoke *invoke)
{
    struct client_answer answer;
    struct json_out out;
    struct buf body;
    int status;

    buf_init(&body, 65536);
    json_out_init(&out, &body);
    status = ask_activation(invoke, &out);
    if (status == 0)
        status = client_ask(invoke->client, "POST", "/api/v1/activations", buf_str(&body), &answer);
    if (status == 0) {
        const char *line = json_str(answer.json, "command");
        printf("%s\n", invoke->json || line == NULL ? answer.text : line);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    return status;
}
