/*
 * api_rehearsal: what people read of a migrate job's duration: the estimate before it begins (M8), the alarm while it
 * takes longer than `timeout-minutes` (M5).
 */
#ifndef SLIPWAY_SERVER_API_API_REHEARSAL_H
#define SLIPWAY_SERVER_API_API_REHEARSAL_H

#include "lib/model/attempt.h"
#include "server/api/api_view.h"

/* "Its migrate job took 4 min 10 s in stage". NULL: it was rehearsed nowhere, or none runs there. */
int api_rehearsal_estimate(struct api_view *view, const struct config_environment *environment,
                           int64_t repository_id, int64_t release_number, const char **ret_text,
                           struct err *err);

/* That the attempt runs longer than its limit, since when, and what it took before. NULL: nobody was told, or it is
 * settled. `began_text`: when, for people. */
int api_rehearsal_alarm(struct api_view *view, const struct config_environment *environment,
                        const struct attempt *attempt, const char *began_text,
                        const char **ret_text, struct err *err);

#endif
