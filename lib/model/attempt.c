#include "lib/model/attempt.h"

const struct state_entry attempt_states[ATTEMPT_STATES_COUNT] = {ATTEMPT_STATES(STATES_ENTRY)};
