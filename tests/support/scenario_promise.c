#include "tests/support/scenario_promise.h"

#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_repository.h"
#include "tests/support/scenario_time.h"

#define STEPS_MAX 4000
#define LOOKED_AT 200 /* deployments */

struct promised {
    const struct config_repo *repo;
    const struct config_environment *environment;
    int64_t repository_id;
    int64_t number;
    time_ms at;
    int64_t before; /* the newest deployment that had started when it was promised */
    bool over;
};

struct holding {
    struct scenario_world *world;
    struct promised *items;
    size_t n, cap;
    struct buf *broken;
};

/* Nothing stands against it that somebody has to end. */
static bool is_of_time_alone(const struct outlook *o)
{
    const struct verdict *v = &o->plan.verdict;

    if (o->plan.target == NULL || o->plan.rollback || v->n_left_out > 0 ||
        (o->has_open && o->open.state != DEPLOYMENT_WAITING) ||
        (o->plan.action != PLAN_WAIT && o->plan.action != PLAN_CUT && o->plan.action != PLAN_START))
        return false;
    for (size_t i = 0; i < v->n_causes; i++)
        switch (v->causes[i].kind) {
        case CAUSE_SCHEDULE:
        case CAUSE_WINDOW:
        case CAUSE_CALENDAR:
        case CAUSE_FREEZE:
        case CAUSE_HOLD:
        case CAUSE_BARRIER:
        case CAUSE_PINNED:
            if (v->causes[i].until == VERDICT_NEVER || v->causes[i].until >= o->plan.start_until)
                return false;
            break;
        default:
            return false;
        }
    return true;
}

static void say(struct holding *h, const struct promised *p, const char *what, time_ms at)
{
    const struct zone *zone = calendar_zone(h->world->snapshot->calendar, p->environment);

    buf_addf(h->broken, "%s %s: r%lld was promised for ", p->repo->name, p->environment->name,
             (long long)p->number);
    scenario_time_print(h->world, zone, p->at, h->broken);
    buf_addf(h->broken, "%s", what);
    if (at != 0)
        scenario_time_print(h->world, zone, at, h->broken);
    buf_addc(h->broken, '\n');
}

/* Of those that had not started when it was promised; id 0 = none has. Late hosts bring nothing new. */
static int first_start(struct holding *h, struct promised *p, struct deployment *ret_first,
                       struct err *err)
{
    struct scenario_world *w = h->world;
    struct deployment *list;
    size_t n;
    int rc = store_deployment_list(w->db, &w->arena, p->repository_id, p->environment->name, 0,
                                   LOOKED_AT, &list, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        if (list[i].started_at != 0 && list[i].id > p->before &&
            list[i].kind != DEPLOYMENT_CATCH_UP)
            *ret_first = list[i]; /* newest first */
    return rc;
}

static int note(struct holding *h, const struct config_repo *repo,
                const struct config_environment *e, struct err *err)
{
    struct scenario_world *w = h->world;
    struct outlook *o = arena_alloc(&w->arena, sizeof(*o));
    struct promised p = {.repo = repo, .environment = e};
    struct deployment *list;
    size_t n;
    struct repository row;
    struct err own = ERR_INIT;
    int rc = store_repository_by_name(w->db, &w->arena, repo->name, &row, &own);

    if (rc == ERR_NOT_FOUND)
        return 0;
    rc = outlook_make(w->db, w->snapshot, &row, e, w->clock.now, &w->arena, o, err);
    if (rc < 0 || !is_of_time_alone(o))
        return rc;
    p.number = o->plan.target->number;
    p.at = o->promised_at > w->clock.now ? o->promised_at : w->clock.now;
    if (o->promised_at == VERDICT_NEVER) {
        buf_addf(h->broken, "%s %s: time alone stands against r%lld, and no time is promised\n",
                 repo->name, e->name, (long long)p.number);
        return 0;
    }
    p.repository_id = row.id;
    rc = store_deployment_list(w->db, &w->arena, row.id, e->name, 0, LOOKED_AT, &list, &n, err);
    for (size_t i = n; rc == 0 && i > 0; i--)
        if (list[i - 1].started_at != 0)
            p.before = list[i - 1].id;
    *ARENA_PUSH(&w->arena, h->items, h->n, h->cap) = p;
    return rc;
}

/* The first start since. */
static int judge(struct holding *h, struct promised *p, struct err *err)
{
    struct deployment d = {.id = 0};
    int rc = first_start(h, p, &d, err);

    if (rc < 0)
        return rc;
    p->over = d.id != 0 || p->at <= h->world->clock.now;
    if (d.id != 0 && d.started_at != p->at)
        say(h, p, d.started_at < p->at ? " and started before, at " : " and started at ",
            d.started_at);
    else if (d.id != 0 && d.release_number != p->number)
        say(h, p, " and another release started in its place", 0);
    else if (d.id == 0 && p->over)
        say(h, p, " and did not start", 0);
    return 0;
}

/* The next one whose instant is to come; VERDICT_NEVER = none is. */
static time_ms next_of(const struct holding *h, const struct promised **ret_next)
{
    time_ms next = VERDICT_NEVER;

    for (size_t i = 0; i < h->n; i++)
        if (!h->items[i].over && h->items[i].at < next) {
            *ret_next = &h->items[i];
            next = h->items[i].at;
        }
    return next;
}

/* As long as something is promised: to where the flow would wake. */
static int go_on(struct holding *h, struct err *err)
{
    struct scenario_world *w = h->world;
    int rc = 0;

    w->timed = false;
    for (int step = 0; step < STEPS_MAX && rc == 0; step++) {
        const struct promised *next = NULL;
        time_ms at, to;
        if ((rc = scenario_world_settle(w, err)) < 0)
            return rc;
        for (size_t i = 0; i < h->n && rc == 0; i++)
            if (!h->items[i].over)
                rc = judge(h, &h->items[i], err);
        at = next_of(h, &next);
        if (rc < 0 || at == VERDICT_NEVER)
            return rc;
        if (w->next > at)
            say(h, next, ", and the flow would sleep over it", 0);
        to = w->next < at ? w->next : at;
        rc = scenario_world_move(w, to > w->clock.now ? to : w->clock.now + 1, err);
        w->timed = true; /* nothing rings */
    }
    if (rc == 0)
        buf_addf(h->broken, "what is promised does not come in %d steps\n", STEPS_MAX);
    return rc;
}

int scenario_promise_hold(struct scenario_world *w, struct buf *ret_broken, size_t *ret_n,
                          struct err *err)
{
    const struct config *config = w->snapshot->config;
    struct holding h = {.world = w, .broken = ret_broken};
    int rc = 0;

    for (size_t i = 0; i < config->n_repos && rc == 0; i++)
        for (size_t k = 0; k < config->repos[i].n_environments && rc == 0; k++)
            rc = note(&h, &config->repos[i], &config->repos[i].environments[k], err);
    *ret_n = h.n;
    return rc < 0 || h.n == 0 ? rc : go_on(&h, err);
}
