#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/model/send.h"
#include "lib/model/attempt.h"
#include "lib/ssm/aws_script.h"
#include "lib/ssm/message.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_send.h"
#include "lib/store/writer.h"
#include "lib/transport/transport_ssm.h"
#include "server/flow/carriage.h"
#include "server/flow/courier.h"
#include "server/flow/redaction.h"
#include "server/flow/snapshot.h"

#define DUE_MAX 50 /* in one round */
#define FIND_MS 5000
#define WAIT_MS 1000
#define LIMIT_MAX_MS (INT64_C(48) * 3600 * 1000)
#define REVOKE_START_S 600 /* it may be asked for as long as the order may begin */
#define REVOKE_S 600

/* The call ------------------------------------------------------------------------------------------ */

/* What a host is to run, and by when AWS must have brought it. */
struct cargo {
    const char *script;
    int64_t timeout_s;
    int64_t execution_s;
};

/* `start-within` of its job; a probe has none. */
static int find_limit(struct carriage *c, const struct invocation *inv, int64_t *ret_ms,
                      struct err *err)
{
    struct job *jobs = NULL;
    size_t n = 0;
    int rc = inv->deployment_id == 0
                 ? 0
                 : store_deployment_jobs(c->db, c->arena, inv->deployment_id, &jobs, &n, err);

    *ret_ms = jobs != NULL && rc == 0 && (size_t)inv->job_number < n
                  ? jobs[inv->job_number].start_within_ms
                  : LIMIT_MAX_MS;
    return rc;
}

/* Within the limit of its job, and never behind its start-by. */
static int find_timeout(struct carriage *c, const struct invocation *inv, time_ms start_by,
                        int64_t *ret_s, struct err *err)
{
    int64_t left;
    int rc = find_limit(c, inv, &left, err);

    if (start_by - c->now < left)
        left = start_by - c->now;
    *ret_s = left / 1000 < AWS_CALL_START_MIN_S ? AWS_CALL_START_MIN_S : left / 1000;
    return rc;
}

/* What slipway-once is handed: the payload that a poll would have had. */
static int make_order(struct carriage *c, const struct carriage_order *o, enum send_act act,
                      const char **ret_script, struct err *err)
{
    struct message_command command = {.command_id = o->invocation.command_id,
                                      .document_name = o->offer.document_name,
                                      .document = o->offer.content,
                                      .envelope = o->invocation.envelope,
                                      .signature = o->invocation.signature,
                                      .protocol = o->envelope.protocol};
    struct redaction found = {.text = NULL};
    int rc = redaction_find(c->db, c->arena, o->invocation.envelope, &found, &command.redact, err);

    return rc < 0 ? rc
                  : aws_script_order(c->arena, &command,
                                     act == SEND_RUN ? AWS_SCRIPT_RUN : AWS_SCRIPT_REVOKE,
                                     ret_script, err);
}

static int load_cargo(struct carriage *c, const struct send *send, struct cargo *ret,
                      struct err *err)
{
    struct carriage_order o;
    int rc = carriage_order_load(c, send->command_id, send->host_id, &o, err);

    if (rc < 0)
        return rc;
    ret->timeout_s = REVOKE_START_S;
    ret->execution_s = send->act == SEND_REVOKE ? REVOKE_S
                       : o.is_once              ? AWS_CALL_EXECUTION_MAX_S
                                                : aws_script_execution_s(&o.document);
    if (send->act == SEND_RUN)
        rc = find_timeout(c, &o.invocation, o.envelope.start_by, &ret->timeout_s, err);
    if (rc < 0)
        return rc;
    return o.is_once ? make_order(c, &o, send->act, &ret->script, err)
                     : aws_script_job(c->arena, &o.document, &o.envelope, 1, &ret->script, err);
}

struct moving {
    const struct send *send;
    enum send_state from;
    struct send_change to;
    bool tries; /* else it moves */
    time_ms tried_at;
};

static int write_move(struct db *db, void *arg, struct err *err)
{
    const struct moving *m = arg;

    return m->tries ? store_send_try(db, m->send->id, m->tried_at, err)
                    : store_send_move(db, m->send->id, m->from, &m->to, err);
}

/* False: it was not written, or it is something else by now. */
static bool write_it(struct carriage *c, struct moving *m)
{
    struct err err = ERR_INIT;
    int rc = writer_do(c->writer, write_move, m, &err);

    if (rc < 0 && rc != ERR_CONFLICT)
        return carriage_failed(c, m->send->id, &err);
    return rc == 0;
}

