/*
 * sim_machine: hosts of the simulator, each with its agent, its journal and the supervisors of its commands (migrate.md 4, 5).
 *
 * What the agent decides is asked of agent/guard and agent/observe_decide. A machine is a value: a snapshot or a copy of a
 * host is a copy of it, and no process of it runs there.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_MACHINE_H
#define SLIPWAY_TESTS_SUPPORT_SIM_MACHINE_H

#include "agent/agent_journal.h"
#include "tests/support/sim_journal.h"
#include "tests/support/sim_world.h"

enum sim_stage {
    SIM_NOWHERE,
    SIM_ACCEPTED,
    SIM_TOLD,
    SIM_ASKING,
    SIM_GOING, /* `started` is being written, the permit is in the hand */
    SIM_ASKING_AGAIN,
    SIM_RUNNING,
    SIM_ENDING,
    SIM_DECLINED,
    SIM_LOST,
    SIM_OVER
};

struct sim_supervisor {
    bool is_held;    /* the folder's lock */
    bool waits;      /* for its go */
    bool runs;       /* the command does */
    bool is_orphan;  /* killed; the command holds the lock */
    bool has_folder; /* on disk */
    bool is_cancelled;
    bool has_end, was_cancelled;
    int exit_code;
    time_ms ends_at;
};

/* Of one command on one machine. */
struct sim_command {
    enum agent_journal_kind last; /* where the journal ends about it */
    int nonce;                    /* that stands there */
    int64_t floor;                /* it was declined for its epoch */
    struct sim_supervisor supervisor;
    /* of the agent's process */
    enum sim_stage stage;
    time_ms asked_at, go_at, start_by;
};

struct sim_machine {
    bool exists, is_up; /* is_up: its agent runs */
    int host;           /* whose key it has */
    int journal, boot;
    int64_t number;
    int head; /* the newest line of its journal */
    struct sim_floor floors[SIM_DATABASES]
                           [SIM_FLOORS]; /* highest epochs in the journal, the highest first */
    struct sim_command commands[SIM_COMMANDS];
    time_ms observe_at, wall_off, still_until;
    time_ms observed_at;   /* the question whose answer it reads, 0 = none */
    char heard[SIM_HEARD]; /* in that answer */
};
extern struct sim_machine sim_machines[SIM_MACHINES];

void sim_machine_reset(void);
bool sim_machine_runs(int machine, int command);
void sim_machine_step(struct sim_machine *machine);
void sim_machine_take(struct sim_machine *machine, const struct sim_note *note);

/* Its agent's process dies; who waits for its go ends with it. */
void sim_machine_kill_agent(struct sim_machine *machine);
void sim_machine_start_agent(struct sim_machine *machine);

int sim_machine_number(const struct sim_machine *machine);
/* A command is not over, as far as its journal knows. */
bool sim_machine_has_open(const struct sim_machine *machine);
/* False: it may not stand there. `nonce` of the one asked for, `epoch` of an order that is genuine; else 0. */
bool sim_machine_record(struct sim_machine *machine, int command, enum agent_journal_kind kind,
                        int nonce, int64_t epoch);
/* Its supervisor writes the end, unless it was killed before. */
void sim_machine_client_ends(struct sim_machine *machine, int command, int exit_code);

#endif
