/* sim_launch: see sim_launch.h. */
#include "tests/support/sim_launch.h"

#include <stdio.h>
#include <string.h>

#include "lib/rules/rules_approval.h"
#include "lib/rules/rules_occurrence.h"
#include "tests/support/sim_ledger.h"

#define EVERY_MS INT64_C(60000)
#define PEOPLE 4

static const struct release_facts times = {.on = DEPLOYMENT_ON_SCHEDULE, .grace_ms = 45000};
static const struct account maker = {.id = SIM_MAKER, .login = "ann"};
static const struct change change = {
    .release = 1, .pull = 1, .lane = LANE_CODE, .makers = &maker, .n_makers = 1};

static int number_of(const struct sim_line *line)
{
    return (int)(line - sim_server.store.lines);
}

int sim_launch_needs(int line)
{
    return line == 0 ? 2 : 0;
}

time_ms sim_launch_every(int line)
{
    return line == 1 ? EVERY_MS : 0;
}

static time_ms due_at(int occurrence)
{
    return SIM_BEGIN_MS + occurrence * EVERY_MS;
}

time_ms sim_launch_over_at(int occurrence)
{
    return due_at(occurrence) + times.grace_ms;
}

static void write_line(const struct sim_line *line, enum sim_act act, int what, int more)
{
    sim_store_write(&sim_server.store,
                    (struct sim_entry){.act = act,
                                       .line = number_of(line),
                                       .release = (int)line->deployment.release_number,
                                       .what = what,
                                       .more = more});
}

/* Approvals -------------------------------------------------------------------------------------- */

static bool is_of(const struct sim_approval *a, const struct sim_line *line)
{
    return a->who != 0 && a->release == (int)line->deployment.release_number &&
           (a->digest == line->cut_digest || sim.lacks == 6);
}

/* Those that the start would stand on; false: too few. */
static bool is_approved(const struct sim_line *line, unsigned *ret_which)
{
    struct approval list[SIM_APPROVALS];
    struct rules_approval_facts facts = {.rule = {.code = sim_launch_needs(number_of(line))},
                                         .changes = &change,
                                         .n_changes = 1,
                                         .approvals = list};

    *ret_which = 0;
    if (facts.rule.code == 0)
        return true;
    for (int i = 0; i < SIM_APPROVALS; i++) {
        const struct sim_approval *a = &line->approvals[i];

        if (!is_of(a, line))
            continue;
        list[facts.n_approvals++] = (struct approval){.id = i + 1,
                                                      .release_number = a->release,
                                                      .account = {.id = a->who},
                                                      .code = true,
                                                      .granted_at = a->granted_at};
        *ret_which |= 1U << i;
    }
    return rules_approval_judge(&facts, sim_ledger_now()).approved;
}

static void end_approval(struct sim_line *line, int i)
{
    struct sim_approval *a = &line->approvals[i];

    sim_store_write(&sim_server.store, (struct sim_entry){.act = SIM_ACT_WITHDRAW,
                                                          .line = number_of(line),
                                                          .release = a->release,
                                                          .what = a->digest,
                                                          .more = a->who});
    a->who = 0;
}

static void approve(struct sim_line *line)
{
    int who = 1 + (int)sim_world_dice(PEOPLE), room = -1;

    for (int i = 0; i < SIM_APPROVALS; i++) {
        const struct sim_approval *a = &line->approvals[i];

        if (is_of(a, line) && a->digest == line->cut_digest && a->who == who)
            return;
        if (a->who == 0 || a->release != (int)line->deployment.release_number)
            room = i;
    }
    if (room < 0)
        return;
    line->approvals[room] = (struct sim_approval){.who = who,
                                                  .release = (int)line->deployment.release_number,
                                                  .digest = line->cut_digest,
                                                  .granted_at = sim_ledger_now()};
    sim_world_count(SIM_APPROVED);
    write_line(line, SIM_ACT_APPROVE, line->cut_digest, who);
}

static void take_back(struct sim_line *line)
{
    for (int i = 0; i < SIM_APPROVALS; i++)
        if (is_of(&line->approvals[i], line)) {
            sim_world_count(SIM_TAKEN_BACK);
            end_approval(line, i);
            return;
        }
}

void sim_launch_people(struct sim_line *line)
{
    bool waits = line->deployment.state == DEPLOYMENT_WAITING;

    if (!sim.quiet && sim_world_once_in(100))
        line->digest++; /* somebody edits the configuration */
    if (!waits || sim_launch_needs(number_of(line)) == 0)
        return;
    if (!sim.quiet && sim_world_once_in(6))
        take_back(line);
    else
        approve(line);
}

/* Occurrences ------------------------------------------------------------------------------------ */

static enum occurrence_stage stage_of(const struct sim_line *line, int occurrence)
{
    const struct plan_occurrence o = {.due_at = due_at(occurrence)};

    return rules_occurrence_stage(&times, &o, occurrence < line->undecided, SIM_BEGIN_MS,
                                  sim_ledger_now());
}