static bool move(struct carriage *c, const struct send *send, enum send_state to,
                 const char *aws_id, const char *note)
{
    struct moving m = {.send = send,
                       .from = send->state,
                       .to = {.state = to, .aws_id = aws_id, .note = note}};

    return write_it(c, &m);
}

static bool try_it(struct carriage *c, const struct send *send, time_ms at)
{
    struct moving m = {.send = send, .tries = true, .tried_at = at};

    return write_it(c, &m);
}

static const char *comment_of(struct carriage *c, const char *id)
{
    return arena_printf(c->arena, "slipway:%s", id);
}

/* It is written down that a call begins: now it does. */
static void call(struct carriage *c, const struct send *send, const struct cargo *cargo)
{
    const char *ids[] = {send->host_id}, *aws_id = NULL;
    const struct aws_send body = {.instance_ids = ids,
                                  .n_instances = 1,
                                  .script = cargo->script,
                                  .comment = comment_of(c, send->id),
                                  .timeout_s = cargo->timeout_s,
                                  .execution_s = cargo->execution_s};
    struct err err = ERR_INIT;
    enum aws_outcome outcome = transport_ssm_send(c->aws, c->arena, &body, c->now, &aws_id, &err);
    const char *why = arena_str(c->arena, err.text);

    (void)carriage_answered(c, CARRIAGE_SEND, "sending", outcome, &err);
    switch (outcome) {
    case AWS_OK:
        log_notice("aws.sent", "command=%s host=%s aws=%s", send->command_id, send->host_id,
                   LOG(aws_id));
        (void)move(c, send, SEND_SENT, aws_id, NULL);
        break;
    case AWS_ABSENT:
    case AWS_REFUSED:
        log_error("aws.refused", "command=%s host=%s err=%s", send->command_id, send->host_id,
                  LOG(why));
        why = arena_printf(c->arena, "AWS refused it: %s", why);
        if (send->act == SEND_RUN)
            carriage_words_never(c, send, SEND_REFUSED, why);
        else
            carriage_words_ask(c, send, SEND_REFUSED, why);
        break;
    case AWS_AGAIN:
    case AWS_CREDENTIALS: /* nothing came of it */
        (void)try_it(c, send, 0);
        break;
    case AWS_UNCLEAR:
    case AWS_OUTCOME_COUNT:
        log_warning("aws.unclear", "command=%s host=%s err=%s", send->command_id, send->host_id,
                    LOG(why));
        (void)move(c, send, SEND_UNCLEAR, NULL, why);
        break;
    }
}

/* Those that wait ------------------------------------------------------------------------------------- */

struct intending {
    struct send send;
    const char *why; /* it cannot be sent; NULL */
    time_ms now;
};

static int write_intent(struct db *db, void *arg, struct err *err)
{
    const struct intending *i = arg;
    const struct invocation_change never = {.status = INVOCATION_FAILED,
                                            .details = "Undeliverable",
                                            .cause = i->why,
                                            .exit_code = -1};
    int rc;

    if (i->why == NULL)
        return store_send_intend(db, &i->send, err);
    rc = store_command_withdraw(db, i->send.command_id, i->send.host_id, &never, i->now, err);
    return rc < 0 ? rc
                  : carriage_journal(db, i->now, "invocation.undelivered", i->send.command_id,
                                     i->why, err);
}

/* Released before the store was a backup: whoever wrote on then may have sent it. What AWS has is taken up, and what it does
 * not show it never had. False: that is not known yet. */
static bool find_earlier(struct carriage *c, const struct send_due *due, time_ms restored_at,
                         enum send_state *ret_state)
{
    struct carriage_place *place = carriage_place(c, due->command_id);
    const char *aws_id = NULL;
    struct err err = ERR_INIT;
    enum aws_outcome outcome;

    *ret_state = SEND_INTENDED;
    place->seen = true;
    if (due->released_at > restored_at)
        return true;
    carriage_tick(c);
    if (!carriage_may_now(c, CARRIAGE_LOOK, place))
        return false;
    place->next = c->mono + carriage_jitter(FIND_MS);
    outcome = transport_ssm_find(c->aws, c->arena, comment_of(c, due->command_id), due->released_at,
                                 c->now, &aws_id, &err);
    if (!carriage_answered(c, CARRIAGE_LOOK, "whether a command was sent", outcome, &err)) {
        carriage_later(place);
        return false;
    }
    if (outcome != AWS_OK) { /* a refusal to say is no answer */
        carriage_refused(c, CARRIAGE_LOOK, "whether a command was sent", &err);
        return false;
    }
    if (aws_id != NULL) { /* where it is found again */
        *ret_state = SEND_UNCLEAR;
        place->next = c->mono;
    }
    return aws_id != NULL || c->now - due->released_at >= c->settle_ms;
}

