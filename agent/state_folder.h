/*
 * state_folder: what lies on a host is this program's alone, or nothing is run (threats.md T38).
 *
 * Key, journal, pinned trust and the commands' folders decide what runs as whom. Whoever else can write one of them
 * is root here; whoever can read the key speaks for this host.
 */
#ifndef SLIPWAY_AGENT_STATE_FOLDER_H
#define SLIPWAY_AGENT_STATE_FOLDER_H

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"

struct key_chain;

/* The folder and all that lies in it, one level deep: ours, no links, open to nobody else. ERR_DENIED names the first
 * that is not, and what to do. */
int state_folder_check(const char *state, struct err *err);

/* The same, and what it says: who this host is, and whose signature it believes. `first` is what to do where there is no
 * agent.conf. `config` outlives the keys, which the caller frees (key_chain_free). */
int state_folder_open(struct arena *arena, const char *state, const char *first,
                      struct agent_config *config, struct key_chain **ret_keys, struct err *err);

#endif
