/* sim_check: see sim_check.h. */
#include "tests/support/sim_check.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/sim_journal.h"
#include "tests/support/sim_launch.h"
#include "tests/support/sim_ledger.h"
#include "tests/support/sim_machine.h"

#define NONCES 4096
#define OCCURRENCES 1024
#define WAITS_MS 700000 /* so long something may be under way when nothing fails any more */

/* The ledger's journal as it is now, oldest line first; what an old store forgot was asked when it was forgotten. */
static struct {
    const struct sim_entry *lines[SIM_LINES_MAX];
    size_t n;
    unsigned *ret_broken;
} ledger;

static void broken(int which, const char *what, int command)
{
    char text[160];

    snprintf(text, sizeof(text), "I%d: %s", which, what);
    sim_world_wrong(text, command);
    *ledger.ret_broken |= 1U << which;
}

static const struct sim_entry *line_at(size_t i)
{
    return sim_journal_at((int)i + 1);
}

/* The webhooks ------------------------------------------------------------------------------------ */

/* I1: each 2xx delivery has a row synced before the reply. Forgotten with an old store, it is there again when all is quiet. */
static void I1_each_2xx_delivery_has_a_row_synced_before_the_reply(void)
{
    bool is_written[SIM_DELIVERIES + 1] = {false};

    for (size_t i = 0; i < sim_journal_count(); i++) {
        const struct sim_entry *e = line_at(i);

        if (e->act == SIM_ACT_DELIVERY)
            is_written[e->what] = true;
        else if (e->act == SIM_ACT_ANSWERED && !is_written[e->what])
            broken(1, "answered 2xx before its row was synced", e->what);
    }
    memset(is_written, 0, sizeof(is_written));
    for (size_t i = 0; i < ledger.n; i++)
        if (ledger.lines[i]->act == SIM_ACT_DELIVERY) {
            if (is_written[ledger.lines[i]->what])
                broken(1, "a delivery has two rows", ledger.lines[i]->what);
            is_written[ledger.lines[i]->what] = true;
        }
    for (int d = 1; sim.is_over && d <= sim_github_count(); d++)
        if (sim_github_is_old(d) &&
            !(is_written[d] && sim_store_has_delivery(&sim_server.store, d)))
            broken(1, "a delivery was never recorded", d);
}

/* The ledger of migrations ------------------------------------------------------------------------ */

static bool settles(const struct sim_entry *e)
{
    return e->act == SIM_ACT_DECIDE ||
           (e->act == SIM_ACT_ATTEMPT && attempt_settles((enum attempt_state)e->what));
}

/* I2: at most one unsettled attempt per database. */
static void I2_at_most_one_unsettled_attempt_per_database(void)
{
    int unsettled[SIM_DATABASES] = {0};

    for (size_t i = 0; i < ledger.n; i++) {
        const struct sim_entry *e = ledger.lines[i];
        int *of = &unsettled[sim.truths[e->command].database];

        if (e->act == SIM_ACT_PLAN) {
            if (*of != 0)
                broken(2, "planned while another one of its database is unsettled", e->command);
            *of = e->command;
        } else if (settles(e) && *of == e->command) {
            *of = 0;
        }
    }
}

/* I3: at most one success per (database, release). */
static void I3_at_most_one_success_per_database_and_release(void)
{
    bool has[SIM_LINES][SIM_RELEASES] = {{false}};

    for (size_t i = 0; i < ledger.n; i++) {
        const struct sim_entry *e = ledger.lines[i];
        const struct sim_truth *t = &sim.truths[e->command];

        if ((e->act != SIM_ACT_DECIDE && e->act != SIM_ACT_ATTEMPT) ||
            e->what != (int)ATTEMPT_SUCCEEDED)
            continue;
        if (has[t->line][t->release])
            broken(3, "its release succeeded there before", e->command);
        has[t->line][t->release] = true;
    }
}

/* I4: each command id has at most one `started` over all journals. There ever were: lost and rolled back ones count. */
static void I4_each_command_id_has_at_most_one_started_over_all_journals(void)
{
    bool is_started[SIM_COMMANDS] = {false};

    for (size_t i = 0; i < sim_journal_count(); i++) {
        const struct sim_entry *e = line_at(i);

        if (e->act != SIM_ACT_RECORD || e->what != (int)AGENT_JOURNAL_STARTED)
            continue;
        if (is_started[e->command])
            broken(4, "`started` stands twice in what journals there were", e->command);
        is_started[e->command] = true;
    }
}

