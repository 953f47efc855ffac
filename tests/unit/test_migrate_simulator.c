/*
 * A simulator of the migrate machine: the server's rules and the agents' rules in one process, with a network that
 * drops, doubles, delays and reorders, crashes of server, agent, supervisor and host (journal kept, lost, rolled back),
 * copies of hosts, stepping clocks, a second copy of the server and restored backups. A person decides what is stuck,
 * and never while something runs.
 *
 * The rules are the product's own: permit, doubt, status, migrate, progress, settle, and the agent's table of what a
 * restart finds. Stores, journals and processes are models here. What is true is kept apart from what anybody knows;
 * at each start of a command it is asked whether that start was right, and at each end that the server believes by
 * itself whether it is true. One seed is one schedule.
 *
 * A few hundred schedules here; SLIPWAY_DEEP=1 plays 20,000, SLIPWAY_SCHEDULES as many as it says.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/observe.h"
#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/rules/doubt.h"
#include "lib/rules/migrate.h"
#include "lib/rules/permit.h"
#include "lib/rules/progress.h"
#include "lib/rules/settle.h"
#include "lib/ssm/message_start.h"
#include "lib/ssm/status.h"

#define HOSTS 3    /* registered */
#define MACHINES 4 /* the last one is a copy of the first, once there is one */
#define COMMANDS 24
#define RECORDS 128
#define MESSAGES 256
#define IDS 256
#define STEPS 260
#define START_BY_MS 60000
#define CALL_MS 20000 /* the agent gives a call up then, and asks anew */

/* Names ------------------------------------------------------------------------------------------ */

static char names[8][IDS][16];

static const char *name_of(char kind, int n)
{
    static const char kinds[] = "cjbnh";
    size_t k = (size_t)(strchr(kinds, kind) - kinds);

    n %= IDS;
    snprintf(names[k][n], sizeof(names[k][n]), "%c%d", kind, n);
    return names[k][n];
}

/* Chance ----------------------------------------------------------------------------------------- */

static uint64_t dice_state;

static unsigned dice(unsigned sides)
{
    dice_state = dice_state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(dice_state >> 33) % sides;
}

static bool once_in(unsigned n)
{
    return dice(n) == 0;
}

/* The world -------------------------------------------------------------------------------------- */

enum stage { NONE, ACCEPTED, TOLD, ASKING, RUNNING, ENDING, DECLINED, LOST, OVER };

struct record {
    enum agent_journal_kind kind;
    int command, nonce;
    int64_t epoch;
};

struct supervisor {
    bool is_held;    /* the folder's lock */
    bool waits;      /* for its go */
    bool runs;       /* the command does */
    bool is_orphan;  /* killed; the command holds the lock */
    bool has_folder; /* on disk */
    bool has_end, ok;
    int64_t ends_at;
};

struct machine {
    bool exists, is_up; /* is_up: its agent runs */
    int host;           /* whose key it has */
    int journal, boot;
    struct record records[RECORDS];
    int n_records;
    int64_t number;
    struct supervisor supervisors[COMMANDS];
    /* of the agent's process */
    enum stage stages[COMMANDS];
    int nonces[COMMANDS];
    int64_t asked_at[COMMANDS], start_by[COMMANDS], epochs[COMMANDS];
    int64_t observe_at, wall_off;
};

struct ledger { /* what is on the server's disk */
    struct deployment deployment;
    struct job job;
    struct invocation invocations[COMMANDS];
    struct attempt attempts[COMMANDS];
    size_t n, first; /* of this deployment on */
    struct host hosts[HOSTS];
    int64_t epoch, fence_epoch;
    bool is_fenced;
};

enum kind { OFFER, REPLY, REPLY_OK, START, START_ANSWER, OBSERVE };

struct note {
    enum kind kind;
    int64_t at;
    int from, to; /* machines; -1 = the server */
    int command, nonce, journal, boot, store;
    int64_t asked_at; /* an answer belongs to its question: the agent waits for one at a time */
    int64_t record, epoch, start_by, floor;
    enum message_reply_state state;
    bool yes, ok;
};

/* The truth about a command. */
struct truth {
    int starts;
    bool runs, ended, ok;
    bool never; /* the server believes by itself that it never began */
};

static struct {
    int64_t now, server_off, down_until, heard_since;
    struct ledger ledger, backup;
    bool has_backup;
    struct machine machines[MACHINES], snapshot;
    int snapshot_of; /* -1 = there is none */
    struct note notes[MESSAGES];
    size_t n_notes;
    struct truth truths[IDS];
    int next_command, next_nonce, next_journal, next_boot;
    int commands[COMMANDS]; /* of a place in the ledger: its number */
    bool quiet;             /* no more faults */
    size_t starts, decisions;
    struct arena arena;
    char trouble[200];
} w;

