#include "lib/model/approval.h"

const struct state_entry approval_states[APPROVAL_STATES_COUNT] = {APPROVAL_STATES(STATES_ENTRY)};
