/* sim_ledger: see sim_ledger.h. */
#include "tests/support/sim_ledger.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/doubt.h"
#include "lib/rules/migrate.h"
#include "lib/rules/permit.h"
#include "lib/rules/progress.h"
#include "lib/rules/settle.h"
#include "lib/ssm/status.h"
#include "tests/support/sim_machine.h"

#define START_BY_MS 60000
#define PROBE_EVERY_MS 30000
#define MOVES_MAX 16

struct sim_server sim_server;

static time_ms now(void)
{
    return sim.now + sim_server.off;
}

static void register_host(struct host *h, int number)
{
    *h = (struct host){.name = sim_world_name('h', number), .state = HOST_REGISTERED};
    snprintf(h->id, sizeof(h->id), "%s", sim_world_name('h', number));
}

void sim_ledger_reset(void)
{
    struct sim_ledger *l = &sim_server.ledger;

    memset(&sim_server, 0, sizeof(sim_server));
    sim_server.heard_since = sim.now;
    l->deployment = (struct deployment){.id = 1,
                                        .repository = "acme/shop",
                                        .environment = "production",
                                        .release_number = 1,
                                        .state = DEPLOYMENT_DEPLOYING};
    l->job = (struct job){.name = "migrate",
                          .database = "shop",
                          .state = JOB_RUNNING,
                          .start_within_ms = START_BY_MS,
                          .max_parallel = 1,
                          .candidates = "h0,h1,h2"};
    for (int i = 0; i < SIM_HOSTS; i++)
        register_host(&l->hosts[i], i);
}

bool sim_ledger_is_up(void)
{
    if (sim.now < sim_server.down_until)
        return false;
    if (sim_server.down_until != 0) {
        sim_server.down_until = 0;
        sim_server.heard_since = now();
    }
    return true;
}

void sim_ledger_down(time_ms until)
{
    sim_server.down_until = until;
}

static void fence(int64_t floor)
{
    struct sim_ledger *l = &sim_server.ledger;

    if (!l->is_fenced)
        l->fenced_at = now();
    l->is_fenced = true;
    if (floor > l->fence_epoch)
        l->fence_epoch = floor;
}

void sim_ledger_restore(const struct sim_ledger *backup, bool is_told)
{
    struct sim_ledger *l = &sim_server.ledger;

    if (backup->n != l->n || backup->epoch != l->epoch)
        sim_world_count(is_told ? SIM_RESTORED : SIM_FORGOT);
    *l = *backup;
    if (is_told) {
        fence(0);
        l->fenced_at = now(); /* the fence may have stood in the backup already */
    }
    /* Nobody knows any more what was decided after the backup; what is told of as restored is asked again. */
    for (size_t i = 0; i < l->n && !is_told; i++)
        if (l->attempts[i].settled_at == 0)
            sim.truths[l->commands[i]].decided = false;
}

static int place_of(int command)
{
    for (size_t i = 0; i < sim_server.ledger.n; i++)
        if (sim_server.ledger.commands[i] == command)
            return (int)i;
    return -1;
}

/* Moves ------------------------------------------------------------------------------------------ */

/* What the server comes to believe by itself must be true. */
static void check_belief(int command, enum attempt_state to)
{
    struct sim_truth *t = &sim.truths[command];

    if (to == ATTEMPT_SUCCEEDED && !(t->ended && t->ok))
        sim_world_wrong("guessed: succeeded", command);
    if (to == ATTEMPT_FAILED && !(t->ended && !t->ok))
        sim_world_wrong("guessed: failed", command);
    if (to == ATTEMPT_NOT_STARTED || to == ATTEMPT_CANCELLED) {
        if (t->starts > 0)
            sim_world_wrong("guessed: it never began", command);
        sim_world_count(SIM_NOT_STARTED);
        t->never = true;
    }
}

static void move_attempt(size_t i, enum attempt_state to)
{
    struct sim_ledger *l = &sim_server.ledger;
    struct attempt *a = &l->attempts[i];

    if (!states_allows(attempt_states, (int)a->state, (int)to) || a->settled_at != 0)
        return;
    sim_world_tell(attempt_states[to].text, SIM_SERVER, l->commands[i]);
    check_belief(l->commands[i], to);
    if (to == ATTEMPT_UNKNOWN)
        sim_world_count(SIM_UNKNOWN);
    if (a->state == ATTEMPT_UNKNOWN)
        sim_world_count(SIM_LATE_TRUTH);
    a->state = to;
    if (attempt_settles(to))
        a->settled_at = now();
}

