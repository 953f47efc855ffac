/* sim_flow: see sim_flow.h. */
#include "tests/support/sim_flow.h"

#include "lib/base/str.h"
#include "lib/rules/migrate.h"
#include "lib/rules/progress.h"
#include "lib/rules/settle.h"
#include "tests/support/sim_history.h"
#include "tests/support/sim_launch.h"
#include "tests/support/sim_ledger.h"
#include "tests/support/sim_machine.h"

#define START_BY_MS 60000
#define PROBE_EVERY_MS 30000
#define MOVES_MAX 16

static time_ms now(void)
{
    return sim_ledger_now();
}

/* Planning --------------------------------------------------------------------------------------- */

/* What the flow decides at its look, to be written a moment later. */
struct plan {
    const struct host *host; /* NULL = not now */
    int64_t epoch;
    bool is_done; /* in an earlier deployment */
};

static struct plan think(const struct sim_line *line)
{
    const struct sim_store *s = &sim_server.store;
    const struct sim_database *d = &s->databases[line->database];
    const struct migrate_ledger ledger = {.unsettled = sim_store_unsettled(s, line->database),
                                          .success =
                                              sim.lacks == 3 ? NULL : sim_store_success(line),
                                          .is_fenced = d->is_fenced,
                                          .holder_seen_at =
                                              sim_store_holder_seen_at(s, line->database)};
    struct plan plan = {.epoch = d->epoch + 1};

    switch (migrate_turn(&ledger, now())) {
    case MIGRATE_GO:
        sim_history_turn((int)(line - s->lines), line->database, now());
        plan.host = migrate_choose_host(s->hosts, SIM_HOSTS, NULL, now());
        break;
    case MIGRATE_HELD:
        sim_world_count(SIM_HELD_DATABASE);
        if (ledger.unsettled != NULL &&
            (ledger.unsettled < line->attempts || ledger.unsettled >= line->attempts + line->n))
            sim_world_count(SIM_HELD_BY_OTHERS);
        break;
    case MIGRATE_DONE:
        plan.is_done = true;
        break;
    case MIGRATE_NOT_CLEAR:
        sim_world_count(SIM_NOT_CLEAR);
        break;
    }
    return plan;
}

static void end_job(struct sim_line *line, enum job_state state)
{
    if (state == JOB_SUCCEEDED) {
        sim_world_count(SIM_RELEASED);
        sim_launch_end(line);
    } else {
        line->job.state = state;
    }
}

static void plan(struct sim_line *line, const struct plan *plan)
{
    int command = sim_server.next_command + 1;
    struct sim_truth *t = &sim.truths[command];

    if (plan->is_done)
        end_job(line, JOB_SUCCEEDED);
    if (plan->is_done || plan->host == NULL || line->n == SIM_LINE_COMMANDS ||
        command == SIM_FOREIGN || line->deployment.release_number >= SIM_RELEASES)
        return;
    t->line = (int)(line - sim_server.store.lines);
    t->release = (int)line->deployment.release_number;
    t->database = line->database;
    if (!sim_store_plan(&sim_server.store, line, command, plan->epoch, plan->host, now(),
                        now() + START_BY_MS)) {
        sim_world_count(SIM_TWO_DECIDED);
        return;
    }
    sim_server.next_command = command;
    sim.n_commands = command + 1;
    sim_history_planned(command, plan->epoch, now());
}

/* Moves ------------------------------------------------------------------------------------------ */

