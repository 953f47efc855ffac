/*
 * api_agent: what a person decides about a host whose word is in doubt: accept its journal, or end its key; and about
 * a database whose hosts are ahead of the store (migrate.md 5, G5).
 */
#ifndef SLIPWAY_SERVER_API_API_AGENT_H
#define SLIPWAY_SERVER_API_API_AGENT_H

#include "server/api/request.h"

enum request_next api_agent_accept_journal(struct request *request, struct reply *reply);
enum request_next api_agent_drain(struct request *request, struct reply *reply);
enum request_next api_agent_undrain(struct request *request, struct reply *reply);
enum request_next api_agent_revoke(struct request *request, struct reply *reply);
enum request_next api_agent_fence(struct request *request, struct reply *reply);

#endif
