/* slipway documents: what jobs run, to be put on the disk of hosts in strict mode. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/cli_command.h"
#include "cli/client.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/names.h"

/* OWNER.NAME.JOB@1: the folder of a host may hold those of several repositories. */
static int write_one(struct arena *arena, const char *folder, const char *repo,
                     const struct cJSON *d)
{
    const char *name = json_str(d, "name"), *text = json_str(d, "text"), *path;
    int owner = (int)strcspn(repo, "/");
    struct err err = ERR_INIT;

    if (!names_is_document(name) || text == NULL)
        return cli_command_error(COMMAND_PROTOCOL, NULL, "the server names no document");
    path = arena_printf(arena, "%s/%.*s.%s.%s", folder, owner, repo, repo + owner + 1, name);
    if (file_write_atomic(path, text, strlen(text), 0644, &err) < 0)
        return cli_command_error(COMMAND_IO, NULL, "%s", err.text);
    printf("%s\n", path);
    return COMMAND_DONE;
}

int cli_documents(struct invoke *invoke)
{
    static const char *const heads[] = {"DOCUMENT", "SHA-256"};
    const char *repo = invoke->argv[0];
    struct client_answer answer;
    struct arena arena;
    struct table table;
    int status = cli_command_options_end(invoke);

    if (status == 0 && !names_is_repo(repo))
        status = cli_command_usage(invoke, "\"%s\" is no repository", repo);
    if (status == 0 && invoke->argc > 1 && access(invoke->argv[1], W_OK) != 0)
        status = cli_command_error(COMMAND_IO, NULL,
                                   "nothing can be written into %s: %s. Make the folder first",
                                   invoke->argv[1], strerror(errno));
    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "GET",
                        arena_printf(&arena, "/api/v1/repos/%s/documents", repo), NULL, &answer);
    if (status != 0) {
        arena_deinit(&arena);
        return status;
    }
    table_init(&table, &arena, 2, heads);
    for (const struct cJSON *d = json_first(json_array(answer.json, "documents"));
         d != NULL && status == 0; d = json_next(d)) {
        const char *cells[] = {json_str(d, "name"), json_str(d, "digest")};
        if (invoke->argc > 1)
            status = write_one(&arena, invoke->argv[1], repo, d);
        else
            table_row(&table, cells);
    }
    if (invoke->json)
        printf("%s\n", answer.text);
    else if (invoke->argc == 1)
        table_print(&table);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return status;
}
