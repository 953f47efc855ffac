/* sim_machine: see sim_machine.h. */
#include "tests/support/sim_machine.h"

#include <stddef.h>
#include <string.h>

#include "agent/guard.h"
#include "agent/observe_decide.h"

#define CALL_MS 20000 /* the agent gives a call up then, and asks anew */
#define OBSERVE_MS 60000

struct sim_machine sim_machines[SIM_MACHINES];

void sim_machine_reset(void)
{
    for (int i = 0; i < SIM_MACHINES; i++)
        sim_machines[i] = (struct sim_machine){.exists = i < SIM_HOSTS,
                                               .host = i < SIM_HOSTS ? i : 0,
                                               .journal = i < SIM_HOSTS ? ++sim.next_journal : 0,
                                               .boot = i < SIM_HOSTS ? ++sim.next_boot : 0,
                                               .number = 1,
                                               .is_up = i < SIM_HOSTS};
}

bool sim_machine_runs(int machine, int command)
{
    return sim_machines[machine].commands[command].supervisor.runs;
}

int sim_machine_number(const struct sim_machine *m)
{
    return (int)(m - sim_machines);
}

static bool is_late(const struct sim_machine *m, int command)
{
    return guard_is_late(sim.now + m->wall_off, m->commands[command].start_by);
}

bool sim_machine_has_open(const struct sim_machine *m)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].last != AGENT_JOURNAL_NONE && m->commands[i].stage != SIM_OVER)
            return true;
    return false;
}

/* The journal ------------------------------------------------------------------------------------ */

static void raise_floor(struct sim_floor *floors, int64_t epoch, int command)
{
    if (epoch <= floors[0].epoch)
        return;
    memmove(&floors[1], &floors[0], (SIM_FLOORS - 1) * sizeof(*floors));
    floors[0] = (struct sim_floor){epoch, command};
}

bool sim_machine_record(struct sim_machine *m, int command, enum agent_journal_kind kind, int nonce,
                        int64_t epoch)
{
    struct sim_command *c = &m->commands[command];
    struct sim_truth *t = &sim.truths[command];

    if (!guard_may_follow(c->last, kind) && sim.lacks != 4)
        return false;
    c->last = kind;
    m->number++;
    if (nonce != 0)
        c->nonce = nonce;
    raise_floor(m->floors[t->database], epoch, command);
    m->head = sim_journal_add(m->head, (struct sim_entry){.owner = sim_machine_number(m),
                                                          .journal = m->journal,
                                                          .act = SIM_ACT_RECORD,
                                                          .command = command,
                                                          .what = (int)kind,
                                                          .more = c->nonce});
    if (kind != AGENT_JOURNAL_STARTED)
        return true;
    if (++t->journalled > 1)
        sim_world_wrong("I4: `started` stands twice in what journals there were", command);
    if (t->permit == 0 || t->permit != c->nonce)
        sim_world_wrong("I5: `started` without a permit for its nonce", command);
    return true;
}

static void decline(struct sim_machine *m, int command, int64_t epoch)
{
    struct sim_command *c = &m->commands[command];

    sim_world_tell("declined", sim_machine_number(m), command);
    c->supervisor.is_held = c->supervisor.waits = false;
    if (sim_machine_record(m, command, AGENT_JOURNAL_DECLINED, 0, epoch))
        c->stage = SIM_DECLINED;
    else
        sim_machine_kill_agent(m); /* as it ends itself when its journal refuses a record */
}

/* Its words -------------------------------------------------------------------------------------- */

static void say(struct sim_machine *m, int command, enum message_reply_state state)
{
    const struct sim_command *c = &m->commands[command];

    sim_world_post((struct sim_note){.kind = SIM_REPLY,
                                     .from = sim_machine_number(m),
                                     .to = SIM_SERVER,
                                     .command = command,
                                     .state = state,
                                     .exit_code = c->supervisor.exit_code,
                                     .was_cancelled = c->supervisor.was_cancelled,
                                     .floor = state == MESSAGE_REPLY_DECLINED ? c->floor : 0,
                                     .nonce = c->nonce,
                                     .journal = m->journal,
                                     .boot = m->boot,
                                     .record = m->number});
}

