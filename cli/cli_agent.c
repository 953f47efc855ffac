/* slipway agent, slipway fence: a host whose word is in doubt, a database whose hosts are ahead. */
#include <stdio.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

/* Ask with a reason, and with the database where there is one. */
static int act(struct invoke *invoke, const char *path, const char *database, const char *why,
               const char *done)
{
    struct client_answer answer;
    struct json_out out;
    struct buf body;
    int status;

    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (database != NULL)
        json_add_str(&out, "database", database);
    json_add_str(&out, "reason", why);
    status = cli_repo_ask(invoke, "POST", path, &out, &answer);
    if (status == 0) {
        if (!invoke->json)
            printf("%s %s\n", invoke->argv[0], done);
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    return status;
}

static int of_host(struct invoke *invoke, const char *verb, const char *done)
{
    const char *why = cli_command_option(invoke, "-m");
    int status = cli_command_options_end(invoke);
    struct arena arena;

    if (status == 0 && !names_is_word(invoke->argv[0]))
        status = cli_command_usage(invoke, "\"%s\" is not the name of a host", invoke->argv[0]);
    if (status == 0 && why == NULL)
        status = cli_command_usage(invoke, "say why: -m WHY");
    if (status != 0)
        return status;
    arena_init(&arena);
    status = act(invoke, arena_printf(&arena, "/api/v1/hosts/%s/%s", invoke->argv[0], verb), NULL,
                 why, done);
    arena_deinit(&arena);
    return status;
}

int cli_agent_accept_journal(struct invoke *invoke)
{
    return of_host(invoke, "accept-journal",
                   "is believed again, with the journal that it names next");
}

int cli_agent_drain(struct invoke *invoke)
{
    return of_host(invoke, "drain", "is drained: nothing that is cut from now on goes there");
}

int cli_agent_undrain(struct invoke *invoke)
{
    return of_host(invoke, "undrain", "is in use again");
}

int cli_agent_revoke(struct invoke *invoke)
{
    return of_host(invoke, "revoke", "is deregistered; its keys open nothing any more");
}

int cli_agent_fence(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    int status = cli_command_options_end(invoke);

    if (status == 0 && why == NULL)
        status = cli_command_usage(invoke, "say why it is safe: -m WHY");
    return status != 0
               ? status
               : act(invoke, "/api/v1/fence", invoke->argv[0], why, "goes on, with a new epoch");
}