/* I7: what has ended stays so; what is unknown may still get its true end. */
static void move_invocation(size_t i, enum invocation_status to, const char *details)
{
    struct invocation *inv = &sim_server.ledger.invocations[i];

    if (invocation_has_ended(inv->status) && to != inv->status)
        sim_world_wrong("I7: an end was changed", sim_server.ledger.commands[i]);
    inv->status = to;
    inv->details = details;
    if (to == INVOCATION_IN_PROGRESS && inv->began_at == 0)
        inv->began_at = now();
}

static void doubt_all(int host)
{
    struct sim_ledger *l = &sim_server.ledger;

    for (size_t i = 0; i < l->n; i++) {
        const struct invocation *inv = &l->invocations[i];

        if (str_eq(inv->host_id, l->hosts[host].id) &&
            (invocation_may_run(inv->status) ||
             (inv->status == INVOCATION_PENDING && inv->offered_at != 0)))
            move_invocation(i, INVOCATION_UNKNOWN, "Unknown");
    }
}

/* Hearing ---------------------------------------------------------------------------------------- */

static void hear_observe(const struct sim_note *n)
{
    int host = sim_machines[n->from].host;
    struct host *h = &sim_server.ledger.hosts[host];
    const struct doubt_word word = {.protocol = 2,
                                    .journal_id = sim_world_name('j', n->journal),
                                    .boot_id = sim_world_name('b', n->boot),
                                    .record_number = n->record};
    const char *why;
    enum doubt doubt = doubt_judge(&sim.arena, h, &word, &why);

    h->seen_at = now();
    if (doubt == DOUBT_NONE) {
        if (h->boot_id != NULL && !str_eq(h->boot_id, word.boot_id))
            h->earlier_boot_id = h->boot_id;
        h->record_number =
            str_eq(h->journal_id, word.journal_id) && h->record_number > word.record_number
                ? h->record_number
                : word.record_number;
        h->journal_id = word.journal_id;
        h->boot_id = word.boot_id;
        h->protocol = 2;
        return;
    }
    sim_world_tell(why, n->from, 0);
    if (!str_eq(h->journal_id, word.journal_id))
        h->doubt_journal_id = word.journal_id;
    if (doubt == DOUBT_SUSPEND) {
        sim_world_count(SIM_SUSPENDED);
        h->suspended_at = now();
    }
    if (h->state != HOST_BARRED)
        sim_world_count(SIM_BARRED);
    h->state = HOST_BARRED;
    doubt_all(host);
}

static struct message_reply reply_of(const struct sim_note *n,
                                     const struct message_reply_step *step)
{
    enum invocation_status ended = n->was_cancelled    ? INVOCATION_CANCELLED
                                   : n->exit_code == 0 ? INVOCATION_SUCCESS
                                                       : INVOCATION_FAILED;
    bool finished = n->state == MESSAGE_REPLY_FINISHED;

    return (struct message_reply){.status = finished ? ended
                                            : n->state == MESSAGE_REPLY_DECLINED
                                                ? INVOCATION_FAILED
                                                : INVOCATION_IN_PROGRESS,
                                  .trace = "",
                                  .state = n->state,
                                  .reason = "",
                                  .steps = (struct message_reply_step *)(uintptr_t)step,
                                  .n_steps = finished ? 1 : 0,
                                  .record_number = n->record,
                                  .journal_id = sim_world_name('j', n->journal),
                                  .boot_id = sim_world_name('b', n->boot),
                                  .nonce = n->nonce != 0 ? sim_world_name('n', n->nonce) : NULL};
}

