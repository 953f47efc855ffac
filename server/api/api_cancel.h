/* api_cancel: somebody wants the open deployment ended, or takes back what he asked for (P5, P6). */
#ifndef SLIPWAY_SERVER_API_API_CANCEL_H
#define SLIPWAY_SERVER_API_API_CANCEL_H

#include "lib/model/deployment.h"
#include "server/api/request.h"

struct api_act;
struct db;
struct err;
struct reply;

enum request_next api_cancel_open(struct request *request, struct reply *reply);

/* Inside the transaction of an act that ends the open deployment: it is still the one that was seen, and is
 * cancelled, or asked to end. One that waits for a start takes the start with it. ERR_CONFLICT. */
int api_cancel_write(struct api_act *act, struct db *db, const struct deployment *seen,
                     const char *reason, struct err *err);

#endif