static void begin(struct carriage *c, const struct send_due *due, enum send_state state)
{
    struct intending i = {.send = {.act = SEND_RUN, .state = state}};
    struct err err = ERR_INIT;
    struct cargo cargo;
    int rc;

    carriage_tick(c);
    i.now = i.send.intended_at = i.send.tried_at = c->now;
    if (state == SEND_UNCLEAR)
        i.send.intended_at = due->released_at; /* it is looked for since then */
    memcpy(i.send.id, due->command_id, sizeof(i.send.id));
    memcpy(i.send.command_id, due->command_id, sizeof(i.send.command_id));
    memcpy(i.send.host_id, due->host_id, sizeof(i.send.host_id));
    rc = load_cargo(c, &i.send, &cargo, &err);
    if (rc < 0 && rc != ERR_INVALID) {
        (void)carriage_failed(c, due->command_id, &err);
        return;
    }
    if (rc < 0)
        i.why = arena_printf(c->arena, "it cannot be sent by AWS: %s", err.text);
    rc = writer_do(c->writer, write_intent, &i, &err);
    c->moved = true;
    if (rc == 0 && i.why == NULL && state == SEND_INTENDED) {
        carriage_place(c, i.send.id)->next = c->mono + CARRIAGE_FIRST_LOOK_MS;
        call(c, &i.send, &cargo);
    } else if (rc < 0 && rc != ERR_CONFLICT) {
        (void)carriage_failed(c, due->command_id, &err);
    }
}

void carriage_sends_begin(struct carriage *c)
{
    struct err err = ERR_INIT;
    enum send_state state;
    struct send_due *due;
    time_ms restored_at = 0;
    bool any = false, is_late = false;
    mono_ms began = courier_now();
    size_t n = 0;

    if (store_send_due(c->db, c->arena, c->now, DUE_MAX, &due, &n, &err) < 0)
        (void)carriage_failed(c, "what is to be sent", &err);
    if (n > 0 && store_attempt_restored_at(c->db, &restored_at, &err) < 0)
        (void)carriage_failed(c, "since when the store is there", &err);
    for (size_t i = 0; i < n && carriage_may(c, CARRIAGE_SEND) && !is_late; i++) {
        if (find_earlier(c, &due[i], restored_at, &state)) {
            begin(c, &due[i], state);
            any = true;
        }
        is_late = courier_now() - began > CARRIAGE_ROUND_MS;
    }
    c->more = c->more || (any && (n == DUE_MAX || is_late) && carriage_may(c, CARRIAGE_SEND));
}

/* Those that AWS does not have yet, or is not known to have ---------------------------------------------- */

/* Why it is not to be sent any more. */
struct ending {
    const char *why; /* NULL = it is */
    bool is_late;    /* nobody took it in time */
};

static int why_not_run(struct carriage *c, const struct invocation *inv, struct ending *ret,
                       struct err *err)
{
    int64_t limit;
    int rc = find_limit(c, inv, &limit, err);

    if (rc < 0)
        return rc;
    if (inv->status == INVOCATION_CANCELLING)
        ret->why = "it was cancelled before AWS had it";
    else if (inv->status != INVOCATION_PENDING || c->now >= inv->released_at + limit ||
             c->now >= inv->start_by - SEND_GRACE_MS)
        *ret = (struct ending){"AWS did not take its command in time", true};
    return 0;
}

/* A question whose answer is known, or that nobody waits for any more. Until its start-by the order may still begin, whatever a
 * person decided: it is taken back all the same. */
static int why_not_ask(struct carriage *c, const struct invocation *inv, struct ending *ret,
                       struct err *err)
{
    struct err own = ERR_INIT;
    struct attempt attempt;
    int rc;

    if (invocation_has_ended(inv->status)) {
        ret->why = "its end is known";
        return 0;
    }
    rc = store_attempt_of_command(c->db, c->arena, inv->command_id, &attempt, &own);
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    if (rc == ERR_NOT_FOUND || (attempt.settled_at != 0 && c->now >= inv->start_by))
        ret->why = "a person decided";
    return 0;
}

