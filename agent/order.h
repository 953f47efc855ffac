/*
 * order: is what came here a command for this host, and may it still begin? (migrate.md 4, G3, G4, G5, G8)
 *
 * The questions are the same whoever carried it: a message of the door (run) or a script of another agent (once).
 * Signature by a key that is believed, command, store, host, the very document that was signed; then start-by, the epoch
 * floor, strict mode and the users that its steps run as.
 */
#ifndef SLIPWAY_AGENT_ORDER_H
#define SLIPWAY_AGENT_ORDER_H

#include <stdbool.h>

#include "agent/agent_config.h"
#include "agent/agent_journal.h"
#include "agent/key_chain.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"

struct order {
    const char *id; /* of the command, as whoever carried it says */
    struct message_command command;
    struct envelope envelope;
    struct document document;
    bool is_genuine; /* the envelope is the server's, and for this host: its epoch was seen */
    int64_t floor;   /* declined for its epoch: what this host has seen; 0 = not for that */
};

/* What the next functions need to know of this host. */
struct order_host {
    const char *state;
    const struct agent_config *config;
    struct key_chain *keys;
    struct agent_journal *journal;
};

/* Is it the server's, for this host, and whole? `order->id` is given. ERR_DENIED and ERR_INVALID say why not. */
int order_open(struct arena *arena, const struct order_host *host, const char *payload, time_ms now,
               struct order *order, struct err *err);

/* The longest that an order may wait (TimeoutSeconds, 30 days), and a day for clocks. */
#define ORDER_AHEAD_MS ((time_ms)31 * 24 * 3600 * 1000)

/* May it begin now? ERR_TIMEOUT: start-by has passed. */
int order_check(struct arena *arena, const struct order_host *host, time_ms now,
                struct order *order, struct err *err);

/* Its folder, then the record `accepted`: from here on it is this host's. ERR_BUSY: the folder cannot be made, so it is
 * not; else the journal cannot be written, and nothing may go on. */
int order_claim(struct arena *arena, const struct order_host *host, time_ms now,
                const struct order *order, struct err *err);

/* Its like was forgotten (compact.h): nobody knows whether it was here. Asked before order_check(), whose word would be that it
 * never began. */
bool order_is_forgotten(const struct order_host *host, const struct order *order);
#define ORDER_FORGOTTEN                                                                            \
    "it had to begin more than 30 days ago, and this host keeps no longer what it ran; it may have run it"

/* The record `declined`: it will never run here. */
int order_decline(const struct order_host *host, time_ms now, const struct order *order,
                  const char *why, struct err *err);

#endif