static void wrong(const char *what, int command)
{
    if (w.trouble[0] == '\0')
        snprintf(w.trouble, sizeof(w.trouble), "%s (command %d, at %lld s)", what, command,
                 (long long)w.now / 1000);
}

/* SLIPWAY_TRACE=1: what happens, for one schedule (SLIPWAY_SEED). */
static void tell(const char *what, int machine, int command)
{
    if (getenv("SLIPWAY_TRACE") != NULL)
        print_message("%8lld machine %d command %d: %s\n", (long long)(w.now - 1000000000) / 1000,
                      machine, command, what);
}

static bool anything_runs(void)
{
    for (int i = 0; i < IDS; i++)
        if (w.truths[i].runs)
            return true;
    return false;
}

static int64_t server_now(void)
{
    return w.now + w.server_off;
}

/* The network ------------------------------------------------------------------------------------ */

static void post(struct note note)
{
    int copies = w.quiet ? 1 : once_in(12) ? 0 : once_in(12) ? 2 : 1;

    for (int i = 0; i < copies && w.n_notes < MESSAGES; i++) {
        note.at = w.now + (w.quiet ? 100 : once_in(20) ? dice(400000) : dice(3000));
        w.notes[w.n_notes++] = note;
    }
}

/* Machines --------------------------------------------------------------------------------------- */

static void record(struct machine *m, enum agent_journal_kind kind, int command, int nonce,
                   int64_t epoch)
{
    if (m->n_records == RECORDS)
        return;
    m->records[m->n_records++] =
        (struct record){.kind = kind, .command = command, .nonce = nonce, .epoch = epoch};
    m->number++;
}

static struct record last_of(const struct machine *m, int command)
{
    struct record last = {.kind = AGENT_JOURNAL_NONE};

    for (int i = 0; i < m->n_records; i++)
        if (m->records[i].command == command) {
            int nonce = m->records[i].nonce != 0 ? m->records[i].nonce : last.nonce;
            last = m->records[i];
            last.nonce = nonce;
        }
    return last;
}

static int64_t floor_of(const struct machine *m)
{
    int64_t floor = 0;

    for (int i = 0; i < m->n_records; i++)
        if (m->records[i].epoch > floor)
            floor = m->records[i].epoch;
    return floor;
}

static void say(struct machine *m, int command, enum message_reply_state state, bool ok,
                int64_t floor)
{
    post((struct note){.kind = REPLY,
                       .from = (int)(m - w.machines),
                       .to = -1,
                       .command = command,
                       .state = state,
                       .ok = ok,
                       .floor = floor,
                       .nonce = last_of(m, command).nonce,
                       .journal = m->journal,
                       .boot = m->boot,
                       .record = m->number});
}

/* The command begins. Was that right? */
static void begin(struct machine *m, int command)
{
    struct supervisor *s = &m->supervisors[command % COMMANDS];
    struct truth *t = &w.truths[command % IDS];

    if (t->starts > 0)
        wrong("the same command began twice", command);
    if (anything_runs())
        wrong("another command runs on that database", command);
    if (t->never)
        wrong("it began, and was believed never to", command);
    tell("begins", (int)(m - w.machines), command);
    t->starts++;
    t->runs = true;
    w.starts++;
    s->runs = true;
    s->waits = false;
    s->ends_at = w.now + 1000 + dice(120000);
}

static void stop_running(int command, bool ok)
{
    struct truth *t = &w.truths[command % IDS];

    tell(ok ? "ends well" : "ends badly", -1, command);
    t->runs = false;
    t->ended = true;
    t->ok = ok;
}

static void decline(struct machine *m, int place, int command, int64_t epoch)
{
    m->supervisors[place] = (struct supervisor){.has_folder = m->supervisors[place].has_folder};
    tell("declined", (int)(m - w.machines), command);
    record(m, AGENT_JOURNAL_DECLINED, command, 0, epoch);
    m->stages[place] = DECLINED;
}

/* The agent's process dies; who waits for its go ends with it. */
static void kill_agent(struct machine *m)
{
    m->is_up = false;
    for (int i = 0; i < COMMANDS; i++) {
        m->stages[i] = NONE;
        if (m->supervisors[i].waits)
            m->supervisors[i].is_held = m->supervisors[i].waits = false;
    }
}

