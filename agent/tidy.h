/*
 * tidy: room on a host's disk: first the folders of commands that are over, then the journal, which keeps a line of those that
 * have none any more, and forgets them after a month (compact.h).
 *
 * Nothing is forgotten on the word of this host's clock alone, which may have been stepped by a year (docs/decisions/0171). The agent
 * counts by what the door's clock and its own agree on, and does nothing before the door took a call; slipway-once, which has no door,
 * knows no time later than the start-by of the order that it has just carried out.
 *
 * Best effort: what fails is said and tried again. Only where nobody can know which journal is on the disk, the agent must end.
 */
#ifndef SLIPWAY_AGENT_TIDY_H
#define SLIPWAY_AGENT_TIDY_H

#include <stdbool.h>

#include "agent/agent.h"
#include "lib/base/arena.h"

#define TIDY_JOURNAL_AFTER 1000 /* records: some 200 KB */

/* For slipway-agent, once the door heard of it and each hour; for slipway-once behind each command. */
void tidy_disk(struct agent *agent, struct arena *arena);
void tidy_disk_of_once(struct agent *agent, struct arena *arena, const char *command_id);

#endif
