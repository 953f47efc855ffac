/* sim_ledger: see sim_ledger.h. */
#include "tests/support/sim_ledger.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/doubt.h"
#include "lib/rules/floor.h"
#include "lib/rules/migrate.h"
#include "lib/rules/permit.h"
#include "lib/rules/settle.h"
#include "lib/ssm/status.h"
#include "tests/support/sim_history.h"
#include "tests/support/sim_machine.h"

struct sim_server sim_server;

time_ms sim_ledger_now(void)
{
    return sim.now + sim_server.off;
}

static time_ms now(void)
{
    return sim_ledger_now();
}

void sim_ledger_reset(void)
{
    memset(&sim_server, 0, sizeof(sim_server));
    sim_server.heard_since = sim.now;
    sim_store_reset(&sim_server.store);
    sim_history_reset();
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
    sim_github_server_died();
}

static void fence(struct sim_database *d, int64_t floor)
{
    if (!d->is_fenced)
        d->fenced_at = now();
    d->is_fenced = true;
    if (floor > 0)
        d->forgot_at = now();
    if (floor > d->fence_epoch)
        d->fence_epoch = floor;
}

static bool is_another(const struct sim_store *a, const struct sim_store *b)
{
    for (int d = 0; d < SIM_DATABASES; d++)
        if (a->databases[d].epoch != b->databases[d].epoch)
            return true;
    return false;
}

void sim_ledger_restore(const struct sim_store *backup, bool is_told)
{
    struct sim_store *s = &sim_server.store;

    if (is_another(backup, s))
        sim_world_count(is_told ? SIM_RESTORED : SIM_FORGOT);
    sim_server.was_restored = true;
    *s = *backup;
    if (is_told)
        s->restored_at = now();
    for (int d = 0; d < SIM_DATABASES && is_told; d++) {
        fence(&s->databases[d], 0);
        s->databases[d].fenced_at = now(); /* the fence may have stood in the backup already */
    }
    sim_history_restored(s, is_told);
}

/* Moves ------------------------------------------------------------------------------------------ */

void sim_ledger_move_attempt(struct sim_place p, enum attempt_state to)
{
    struct attempt *a = p.attempt;
    int command = p.line->commands[p.i];

    if ((!states_allows(attempt_states, (int)a->state, (int)to) && sim.lacks != SIM_LACKS_END) ||
        a->state == to || a->settled_at != 0)
        return;
    sim_world_tell(attempt_states[to].text, SIM_SERVER, command);
    sim_history_believed(command, to);
    if (to == ATTEMPT_UNKNOWN)
        sim_world_count(SIM_UNKNOWN);
    if (a->state == ATTEMPT_UNKNOWN)
        sim_world_count(to == ATTEMPT_NOT_STARTED ? SIM_ASKED_FOR_NOTHING : SIM_LATE_TRUTH);
    if (to == ATTEMPT_SUCCEEDED)
        sim_store_succeeds(p);
    a->state = to;
    sim_store_write(&sim_server.store, (struct sim_entry){.act = SIM_ACT_ATTEMPT,
                                                          .command = command,
                                                          .what = (int)to});
    if (attempt_settles(to))
        a->settled_at = now();
}

/* I7: what has ended stays so; what is unknown may still get its true end. */
void sim_ledger_move_invocation(struct sim_place p, enum invocation_status to, const char *details)
{
    struct invocation *inv = p.invocation;

    if (invocation_has_ended(inv->status) && to != inv->status)
        sim_world_wrong("I7: an end was changed", p.line->commands[p.i]);
    if (inv->status != to)
        sim_store_write(&sim_server.store, (struct sim_entry){.act = SIM_ACT_INVOCATION,
                                                              .command = p.line->commands[p.i],
                                                              .what = (int)to});
    inv->status = to;
    inv->details = details;
    if (to == INVOCATION_IN_PROGRESS && inv->began_at == 0)
        inv->began_at = now();
}

