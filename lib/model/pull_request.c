#include "lib/model/pull_request.h"

const struct state_entry pull_request_states[PULL_REQUEST_STATES_COUNT] = {
    PULL_REQUEST_STATES(STATES_ENTRY)};
