/*
 * api_migrate_act: what a person decides about the attempts on a database (migrate.md 7).
 */
#ifndef SLIPWAY_SERVER_API_API_MIGRATE_ACT_H
#define SLIPWAY_SERVER_API_API_MIGRATE_ACT_H

#include "server/api/request.h"

enum request_next api_migrate_act_probe(struct request *request, struct reply *reply);
enum request_next api_migrate_act_mark(struct request *request, struct reply *reply);
enum request_next api_migrate_act_retry(struct request *request, struct reply *reply);
enum request_next api_migrate_act_abandon(struct request *request, struct reply *reply);
enum request_next api_migrate_act_forget(struct request *request, struct reply *reply);

#endif
