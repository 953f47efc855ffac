/*
 * api_document: what jobs run, as documents in their exact bytes: for hosts in strict mode, which run only what somebody
 * has put on their disk before (threats.md T37).
 */
#ifndef SLIPWAY_SERVER_API_API_DOCUMENT_H
#define SLIPWAY_SERVER_API_API_DOCUMENT_H

#include "server/api/request.h"

enum request_next api_document_list(struct request *request, struct reply *reply);

#endif