/* I5: no `started` without a permit for its nonce. */
static void I5_no_started_without_a_permit_for_its_nonce(void)
{
    int permitted[NONCES] = {0}; /* the command */

    for (size_t i = 0; i < sim_journal_count(); i++) {
        const struct sim_entry *e = line_at(i);

        if (e->act == SIM_ACT_PERMIT)
            permitted[e->what % NONCES] = e->command;
        else if (e->act == SIM_ACT_RECORD && e->what == (int)AGENT_JOURNAL_STARTED &&
                 (e->more == 0 || permitted[e->more % NONCES] != e->command))
            broken(5, "`started` without a permit for its nonce", e->command);
    }
}

/* The releases ------------------------------------------------------------------------------------ */

/* Persons who approved what starts there, up to that line of the journal, and have not taken it back; its maker is none. */
static int persons_for(const struct sim_entry *start, size_t end)
{
    unsigned persons = 0;
    int n = 0;

    for (size_t i = 0; i < end; i++) {
        const struct sim_entry *e = ledger.lines[i];
        bool is_its = e->line == start->line && e->release == start->release &&
                      e->what == start->what && e->more != SIM_MAKER;

        if (is_its && e->act == SIM_ACT_APPROVE)
            persons |= 1U << e->more;
        else if (is_its && e->act == SIM_ACT_WITHDRAW)
            persons &= ~(1U << e->more);
    }
    for (; persons != 0; persons &= persons - 1)
        n++;
    return n;
}

/* I6: each production start has its approvals for the same digest. */
static void I6_each_start_has_its_approvals_for_the_same_digest(void)
{
    int digest[SIM_LINES] = {0};

    for (size_t i = 0; i < ledger.n; i++) {
        const struct sim_entry *e = ledger.lines[i];

        if (e->act == SIM_ACT_CUT)
            digest[e->line] = e->what;
        if (e->act != SIM_ACT_START)
            continue;
        if (e->what != digest[e->line])
            broken(6, "it started by another plan than was cut", -e->line);
        if (persons_for(e, i) < sim_launch_needs(e->line))
            broken(6, "it started without its approvals", -e->line);
    }
}

/* What the journal told last. */
struct told {
    enum attempt_state attempts[SIM_COMMANDS];
    enum invocation_status invocations[SIM_COMMANDS];
    bool is_settled[SIM_COMMANDS];
    enum sim_act lines[SIM_LINES];
};

/* What is unknown comes to nothing else by itself. */
static bool is_true_end(enum attempt_state s)
{
    return s == ATTEMPT_SUCCEEDED || s == ATTEMPT_FAILED || s == ATTEMPT_NOT_STARTED;
}

static void tell_attempt(struct told *t, const struct sim_entry *e)
{
    enum attempt_state *is = &t->attempts[e->command], to = (enum attempt_state)e->what;

    if (t->is_settled[e->command])
        broken(7, "a settled attempt was changed", e->command);
    if (*is == ATTEMPT_FAILED && e->act != SIM_ACT_DECIDE)
        broken(7, "a failed attempt became another one", e->command);
    if (*is == ATTEMPT_UNKNOWN && e->act != SIM_ACT_DECIDE && !is_true_end(to))
        broken(7, "an unknown attempt came to no end", e->command);
    t->is_settled[e->command] = settles(e);
    *is = to;
}

static void tell_invocation(struct told *t, const struct sim_entry *e)
{
    enum invocation_status *is = &t->invocations[e->command];

    if (invocation_has_ended(*is))
        broken(7, "what had ended became something else", e->command);
    *is = (enum invocation_status)e->what;
}

/* Cut, started, ended; or cut and undone. */
static void tell_line(struct told *t, const struct sim_entry *e)
{
    enum sim_act *is = &t->lines[e->line];
    bool is_waiting = *is == SIM_ACT_CUT, is_going = *is == SIM_ACT_START;
    bool may = e->act == SIM_ACT_CUT   ? !is_waiting && !is_going
               : e->act == SIM_ACT_END ? is_going
                                       : is_waiting;

    if (!may)
        broken(7, "a deployment that had ended became something else", -e->line);
    *is = e->act;
}

