#include "lib/model/deployment.h"

const struct state_entry deployment_states[DEPLOYMENT_STATES_COUNT] = {
    DEPLOYMENT_STATES(STATES_ENTRY)};
const struct state_entry deployment_kinds[DEPLOYMENT_KINDS_COUNT] = {
    DEPLOYMENT_KINDS(STATES_ENTRY)};
const struct state_entry deployment_triggers[DEPLOYMENT_TRIGGERS_COUNT] = {
    DEPLOYMENT_TRIGGERS(STATES_ENTRY)};
const struct state_entry job_states[JOB_STATES_COUNT] = {JOB_STATES(STATES_ENTRY)};