static void judge_reply(const struct sim_note *n, size_t i, struct host *h)
{
    struct sim_ledger *l = &sim_server.ledger;
    struct invocation *inv = &l->invocations[i];
    const struct message_reply_step step = {.name = "migrate",
                                            .status =
                                                n->exit_code == 0 ? STEP_SUCCESS : STEP_FAILED,
                                            .exit_code = n->exit_code};
    const struct message_reply reply = reply_of(n, &step);
    const struct status_facts facts = {
        .now = inv->status,
        .began = inv->began_at != 0,
        .has_database = true,
        .journal_is_known = h->journal_id == NULL || str_eq(h->journal_id, reply.journal_id),
        .went_back = n->record < h->record_number && n->state == MESSAGE_REPLY_DECLINED,
        .disbelief = l->is_fenced ? "the store was restored"
                                  : permit_disbelief(inv, reply.nonce, reply.boot_id)};
    struct status_change change;

    if (facts.journal_is_known && n->record > h->record_number)
        h->record_number = n->record;
    if (n->floor > 0)
        fence(n->floor);
    if ((n->state == MESSAGE_REPLY_UNKNOWN || n->state == MESSAGE_REPLY_FINISHED) &&
        facts.journal_is_known && l->attempts[i].gone_at == 0) {
        l->attempts[i].gone_at = now();
        if (sim_machine_runs(n->from, n->command))
            sim_world_wrong("guessed: its supervisor is gone", n->command);
    }
    status_judge(&sim.arena, &facts, &reply, &change);
    if (!change.changes || change.status == inv->status)
        return;
    move_invocation(i, change.status, change.details);
    move_attempt(i, migrate_state_of(l->attempts[i].state, inv));
}

static void hear_reply(const struct sim_note *n)
{
    struct sim_ledger *l = &sim_server.ledger;
    struct host *h = &l->hosts[sim_machines[n->from].host];
    int i = place_of(n->command);
    struct invocation *inv;

    sim_world_post((struct sim_note){.kind = SIM_REPLY_OK,
                                     .from = SIM_SERVER,
                                     .to = n->from,
                                     .command = n->command,
                                     .state = n->state});
    if (i < 0 || !str_eq(l->invocations[i].host_id, h->id))
        return;
    inv = &l->invocations[i];
    inv->heard_at = now();
    if (inv->acknowledged_at == 0)
        inv->acknowledged_at = now();
    judge_reply(n, (size_t)i, h);
}

/* The permit: one compare-and-set with the nonce. */
static bool permit(const struct sim_note *n, size_t i, struct host *h)
{
    struct sim_ledger *l = &sim_server.ledger;
    struct invocation *inv = &l->invocations[i];
    const struct permit_question question = {.nonce = sim_world_name('n', n->nonce),
                                             .journal_id = sim_world_name('j', n->journal),
                                             .boot_id = sim_world_name('b', n->boot),
                                             .record_number = n->record};
    const struct permit_facts facts = {.invocation = inv,
                                       .host = h,
                                       .attempt = &l->attempts[i],
                                       .is_fenced = l->is_fenced,
                                       .now = now()};
    const char *why;
    enum permit_answer answer = permit_judge(&facts, &question, &why);

    sim_world_tell(why != NULL ? why : "permit", n->from, n->command);
    sim_world_count(answer == PERMIT_NO      ? SIM_PERMIT_REFUSED
                    : answer == PERMIT_FIRST ? SIM_PERMIT
                                             : SIM_PERMIT_AGAIN);
    if (answer == PERMIT_NO)
        return false;
    if (answer == PERMIT_FIRST) {
        snprintf(inv->permit_nonce, sizeof(inv->permit_nonce), "%s", question.nonce);
        snprintf(inv->permit_boot_id, sizeof(inv->permit_boot_id), "%s", question.boot_id);
        sim.truths[n->command].permit = n->nonce;
        move_attempt(i, ATTEMPT_PERMITTED);
    }
    inv->permitted_at = inv->heard_at = now();
    if (n->record > h->record_number)
        h->record_number = n->record;
    return true;
}

static void hear_start(const struct sim_note *n)
{
    struct host *h = &sim_server.ledger.hosts[sim_machines[n->from].host];
    int i = place_of(n->command);
    bool yes = i >= 0 && str_eq(sim_server.ledger.invocations[i].host_id, h->id) &&
               permit(n, (size_t)i, h);

    sim_world_post((struct sim_note){.kind = SIM_START_ANSWER,
                                     .from = SIM_SERVER,
                                     .to = n->from,
                                     .command = n->command,
                                     .asked_at = n->asked_at,
                                     .nonce = n->nonce,
                                     .yes = yes});
}

static void hear_probe(const struct sim_note *n)
{
    struct sim_ledger *l = &sim_server.ledger;
    int i = place_of(n->command);
    struct attempt *a;

    if (i < 0)
        return;
    a = &l->attempts[i];
    l->probe = (struct probe){.attempt_id = a->id,
                              .asked_at = n->asked_at,
                              .ended_at = now(),
                              .pending = n->pending,
                              .holders = n->holders};
    if (n->holders > 0)
        l->holder_seen_at = now();
    if (!settle_is_proved(a, &l->probe))
        return;
    sim_world_count(SIM_PROVED);
    sim_world_tell("proved by a probe", SIM_SERVER, n->command);
    if (!sim.migrated[sim.truths[n->command].release])
        sim_world_wrong("guessed: a probe proved what is not so", n->command);
    if (sim.truths[n->command].runs)
        sim_world_wrong("guessed: a probe proved the end of what runs", n->command);
    sim.truths[n->command].decided = true;
    a->state = ATTEMPT_SUCCEEDED;
    a->settled_at = now();
    if (l->invocations[i].status == INVOCATION_UNKNOWN)
        move_invocation((size_t)i, INVOCATION_SUCCESS, "Success");
}

