/* api_person: which account at GitHub a login means, and whom a person accepts under it (A4). */
#ifndef SLIPWAY_SERVER_API_API_PERSON_H
#define SLIPWAY_SERVER_API_API_PERSON_H

#include "server/api/request.h"

enum request_next api_person_list(struct request *request, struct reply *reply);
enum request_next api_person_accept(struct request *request, struct reply *reply);

#endif