static void doubt_line(struct sim_line *line, const struct host *h)
{
    for (size_t i = 0; i < line->n; i++) {
        const struct invocation *inv = &line->invocations[i];

        if (str_eq(inv->host_id, h->id) &&
            (invocation_may_run(inv->status) ||
             (inv->status == INVOCATION_PENDING && inv->offered_at != 0)))
            sim_ledger_move_invocation(sim_store_place(line, i), INVOCATION_UNKNOWN, "Unknown");
    }
}

static void doubt_all(const struct host *h)
{
    for (int l = 0; l < SIM_LINES; l++)
        doubt_line(&sim_server.store.lines[l], h);
}

/* Hearing ---------------------------------------------------------------------------------------- */

/* What it has need not be asked about; what it does not name is offered at once (lib/store/store_ask.c). */
static void hear_open(const struct host *h, uint64_t open)
{
    for (int c = 0; c < sim.n_commands; c++) {
        struct sim_place p;

        if (!sim_store_find(&sim_server.store, c, &p) || !str_eq(p.invocation->host_id, h->id) ||
            p.invocation->offered_at == 0 || p.invocation->acknowledged_at != 0 ||
            (p.invocation->status != INVOCATION_PENDING &&
             p.invocation->status != INVOCATION_UNKNOWN))
            continue;
        if (open & UINT64_C(1) << c)
            p.invocation->acknowledged_at = p.invocation->heard_at = now();
        else if (p.invocation->redeliver_at > now())
            p.invocation->redeliver_at = now();
    }
}

static void believe(struct host *h, const struct doubt_word *word, uint64_t open)
{
    if (h->boot_id != NULL && !str_eq(h->boot_id, word->boot_id))
        h->earlier_boot_id = h->boot_id;
    h->record_number =
        str_eq(h->journal_id, word->journal_id) && h->record_number > word->record_number
            ? h->record_number
            : word->record_number;
    h->journal_id = word->journal_id;
    h->boot_id = word->boot_id;
    h->protocol = 2;
    hear_open(h, open);
}

/* Nothing is asked about what it was handed until then. */
static void bar(struct host *h, const struct doubt_word *word, enum doubt doubt)
{
    if (!str_eq(h->journal_id, word->journal_id))
        h->doubt_journal_id = word->journal_id;
    if (doubt == DOUBT_SUSPEND) {
        sim_world_count(SIM_SUSPENDED);
        h->suspended_at = now();
    }
    if (h->state != HOST_BARRED)
        sim_world_count(SIM_BARRED);
    h->state = HOST_BARRED;
    for (int c = 0; c < sim.n_commands; c++) {
        struct sim_place p;

        if (sim_store_find(&sim_server.store, c, &p) && str_eq(p.invocation->host_id, h->id) &&
            p.invocation->offered_at != 0)
            p.invocation->redeliver_at = 0;
    }
    doubt_all(h);
}

/* What the store has forgotten, and its hosts have not (server/api/door_floor.c). */
static void hear_floors(const struct sim_note *n)
{
    for (int i = 0; i < SIM_DATABASES * SIM_FLOORS; i++) {
        struct sim_database *d = &sim_server.store.databases[i / SIM_FLOORS];
        const struct sim_floor *f = &n->floors[i / SIM_FLOORS][i % SIM_FLOORS];
        struct sim_place p;
        const struct floor_word word = {.epoch = f->epoch};
        const struct floor_facts facts = {.knows_command =
                                              f->epoch == 0 ||
                                              sim_store_find(&sim_server.store, f->command, &p),
                                          .epoch = d->epoch,
                                          .looked_epoch = d->looked_epoch,
                                          .is_fenced = d->is_fenced,
                                          .fence_epoch = d->fence_epoch};

        if (floor_judge(&facts, &word) != FLOOR_FORGOTTEN)
            continue;
        if (!sim_server.was_restored)
            sim_world_wrong("it was taken for restored, and was not", f->command);
        sim_world_tell("the store has forgotten it, its database stands", n->from, f->command);
        sim_world_count(SIM_NOTICED);
        fence(d, f->epoch);
    }
}

