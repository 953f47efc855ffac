#include "cli/cli_act.h"

#include <stdio.h>

#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"

struct cli_act cli_act_words(struct invoke *invoke)
{
    return (struct cli_act){.dry_run = cli_command_flag(invoke, "--dry-run"),
                            .yes = cli_command_flag(invoke, "--yes")};
}

static int ask(struct invoke *invoke, struct arena *arena, const struct cli_act *act, bool dry_run,
               struct client_answer *ret_answer)
{
    return client_ask(invoke->client, "POST",
                      dry_run ? arena_printf(arena, "%s?dry-run=1", act->path) : act->path,
                      act->body, ret_answer);
}

static void tell(struct invoke *invoke, struct arena *arena, const struct cli_act *act,
                 const struct client_answer *answer)
{
    if (invoke->json)
        printf("%s\n", answer->text);
    else
        act->tell(invoke, arena, answer->json);
    if (!invoke->json && act->dry_run)
        printf("Nothing was saved (--dry-run).\n");
}

/* 0: go on. */
static int confirm(struct invoke *invoke, struct arena *arena, const struct cli_act *act)
{
    struct client_answer answer;
    int status = ask(invoke, arena, act, true, &answer);

    if (status != 0)
        return status;
    if (act->harmless == NULL || !act->harmless(answer.json)) {
        if (!invoke->json)
            act->tell(invoke, arena, answer.json);
        status = cli_repo_confirm(false, act->question, act->danger);
    }
    client_answer_deinit(&answer);
    return status;
}

int cli_act(struct invoke *invoke, struct arena *arena, const struct cli_act *act)
{
    struct client_answer answer;
    int status = act->dry_run || act->yes ? 0 : confirm(invoke, arena, act);

    if (status == 0)
        status = ask(invoke, arena, act, act->dry_run, &answer);
    if (status != 0)
        return status;
    tell(invoke, arena, act, &answer);
    client_answer_deinit(&answer);
    return 0;
}
