/*
 * carrier: takes commands to hosts by AWS SSM, and brings back what AWS says of them. An agent's voice for hosts that poll
 * nowhere (design.md 5; migrate.md 9).
 *
 * To the flow nothing is new. It releases a command; the carrier writes down that it is to be sent, asks AWS to send it,
 * and looks how it goes; what AWS says is stored as the host's own word, and judged where the words of agents are. So
 * states, pace, budget, history and page are one. What is different is said in docs/aws.md.
 *
 * A thread of its own, on which alone AWS is asked, one question at a time; nobody waits for it. Everything that it knows
 * lies in the store (sends): killed at any point it goes on from there, and looks for what it may have sent before it sends
 * anything again. After a question without an answer AWS is left alone for a while, and longer each time.
 */
#ifndef SLIPWAY_SERVER_FLOW_CARRIER_H
#define SLIPWAY_SERVER_FLOW_CARRIER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct carrier;
struct clock;
struct snapshots;
struct aws_client_counts;
struct writer;

struct carrier_options {
    const char *store; /* path of the store: it opens a connection of its own */
    struct clock *clock;
    struct writer *writer;
    struct snapshots *snapshots;
    void (*ring)(void *arg);                          /* the flow's doorbell */
    void (*tell)(void *arg, bool hosts, bool output); /* pages: what changed */
    void *arg;
    struct aws_client_counts *counts; /* outlives it; NULL = nobody counts */
    int64_t settle_ms; /* what AWS knows nothing of for so long was never sent; 0 = a minute */
};

int carrier_start(const struct carrier_options *options, struct carrier **ret_carrier,
                  struct err *err);
/* Ends its thread within about a second; it may still be rung. Accepts NULL. */
void carrier_stop(struct carrier *carrier);
/* After that, when nobody is left who rings: neither the flow nor the writer. Accepts NULL. */
void carrier_free(struct carrier *carrier);

/* A command was released, or is to be ended. Any thread, never waits. Accepts NULL. */
void carrier_ring(struct carrier *carrier);

struct carrier_report {
    bool wanted; /* the configuration has roles by ssm, or something of earlier ones is open */
    time_ms answered_at; /* AWS last answered; 0 = not yet in this process */
    size_t open;         /* commands that AWS has, or may have */
    char endpoint[256];  /* where it asks, "" = nowhere */
    char trouble[256];   /* why the last round was not whole; "" = it was */
};
void carrier_report(struct carrier *carrier, struct carrier_report *ret_report);

#endif
