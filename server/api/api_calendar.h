/*
 * api_calendar: /calendar.ics, the promised starts, windows and freezes for people's calendars, and the same day
 * by day.
 *
 * The one address with a token in it, because calendars can send nothing else: made by `token add --feed`, stored
 * hashed, good for reading this and nothing more, ended by `token rm` (threats.md T40). Where `view` names anyone
 * it needs none.
 */
#ifndef SLIPWAY_SERVER_API_API_CALENDAR_H
#define SLIPWAY_SERVER_API_API_CALENDAR_H

#include "server/api/request.h"

#define API_CALENDAR_RIGHT "feed" /* of a token; alone */

enum request_next api_calendar_feed(struct request *request, struct reply *reply);

/* Two weeks of days, or as many as are asked for; ?as=ics the feed, for who may view anyway. */
enum request_next api_calendar_get(struct request *request, struct reply *reply);

#endif