static void ask(struct sim_machine *m, int command)
{
    struct sim_command *c = &m->commands[command];
    struct sim_note note = {.kind = SIM_START,
                            .from = sim_machine_number(m),
                            .to = SIM_SERVER,
                            .command = command,
                            .nonce = c->nonce,
                            .asked_at = sim.now,
                            .journal = m->journal,
                            .boot = m->boot,
                            .record = m->number};
    int database = sim.truths[command].database;

    if (c->asked_at != 0 && sim.now - c->asked_at < CALL_MS)
        return;
    c->asked_at = sim.now;
    memcpy(note.floors[database], m->floors[database], sizeof(note.floors[database]));
    sim_world_post(note);
}

/* Beginning and ending --------------------------------------------------------------------------- */

void sim_machine_client_ends(struct sim_machine *m, int command, int exit_code)
{
    struct sim_command *c = &m->commands[command];

    c->supervisor.exit_code = exit_code;
    if (c->supervisor.runs)
        sim_journal_saw(SIM_ACT_GONE, command, sim_machine_number(m));
    c->supervisor.runs = c->supervisor.is_held = c->supervisor.waits = false;
    c->supervisor.has_end = !c->supervisor.is_orphan;
}

/* The supervisor's last look: the permit, start-by. */
static void go(struct sim_machine *m, int command)
{
    struct sim_command *c = &m->commands[command];
    bool stale = guard_is_stale(sim.now, c->asked_at);

    c->supervisor.waits = false;
    if (!stale && !is_late(m, command)) {
        sim_world_tell("begins", sim_machine_number(m), command);
        sim_world_begin(command, sim_machine_number(m));
        if (sim.now + m->wall_off >= c->start_by)
            sim_world_wrong("G8: it began after its start-by", command);
        c->supervisor.runs = true;
        c->supervisor.ends_at = sim.now + 1000 + sim_world_dice(120000);
        c->stage = SIM_RUNNING;
        return;
    }
    if (stale && c->stage == SIM_GOING && !is_late(m, command)) {
        sim_world_tell("its permit is too old, it asks again", sim_machine_number(m), command);
        c->supervisor.waits = true;
        c->stage = SIM_ASKING_AGAIN;
        c->asked_at = 0;
        return;
    }
    sim_world_count(SIM_NOT_BEGUN);
    sim_world_tell("not begun", sim_machine_number(m), command);
    if (sim.truths[command].starts == 0) {
        sim.truths[command].ended = true;
        sim.truths[command].ok = false;
    }
    sim_machine_client_ends(m, command, 1);
    c->stage = SIM_RUNNING;
}

static void come_to_an_end(struct sim_machine *m, int command)
{
    struct sim_command *c = &m->commands[command];
    bool ok;

    if (!c->supervisor.runs)
        return;
    if (c->supervisor.is_cancelled && !c->supervisor.is_orphan) {
        sim_world_count(SIM_CANCEL_RUNNING);
        sim_world_client_dies(command);
        c->supervisor.was_cancelled = true;
        sim_machine_client_ends(m, command, 143);
    } else if (sim.now >= c->supervisor.ends_at) {
        ok = !sim_world_once_in(4);
        sim_world_end(command, ok);
        sim_machine_client_ends(m, command, ok ? 0 : 1);
    }
}

/* What comes ------------------------------------------------------------------------------------- */

