/* api_late: hosts that miss what is live in an environment, and what each waits for (P7). */
#ifndef SLIPWAY_SERVER_API_API_LATE_H
#define SLIPWAY_SERVER_API_API_LATE_H

#include "lib/base/json.h"
#include "server/api/api_environment.h"
#include "server/api/api_view.h"

struct catch_up_host;
struct outlook;

/* The array `late` (Late in docs/openapi.yaml). */
void api_late_add(struct json_out *out, struct api_view *view, const struct api_environment *env);

/* What one of them waits for, as a sentence in the reader's language. */
const char *api_late_text(struct api_view *view, const struct outlook *outlook,
                          const struct catch_up_host *late);

#endif
