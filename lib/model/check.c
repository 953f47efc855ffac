#include "lib/model/check.h"

const struct state_entry check_states[CHECK_STATES_COUNT] = {CHECK_STATES(STATES_ENTRY)};
