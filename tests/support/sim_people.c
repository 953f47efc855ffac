/* sim_people: see sim_people.h. */
#include "tests/support/sim_people.h"

#include "lib/base/str.h"
#include "lib/rules/settle.h"
#include "tests/support/sim_harm.h"
#include "tests/support/sim_history.h"
#include "tests/support/sim_launch.h"
#include "tests/support/sim_ledger.h"

static time_ms now(void)
{
    return sim_ledger_now();
}

/* Who advances it looked that nobody is in the database. */
static void advance_fence(int number)
{
    struct sim_store *s = &sim_server.store;
    struct sim_database *d = &s->databases[number];

    if (!d->is_fenced || sim_world_runs(number) ||
        settle_fence_refusal(&sim.arena, d->fenced_at, now()) != NULL)
        return;
    d->epoch = (d->epoch > d->fence_epoch ? d->epoch : d->fence_epoch) + 1;
    d->looked_epoch = d->epoch;
    d->fence_epoch = 0;
    d->is_fenced = false;
    for (int l = 0; l < SIM_LINES; l++)
        for (size_t i = 0; i < s->lines[l].n; i++) {
            struct sim_place p = sim_store_place(&s->lines[l], i);

            if (s->lines[l].database != number || p.attempt->settled_at != 0 ||
                invocation_has_ended(p.invocation->status))
                continue; /* what the store says of the others may be old */
            sim_ledger_move_invocation(p, INVOCATION_UNKNOWN, "Unknown");
            sim_ledger_move_attempt(p, ATTEMPT_UNKNOWN);
        }
}

/* The copy is turned off first. */
static void accept_journal(int host)
{
    struct sim_machine *copy = &sim_machines[SIM_MACHINES - 1];

    if (copy->exists && copy->host == host) {
        sim_harm_reboot(copy); /* and what ran there ends */
        copy->exists = false;
    }
    sim_store_register(&sim_server.store.hosts[host], host);
}

/* What the server knows of it (server/api/api_migrate_facts.c). */
static struct settle_facts facts_of(struct sim_place p)
{
    const struct attempt *a = p.attempt;
    const struct invocation *inv = p.invocation;

    return (struct settle_facts){.attempt = a,
                                 .probe = p.line->probes[p.i].ended_at != 0 ? &p.line->probes[p.i]
                                                                            : NULL,
                                 .holder_seen_at = p.line->holder_seen_at[p.i],
                                 .quiet_since = a->gone_at != 0 ? a->gone_at : inv->heard_at,
                                 .permitted_at = inv->began_at == 0 ? inv->permitted_at : 0,
                                 .is_alive = a->state == ATTEMPT_UNKNOWN && a->gone_at == 0 &&
                                             inv->began_at != 0 && inv->heard_at != 0 &&
                                             now() - inv->heard_at < HOST_SILENT_AFTER_MS,
                                 .now = now()};
}

/* Nobody says succeeded of what was not migrated, or failed without a look. */
static enum settle_act wish(int command, bool looked)
{
    if (sim_world_is_migrated(command))
        return sim_world_once_in(8) ? SETTLE_RETRY : SETTLE_SUCCEEDED;
    switch (sim_world_dice(4)) {
    case 0:
        return SETTLE_ABANDON;
    case 1:
        return looked ? SETTLE_FAILED : SETTLE_RETRY;
    default:
        return SETTLE_RETRY;
    }
}

static void count_decision(enum settle_act act, int command)
{
    sim_world_count(act == SETTLE_RETRY     ? SIM_RETRIED
                    : act == SETTLE_ABANDON ? SIM_ABANDONED
                                            : SIM_MARKED);
    if (act == SETTLE_ABANDON && sim_world_has_client(command))
        sim_world_count(SIM_ABANDONED_ALIVE);
    for (int d = 0; d < SIM_DATABASES; d++)
        if (d != sim.truths[command].database && sim_world_runs(d))
            sim_world_count(SIM_DECIDED_WHILE_OTHERS_RUN);
    sim_world_tell(settle_act_text(act), SIM_SERVER, command);
}

static void settle(struct sim_place p)
{
    struct attempt *a = p.attempt;
    int command = p.line->commands[p.i];
    struct settle_facts facts = facts_of(p);
    enum settle_act act;

    if (a->settled_at != 0 || (a->state != ATTEMPT_FAILED && a->state != ATTEMPT_UNKNOWN))
        return;
    facts.unprobed = !sim_world_runs(p.line->database) && sim_world_once_in(2);
    act = wish(command, facts.unprobed);
    if (settle_refusal(&sim.arena, &facts, act) != NULL) {
        sim_world_count(SIM_DECISION_REFUSED);
        if (sim.truths[command].runs)
            sim_world_count(SIM_REFUSED_WHILE_IT_RAN);
        return;
    }
    count_decision(act, command);
    sim_history_decided(command, act == SETTLE_ABANDON);
    a->settled_at = a->decided_at = now();
    a->decision = act == SETTLE_SUCCEEDED ? settle_act_text(act) : "retry";
    sim_store_write(&sim_server.store,
                    (struct sim_entry){.act = SIM_ACT_DECIDE,
                                       .command = command,
                                       .what = act == SETTLE_SUCCEEDED ? (int)ATTEMPT_SUCCEEDED
                                                                       : (int)a->state});
    if (act == SETTLE_SUCCEEDED)
        sim_store_succeeds(p);
    if (p.invocation->status == INVOCATION_UNKNOWN)
        sim_ledger_move_invocation(p,
                                   act == SETTLE_SUCCEEDED ? INVOCATION_SUCCESS : INVOCATION_FAILED,
                                   "Decided");
    if (p.i >= p.line->first)
        p.line->job.state = JOB_RUNNING;
}

static bool is_open(const struct sim_line *line)
{
    for (size_t i = 0; i < line->n; i++)
        if (line->attempts[i].settled_at == 0)
            return true;
    return false;
}

static void look_after(struct sim_line *line)
{
    bool goes = line->deployment.state == DEPLOYMENT_DEPLOYING;

    sim_launch_people(line);
    if (!sim.quiet && goes && line->deployment.cancel_at == 0 && sim_world_once_in(60)) {
        line->deployment.cancel_at = now();
        line->deployment.cancel_by = "ann";
    }
    for (size_t i = 0; i < line->n; i++)
        if (sim.quiet || sim_world_once_in(3))
            settle(sim_store_place(line, i));
    if (goes && line->job.state == JOB_FAILED && !is_open(line) &&
        line->deployment.cancel_at == 0) {
        line->job.state = JOB_RUNNING; /* `slipway retry` */
        line->job.retried_at = now();
    }
}

void sim_people_step(void)
{
    for (int h = 0; h < SIM_HOSTS; h++)
        if (sim_server.store.hosts[h].state == HOST_BARRED && (sim.quiet || sim_world_once_in(4)))
            accept_journal(h);
    for (int d = 0; d < SIM_DATABASES; d++)
        advance_fence(d);
    for (int l = 0; l < SIM_LINES; l++)
        look_after(&sim_server.store.lines[l]);
}
