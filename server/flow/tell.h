/*
 * tell: the promise of an environment, said anew when the plan says something else than people were told.
 *
 * Part of the schedule room. Each making, moving and withdrawal is one row, one journal line and one line
 * of the log, whatever caused it: a merge, an approval, a freeze, an edit of the configuration (F4).
 */
#ifndef SLIPWAY_SERVER_FLOW_TELL_H
#define SLIPWAY_SERVER_FLOW_TELL_H

#include "lib/base/err.h"

struct bulk;
struct bulk_item;
struct look;
struct outlook;

/* `subject`: REPO/ENVIRONMENT. */
int tell_promise(struct look *look, struct bulk *bulk, struct bulk_item *item,
                 const struct outlook *outlook, const char *environment, const char *subject,
                 struct err *err);

#endif
