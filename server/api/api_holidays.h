/*
 * api_holidays: Japan's holidays from a list, where a law moved them before there was a new version (F8).
 */
#ifndef SLIPWAY_SERVER_API_API_HOLIDAYS_H
#define SLIPWAY_SERVER_API_API_HOLIDAYS_H

#include "server/api/request.h"

/* The years for which a list was imported. */
enum request_next api_holidays_list(struct request *request, struct reply *reply);
/* Take a list: in the years that it names, `holidays: jp` follows it. Says which days that changes. */
enum request_next api_holidays_import(struct request *request, struct reply *reply);

#endif
