#include "lib/model/send.h"

const struct state_entry send_acts[SEND_ACTS_COUNT] = {SEND_ACTS(STATES_ENTRY)};
const struct state_entry send_states[SEND_STATES_COUNT] = {SEND_STATES(STATES_ENTRY)};
