/* slipway hosts, activation create, activation ls. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

static int print_list(struct invoke *invoke, const char *path, const char *list, size_t n,
                      const char *const *heads, const char *const *keys)
{
    struct client_answer answer;
    struct table table;
    struct arena arena;
    int status = command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    if (invoke->json) {
        printf("%s\n", answer.text);
    } else {
        table_init(&table, &arena, n, heads);
        for (const struct cJSON *i = json_first(json_array(answer.json, list)); i != NULL;
             i = json_next(i)) {
            const char *cells[TABLE_COLUMNS] = {NULL};
            for (size_t k = 0; k < n; k++) {
                int64_t number;
                cells[k] = json_int(i, keys[k], &number) ? arena_printf(&arena, "%" PRId64, number)
                                                         : json_str(i, keys[k]);
            }
            table_row(&table, cells);
        }
        table_print(&table);
    }
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}

int cli_hosts(struct invoke *invoke)
{
    static const char *const heads[] = {"HOST", "STATE", "LAST HEARD", "AGENT", "ID"};
    static const char *const keys[] = {"name", "state", "seen_at", "agent", "id"};

    return print_list(invoke, "/api/v1/hosts", "hosts", 5, heads, keys);
}

int cli_activation_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"ACTIVATION", "NAME", "PREFIX", "USED", "LIMIT", "EXPIRES"};
    static const char *const keys[] = {"id",    "name",      "prefix", "registrations",
                                       "limit", "expires_at"};

    return print_list(invoke, "/api/v1/activations", "activations", 6, heads, keys);
}

/* "K=V" options, as many as there are. */
static int add_tags(struct invoke *invoke, struct json_out *out)
{
    const char *tag;

    json_begin_object(out, "tags");
    while ((tag = command_option(invoke, "--tag")) != NULL) {
        const char *equals = strchr(tag, '=');
        char key[128];
        if (equals == NULL || equals == tag || (size_t)(equals - tag) >= sizeof(key))
            return command_usage(invoke, "--tag wants KEY=VALUE, not \"%s\"", tag);
        memcpy(key, tag, (size_t)(equals - tag));
        key[equals - tag] = '\0';
        json_add_str(out, key, equals + 1);
    }
    json_end_object(out);
    return 0;
}

static int ask_activation(struct invoke *invoke, struct json_out *out)
{
    const char *name = command_option(invoke, "--name");
    const char *prefix = command_option(invoke, "--prefix");
    const char *limit = command_option(invoke, "--limit");
    const char *lives = command_option(invoke, "--for");
    int64_t number;
    int status;

    if ((name == NULL) == (prefix == NULL))
        return command_usage(invoke, "give either --name HOST or --prefix P");
    if (limit != NULL && str_parse_int64(limit, &number) < 0)
        return command_usage(invoke, "--limit wants a number");
    json_begin_object(out, NULL);
    json_add_str(out, name != NULL ? "name" : "prefix", name != NULL ? name : prefix);
    if ((status = add_tags(invoke, out)) != 0)
        return status;
    if (limit != NULL)
        json_add_int(out, "limit", number);
    if (lives != NULL)
        json_add_str(out, "for", lives);
    json_end_object(out);
    return command_options_end(invoke);
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
