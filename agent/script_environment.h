/*
 * script_environment: what a script finds in its environment. Built from a list; nothing of the agent's
 * own is passed on (T39).
 *
 *      PATH                     of agent.conf; a job cannot change it
 *      HOME, LANG               of the user, of agent.conf; a job's `env` may change them
 *      the step's environment   `env` of the configuration, SLIPWAY_ROOT and other settings
 *      SLIPWAY_SHA, ...         of the envelope, SLIPWAY_RESULT; nothing can stand in for them
 *      SLIPWAY_HOST_ROOT, SLIPWAY_SYSTEMCTL    of agent.conf
 *      AWS_SSM_INSTANCE_ID, ... in the place of SLIPWAY_SHA and its kind, where an AWS caller sent the command
 *                               (ssm-wire.md 13)
 *      PGAPPNAME, PGOPTIONS     where there is a database: so that what a lost client left behind in
 *                               PostgreSQL is found by name, and ends soon (migrate.md 2); `env` wins
 *
 * Pure. Texts lie in the arena.
 */
#ifndef SLIPWAY_AGENT_SCRIPT_ENVIRONMENT_H
#define SLIPWAY_AGENT_SCRIPT_ENVIRONMENT_H

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"

struct script_environment_facts {
    const struct agent_config *config;
    const struct envelope *envelope;
    const struct document_step *step;
    const char *home;
    const char *result_path;
    const char *platform_name, *platform_version; /* of the host; "" = nobody knows */
};

/* "NAME=value", NULL at the end, each name once. */
const char *const *script_environment_make(struct arena *arena,
                                           const struct script_environment_facts *facts);

#endif