void sim_ledger_hear(const struct sim_note *n)
{
    if (!sim_ledger_is_up() ||
        sim_server.ledger.hosts[sim_machines[n->from].host].suspended_at != 0)
        return;
    switch (n->kind) {
    case SIM_OBSERVE:
        hear_observe(n);
        break;
    case SIM_REPLY:
        hear_reply(n);
        break;
    case SIM_START:
        hear_start(n);
        break;
    case SIM_PROBE_ANSWER:
        hear_probe(n);
        break;
    default:
        break;
    }
}

/* The flow's look -------------------------------------------------------------------------------- */

/* I2: at most one unsettled attempt of a database; the index of the schema refuses another one. */
static bool is_held(void)
{
    const struct sim_ledger *l = &sim_server.ledger;

    for (size_t k = 0; k < l->n; k++)
        if (l->attempts[k].settled_at == 0)
            return true;
    return false;
}

static void plan(void)
{
    struct sim_ledger *l = &sim_server.ledger;
    const struct host *h = migrate_choose_host(l->hosts, SIM_HOSTS, NULL, now());
    size_t i = l->n;
    int command = sim_server.next_command + 1;

    if (is_held()) {
        sim_world_count(SIM_HELD_DATABASE);
        return;
    }
    if (l->is_fenced || h == NULL || i == SIM_COMMANDS || command == SIM_FOREIGN)
        return;
    sim_server.next_command = l->commands[i] = command;
    sim.truths[command].release = (int)l->deployment.release_number;
    l->n++;
    l->epoch++;
    l->invocations[i] = (struct invocation){.host = h->name,
                                            .details = "Pending",
                                            .start_by = now() + START_BY_MS,
                                            .released_at = now()};
    snprintf(l->invocations[i].command_id, 37, "%s", sim_world_name('c', command));
    snprintf(l->invocations[i].host_id, 21, "%s", h->id);
    l->attempts[i] = (struct attempt){.id = (int64_t)i + 1,
                                      .database = "shop",
                                      .n = (int64_t)(i - l->first) + 1,
                                      .epoch = l->epoch,
                                      .host = h->name,
                                      .planned_at = now()};
    snprintf(l->attempts[i].command_id, 37, "%s", sim_world_name('c', command));
    snprintf(l->attempts[i].host_id, 21, "%s", h->id);
}

static void next_release(void)
{
    struct sim_ledger *l = &sim_server.ledger;

    l->deployment.release_number++;
    l->deployment.cancel_at = 0;
    l->job.state = JOB_RUNNING;
    l->job.cause = NULL;
    l->first = l->n;
}

static void apply(const struct progress_move *m)
{
    struct sim_ledger *l = &sim_server.ledger;
    size_t i = m->invocation != NULL ? (size_t)(m->invocation - l->invocations) : 0;

    switch (m->kind) {
    case PROGRESS_ATTEMPT_PLAN:
        plan();
        break;
    case PROGRESS_LOST:
        move_invocation(i, INVOCATION_UNKNOWN, "Unknown");
        break;
    case PROGRESS_UNDELIVERED:
        move_invocation(i, INVOCATION_TIMED_OUT, "DeliveryTimedOut");
        break;
    case PROGRESS_LEAVE_OUT:
        move_invocation(i, INVOCATION_CANCELLED, "Terminated");
        break;
    case PROGRESS_CANCEL:
        move_invocation(i, INVOCATION_CANCELLING, "Cancelling");
        l->invocations[i].cancel_at = now();
        break;
    case PROGRESS_ATTEMPT_MOVE:
        move_attempt((size_t)(m->attempt - l->attempts), m->attempt_state);
        break;
    case PROGRESS_JOB_END:
        if (m->job_state == JOB_SUCCEEDED) {
            sim_world_count(SIM_RELEASED);
            next_release();
        } else {
            l->job.state = m->job_state;
        }
        break;
    case PROGRESS_DEPLOYMENT_END:
        if (l->deployment.cancel_at != 0) {
            sim_world_count(SIM_CANCELLED);
            next_release();
        }
        break;
    default:
        break;
    }
}

