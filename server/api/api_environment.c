#include "server/api/api_environment.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_release.h"
#include "server/api/api_choices.h"
#include "server/api/api_late.h"
#include "server/api/api_rehearsal.h"
#include "server/api/api_shape.h"
#include "server/api/api_stops.h"
#include "server/api/api_verdict.h"
#include "server/flow/outlook.h"
#include "server/flow/snapshot.h"

/* Loading --------------------------------------------------------------------------------------- */

static bool is_needed(const struct config_environment *environment)
{
    const struct config_repo *repo = environment->repo;

    for (size_t i = 0; i < repo->n_environments; i++) {
        for (size_t k = 0; k < repo->environments[i].n_needs; k++) {
            if (repo->environments[i].needs[k] == environment)
                return true;
        }
    }
    return false;
}

static int load_unknown(struct api_view *view, struct api_environment *env, struct err *err)
{
    struct attempt *attempts;
    size_t n;
    int rc = store_attempt_all_unsettled(view->db, view->request->arena, &attempts, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (attempts[i].state != ATTEMPT_UNKNOWN)
            continue;
        for (size_t k = 0; k < env->n_recent; k++) {
            if (env->recent[k].id == attempts[i].deployment_id)
                env->unknown_of = env->recent[k].id;
        }
    }
    return rc;
}

/* What is there and what comes next, asked of the same function that the flow asks. */
static int load_outlook(struct api_view *view, struct api_environment *env, struct err *err)
{
    struct arena *arena = view->request->arena;
    struct outlook *outlook = arena_alloc(arena, sizeof(*outlook));
    const struct release_plan *plan = &outlook->plan;
    int rc = outlook_make(view->db, view->snapshot, env->repository, env->config, view->now, arena,
                          outlook, err);

    if (rc < 0)
        return rc;
    env->outlook = outlook;
    env->now = view->now;
    env->live = outlook->has_live ? &outlook->live : NULL;
    env->open = outlook->has_open ? &outlook->open : NULL;
    env->stops = &outlook->stops;
    env->gate = &outlook->facts.gate;
    if (plan->target != NULL) {
        env->next = outlook_release(outlook, plan->target);
        env->verdict = &plan->verdict;
        env->start_at = outlook->promised_at != VERDICT_NEVER ? outlook->promised_at : 0;
        env->newest = outlook_release(outlook, plan->newest);
    } else if (plan->newest != NULL) {
        env->next = outlook_release(outlook, plan->newest);
        env->verdict = &plan->newest_verdict;
    }
    return 0;
}

