/* sim_world: see sim_world.h. */
#include "tests/support/sim_world.h"

#include <stdio.h>
#include <string.h>

#include "tests/support/sim_journal.h"

#define NOTES 256
#define NAMES 4096
#define SECOND INT64_C(1000)

struct sim sim;

static struct {
    uint64_t dice;
    struct sim_note notes[NOTES];
    size_t n_notes;
    unsigned sequence, newest[SIM_MACHINES + 1][SIM_MACHINES + 1];
    time_ms cut_off[SIM_MACHINES];
    bool traces;
} own;

#define TEXT(symbol, text) text,
static const char *const texts[SIM_HAPPENINGS_COUNT] = {SIM_HAPPENINGS(TEXT)};

const char *sim_world_text(enum sim_happening happening)
{
    return texts[happening];
}

void sim_world_reset(uint64_t seed)
{
    struct arena arena = sim.arena;
    int lacks = sim.lacks;

    memset(&sim, 0, sizeof(sim));
    sim.arena = arena;
    sim.lacks = lacks;
    sim.now = SIM_BEGIN_MS;
    sim_journal_reset();
    own.n_notes = 0;
    own.sequence = 0;
    memset(own.newest, 0, sizeof(own.newest));
    memset(own.cut_off, 0, sizeof(own.cut_off));
    own.dice = seed * UINT64_C(2654435761) + 1;
}

void sim_world_trace(bool on)
{
    own.traces = on;
}

unsigned sim_world_dice(unsigned sides)
{
    own.dice = own.dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (unsigned)(own.dice >> 33) % sides;
}

bool sim_world_once_in(unsigned n)
{
    return sim_world_dice(n) == 0;
}

const char *sim_world_name(char kind, int n)
{
    static const char kinds[] = "cjbnh";
    static char names[5][NAMES][8];
    size_t k = (size_t)(strchr(kinds, kind) - kinds);

    if (names[k][n % NAMES][0] == '\0')
        snprintf(names[k][n % NAMES], sizeof(names[k][0]), "%c%d", kind, n % NAMES);
    return names[k][n % NAMES];
}

void sim_world_count(enum sim_happening happening)
{
    sim.counts[happening]++;
}

void sim_world_wrong(const char *what, int command)
{
    if (sim.trouble[0] == '\0')
        snprintf(sim.trouble, sizeof(sim.trouble), "%s (command %d, at %lld s)", what, command,
                 (long long)((sim.now - SIM_BEGIN_MS) / SECOND));
}

void sim_world_tell(const char *what, int machine, int command)
{
    if (own.traces)
        printf("%6lld machine %2d command %2d: %s\n",
               (long long)((sim.now - SIM_BEGIN_MS) / SECOND), machine, command, what);
}

/* The truth -------------------------------------------------------------------------------------- */

bool sim_world_runs(int database)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (sim.truths[i].runs && sim.truths[i].database == database)
            return true;
    return false;
}

bool sim_world_is_migrated(int command)
{
    return sim.migrated[sim.truths[command].line][sim.truths[command].release];
}

bool sim_world_has_client(int command)
{
    return sim.truths[command].runs && sim.truths[command].alone_until == 0;
}

/* A person may abandon what still runs, and takes it upon himself; its own host does not begin another beside it (G7). */
static void begin_beside(int other, int command, int machine)
{
    const struct sim_truth *t = &sim.truths[other];

    if (!t->decided && !t->abandoned)
        sim_world_wrong("I11: another command runs on that database", command);
    else if (sim_world_has_client(other) && t->machine == machine)
        sim_world_wrong("G7: its host still runs another one of that database", command);
    else if (!t->abandoned)
        sim_world_wrong("I11: it was decided that nobody is there, and somebody is", command);
    else
        sim_world_count(SIM_BESIDE);
}

