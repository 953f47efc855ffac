#include "server/flow/candidates.h"

#include <string.h>

#include "lib/base/str.h"
#include "lib/rules/release_plan.h"
#include "lib/rules/revert.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_barrier.h"
#include "lib/store/store_baseline.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "lib/store/store_rollback.h"
#include "server/flow/further.h"
#include "server/flow/ground.h"
#include "server/flow/lacks.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

int candidates_maybe(int rc, bool *ret_found, const struct err *own, struct err *err)
{
    *ret_found = rc == 0;
    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc < 0 && err != NULL)
        *err = *own;
    return rc;
}

/* What is there ---------------------------------------------------------------------------------- */

/* The last deployment that succeeded, or what a person declared since (C7). */
static int load_live(struct candidates *c, const char *environment, struct deployment *ret_live,
                     bool *ret_has, bool *ret_declared, struct err *err)
{
    const struct standing *standing;
    struct baseline baseline;
    struct err own = ERR_INIT;
    bool declared = false;
    int rc = candidates_maybe(store_deployment_live(c->db, c->arena, c->repository->id, environment,
                                                    ret_live, &own),
                              ret_has, &own, err);

    if (rc == 0)
        rc = ground_standing(c->ground, &standing, err);
    if (rc == 0 && standing->baselines)
        rc = candidates_maybe(store_baseline_last(c->db, c->arena, c->repository->id, environment,
                                                  VERDICT_NEVER, &baseline, &own),
                              &declared, &own, err);
    if (rc < 0)
        return rc;
    *ret_declared = declared && (!*ret_has || baseline.declared_at > ret_live->ended_at);
    if (!*ret_declared)
        return 0;
    *ret_has = true;
    *ret_live = (struct deployment){.repository_id = c->repository->id,
                                    .repository = c->repository->name,
                                    .environment = baseline.environment,
                                    .release_number = baseline.release_number,
                                    .state = DEPLOYMENT_SUCCEEDED,
                                    .started_at = baseline.declared_at,
                                    .ended_at = baseline.declared_at};
    memcpy(ret_live->sha, baseline.sha, sizeof(ret_live->sha));
    return 0;
}

static int live_number(struct candidates *c, const char *environment, int64_t *ret_number,
                       struct err *err)
{
    struct deployment live;
    bool has, declared;
    int rc = load_live(c, environment, &live, &has, &declared, err);

    if (rc == 0)
        *ret_number = has ? live.release_number : 0;
    return rc;
}

static int load_there(struct candidates *c, struct err *err)
{
    struct outlook *o = c->outlook;
    const char *name = c->environment->name;
    struct err own = ERR_INIT;
    int rc = load_live(c, name, &o->live, &o->has_live, &o->live_is_declared, err);

    if (rc == 0)
        rc = candidates_maybe(store_deployment_open(c->db, c->arena, c->repository->id, name,
                                                    &o->open, &own),
                              &o->has_open, &own, err);
    if (c->suppose_rollback != NULL)
        o->has_open = false; /* it ends first */
    o->facts.live_number = o->has_live ? o->live.release_number : 0;
    return rc;
}

/* Releases ---------------------------------------------------------------------------------------- */

/* The environment, this one or one that it needs, in which the job of that release has not settled well
 * (M8). An environment that does not run the job has nothing to say; those before it may. */
static int find_unrehearsed(struct candidates *c, const struct config_environment *e,
                            const struct config_job *job, int64_t number, const char **ret_where,
                            struct err *err)
{
    struct attempt attempt;
    struct err own = ERR_INIT;
    bool found;
    int rc = 0;

    if (config_job_runs(job, e)) {
        rc = candidates_maybe(store_attempt_success(c->db, c->arena,
                                                    config_database(c->snapshot->config, e,
                                                                    job->once, c->arena),
                                                    c->repository->id, number, &attempt, &own),
                              &found, &own, err);
        if (rc == 0 && !found)
            *ret_where = e->name;
        return rc;
    }
    for (size_t i = 0; i < e->n_needs && rc == 0 && *ret_where == NULL; i++)
        rc = find_unrehearsed(c, e->needs[i], job, number, ret_where, err);
    return rc;
}