/* The hotfix before the pin; else the last wish, if it ended and what it asked for is still not live. */
static int load_wish(struct api_view *view, struct api_environment *env, struct err *err)
{
    const struct outlook *o = env->outlook;
    struct wish *latest = arena_alloc(view->request->arena, sizeof(*latest));
    struct err own = ERR_INIT;
    int rc;

    env->wish = o->has_hotfix ? &o->hotfix : o->has_wish ? &o->wish : NULL;
    if (env->wish != NULL)
        return 0;
    rc = store_wish_latest(view->db, view->request->arena, env->repository->id, env->config->name,
                           latest, &own);
    if (rc == 0 && latest->ended != NULL && latest->release_number > o->facts.live_number)
        env->wish = latest;
    if (rc < 0 && rc != ERR_NOT_FOUND)
        *err = own;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

int api_environment_load(struct api_view *view, const struct repository *repository,
                         const struct config_environment *config, struct api_environment *ret_env,
                         struct err *err)
{
    struct api_environment env = {.config = config,
                                  .repository = repository,
                                  .is_needed = is_needed(config)};
    int rc = 0;

    if (repository->id != 0)
        rc = load_outlook(view, &env, err);
    if (rc == 0 && repository->id != 0)
        rc = load_wish(view, &env, err);
    if (rc == 0 && repository->id != 0)
        rc = store_deployment_list(view->db, view->request->arena, repository->id, config->name, 0,
                                   API_ENVIRONMENT_RECENT, &env.recent, &env.n_recent, err);
    if (rc == 0 && repository->id != 0)
        rc = load_unknown(view, &env, err);
    if (rc == 0)
        *ret_env = env;
    return rc;
}

/* Words ----------------------------------------------------------------------------------------- */

/* The newest deployment whose range (from, target] holds the release; undone ones brought nothing. */
static const struct deployment *deployment_of(const struct api_environment *env, int64_t number)
{
    for (size_t i = 0; i < env->n_recent; i++) {
        const struct deployment *d = &env->recent[i];

        if (d->state != DEPLOYMENT_SUPERSEDED && d->kind != DEPLOYMENT_CATCH_UP &&
            d->release_number >= number && (d->from_number < number || d->release_number == number))
            return d;
    }
    return NULL;
}

static bool is_newest_cut(const struct api_environment *env, const struct deployment *d)
{
    for (size_t i = 0; i < env->n_recent; i++) {
        if (env->recent[i].state != DEPLOYMENT_SUPERSEDED &&
            env->recent[i].kind != DEPLOYMENT_CATCH_UP)
            return &env->recent[i] == d || env->recent[i].id == d->id;
    }
    return true;
}

bool api_environment_rolled_back(const struct api_environment *env, int64_t number)
{
    const struct release_facts *f = env->outlook != NULL ? &env->outlook->facts : NULL;

    for (size_t i = 0; f != NULL && i < f->n_barriers; i++)
        if (f->barriers[i].rolled_back && f->barriers[i].number == number)
            return true;
    return false;
}

enum shown api_environment_shows(const struct api_environment *env, int64_t number,
                                 const struct deployment **ret_deployment)
{
    const struct deployment *d = deployment_of(env, number);
    int64_t live = env->live != NULL ? env->live->release_number : 0;
    struct verdict verdict;
    struct shown_facts facts = {
        .ended = api_environment_rolled_back(env, number) &&
                 !(d != NULL && deployment_is_open(d->state)),
        .attempt_unknown = d != NULL && d->id == env->unknown_of,
        .has_deployment = d != NULL,
        .deployment = d != NULL ? d->state : DEPLOYMENT_WAITING,
        .cut_since = d != NULL && !is_newest_cut(env, d),
        .needed = env->is_needed,
        .is_live = number <= live,
        .is_candidate = number > live && env->next != NULL,
        .on_release = env->config->on == CONFIG_ON_RELEASE,
        .has_start = env->start_at != 0,
    };

    if (facts.is_candidate && number <= env->next->number) {
        facts.verdict = env->verdict;
    } else if (facts.is_candidate && env->newest != NULL && number <= env->newest->number) {
        verdict = release_plan_judge(&env->outlook->facts, &env->outlook->plan, number, env->now);
        facts.verdict = &verdict;
        facts.has_start = false; /* its start is not the one that is promised */
    } else {
        facts.is_candidate = false;
    }
    if (ret_deployment != NULL)
        *ret_deployment = d;
    return shown_judge(&facts);
}

enum shown api_environment_state(const struct api_environment *env)
{
    enum shown state = env->live != NULL ? SHOWN_LIVE : SHOWN_RECEIVED;

    if (env->live != NULL)
        state = shown_worse(state, api_environment_shows(env, env->live->release_number, NULL));
    if (env->next != NULL) /* what was taken back waits for a person who names it */
        state = shown_worse(state, api_environment_rolled_back(env, env->next->number)
                                       ? SHOWN_HELD
                                       : api_environment_shows(env, env->next->number, NULL));
    if (env->open != NULL)
        state = shown_worse(state, api_environment_shows(env, env->open->release_number, NULL));
    return state;
}

const char *api_environment_time(struct api_view *view, const struct api_environment *env,
                                 time_ms t)
{
    const struct zone *zone = calendar_zone(view->snapshot->calendar, env->config);
    char text[ZONE_TEXT_SIZE];

    if (t == 0)
        return "";
    zone_text(zone, t, view->language, text);
    return arena_str(view->request->arena, text);
}

/* Stops ------------------------------------------------------------------------------------------- */

#define SOON_MS (24 * INT64_C(3600000))

static const char *hold_sentence(struct api_view *view, const struct api_environment *env,
                                 const char *what)
{
    const struct hold *h = &env->stops->holds[0];
    const struct message_value values[] = {
        {"what", h->environment != NULL ? what : h->repository},
        {"who", h->actor},
        {"why", h->reason},
        {"when", api_environment_time(view, env, h->until_at)},
    };

    return messages_fill(view->request->arena, view->language,
                         h->until_at != 0 ? "headline.hold-until" : "headline.hold", values, 4);
}

static const char *freeze_sentence(struct api_view *view, const struct api_environment *env,
                                   const char *what, const struct interval *freeze, bool now)
{
    const struct message_value values[] = {
        {"what", what},
        {"why", freeze->name},
        {"when", api_environment_time(view, env, now ? freeze->to : freeze->from)},
    };

    return messages_fill(view->request->arena, view->language,
                         now ? "headline.freeze" : "headline.freeze-soon", values, 3);
}

const char *api_environment_stop(struct api_view *view, const struct api_environment *env,
                                 const char *what, bool *ret_now)
{
    const struct interval *soon = NULL;

    *ret_now = true;
    if (env->gate == NULL)
        return NULL;
    if (env->stops->n_holds > 0)
        return hold_sentence(view, env, what);
    for (size_t i = 0; i < env->gate->n_freezes; i++) {
        const struct interval *f = &env->gate->freezes[i];

        if (f->from <= view->now && view->now < f->to)
            return freeze_sentence(view, env, what, f, true);
        if (f->from > view->now && f->from - view->now < SOON_MS &&
            (soon == NULL || f->from < soon->from))
            soon = f;
    }
    *ret_now = false;
    return soon != NULL ? freeze_sentence(view, env, what, soon, false) : NULL;
}

/* JSON ------------------------------------------------------------------------------------------ */

static void add_wish(struct json_out *out, struct api_view *view, const struct api_environment *env)
{
    const struct wish *w = env->wish;

    if (w == NULL) {
        json_add_null(out, "wish");
        return;
    }
    json_begin_object(out, "wish");
    json_add_int(out, "id", w->id);
    json_add_int(out, "release", w->release_number);
    json_add_time(out, "start_at", w->start_at);
    api_shape_text_or_null(out, "start_text", api_environment_time(view, env, w->start_at));
    json_add_bool(out, "hotfix", w->hotfix);
    json_add_str(out, "who", w->actor);
    json_add_str(out, "reason", w->reason);
    json_add_str(out, "ended",
                 w->ended == NULL
                     ? NULL
                     : messages_text(view->language, arena_printf(view->request->arena,
                                                                  "wish.ended.%s", w->ended)));
    json_end_object(out);
}

/* What is live there: the release itself, and what came with it. */
static int add_live(struct json_out *out, struct api_view *view, const struct api_environment *env,
                    struct err *err)
{
    const struct deployment *live = env->live;
    struct release release = {0};
    int rc;

    if (live == NULL) {
        json_add_null(out, "live");
        return 0;
    }
    rc = store_release_by_number(view->db, view->request->arena, env->repository->id,
                                 live->release_number, &release, err);
    if (rc < 0)
        return rc;
    json_begin_object(out, "live");
    json_add_int(out, "release", release.number);
    json_add_str(out, "sha", release.sha);
    json_add_str(out, "subject", release.subject);
    json_add_time(out, "since", live->ended_at);
    json_add_bool(out, "declared", env->outlook->live_is_declared);
    rc = api_shape_pulls(out, "pulls", view, env->repository->id,
                         live->from_number != 0 && live->from_number < release.number
                             ? live->from_number
                             : release.number - 1, /* also of a rollback */
                         release.number, err);
    json_end_object(out);
    return rc;
}

/* Hosts whose part in every job that is there has ended, of all. */
static int count_hosts(struct api_view *view, int64_t deployment_id, int64_t *ret_done,
                       int64_t *ret_total, struct err *err)
{
    struct invocation *all;
    size_t n;
    int rc =
        store_command_invocations(view->db, view->request->arena, deployment_id, &all, &n, err);

    if (rc < 0)
        return rc;
    *ret_done = 0;
    *ret_total = 0;
    for (size_t i = 0; i < n; i++) {
        bool first = true;
        bool done = true;

        for (size_t k = 0; k < i; k++)
            first = first && strcmp(all[k].host_id, all[i].host_id) != 0;
        for (size_t k = 0; k < n; k++) {
            if (strcmp(all[k].host_id, all[i].host_id) == 0)
                done = done && invocation_has_ended(all[k].status);
        }
        *ret_total += first;
        *ret_done += first && done;
    }
    return 0;
}

/* A migrate job of the open deployment that takes longer than people were promised. */
static int find_alarm(struct api_view *view, const struct api_environment *env,
                      const char **ret_text, struct err *err)
{
    struct arena *arena = view->request->arena;
    struct attempt *attempts;
    size_t n = 0;
    int rc = store_attempt_of_deployment(view->db, arena, env->open->id, &attempts, &n, err);

    for (size_t i = 0; i < n && rc == 0 && *ret_text == NULL; i++) {
        struct invocation inv;

        if (attempts[i].alarmed_at == 0 || attempts[i].settled_at != 0)
            continue;
        rc = store_command_invocation(view->db, arena, attempts[i].command_id, attempts[i].host_id,
                                      &inv, err);
        if (rc == 0)
            rc = api_rehearsal_alarm(view, env->config, &attempts[i],
                                     api_environment_time(view, env, inv.began_at), ret_text, err);
    }
    return rc;
}

static int add_open(struct json_out *out, struct api_view *view, const struct api_environment *env,
                    struct err *err)
{
    const struct deployment *open = env->open;
    int64_t done = 0;
    int64_t total = 0;
    const char *alarm = NULL;
    int rc;

    if (open == NULL) {
        json_add_null(out, "open");
        return 0;
    }
    rc = count_hosts(view, open->id, &done, &total, err);
    if (rc == 0)
        rc = find_alarm(view, env, &alarm, err);
    if (rc < 0)
        return rc;
    json_begin_object(out, "open");
    json_add_int(out, "id", open->id);
    json_add_str(out, "kind", deployment_kinds[open->kind].text);
    json_add_int(out, "release", open->release_number);
    json_add_str(out, "sha", open->sha);
    json_add_str(out, "state", deployment_states[open->state].text);
    json_add_str(out, "cause", open->cause != NULL ? open->cause : alarm);
    json_add_time(out, "start_at", open->start_at);
    json_add_time(out, "started_at", open->started_at);
    json_add_int(out, "hosts_done", done);
    json_add_int(out, "hosts_total", total);
    json_end_object(out);
    return 0;
}

static int add_holds(struct json_out *out, const struct api_view *view,
                     const struct api_environment *env, struct err *err)
{
    size_t n = env->stops != NULL ? env->stops->n_holds : 0;
    int rc = 0;

    json_begin_array(out, "holds");
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = api_stops_hold(out, NULL, view, &env->stops->holds[i], err);
    json_end_array(out);
    return rc;
}

#define FREEZES_AHEAD_MS (14 * 24 * INT64_C(3600000))

/* Those that are on or begin within two weeks, also those of the configuration. */
static void add_freezes(struct json_out *out, struct api_view *view,
                        const struct api_environment *env)
{
    size_t n = env->gate != NULL ? env->gate->n_freezes : 0;

    json_begin_array(out, "freezes");
    for (size_t i = 0; i < n; i++) {
        const struct interval *f = &env->gate->freezes[i];

        if (f->to <= view->now || f->from - view->now >= FREEZES_AHEAD_MS)
            continue;
        json_begin_object(out, NULL);
        json_add_str(out, "name", f->name);
        json_add_bool(out, "active", f->from <= view->now);
        json_add_time(out, "from", f->from);
        json_add_str(out, "from_text", api_environment_time(view, env, f->from));
        json_add_time(out, "to", f->to);
        json_add_str(out, "to_text", api_environment_time(view, env, f->to));
        json_end_object(out);
    }
    json_end_array(out);
}

int api_environment_shape(struct json_out *out, const char *key, struct api_view *view,
                          const struct api_environment *env, struct err *err)
{
    int rc;

    json_begin_object(out, key);
    json_add_str(out, "name", env->config->name);
    json_add_str(out, "url", env->config->url);
    json_add_str(out, "on", config_on_names[env->config->on]);
    json_add_str(out, "timezone", env->config->timezone);
    json_add_str(out, "state", shown_key(api_environment_state(env)));
    rc = add_holds(out, view, env, err);
    add_freezes(out, view, env);
    if (rc == 0)
        rc = add_live(out, view, env, err);
    if (rc == 0)
        rc = add_open(out, view, env, err);
    if (rc == 0)
        rc = api_choices_shape(out, "attention", view, env, err);
    if (rc == 0)
        rc = api_verdict_shape(out, "next", view, env, err);
    if (rc == 0)
        rc = api_verdict_waits(out, "newest", view, env, env->newest, err);
    add_wish(out, view, env);
    api_late_add(out, view, env);
    json_end_object(out);
    return rc;
}
