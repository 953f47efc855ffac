#include "server/flow/way_back.h"

#include "lib/rules/progress_cancel.h"

int way_back_find(struct db *db, struct arena *arena, int64_t repository_id,
                  const char *environment, int64_t live, int64_t to, struct way_back *ret_way,
                  struct err *err)
{
    struct rules_rollback_facts facts = {.live_number = live, .to = to};
    struct way_back *w = ret_way;
    int64_t *succeeded = NULL;
    int rc;

    *w = (struct way_back){.n_changes = 0};
    rc = under_way_load(db, arena, repository_id, environment, &w->open, err);
    if (rc == 0)
        rc = store_rollback_targets(db, arena, repository_id, environment, INT64_MAX, &succeeded,
                                    &facts.n_succeeded, err);
    if (rc < 0)
        return rc;
    facts.succeeded = succeeded;
    if (w->open.is_open && w->open.deployment.state != DEPLOYMENT_WAITING) {
        facts.open = &w->open.deployment;
        facts.open_touched = progress_cancel_touched_any(&w->open.facts);
        facts.open_touched_hosts = under_way_touched_hosts(&w->open);
    }
    w->judged = rules_rollback_judge(&facts);
    if (w->judged.answer != RULES_ROLLBACK_GOES)
        return 0;
    return store_rollback_changes(db, arena, repository_id, environment, w->judged.target,
                                  w->judged.newest, &w->changes, &w->n_changes, err);
}
