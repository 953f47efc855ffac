/*
 * host: a machine that runs commands. Online and silent are derived from when it was last heard;
 * the rest is what somebody decided. Drained is a fact of its own: a host may be barred beside it, and is still
 * drained when its journal was accepted.
 */
#ifndef SLIPWAY_LIB_MODEL_HOST_H
#define SLIPWAY_LIB_MODEL_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/config.h"
#include "lib/model/states.h"

#define HOST_STATES(X)                                                                             \
    X(HOST_REGISTERED, "registered", 1u << 1 | 1u << 2)                                            \
    X(HOST_BARRED, "barred", 1u << 0 | 1u << 2)                                                    \
    X(HOST_DEREGISTERED, "deregistered", 0)

enum host_state { HOST_STATES(STATES_ENUM) HOST_STATES_COUNT };
extern const struct state_entry host_states[HOST_STATES_COUNT];

/* A host not heard for so long is silent (migrate.md 4); a lost one of a running command is Unknown later. */
#define HOST_SILENT_AFTER_MS 60000
#define HOST_UNKNOWN_AFTER_MS 300000
/* Amazon's agent pings every five minutes and does not poll while its queue is full: two of its intervals. */
#define HOST_PING_LOST_AFTER_MS 600000

/* From this protocol on a host asks for a permit and keeps an epoch floor: without, no migrate job (lib/ssm/envelope). */
#define HOST_PROTOCOL_PERMIT 2
/* ... and runs commands of AWS callers (decision 31). */
#define HOST_PROTOCOL_DOOR 2

struct host {
    char id[21]; /* mi- and 17 hex digits; of AWS i-... or mi-... */
    const char *name;
    enum host_state state;
    bool by_ssm;               /* AWS carries what is said to it; else it polls here */
    const char *activation_id; /* NULL by ssm */
    time_ms registered_at;
    time_ms drained_at;        /* in no snapshot from then on; 0 = it is not drained */
    time_ms seen_at;           /* 0 = never heard */
    time_ms came_at;           /* heard again after a silence, 0 = it never was silent */
    time_ms put_back_at;       /* a person undrained it or accepted its journal, 0 = never */
    const char *agent;         /* as it says, NULL */
    const char *platform;      /* as it says, NULL */
    const char *platform_type; /* as it says, NULL: Linux, MacOS, Windows */
    const char *computer_name; /* as it says, NULL */
    const char *ip_address;    /* as it says, NULL */
    int64_t protocol;          /* of Slipway.*, 0 = another agent */
    const char *journal_id;    /* NULL until observed */
    const char *boot_id;
    int64_t record_number;
    const char *earlier_boot_id;  /* before `boot_id`, NULL */
    const char *doubt;            /* for people: why it is barred, or its key suspended; NULL */
    const char *doubt_journal_id; /* the other journal that spoke under its key, NULL */
    time_ms suspended_at;         /* its key opens nothing; 0 = it does */
    const char *strict; /* it runs only what lies on its own disk: the digest of that list; NULL */
    struct config_pairs tags; /* where they were asked for: of its activation, never what it says */
};

static inline bool host_is_in_use(const struct host *h)
{
    return h->state == HOST_REGISTERED && h->drained_at == 0;
}

/* When it last came: registered, heard after a silence, put back. */
static inline time_ms host_came_at(const struct host *h)
{
    time_ms at = h->came_at > h->registered_at ? h->came_at : h->registered_at;

    return h->put_back_at > at ? h->put_back_at : at;
}

/* Of one that was found by tags: silent for so long that nobody waits for it any more (P7). */
static inline time_ms host_gone_at(const struct host *h, int64_t gone_after_ms)
{
    return (h->seen_at != 0 ? h->seen_at : h->registered_at) + gone_after_ms;
}

static inline bool host_is_online(const struct host *h, time_ms now)
{
    return h->seen_at != 0 && now - h->seen_at < HOST_SILENT_AFTER_MS;
}

/*
 * What AWS callers are told of it (ssm-wire.md 9.3). slipway-agent polls all the time, also when it has no room, and is
 * lost as soon as it is silent. Of another agent a full queue looks like silence: it is there until two pings are missing.
 * Deployments ask host_is_online(): they want one that takes their commands now.
 */
static inline bool host_has_pinged(const struct host *h, time_ms now)
{
    return host_is_online(h, now) ||
           (h->protocol == 0 && h->seen_at != 0 && now - h->seen_at < HOST_PING_LOST_AFTER_MS);
}

#endif
