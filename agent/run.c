/* run: see run.h. */
#include "agent/run.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "agent/cancel.h"
#include "agent/command_folder.h"
#include "agent/database_lock.h"
#include "agent/order.h"
#include "agent/permit_ask.h"
#include "agent/report.h"
#include "agent/supervise.h"
#include "agent/word.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"

#define TELL_FIRST_MS 500
#define TELL_MAX_MS 4000

struct claim {
    struct agent *agent;
    struct httpc *httpc;
    const struct message *message;
    struct arena *arena;
    char id[NAMES_UUID_SIZE]; /* of the command, from the message's id */
    struct order_host host;
    struct order order;
};

static time_ms now_of(const struct claim *c)
{
    return clock_now(c->agent->clock);
}

/* The door need not send it again. Best effort: a repetition is answered from the journal. */
static void acknowledge(struct claim *c)
{
    struct httpc_answer answer = {.status = 0};
    struct err err = ERR_INIT;
    char body[128];

    snprintf(body, sizeof(body), "{\"MessageId\":\"%s\"}", c->message->id);
    if (session_call(c->agent->session, c->httpc, SESSION_ACKNOWLEDGE, body, &answer, &err) < 0)
        log_warning("message.not-acknowledged", "command=%s err=%s", c->id, LOG(err.text));
    httpc_answer_deinit(&answer);
}

/* It will never run here: written down, told, acknowledged. */
static void decline(struct claim *c, const char *why)
{
    struct err err = ERR_INIT;

    log_error("command.refused", "command=%s err=%s", c->id, LOG(why));
    if (order_decline(&c->host, now_of(c), &c->order, why, &err) < 0) {
        agent_fail(c->agent, &err);
        return;
    }
    report_watch(c->agent->report, c->id, REPORT_DECLINED, why);
    acknowledge(c);
}

/* Claiming and starting -------------------------------------------------------------------------- */

static int claim(struct claim *c, struct err *err)
{
    int rc = order_claim(c->arena, &c->host, now_of(c), &c->order, err);

    if (rc < 0 && rc != ERR_BUSY)
        agent_fail(c->agent, err);
    return rc;
}

/*
 * The door must know that it is ours before it begins, or it would take it for undelivered. ERR_TIMEOUT:
 * start-by passed first; ERR_CONFLICT: this agent was told to end, the next one declines it.
 */
static int tell(struct claim *c, struct err *err)
{
    const struct message_reply reply = {.status = INVOCATION_IN_PROGRESS,
                                        .trace = "",
                                        .state = MESSAGE_REPLY_ACCEPTED,
                                        .reason = ""};
    char reply_id[NAMES_UUID_SIZE];

    names_uuid_new(reply_id);
    for (unsigned tries = 1; now_of(c) < c->order.envelope.start_by; tries++) {
        int rc = word_reply(c->agent, c->httpc, c->id, reply_id, &reply, NULL, err);

        if (atomic_load(c->agent->stop))
            return ERR_CONFLICT;
        if (rc == 0 || !session_is_later(rc))
            return rc;
        if (tries == 1)
            log_warning("command.waits", "command=%s err=%s", c->id, LOG(err->text));
        agent_sleep(c->agent, agent_back_off(tries, TELL_FIRST_MS, TELL_MAX_MS));
    }
    return err_set(err, ERR_TIMEOUT, "expired: the server could not be told before start-by");
}

static int start_supervisor(struct claim *c, const char *folder, struct supervise_child *child,
                            struct err *err)
{
    struct supervise_locks locks;
    int rc = command_folder_lock(c->arena, folder, &locks.folder, err);

    if (rc < 0)
        return rc;
    rc = database_lock_take(c->arena, c->agent->state, c->order.envelope.database, c->id,
                            DATABASE_LOCK_WAIT_MS, &locks.database, err);
    if (rc == 0)
        rc = supervise_start(c->agent->state, c->id, locks, child, err);
    if (locks.database >= 0)
        close(locks.database);
    close(locks.folder);
    return rc;
}

