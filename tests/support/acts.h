/*
 * acts: one good example of each act that the API has, in a stop_room where they can be done in this order.
 *
 * Whoever adds a route that changes something adds its line here (test_acts says so), and has tests by it:
 * it writes its line in the journal, a dry run leaves nothing, who may not is refused by every way in and leaves
 * nothing, and what goes in and out is what docs/openapi.yaml says.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_ACTS_H
#define SLIPWAY_TESTS_SUPPORT_ACTS_H

#include "server/api/routes.h"
#include "tests/support/stop_room.h"

struct act {
    const char *route;  /* its name in server/api/routes.c */
    const char *target; /* with its query */
    const char *body;   /* NULL = none */
    int status;         /* of the answer to who may */
    const char *line;   /* act of the journal's line */
};

extern const struct act acts[];
extern const size_t n_acts;

/* The room in which they can be done: releases r1 to r3 of acme/shop with #7, a rewritten branch of acme/site,
 * a stranger under the login li. */
void acts_room_up(struct stop_room *room);

const struct route *acts_route(const struct act *act);
const struct act *acts_of(const char *route); /* NULL = none */

/* Do it, over the cli socket as the server's own user; the answer's status
 * must be that of the table. */
void acts_do(struct stop_room *room, const struct act *act);
/* Ask for the act at `target` (its own, or with another query); `token` as in stop_room_ask(). */
struct stop_answer acts_ask(struct stop_room *room, const char *token, const struct act *act,
                            const char *target);

/* Its body as it is sent; "" if there is none. */
void acts_body(struct stop_room *room, const struct act *act, char *out, size_t size);

/* SHA-256 of all rows of all tables but the journal and the server's starts, hex. The time of a token's last use is left out. */
void acts_store_digest(struct stop_room *room, char ret_digest[65]);
/* How many rows the journal has. */
int64_t acts_journal_rows(struct stop_room *room);

#endif
