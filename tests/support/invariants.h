/*
 * invariants: what must be true of a store whatever happened to the server, its hosts and its network
 * (design.md 6, I1 to I12). Asked at the end of each story.
 *
 * From the store alone: I2 I3 I6 I7 I8 I10 I11, and the store's half of I4. Outside knowledge makes the rest: which
 * deliveries were answered 2xx (I1), what the journals of the hosts say was started (I4). The others need rooms
 * that are not built yet.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_INVARIANTS_H
#define SLIPWAY_TESTS_SUPPORT_INVARIANTS_H

#include <stddef.h>

#include "lib/base/arena.h"

struct db;

/* One `started` record of one host. */
struct invariants_start {
    const char *host;
    const char *command_id;
};

struct invariants_facts {
    const char *const *accepted; /* GUIDs that were answered 2xx */
    size_t n_accepted;
    const struct invariants_start *starts;
    size_t n_starts;
};

/* What is broken, each a line "I7: ..." in the arena; none = all hold. A store that cannot be read is a broken
 * one. */
size_t invariants_check(struct db *db, const struct invariants_facts *facts, struct arena *arena,
                        const char *const **ret_broken);

#endif
