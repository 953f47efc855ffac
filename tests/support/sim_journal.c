/* sim_journal: see sim_journal.h. */
#include "tests/support/sim_journal.h"

#include "tests/support/sim_world.h"

static struct {
    struct sim_entry lines[SIM_LINES_MAX + 1]; /* from 1 on */
    int n, eye;
} own;

void sim_journal_reset(void)
{
    own.n = 0;
    own.eye = 0;
}

static uint64_t mix(uint64_t seal, uint64_t value)
{
    seal = (seal ^ value) * UINT64_C(0x9e3779b97f4a7c15);
    return seal ^ seal >> 29;
}

static uint64_t seal_of(const struct sim_entry *e)
{
    uint64_t seal = mix(e->previous != 0 ? own.lines[e->previous].seal : 0, (uint64_t)e->at);

    seal = mix(seal, (uint64_t)e->number << 32 ^ (uint64_t)e->journal);
    seal = mix(seal, (uint64_t)(uint32_t)e->owner << 32 ^ (uint64_t)e->act);
    seal = mix(seal, (uint64_t)e->command << 32 ^ (uint64_t)e->line);
    seal = mix(seal, (uint64_t)e->release << 32 ^ (uint64_t)(uint32_t)e->what);
    return mix(seal, (uint64_t)e->more);
}

int sim_journal_add(int head, struct sim_entry entry)
{
    if (own.n == SIM_LINES_MAX) {
        sim_world_wrong("the simulator has no room for its journals", entry.command);
        return head;
    }
    entry.at = sim.now;
    entry.previous = head;
    entry.number = head != 0 ? own.lines[head].number + 1 : 1;
    entry.seal = seal_of(&entry);
    own.lines[++own.n] = entry;
    return own.n;
}

void sim_journal_saw(enum sim_act act, int command, int what)
{
    own.eye = sim_journal_add(own.eye, (struct sim_entry){.owner = SIM_EYE,
                                                          .act = act,
                                                          .command = command,
                                                          .what = what});
}

size_t sim_journal_count(void)
{
    return (size_t)own.n;
}

const struct sim_entry *sim_journal_at(int line)
{
    return &own.lines[line];
}

size_t sim_journal_read(int head, const struct sim_entry **ret)
{
    size_t n = 0;

    for (int i = head; i != 0; i = own.lines[i].previous)
        ret[n++] = &own.lines[i];
    for (size_t i = 0; i < n / 2; i++) {
        const struct sim_entry *other = ret[i];

        ret[i] = ret[n - 1 - i];
        ret[n - 1 - i] = other;
    }
    return n;
}

int sim_journal_is_sound(const struct sim_entry *e)
{
    const struct sim_entry *before;

    if (e->seal != seal_of(e))
        return 0;
    if (e->previous == 0)
        return e->number == 1;
    before = &own.lines[e->previous];
    return e->number == before->number + 1 && e->journal == before->journal &&
           (e->owner == SIM_SERVER) == (before->owner == SIM_SERVER);
}

struct sim_entry *sim_journal_tamper(int line)
{
    return &own.lines[line];
}
