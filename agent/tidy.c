/* tidy: see tidy.h. */
#include "agent/tidy.h"

#include <unistd.h>

#include "agent/command_folder.h"
#include "agent/compact.h"
#include "agent/session.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

struct tidying {
    struct agent *agent;
    struct arena *arena;
    bool is_once;
    const char *command_id; /* that is not over yet, whatever stands in the journal; NULL = none */
};

/* The server heard of its end. With slipway-once whoever waits for a command hears it, and nothing is written of that. */
static bool has_ended(const struct tidying *t, const struct agent_journal_entry *entry)
{
    return t->is_once
               ? entry->kind == AGENT_JOURNAL_FINISHED || entry->kind == AGENT_JOURNAL_DECLINED
               : entry->kind == AGENT_JOURNAL_REPORTED;
}

static struct command_folder_end end_of(void *arg, const char *command_id)
{
    const struct tidying *t = arg;
    struct agent_journal_entry entry;

    if (str_eq(command_id, t->command_id) ||
        !agent_journal_find(t->agent->journal, command_id, &entry) || !has_ended(t, &entry))
        return (struct command_folder_end){.since = 0};
    return (struct command_folder_end){.since = compact_over_since(&entry), .at = entry.at};
}

static bool is_over_and_gone(void *arg, const struct agent_journal_entry *entry)
{
    const struct tidying *t = arg;
    struct arena arena;
    bool is_gone;

    if (!has_ended(t, entry))
        return false;
    arena_init(&arena);
    is_gone = access(command_folder_path(&arena, t->agent->state, entry->command_id), F_OK) < 0;
    arena_deinit(&arena);
    return is_gone;
}

static void tidy(struct tidying *t, time_ms now)
{
    struct agent *agent = t->agent;
    struct err err = ERR_INIT;
    bool done;
    int rc;

    command_folder_prune(t->arena, agent->state, now, end_of, t);
    rc = agent_journal_compact(agent->journal, now,
                               &(struct agent_journal_rule){.after = TIDY_JOURNAL_AFTER,
                                                            .is_over = is_over_and_gone,
                                                            .arg = t},
                               &done, &err);
    if (rc == 0 && done)
        log_notice("journal.anew", "host=%s record=%lld", agent->config->host_id,
                   (long long)agent_journal_number(agent->journal));
    else if (rc == ERR_INTERNAL)
        agent_fail(agent, &err);
    else if (rc < 0)
        log_warning("journal.not-anew", "host=%s err=%s", agent->config->host_id, LOG(err.text));
}

void tidy_disk(struct agent *agent, struct arena *arena)
{
    struct tidying t = {.agent = agent, .arena = arena};
    time_ms now = session_now(agent->session);

    if (now != 0)
        tidy(&t, now);
}

void tidy_disk_of_once(struct agent *agent, struct arena *arena, const char *command_id)
{
    struct tidying t = {.agent = agent, .arena = arena, .is_once = true, .command_id = command_id};
    time_ms now = clock_now(agent->clock);
    struct agent_journal_entry entry;

    if (agent_journal_find(agent->journal, command_id, &entry))
        tidy(&t, now < entry.start_by ? now : entry.start_by);
}
