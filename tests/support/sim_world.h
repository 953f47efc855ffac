/*
 * sim_world: the small world in which the migrate machine is simulated: what is true, what is counted, the network.
 *
 * The rules that play are the product's own: of the server permit, doubt, floor, status, migrate, progress, settle, approvals,
 * occurrences and the watermark; of the host guard and observe_decide. Stores, journals, processes and the network are models. What is true is kept apart from what
 * anybody knows: at each start it is asked whether that start was right, at each end that the server believes by itself
 * whether it is true, and at each attempt whether another one was unsettled. One seed is one schedule. The parts: sim_github
 * (deliveries), sim_machine (hosts), sim_store (the server's disk), sim_ledger (what it hears), sim_launch and sim_flow (its
 * looks), sim_people, sim_harm, sim_fault; sim_history judges at the instant, sim_check all that sim_journal kept when it is over.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SIM_WORLD_H
#define SLIPWAY_TESTS_SUPPORT_SIM_WORLD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/message_reply.h"

#define SIM_HOSTS 3    /* registered */
#define SIM_MACHINES 4 /* the last one is a copy of the first, once there is one */
#define SIM_DATABASES 2
#define SIM_LINES 3 /* repositories, each to one environment; the first two share a database */
#define SIM_COMMANDS 40
#define SIM_FOREIGN (SIM_COMMANDS - 1) /* of the second server; the others are 1.. */
#define SIM_RELEASES 128               /* of one line: each takes a command, or was cancelled */
#define SIM_SERVER (-1)
#define SIM_BEGIN_MS INT64_C(1000000000) /* when a schedule begins */
#define SIM_HEARD 48
#define SIM_FLOORS 4 /* epochs of a database that a host tells */

