/* sim_fault: see sim_fault.h. */
#include "tests/support/sim_fault.h"

#include "tests/support/sim_check.h"
#include "tests/support/sim_flow.h"
#include "tests/support/sim_github.h"
#include "tests/support/sim_harm.h"
#include "tests/support/sim_ledger.h"
#include "tests/support/sim_people.h"
#include "tests/support/sim_world.h"

#define STEPS 260
#define QUIET_STEPS 400

static struct {
    struct sim_machine snapshot;
    int snapshot_of; /* -1 = there is none */
    struct sim_store backup;
    bool has_backup;
    bool is_forgetful; /* nobody says that a backup was restored; one host, whose disk is kept */
} kept;

/* Faults ----------------------------------------------------------------------------------------- */

static void fault_of_host(struct sim_machine *m, unsigned which)
{
    int number = (int)(m - sim_machines);

    switch (which) {
    case 0:
    case 1:
        sim_machine_kill_agent(m);
        break;
    case 2:
        sim_harm_stand_still(m);
        break;
    case 3:
        sim_harm_kill_supervisors(m);
        break;
    case 4:
        sim_harm_kill_clients(m);
        break;
    case 5:
        sim_harm_reboot(m);
        break;
    case 6:
        sim_harm_lose_journal(m, sim_world_once_in(2));
        break;
    case 7:
        kept.snapshot = *m;
        kept.snapshot_of = number;
        break;
    case 8:
        if (kept.snapshot_of == number &&
            !(sim_world_once_in(2) && sim_harm_resume(m, &kept.snapshot)))
            sim_harm_restore(m, &kept.snapshot);
        break;
    case 9:
        sim_harm_copy(&sim_machines[SIM_MACHINES - 1], &sim_machines[0]);
        break;
    case 10:
        sim_world_cut_off(number, sim.now + 1000 + sim_world_dice(300000));
        break;
    default:
        sim_world_count(SIM_HOST_CLOCK);
        m->wall_off = sim_world_once_in(2) ? 0 : (time_ms)sim_world_dice(1200000) - 600000;
        break;
    }
}

static void kill_server(time_ms down)
{
    sim_world_count(SIM_SERVER_KILLED);
    sim_world_lose(sim_world_once_in(2));
    sim_ledger_down(sim.now + down);
    for (int i = 0; i < SIM_MACHINES; i++)
        if (sim_world_once_in(2))
            sim_machines[i].observe_at = sim.now; /* its poll broke off */
}

static void fault_of_server(unsigned which)
{
    switch (which) {
    case 0:
        sim_world_count(SIM_SERVER_CLOCK);
        sim_server.off +=
            (time_ms)sim_world_dice(40000) - 20000; /* more is a jump, which people are told */
        break;
    case 1:
        kill_server(sim_world_dice(120000));
        break;
    default:
        if (!kept.has_backup || sim_world_once_in(2)) {
            kept.backup = sim_server.store;
            kept.has_backup = true;
        } else {
            sim_check_forgotten();
            sim_ledger_restore(&kept.backup, !kept.is_forgetful);
            kill_server(1000);
        }
        break;
    }
}

static void fault(void)
{
    unsigned which = sim_world_dice(15), host = sim_world_dice(SIM_HOSTS);

    sim_world_tell(sim_world_name('n', (int)which), SIM_SERVER, 0);
    if (kept.is_forgetful && which >= 6 && which <= 9)
        return;
    if (which < 12)
        fault_of_host(&sim_machines[kept.is_forgetful ? 0 : host], which);
    else
        fault_of_server(which - 12);
}

/* A copy of the server has the same key and another store; it commands what it likes. */
static void second_server(void)
{
    bool known = sim_server.next_command > 0 && sim_world_once_in(2);

    sim_world_post((struct sim_note){
        .kind = SIM_OFFER,
        .from = SIM_SERVER,
        .to = (int)sim_world_dice(SIM_HOSTS),
        .command = known ? 1 + (int)sim_world_dice((unsigned)sim_server.next_command) : SIM_FOREIGN,
        .store = 1,
        .epoch = 1000,
        .start_by = sim.now + 600000});
}

/* Playing ---------------------------------------------------------------------------------------- */

static void deliver(void)
{
    struct sim_note n;

    while (sim_world_due(&n))
        if (n.to == SIM_SERVER)
            sim_ledger_hear(&n);
        else
            sim_machine_take(&sim_machines[n.to], &n);
}

/* The writer stands still between a decision and its transaction. */
static void hold_writer(void)
{
    sim.now += sim_world_dice(sim_world_once_in(4) ? 600000 : 5000);
    deliver();
    if (sim_world_once_in(3))
        sim_people_step();
}

static void step(void)
{
    sim.now += 500 + sim_world_dice(sim.quiet ? 3000 : 7000);
    sim_world_step();
    sim_github_step();
    deliver();
    for (int i = 0; i < SIM_MACHINES; i++) {
        struct sim_machine *m = &sim_machines[i];

        sim_machine_step(m);
        if (m->exists && !m->is_up && (sim.quiet || sim_world_once_in(3)))
            sim_machine_start_agent(m);
    }
    if (sim_ledger_is_up()) {
        sim_github_serve(&sim_server.store);
        sim_flow_step(!sim.quiet && sim_world_once_in(8) ? hold_writer : NULL);
        if (sim_world_once_in(3))
            sim_people_step();
    }
    if (!sim.quiet && sim_world_once_in(6))
        fault();
    if (!sim.quiet && sim_world_once_in(20))
        second_server();
    arena_reset(&sim.arena);
}

const char *sim_fault_play(uint64_t seed)
{
    sim_world_reset(seed);
    sim_machine_reset();
    sim_ledger_reset();
    sim_github_reset();
    kept.snapshot_of = -1;
    kept.has_backup = false;
    kept.is_forgetful = seed % 4 == 3;
    for (int i = 1; i < SIM_MACHINES && kept.is_forgetful; i++)
        sim_machines[i].exists = false;
    for (int i = 0; i < STEPS && sim.trouble[0] == '\0'; i++)
        step();
    /* I12: when faults stop everything comes to its end, or to a person. */
    sim.quiet = true;
    for (int i = 0; i < SIM_MACHINES; i++)
        sim_machines[i].wall_off = sim_machines[i].still_until = 0;
    for (int i = 0; i < QUIET_STEPS && sim.trouble[0] == '\0'; i++)
        step();
    sim.is_over = sim.trouble[0] == '\0';
    sim_check_schedule();
    return sim.trouble[0] != '\0' ? sim.trouble : NULL;
}
