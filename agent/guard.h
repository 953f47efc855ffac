/*
 * guard: what this host's side asks before a command may begin; each question alone stops it (migrate.md 3).
 *
 * Pure: no clock, file or socket. The simulator of the migrate machine asks the same questions.
 */
#ifndef SLIPWAY_AGENT_GUARD_H
#define SLIPWAY_AGENT_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "agent/agent_journal.h"
#include "lib/base/clock.h"
#include "lib/base/timestamp.h"

/* May `to` stand behind `from` in the journal? NONE: nothing is known of the command. A command begins once (G4). */
bool guard_may_follow(enum agent_journal_kind from, enum agent_journal_kind to);

/* Nothing goes below the highest epoch that was seen, nor beside it: `is_same`, that one is this very command's (G5). */
bool guard_is_behind(int64_t epoch, int64_t floor, bool is_same);

/* Too late to begin, by this host's clock (G8). */
bool guard_is_late(time_ms now, time_ms start_by);

/* A permit is good for ten seconds from the question on, by the clock that also counts while the machine sleeps (G6). */
bool guard_is_stale(mono_ms now, mono_ms asked_at);

/* May it be one of those that the journal forgot? The latest of them had to begin by `forgotten_until`; 0 = none was. */
bool guard_is_forgotten(time_ms start_by, time_ms forgotten_until);

#endif