static void hear_observe(const struct sim_note *n)
{
    struct host *h = &sim_server.store.hosts[sim_machines[n->from].host];
    const struct doubt_word word = {.protocol = 2,
                                    .journal_id = sim_world_name('j', n->journal),
                                    .boot_id = sim_world_name('b', n->boot),
                                    .record_number = n->record,
                                    .heard = n->heard};
    struct sim_note answer = {.kind = SIM_OBSERVE_OK,
                              .from = SIM_SERVER,
                              .to = n->from,
                              .asked_at = n->asked_at};
    const char *why;
    enum doubt doubt = doubt_judge(&sim.arena, h, &word, &why);

    hear_floors(n);
    answer.yes = doubt == DOUBT_AGAIN;
    if (doubt == DOUBT_AGAIN)
        sim_world_count(SIM_SAID_AGAIN);
    else
        h->seen_at = now();
    if (doubt == DOUBT_NONE)
        believe(h, &word, n->open);
    else
        sim_world_tell(why, n->from, 0);
    if (doubt == DOUBT_BAR || doubt == DOUBT_SUSPEND)
        bar(h, &word, doubt);
    snprintf(answer.heard, sizeof(answer.heard), "%s", doubt_known(&sim.arena, h));
    sim_world_post(answer);
}

/* It declined, for an epoch that it has seen (server/flow/collect.c). */
static void hear_ahead(const struct sim_note *n, int64_t epoch, struct sim_database *d)
{
    const struct floor_facts facts = {.epoch = d->epoch, .looked_epoch = d->looked_epoch};

    if (!floor_is_ahead(&facts, epoch, n->floor))
        return;
    if (!sim_server.was_restored)
        sim_world_wrong("it was taken for restored by a word about it, and was not", n->command);
    fence(d, n->floor);
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

static void judge_reply(const struct sim_note *n, struct sim_place p, struct host *h)
{
    struct invocation *inv = p.invocation;
    struct sim_database *database = &sim_server.store.databases[p.line->database];
    const struct message_reply_step step = {.name = "migrate",
                                            .status =
                                                n->exit_code == 0 ? STEP_SUCCESS : STEP_FAILED,
                                            .exit_code = n->exit_code};
    const struct message_reply reply = reply_of(n, &step);
    const struct status_facts facts = {
        .now = sim.lacks == 7 || (sim.lacks == SIM_LACKS_END && inv->status == INVOCATION_UNKNOWN)
                   ? INVOCATION_PENDING
                   : inv->status,
        .began = inv->began_at != 0,
        .has_database = true,
        .journal_is_known = h->journal_id == NULL || str_eq(h->journal_id, reply.journal_id),
        .went_back = n->record < h->record_number && n->state == MESSAGE_REPLY_DECLINED,
        .disbelief =
            (n->floor == 0 && (database->is_fenced || inv->released_at <= database->forgot_at)) ||
                    inv->released_at <= sim_server.store.restored_at
                ? "the store was restored"
                : permit_disbelief(inv, reply.nonce, reply.boot_id)};
    struct status_change change;

    if (facts.journal_is_known && n->record > h->record_number)
        h->record_number = n->record;
    if (n->floor > 0)
        hear_ahead(n, p.attempt->epoch, database);
    if ((n->state == MESSAGE_REPLY_UNKNOWN || n->state == MESSAGE_REPLY_FINISHED) &&
        facts.journal_is_known && p.attempt->gone_at == 0) {
        p.attempt->gone_at = now();
        if (sim_machine_runs(n->from, n->command))
            sim_world_wrong("guessed: its supervisor is gone", n->command);
    }
    status_judge(&sim.arena, &facts, &reply, &change);
    if (!change.changes || change.status == inv->status)
        return;
    sim_ledger_move_invocation(p, change.status, change.details);
    sim_ledger_move_attempt(p, migrate_state_of(p.attempt->state, inv));
}

static void hear_reply(const struct sim_note *n)
{
    struct host *h = &sim_server.store.hosts[sim_machines[n->from].host];
    struct sim_place p;

    sim_world_post((struct sim_note){.kind = SIM_REPLY_OK,
                                     .from = SIM_SERVER,
                                     .to = n->from,
                                     .command = n->command,
                                     .state = n->state});
    if (!sim_store_find(&sim_server.store, n->command, &p) || !str_eq(p.invocation->host_id, h->id))
        return;
    p.invocation->heard_at = now();
    if (p.invocation->acknowledged_at == 0)
        p.invocation->acknowledged_at = now();
    judge_reply(n, p, h);
}

/* The permit: one compare-and-set with the nonce. */
static bool permit(const struct sim_note *n, struct sim_place p, struct host *h)
{
    struct invocation *inv = p.invocation;
    const struct permit_question question = {.nonce = sim_world_name('n', n->nonce),
                                             .journal_id = sim_world_name('j', n->journal),
                                             .boot_id = sim_world_name('b', n->boot),
                                             .record_number = n->record};
    const struct permit_facts facts = {.invocation = inv,
                                       .host = h,
                                       .attempt = p.attempt,
                                       .is_fenced =
                                           sim_server.store.databases[p.line->database].is_fenced,
                                       .now = now()};
    const char *why;
    enum permit_answer answer =
        sim.lacks == 4 ? (why = NULL, PERMIT_FIRST) : permit_judge(&facts, &question, &why);

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
        sim_store_write(&sim_server.store, (struct sim_entry){.act = SIM_ACT_PERMIT,
                                                              .command = n->command,
                                                              .what = n->nonce});
        sim_ledger_move_attempt(p, ATTEMPT_PERMITTED);
    }
    inv->permitted_at = inv->heard_at = now();
    if (n->record > h->record_number)
        h->record_number = n->record;
    return true;
}