static void take_offer(struct sim_machine *m, const struct sim_note *n)
{
    struct sim_command *c = &m->commands[n->command];
    int database = sim.truths[n->command].database;

    if (n->store != 0 && sim.lacks != 9) { /* G3: another store's */
        sim_world_count(SIM_SECOND_SERVER);
        return;
    }
    if (c->last != AGENT_JOURNAL_NONE) /* G4 */
        return;
    if (c->supervisor.has_folder && c->stage != SIM_NOWHERE)
        return;
    c->start_by = n->start_by;
    if (guard_is_behind(n->epoch, m->floors[database][0].epoch,
                        m->floors[database][0].command == n->command)) {
        sim_world_count(SIM_BEHIND);
        c->floor = m->floors[database][0].epoch;
        decline(m, n->command, n->epoch);
    } else if (is_late(m, n->command)) {
        sim_world_count(SIM_TOO_LATE);
        decline(m, n->command, n->epoch);
    } else {
        c->supervisor = (struct sim_supervisor){.has_folder = true};
        if (sim_machine_record(m, n->command, AGENT_JOURNAL_ACCEPTED, 0, n->epoch))
            c->stage = SIM_ACCEPTED;
    }
}

static void take_answer(struct sim_machine *m, const struct sim_note *n)
{
    struct sim_command *c = &m->commands[n->command];

    if ((c->stage != SIM_ASKING && c->stage != SIM_ASKING_AGAIN) || c->nonce != n->nonce ||
        c->asked_at != n->asked_at)
        return;
    if (c->stage == SIM_ASKING_AGAIN) {
        if (!n->yes)
            c->asked_at = 0; /* which is too old */
        go(m, n->command);
        return;
    }
    if ((!n->yes && sim.lacks != 5) || c->supervisor.is_cancelled) {
        decline(m, n->command, 0);
        return;
    }
    /* Too old: it is asked again, with the same nonce. */
    if (guard_is_stale(sim.now, c->asked_at) || is_late(m, n->command))
        return;
    if (!sim_machine_record(m, n->command, AGENT_JOURNAL_STARTED, 0, 0)) {
        sim_machine_kill_agent(m);
        return;
    }
    c->stage = SIM_GOING;
    c->go_at = sim.now;
    if (!sim.quiet && sim_world_once_in(8)) {
        sim_machine_kill_agent(m); /* before what lets it go */
    } else if (!sim.quiet && sim_world_once_in(8)) {
        sim_world_count(SIM_HELD_UP);
        c->go_at = sim.now + 10000 + sim_world_dice(900000);
    } else {
        go(m, n->command);
    }
}

static void take_cancel(struct sim_machine *m, const struct sim_note *n)
{
    struct sim_command *c = &m->commands[n->command];

    if (c->last == AGENT_JOURNAL_NONE)
        decline(m, n->command, 0); /* never came, and if it still does it is known */
    else if (c->last == AGENT_JOURNAL_ACCEPTED || c->last == AGENT_JOURNAL_ASKING ||
             c->last == AGENT_JOURNAL_STARTED)
        c->supervisor.is_cancelled = true;
}

static void take_receipt(struct sim_machine *m, const struct sim_note *n)
{
    struct sim_command *c = &m->commands[n->command];

    if (c->stage == SIM_ACCEPTED && n->state == MESSAGE_REPLY_ACCEPTED) {
        c->stage = SIM_TOLD;
    } else if ((c->stage == SIM_ENDING && n->state == MESSAGE_REPLY_FINISHED) ||
               (c->stage == SIM_DECLINED && n->state == MESSAGE_REPLY_DECLINED) ||
               (c->stage == SIM_LOST && n->state == MESSAGE_REPLY_UNKNOWN)) {
        (void)sim_machine_record(m, n->command, AGENT_JOURNAL_REPORTED, 0, 0);
        c->stage = SIM_OVER;
    }
}

/* Of the question that it asked last, and has not given up. */
static void take_observed(struct sim_machine *m, const struct sim_note *n)
{
    if (n->asked_at != m->observed_at || sim.now - m->observed_at >= CALL_MS)
        return;
    m->observed_at = 0;
    memcpy(m->heard, n->heard, sizeof(m->heard));
    if (n->yes)
        m->observe_at = sim.now; /* it is to be said again */
}

