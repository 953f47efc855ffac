/*
 * api_host: hosts, and the activations by which they come to be.
 */
#ifndef SLIPWAY_SERVER_API_API_HOST_H
#define SLIPWAY_SERVER_API_API_HOST_H

#include "server/api/request.h"

enum request_next api_host_list(struct request *request, struct reply *reply);
enum request_next api_host_activations(struct request *request, struct reply *reply);
enum request_next api_host_activate(struct request *request, struct reply *reply);

#endif
