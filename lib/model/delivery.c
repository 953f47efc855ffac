#include "lib/model/delivery.h"

const struct state_entry delivery_states[DELIVERY_STATES_COUNT] = {DELIVERY_STATES(STATES_ENTRY)};

const char *const delivery_origins[DELIVERY_ORIGINS_COUNT] = {"sent", "fetched", "looked-up"};
