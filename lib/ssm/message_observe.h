/*
 * message_observe: the body of Slipway.Observe, what a host knows of itself: which journal, which
 * boot, how far, which commands are open, which epochs it has seen, what it would run if it is strict. At
 * its start and each 5 minutes. The host builds, the door reads. Pure; texts lie in the arena.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_OBSERVE_H
#define SLIPWAY_LIB_SSM_MESSAGE_OBSERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/ssm/message_floor.h"
#include "lib/ssm/message_reply.h"

#define MESSAGE_OBSERVE_OPEN_MAX 200
#define MESSAGE_OBSERVE_DOCUMENTS_MAX 1000
#define MESSAGE_OBSERVE_HEARD_SIZE 192

struct message_observe_command {
    const char *command_id;
    enum message_reply_state state; /* accepted, started, finished (not reported yet), unknown */
};

struct message_observe {
    const char *journal_id;
    const char *boot_id;
    int64_t record_number;
    int64_t protocol;
    const char *agent_version;
    const char
        *key; /* the newest signing key that it believes, base64url; NULL = it does not say */
    const char *
        heard; /* what the server said last that it knows of it, "" = nothing yet; NULL = it does not say */
    struct message_observe_command *open;
    size_t n_open;
    struct message_floor *floors;
    size_t n_floors;
    bool strict; /* it runs only these documents, by the digests of their exact bytes, in hex */
    const char **documents;
    size_t n_documents;
};

int message_observe_make(struct arena *arena, const struct message_observe *observe,
                         const char **ret_body, struct err *err);
int message_observe_parse(struct arena *arena, const char *body, size_t len,
                          struct message_observe *ret_observe, struct err *err);

#endif
