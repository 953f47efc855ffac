/*
 * api_migrate: the ledger of migrate attempts for people: what is known, and what may be decided (migrate.md 7).
 */
#ifndef SLIPWAY_SERVER_API_API_MIGRATE_H
#define SLIPWAY_SERVER_API_API_MIGRATE_H

#include "server/api/request.h"

enum request_next api_migrate_status(struct request *request, struct reply *reply);

enum request_next api_migrate_probe(struct request *request, struct reply *reply);
enum request_next api_migrate_mark(struct request *request, struct reply *reply);
enum request_next api_migrate_retry(struct request *request, struct reply *reply);
enum request_next api_migrate_abandon(struct request *request, struct reply *reply);
enum request_next api_migrate_forget(struct request *request, struct reply *reply);

#endif
