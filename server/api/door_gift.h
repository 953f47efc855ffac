/*
 * door_gift: a command on its way to a poll that waits for it, with all that its answer needs.
 *
 * Who hands it over has read it already; the poll asks the store for nothing more.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_GIFT_H
#define SLIPWAY_SERVER_API_DOOR_GIFT_H

#include "lib/base/timestamp.h"

struct door_form;
struct door_form_keep;
struct offer;

struct door_gift {
    struct door_gift *next;
    struct door_form *form; /* held */
    char command_id[37];
    time_ms at;           /* it was offered */
    const char *envelope; /* NULL = none, for another agent */
    const char *signature;
    char texts[]; /* those two */
};

struct door_gift *door_gift_new(struct door_form_keep *forms, const struct offer *offer);
void door_gift_free(struct door_gift *gifts); /* and those behind it; accepts NULL */

#endif
