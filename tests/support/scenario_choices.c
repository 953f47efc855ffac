#include "tests/support/scenario_choices.h"

#include "lib/base/str.h"
#include "lib/rules/choices.h"
#include "lib/rules/settle.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_rollback.h"
#include "lib/store/store_wish.h"
#include "server/flow/decide.h"
#include "server/flow/outlook.h"
#include "server/flow/way_back.h"
#include "tests/support/scenario_text.h"

int scenario_cancelled(struct db *db, const struct scenario_line *l, struct err *err)
{
    const struct cancel cancel = {.actor = l->args[1].text,
                                  .reason = l->args[2].text,
                                  .cause = arena_printf(&l->world->arena, "cancelled by %s: %s",
                                                        l->args[1].text, l->args[2].text),
                                  .at = l->world->clock.now};
    struct deployment open;
    bool ended;
    int rc = scenario_world_deployment(l->world, l->args[0].environment, &open, err);

    return rc < 0 ? rc : store_cancel_deployment(db, &open, &cancel, &ended, err);
}

/* As the API does, but for what settle_refusal would say. */
int scenario_decided(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct scenario_world *w = l->world;
    const struct attempt_decision decision = {.decision = l->args[2].text,
                                              .by = l->args[3].text,
                                              .reason = l->args[4].text,
                                              .at = w->clock.now};
    const struct journal_entry entry = {.at = w->clock.now, .actor = l->args[3].text, .way = "cli"};
    struct deployment open;
    struct attempt *attempts;
    struct job *jobs;
    size_t n, n_jobs;
    int act = 0, rc = scenario_world_deployment(w, l->args[0].environment, &open, err);

    while (act < SETTLE_ACTS_COUNT &&
           !str_eq(settle_act_text((enum settle_act)act), decision.decision))
        act++;
    if (rc == 0 && act == SETTLE_ACTS_COUNT)
        rc = err_set(err, ERR_INVALID, "nobody can decide \"%s\"", decision.decision);
    if (rc == 0)
        rc = store_deployment_jobs(db, &w->arena, open.id, &jobs, &n_jobs, err);
    if (rc == 0)
        rc = store_attempt_of_deployment(db, &w->arena, open.id, &attempts, &n, err);
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (attempts[i].settled_at == 0 &&
            str_eq(jobs[attempts[i].job_number].name, l->args[1].text))
            return decide_write(db, &w->arena, &attempts[i], (enum settle_act)act, &decision,
                                &entry, err);
    return rc < 0 ? rc
                  : err_set(err, ERR_INVALID, "no attempt of %s is to be decided", l->args[1].text);
}

/* As the API does: what is open is to end first, and the rollback is asked for. */
static int roll_back(struct db *db, const struct scenario_line *l, int64_t to, const char *actor,
                     const char *why, bool beside_unsettled, struct err *err)
{
    struct scenario_world *w = l->world;
    const struct config_environment *e = l->args[0].environment;
    struct cancel cancel = {.actor = actor, .reason = why, .cause = why, .at = w->clock.now};
    struct rollback r = {.environment = e->name,
                         .actor = actor,
                         .way = "cli",
                         .reason = why,
                         .beside_unsettled = beside_unsettled,
                         .asked_at = w->clock.now};
    struct outlook *o = arena_alloc(&w->arena, sizeof(*o));
    struct way_back way;
    bool ended;
    int rc = scenario_world_outlook(w, e, w->clock.now, &w->arena, o, err);

    if (rc == 0)
        rc = way_back_find(w->db, &w->arena, o->repository_id, e->name, o->facts.live_number, to,
                           &way, err);
    if (rc < 0)
        return rc;
    if (way.judged.answer != RULES_ROLLBACK_GOES)
        return err_set(err, ERR_INVALID, "there is no way back");
    r.repository_id = o->repository_id;
    r.to_number = way.judged.target;
    r.left_number = way.judged.newest;
    r.left_deployment_id = way.judged.touched_only ? way.open.deployment.id : 0;
    if (way.open.is_open)
        rc = store_cancel_deployment(db, &way.open.deployment, &cancel, &ended, err);
    return rc < 0 ? rc : store_rollback_put(db, &r, &r.id, err);
}

int scenario_rollback(struct db *db, const struct scenario_line *l, struct err *err)
{
    return roll_back(db, l, 0, l->args[1].text, l->args[2].text, false, err);
}

int scenario_rollback_beside(struct db *db, const struct scenario_line *l, struct err *err)
{
    return roll_back(db, l, 0, l->args[1].text, l->args[2].text, true, err);
}

int scenario_rollback_to(struct db *db, const struct scenario_line *l, struct err *err)
{
    return roll_back(db, l, l->args[1].number, l->args[2].text, l->args[3].text, false, err);
}

