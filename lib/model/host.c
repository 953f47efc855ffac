#include "lib/model/host.h"

const struct state_entry host_states[HOST_STATES_COUNT] = {HOST_STATES(STATES_ENTRY)};
