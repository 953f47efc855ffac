/*
 * examination: one run of the doctor. A check is a function that says one thing or several of them, each well
 * or not, in the asker's language.
 *
 * The texts are messages: `doctor.NAME.STATE`, and for what is not well `doctor.NAME.fix`.
 */
#ifndef SLIPWAY_SERVER_API_EXAMINATION_H
#define SLIPWAY_SERVER_API_EXAMINATION_H

#include "lib/base/json.h"
#include "server/api/api_view.h"

enum check_state { CHECK_OK, CHECK_WARN, CHECK_FAIL };

struct examination {
    struct api_view *view;
    struct json_out *out;
    struct err *err;
};

struct finding {
    const char *name; /* of the messages */
    enum check_state state;
    const char *about; /* behind the name, for checks that come several times; NULL */
    struct message_value values[4];
    size_t n_values;
};

void examination_say(struct examination *x, const struct finding *f);

/* What goes into a text: a number, and an instant in the zone of the configuration. In the request's arena. */
const char *examination_number(struct examination *x, int64_t n);
const char *examination_when(struct examination *x, time_ms at);

#endif
