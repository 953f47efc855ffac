/* door_cancel: see door_cancel.h. */
#include "server/api/door_cancel.h"

#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_journal.h"
#include "server/api/door_shape.h"
#include "server/api/door_targets.h"

struct cancelling {
    const char *id;
    const char **hosts;
    size_t n;
};

/* Best effort: what has ended stays as it is. */
static int cancel_one(struct db *db, struct door_call *call, const char *id, const char *host,
                      struct err *err)
{
    const struct invocation_change ended = {.status = INVOCATION_CANCELLED,
                                            .details = "Cancelled",
                                            .exit_code = -1,
                                            .commit_sha = ""};
    struct invocation i;
    char cancel_id[NAMES_UUID_SIZE];
    int rc = store_command_invocation(db, call->request->arena, id, host, &i, err);

    if (rc == ERR_NOT_FOUND)
        return door_call_refusal(call, err, rc, "InvalidInstanceId",
                                 "the command has no invocation there");
    if (rc < 0 || invocation_has_ended(i.status) || i.cancel_at != 0)
        return rc;
    if (i.status == INVOCATION_PENDING && i.offered_at == 0)
        return store_command_withdraw(db, id, host, &ended, call->now, err);
    names_uuid_at(call->now, cancel_id);
    return store_cancel_ask(db, id, host, i.status, cancel_id, call->now, err);
}

static int write_cancel(struct db *db, struct door_call *call, struct err *err)
{
    const struct cancelling *c = call->own;
    const struct journal_entry entry = {
        .at = call->now,
        .actor = door_call_actor(call),
        .way = "door",
        .act = "command.cancel",
        .subject = c->id,
        .detail = arena_printf(call->request->arena, "{\"hosts\":%zu}", c->n),
    };
    struct door_command command;
    int rc = store_door_command(db, call->request->arena, c->id, call->key.name, &command, err);

    if (rc == ERR_NOT_FOUND)
        return door_call_refusal(call, err, rc, "InvalidCommandId", "no such command");
    if (rc == 0 && c->n == 0)
        rc = store_door_command_cancel(db, c->id, call->now, err);
    for (size_t i = 0; i < c->n && rc == 0; i++)
        rc = cancel_one(db, call, c->id, c->hosts[i], err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

enum request_next door_cancel_command(struct door_call *call, struct reply *reply)
{
    struct cancelling *c = arena_alloc(call->request->arena, sizeof(*c));
    struct door_targets twice = {.n_ids = 0};
    struct door_shape s;

    door_shape_init(&s, call);
    c->id = door_shape_text(&s, call->json, "", "CommandId", &door_shape_command);
    door_shape_texts(&s, door_shape_list(&s, call->json, "", "InstanceIds", false, 50),
                     "instanceIds", &door_shape_instance, &c->hosts, &c->n);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    twice.ids = c->hosts;
    twice.n_ids = c->n;
    if (door_targets_twice(&twice) != NULL)
        return door_call_refuse(call, reply, "DuplicateInstanceId", "an id stands there twice");
    call->own = c;
    return door_call_write(call, reply, write_cancel, door_call_done_and_ring);
}