/* The table of what a restart finds is the agent's own. */
static void start_agent(struct machine *m)
{
    m->is_up = true;
    m->observe_at = 0;
    for (int i = 0; i < COMMANDS && i < (int)w.ledger.n + COMMANDS; i++) {
        struct supervisor *s = &m->supervisors[i];
        int command = -1;
        struct observe_facts facts;

        for (int k = 0; k < m->n_records; k++)
            if (m->records[k].command % COMMANDS == i)
                command = m->records[k].command;
        if (command < 0)
            continue;
        facts = (struct observe_facts){.last = last_of(m, command).kind,
                                       .is_held = s->is_held,
                                       .has_end = s->has_end};
        switch (observe_decide(&facts)) {
        case OBSERVE_NOT_STARTED:
            decline(m, i, command, 0);
            break;
        case OBSERVE_TAKE_UP:
            m->stages[i] = RUNNING;
            break;
        case OBSERVE_REPORT:
            m->stages[i] = facts.last == AGENT_JOURNAL_DECLINED ? DECLINED : ENDING;
            break;
        case OBSERVE_UNKNOWN:
            m->stages[i] = LOST;
            break;
        case OBSERVE_WAIT:
        case OBSERVE_NEW:
        case OBSERVE_CLOSED:
            break;
        }
    }
}

static void take_offer(struct machine *m, const struct note *n)
{
    int place = n->command % COMMANDS;

    /* Another store's; known; too late; below the floor. */
    if (n->store != 0 || last_of(m, n->command).kind != AGENT_JOURNAL_NONE)
        return;
    if (m->supervisors[place].has_folder && m->stages[place] != NONE)
        return;
    if (w.now + m->wall_off >= n->start_by) {
        decline(m, place, n->command, n->epoch);
        return;
    }
    if (n->epoch <= floor_of(m)) {
        int64_t floor = floor_of(m);
        decline(m, place, n->command, n->epoch);
        say(m, n->command, MESSAGE_REPLY_DECLINED, false, floor);
        return;
    }
    m->supervisors[place] = (struct supervisor){.has_folder = true};
    record(m, AGENT_JOURNAL_ACCEPTED, n->command, 0, n->epoch);
    m->stages[place] = ACCEPTED;
    m->start_by[place] = n->start_by;
    m->epochs[place] = n->epoch;
}

static void take_answer(struct machine *m, const struct note *n)
{
    int place = n->command % COMMANDS;

    if (m->stages[place] != ASKING || m->nonces[place] != n->nonce ||
        m->asked_at[place] != n->asked_at)
        return;
    if (!n->yes) {
        decline(m, place, n->command, 0);
        return;
    }
    /* Too old: it is asked again, with the same nonce. */
    if (w.now - m->asked_at[place] >= MESSAGE_START_LIFE_MS ||
        w.now + m->wall_off >= m->start_by[place])
        return;
    record(m, AGENT_JOURNAL_STARTED, n->command, 0, 0);
    m->stages[place] = RUNNING;
    if (!w.quiet && once_in(8)) {
        kill_agent(m); /* before the byte that lets it go */
        return;
    }
    begin(m, n->command);
}

static void step_command(struct machine *m, int i)
{
    struct supervisor *s = &m->supervisors[i];
    int command = -1;

    for (int k = 0; k < m->n_records; k++)
        if (m->records[k].command % COMMANDS == i)
            command = m->records[k].command;
    if (command < 0)
        return;
    switch (m->stages[i]) {
    case ACCEPTED:
        if (w.now + m->wall_off >= m->start_by[i])
            decline(m, i, command, 0);
        else
            say(m, command, MESSAGE_REPLY_ACCEPTED, false, 0);
        break;
    case TOLD:
        s->is_held = s->waits = true;
        m->nonces[i] = ++w.next_nonce;
        m->asked_at[i] = 0;
        record(m, AGENT_JOURNAL_ASKING, command, m->nonces[i], 0);
        m->stages[i] = ASKING;
        break;
    case ASKING:
        if (w.now + m->wall_off >= m->start_by[i]) {
            decline(m, i, command, 0);
            break;
        }
        if (m->asked_at[i] != 0 && w.now - m->asked_at[i] < CALL_MS)
            break;
        m->asked_at[i] = w.now;
        post((struct note){.kind = START,
                           .from = (int)(m - w.machines),
                           .to = -1,
                           .command = command,
                           .nonce = m->nonces[i],
                           .asked_at = w.now,
                           .journal = m->journal,
                           .boot = m->boot,
                           .record = m->number});
        break;
    case RUNNING:
        say(m, command, MESSAGE_REPLY_STARTED, false, 0);
        if (!s->is_held)
            m->stages[i] = s->has_end ? ENDING : LOST;
        break;
    case ENDING:
        if (last_of(m, command).kind != AGENT_JOURNAL_FINISHED)
            record(m, AGENT_JOURNAL_FINISHED, command, 0, 0);
        say(m, command, MESSAGE_REPLY_FINISHED, s->ok, 0);
        break;
    case DECLINED:
        say(m, command, MESSAGE_REPLY_DECLINED, false, 0);
        break;
    case LOST:
        say(m, command, MESSAGE_REPLY_UNKNOWN, false, 0);
        break;
    case NONE:
    case OVER:
        break;
    }
}