static void tell(struct told *t, const struct sim_entry *e)
{
    switch (e->act) {
    case SIM_ACT_ATTEMPT:
    case SIM_ACT_DECIDE:
        tell_attempt(t, e);
        break;
    case SIM_ACT_INVOCATION:
        tell_invocation(t, e);
        break;
    case SIM_ACT_CUT:
    case SIM_ACT_START:
    case SIM_ACT_UNDO:
    case SIM_ACT_END:
        tell_line(t, e);
        break;
    default:
        break;
    }
}

/* I7: terminal states never change, except unknown to a true end. The rows stand as they were told. */
static void I7_terminal_states_never_change_except_unknown_to_a_true_end(void)
{
    struct told t = {.lines = {SIM_ACT_END, SIM_ACT_END, SIM_ACT_END}};

    for (size_t i = 0; i < ledger.n; i++)
        tell(&t, ledger.lines[i]);
    for (int c = 0; c < sim.n_commands; c++) {
        struct sim_place p;

        if (sim_store_find(&sim_server.store, c, &p) &&
            (p.attempt->state != t.attempts[c] || p.invocation->status != t.invocations[c] ||
             (p.attempt->settled_at != 0) != t.is_settled[c]))
            broken(7, "its row is not as it was told", c);
    }
}

/* I8: one decision per occurrence. When all is quiet each that is over has one, and each start stands on its own. */
static void I8_one_decision_per_occurrence(void)
{
    int decided[SIM_LINES][OCCURRENCES] = {{0}};

    for (size_t i = 0; i < ledger.n; i++) {
        const struct sim_entry *e = ledger.lines[i];

        if (e->act == SIM_ACT_OCCURRENCE && e->what < OCCURRENCES) {
            if (decided[e->line][e->what] != 0)
                broken(8, "an occurrence was decided twice", -e->what);
            decided[e->line][e->what] = e->more != 0 ? e->more : -1;
        } else if (e->act == SIM_ACT_START && (e->more != 0) != (sim_launch_every(e->line) != 0)) {
            broken(8, "it started at no occurrence", -e->line);
        } else if (e->act == SIM_ACT_START && e->more != 0 && e->more < OCCURRENCES &&
                   decided[e->line][e->more] != e->release) {
            broken(8, "it started at an occurrence that was decided otherwise", -e->more);
        }
    }
    for (int l = 0; sim.is_over && l < SIM_LINES; l++)
        for (int o = 1; sim_launch_every(l) != 0 && o < OCCURRENCES &&
                        sim_launch_over_at(o) + WAITS_MS < sim_ledger_now();
             o++)
            if (decided[l][o] == 0)
                broken(8, "an occurrence was never decided", -o);
}

/* The outside ------------------------------------------------------------------------------------- */

/*
 * I9: one visible GitHub comment per intent.
 *
 * Nothing in Slipway writes a comment, or anything else at GitHub, yet: there is none to be seen twice. What does leave the
 * ledger for the outside is a command, and the same is held of it: nobody outside sees one that no ledger meant, or that was
 * meant for another host, and what was meant once is seen to begin once.
 */
static void I9_nothing_is_seen_outside_but_what_was_meant_and_that_once(void)
{
    int meant_for[SIM_COMMANDS] = {0}; /* a host, from 1 on */
    bool is_begun[SIM_COMMANDS] = {false};

    for (size_t i = 0; i < sim_journal_count(); i++) {
        const struct sim_entry *e = line_at(i);

        if (e->act == SIM_ACT_PLAN) {
            if (meant_for[e->command] != 0)
                broken(9, "two intents have one command id", e->command);
            meant_for[e->command] = e->what + 1;
        } else if (e->act == SIM_ACT_RECORD &&
                   meant_for[e->command] != sim_machines[e->owner].host + 1) {
            broken(9, "a host has what no ledger meant for it", e->command);
        } else if (e->act == SIM_ACT_BEGAN) {
            if (is_begun[e->command])
                broken(9, "what was meant once was seen to begin twice", e->command);
            is_begun[e->command] = true;
        }
    }
}

/* I10: the journal's chain verifies. Of each journal there ever was, and each ends where its owner says. */
static void I10_the_journals_chain_verifies(void)
{
    for (size_t i = 0; i < sim_journal_count(); i++)
        if (!sim_journal_is_sound(line_at(i)))
            broken(10, "the chain of a journal breaks", line_at(i)->number);
    for (int i = 0; i < SIM_MACHINES; i++) {
        const struct sim_machine *m = &sim_machines[i];
        const struct sim_entry *last = m->head != 0 ? sim_journal_at(m->head) : NULL;

        if (m->exists &&
            (last == NULL ? m->number != 1
                          : m->number != last->number + 1 || m->journal != last->journal))
            broken(10, "a host's journal does not end where it says", i);
    }
}

