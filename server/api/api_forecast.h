/*
 * api_forecast: what goes where and when, when something may start at all, and why not yet.
 */
#ifndef SLIPWAY_SERVER_API_API_FORECAST_H
#define SLIPWAY_SERVER_API_API_FORECAST_H

#include "server/api/request.h"

/* What is foreseen for each environment, or what one waits for. */
enum request_next api_forecast_get(struct request *request, struct reply *reply);
/* The next instants at which the calendar lets something start, over all environments. */
enum request_next api_forecast_schedule(struct request *request, struct reply *reply);
/* One release or pull request in each environment: why not yet, now or at a later instant. */
enum request_next api_forecast_why(struct request *request, struct reply *reply);

#endif