static void step_machine(struct machine *m)
{
    if (!m->exists)
        return;
    for (int i = 0; i < COMMANDS; i++) {
        struct supervisor *s = &m->supervisors[i];

        if (!s->runs || w.now < s->ends_at)
            continue;
        for (int k = m->n_records; k > 0; k--)
            if (m->records[k - 1].command % COMMANDS == i) {
                s->ok = !once_in(4);
                stop_running(m->records[k - 1].command, s->ok);
                break;
            }
        s->runs = s->is_held = false;
        s->has_end = !s->is_orphan;
    }
    if (!m->is_up)
        return;
    if (w.now >= m->observe_at) {
        m->observe_at = w.now + 60000;
        post((struct note){.kind = OBSERVE,
                           .from = (int)(m - w.machines),
                           .to = -1,
                           .journal = m->journal,
                           .boot = m->boot,
                           .record = m->number});
    }
    for (int i = 0; i < COMMANDS && m->is_up; i++)
        step_command(m, i);
}

/* The server ------------------------------------------------------------------------------------- */

static int place_of(int command)
{
    for (size_t i = 0; i < w.ledger.n; i++)
        if (w.commands[i] == command)
            return (int)i;
    return -1;
}

/* What the server comes to believe by itself must be true. */
static void settle_check(int command, enum attempt_state to)
{
    struct truth *t = &w.truths[command % IDS];

    if (to == ATTEMPT_SUCCEEDED && !(t->ended && t->ok))
        wrong("guessed: succeeded", command);
    if (to == ATTEMPT_FAILED && !(t->ended && !t->ok))
        wrong("guessed: failed", command);
    if (to == ATTEMPT_NOT_STARTED || to == ATTEMPT_CANCELLED) {
        if (t->starts > 0)
            wrong("guessed: it never began", command);
        t->never = true;
    }
}

static void move_attempt(size_t i, enum attempt_state to)
{
    struct attempt *a = &w.ledger.attempts[i];

    if (!states_allows(attempt_states, (int)a->state, (int)to) || a->settled_at != 0)
        return;
    tell(attempt_states[to].text, -1, w.commands[i]);
    settle_check(w.commands[i], to);
    a->state = to;
    if (attempt_settles(to))
        a->settled_at = server_now();
}

static void doubt_all(int host)
{
    for (size_t i = 0; i < w.ledger.n; i++) {
        struct invocation *inv = &w.ledger.invocations[i];
        bool out = inv->status == INVOCATION_IN_PROGRESS ||
                   (inv->status == INVOCATION_PENDING && inv->offered_at != 0);

        if (out && str_eq(inv->host_id, w.ledger.hosts[host].id))
            inv->status = INVOCATION_UNKNOWN;
    }
}

static void hear_observe(const struct note *n)
{
    struct host *h = &w.ledger.hosts[w.machines[n->from].host];
    const struct doubt_word word = {.protocol = 2,
                                    .journal_id = name_of('j', n->journal),
                                    .boot_id = name_of('b', n->boot),
                                    .record_number = n->record};
    const char *why;
    enum doubt doubt = doubt_judge(&w.arena, h, &word, &why);

    h->seen_at = server_now();
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
    if (!str_eq(h->journal_id, word.journal_id))
        h->doubt_journal_id = word.journal_id;
    if (doubt == DOUBT_SUSPEND)
        h->suspended_at = server_now();
    h->state = HOST_BARRED;
    doubt_all(w.machines[n->from].host);
}

static void hear_reply(const struct note *n)
{
    struct host *h = &w.ledger.hosts[w.machines[n->from].host];
    int i = place_of(n->command);
    struct invocation *inv;
    struct status_facts facts;
    struct status_change change;
    const struct message_reply reply = {.status =
                                            n->state == MESSAGE_REPLY_FINISHED
                                                ? (n->ok ? INVOCATION_SUCCESS : INVOCATION_FAILED)
                                            : n->state == MESSAGE_REPLY_DECLINED
                                                ? INVOCATION_FAILED
                                                : INVOCATION_IN_PROGRESS,
                                        .trace = "",
                                        .state = n->state,
                                        .reason = "",
                                        .record_number = n->record,
                                        .journal_id = name_of('j', n->journal),
                                        .boot_id = name_of('b', n->boot),
                                        .nonce = n->nonce != 0 ? name_of('n', n->nonce) : NULL};

    post((struct note){
        .kind = REPLY_OK, .from = -1, .to = n->from, .command = n->command, .state = n->state});
    if (i < 0 || !str_eq(w.ledger.invocations[i].host_id, h->id))
        return;
    inv = &w.ledger.invocations[i];
    inv->heard_at = server_now();
    if (inv->acknowledged_at == 0)
        inv->acknowledged_at = server_now();
    facts = (struct status_facts){
        .now = inv->status,
        .began = inv->began_at != 0,
        .has_database = true,
        .journal_is_known = h->journal_id == NULL || str_eq(h->journal_id, reply.journal_id),
        .went_back = n->record < h->record_number && n->state == MESSAGE_REPLY_DECLINED,
        .disbelief = w.ledger.is_fenced ? "the store was restored"
                                        : permit_disbelief(inv, reply.nonce, reply.boot_id)};
    if (facts.journal_is_known && n->record > h->record_number)
        h->record_number = n->record;
    if (n->floor > 0) {
        w.ledger.is_fenced = true;
        if (n->floor > w.ledger.fence_epoch)
            w.ledger.fence_epoch = n->floor;
    }
    if (n->state == MESSAGE_REPLY_UNKNOWN && facts.journal_is_known)
        w.ledger.attempts[i].gone_at = server_now();
    status_judge(&w.arena, &facts, &reply, &change);
    if (!change.changes || change.status == inv->status)
        return;
    inv->status = change.status;
    inv->details = change.details;
    if (inv->status == INVOCATION_IN_PROGRESS && inv->began_at == 0)
        inv->began_at = server_now();
    move_attempt((size_t)i, migrate_state_of(w.ledger.attempts[i].state, inv));
}