/* Was that right? */
void sim_world_begin(int command, int machine)
{
    struct sim_truth *t = &sim.truths[command];

    if (t->starts > 0)
        sim_world_wrong("I4: the same command began twice", command);
    for (int i = 0; i < sim.n_commands; i++)
        if (sim.truths[i].runs && sim.truths[i].database == t->database)
            begin_beside(i, command, machine);
    if (t->never)
        sim_world_wrong("it began, and was believed never to", command);
    if (t->decided)
        sim_world_wrong("it began after a person had decided that it is over", command);
    if (t->permit == 0)
        sim_world_wrong("I5: it began without a permit", command);
    sim_world_count(SIM_STARTS);
    t->starts++;
    t->runs = true;
    t->machine = machine;
    sim_journal_saw(SIM_ACT_BEGAN, command, machine);
}

void sim_world_end(int command, bool ok)
{
    struct sim_truth *t = &sim.truths[command];

    sim_world_tell(ok ? "ends well" : "ends badly", SIM_SERVER, command);
    t->runs = false;
    t->alone_until = 0;
    t->ended = true;
    t->ok = ok;
    if (ok)
        sim.migrated[t->line][t->release] = true;
}

void sim_world_client_dies(int command)
{
    sim_world_count(SIM_CLIENT_KILLED);
    if (!sim_world_once_in(2)) {
        sim_world_end(command, false);
        return;
    }
    sim_world_count(SIM_SQL_ALIVE);
    sim_world_tell("its client is dead, its SQL goes on", SIM_SERVER, command);
    sim.truths[command].alone_until = sim.now + SECOND + sim_world_dice(400000);
}

void sim_world_step(void)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (sim.truths[i].alone_until != 0 && sim.now >= sim.truths[i].alone_until)
            sim_world_end(i, !sim_world_once_in(3));
}

/* The network ------------------------------------------------------------------------------------ */

static bool is_cut_off(const struct sim_note *n)
{
    int machine = n->from == SIM_SERVER ? n->to : n->from;

    return !sim.quiet && sim.now < own.cut_off[machine];
}

void sim_world_cut_off(int machine, time_ms until)
{
    sim_world_count(SIM_CUT_OFF);
    own.cut_off[machine] = until;
}

void sim_world_post(struct sim_note note)
{
    int copies = sim.quiet ? 1 : sim_world_once_in(12) ? 0 : sim_world_once_in(12) ? 2 : 1;

    if (copies != 1)
        sim_world_count(copies == 0 ? SIM_DROPPED : SIM_DOUBLED);
    if (is_cut_off(&note))
        return;
    note.sequence = ++own.sequence;
    for (int i = 0; i < copies && own.n_notes < NOTES; i++) {
        time_ms delay = sim.quiet               ? 100
                        : sim_world_once_in(20) ? sim_world_dice(400000)
                                                : sim_world_dice(3000);

        if (delay > 60 * SECOND)
            sim_world_count(SIM_LATE);
        note.at = sim.now + delay;
        own.notes[own.n_notes++] = note;
    }
}

bool sim_world_due(struct sim_note *ret_note)
{
    for (size_t i = 0; i < own.n_notes; i++) {
        const struct sim_note n = own.notes[i];
        unsigned *newest = &own.newest[n.from + 1][n.to + 1];

        if (n.at > sim.now)
            continue;
        own.notes[i] = own.notes[--own.n_notes];
        if (n.sequence < *newest)
            sim_world_count(SIM_OVERTAKEN);
        else
            *newest = n.sequence;
        *ret_note = n;
        return true;
    }
    return false;
}

void sim_world_later(const struct sim_note *note, time_ms at)
{
    if (own.n_notes == NOTES)
        return;
    own.notes[own.n_notes] = *note;
    own.notes[own.n_notes++].at = at;
}

void sim_world_hang_up(int machine)
{
    for (size_t i = 0; i < own.n_notes;)
        if (own.notes[i].to == machine)
            own.notes[i] = own.notes[--own.n_notes];
        else
            i++;
}

void sim_world_lose(bool also_to_hosts)
{
    for (size_t i = 0; i < own.n_notes;)
        if (also_to_hosts || own.notes[i].to == SIM_SERVER)
            own.notes[i] = own.notes[--own.n_notes];
        else
            i++;
}