/* From `started` on it may have run; what lets the supervisor go comes after it. */
static int start(struct claim *c, struct err *err)
{
    const char *folder = command_folder_path(c->arena, c->agent->state, c->id);
    struct supervise_child child = {.go_fd = -1};
    struct permit permit = {.database = c->order.envelope.database};
    struct agent_journal_record record = {.kind = AGENT_JOURNAL_STARTED,
                                          .command_id = c->id,
                                          .boot_id = c->agent->boot_id};
    int rc = start_supervisor(c, folder, &child, err);

    if (rc < 0)
        return rc;
    rc = permit_ask(c->agent, c->httpc, c->id, c->order.envelope.start_by, &permit, err);
    if (rc == 0 && cancel_is_asked(c->arena, folder))
        rc = err_set(err, ERR_DENIED, "cancelled before it began");
    if (rc < 0) {
        supervise_give_up(&child);
        return rc;
    }
    record.pid = child.pid;
    record.pid_started = child.started;
    rc = agent_journal_add(c->agent->journal, &record, now_of(c), err);
    if (rc < 0) {
        supervise_give_up(&child);
        agent_fail(c->agent, err);
        return rc;
    }
    permit_ask_again(c->agent, c->httpc, c->id, c->order.envelope.start_by, &permit);
    supervise_go(&child, permit.asked_at);
    return 0;
}

/* It may have been here before what this journal still knows: known from now on, and told so. */
static void forgotten(struct claim *c)
{
    const struct agent_journal_record record = {.kind = AGENT_JOURNAL_CARRIED,
                                                .command_id = c->id,
                                                .database = c->order.envelope.database,
                                                .epoch = c->order.envelope.epoch};
    struct err err = ERR_INIT;

    log_error("command.forgotten", "command=%s err=%s", c->id, LOG(ORDER_FORGOTTEN));
    if (agent_journal_add(c->agent->journal, &record, now_of(c), &err) < 0) {
        agent_fail(c->agent, &err);
        return;
    }
    report_watch(c->agent->report, c->id, REPORT_UNKNOWN, ORDER_FORGOTTEN);
    acknowledge(c);
}

static void run_new(struct claim *c)
{
    const struct envelope *e = &c->order.envelope;
    struct err err = ERR_INIT;
    int rc = order_open(c->arena, &c->host, c->message->payload, now_of(c), &c->order, &err);

    if (rc == 0 && order_is_forgotten(&c->host, &c->order)) {
        forgotten(c);
        return;
    }
    if (rc == 0)
        rc = order_check(c->arena, &c->host, now_of(c), &c->order, &err);
    if (rc == 0)
        rc = claim(c, &err);
    if (rc == 0) {
        log_notice("command.accepted",
                   "command=%s repo=%s environment=%s release=r%lld document=%s", c->id,
                   LOG(e->repository), LOG(e->environment), (long long)e->release,
                   LOG(e->document));
        rc = tell(c, &err);
    }
    if (rc == 0)
        rc = start(c, &err);
    if (atomic_load(c->agent->stop) && rc < 0)
        return; /* the next start decides by what is on disk */
    if (rc < 0) {
        decline(c, arena_str(c->arena, err.text));
        return;
    }
    log_notice("command.started", "command=%s host=%s", c->id, LOG(e->host));
    report_watch(c->agent->report, c->id, REPORT_RUNNING, "");
    acknowledge(c);
}

/* Known: never run again. If its end was reported already, that is said once more. */
static void repeat(struct claim *c, const struct agent_journal_entry *entry)
{
    log_notice("command.repeated", "command=%s state=%s", c->id,
               agent_journal_kind_text(entry->kind));
    if (entry->kind == AGENT_JOURNAL_REPORTED) {
        if (entry->end == AGENT_JOURNAL_DECLINED)
            report_watch(c->agent->report, c->id, REPORT_DECLINED, "declined before");
        else
            report_watch(c->agent->report, c->id, REPORT_UNKNOWN,
                         "it was started before, and nothing says how it ended");
    }
    acknowledge(c);
}

bool run_message(struct agent *agent, struct httpc *httpc, const struct message *message,
                 bool may_take)
{
    struct claim c = {.agent = agent,
                      .httpc = httpc,
                      .message = message,
                      .host = {agent->state, agent->config, agent->keys, agent->journal}};
    struct agent_journal_entry entry;
    struct arena arena;
    char host_id[21];
    bool is_known;

    if (!message_id_parse(message->id, c.id, host_id) || !str_eq(host_id, agent->config->host_id) ||
        !str_starts(message->topic, MESSAGE_TOPIC_SEND)) {
        log_error("message.refused", "id=%s topic=%s", LOG(message->id), LOG(message->topic));
        return false;
    }
    is_known = agent_journal_find(agent->journal, c.id, &entry);
    if (!is_known && !may_take)
        return false;
    arena_init(&arena);
    c.arena = &arena;
    c.order.id = c.id;
    if (is_known)
        repeat(&c, &entry);
    else
        run_new(&c);
    arena_deinit(&arena);
    return true;
}
