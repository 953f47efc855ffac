#include "lib/model/command.h"

const struct state_entry invocation_statuses[INVOCATION_STATUSES_COUNT] = {
    INVOCATION_STATUSES(STATES_ENTRY)};
const struct state_entry step_statuses[STEP_STATUSES_COUNT] = {STEP_STATUSES(STATES_ENTRY)};
