#include "server/flow/collect_door.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/ssm/message_reply.h"
#include "lib/ssm/output_cut.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_reply.h"
#include "server/flow/flow.h"

int collect_door_content(struct look *look, const char *command_id, struct content *ret_content,
                         struct err *err)
{
    enum content_flaw flaw;
    struct err own = ERR_INIT;
    const char *text;
    int rc = store_door_command_content(look->flow->db, look->arena, command_id, &text, err);

    *ret_content = (struct content){.n_steps = 0};
    if (rc == 0)
        (void)content_parse(look->arena, text, strlen(text), ret_content, &flaw, &own);
    return rc;
}

static const char *cut(struct arena *arena, const char *text, size_t max)
{
    return text == NULL ? "" : output_cut(arena, text, strlen(text), max);
}

int collect_door_output(struct db *db, const struct reply_row *row, int number,
                        const struct message_reply_step *step, struct err *err)
{
    struct arena arena;
    int rc;

    if (step->output == NULL && step->error_output == NULL)
        return 0;
    arena_init(&arena);
    rc = store_door_command_output(db, row->command_id, row->host_id, number,
                                   cut(&arena, step->output, OUTPUT_CUT_OUT),
                                   cut(&arena, step->error_output, OUTPUT_CUT_ERR), err);
    arena_deinit(&arena);
    return rc;
}
