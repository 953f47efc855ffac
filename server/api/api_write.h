/*
 * api_write: the one way in which an endpoint changes the store, so that each act can be tried first.
 *
 * With `?dry-run=1` the transaction is made like any other, with every check and right that it asks for, and
 * then undone: what a dry run answers is what the act would have answered, and nothing is left of it.
 */
#ifndef SLIPWAY_SERVER_API_API_WRITE_H
#define SLIPWAY_SERVER_API_API_WRITE_H

#include <stdbool.h>

struct db;
struct err;
struct request;

bool api_write_is_dry(const struct request *request);

/* Run `fn` in one transaction on the writer and wait for it. ERR_INVALID: dry-run is neither 0 nor 1. */
int api_write_do(struct request *request, int (*fn)(struct db *db, void *arg, struct err *err),
                 void *arg, struct err *err);

#endif