/* The probe of the job, on this machine: what is in the database now. */
static void take_probe(struct sim_machine *m, const struct sim_note *n)
{
    struct sim_note answer = *n;

    answer.kind = SIM_PROBE_ANSWER;
    answer.from = sim_machine_number(m);
    answer.to = SIM_SERVER;
    answer.pending = sim_world_is_migrated(n->command) ? 0 : 1;
    answer.holders = sim_world_runs(sim.truths[n->command].database) ? 1 : 0;
    if (!sim.quiet && sim_world_once_in(8))
        answer.holders = -1; /* it could not say */
    sim_world_post(answer);
}

void sim_machine_take(struct sim_machine *m, const struct sim_note *n)
{
    if (!m->exists || !m->is_up)
        return;
    if (sim.now < m->still_until) {
        sim_world_later(n, m->still_until);
        return;
    }
    switch (n->kind) {
    case SIM_OFFER:
        take_offer(m, n);
        break;
    case SIM_CANCEL:
        take_cancel(m, n);
        break;
    case SIM_START_ANSWER:
        take_answer(m, n);
        break;
    case SIM_REPLY_OK:
        take_receipt(m, n);
        break;
    case SIM_OBSERVE_OK:
        take_observed(m, n);
        break;
    case SIM_PROBE:
        take_probe(m, n);
        break;
    default:
        break;
    }
}

/* Going on --------------------------------------------------------------------------------------- */

/* G7: supervisor and command hold its lock, also of one that was killed, and whatever people decided of it. */
static bool holds_database(const struct sim_machine *m, int database)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].supervisor.is_held && sim.truths[i].database == database)
            return sim.lacks != 11;
    return false;
}

/* What is on the disk about it; now and then that cannot be seen. */
static enum observe_action look(const struct sim_command *c)
{
    const struct observe_facts facts = {.last = c->last,
                                        .is_held = c->supervisor.is_held,
                                        .has_end = c->supervisor.has_end};
    const struct observe_facts unseen = {.last = c->last, .is_unseen = true};

    if (sim.quiet || !sim_world_once_in(40))
        return observe_decide(&facts);
    sim_world_count(SIM_UNSEEN);
    return observe_decide(&unseen);
}

static void step_running(struct sim_machine *m, int command)
{
    struct sim_command *c = &m->commands[command];

    say(m, command, MESSAGE_REPLY_STARTED);
    switch (look(c)) {
    case OBSERVE_REPORT:
        c->stage = SIM_ENDING;
        break;
    case OBSERVE_UNKNOWN:
        c->stage = SIM_LOST;
        break;
    default:
        break;
    }
}

static void step_command(struct sim_machine *m, int command)
{
    struct sim_command *c = &m->commands[command];

    switch (c->stage) {
    case SIM_ACCEPTED:
        if (is_late(m, command)) {
            sim_world_count(SIM_TOO_LATE);
            decline(m, command, 0);
        } else {
            say(m, command, MESSAGE_REPLY_ACCEPTED);
        }
        break;
    case SIM_TOLD:
        if (holds_database(m, sim.truths[command].database)) {
            sim_world_count(SIM_HOST_HOLDS);
            decline(m, command, 0);
            break;
        }
        c->supervisor.is_held = c->supervisor.waits = true;
        c->asked_at = 0;
        if (sim_machine_record(m, command, AGENT_JOURNAL_ASKING, ++sim.next_nonce, 0))
            c->stage = SIM_ASKING;
        break;
    case SIM_ASKING:
        if (is_late(m, command)) {
            sim_world_count(SIM_TOO_LATE);
            decline(m, command, 0);
        } else {
            ask(m, command);
        }
        break;
    case SIM_GOING:
        if (sim.now >= c->go_at)
            go(m, command);
        break;
    case SIM_ASKING_AGAIN:
        if (is_late(m, command))
            go(m, command);
        else
            ask(m, command);
        break;
    case SIM_RUNNING:
        step_running(m, command);
        break;
    case SIM_ENDING:
        (void)sim_machine_record(m, command, AGENT_JOURNAL_FINISHED, 0, 0);
        say(m, command, MESSAGE_REPLY_FINISHED);
        break;
    case SIM_DECLINED:
        say(m, command, MESSAGE_REPLY_DECLINED);
        break;
    case SIM_LOST:
        say(m, command, MESSAGE_REPLY_UNKNOWN);
        break;
    case SIM_NOWHERE:
    case SIM_OVER:
        break;
    }
}

