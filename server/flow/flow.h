/*
 * flow: the one thread that decides. Table of contents of the way through (design.md 2):
 *
 *      collect    what hosts said                 -> invocations, steps, results     collect.c
 *      record     deliveries                      -> pull requests, timeline         record.c
 *      reconcile  the mirrors                     -> releases, numbered              reconcile.c
 *      schedule   candidates, time, the gate      -> cut, start, undo                schedule.c
 *      deploy     the cut itself                  -> deployment, jobs, commands      deploy.c
 *      dispatch   running deployments             -> releases commands, ends jobs    dispatch.c
 *                 commands of AWS callers         -> releases them, ends them        dispatch_door.c
 *
 * Each room has the same heart: load facts on the read-only connection, decide (lib/rules), post the
 * moves to the writer. A move is a compare-and-set with its journal line in the same transaction, so a
 * decision on stale facts fails and is made again at the next look. Nothing is remembered here that a
 * restart would lose; the reconcile room's requests under way are simply asked again. What a look judges is on the
 * agenda (agenda.h): what is due, and what the news (news.h) or a move of another room concerns.
 *
 * flow_look() does one round of all rooms and says when to look again. server/loop.c calls it when a
 * doorbell rings, the keeper answers, or that time has come; the story runner calls it by hand.
 */
#ifndef SLIPWAY_SERVER_FLOW_FLOW_H
#define SLIPWAY_SERVER_FLOW_FLOW_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "server/flow/news.h"
#include "server/flow/record_pace.h"

struct agenda;
struct arena;
struct bulk;
struct clock;
struct db;
struct keeper;
struct offer;
struct reconcile;
struct signer;
struct snapshot;
struct snapshots;
struct writer;

/* What changed, for those who watch (SSE topics). */
enum flow_topic {
    FLOW_DELIVERIES = 1u << 0,
    FLOW_RELEASES = 1u << 1,
    FLOW_DEPLOYMENTS = 1u << 2,
    FLOW_HOSTS = 1u << 3,
};

/* A span in which nobody looked: the server was down, or the clock went over it. */
struct flow_unattended {
    time_ms from; /* half-open */
    time_ms to;
    const char *why; /* a constant; NULL = there is none */
};

struct flow {
    struct clock *clock;
    struct db *db; /* read-only, the flow's own */
    struct writer *writer;
    struct keeper *keeper; /* NULL in tests without mirrors */
    struct snapshots *snapshots;
    struct signer *signer; /* of envelopes */
    const char *store_id;
    const char *mirrors; /* folder of the bare mirrors */
    time_ms
        heard_since; /* the server listens since, or the clock jumped then; nobody is silent before
                          * (migrate.md 4) */
    time_ms
        woke_at; /* the machine, or this process, slept until then and nobody was heard; 0 = it did not */
    time_ms
        wakes_at; /* the loop sleeps until then, by the machine's clock; 0 = there is no such loop */
    time_ms looked_at;  /* when it began its last look; where a loop sleeps, when it came to rest */
    int64_t clock_skew; /* wall clock minus monotonic clock at the last look */
    bool clock_known;   /* there was a look */
    bool timed; /* nothing woke the loop but the time that the last look named: there are no news */
    struct agenda *agenda;             /* when what is to be judged; owned */
    struct news news;                  /* up to where the store is known */
    struct bulk *bulks;                /* under way, the oldest first (bulk_line.h); owned */
    struct flow_unattended unattended; /* the last one */

    /* Told after the commit. */
    void (*ring_host)(void *arg, const char *host_id); /* a command waits for it; any thread */
    /* Does it wait for a command at this moment? Then, once that was committed, this one is handed to it; false: it
     * waits no more. Any thread. NULL where there is no door, both. */
    bool (*host_waits)(void *arg, const char *host_id);
    bool (*hand_to_host)(void *arg, const struct offer *offer);
    void (*tell)(void *arg, unsigned topics); /* enum flow_topic */
    void *arg;

    struct reconcile *reconcile; /* mirrors being asked; owned */
    /* Deliveries whose attempt is counted and did not end in this process. */
    int64_t recording[RECORD_PACE_MAX];
    size_t n_recording;
    struct record_pace record_pace;
};

/* Nobody is called silent, or lost, for what it did not say before. */
static inline time_ms flow_heard_since(const struct flow *flow)
{
    return flow->woke_at > flow->heard_since ? flow->woke_at : flow->heard_since;
}

/* One look of all rooms, with the configuration in force now. `ret_next` = when to look again at the
 * latest, by the wall clock; VERDICT_NEVER = at an event. ERR_CONFLICT never leaves a room: it looks
 * again. Other errors end the server. At rest all is written; as long as more is due, by the machine's clock, some of it
 * may be under way (bulk_line.h). */
int flow_look(struct flow *flow, time_ms *ret_next, struct err *err);
/* There will be no look any more: nothing is left under way. */
void flow_end(struct flow *flow);

/* Judge everything, whatever the agenda says. Right after a flow_look() that came to rest nothing may move by it, and
 * nothing may change earlier than that said: for tests, which find by it what somebody forgot to touch. */
int flow_look_at_all(struct flow *flow, bool *ret_moved, time_ms *ret_next, struct err *err);

/* What a room sees in one look. Its arena lives as long as the look. */
struct look {
    struct flow *flow;
    const struct snapshot *snapshot;
    struct arena *arena;
    time_ms now;
    time_ms next; /* earliest instant at which something may change */
    bool moved;   /* something was written */
    bool unrest;  /* ... and what comes of it is not known: look again at once */
    bool started; /* a deployment did */
    bool more;    /* the agenda has more that is due now */
    bool whole;   /* everything is judged, not only what the agenda has for now */
};

/* Look again at `at`. */
void look_again(struct look *look, time_ms at);

/* Post `fn` and wait for its commit. ERR_CONFLICT (facts were stale) becomes 0 and another look. */
int look_write(struct look *look, int (*fn)(struct db *db, void *arg, struct err *err), void *arg,
               unsigned topics, struct err *err);

/* The same for several; each that was stale is looked at again. */
struct writer_job;
int look_write_jobs(struct look *look, struct writer_job *jobs, size_t n, unsigned topics,
                    struct err *err);

/* The journal line of a move, inside its transaction: actor slipway, way timer. `detail` is a JSON
 * object or NULL. */
int look_journal(struct db *db, time_ms now, const char *act, const char *subject,
                 const char *detail, const char *reason, struct err *err);

int collect_look(struct look *look, struct err *err);
bool record_rests(struct look *look); /* ... and looks again when that is over */
int record_look(struct look *look, struct err *err);
int reconcile_look(struct look *look, struct err *err);
int schedule_look(struct look *look, struct err *err);
int dispatch_look(struct look *look, struct err *err);
int dispatch_door_look(struct look *look, struct err *err);

void reconcile_free(struct reconcile *reconcile);
/* The keeper owes an answer. Accepts NULL. */
bool reconcile_is_asking(const struct reconcile *reconcile);

#endif