static int load_need(struct candidates *c, const struct config_environment *before,
                     const struct plan_release *r, struct gate_need *need, struct err *err)
{
    const struct config_repo *repo = c->environment->repo;
    struct deployment last;
    struct err own = ERR_INIT;
    int64_t live = 0;
    bool found;
    int rc = candidates_maybe(store_deployment_last_of(c->db, c->arena, c->repository->id,
                                                       before->name, r->number, &last, &own),
                              &found, &own, err);

    if (rc == 0)
        rc = live_number(c, before->name, &live, err);
    if (rc < 0)
        return rc;
    need->environment = before->name;
    need->proven = found && last.state == DEPLOYMENT_SUCCEEDED;
    if (need->proven) { /* what was taken back there proves nothing any more (R4) */
        bool took = false;
        rc = store_rollback_took(c->db, c->repository->id, before->name, r->number, last.id, &took,
                                 err);
        need->proven = !took;
    }
    need->passed_by = live > r->number;
    for (size_t i = 0; i < repo->n_jobs && rc == 0 && need->unrehearsed == NULL; i++)
        if (repo->jobs[i].once != NULL && config_job_runs(&repo->jobs[i], c->environment))
            rc = find_unrehearsed(c, before, &repo->jobs[i], r->number, &need->unrehearsed, err);
    return rc;
}

/* `last`: what became of it here, NULL = it never was. */
static int load_release(struct candidates *c, const struct release *release,
                        const struct deployment_last *last, struct plan_release *r, struct err *err)
{
    const struct config_environment *e = c->environment;
    int rc = 0;

    *r = (struct plan_release){.number = release->number,
                               .name = arena_printf(c->arena, "r%lld", (long long)release->number),
                               .sha = release->sha,
                               .lane = release->lane,
                               .seen_at = release->seen_at,
                               .off_line = release->off_line};
    if (last != NULL && (last->state == DEPLOYMENT_FAILED || last->state == DEPLOYMENT_CANCELLED)) {
        r->failed = true;
        r->failed_at = last->ended_at;
    }
    for (size_t i = 0; i < e->n_needs && i < RELEASE_PLAN_NEEDS_MAX && rc == 0; i++)
        rc = load_need(c, e->needs[i], r, &r->needs[r->n_needs++], err);
    return rc < 0 ? rc : lacks_of(c, &c->outlook->lacks, release, r, err);
}

int candidates_page(struct candidates *c, int64_t below, const char *proven_in, size_t *ret_n,
                    struct err *err)
{
    struct outlook *o = c->outlook;
    struct deployment_last *lasts = NULL;
    struct release *page, *releases;
    struct plan_release *list;
    size_t n_lasts = 0, at = 0, n = 0;
    int rc = store_release_newer(c->db, c->arena, c->repository->id, o->facts.live_number, below,
                                 proven_in, CANDIDATES_MAX, &page, &n, err);

    *ret_n = n;
    if (rc < 0 || n == 0)
        return rc;
    rc = store_deployment_lasts(c->db, c->arena, c->repository->id, c->environment->name,
                                page[0].number - 1, &lasts, &n_lasts, err);
    releases = arena_array(c->arena, n + o->n_releases, sizeof(*releases));
    list = arena_array(c->arena, n + o->n_releases, sizeof(*list));
    memcpy(releases, page, n * sizeof(*page));
    for (size_t i = 0; i < n && rc == 0; i++) {
        while (at < n_lasts && lasts[at].release_number < releases[i].number)
            at++;
        rc =
            load_release(c, &releases[i],
                         at < n_lasts && lasts[at].release_number == releases[i].number ? &lasts[at]
                                                                                        : NULL,
                         &list[i], err);
    }
    if (rc < 0)
        return rc;
    if (o->n_releases > 0) {
        memcpy(releases + n, o->releases, o->n_releases * sizeof(*releases));
        memcpy(list + n, o->facts.releases, o->n_releases * sizeof(*list));
    }
    o->releases = releases;
    o->n_releases += n;
    o->facts.releases = list;
    o->facts.n_releases = o->n_releases;
    return 0;
}

