/*
 * host: a machine that runs commands. Online and silent are derived from when it was last heard;
 * the rest is what somebody decided.
 */
#ifndef SLIPWAY_LIB_MODEL_HOST_H
#define SLIPWAY_LIB_MODEL_HOST_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/states.h"

#define HOST_STATES(X)                                                                             \
    X(HOST_REGISTERED, "registered", 1u << 1 | 1u << 2 | 1u << 3)                                  \
    X(HOST_DRAINED, "drained", 1u << 0 | 1u << 2 | 1u << 3)                                        \
    X(HOST_BARRED, "barred", 1u << 0 | 1u << 3)                                                    \
    X(HOST_DEREGISTERED, "deregistered", 0)

enum host_state { HOST_STATES(STATES_ENUM) HOST_STATES_COUNT };
extern const struct state_entry host_states[HOST_STATES_COUNT];

/* A host not heard for so long is silent (migrate.md 4); a lost one of a running command is Unknown later. */
#define HOST_SILENT_AFTER_MS 60000
#define HOST_UNKNOWN_AFTER_MS 300000

/* From this protocol on a host asks for a permit and keeps an epoch floor: without, no migrate job (lib/ssm/envelope). */
#define HOST_PROTOCOL_PERMIT 2
/* ... and runs commands of AWS callers (decision 31). */
#define HOST_PROTOCOL_DOOR 2

struct host {
    char id[21]; /* mi- and 17 hex digits */
    const char *name;
    enum host_state state;
    const char *activation_id;
    time_ms registered_at;
    time_ms seen_at;           /* 0 = never heard */
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
};

static inline bool host_is_online(const struct host *h, time_ms now)
{
    return h->seen_at != 0 && now - h->seen_at < HOST_SILENT_AFTER_MS;
}

#endif