static int find_why_not(struct carriage *c, const struct send *send, struct ending *ret,
                        struct err *err)
{
    struct invocation inv;
    int rc = store_command_invocation(c->db, c->arena, send->command_id, send->host_id, &inv, err);

    *ret = (struct ending){.why = NULL};
    if (rc < 0)
        return rc;
    return send->act == SEND_REVOKE ? why_not_ask(c, &inv, ret, err)
                                    : why_not_run(c, &inv, ret, err);
}

bool carriage_sends_end(struct carriage *c, const struct send *send)
{
    struct err err = ERR_INIT;
    struct ending e;

    if (send->state != SEND_INTENDED)
        return false;
    if (send->tried_at != 0) { /* whatever came of that call was not written down */
        (void)move(c, send, SEND_UNCLEAR, NULL, "what came of it could not be written down");
        return true;
    }
    if (find_why_not(c, send, &e, &err) < 0)
        return carriage_failed(c, send->command_id, &err);
    if (e.is_late)
        carriage_words_late(c, send, e.why);
    else if (e.why != NULL)
        carriage_words_never(c, send, SEND_GIVEN_UP, e.why);
    return e.why != NULL;
}

static void go_on_intended(struct carriage *c, const struct send *send,
                           struct carriage_place *place)
{
    struct err err = ERR_INIT;
    struct cargo cargo;

    place->next = c->mono + WAIT_MS;
    if (c->now < send->intended_at)
        return;
    if (load_cargo(c, send, &cargo, &err) < 0) {
        carriage_unreadable(c, CARRIAGE_SEND, send->id, &err);
    } else if (try_it(c, send, c->now)) {
        place->next = c->mono + CARRIAGE_FIRST_LOOK_MS;
        call(c, send, &cargo);
    }
}

/* No hit is proof for a plain job alone, after that time; of a migrate job its host is asked (migrate.md 9). */
static void give_up(struct carriage *c, const struct send *send)
{
    static const char why[] = "AWS did not answer when it was sent, and knows no such command";
    struct carriage_order o;
    struct err err = ERR_INIT;

    log_warning("aws.lost", "command=%s host=%s act=%s", send->command_id, send->host_id,
                send_acts[send->act].text);
    if (carriage_order_load(c, send->command_id, send->host_id, &o, &err) < 0)
        carriage_unreadable(c, CARRIAGE_LOOK, send->id, &err);
    else if (o.is_once)
        carriage_words_ask(c, send, SEND_LOST, why);
    else
        carriage_words_never(c, send, SEND_LOST, why);
}

static void go_on_unclear(struct carriage *c, const struct send *send, struct carriage_place *place)
{
    const char *aws_id = NULL;
    struct err err = ERR_INIT;
    enum aws_outcome outcome;

    outcome = transport_ssm_find(c->aws, c->arena, comment_of(c, send->id), send->intended_at,
                                 c->now, &aws_id, &err);
    if (!carriage_answered(c, CARRIAGE_LOOK, "whether a command was sent", outcome, &err)) {
        carriage_later(place);
        return;
    }
    place->patience_ms = 0;
    place->next = c->mono + carriage_jitter(c->settle_ms < FIND_MS ? c->settle_ms / 4 : FIND_MS);
    if (outcome == AWS_REFUSED) {
        carriage_refused(c, CARRIAGE_LOOK, "whether a command was sent", &err);
    } else if (aws_id != NULL) {
        log_notice("aws.found", "command=%s host=%s aws=%s", send->command_id, send->host_id,
                   LOG(aws_id));
        place->absent_since = 0;
        place->next = c->mono; /* it runs already */
        (void)move(c, send, SEND_SENT, aws_id, NULL);
    } else if (place->absent_since == 0) {
        place->absent_since = c->mono;
    } else if (c->mono - place->absent_since >= c->settle_ms) {
        give_up(c, send);
    }
}

void carriage_sends_go_on(struct carriage *c, const struct send *send)
{
    struct carriage_place *place = carriage_place(c, send->id);

    place->seen = true;
    carriage_tick(c);
    if (carriage_sends_end(c, send))
        return;
    if (send->state == SEND_INTENDED && carriage_may_now(c, CARRIAGE_SEND, place))
        go_on_intended(c, send, place);
    else if (send->state == SEND_UNCLEAR && carriage_may_now(c, CARRIAGE_LOOK, place))
        go_on_unclear(c, send, place);
}
