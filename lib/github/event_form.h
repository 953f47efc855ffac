/* event_form: the JSON in a url-encoded delivery, which stands in its one field `payload`. */
#ifndef SLIPWAY_LIB_GITHUB_EVENT_FORM_H
#define SLIPWAY_LIB_GITHUB_EVENT_FORM_H

#include <stddef.h>

struct arena;
struct err;

/* ERR_INVALID: no such field, two of them, or a broken escape. The text lives in the arena. */
int event_form_read(const char *body, size_t len, struct arena *arena, char **ret_json,
                    size_t *ret_len, struct err *err);

#endif