/* A release by number, also one that is not newer than what is live. */
static int find_release(struct candidates *c, int64_t number,
                        const struct plan_release **ret_release, struct err *err)
{
    struct outlook *o = c->outlook;
    struct release *release = arena_alloc(c->arena, sizeof(*release));
    struct plan_release *r = arena_alloc(c->arena, sizeof(*r));
    struct deployment_last last;
    struct deployment d;
    struct err own = ERR_INIT;
    bool found = false;
    int rc;

    for (size_t i = 0; i < o->facts.n_releases; i++)
        if (o->facts.releases[i].number == number) {
            *ret_release = &o->facts.releases[i];
            return 0;
        }
    rc = store_release_by_number(c->db, c->arena, c->repository->id, number, release, err);
    if (rc == 0)
        rc = candidates_maybe(store_deployment_last_of(c->db, c->arena, c->repository->id,
                                                       c->environment->name, number, &d, &own),
                              &found, &own, err);
    if (found)
        last = (struct deployment_last){number, d.state, d.ended_at};
    if (rc == 0)
        rc = load_release(c, release, found ? &last : NULL, r, err);
    if (rc == 0)
        *ret_release = r;
    return rc;
}

/* Wishes ------------------------------------------------------------------------------------------ */

static int plan_of(struct candidates *c, const struct wish *w, struct plan_wish *ret_wish,
                   struct err *err)
{
    *ret_wish = (struct plan_wish){.who = w->actor,
                                   .wished_at = w->wished_at,
                                   .at = w->start_at,
                                   .hotfix = w->hotfix,
                                   .unrehearsed = w->unrehearsed,
                                   .with = w->with,
                                   .n_with = w->n_with,
                                   .with_releases = w->with_releases,
                                   .n_with_releases = w->n_with_releases};
    return find_release(c, w->release_number, &ret_wish->release, err);
}

static int load_wishes(struct candidates *c, struct err *err)
{
    struct outlook *o = c->outlook;
    const char *name = c->environment->name;
    const struct standing *standing;
    struct wish taken;
    struct err own = ERR_INIT;
    int rc = ground_standing(c->ground, &standing, err);

    if (rc == 0 && standing->wishes)
        rc = candidates_maybe(store_wish_open(c->db, c->arena, c->repository->id, name, false,
                                              &o->wish, &own),
                              &o->has_wish, &own, err);
    if (rc == 0 && standing->wishes)
        rc = candidates_maybe(store_wish_open(c->db, c->arena, c->repository->id, name, true,
                                              &o->hotfix, &own),
                              &o->has_hotfix, &own, err);
    if (rc == 0 && c->suppose != NULL) {
        *(c->suppose->hotfix ? &o->hotfix : &o->wish) = *c->suppose;
        *(c->suppose->hotfix ? &o->has_hotfix : &o->has_wish) = true;
    }
    if (rc == 0 && o->has_wish)
        rc = plan_of(c, &o->wish, &o->facts.wish, err);
    if (rc == 0 && o->has_hotfix)
        rc = plan_of(c, &o->hotfix, &o->facts.hotfix, err);
    if (rc < 0 || !o->has_open)
        return rc;
    rc = find_release(c, o->open.release_number, &o->facts.open_release, err);
    if (rc == 0 && o->open.wish_id != 0) {
        rc = store_wish_by_id(c->db, c->arena, o->open.wish_id, &taken, err);
        if (rc == 0)
            rc = plan_of(c, &taken, &o->facts.open_wish, err);
    }
    return rc;
}