/* I11: no host runs two commands of one track. Nor of one database (G7). */
static void I11_no_host_runs_two_commands_of_one_track(void)
{
    int on[SIM_COMMANDS] = {0}; /* machine, from 1 on; 0 = it does not run */

    for (size_t i = 0; i < sim_journal_count(); i++) {
        const struct sim_entry *e = line_at(i);

        if (e->act == SIM_ACT_GONE && on[e->command] == e->what + 1)
            on[e->command] = 0;
        if (e->act != SIM_ACT_BEGAN)
            continue;
        for (int c = 0; c < sim.n_commands; c++)
            if (on[c] == e->what + 1 && sim.truths[c].database == sim.truths[e->command].database)
                broken(11, "its host still runs another one of its track", e->command);
        on[e->command] = e->what + 1;
    }
}

/* The simulator has no room for another attempt of it. */
static bool is_played_out(const struct sim_line *line)
{
    return line->n == SIM_LINE_COMMANDS || sim_server.next_command + 1 == SIM_FOREIGN ||
           line->deployment.release_number >= SIM_RELEASES;
}

/* When an attempt on that database was last planned or settled: who waits for his turn there waits for them. */
static time_ms last_turn(int database)
{
    const struct sim_store *s = &sim_server.store;
    time_ms at = 0;

    for (int l = 0; l < SIM_LINES; l++)
        for (size_t i = 0; s->lines[l].database == database && i < s->lines[l].n; i++) {
            const struct attempt *a = &s->lines[l].attempts[i];

            at = a->planned_at > at ? a->planned_at : at;
            at = a->settled_at > at ? a->settled_at : at;
        }
    return at;
}

/* It has begun and not ended, and its database was nobody's turn for so long. */
static bool stands_still(const struct sim_line *line, time_ms since)
{
    return line->deployment.state == DEPLOYMENT_DEPLOYING && !is_played_out(line) &&
           line->deployment.started_at < since && last_turn(line->database) < since;
}

/* I12: when faults stop, everything is terminal or waits for a named person. Here persons act: so nothing waits for long. */
static void I12_when_faults_stop_everything_is_terminal_or_waits_for_a_person(void)
{
    const struct sim_store *s = &sim_server.store;
    time_ms since = sim_ledger_now() - WAITS_MS;

    for (int l = 0; sim.is_over && l < SIM_LINES; l++) {
        const struct sim_line *line = &s->lines[l];

        for (size_t i = 0; i < line->n; i++)
            if (line->attempts[i].settled_at == 0 &&
                (i + 1 < line->n || line->attempts[i].planned_at < since))
                broken(12, "an attempt never came to its end", line->commands[i]);
        if (line->deployment.state == DEPLOYMENT_WAITING && line->deployment.cut_at < since)
            broken(12, "a deployment waits for nobody", -l);
        if (stands_still(line, since))
            broken(12, "a deployment goes on for nobody", -l);
    }
    for (int d = 0; sim.is_over && d < SIM_DATABASES; d++)
        if (s->databases[d].is_fenced && s->databases[d].fenced_at < since)
            broken(12, "a fence stands for nobody", -d);
}

/* Those that the ledger's journal and its rows tell of. */
static void check_ledger(unsigned *ret_broken)
{
    ledger.n = sim_journal_read(sim_server.store.journal, ledger.lines);
    ledger.ret_broken = ret_broken;
    I1_each_2xx_delivery_has_a_row_synced_before_the_reply();
    I2_at_most_one_unsettled_attempt_per_database();
    I3_at_most_one_success_per_database_and_release();
    I6_each_start_has_its_approvals_for_the_same_digest();
    I7_terminal_states_never_change_except_unknown_to_a_true_end();
    I8_one_decision_per_occurrence();
}

void sim_check_forgotten(void)
{
    check_ledger(&sim.forgotten);
}

void sim_check_schedule(void)
{
    check_ledger(&sim.broken);
    I4_each_command_id_has_at_most_one_started_over_all_journals();
    I5_no_started_without_a_permit_for_its_nonce();
    I9_nothing_is_seen_outside_but_what_was_meant_and_that_once();
    I10_the_journals_chain_verifies();
    I11_no_host_runs_two_commands_of_one_track();
    I12_when_faults_stop_everything_is_terminal_or_waits_for_a_person();
}
