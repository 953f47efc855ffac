/*
 * launch: a cut that may start at once: deployment, start and its first jobs are one move, and its first commands the next.
 *
 * Where no `cut-off` lies between cut and start, the plan is asked once more, as if the cut were written: the same
 * function, the same instant, the facts that the cut was judged by. If it says start, rows are written in the states
 * that they would have after it; the journal has a line for each step, as ever. The first commands are those that
 * lib/rules/progress releases when it is asked in the same way; they follow in the same post (handout.h). So nobody's
 * command waits for three more looks, and between cut and start there is no instant at which a crash could find them
 * apart.
 *
 * What is not plain is left to the rooms: rollbacks, late hosts, more rows than one slice, a track that may be busy.
 */
#ifndef SLIPWAY_SERVER_FLOW_LAUNCH_H
#define SLIPWAY_SERVER_FLOW_LAUNCH_H

#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct bulk;
struct bulk_item;
struct config_environment;
struct cut;
struct deployment;
struct ground;
struct look;
struct moves;
struct outlook;
struct verdict;

/* `moves`: what was judged; `*ret_launched` false = it does not start now, and nothing was added to the bulk. */
int launch_try(struct bulk *bulk, struct bulk_item *item, struct ground *ground, struct cut *cut,
               const struct moves *moves, bool *ret_launched, struct err *err);

/* With this deployment started, as `before` was judged: nothing is to be done for its environment before `*ret_next`; false =
 * that is not known without looking. */
bool launch_rests(struct look *look, const struct outlook *before,
                  const struct config_environment *environment, const struct deployment *started,
                  time_ms *ret_next);

/* Does it wait for a host that is silent, lacks something, or is not there? */
bool launch_waits_for_signs(const struct verdict *verdict);

#endif