/* Rollbacks ---------------------------------------------------------------------------------------- */

static int rollback_of(struct candidates *c, const struct rollback *r,
                       struct plan_rollback *ret_rollback, struct err *err)
{
    *ret_rollback =
        (struct plan_rollback){.asked_at = r->asked_at, .beside_unsettled = r->beside_unsettled};
    return find_release(c, r->to_number, &ret_rollback->release, err);
}

/* What is to be brought back, and what the open deployment brings back; their hosts come with the others. */
static int load_rollbacks(struct candidates *c, struct err *err)
{
    struct outlook *o = c->outlook;
    const struct standing *standing;
    struct err own = ERR_INIT;
    int rc = ground_standing(c->ground, &standing, err);

    if (rc == 0 && standing->rollbacks)
        rc = candidates_maybe(store_rollback_open(c->db, c->arena, c->repository->id,
                                                  c->environment->name, &o->rollback, &own),
                              &o->has_rollback, &own, err);
    if (rc == 0 && c->suppose_rollback != NULL) {
        o->rollback = *c->suppose_rollback;
        o->has_rollback = true;
    }
    if (rc == 0 && o->has_rollback)
        rc = rollback_of(c, &o->rollback, &o->facts.rollback, err);
    if (rc < 0 || !o->has_open || o->open.kind != DEPLOYMENT_ROLLBACK)
        return rc;
    rc = store_rollback_of_deployment(c->db, c->arena, o->open.id, &o->open_rollback, err);
    return rc < 0 ? rc : rollback_of(c, &o->open_rollback, &o->facts.open_rollback, err);
}

/* Barriers ---------------------------------------------------------------------------------------- */

/* Does `e` need `before`, directly or over others? */
static bool needs(const struct config_environment *e, const struct config_environment *before)
{
    for (size_t i = 0; i < e->n_needs; i++)
        if (e->needs[i] == before || needs(e->needs[i], before))
            return true;
    return false;
}

/* "Merge pull request #7 from ...": one commit that brings all of it. */
static bool is_merge_of(struct arena *arena, const char *subject, int64_t pull)
{
    const char *merge = arena_printf(arena, "Merge pull request #%lld ", (long long)pull);

    return strncmp(subject, merge, strlen(merge)) == 0;
}

/* ... and "Sale (#7)", as GitHub calls what it squashed; but so may the last commit of a rebase be called. */
static bool subject_names(struct arena *arena, const char *subject, int64_t pull)
{
    const char *squash = arena_printf(arena, "(#%lld)", (long long)pull);
    size_t n = strlen(subject), m = strlen(squash);

    return is_merge_of(arena, subject, pull) || (n >= m && strcmp(subject + n - m, squash) == 0);
}

/* Releases of which no pull request is known, all above a number, newest first. */
struct nobodys {
    struct release *items;
    size_t n;
};

/* The first release that holds some of the pull request. Merged by rebase it has several commits, and the
 * event names the last: those before it that came along and belong to nobody else are taken for its own, so that
 * not one byte goes out early. No subject but a merge's proves that there are none (0143). */
static int64_t first_of(struct candidates *c, const struct nobodys *nobodys,
                        const struct release *merged, int64_t pull)
{
    int64_t number = merged->number;

    for (size_t i = 0; i < nobodys->n && !is_merge_of(c->arena, merged->subject, pull); i++)
        if (nobodys->items[i].number == number - 1 && nobodys->items[i].seen_at == merged->seen_at)
            number--;
    return number;
}

/* An embargoed pull request may be merged before its event is here: a release of which nobody is known
 * is held if its subject names it, and else until it is as old as a source may be (T22). */
static void suspect(struct candidates *c, const struct nobodys *nobodys, const struct barrier *b,
                    struct plan_barrier *p)
{
    time_ms until = 0;
    bool named = false;
    int64_t first;