int scenario_asked_with(struct db *db, const struct scenario_line *l, struct err *err)
{
    int64_t named = 0, id, replaced;
    struct wish wish = {.environment = l->args[0].environment->name,
                        .release_number = l->args[1].number,
                        .actor = l->args[2].text,
                        .way = "cli",
                        .reason = "it is mended",
                        .wished_at = l->world->clock.now};
    const char *name = l->args[3].text;
    struct repository r;
    int rc = scenario_world_repository(l->world, NULL, &r, err);

    if (rc == 0 && str_parse_int64(name[0] == 'r' ? name + 1 : name, &named) < 0)
        rc = err_set(err, ERR_INVALID, "a pull request, or a release such as r5, not %s", name);
    wish.repository_id = r.id;
    if (name[0] == 'r') {
        wish.with_releases = &named;
        wish.n_with_releases = 1;
    } else {
        wish.with = &named;
        wish.n_with = 1;
    }
    return rc < 0 ? rc : store_wish_put(db, &wish, &id, &replaced, err);
}

/* Below `expect ENV choices` ---------------------------------------------------------------------- */

static void add_choice(struct scenario_world *w, const struct config_environment *e,
                       const struct choice *c, struct buf *buf)
{
    static const char *const refusals[CHOICE_REFUSALS_COUNT] = {
        [CHOICE_OPEN] = "open",
        [CHOICE_IS_ENDING] = "no: it is being ended",
        [CHOICE_UNSETTLED] = "no: its migrate job is to be decided first",
        [CHOICE_STILL_RUNS] = "no: it may still run",
        [CHOICE_NOBODY_LEFT] = "no: there is no other host",
        [CHOICE_NO_WAY_BACK] = "no: nothing to go back to",
        [CHOICE_UNTOUCHED] = "no: no host was touched",
        [CHOICE_GATE] = "no, because ",
    };

    buf_adds(buf, choices_key(c->kind));
    if (c->kind == CHOICE_LEAVE_OUT)
        buf_addf(buf, " %s", c->host);
    if (c->release != 0)
        buf_addf(buf, " to r%lld", (long long)c->release);
    buf_addf(buf, ": %s", refusals[c->refusal]);
    if (c->cause != NULL)
        scenario_text_cause(w, e, c->cause, buf);
    else
        buf_addf(buf, "%s\n", c->beside ? ", if it is to go beside what is unsettled" : "");
}

/* May what goes back start now? By the third column of the gate table. */
static int suppose(struct scenario_world *w, const struct config_environment *e,
                   const struct way_back *way, const struct verdict **ret_verdict, struct err *err)
{
    struct outlook *o = arena_alloc(&w->arena, sizeof(*o));
    struct rollback r = {.environment = e->name,
                         .to_number = way->judged.target,
                         .left_number = way->judged.newest,
                         .left_deployment_id =
                             way->judged.touched_only ? way->open.deployment.id : 0,
                         .actor = "ana",
                         .way = "cli",
                         .reason = "",
                         .asked_at = w->clock.now,
                         .across_migration = true};
    struct repository row;
    int rc = scenario_world_repository(w, NULL, &row, err);

    r.repository_id = row.id;
    if (rc == 0)
        rc = outlook_suppose_rollback(w->db, w->snapshot, &row, e, &r, w->clock.now, &w->arena, o,
                                      err);
    *ret_verdict = &o->plan.verdict;
    return rc;
}

int scenario_text_choices(struct scenario_world *w, const struct config_environment *e,
                          struct buf *buf, struct err *err)
{
    struct outlook *o = arena_alloc(&w->arena, sizeof(*o));
    struct choices_facts facts = {.gate = &o->facts.gate, .now = w->clock.now};
    struct choices choices;
    struct way_back way;
    int rc = scenario_world_outlook(w, e, w->clock.now, &w->arena, o, err);

    if (rc == 0)
        rc = way_back_find(w->db, &w->arena, o->repository_id, e->name, o->facts.live_number, 0,
                           &way, err);
    if (rc == 0 && !way.open.is_open)
        rc = err_set(err, ERR_INVALID, "nothing is open in %s", e->name);
    if (rc == 0 && way.judged.answer == RULES_ROLLBACK_GOES)
        rc = suppose(w, e, &way, &facts.rollback, err);
    if (rc < 0)
        return rc;
    facts.open = &way.open.facts;
    facts.way_back = way.judged;
    facts.way_back_across = way.n_changes > 0;
    choices_make(&facts, &w->arena, &choices);
    for (size_t i = 0; i < choices.n; i++)
        add_choice(w, e, &choices.items[i], buf);
    return 0;
}
