/* door_start: see door_start.h. */
#include "server/api/door_start.h"

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/rules/permit.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_start.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/door_floor.h"

struct asked {
    struct message_start start;
    struct invocation invocation;
    struct host host;
    struct attempt attempt;
    struct permit_facts facts;
    enum permit_answer answer;
    const char *why;
};

/* What its host has seen of that database: the last look, in the transaction that would give the permit. */
static int hear_floors(struct db *db, struct door_call *call, const struct asked *a,
                       struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < a->start.n_floors && rc == 0; i++) {
        const struct message_floor *f = &a->start.floors[i];
        const struct floor_word word = {f->database, f->epoch, f->command_id};

        if (str_eq(f->database, a->attempt.database))
            rc = door_floor_hear(db, call, &a->host, &word, err);
    }
    return rc;
}

static int load(struct db *db, struct door_call *call, struct asked *a, struct err *err)
{
    struct arena *arena = call->request->arena;
    struct err own = ERR_INIT;
    int rc = store_command_invocation(db, arena, a->start.command_id, call->host.id, &a->invocation,
                                      err);

    if (rc == ERR_NOT_FOUND)
        call->refusal = "InvalidCommandId";
    if (rc == 0)
        rc = store_host_by_id(db, arena, call->host.id, &a->host, err);
    if (rc < 0)
        return rc;
    a->facts = (struct permit_facts){.invocation = &a->invocation,
                                     .host = &a->host,
                                     .now = clock_now(call->request->api->clock)};
    rc = store_attempt_of_command(db, arena, a->start.command_id, &a->attempt, &own);
    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc == 0) {
        a->facts.attempt = &a->attempt;
        rc = hear_floors(db, call, a, &own);
    }
    if (rc == 0)
        rc = store_attempt_is_fenced(db, a->attempt.database, &a->facts.is_fenced, &own);
    if (rc < 0)
        *err = own;
    return rc;
}

/* Permit, attempt and journal line, or none of them. */
static int give(struct db *db, struct door_call *call, const struct asked *a, struct err *err)
{
    struct arena *arena = call->request->arena;
    const struct journal_entry entry = {
        .at = a->facts.now,
        .actor = arena_printf(arena, "host:%s", call->host.id),
        .way = "door",
        .act = "permit.give",
        .subject = a->start.command_id,
        .detail = arena_printf(arena, "{\"nonce\":\"%s\",\"boot\":\"%s\",\"record\":%lld}",
                               a->start.nonce, a->start.boot_id, (long long)a->start.record_number),
    };
    int rc = store_command_permit(db, a->start.command_id, call->host.id, a->start.nonce,
                                  a->start.boot_id, a->facts.now, err);

    if (rc == 0 && a->facts.attempt != NULL && a->attempt.state != ATTEMPT_PERMITTED)
        rc = store_attempt_move(db, a->attempt.id, a->attempt.state, ATTEMPT_PERMITTED, -1,
                                a->facts.now, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

static int write_asked(struct db *db, struct door_call *call, struct err *err)
{
    struct asked *a = call->own;
    const struct permit_question question = {.nonce = a->start.nonce,
                                             .journal_id = a->start.journal_id,
                                             .boot_id = a->start.boot_id,
                                             .record_number = a->start.record_number};
    int rc = load(db, call, a, err);

    if (rc < 0)
        return rc;
    a->answer = permit_judge(&a->facts, &question, &a->why);
    if (a->answer == PERMIT_NO)
        return 0;
    if (a->answer == PERMIT_FIRST)
        rc = give(db, call, a, err);
    else
        rc = store_command_permit_again(db, a->start.command_id, call->host.id, a->start.nonce,
                                        a->facts.now, err);
    if (rc == 0 && str_eq(a->host.journal_id, a->start.journal_id))
        rc = store_host_observed(db, call->host.id, a->start.protocol, a->start.journal_id,
                                 a->start.boot_id, a->start.record_number, err);
    return rc;
}

static enum request_next asked(struct door_call *call, struct reply *reply)
{
    const struct asked *a = call->own;
    const struct api *api = call->request->api;
    struct err err = ERR_INIT;
    const char *body;

    if (a->answer == PERMIT_NO)
        log_warning("permit.refused", "command=%s host=%s why=%s", a->start.command_id,
                    LOG(call->host.name), LOG(a->why));
    else
        log_notice("permit.given", "command=%s host=%s again=%d", a->start.command_id,
                   LOG(call->host.name), a->answer == PERMIT_AGAIN);
    if (message_start_answer_make(call->request->arena, a->start.nonce, a->why, &body, &err) < 0)
        return door_call_fault(call, reply, err.text);
    api->ring_flow(api->flow);
    return door_call_answer(call, reply, body);
}

enum request_next door_start_request(struct door_call *call, struct reply *reply)
{
    struct request *request = call->request;
    struct asked *a = arena_alloc(request->arena, sizeof(*a));
    struct err err = ERR_INIT;

    if (message_start_parse(request->arena, request->body, request->body_len, &a->start, &err) < 0)
        return door_call_refuse(call, reply, "ValidationException", err.text);
    if (!envelope_speaks(a->start.protocol) || a->start.protocol < HOST_PROTOCOL_PERMIT)
        return door_call_refuse(call, reply, "ValidationException",
                                "this protocol knows no permit, or is not spoken here");
    if (a->start.protocol < call->host.protocol)
        return door_call_refuse(call, reply, "ValidationException",
                                "the protocol of this host went back");
    call->own = a;
    return door_call_write(call, reply, write_asked, asked);
}