    for (size_t i = 0; i < nobodys->n; i++) {
        const struct release *r = &nobodys->items[i];
        time_ms fresh = r->seen_at + GATE_SOURCE_FRESH_MS;
        bool names = subject_names(c->arena, r->subject, b->pull_number);
        if (!names && c->now >= fresh)
            continue;
        first = names ? first_of(c, nobodys, r, b->pull_number) : r->number;
        if (p->number == 0 || first < p->number)
            p->number = first;
        named = named || names;
        until = fresh > until ? fresh : until;
    }
    if (!named && until < p->until)
        p->until = until;
}

static int barrier_of(struct candidates *c, const struct nobodys *nobodys, const struct barrier *b,
                      const struct revert *reverts, size_t n_reverts, struct plan_barrier *ret,
                      struct err *err)
{
    struct plan_barrier p = {.pull = b->pull_number,
                             .name = arena_printf(c->arena, "#%lld", (long long)b->pull_number),
                             .who = b->actor,
                             .why = b->reason,
                             .since = b->set_at,
                             .until = b->not_before != 0 ? b->not_before : VERDICT_NEVER};
    struct release merged;
    int rc = 0;

    if (b->release_number != 0) {
        rc = store_release_by_number(c->db, c->arena, c->repository->id, b->release_number, &merged,
                                     err);
        if (rc == 0)
            p.number = first_of(c, nobodys, &merged, b->pull_number);
        p.reverted_in =
            revert_cancelled_by(reverts, n_reverts, p.number - 1, INT64_MAX, b->release_number);
    } else {
        suspect(c, nobodys, b, &p);
    }
    *ret = p;
    return rc;
}

static void insert_by_number(struct plan_barrier *list, size_t n, const struct plan_barrier *p)
{
    for (; n > 0 && list[n - 1].number > p->number; n--)
        list[n] = list[n - 1];
    list[n] = *p;
}

/* Of this environment, and of those that need it: what lies below theirs is brought by itself (C3). */
static int load_barriers(struct candidates *c, struct err *err)
{
    struct release_facts *f = &c->outlook->facts;
    struct plan_barrier *here, *apart;
    struct nobodys nobodys = {.n = 0};
    struct revert *reverts = NULL;
    struct barrier *open = NULL;
    const struct standing *standing;
    size_t n = 0, n_reverts = 0;
    int rc = ground_standing(c->ground, &standing, err);

    c->outlook->barrier_id = standing->newest_barrier;
    if (rc == 0 && standing->barriers)
        rc = store_barrier_open(c->db, c->arena, c->repository->id, NULL, c->now, &open, &n, err);
    if (rc < 0 || n == 0)
        return rc;
    rc = store_release_nobodys(c->db, c->arena, c->repository->id, f->live_number, &nobodys.items,
                               &nobodys.n, err);
    if (rc == 0)
        rc = store_release_reverts(c->db, c->arena, c->repository->id, 0, INT64_MAX, &reverts,
                                   &n_reverts, err);
    here = arena_array(c->arena, n, sizeof(*here));
    apart = arena_array(c->arena, n, sizeof(*apart));
    f->barriers = here;
    f->apart = apart;
    for (size_t i = 0; i < n && rc == 0; i++) {
        const struct config_environment *e =
            config_environment(c->environment->repo, open[i].environment);
        struct plan_barrier p = {.number = 0};
        int64_t live = f->live_number;
        if (e == NULL || (e != c->environment && !needs(e, c->environment)))
            continue;
        if (e != c->environment)
            rc = live_number(c, e->name, &live, err);
        if (rc == 0)
            rc = barrier_of(c, &nobodys, &open[i], reverts, n_reverts, &p, err);
        if (rc < 0 || p.number == 0 || p.number <= live)
            continue;
        if (e == c->environment)
            insert_by_number(here, f->n_barriers++, &p);
        else if (p.reverted_in == 0)
            insert_by_number(apart, f->n_apart++, &p);
    }
    return rc;
}