static void hear_start(const struct sim_note *n)
{
    struct host *h = &sim_server.store.hosts[sim_machines[n->from].host];
    struct sim_place p;
    bool yes =
        sim_store_find(&sim_server.store, n->command, &p) && str_eq(p.invocation->host_id, h->id);

    if (yes)
        hear_floors(n);
    yes = yes && permit(n, p, h);

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
    struct sim_place p;
    struct probe *newest;
    const struct probe probe = {.attempt_id = n->command,
                                .asked_at = n->asked_at,
                                .ended_at = now(),
                                .pending = n->pending,
                                .holders = n->holders};

    if (!sim_store_find(&sim_server.store, n->command, &p))
        return;
    newest = &p.line->probes[p.i];
    if (probe.asked_at >= newest->asked_at)
        *newest = probe;
    if (n->holders > 0) {
        if (now() > p.line->holder_seen_at[p.i])
            p.line->holder_seen_at[p.i] = now();
        sim_history_seen(p.line->database, now());
    }
    if (!settle_is_proved(p.attempt, &probe) &&
        (sim.lacks != SIM_LACKS_ASKED || p.attempt->state != ATTEMPT_FAILED ||
         p.attempt->settled_at != 0))
        return;
    sim_world_count(SIM_PROVED);
    sim_world_tell("proved by a probe", SIM_SERVER, n->command);
    if (!sim_world_is_migrated(n->command))
        sim_world_wrong("guessed: a probe proved what is not so", n->command);
    if (sim.truths[n->command].runs)
        sim_world_wrong("guessed: a probe proved the end of what runs", n->command);
    sim_history_decided(n->command, false);
    sim_store_succeeds(p);
    sim_store_write(&sim_server.store, (struct sim_entry){.act = SIM_ACT_ATTEMPT,
                                                          .command = n->command,
                                                          .what = ATTEMPT_SUCCEEDED});
    p.attempt->settled_at = now();
    if (p.invocation->status == INVOCATION_UNKNOWN)
        sim_ledger_move_invocation(p, INVOCATION_SUCCESS, "Success");
}

void sim_ledger_hear(const struct sim_note *n)
{
    if (!sim_ledger_is_up() || sim_server.store.hosts[sim_machines[n->from].host].suspended_at != 0)
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
