/* sim_harm: see sim_harm.h. */
#include "tests/support/sim_harm.h"

#include <string.h>

void sim_harm_stand_still(struct sim_machine *m)
{
    if (m->is_up && sim_machine_has_open(m))
        sim_world_count(SIM_AGENT_STOOD);
    m->still_until = sim.now + 1000 + sim_world_dice(900000);
}

void sim_harm_kill_supervisors(struct sim_machine *m)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].supervisor.runs) {
            sim_world_count(SIM_SUPERVISOR_KILLED);
            m->commands[i].supervisor.is_orphan = true;
        }
}

void sim_harm_kill_clients(struct sim_machine *m)
{
    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].supervisor.runs) {
            sim_world_client_dies(i);
            sim_machine_client_ends(m, i, 137);
        }
}

/* Nothing of it runs; what it had sent to the database may. */
static void stop_all(struct sim_machine *m, bool counts)
{
    for (int i = 0; i < sim.n_commands; i++) {
        struct sim_supervisor *s = &m->commands[i].supervisor;

        if (s->runs && counts) {
            sim_world_count(SIM_REBOOTED);
            sim_world_client_dies(i);
            sim_journal_saw(SIM_ACT_GONE, i, sim_machine_number(m));
        }
        s->runs = s->is_held = s->waits = s->is_orphan = false;
        m->commands[i].stage = SIM_NOWHERE;
    }
}

void sim_harm_reboot(struct sim_machine *m)
{
    sim_machine_kill_agent(m);
    stop_all(m, true);
    m->boot = ++sim.next_boot;
}

/* What has a folder is carried over, unless the whole disk is new. A damaged journal is found by the next agent, and what it
 * had started may run on meanwhile. */
void sim_harm_lose_journal(struct sim_machine *m, bool disk)
{
    if (disk)
        sim_world_hang_up(sim_machine_number(m));
    if (disk || sim_world_once_in(2))
        sim_harm_reboot(m);
    else
        sim_machine_kill_agent(m);
    sim_world_count(disk ? SIM_DISK_NEW : SIM_JOURNAL_LOST);
    m->number = 1;
    m->head = sim.lacks == 10 ? m->head : 0;
    memset(m->floors, 0, sizeof(m->floors));
    m->journal = ++sim.next_journal;
    for (int i = 0; i < sim.n_commands; i++) {
        struct sim_command *c = &m->commands[i];
        bool carries = !disk && c->last != AGENT_JOURNAL_NONE && c->supervisor.has_folder;

        c->last = AGENT_JOURNAL_NONE;
        c->nonce = 0;
        c->floor = 0;
        if (disk)
            c->supervisor = (struct sim_supervisor){.has_folder = false};
        if (carries)
            (void)sim_machine_record(m, i, AGENT_JOURNAL_CARRIED, 0, 0);
    }
}

void sim_harm_restore(struct sim_machine *m, const struct sim_machine *snapshot)
{
    struct sim_machine old = *snapshot;

    sim_world_hang_up(sim_machine_number(m));
    sim_harm_reboot(m);
    if (old.journal == m->journal && old.number < m->number)
        sim_world_count(SIM_ROLLED_BACK);
    old.boot = m->boot;
    old.host = m->host;
    old.exists = true;
    old.is_up = false;
    old.still_until = 0;
    stop_all(&old, false);
    *m = old;
}

bool sim_harm_resume(struct sim_machine *m, const struct sim_machine *snapshot)
{
    struct sim_machine old = *snapshot;

    if (old.boot != m->boot || !old.is_up)
        return false;
    for (int i = 0; i < sim.n_commands; i++)
        if (old.commands[i].supervisor.runs || old.commands[i].supervisor.waits)
            return false;
    for (int i = 0; i < sim.n_commands; i++)
        if (m->commands[i].supervisor.runs) {
            sim_world_client_dies(i);
            sim_journal_saw(SIM_ACT_GONE, i, sim_machine_number(m));
        }
    sim_world_count(SIM_RESUMED);
    old.exists = true;
    *m = old;
    return true;
}

void sim_harm_copy(struct sim_machine *copy, const struct sim_machine *machine)
{
    if (copy->exists)
        return;
    sim_world_count(SIM_COPIED);
    *copy = *machine;
    copy->boot = ++sim.next_boot;
    copy->is_up = false;
    copy->still_until = 0;
    stop_all(copy, false);
}