static void hear_start(const struct note *n)
{
    struct host *h = &w.ledger.hosts[w.machines[n->from].host];
    int i = place_of(n->command);
    const struct permit_question question = {.nonce = name_of('n', n->nonce),
                                             .journal_id = name_of('j', n->journal),
                                             .boot_id = name_of('b', n->boot),
                                             .record_number = n->record};
    struct note answer = {.kind = START_ANSWER,
                          .from = -1,
                          .to = n->from,
                          .command = n->command,
                          .asked_at = n->asked_at,
                          .nonce = n->nonce};
    const char *why;

    if (i >= 0 && str_eq(w.ledger.invocations[i].host_id, h->id)) {
        struct invocation *inv = &w.ledger.invocations[i];
        const struct permit_facts facts = {.invocation = inv,
                                           .host = h,
                                           .attempt = &w.ledger.attempts[i],
                                           .is_fenced = w.ledger.is_fenced,
                                           .now = server_now()};
        enum permit_answer judged = permit_judge(&facts, &question, &why);

        answer.yes = judged != PERMIT_NO;
        tell(answer.yes ? "permit" : why, n->from, n->command);
        if (judged == PERMIT_FIRST) {
            snprintf(inv->permit_nonce, sizeof(inv->permit_nonce), "%s", question.nonce);
            snprintf(inv->permit_boot_id, sizeof(inv->permit_boot_id), "%s", question.boot_id);
            inv->permitted_at = inv->heard_at = server_now();
            move_attempt((size_t)i, ATTEMPT_PERMITTED);
        }
        if (judged == PERMIT_AGAIN)
            inv->permitted_at = inv->heard_at = server_now();
        if (answer.yes && n->record > h->record_number)
            h->record_number = n->record;
    }
    post(answer);
}

static void plan(void)
{
    const struct host *h;
    struct ledger *l = &w.ledger;
    size_t i = l->n;

    for (size_t k = 0; k < l->n; k++)
        if (l->attempts[k].settled_at == 0)
            return; /* I2: the index refuses it */
    h = migrate_choose_host(l->hosts, HOSTS, NULL, server_now());
    if (l->is_fenced || h == NULL || l->n == COMMANDS || w.next_command == COMMANDS - 1)
        return;
    l->n++;
    w.commands[i] = ++w.next_command;
    l->epoch++;
    l->invocations[i] = (struct invocation){.host = h->name,
                                            .details = "Pending",
                                            .start_by = server_now() + START_BY_MS,
                                            .released_at = server_now()};
    snprintf(l->invocations[i].command_id, 37, "%s", name_of('c', w.next_command));
    snprintf(l->invocations[i].host_id, 21, "%s", h->id);
    l->attempts[i] = (struct attempt){.id = (int64_t)i + 1,
                                      .database = "shop",
                                      .n = 1,
                                      .epoch = l->epoch,
                                      .host = h->name,
                                      .planned_at = server_now()};
    snprintf(l->attempts[i].command_id, 37, "%s", name_of('c', w.next_command));
    snprintf(l->attempts[i].host_id, 21, "%s", h->id);
}