/* What has to be met in some schedule, or the simulator proves nothing about it. */
#define SIM_HAPPENINGS(X)                                                                          \
    X(SIM_DROPPED, "message dropped")                                                              \
    X(SIM_DOUBLED, "message doubled")                                                              \
    X(SIM_CUT_OFF, "host cut off for minutes")                                                     \
    X(SIM_LATE, "message late by more than a minute")                                              \
    X(SIM_OVERTAKEN, "message overtaken by a later one")                                           \
    X(SIM_AGENT_KILLED, "agent killed while a command was open")                                   \
    X(SIM_AGENT_STOOD, "agent stood still while a command was open")                               \
    X(SIM_HELD_UP, "start held up for longer than a permit lives")                                 \
    X(SIM_SUPERVISOR_KILLED, "supervisor killed, its command went on")                             \
    X(SIM_CLIENT_KILLED, "command killed")                                                         \
    X(SIM_SQL_ALIVE, "command dead, its SQL alive")                                                \
    X(SIM_REBOOTED, "host rebooted while a command ran")                                           \
    X(SIM_JOURNAL_LOST, "journal lost, folders kept")                                              \
    X(SIM_DISK_NEW, "host made anew")                                                              \
    X(SIM_ROLLED_BACK, "host restored from a snapshot, its journal went back")                     \
    X(SIM_RESUMED, "host resumed from a live snapshot")                                            \
    X(SIM_COPIED, "host copied, both alive")                                                       \
    X(SIM_UNSEEN, "lock and outcome could not be looked at")                                       \
    X(SIM_HOST_CLOCK, "clock of a host stepped")                                                   \
    X(SIM_SERVER_CLOCK, "clock of the server stepped")                                             \
    X(SIM_SERVER_KILLED, "server killed")                                                          \
    X(SIM_RESTORED, "store restored from a backup, work was forgotten")                            \
    X(SIM_FORGOT, "the same, and nobody told the server")                                          \
    X(SIM_NOTICED, "which it noticed by what a host had seen")                                     \
    X(SIM_SECOND_SERVER, "order of a second server refused")                                       \
    X(SIM_STALE_WRITE, "decision on what was no longer so refused")                                \
    X(SIM_HELD_DATABASE, "its turn has not come, another attempt holds the database")              \
    X(SIM_HELD_BY_OTHERS, "the same, of another repository")                                       \
    X(SIM_NOT_CLEAR, "its turn has not come, somebody was seen in the database")                   \
    X(SIM_TWO_DECIDED, "attempt refused by the store, another one was planned meanwhile")          \
    X(SIM_PERMIT, "permit given")                                                                  \
    X(SIM_PERMIT_AGAIN, "permit given again to the same question")                                 \
    X(SIM_PERMIT_REFUSED, "permit refused")                                                        \
    X(SIM_TOO_LATE, "declined, its start-by had passed")                                           \
    X(SIM_BEHIND, "declined, its epoch was behind")                                                \
    X(SIM_HOST_HOLDS, "declined, its host still runs another one of that database")                \
    X(SIM_BESIDE, "began beside what a person had abandoned, on another host")                     \
    X(SIM_NOT_BEGUN, "supervisor did not begin, the permit was too old")                           \
    X(SIM_BARRED, "host barred")                                                                   \
    X(SIM_SUSPENDED, "key suspended")                                                              \
    X(SIM_SAID_AGAIN, "observation that came late, said again")                                    \
    X(SIM_ASKED, "host asked about what it never answered")                                        \
    X(SIM_ASKED_FOR_NOTHING, "unknown, then proven not to have started")                           \
    X(SIM_UNKNOWN, "outcome unknown")                                                              \
    X(SIM_LATE_TRUTH, "unknown, then its true end came")                                           \
    X(SIM_PROVED, "proved by a probe")                                                             \
    X(SIM_NOT_STARTED, "proven not to have started")                                               \
    X(SIM_CANCELLED, "deployment cancelled")                                                       \
    X(SIM_CANCEL_RUNNING, "command ended by a cancel while it ran")                                \
    X(SIM_MARKED, "a person marked it")                                                            \
    X(SIM_RETRIED, "a person wanted another attempt")                                              \
    X(SIM_ABANDONED, "a person abandoned it")                                                      \
    X(SIM_ABANDONED_ALIVE, "a person abandoned it while its client ran")                           \
    X(SIM_DECISION_REFUSED, "a person's decision refused")                                         \
    X(SIM_DECIDED_WHILE_OTHERS_RUN, "a person decided while something ran elsewhere")              \
    X(SIM_REFUSED_WHILE_IT_RAN, "a person's decision refused while it ran in the database")        \
    X(SIM_FOUND_IN_LIST, "delivery found in GitHub's list")                                        \
    X(SIM_APPROVED, "a person approved")                                                           \
    X(SIM_TAKEN_BACK, "an approval taken back")                                                    \
    X(SIM_START_REFUSED, "start refused, its approvals or its time were no longer so")             \
    X(SIM_MISSED, "occurrence that was missed")                                                    \
    X(SIM_STARTED, "deployment started")                                                           \
    X(SIM_STARTS, "commands that began")                                                           \
    X(SIM_RELEASED, "releases that migrated")

#define SIM_ENUM(symbol, text) symbol,
enum sim_happening { SIM_HAPPENINGS(SIM_ENUM) SIM_HAPPENINGS_COUNT };
const char *sim_world_text(enum sim_happening happening);

enum sim_kind {
    SIM_OFFER,
    SIM_CANCEL,
    SIM_REPLY,
    SIM_REPLY_OK,
    SIM_START,
    SIM_START_ANSWER,
    SIM_OBSERVE,
    SIM_OBSERVE_OK,
    SIM_PROBE,
    SIM_PROBE_ANSWER
};

/* An epoch that a host has seen, and whose it was. */
struct sim_floor {
    int64_t epoch; /* 0 = none */
    int command;
};

