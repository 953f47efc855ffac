/* collect_door: what collect needs of commands that were sent at the door: their steps, and output in replies. */
#ifndef SLIPWAY_SERVER_FLOW_COLLECT_DOOR_H
#define SLIPWAY_SERVER_FLOW_COLLECT_DOOR_H

#include "lib/base/err.h"
#include "lib/ssm/content.h"

struct db;
struct look;
struct message_reply_step;
struct reply_row;

/* The document of a command. One that cannot be read any more has no steps. */
int collect_door_content(struct look *look, const char *command_id, struct content *ret_content,
                         struct err *err);

/* Keep what the reply says that a step printed, as far as the door shows it. Writer. */
int collect_door_output(struct db *db, const struct reply_row *row, int number,
                        const struct message_reply_step *step, struct err *err);

#endif
