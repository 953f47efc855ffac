#include "tests/support/scenario_said.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_check.h"
#include "lib/store/store_commit_check.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "server/flow/plans.h"

struct account scenario_said_account(const char *person)
{
    int64_t id = 7;

    if (strcmp(person, "somebody") == 0)
        return (struct account){0, NULL};
    for (const char *p = person; *p != '\0'; p++)
        id = (id * 31 + *p) % 1000003;
    return (struct account){id, person};
}

static int our_repository(const struct scenario_line *l, struct repository *ret_repository,
                          struct err *err)
{
    return scenario_world_repository(l->world, NULL, ret_repository, err);
}

static int our_release(struct db *db, const struct scenario_line *l, size_t at,
                       struct repository *ret_repository, struct release *ret_release,
                       struct err *err)
{
    int rc = our_repository(l, ret_repository, err);

    return rc < 0 ? rc
                  : store_release_by_number(db, &l->world->arena, ret_repository->id,
                                            l->args[at].number, ret_release, err);
}

static int our_pull(struct db *db, const struct scenario_line *l, size_t at,
                    struct repository *ret_repository, struct pull_request *ret_pull,
                    struct err *err)
{
    int64_t number;
    int rc = our_repository(l, ret_repository, err);

    if (rc == 0 && (str_parse_int64(l->args[at].text, &number) < 0 || number < 1))
        rc = err_set(err, ERR_INVALID, "a pull request is a number, not %s", l->args[at].text);
    return rc < 0 ? rc
                  : store_pull_request_by_number(db, &l->world->arena, ret_repository->id, number,
                                                 ret_pull, err);
}

/* Who made it ---------------------------------------------------------------------------------------- */

/* What is heard comes by a delivery. */
static int heard(struct db *db, const struct scenario_line *l, int64_t *ret_delivery,
                 struct err *err)
{
    static int n;
    struct delivery d = {.event = "push",
                         .received_at = l->world->clock.now,
                         .state = DELIVERY_RECEIVED};
    bool known = false;

    snprintf(d.guid, sizeof(d.guid), "scenario-%d", ++n);
    memset(d.body_mark, '0', 32);
    return store_delivery_put(db, &d, "", 0, 0, ret_delivery, &known, err);
}

/* A commit that came without a pull request. */
int scenario_said_pushed(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct account who = scenario_said_account(l->args[1].text);
    struct repository r;
    struct release release;
    int64_t delivery;
    int rc = our_release(db, l, 0, &r, &release, err);

    if (rc == 0)
        rc = heard(db, l, &delivery, err);
    return rc < 0 ? rc
                  : store_push_put(db, r.id, "refs/heads/main", release.parent_sha, release.sha,
                                   false, who.id, who.login, l->world->clock.now, delivery, err);
}

/* Somebody pushes to the head of a pull request: it moves, unless it was merged already. */
int scenario_said_pull_pushed(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct account who = scenario_said_account(l->args[1].text);
    time_ms now = l->world->clock.now;
    struct timeline_entry entry = {.at = now,
                                   .kind = "pull_request.synchronize",
                                   .actor_id = who.id,
                                   .actor = who.login};
    struct repository r;
    struct pull_request pull;
    int64_t n;
    bool taken;
    int rc = our_pull(db, l, 0, &r, &pull, err);

    entry.number = pull.number;
    if (rc == 0)
        rc = heard(db, l, &entry.delivery_id, err);
    if (rc == 0 && pull.state == PULL_REQUEST_OPEN) {
        pull.head_sha[0] = pull.head_sha[0] == '9' ? '1' : (char)(pull.head_sha[0] + 1);
        pull.updated_at = now;
        rc = store_pull_request_put(db, &pull, &taken, err);
        if (rc == 0)
            rc = store_check_head_moved(db, r.id, pull.number, pull.head_sha, now, &n, err);
    }
    return rc < 0 ? rc : store_pull_request_happened(db, r.id, &entry, err);
}

/* Approvals ------------------------------------------------------------------------------------------ */

static int approve(struct db *db, const struct scenario_line *l, bool code, bool content,
                   struct err *err)
{
    struct scenario_world *w = l->world;
    struct approval a = {.environment = l->args[0].environment->name,
                         .actor = l->args[2].text,
                         .way = "api",
                         .account = scenario_said_account(l->args[2].text),
                         .code = code,
                         .content = content,
                         .granted_at = w->clock.now};
    struct plan_digest plan;
    struct repository r;
    struct release release;
    const char *text;
    int64_t id;
    int rc = our_release(db, l, 1, &r, &release, err);

