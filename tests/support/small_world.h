/*
 * small_world: some hours of releases in memory, for properties that want very many cases.
 *
 * One seed makes up to three environments (merge, schedule or release; needs, grace, cut-off, delay, windows,
 * freezes), up to five releases, and what people do: ask, hold, freeze, keep back, edit the times. The rules are the
 * real ones; an environment is judged when something about it changed and when its last verdict said so, at no other
 * time. Each world is played three times: as it is; with what comes at one instant in another order; and by the
 * forecast, from the instant at which nothing more happens. Thousands per second: no clock, no file, no zone.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SMALL_WORLD_H
#define SLIPWAY_TESTS_SUPPORT_SMALL_WORLD_H

#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"

enum small_property {
    SMALL_FORECAST, /* what starts was foreseen, at that instant, and nothing else was */
    SMALL_ORDER,    /* the order in which facts arrive does not change the end */
    SMALL_ONE_OPEN, /* at most one open deployment per environment */
    SMALL_EDIT,     /* no start at a time that came into the schedule after it */
    SMALL_ONCE,     /* each occurrence is decided once */
    SMALL_CAUSE,    /* nothing waits without a cause */
    SMALL_END,      /* every wait ends, or names a person */
    SMALL_HOLDS,    /* a verdict holds until its next change, and not less than that */
    SMALL_PROPERTIES
};
extern const char *const small_property_names[SMALL_PROPERTIES];

struct small_report {
    const char *wrong[SMALL_PROPERTIES]; /* NULL = it holds; in the arena */
    size_t n_looks, n_starts, n_foreseen, n_edits, n_waits;
};

/* Play the world of that seed. `arena` is for its texts and may be reset between two. */
void small_world_play(uint64_t seed, struct arena *arena, struct small_report *ret_report);

#endif
