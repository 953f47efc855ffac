/*
 * door_echo: members of a SendCommand that are checked, kept and given back, and have no effect here (ssm-wire.md 3.1):
 * nothing is written to S3 or CloudWatch, no topic is told, no alarm is asked.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_ECHO_H
#define SLIPWAY_SERVER_API_DOOR_ECHO_H

#include "server/api/door_shape.h"

struct door_command;

/* Checks their limits; the JSON object of what is to be given back. In the arena of the request. */
const char *door_echo_read(struct door_shape *shape);
/* The code of what is no bucket, role or topic, and why; NULL = none. After door_echo_read(). */
const char *door_echo_refuse(const struct door_call *call, const char **ret_text);

/* InstanceIds and Targets of the request as JSON, "[]" where they are absent. */
const char *door_echo_ids(struct door_call *call);
const char *door_echo_targets(struct door_call *call);
/* Of what door_echo_read() made these members: those of a Command, a CommandInvocation, a GetCommandInvocation. What was
 * left out is empty there, as at AWS. */
extern const char *const door_echo_of_command[], *const door_echo_of_invocation[],
                                                     *const door_echo_of_look[];
void door_echo_add(struct json_out *out, const char *echo, const char *const *members);
/* The DocumentVersion as it was asked for: "$DEFAULT" where none was. Which one that came to is the command's. */
const char *door_echo_version(struct arena *arena, const struct door_command *command);

#endif
