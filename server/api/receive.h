/*
 * receive: a delivery of GitHub becomes a row, then the answer is given (W1, W2).
 *
 *      headers   begin: event, delivery, length, media type, form of the signature
 *      body      piece: HMAC and SHA-256 while it comes
 *      end       signature right? -> compress -> writer's queue -> wait for the commit
 *      commit    ring the flow -> 202
 *
 * Before the signature is right nothing is stored, logged of the body, compressed or parsed; what
 * the body means is the flow's business, after the answer. All on the http thread of the request,
 * but for `done`, which the writer calls.
 */
#ifndef SLIPWAY_SERVER_API_RECEIVE_H
#define SLIPWAY_SERVER_API_RECEIVE_H

#include "server/api/request.h"

enum request_next receive_begin(struct request *request, struct reply *reply);
void receive_piece(struct request *request, const char *bytes, size_t len);
enum request_next receive_delivery(struct request *request, struct reply *reply);

#endif