static void apply(const struct progress_move *m)
{
    struct ledger *l = &w.ledger;

    switch (m->kind) {
    case PROGRESS_ATTEMPT_PLAN:
        plan();
        break;
    case PROGRESS_LOST:
        ((struct invocation *)(uintptr_t)m->invocation)->status = INVOCATION_UNKNOWN;
        break;
    case PROGRESS_UNDELIVERED:
        ((struct invocation *)(uintptr_t)m->invocation)->status = INVOCATION_TIMED_OUT;
        ((struct invocation *)(uintptr_t)m->invocation)->details = "DeliveryTimedOut";
        break;
    case PROGRESS_ATTEMPT_MOVE:
        move_attempt((size_t)(m->attempt - l->attempts), m->attempt_state);
        break;
    case PROGRESS_JOB_END:
        if (m->job_state == JOB_SUCCEEDED) { /* the next release */
            l->deployment.release_number++;
            l->first = l->n;
        } else {
            l->job.state = JOB_FAILED;
        }
        break;
    default:
        break;
    }
}

static void step_server(void)
{
    struct ledger *l = &w.ledger;
    const struct progress_facts facts = {.deployment = &l->deployment,
                                         .jobs = &l->job,
                                         .n_jobs = 1,
                                         .invocations = l->invocations + l->first,
                                         .n_invocations = l->n - l->first,
                                         .attempts = l->attempts + l->first,
                                         .n_attempts = l->n - l->first,
                                         .hosts = l->hosts,
                                         .n_hosts = HOSTS,
                                         .heard_since = w.heard_since};
    struct progress_plan made = {.n_moves = 0};

    progress_make(&facts, server_now(), &w.arena, &made);
    for (size_t i = 0; i < made.n_moves; i++)
        apply(&made.moves[i]);
    for (size_t i = 0; i < l->n; i++) {
        struct invocation *inv = &l->invocations[i];

        if (inv->status != INVOCATION_PENDING || inv->acknowledged_at != 0 ||
            server_now() >= inv->start_by)
            continue;
        for (int m = 0; m < MACHINES; m++)
            if (w.machines[m].exists && str_eq(l->hosts[w.machines[m].host].id, inv->host_id)) {
                inv->offered_at = inv->offered_at != 0 ? inv->offered_at : server_now();
                post((struct note){.kind = OFFER,
                                   .from = -1,
                                   .to = m,
                                   .command = w.commands[i],
                                   .epoch = l->attempts[i].epoch,
                                   .start_by = inv->start_by});
            }
    }
}

/* The person: never while anything runs, and by what is true. */
static void decide(void)
{
    struct ledger *l = &w.ledger;

    if (anything_runs())
        return;
    if (l->is_fenced) {
        l->epoch = (l->epoch > l->fence_epoch ? l->epoch : l->fence_epoch) + 1;
        l->is_fenced = false;
        for (size_t i = 0; i < l->n; i++) /* what the store says of it may be old */
            if (l->attempts[i].settled_at == 0 && !invocation_has_ended(l->invocations[i].status)) {
                l->invocations[i].status = INVOCATION_UNKNOWN;
                move_attempt(i, ATTEMPT_UNKNOWN);
            }
    }
    for (int h = 0; h < HOSTS; h++)
        if (l->hosts[h].state == HOST_BARRED && (w.quiet || once_in(4))) {
            if (w.machines[MACHINES - 1].exists && w.machines[MACHINES - 1].host == h) {
                kill_agent(&w.machines[MACHINES - 1]); /* the copy is turned off first */
                w.machines[MACHINES - 1].exists = false;
            }
            l->hosts[h] = (struct host){.name = l->hosts[h].name, .state = HOST_REGISTERED};
            snprintf(l->hosts[h].id, sizeof(l->hosts[h].id), "%s", name_of('h', h));
        }
    for (size_t i = 0; i < l->n; i++) {
        const struct truth *t = &w.truths[w.commands[i] % IDS];
        struct attempt *a = &l->attempts[i];
        enum settle_act act = t->ended && t->ok ? SETTLE_SUCCEEDED
                              : once_in(2)      ? SETTLE_RETRY
                                                : SETTLE_ABANDON;
        const struct settle_facts facts = {.attempt = a,
                                           .unprobed = true,
                                           .permitted_at =
                                               l->invocations[i].began_at == 0 && a->gone_at == 0
                                                   ? l->invocations[i].permitted_at
                                                   : 0,
                                           .now = server_now()};

        if (a->settled_at != 0 || settle_refusal(&w.arena, &facts, act) != NULL)
            continue;
        w.decisions++;
        tell(settle_act_text(act), -1, w.commands[i]);
        a->settled_at = server_now();
        a->decided_at = server_now();
        a->decision = act == SETTLE_SUCCEEDED ? settle_act_text(act) : "retry";
        if (act == SETTLE_SUCCEEDED)
            a->state = ATTEMPT_SUCCEEDED;
        if (l->invocations[i].status == INVOCATION_UNKNOWN)
            l->invocations[i].status =
                act == SETTLE_SUCCEEDED ? INVOCATION_SUCCESS : INVOCATION_FAILED;
        l->job.state = JOB_RUNNING;
    }
}

/* Faults ----------------------------------------------------------------------------------------- */

