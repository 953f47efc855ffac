#include "server/flow/ledger.h"

#include <stdio.h>

#include "lib/base/arena.h"
#include "lib/rules/migrate.h"
#include "lib/ssm/status.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "server/flow/flow.h"

static int find(struct db *db, struct arena *arena, const char *command_id, struct attempt *a,
                bool *ret_found, struct err *err)
{
    struct err own = ERR_INIT;
    int rc = store_attempt_of_command(db, arena, command_id, a, &own);

    *ret_found = rc == 0;
    if (rc == 0 || rc == ERR_NOT_FOUND)
        return 0;
    *err = own;
    return rc;
}

/* What this end alone says, by the same rules as one that comes in time: a client that was killed, or its own script, may
 * leave it unknown (M5, M7). */
static enum attempt_state end_of(const struct message_reply *reply, struct arena *arena)
{
    const struct status_facts facts = {.now = INVOCATION_IN_PROGRESS,
                                       .began = true,
                                       .journal_is_known = true,
                                       .has_database = true};
    struct status_change change;

    if (reply->state == MESSAGE_REPLY_DECLINED)
        return ATTEMPT_NOT_STARTED;
    status_judge(arena, &facts, reply, &change);
    return change.status == INVOCATION_SUCCESS  ? ATTEMPT_SUCCEEDED
           : change.status == INVOCATION_FAILED ? ATTEMPT_FAILED
                                                : ATTEMPT_UNKNOWN;
}

/* What was decided stands; what is true is kept beside it. Nothing agrees with what nobody knows, or disagrees. */
static int keep_late(struct db *db, struct arena *arena, const struct attempt *a,
                     const struct message_reply *reply, time_ms now, struct err *err)
{
    enum attempt_state late = end_of(reply, arena);
    bool agrees = (late == ATTEMPT_SUCCEEDED) == (a->state == ATTEMPT_SUCCEEDED);
    char detail[200];
    int rc = store_attempt_late(db, a->id, late, now, err);

    if (rc < 0)
        return rc == ERR_CONFLICT ? 0 : rc;
    snprintf(detail, sizeof(detail), "{\"end\":\"%s\",\"decision\":\"%.40s\",\"agrees\":%s}",
             attempt_states[late].text, a->decision,
             late == ATTEMPT_UNKNOWN ? "null"
             : agrees                ? "true"
                                     : "false");
    return look_journal(db, now, "attempt.late", a->database, detail, NULL, err);
}

int ledger_hear(struct db *db, const char *command_id, const struct message_reply *reply,
                bool journal_is_known, time_ms now, struct err *err)
{
    bool ends = reply->state == MESSAGE_REPLY_FINISHED || reply->state == MESSAGE_REPLY_DECLINED;
    /* Who wrote an end runs no more, also where the end says that nobody knows (`migrate=unknown`, kill-after). */
    bool is_gone = reply->state == MESSAGE_REPLY_FINISHED || reply->state == MESSAGE_REPLY_UNKNOWN;
    struct attempt a;
    struct arena arena;
    bool found;
    int rc;

    if (!journal_is_known || (!ends && reply->state != MESSAGE_REPLY_UNKNOWN))
        return 0;
    arena_init(&arena);
    rc = find(db, &arena, command_id, &a, &found, err);
    if (rc == 0 && found && is_gone)
        rc = store_attempt_gone(db, command_id, now, err);
    if (rc == 0 && found && ends && a.decided_at != 0)
        rc = keep_late(db, &arena, &a, reply, now, err);
    arena_deinit(&arena);
    return rc;
}

int ledger_follow(struct db *db, const char *command_id, const char *host_id, time_ms now,
                  struct err *err)
{
    struct result_line *lines = NULL;
    enum attempt_state to;
    struct invocation inv;
    struct attempt a;
    struct arena arena;
    size_t n = 0;
    bool found;
    char detail[200];
    int changed = -1, rc;

    arena_init(&arena);
    rc = find(db, &arena, command_id, &a, &found, err);
    if (rc < 0 || !found || a.settled_at != 0)
        goto out;
    rc = store_command_invocation(db, &arena, command_id, host_id, &inv, err);
    if (rc < 0)
        goto out;
    to = migrate_state_of(a.state, &inv);
    if (!states_allows(attempt_states, (int)a.state, (int)to))
        goto out;
    if (to == ATTEMPT_SUCCEEDED) {
        rc = store_command_results(db, &arena, command_id, host_id, &lines, &n, err);
        changed = migrate_changed(lines, n);
    }
    if (rc == 0)
        rc = store_attempt_move(db, a.id, a.state, to, changed, now, err);
    if (rc < 0)
        goto out;
    snprintf(detail, sizeof(detail), "{\"deployment\":%lld,\"command\":\"%.36s\",\"to\":\"%s\"}",
             (long long)a.deployment_id, command_id, attempt_states[to].text);
    rc = look_journal(db, now, "attempt.move", a.database, detail, NULL, err);
out:
    arena_deinit(&arena);
    return rc;
}
