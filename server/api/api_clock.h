/*
 * api_clock: that the clock was set is told where people look: Board, plain text, `slipway status`, doctor (F9).
 *
 * The flow saw it, wrote it down and judged everything again (server/flow/clockwatch.h). It is told for a day: by
 * then who keeps the time has been found, or it has happened again.
 */
#ifndef SLIPWAY_SERVER_API_API_CLOCK_H
#define SLIPWAY_SERVER_API_API_CLOCK_H

#include "lib/base/err.h"
#include "lib/base/json.h"
#include "server/api/api_view.h"

struct api_clock {
    time_ms at;       /* 0 = the clock was not set during the last day */
    int64_t by_ms;    /* back: less than 0 */
    const char *text; /* the whole sentence, in the request's arena */
    const char *when;
};

int api_clock_load(const struct api_view *view, struct api_clock *ret_clock, struct err *err);

/* `key`: null, or when, by how many seconds, and the sentence. */
void api_clock_shape(struct json_out *out, const char *key, const struct api_clock *clock);

#endif