/* What a move was decided by; if that is no longer so, its compare-and-set fails. */
struct seen {
    enum invocation_status status;
    enum attempt_state state;
    enum job_state job;
    bool is_settled;
    int64_t release;
};

static struct seen see(const struct progress_move *m)
{
    return (struct seen){.status =
                             m->invocation != NULL ? m->invocation->status : INVOCATION_PENDING,
                         .state = m->attempt != NULL ? m->attempt->state : ATTEMPT_PLANNED,
                         .is_settled = m->attempt != NULL && m->attempt->settled_at != 0,
                         .job = sim_server.ledger.job.state,
                         .release = sim_server.ledger.deployment.release_number};
}

static bool is_still_so(const struct seen *before, const struct progress_move *m)
{
    const struct seen after = see(m);

    return before->status == after.status && before->state == after.state &&
           before->is_settled == after.is_settled && before->job == after.job &&
           before->release == after.release;
}

static void drive(void (*between)(void))
{
    struct sim_ledger *l = &sim_server.ledger;
    const struct progress_facts facts = {.deployment = &l->deployment,
                                         .jobs = &l->job,
                                         .n_jobs = 1,
                                         .invocations = l->invocations + l->first,
                                         .n_invocations = l->n - l->first,
                                         .attempts = l->attempts + l->first,
                                         .n_attempts = l->n - l->first,
                                         .hosts = l->hosts,
                                         .n_hosts = SIM_HOSTS,
                                         .heard_since = sim_server.heard_since};
    struct progress_plan made = {.n_moves = 0};
    struct seen seen[MOVES_MAX];

    progress_make(&facts, now(), &sim.arena, &made);
    for (size_t i = 0; i < made.n_moves && i < MOVES_MAX; i++)
        seen[i] = see(&made.moves[i]);
    if (between != NULL)
        between();
    for (size_t i = 0; i < made.n_moves && i < MOVES_MAX; i++) {
        if (is_still_so(&seen[i], &made.moves[i]))
            apply(&made.moves[i]);
        else
            sim_world_count(SIM_STALE_WRITE);
    }
}

/* What is not acknowledged is sent again and again, and so is the word that it is to end. */
static void send(size_t i)
{
    struct sim_ledger *l = &sim_server.ledger;
    struct invocation *inv = &l->invocations[i];
    struct sim_note note = {.from = SIM_SERVER,
                            .command = l->commands[i],
                            .epoch = l->attempts[i].epoch,
                            .start_by = inv->start_by};

    if (inv->status == INVOCATION_CANCELLING)
        note.kind = SIM_CANCEL;
    else if (inv->status == INVOCATION_PENDING && inv->acknowledged_at == 0 &&
             now() < inv->start_by)
        note.kind = SIM_OFFER;
    else
        return;
    for (note.to = 0; note.to < SIM_MACHINES; note.to++)
        if (sim_machines[note.to].exists &&
            str_eq(l->hosts[sim_machines[note.to].host].id, inv->host_id)) {
            inv->offered_at = inv->offered_at != 0 ? inv->offered_at : now();
            sim_world_post(note);
        }
}

static void probe(void)
{
    struct sim_ledger *l = &sim_server.ledger;

    if (now() < sim_server.probe_at)
        return;
    for (size_t i = 0; i < l->n; i++)
        if (l->attempts[i].settled_at == 0 && l->attempts[i].state == ATTEMPT_UNKNOWN) {
            sim_server.probe_at = now() + PROBE_EVERY_MS;
            sim_world_post((struct sim_note){.kind = SIM_PROBE,
                                             .from = SIM_SERVER,
                                             .to = (int)sim_world_dice(SIM_HOSTS),
                                             .command = l->commands[i],
                                             .asked_at = now()});
        }
}

void sim_ledger_step(void (*between)(void))
{
    drive(between);
    for (size_t i = 0; i < sim_server.ledger.n; i++)
        send(i);
    probe();
}

/* People ----------------------------------------------------------------------------------------- */

