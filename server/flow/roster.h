/*
 * roster: what GitHub says of people: whose a login is, and who is in a team (A4).
 *
 * Nobody who decides waits for the network. A question is answered from what is known, which is kept for a minute;
 * what is not known is asked on the roster's own thread (the courier for people), and whoever asked is told that it is
 * not known yet and to come again in a second. What is used is asked anew after half a minute, so that who works does
 * not wait at each minute's end. An answer that GitHub did not give is no answer: after a minute nobody is in a team.
 *
 * Memberships are asked for an account's present login, which is asked of GitHub by its number first: a login may
 * have changed hands.
 *
 * Any thread asks. Without a token (`github.token` NULL) there is no roster: NULL everywhere, and a team is not known.
 */
#ifndef SLIPWAY_SERVER_FLOW_ROSTER_H
#define SLIPWAY_SERVER_FLOW_ROSTER_H

#include <stdint.h>

#include "lib/base/err.h"
#include "lib/rules/rights.h"
#include "server/flow/courier.h"

struct clock;
struct config;
struct roster;
struct writer;

struct roster_options {
    struct courier_options github;
    struct clock *clock; /* outlives it */
    struct writer *writer;
};

int roster_start(const struct roster_options *options, struct roster **ret_roster, struct err *err);
/* Ends its thread within about a second. Accepts NULL. */
void roster_stop(struct roster *roster);

/* Is this account in ORG/SLUG? Never waits. */
enum rights_member roster_in_team(struct roster *roster, int64_t account, const char *team);

/* Bind this login to whoever has it at GitHub now; in a second it stands in the store, if there is somebody.
 * Never waits. Asked again within a minute it does nothing. */
void roster_bind(struct roster *roster, const char *login);
/* All logins of the configuration that nobody is bound to yet. */
struct db;
int roster_bind_all(struct roster *roster, struct db *db, const struct config *config,
                    struct err *err);

/* Why the last question got no answer; "" = it got one. Copied to `ret_text`. */
void roster_trouble(struct roster *roster, char *ret_text, size_t size);

#endif
