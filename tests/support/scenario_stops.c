#include "tests/support/scenario_stops.h"

#include "lib/base/str.h"
#include "lib/calendar/when.h"
#include "lib/store/store_freeze.h"
#include "lib/store/store_hold.h"

/* TIME: what a person would type, in the zone of the story. */
static int read_time(const struct scenario_line *l, const char *text, time_ms after, bool end,
                     time_ms *ret_time, struct err *err)
{
    const struct when when = {.zone = l->world->zone,
                              .now = l->world->clock.now,
                              .after = after,
                              .end = end};

    return when_read(&when, text, ret_time, err);
}

/* PERSON WHY [TIME] from argument `at` on. */
static int hold(struct db *db, const struct scenario_line *l, const char *environment, size_t at,
                struct err *err)
{
    struct hold h = {.environment = environment,
                     .actor = l->args[at].text,
                     .way = "cli",
                     .reason = l->args[at + 1].text,
                     .held_at = l->world->clock.now};
    struct repository r;
    int64_t id;
    int rc = scenario_world_repository(l->world, NULL, &r, err);

    h.repository_id = r.id;
    if (rc == 0 && l->n_args > at + 2)
        rc = read_time(l, l->args[at + 2].text, 0, true, &h.until_at, err);
    return rc < 0 ? rc : store_hold_put(db, &h, &id, err);
}

int scenario_hold(struct db *db, const struct scenario_line *l, struct err *err)
{
    return hold(db, l, l->args[0].environment->name, 1, err);
}

int scenario_hold_all(struct db *db, const struct scenario_line *l, struct err *err)
{
    return hold(db, l, NULL, 0, err);
}

static int unhold(struct db *db, const struct scenario_line *l, const char *environment,
                  struct err *err)
{
    const struct hold_lift lift = {.actor = "ana", .way = "cli", .at = l->world->clock.now};
    struct repository r;
    struct hold *open;
    size_t n, lifted = 0;
    int rc = scenario_world_repository(l->world, NULL, &r, err);

    if (rc == 0)
        rc = store_hold_open(db, &l->world->arena, r.id, NULL, lift.at, &open, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (str_eq(open[i].environment, environment)) {
            rc = store_hold_lift(db, open[i].id, &lift, err);
            lifted++;
        }
    return rc == 0 && lifted == 0 ? err_set(err, ERR_INVALID, "nothing is held there") : rc;
}

int scenario_unhold(struct db *db, const struct scenario_line *l, struct err *err)
{
    return unhold(db, l, l->args[0].environment->name, err);
}

int scenario_unhold_all(struct db *db, const struct scenario_line *l, struct err *err)
{
    return unhold(db, l, NULL, err);
}

/* NAME TIME TIME */
static int freeze(struct db *db, const struct scenario_line *l, const char *environment,
                  struct err *err)
{
    const char *environments[] = {environment};
    struct freeze f = {.name = l->args[0].text,
                       .timezone = l->world->zone_name,
                       .allow_rollback = true,
                       .environments = environments,
                       .n_environments = environment != NULL,
                       .actor = "ana",
                       .way = "cli",
                       .reason = l->args[0].text,
                       .added_at = l->world->clock.now};
    int64_t id;
    int rc = read_time(l, l->args[1].text, 0, false, &f.from_at, err);

    if (rc == 0)
        rc = read_time(l, l->args[2].text, f.from_at, true, &f.to_at, err);
    return rc < 0 ? rc : store_freeze_put(db, &f, &id, err);
}

int scenario_freeze(struct db *db, const struct scenario_line *l, struct err *err)
{
    return freeze(db, l, NULL, err);
}

int scenario_freeze_environment(struct db *db, const struct scenario_line *l, struct err *err)
{
    return freeze(db, l, l->args[3].environment->name, err);
}

int scenario_thaw(struct db *db, const struct scenario_line *l, struct err *err)
{
    const struct freeze_removal removal = {.actor = "ana", .way = "cli", .at = l->world->clock.now};
    struct freeze *items;
    size_t n;
    int rc = store_freeze_list(db, &l->world->arena, removal.at, &items, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (str_eq(items[i].name, l->args[0].text))
            return store_freeze_remove(db, items[i].id, &removal, err);
    return rc < 0 ? rc : err_set(err, ERR_INVALID, "there is no freeze %s", l->args[0].text);
}
