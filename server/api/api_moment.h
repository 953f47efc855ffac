/* api_moment: what was, or will be, live at an instant. */
#ifndef SLIPWAY_SERVER_API_API_MOMENT_H
#define SLIPWAY_SERVER_API_API_MOMENT_H

#include "server/api/request.h"

/* ?at=T, as people type it; ?repository=OWNER/NAME for one alone. */
enum request_next api_moment_get(struct request *request, struct reply *reply);

#endif
