#include "lib/model/promise.h"

const struct state_entry promise_states[PROMISE_STATES_COUNT] = {PROMISE_STATES(STATES_ENTRY)};
