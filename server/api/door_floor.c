/* door_floor: see door_floor.h. */
#include "server/api/door_floor.h"

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/store/store_floor.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/flow/naming.h"
#include "server/flow/snapshot.h"

/* A key that was stolen must not let other hosts' databases stand (T35). */
static int may_say(struct db *db, struct door_call *call, const struct host *host,
                   const char *database, bool *ret_may, struct err *err)
{
    struct arena *arena = call->request->arena;
    struct config_pairs tags = {.n = 0};
    const struct snapshot *snapshot;
    int rc = store_host_tags(db, arena, host->id, &tags, err);

    if (rc < 0)
        return rc;
    snapshot = snapshots_take(call->request->api->snapshots);
    *ret_may = naming_lets(arena, snapshot->config, database, host->name, &tags);
    snapshots_give(snapshot);
    return 0;
}

static int fence(struct db *db, struct door_call *call, const struct host *host,
                 const struct floor_word *word, const char *why, struct err *err)
{
    struct arena *arena = call->request->arena;
    const char *next = arena_printf(arena, "slipway fence advance %s -m WHY", word->database);
    const struct journal_entry entry = {
        .at = call->now,
        .actor = arena_printf(arena, "host:%s", host->id),
        .way = "door",
        .act = "database.fence",
        .subject = word->database,
        .reason =
            arena_printf(arena,
                         "database %s stands: %s. What was begun there may still run: look that "
                         "nobody is in the database. Next: %s",
                         word->database, why, next),
    };
    int rc = store_floor_fence(db, word, why, call->now, err);

    log_error("database.fenced", "database=%s host=%s id=%s err=%s next=%s", LOG(word->database),
              LOG(host->name), host->id, LOG(why), LOG(next));
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

int door_floor_hear(struct db *db, struct door_call *call, const struct host *host,
                    const struct floor_word *word, struct err *err)
{
    struct floor_facts facts;
    bool may = false;
    int rc = store_floor_facts(db, word, &facts, err);

    if (rc < 0 || floor_judge(&facts, word) != FLOOR_FORGOTTEN)
        return rc;
    rc = store_floor_ran(db, word->database, host->id, &may, err);
    if (rc == 0 && !may)
        rc = may_say(db, call, host, word->database, &may, err);
    if (rc < 0)
        return rc;
    if (may) {
        const struct floor_word believed = {word->database, floor_believed(&facts, word->epoch),
                                            word->command_id};

        return fence(db, call, host, &believed,
                     floor_why(call->request->arena, &facts, word, host->name), err);
    }
    log_warning("floor.of-others", "database=%s host=%s epoch=%lld err=%s", LOG(word->database),
                LOG(host->name), (long long)word->epoch,
                LOG("it speaks of a database that no environment lets it migrate"));
    return 0;
}
