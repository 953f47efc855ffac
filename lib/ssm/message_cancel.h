/*
 * message_cancel: the payload of a cancelCommand (ssm-wire.md 11, 12.1): which message a host is to end.
 *
 * The message has an id of its own; what it says is the id of the one that was sent before. Pure.
 */
#ifndef SLIPWAY_LIB_SSM_MESSAGE_CANCEL_H
#define SLIPWAY_LIB_SSM_MESSAGE_CANCEL_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"

#define MESSAGE_CANCEL_MAX 4096 /* bytes of a payload */

/* {"CancelMessageId":"aws.ssm.COMMAND.HOST"} */
const char *message_cancel_make(struct arena *arena, const char *command_id, const char *host_id);

/* Back: command and host as they stand there. ERR_INVALID. */
int message_cancel_parse(const char *payload, size_t len, char ret_command_id[37],
                         char ret_host_id[21], struct err *err);

#endif