    if (rc < 0)
        return rc;
    plans_make(w->snapshot, l->args[0].environment, &w->arena, &plan);
    text = plan_digest_make(&plan, release.sha, a.plan_digest);
    a.repository_id = r.id;
    a.release_number = release.number;
    rc = store_approval_plan_put(db, a.plan_digest, text, err);
    return rc < 0 ? rc : store_approval_grant(db, &a, &id, err);
}

int scenario_said_approved(struct db *db, const struct scenario_line *l, struct err *err)
{
    return approve(db, l, true, true, err);
}

int scenario_said_approved_lane(struct db *db, const struct scenario_line *l, struct err *err)
{
    bool code = l->args[3].number != LANE_CONTENT;

    return approve(db, l, code, !code, err);
}

int scenario_said_withdrawn(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct approval *items;
    struct repository r;
    size_t n;
    int rc = our_repository(l, &r, err);

    if (rc == 0)
        rc = store_approval_granted(db, &l->world->arena, r.id, l->args[0].environment->name,
                                    l->args[1].number - 1, &items, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (items[i].release_number == l->args[1].number && str_eq(items[i].actor, l->args[2].text))
            return store_approval_withdraw(db, items[i].id, items[i].actor, l->world->clock.now,
                                           err);
    return rc < 0 ? rc : err_set(err, ERR_INVALID, "%s has not approved it", l->args[2].text);
}

/* Checks --------------------------------------------------------------------------------------------- */

static int check_release(struct db *db, const struct scenario_line *l, const char *reason,
                         struct err *err)
{
    struct check c = {.environment = l->args[0].environment->name,
                      .ok = reason == NULL,
                      .reason = reason,
                      .actor = l->args[2].text,
                      .way = "api",
                      .code = true,
                      .content = true,
                      .checked_at = l->world->clock.now};
    struct repository r;
    struct release release;
    int64_t id;
    int rc = our_release(db, l, 1, &r, &release, err);

    if (rc < 0)
        return rc;
    c.repository_id = r.id;
    c.release_number = release.number;
    memcpy(c.sha, release.sha, sizeof(c.sha));
    return store_check_put(db, &c, &id, err);
}

int scenario_said_check_ok(struct db *db, const struct scenario_line *l, struct err *err)
{
    return check_release(db, l, NULL, err);
}

int scenario_said_check_ng(struct db *db, const struct scenario_line *l, struct err *err)
{
    return check_release(db, l, l->args[3].text, err);
}

static int check_pull(struct db *db, const struct scenario_line *l, const char *reason,
                      struct err *err)
{
    struct check c = {.ok = reason == NULL,
                      .reason = reason,
                      .actor = l->args[1].text,
                      .way = "api",
                      .content = true,
                      .checked_at = l->world->clock.now};
    struct repository r;
    struct pull_request pull;
    int64_t id;
    int rc = our_pull(db, l, 0, &r, &pull, err);

    if (rc < 0)
        return rc;
    c.repository_id = r.id;
    c.pull_number = pull.number;
    memcpy(c.sha, pull.head_sha, sizeof(c.sha));
    return store_check_put(db, &c, &id, err);
}

int scenario_said_pull_ok(struct db *db, const struct scenario_line *l, struct err *err)
{
    return check_pull(db, l, NULL, err);
}

int scenario_said_pull_ng(struct db *db, const struct scenario_line *l, struct err *err)
{
    return check_pull(db, l, l->args[2].text, err);
}

/* CI ------------------------------------------------------------------------------------------------- */

int scenario_said_ci(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct commit_check c = {.kind = COMMIT_CHECK_RUN,
                             .app_id = 1,
                             .app = "builder",
                             .name = l->args[1].text,
                             .github_id = l->world->clock.now,
                             .word = l->args[2].text,
                             .began_at = l->world->clock.now,
                             .reported_at = l->world->clock.now};
    struct repository r;
    struct release release;
    bool taken;
    int rc = our_release(db, l, 0, &r, &release, err);

    if (rc < 0)
        return rc;
    c.repository_id = r.id;
    memcpy(c.sha, release.sha, sizeof(c.sha));
    c.state = commit_check_state_of(c.word);
    return store_commit_check_put(db, &c, &taken, err);
}
