/* api_command: commands that AWS callers sent at the door, for people: /api/v1/commands. */
#ifndef SLIPWAY_SERVER_API_API_COMMAND_H
#define SLIPWAY_SERVER_API_API_COMMAND_H

#include "server/api/request.h"

enum request_next api_command_list(struct request *request, struct reply *reply);
enum request_next api_command_get(struct request *request, struct reply *reply);

#endif
