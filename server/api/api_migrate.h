/*
 * api_migrate: the ledger of migrate attempts for people: what is known of a database, and its ways out (migrate.md 7).
 */
#ifndef SLIPWAY_SERVER_API_API_MIGRATE_H
#define SLIPWAY_SERVER_API_API_MIGRATE_H

#include "server/api/request.h"

enum request_next api_migrate_status(struct request *request, struct reply *reply);

#endif
