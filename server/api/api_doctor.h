/*
 * api_doctor: checks of this installation, each with what to do when it is not well.
 */
#ifndef SLIPWAY_SERVER_API_API_DOCTOR_H
#define SLIPWAY_SERVER_API_API_DOCTOR_H

#include "server/api/request.h"

enum request_next api_doctor_get(struct request *request, struct reply *reply);

#endif
