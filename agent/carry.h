/*
 * carry: what another journal knew: commands that have a folder and do not stand in this one (migrate.md 5).
 *
 * Of each of them this host may have begun something, so it stands in the new journal as `carried`: known, never run again,
 * watched while its lock is held. With it goes the epoch of its database, where its order can be read, so that the floor
 * does not fall with the journal.
 */
#ifndef SLIPWAY_AGENT_CARRY_H
#define SLIPWAY_AGENT_CARRY_H

#include <stddef.h>

#include "agent/agent.h"

/*
 * At each opening of the journal, for a crash may have cut the last one short. In a new journal all that have a folder are
 * carried, later those for which a supervisor came up: what was only claimed is claimed again. `*ret_n` were carried.
 */
int carry_over(struct agent *agent, size_t *ret_n, struct err *err);

#endif