static void apply(struct sim_line *line, const struct progress_move *m, const struct plan *thought)
{
    size_t i = m->invocation != NULL ? (size_t)(m->invocation - line->invocations)
               : m->attempt != NULL  ? (size_t)(m->attempt - line->attempts)
                                     : 0;
    struct sim_place p = sim_store_place(line, i);

    switch (m->kind) {
    case PROGRESS_ATTEMPT_PLAN:
        plan(line, thought);
        break;
    case PROGRESS_LOST:
        if (sim.lacks != 12)
            sim_ledger_move_invocation(p, INVOCATION_UNKNOWN, "Unknown");
        break;
    case PROGRESS_UNDELIVERED:
        sim_ledger_move_invocation(p, INVOCATION_TIMED_OUT, "DeliveryTimedOut");
        break;
    case PROGRESS_LEAVE_OUT:
        sim_ledger_move_invocation(p, INVOCATION_CANCELLED, "Terminated");
        break;
    case PROGRESS_CANCEL:
        sim_ledger_move_invocation(p, INVOCATION_CANCELLING, "Cancelling");
        p.invocation->cancel_at = now();
        break;
    case PROGRESS_ATTEMPT_MOVE:
        sim_ledger_move_attempt(sim_store_place(line, (size_t)(m->attempt - line->attempts)),
                                m->attempt_state);
        break;
    case PROGRESS_JOB_END:
        end_job(line, m->job_state);
        break;
    case PROGRESS_DEPLOYMENT_END:
        if (line->deployment.cancel_at != 0) {
            sim_world_count(SIM_CANCELLED);
            sim_launch_end(line);
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
    enum deployment_state deployment;
    bool is_settled;
    int64_t release;
};

static struct seen see(const struct sim_line *line, const struct progress_move *m)
{
    return (struct seen){.status =
                             m->invocation != NULL ? m->invocation->status : INVOCATION_PENDING,
                         .state = m->attempt != NULL ? m->attempt->state : ATTEMPT_PLANNED,
                         .is_settled = m->attempt != NULL && m->attempt->settled_at != 0,
                         .job = line->job.state,
                         .deployment = line->deployment.state,
                         .release = line->deployment.release_number};
}

static bool is_still_so(const struct seen *before, const struct seen *after)
{
    return before->status == after->status && before->state == after->state &&
           before->is_settled == after->is_settled && before->job == after->job &&
           before->deployment == after->deployment && before->release == after->release;
}

/* One line at one look: all moves are decided first. */
struct look {
    struct sim_launch launch;
    struct progress_plan made;
    struct seen seen[MOVES_MAX];
    struct plan plans[MOVES_MAX];
};

static void decide(struct sim_line *line, struct look *look)
{
    const struct progress_facts facts = {.deployment = &line->deployment,
                                         .jobs = &line->job,
                                         .n_jobs = 1,
                                         .invocations = line->invocations + line->first,
                                         .n_invocations = line->n - line->first,
                                         .attempts = line->attempts + line->first,
                                         .n_attempts = line->n - line->first,
                                         .hosts = sim_server.store.hosts,
                                         .n_hosts = SIM_HOSTS,
                                         .heard_since = sim_server.heard_since};

    sim_launch_decide(line, &look->launch);
    look->made.n_moves = 0;
    if (line->deployment.state != DEPLOYMENT_DEPLOYING)
        return;
    progress_make(&facts, now(), &sim.arena, &look->made);
    for (size_t i = 0; i < look->made.n_moves && i < MOVES_MAX; i++) {
        look->seen[i] = see(line, &look->made.moves[i]);
        if (look->made.moves[i].kind == PROGRESS_ATTEMPT_PLAN)
            look->plans[i] = think(line);
    }
}

static void write(struct sim_line *line, const struct look *look)
{
    sim_launch_write(line, &look->launch);
    for (size_t i = 0; i < look->made.n_moves && i < MOVES_MAX; i++) {
        const struct seen after = see(line, &look->made.moves[i]);

        if (is_still_so(&look->seen[i], &after))
            apply(line, &look->made.moves[i], &look->plans[i]);
        else
            sim_world_count(SIM_STALE_WRITE);
    }
}

/* Sending ---------------------------------------------------------------------------------------- */

/* What its host never answered, once its time to begin is over: the conditions of lib/store/store_ask.c. */
static bool is_asked(struct sim_place p)
{
    const struct invocation *inv = p.invocation;

    return (inv->status == INVOCATION_PENDING || inv->status == INVOCATION_UNKNOWN) &&
           inv->offered_at != 0 && inv->start_by <= now() && inv->redeliver_at != 0 &&
           inv->redeliver_at <= now() && inv->acknowledged_at == 0 && inv->began_at == 0 &&
           inv->permit_nonce[0] == '\0' && inv->cancel_at == 0 &&
           inv->released_at > sim_server.store.restored_at && p.attempt->settled_at == 0;
}

static bool must_be_sent(struct sim_place p, struct sim_note *note)
{
    struct invocation *inv = p.invocation;

    note->kind = inv->status == INVOCATION_CANCELLING ? SIM_CANCEL : SIM_OFFER;
    if (inv->status == INVOCATION_CANCELLING)
        return true;
    if (is_asked(p)) {
        sim_world_count(SIM_ASKED);
        inv->redeliver_at = now() + (now() < inv->start_by + 60000 ? 10000 : 60000);
        return true;
    }
    return inv->status == INVOCATION_PENDING && inv->acknowledged_at == 0 && now() < inv->start_by;
}

/* What is not acknowledged is sent again and again, and so is the word that it is to end. */
static void send(struct sim_place p)
{
    struct invocation *inv = p.invocation;
    struct sim_note note = {.from = SIM_SERVER,
                            .command = p.line->commands[p.i],
                            .epoch = p.attempt->epoch,
                            .start_by = inv->start_by};

    if (!must_be_sent(p, &note))
        return;
    for (note.to = 0; note.to < SIM_MACHINES; note.to++)
        if (sim_machines[note.to].exists &&
            str_eq(sim_server.store.hosts[sim_machines[note.to].host].id, inv->host_id)) {
            if (inv->offered_at == 0) {
                inv->offered_at = now();
                inv->redeliver_at = now() + 10000;
            }
            sim_world_post(note);
        }
}

static void probe(struct sim_line *line)
{
    if (now() < sim_server.probe_at[line->database])
        return;
    for (size_t i = 0; i < line->n; i++)
        if (line->attempts[i].settled_at == 0 && line->attempts[i].state == ATTEMPT_UNKNOWN) {
            sim_server.probe_at[line->database] = now() + PROBE_EVERY_MS;
            sim_world_post((struct sim_note){.kind = SIM_PROBE,
                                             .from = SIM_SERVER,
                                             .to = (int)sim_world_dice(SIM_HOSTS),
                                             .command = line->commands[i],
                                             .asked_at = now()});
        }
}

void sim_flow_step(void (*between)(void))
{
    struct look looks[SIM_LINES];

    for (int l = 0; l < SIM_LINES; l++)
        decide(&sim_server.store.lines[l], &looks[l]);
    if (between != NULL)
        between();
    for (int l = 0; l < SIM_LINES; l++) {
        struct sim_line *line = &sim_server.store.lines[l];

        write(line, &looks[l]);
        for (size_t i = 0; i < line->n; i++)
            send(sim_store_place(line, i));
        probe(line);
    }
}
