/* carry: see carry.h. */
#include "agent/carry.h"

#include "agent/command_folder.h"

static int carry_one(struct agent *agent, struct arena *arena, const char *id, struct err *err)
{
    struct agent_journal_record record = {.kind = AGENT_JOURNAL_CARRIED, .command_id = id};
    struct command_order order;
    struct err own = ERR_INIT;

    if (command_folder_order(arena, agent->keys, command_folder_path(arena, agent->state, id),
                             &order, &own) == 0) {
        record.database = order.envelope.database;
        record.epoch = order.envelope.epoch;
    }
    return agent_journal_add(agent->journal, &record, clock_now(agent->clock), err);
}

int carry_over(struct agent *agent, size_t *ret_n, struct err *err)
{
    bool is_new = agent_journal_is_new(agent->journal);
    struct agent_journal_entry entry;
    struct arena arena;
    const char **ids;
    size_t n = 0;
    int rc;

    *ret_n = 0;
    arena_init(&arena);
    rc = command_folder_all(&arena, agent->state, &ids, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (agent_journal_find(agent->journal, ids[i], &entry) ||
            (!is_new &&
             !command_folder_may_have_begun(&arena,
                                            command_folder_path(&arena, agent->state, ids[i]))))
            continue;
        rc = carry_one(agent, &arena, ids[i], err);
        *ret_n += rc == 0;
    }
    arena_deinit(&arena);
    return rc == ERR_NOT_FOUND ? 0 : rc; /* no command ever came */
}
