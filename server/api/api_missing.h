/*
 * api_missing: what was named and is not there: says what there is, or where it is listed. Each returns ERR_NOT_FOUND.
 */
#ifndef SLIPWAY_SERVER_API_API_MISSING_H
#define SLIPWAY_SERVER_API_API_MISSING_H

#include "lib/model/config.h"

struct err;

int api_missing_repository(const char *name, struct err *err);
int api_missing_environment(const struct config_repo *repo, const char *name, struct err *err);
/* `number` as it was typed, without the r. */
int api_missing_release(const struct config_repo *repo, const char *number, struct err *err);
int api_missing_host(const char *name, struct err *err);
int api_missing_database(const char *name, struct err *err);

#endif
