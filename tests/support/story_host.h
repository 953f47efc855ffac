/*
 * story_host: a host in a story. It speaks the real wire at the door (registration, session and messages are
 * those of slipway-agent) and only pretends to run what it is told, as its script says.
 *
 *      turn:   what it runs goes on by the clock  ->  tell what is not told yet  ->  poll  ->  observe
 *
 * It starts nothing before the server knows that it took it. It has a disk: what it took and how far it came. A host that is silent goes on working and tells the rest when
 * it is heard again. It counts each start (I4).
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STORY_HOST_H
#define SLIPWAY_TESTS_SUPPORT_STORY_HOST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/base/names.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/document.h"

#define STORY_HOST_RUNS_MAX 64
#define STORY_HOST_SCRIPTS_MAX 8

struct clock;
struct session;
struct sign_rsa;

/* How a job goes on this host. */
enum story_host_way {
    STORY_HOST_SUCCEEDS,
    STORY_HOST_FAILS,         /* its first step ends with 1 */
    STORY_HOST_UNWELL,        /* all steps but the health check are good */
    STORY_HOST_NOTHING_TO_DO, /* `migrate=none` */
    STORY_HOST_TWICE,         /* succeeds, and says each word three times, once under another id */
    STORY_HOST_FALLS_SILENT,  /* nobody hears it from the start on; it goes on and succeeds */
    STORY_HOST_LOSES_POWER,   /* the machine goes down in the middle: its end cannot be proven */
    STORY_HOST_DECLINES,      /* it will never run it */
    STORY_HOST_STUBBORN,      /* succeeds, and does not hear that it is to end */
    STORY_HOST_GOES_DOWN_FIRST, /* the machine goes down when the server knows that it took it, before it asks */
    STORY_HOST_LOCKED_OUT, /* the application's lock is held by somebody else: `migrate=unknown` */
};

enum story_host_stage {
    STORY_HOST_ACCEPTED,
    STORY_HOST_STARTED,
    STORY_HOST_ENDED, /* finished, unknown or declined */
};

/* One command that it took. Texts live in the host's arena. */
struct story_host_run {
    char command_id[NAMES_UUID_SIZE];
    const char *job;
    const char *repository;
    const char *environment;
    int64_t release;
    const char *sha;
    const char *database; /* NULL unless it is a migrate job's */
    int64_t epoch;
    struct document document;
    enum story_host_way way;
    enum story_host_stage stage; /* the truth */
    int told;                    /* how many stages the server has heard of */
    int starts;                  /* 0 or 1 */
    int times_handed;            /* how often its message came */
    bool cancelled;              /* it was told to end it, and did: its process group is gone */
    int64_t floor; /* declined, for its epoch: the highest this host has seen; 0 = not for that */
    char nonce[NAMES_UUID_SIZE]; /* of the permit it asked for; "" = not yet */
    time_ms start_by;
    time_ms started_at;
    time_ms ended_at;
    time_ms heard_at; /* last word about it */
};

struct story_host_script {
    const char *job;
    enum story_host_way way;
    int64_t takes_ms;
};

struct story_host {
    struct arena arena;
    const char *name;
    const char *state; /* its folder */
    struct agent_config config;
    struct sign_rsa *rsa;
    struct session *session;
    struct httpc *httpc; /* keeps its connection, as the agent's does */
    struct clock *clock;
    atomic_bool stop;
    char journal_id[NAMES_UUID_SIZE];
    char boot_id[NAMES_UUID_SIZE];
    int64_t record_number;
    bool silent;
    const char *
        misses; /* answers with a command of this job are lost on their way to it; NULL = none are */
    int n_missed;                /* so many were */
    bool powerless;              /* silent, and nothing goes on */
    const char *loses_permit_of; /* job, NULL = none: ... */
    int permits_lost;            /* so many answers about its permit do not arrive */
    time_ms mute_until;          /* its polls arrive, and what it says of commands does not */
    time_ms observed_at;
    struct story_host_script scripts[STORY_HOST_SCRIPTS_MAX];
    size_t n_scripts;
    struct story_host_run runs[STORY_HOST_RUNS_MAX];
    size_t n_runs;
    const char *
        prints; /* at its beginning, as a note of its results and as the reason of its end; NULL = begins */
    const char *probe_pending; /* what a probe says here; NULL = 0 */
    const char *probe_holders;
};

/* What an activation printed. */
struct story_host_activation {
    const char *url;
    const char *id, *code, *key, *store;
};

/* Registers with a state folder of its own below `folder`. Fails the test if it cannot. */
void story_host_up(struct story_host *host, const char *name, const char *folder,
                   struct clock *clock, const struct story_host_activation *activation);
/* Accepts zeroed memory. */
void story_host_down(struct story_host *host);

/* The door is elsewhere now. */
void story_host_finds(struct story_host *host, const char *url);

/* How `job` goes from now on; another way replaces it. */
void story_host_script(struct story_host *host, const char *job, enum story_host_way way,
                       int64_t takes_ms);
/* Nobody hears it; it goes on. */
void story_host_falls_silent(struct story_host *host);
/* Heard again. After a loss of power with another boot id. */
void story_host_comes_back(struct story_host *host);

/* Its disk is that of when it had taken its last command and not asked yet: it knows no more of what came after. */
void story_host_restore(struct story_host *host);

/* One turn at the clock's time. After how many ms it wants another one; 0 = it has nothing to run or to tell. A
 * door that does not answer is tried again at the next turn. */
int64_t story_host_turn(struct story_host *host);

/* It has nothing to run or to tell, is handed nothing, and says that it is there; false: that is not so, it wants its turn. */
bool story_host_rests(struct story_host *host);

/* How often that job of that release was started on it (any environment). */
size_t story_host_starts(const struct story_host *host, const char *job, int64_t release);

/* What one of its commands printed arrives now, with this number among its chunks. */
void story_host_prints(struct story_host *host, const struct story_host_run *run, int64_t number,
                       const char *text);

#endif
