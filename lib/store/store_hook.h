/* store_hook: webhooks and installations that bring deliveries, as far as GitHub said something of them. */
#ifndef SLIPWAY_LIB_STORE_STORE_HOOK_H
#define SLIPWAY_LIB_STORE_STORE_HOOK_H

#include "lib/store/db.h"

struct hook {
    const char *kind; /* webhook, installation */
    int64_t github_id;
    const char *repository; /* owner/name; "" = all that it serves */
    const char *state;      /* present, removed, suspended */
    time_ms changed_at;     /* by our clock: GitHub gives no time */
};

/* What came last counts. Writer. */
int store_hook_put(struct db *db, const struct hook *hook, struct err *err);

/* Those that bring nothing any more, and nothing that is present serves their repository. */
int store_hook_lost(struct db *db, struct arena *arena, struct hook **ret_items, size_t *ret_n,
                    struct err *err);

#endif