static uint64_t open_commands(const struct sim_machine *m)
{
    uint64_t open = 0;

    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].last != AGENT_JOURNAL_NONE &&
            m->commands[i].last != AGENT_JOURNAL_REPORTED)
            open |= UINT64_C(1) << i;
    return open;
}

static void observe(struct sim_machine *m)
{
    struct sim_note note = {.kind = SIM_OBSERVE,
                            .from = sim_machine_number(m),
                            .to = SIM_SERVER,
                            .asked_at = sim.now,
                            .journal = m->journal,
                            .boot = m->boot,
                            .open = open_commands(m),
                            .record = m->number};

    m->observe_at = sim.now + OBSERVE_MS;
    m->observed_at = sim.now;
    memcpy(note.heard, m->heard, sizeof(note.heard));
    memcpy(note.floors, m->floors, sizeof(note.floors));
    sim_world_post(note);
}

void sim_machine_step(struct sim_machine *m)
{
    if (!m->exists)
        return;
    for (int i = 0; i < sim.n_commands; i++)
        come_to_an_end(m, i);
    if (!m->is_up || sim.now < m->still_until)
        return;
    if (sim.now >= m->observe_at)
        observe(m);
    for (int i = 0; i < sim.n_commands && m->is_up; i++)
        step_command(m, i);
}

/* The agent's start: its own table of what it finds ---------------------------------------------- */

/* False: it cannot be seen, and the agent ends, to be started again. */
static bool find(struct sim_machine *m, int command)
{
    struct sim_command *c = &m->commands[command];

    switch (look(c)) {
    case OBSERVE_NOT_STARTED:
        decline(m, command, 0);
        break;
    case OBSERVE_TAKE_UP:
        c->stage = SIM_RUNNING;
        break;
    case OBSERVE_REPORT:
        c->stage = c->last == AGENT_JOURNAL_DECLINED ? SIM_DECLINED : SIM_ENDING;
        break;
    case OBSERVE_UNKNOWN:
        c->stage = SIM_LOST;
        break;
    case OBSERVE_WAIT:
        return false;
    case OBSERVE_NEW:
    case OBSERVE_CLOSED:
        break;
    }
    return true;
}

void sim_machine_start_agent(struct sim_machine *m)
{
    m->is_up = true;
    m->observe_at = 0;
    m->still_until = 0;
    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].last != AGENT_JOURNAL_NONE && !find(m, i)) {
            sim_machine_kill_agent(m);
            return;
        }
}

/* What can happen -------------------------------------------------------------------------------- */

/* The agent's process dies; who waits for its go ends with it. */
void sim_machine_kill_agent(struct sim_machine *m)
{
    if (m->is_up && sim_machine_has_open(m))
        sim_world_count(SIM_AGENT_KILLED);
    m->is_up = false;
    m->heard[0] = '\0';
    m->observed_at = 0;
    for (int i = 0; i < sim.n_commands; i++) {
        m->commands[i].stage = SIM_NOWHERE;
        if (m->commands[i].supervisor.waits)
            m->commands[i].supervisor.is_held = m->commands[i].supervisor.waits = false;
    }
}