static void reboot(struct machine *m)
{
    kill_agent(m);
    for (int i = 0; i < COMMANDS; i++) {
        struct supervisor *s = &m->supervisors[i];

        if (s->runs)
            for (int k = m->n_records; k > 0; k--)
                if (m->records[k - 1].command % COMMANDS == i) {
                    stop_running(m->records[k - 1].command, false);
                    break;
                }
        s->runs = s->is_held = s->waits = s->is_orphan = false;
    }
    m->boot = ++w.next_boot;
}

/* The journal is gone; what has a folder is carried over, unless the whole disk is new. */
static void lose_journal(struct machine *m, bool disk)
{
    bool known[COMMANDS] = {false};
    int ids[COMMANDS] = {0};

    reboot(m);
    for (int i = 0; i < m->n_records; i++) {
        ids[m->records[i].command % COMMANDS] = m->records[i].command;
        known[m->records[i].command % COMMANDS] = true;
    }
    m->n_records = 0;
    m->number = 1;
    m->journal = ++w.next_journal;
    for (int i = 0; i < COMMANDS; i++) {
        if (disk)
            m->supervisors[i] = (struct supervisor){.is_held = false};
        else if (known[i] && m->supervisors[i].has_folder)
            record(m, AGENT_JOURNAL_CARRIED, ids[i], 0, 0);
    }
}

static void restore_snapshot(struct machine *m)
{
    struct machine old = w.snapshot;

    reboot(m);
    if (w.snapshot_of != (int)(m - w.machines))
        return;
    old.boot = m->boot;
    old.host = m->host;
    old.is_up = false;
    for (int i = 0; i < COMMANDS; i++) {
        old.supervisors[i].runs = old.supervisors[i].is_held = old.supervisors[i].waits = false;
        old.stages[i] = NONE;
    }
    *m = old;
}

static void copy_host(void)
{
    struct machine *copy = &w.machines[MACHINES - 1];

    if (copy->exists)
        return;
    *copy = w.machines[0];
    copy->boot = ++w.next_boot;
    copy->is_up = false;
    for (int i = 0; i < COMMANDS; i++) {
        struct supervisor *s = &copy->supervisors[i];
        s->runs = s->is_held = s->waits = s->is_orphan = false;
        copy->stages[i] = NONE;
    }
}

static void fault(void)
{
    struct machine *m = &w.machines[dice(HOSTS)];
    unsigned which = dice(14);

    tell(name_of('n', (int)which), (int)(m - w.machines), -1);
    switch (which) {
    case 0:
    case 1:
        kill_agent(m);
        break;
    case 2:
        for (int i = 0; i < COMMANDS; i++)
            m->supervisors[i].is_orphan = m->supervisors[i].is_orphan || m->supervisors[i].runs;
        break;
    case 3:
    case 4:
        reboot(m);
        break;
    case 5:
        lose_journal(m, false);
        break;
    case 6:
        lose_journal(m, true);
        break;
    case 7:
        w.snapshot = *m;
        w.snapshot_of = (int)(m - w.machines);
        break;
    case 8:
        restore_snapshot(m);
        break;
    case 9:
        copy_host();
        break;
    case 10:
        m->wall_off = (int64_t)dice(1200000) - 600000;
        break;
    case 11:
        w.server_off += (int64_t)dice(40000) - 20000; /* more is a jump, which people are told */
        break;
    case 12: /* the server dies; what was on its way to it is lost */
        w.n_notes = 0;
        w.down_until = w.now + dice(120000);
        break;
    default:
        if (!w.has_backup || once_in(2)) {
            w.backup = w.ledger;
            w.has_backup = true;
        } else { /* restored, and started with --restored */
            w.ledger = w.backup;
            w.ledger.is_fenced = true;
            w.n_notes = 0;
            w.down_until = w.now + 1000;
        }
        break;
    }
}

/* Playing ---------------------------------------------------------------------------------------- */

static void deliver(void)
{
    for (size_t i = 0; i < w.n_notes;) {
        struct note n = w.notes[i];

        if (n.at > w.now) {
            i++;
            continue;
        }
        w.notes[i] = w.notes[--w.n_notes];
        if (n.to >= 0) {
            struct machine *m = &w.machines[n.to];

            if (!m->exists || !m->is_up)
                continue;
            if (n.kind == OFFER)
                take_offer(m, &n);
            else if (n.kind == START_ANSWER)
                take_answer(m, &n);
            else if (n.kind == REPLY_OK) {
                enum stage *s = &m->stages[n.command % COMMANDS];
                if (*s == ACCEPTED && n.state == MESSAGE_REPLY_ACCEPTED)
                    *s = TOLD;
                else if ((*s == ENDING && n.state == MESSAGE_REPLY_FINISHED) ||
                         (*s == DECLINED && n.state == MESSAGE_REPLY_DECLINED) ||
                         (*s == LOST && n.state == MESSAGE_REPLY_UNKNOWN)) {
                    record(m, AGENT_JOURNAL_REPORTED, n.command, 0, 0);
                    *s = OVER;
                }
            }
            continue;
        }
        if (w.now < w.down_until || w.ledger.hosts[w.machines[n.from].host].suspended_at != 0)
            continue;
        if (n.kind == OBSERVE)
            hear_observe(&n);
        else if (n.kind == REPLY)
            hear_reply(&n);
        else if (n.kind == START)
            hear_start(&n);
    }
}