/* A list that grows, by number. */
struct grown {
    struct plan_barrier *items;
    size_t n, cap;
};

static void grow(struct candidates *c, struct grown *g, const struct plan_barrier *p)
{
    (void)ARENA_PUSH(c->arena, g->items, g->n, g->cap);
    insert_by_number(g->items, g->n - 1, p);
}

/* What a person has to name: its pull requests. Its number where it has none, or more than can be told of. */
static int add_taken(struct candidates *c, struct grown *g, const struct rollback_taken *taken,
                     const struct revert *reverts, size_t n_reverts, struct err *err)
{
    struct plan_barrier p = {.number = taken->number,
                             .reverted_in =
                                 revert_cancelled_by(reverts, n_reverts, taken->number - 1,
                                                     INT64_MAX, taken->number),
                             .rolled_back = true,
                             .name = arena_printf(c->arena, "r%lld", (long long)taken->number),
                             .who = taken->actor,
                             .why = taken->reason,
                             .since = taken->at,
                             .until = VERDICT_NEVER};
    struct pull_in_release *pulls;
    size_t n = 0;
    int rc = store_pull_request_in_range(c->db, c->arena, c->repository->id, taken->number - 1,
                                         taken->number, RELEASE_PLAN_BARRIERS_MAX, &pulls, &n, err);

    if (rc == 0 && (n == 0 || n == RELEASE_PLAN_BARRIERS_MAX))
        grow(c, g, &p);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        p.pull = pulls[i].pull.number;
        p.name = arena_printf(c->arena, "#%lld", (long long)p.pull);
        grow(c, g, &p);
    }
    return rc;
}

static int add_page(struct candidates *c, struct grown *g, const struct rollback_taken *taken,
                    size_t n, struct err *err)
{
    struct revert *reverts = NULL;
    size_t n_reverts = 0;
    int rc = store_release_reverts(c->db, c->arena, c->repository->id, 0, INT64_MAX, &reverts,
                                   &n_reverts, err);

    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add_taken(c, g, &taken[i], reverts, n_reverts, err);
    return rc;
}

/* What was rolled back here is a barrier until somebody names it (R4). All of it: what keeps nothing back any more, or what
 * people keep back, takes no place from it. */
static int load_rolled_back(struct candidates *c, struct err *err)
{
    struct release_facts *f = &c->outlook->facts;
    struct grown g = {.n = 0};
    const struct standing *standing;
    struct rollback_taken *taken;
    int64_t after = f->live_number;
    size_t n = STORE_ROLLBACK_TAKEN_MAX;
    int rc = ground_standing(c->ground, &standing, err);

    if (rc < 0 || !standing->taken_back)
        return rc;
    for (size_t i = 0; i < f->n_barriers; i++)
        grow(c, &g, &f->barriers[i]);
    while (rc == 0 && n == STORE_ROLLBACK_TAKEN_MAX) {
        rc = store_rollback_taken_back(c->db, c->arena, c->repository->id, c->environment->name,
                                       after, &taken, &n, err);
        if (rc < 0 || n == 0)
            break;
        rc = add_page(c, &g, taken, n, err);
        after = taken[n - 1].number;
    }
    f->barriers = g.items;
    f->n_barriers = g.n;
    return rc;
}

int candidates_load(struct candidates *c, struct err *err)
{
    size_t n;
    int rc = load_there(c, err);

    if (rc == 0)
        rc = lacks_load(c, &c->outlook->lacks, err);
    if (rc == 0)
        rc = candidates_page(c, INT64_MAX, NULL, &n, err);
    if (rc == 0)
        rc = load_wishes(c, err);
    if (rc == 0)
        rc = load_rollbacks(c, err);
    if (rc == 0)
        rc = load_barriers(c, err);
    if (rc == 0)
        rc = load_rolled_back(c, err);
    return rc < 0 ? rc : further_load(c, err);
}
