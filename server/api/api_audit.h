/* api_audit: the journal for people: page by page, and whether its chain holds (A5). */
#ifndef SLIPWAY_SERVER_API_API_AUDIT_H
#define SLIPWAY_SERVER_API_API_AUDIT_H

#include "server/api/request.h"

enum request_next api_audit_list(struct request *request, struct reply *reply);
enum request_next api_audit_verify(struct request *request, struct reply *reply);

#endif