/* Those whose time is over, and the one whose time it is. */
static void look_at_times(const struct sim_line *line, struct sim_launch *l)
{
    int o = line->undecided;

    while (stage_of(line, o) == OCCURRENCE_MISSED)
        o++;
    l->missed_to = o;
    if (stage_of(line, o) == OCCURRENCE_DUE)
        l->occurrence = o;
}

/* A row of its own, in the transaction of what it decides; a second one is refused (I8). */
static bool decide_occurrence(struct sim_line *line, int occurrence, int release)
{
    if (occurrence < line->undecided)
        return false;
    if (release == 0 || sim.lacks != 8)
        line->undecided = occurrence + 1;
    sim_store_write(&sim_server.store, (struct sim_entry){.act = SIM_ACT_OCCURRENCE,
                                                          .line = number_of(line),
                                                          .what = occurrence,
                                                          .more = release});
    return true;
}

/* Deciding --------------------------------------------------------------------------------------- */

/* What would be cut: the newest, or what went out the last time once more (I3); 0 = nothing. */
static int candidate(const struct sim_line *line)
{
    int live = (int)line->deployment.release_number;

    return line->again ? live : line->newest > live ? line->newest : 0;
}

void sim_launch_decide(const struct sim_line *line, struct sim_launch *l)
{
    bool is_timed = sim_launch_every(number_of(line)) != 0;

    *l = (struct sim_launch){.release = (int)line->deployment.release_number,
                             .digest = line->digest};
    if (is_timed)
        look_at_times(line, l);
    if (line->deployment.state == DEPLOYMENT_DEPLOYING)
        return;
    if (line->deployment.state != DEPLOYMENT_WAITING) {
        l->release = candidate(line);
        l->move = l->release != 0 ? SIM_LAUNCH_CUT : SIM_LAUNCH_NOTHING;
    } else if (line->cut_digest != line->digest && sim.lacks != SIM_LACKS_PLAN) {
        l->move = SIM_LAUNCH_UNDO;
    } else if (is_approved(line, &l->approvals) && (!is_timed || l->occurrence != 0)) {
        l->move = SIM_LAUNCH_START;
    }
}

/* Writing ---------------------------------------------------------------------------------------- */

static void cut(struct sim_line *line, const struct sim_launch *l)
{
    if (line->deployment.state == DEPLOYMENT_WAITING ||
        line->deployment.state == DEPLOYMENT_DEPLOYING)
        return;
    line->deployment.state = DEPLOYMENT_WAITING;
    line->deployment.release_number = l->release;
    line->deployment.cut_at = sim_ledger_now();
    line->cut_digest = l->digest;
    line->again = false;
    write_line(line, SIM_ACT_CUT, l->digest, 0);
    for (int i = 0; i < SIM_APPROVALS && sim.lacks != 6; i++) /* of another plan: void */
        if (line->approvals[i].who != 0 &&
            (line->approvals[i].release != l->release || line->approvals[i].digest != l->digest))
            end_approval(line, i);
}

/* The approvals are rows that a start takes; one that was taken back meanwhile refuses it (I6). */
static bool take_approvals(const struct sim_line *line, unsigned which)
{
    for (int i = 0; i < SIM_APPROVALS; i++)
        if ((which & 1U << i) != 0 && !is_of(&line->approvals[i], line))
            return false;
    return true;
}

static void start(struct sim_line *line, const struct sim_launch *l)
{
    if (line->deployment.state != DEPLOYMENT_WAITING ||
        (line->cut_digest != l->digest && sim.lacks != SIM_LACKS_PLAN) ||
        line->deployment.release_number != l->release || !take_approvals(line, l->approvals) ||
        (l->occurrence != 0 && !decide_occurrence(line, l->occurrence, l->release))) {
        sim_world_count(SIM_START_REFUSED);
        return;
    }
    sim_world_count(SIM_STARTED);
    line->deployment.state = DEPLOYMENT_DEPLOYING;
    line->deployment.started_at = sim_ledger_now();
    line->deployment.cancel_at = 0;
    line->job.state = JOB_RUNNING;
    line->job.cause = NULL;
    line->first = line->n;
    write_line(line, SIM_ACT_START, l->digest, l->occurrence);
}

void sim_launch_write(struct sim_line *line, const struct sim_launch *l)
{
    for (int o = line->undecided; o < l->missed_to; o++)
        if (decide_occurrence(line, o, 0))
            sim_world_count(SIM_MISSED);
    if (l->move == SIM_LAUNCH_CUT)
        cut(line, l);
    else if (l->move == SIM_LAUNCH_START)
        start(line, l);
    else if (l->move == SIM_LAUNCH_UNDO && line->deployment.state == DEPLOYMENT_WAITING) {
        line->deployment.state = DEPLOYMENT_SUPERSEDED;
        line->again = true; /* it is cut anew */
        write_line(line, SIM_ACT_UNDO, line->cut_digest, 0);
    }
}

void sim_launch_end(struct sim_line *line)
{
    line->deployment.state = DEPLOYMENT_SUCCEEDED;
    line->deployment.cancel_at = 0;
    line->first = line->n;
    line->again = sim_world_once_in(4); /* else nothing of it migrates again (I3) */
    write_line(line, SIM_ACT_END, line->cut_digest, 0);
}