/* A message under way. */
struct sim_note {
    enum sim_kind kind;
    time_ms at;
    int from, to; /* machines, SIM_SERVER */
    unsigned sequence;
    int command, nonce, journal, boot, store;
    time_ms asked_at; /* an answer belongs to its question: the agent waits for one at a time */
    int64_t record, epoch, floor;
    time_ms start_by;
    enum message_reply_state state;
    int exit_code;         /* of a command that ended */
    char heard[SIM_HEARD]; /* of an observation: what the server answered last */
    uint64_t open;         /* of an observation: commands that the journal has not finished with */
    struct sim_floor
        floors[SIM_DATABASES]
              [SIM_FLOORS]; /* of an observation; of a question those of its database */
    bool yes, was_cancelled;
    int64_t pending, holders;
};

/* The truth about a command. */
struct sim_truth {
    int starts;     /* how often it began */
    int journalled; /* how often `started` was written, over all journals there ever were (I4) */
    int permit;     /* the nonce that was answered yes (I5) */
    int line, release, database; /* of its attempt */
    int machine;                 /* where it began */
    bool runs;                   /* in the database */
    time_ms alone_until;         /* its client is dead, its SQL goes on until then; 0 = no */
    bool ended, ok;
    bool never;     /* the server believes by itself that it never began */
    bool decided;   /* a person said what becomes of it */
    bool abandoned; /* and took it upon himself that it may still run */
};

/* More that may be left out: SIM_LACKS(n, i) is the i-th other guard of In. */
#define SIM_LACKS(invariant, other) ((invariant) + 16 * (other))
#define SIM_LACKS_PLAN SIM_LACKS(6, 1)  /* a start is of the plan that was cut */
#define SIM_LACKS_ASKED SIM_LACKS(7, 1) /* a probe speaks of what is unknown alone */
#define SIM_LACKS_END SIM_LACKS(7, 2)   /* what is unknown comes to its end alone */

struct sim {
    time_ms now;
    bool quiet;         /* no more faults */
    bool is_over;       /* it was played to its end */
    unsigned broken;    /* what the checker says: bit n is In */
    unsigned forgotten; /* the same, of what an old store forgot */
    int lacks; /* what guards that invariant is left out: for the checker's own test; 0 = nothing */
    int n_commands; /* one more than the highest there was; nothing is kept of the foreign one */
    struct sim_truth truths[SIM_COMMANDS];
    bool migrated[SIM_LINES][SIM_RELEASES]; /* in the database */
    int next_nonce, next_journal, next_boot;
    size_t counts[SIM_HAPPENINGS_COUNT];
    struct arena arena;
    char trouble[200];
};
extern struct sim sim;

/* Begin again. The arena stays. */
void sim_world_reset(uint64_t seed);
void sim_world_trace(bool on); /* say what happens */

unsigned sim_world_dice(unsigned sides);
bool sim_world_once_in(unsigned n);
const char *sim_world_name(char kind, int n); /* c command, j journal, b boot, n nonce, h host */

void sim_world_count(enum sim_happening happening);
void sim_world_wrong(const char *what, int command);
void sim_world_tell(const char *what, int machine, int command);

/* The truth. */
bool sim_world_runs(int database);       /* anything, in it */
bool sim_world_is_migrated(int command); /* its release is */
void sim_world_begin(int command, int machine);
bool sim_world_has_client(int command); /* it runs, and not only its SQL */
void sim_world_end(int command, bool ok);
void sim_world_client_dies(int command); /* its SQL may go on */
void sim_world_step(void);               /* SQL that is alone comes to its end */

/* The network: dropped, doubled, delayed, overtaken. */
void sim_world_post(struct sim_note note);
/* The next one that is due; false: there is none. */
bool sim_world_due(struct sim_note *ret_note);
void sim_world_later(const struct sim_note *note, time_ms at); /* whom it is for stands still */
void sim_world_lose(bool also_to_hosts);
/* What was on its way there came over connections of a machine that is no more. */
void sim_world_hang_up(int machine);
void sim_world_cut_off(int machine, time_ms until);

#endif
