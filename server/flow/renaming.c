#include "server/flow/renaming.h"

#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/model/config.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_repository.h"
#include "server/flow/snapshot.h"

static int tell(struct db *db, struct arena *arena, const char *from, const char *to,
                size_t n_holds, time_ms now, struct err *err)
{
    const struct journal_entry entry = {.at = now,
                                        .actor = "slipway",
                                        .way = "timer",
                                        .act = "repository.rename",
                                        .subject = to,
                                        .detail =
                                            arena_printf(arena, "{\"from\":\"%s\",\"holds\":%zu}",
                                                         from, n_holds)};

    return store_journal_add(db, &entry, err);
}

/* `row` becomes `name`, which nobody has, or `other`, which is not used yet. */
static int become(struct db *db, struct arena *arena, const struct repository *row,
                  const char *name, const struct repository *other, time_ms now, struct err *err)
{
    struct hold *holds;
    size_t n_holds = 0; /* that were put on the name before it was this row's */
    int rc = other != NULL ? store_repository_swap(db, row, other, err)
                           : store_repository_rename(db, row->id, name, err);

    if (rc == 0 && other != NULL)
        rc = store_hold_open(db, arena, other->id, NULL, now, &holds, &n_holds, err);
    if (rc == 0 && n_holds > 0)
        rc = store_hold_move(db, other->id, row->id, err);
    if (rc == 0)
        rc = store_freeze_renamed(db, row->name, name, err);
    return rc < 0 ? rc : tell(db, arena, row->name, name, n_holds, now, err);
}

int renaming_follow(struct db *db, struct arena *arena, const struct config *config,
                    const char *name, time_ms now, struct err *err)
{
    struct repository known, taken;
    bool unused = true;
    bool is_taken;
    int rc = store_repository_by_name(db, arena, name, &taken, err);

    is_taken = rc == 0;
    if (is_taken && strcmp(taken.name, name) != 0)
        return become(db, arena, &taken, name, NULL, now, err);
    if (is_taken)
        rc = store_repository_is_unused(db, taken.id, &unused, err);
    if ((rc < 0 && rc != ERR_NOT_FOUND) || !unused)
        return rc;
    rc = store_repository_by_github_name(db, arena, name, &known, err);
    if (rc == ERR_NOT_FOUND || (rc == 0 && config_repo(config, known.name) != NULL))
        return 0;
    return rc < 0 ? rc : become(db, arena, &known, name, is_taken ? &taken : NULL, now, err);
}

int renaming_may(struct db *db, struct arena *arena, const struct config_repo *repo,
                 const struct repository *row, bool *ret_may, struct err *err)
{
    struct repository taken;
    int rc = store_repository_by_name(db, arena, repo->name, &taken, err);

    *ret_may = rc == ERR_NOT_FOUND;
    if (rc == 0 && taken.id != row->id)
        rc = store_repository_is_unused(db, taken.id, ret_may, err);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int renaming_take(struct db *db, const struct calendar *calendar, const struct config_repo *repo,
                  int64_t row_id, time_ms now, struct err *err)
{
    struct repository row, taken;
    struct arena arena;
    bool may = true;
    bool is_taken;
    int rc;

    arena_init(&arena);
    rc = store_repository_by_id(db, &arena, row_id, &row, err);
    if (rc < 0 || strcasecmp(row.name, repo->name) == 0)
        goto out;
    rc = store_repository_by_name(db, &arena, repo->name, &taken, err);
    is_taken = rc == 0;
    if (is_taken)
        rc = store_repository_is_unused(db, taken.id, &may, err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        goto out;
    rc = may ? become(db, &arena, &row, repo->name, is_taken ? &taken : NULL, now, err)
             : err_set(err, ERR_CONFLICT, "%s is in use by now", repo->name);
    if (rc == 0)
        rc = snapshot_accept_repository(db, calendar, &arena, repo, now, err);
out:
    arena_deinit(&arena);
    return rc;
}