static void advance_fence(void)
{
    struct sim_ledger *l = &sim_server.ledger;

    l->epoch = (l->epoch > l->fence_epoch ? l->epoch : l->fence_epoch) + 1;
    l->is_fenced = false;
    for (size_t i = 0; i < l->n; i++) /* what the store says of it may be old */
        if (l->attempts[i].settled_at == 0 && !invocation_has_ended(l->invocations[i].status)) {
            move_invocation(i, INVOCATION_UNKNOWN, "Unknown");
            move_attempt(i, ATTEMPT_UNKNOWN);
        }
}

/* The copy is turned off first. */
static void accept_journal(int host)
{
    struct sim_machine *copy = &sim_machines[SIM_MACHINES - 1];

    if (copy->exists && copy->host == host) {
        sim_machine_reboot(copy); /* and what ran there ends */
        copy->exists = false;
    }
    register_host(&sim_server.ledger.hosts[host], host);
}

/* By what is true, and never while anything runs. */
static enum settle_act wish(const struct sim_truth *t)
{
    if (sim.migrated[t->release])
        return SETTLE_SUCCEEDED;
    return (enum settle_act[]){SETTLE_RETRY, SETTLE_ABANDON, SETTLE_RETRY,
                               SETTLE_FAILED}[sim_world_dice(4)];
}

static void settle(size_t i, bool is_alive)
{
    struct sim_ledger *l = &sim_server.ledger;
    struct attempt *a = &l->attempts[i];
    struct sim_truth *t = &sim.truths[l->commands[i]];
    enum settle_act act = is_alive ? SETTLE_ABANDON : wish(t);
    const struct settle_facts facts = {
        .attempt = a,
        .probe = l->probe.attempt_id == a->id ? &l->probe : NULL,
        .holder_seen_at = l->probe.attempt_id == a->id ? l->holder_seen_at : 0,
        .quiet_since = a->gone_at,
        .unprobed = sim_world_once_in(2),
        .permitted_at = l->invocations[i].began_at == 0 ? l->invocations[i].permitted_at : 0,
        .is_alive = is_alive,
        .now = now()};

    if (a->settled_at != 0 || (a->state != ATTEMPT_FAILED && a->state != ATTEMPT_UNKNOWN))
        return;
    if (settle_refusal(&sim.arena, &facts, act) != NULL) {
        sim_world_count(SIM_DECISION_REFUSED);
        return;
    }
    sim_world_count(act == SETTLE_RETRY     ? SIM_RETRIED
                    : act == SETTLE_ABANDON ? SIM_ABANDONED
                                            : SIM_MARKED);
    if (is_alive)
        sim_world_count(SIM_ABANDONED_ALIVE);
    sim_world_tell(settle_act_text(act), SIM_SERVER, l->commands[i]);
    t->decided = true;
    a->settled_at = a->decided_at = now();
    a->decision = act == SETTLE_SUCCEEDED ? settle_act_text(act) : "retry";
    if (act == SETTLE_SUCCEEDED)
        a->state = ATTEMPT_SUCCEEDED;
    if (l->invocations[i].status == INVOCATION_UNKNOWN)
        move_invocation(i, act == SETTLE_SUCCEEDED ? INVOCATION_SUCCESS : INVOCATION_FAILED,
                        "Decided");
    if (i >= l->first)
        l->job.state = JOB_RUNNING;
}

void sim_ledger_people(void)
{
    struct sim_ledger *l = &sim_server.ledger;

    if (!sim.quiet && l->deployment.cancel_at == 0 && sim_world_once_in(40)) {
        l->deployment.cancel_at = now();
        l->deployment.cancel_by = "ann";
    }
    for (int h = 0; h < SIM_HOSTS; h++)
        if (l->hosts[h].state == HOST_BARRED && (sim.quiet || sim_world_once_in(4)))
            accept_journal(h);
    for (size_t i = 0; i < l->n; i++) /* the one thing that is allowed then */
        if (!sim.quiet && sim_world_has_client(l->commands[i]) && sim_world_once_in(8))
            settle(i, true);
    if (sim_world_runs())
        return;
    if (l->is_fenced && settle_fence_refusal(&sim.arena, l->fenced_at, now()) == NULL)
        advance_fence();
    for (size_t i = 0; i < l->n; i++)
        settle(i, false);
    if (l->job.state == JOB_FAILED && !is_held() && l->deployment.cancel_at == 0) {
        l->job.state = JOB_RUNNING; /* `slipway retry` */
        l->job.retried_at = now();
    }
}

bool sim_ledger_is_settled(void)
{
    for (size_t i = 0; i + 1 < sim_server.ledger.n; i++)
        if (sim_server.ledger.attempts[i].settled_at == 0)
            return false;
    return true;
}