static void step(void)
{
    bool was_down = w.now < w.down_until;

    w.now += 500 + dice(w.quiet ? 3000 : 7000);
    if (was_down && w.now >= w.down_until)
        w.heard_since = server_now();
    deliver();
    for (int i = 0; i < MACHINES; i++) {
        struct machine *m = &w.machines[i];

        step_machine(m);
        if (m->exists && !m->is_up && (w.quiet || once_in(3)))
            start_agent(m);
    }
    if (w.now >= w.down_until) {
        step_server();
        if (once_in(3))
            decide();
    }
    if (!w.quiet && once_in(6))
        fault();
    /* A second copy of the server has the same key and another store. */
    if (!w.quiet && once_in(20))
        post((struct note){.kind = OFFER,
                           .from = -1,
                           .to = (int)dice(HOSTS),
                           .command = COMMANDS - 1,
                           .store = 1,
                           .epoch = 1000,
                           .start_by = w.now + 600000});
    arena_reset(&w.arena);
}

static void set_up_world(uint64_t seed)
{
    struct arena arena = w.arena;

    memset(&w, 0, sizeof(w));
    w.arena = arena;
    dice_state = seed * 2654435761u + 1;
    w.now = w.heard_since = 1000000000;
    w.snapshot_of = -1;
    w.ledger.deployment = (struct deployment){.id = 1,
                                              .repository = "acme/shop",
                                              .environment = "production",
                                              .release_number = 1,
                                              .state = DEPLOYMENT_DEPLOYING};
    w.ledger.job = (struct job){.name = "migrate",
                                .database = "shop",
                                .state = JOB_RUNNING,
                                .start_within_ms = START_BY_MS,
                                .max_parallel = 1,
                                .candidates = "h0,h1,h2"};
    for (int i = 0; i < HOSTS; i++) {
        w.machines[i] = (struct machine){.exists = true,
                                         .host = i,
                                         .journal = ++w.next_journal,
                                         .boot = ++w.next_boot,
                                         .number = 1,
                                         .is_up = true};
        w.ledger.hosts[i] = (struct host){.name = name_of('h', i), .state = HOST_REGISTERED};
        snprintf(w.ledger.hosts[i].id, sizeof(w.ledger.hosts[i].id), "%s", name_of('h', i));
    }
}

static void play(uint64_t seed)
{
    bool settled = true;

    set_up_world(seed);
    for (int i = 0; i < STEPS && w.trouble[0] == '\0'; i++)
        step();
    /* I12: when faults stop everything comes to its end, or to a person. */
    w.quiet = true;
    for (int i = 0; i < MACHINES; i++)
        w.machines[i].wall_off = 0;
    for (int i = 0; i < 400 && w.trouble[0] == '\0'; i++)
        step();
    for (size_t i = 0; i + 1 < w.ledger.n; i++)
        settled = settled && w.ledger.attempts[i].settled_at != 0;
    if (w.trouble[0] == '\0' && !settled)
        wrong("an attempt never came to its end", 0);
    if (w.trouble[0] != '\0')
        fail_msg("schedule %llu: %s", (unsigned long long)seed, w.trouble);
}

static void no_second_start_and_no_guessed_end(void **state)
{
    const char *asked = getenv("SLIPWAY_SCHEDULES"), *deep = getenv("SLIPWAY_DEEP");
    long n = asked != NULL                            ? strtol(asked, NULL, 10)
             : deep != NULL && strcmp(deep, "1") == 0 ? 20000
                                                      : 400;
    const char *one = getenv("SLIPWAY_SEED");
    long first = one != NULL ? strtol(one, NULL, 10) : 1;
    size_t starts = 0, decisions = 0;

    (void)state;
    arena_init(&w.arena);
    for (long seed = first; seed < first + n; seed++) {
        play((uint64_t)seed);
        starts += w.starts;
        decisions += w.decisions;
    }
    print_message("%ld schedules: %zu starts, %zu decisions of a person\n", n, starts, decisions);
    /* A simulator in which nothing happens proves nothing. */
    assert_true(starts > (size_t)n);
    assert_true(decisions > (size_t)n / 10);
    arena_deinit(&w.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_second_start_and_no_guessed_end),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
