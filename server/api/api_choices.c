#include "server/api/api_choices.h"

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/rules/choices.h"
#include "server/api/api_environment.h"
#include "server/api/api_migrate_facts.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/policy.h"
#include "server/flow/outlook.h"
#include "server/flow/way_back.h"

struct stopped {
    struct api_view *view;
    const struct api_environment *env;
    struct way_back way;
    struct outlook supposed; /* as if the way back were asked for */
    struct choices choices;
};

/* Loading --------------------------------------------------------------------------------------- */

static int load_attempts(struct stopped *s, struct choices_facts *facts, struct err *err)
{
    const struct progress_facts *open = &s->way.open.facts;
    struct arena *arena = s->view->request->arena;
    struct choices_attempt *items = arena_array(arena, open->n_attempts + 1, sizeof(*items));

    facts->attempts = items;
    for (size_t i = 0; i < open->n_attempts; i++) {
        struct api_migrate_facts *f;
        int rc;

        if (open->attempts[i].settled_at != 0)
            continue;
        f = arena_alloc(arena, sizeof(*f));
        rc = api_migrate_facts_load(s->view->db, arena, s->view->config, &open->attempts[i],
                                    s->view->now, f, err);
        if (rc < 0)
            return rc;
        items[facts->n_attempts++] =
            (struct choices_attempt){.settle = f->settle,
                                     .probed = f->n_probes > 0 && f->probes[0].ended_at == 0};
    }
    return 0;
}

static int suppose_way_back(struct stopped *s, struct err *err)
{
    const struct rollback back = {.repository_id = s->env->repository->id,
                                  .environment = s->env->config->name,
                                  .to_number = s->way.judged.target,
                                  .left_number = s->way.judged.newest,
                                  .left_deployment_id =
                                      s->way.judged.touched_only ? s->env->open->id : 0,
                                  .actor = s->view->request->actor.name,
                                  .way = s->view->request->actor.way,
                                  .reason = "",
                                  .asked_at = s->view->now,
                                  .across_migration = true};

    return outlook_suppose_rollback(s->view->db, s->view->snapshot, s->env->repository,
                                    s->env->config, &back, s->view->now, s->view->request->arena,
                                    &s->supposed, err);
}

static int load(struct stopped *s, struct err *err)
{
    struct arena *arena = s->view->request->arena;
    struct choices_facts facts = {.open = &s->way.open.facts,
                                  .gate = s->env->gate,
                                  .now = s->view->now};
    int rc = way_back_find(s->view->db, arena, s->env->repository->id, s->env->config->name,
                           s->env->outlook->facts.live_number, 0, &s->way, err);

    if (rc == 0)
        rc = load_attempts(s, &facts, err);
    if (rc == 0 && s->way.judged.answer == RULES_ROLLBACK_GOES) {
        rc = suppose_way_back(s, err);
        facts.rollback = &s->supposed.plan.verdict;
    }
    if (rc < 0)
        return rc;
    facts.way_back = s->way.judged;
    facts.way_back_across = s->way.n_changes > 0;
    choices_make(&facts, arena, &s->choices);
    return 0;
}

/* Words ----------------------------------------------------------------------------------------- */

static const char *text_key(const struct choice *c)
{
    if (c->kind == CHOICE_ROLL_BACK && c->release == 0)
        return "choice.roll-back-none";
    if (c->kind == CHOICE_ROLL_BACK && c->touched_only)
        return "choice.roll-back-touched";
    if (c->kind == CHOICE_CANCEL && c->as_failed)
        return "choice.cancel-failed";
    return NULL;
}

static const char *fill(struct stopped *s, const struct choice *c, const char *key)
{
    struct arena *arena = s->view->request->arena;
    const struct message_value values[] = {
        {"host", c->host},
        {"database", c->database},
        {"state", c->state},
        {"release", arena_printf(arena, "r%lld", (long long)c->release)},
        {"who", s->env->open->cancel_by},
    };

    return messages_fill(arena, s->view->language, key, values, sizeof(values) / sizeof(values[0]));
}

static const char *text_of(struct stopped *s, const struct choice *c)
{
    const char *key = text_key(c);

    return fill(s, c,
                key != NULL
                    ? key
                    : arena_printf(s->view->request->arena, "choice.%s", choices_key(c->kind)));
}

static const char *why_not(struct stopped *s, const struct choice *c)
{
    switch (c->refusal) {
    case CHOICE_IS_ENDING:
        return fill(s, c, "choice.no.ending");
    case CHOICE_UNSETTLED:
        return fill(s, c, "choice.no.unsettled");
    case CHOICE_STILL_RUNS:
        return fill(s, c, "choice.no.still-runs");
    case CHOICE_NOBODY_LEFT:
        return fill(s, c, "choice.no.nobody-left");
    case CHOICE_NO_WAY_BACK:
        return fill(s, c, "choice.no.way-back");
    case CHOICE_UNTOUCHED:
        return fill(s, c, "choice.no.untouched");
    case CHOICE_PROBED:
        return fill(s, c, "choice.no.probed");
    case CHOICE_GATE:
        return api_verdict_text(s->view, c->cause);
    case CHOICE_SETTLE:
        return c->why;
    case CHOICE_OPEN:
    case CHOICE_REFUSALS_COUNT:
        break;
    }
    return NULL;
}

/* What to type; the same for everybody, in no language. */
static const char *command_of(struct stopped *s, const struct choice *c)
{
    struct arena *arena = s->view->request->arena;
    const char *repo = s->env->config->repo->name, *env = s->env->config->name;

    switch (c->kind) {
    case CHOICE_RETRY:
        return arena_printf(arena, "slipway retry %s %s", repo, env);
    case CHOICE_LEAVE_OUT:
        return arena_printf(arena, "slipway retry %s %s --leave-out %s", repo, env, c->host);
    case CHOICE_ROLL_BACK:
        return arena_printf(arena, "slipway rollback %s %s%s%s -m WHY", repo, env,
                            c->across ? " --across-migration" : "",
                            c->beside ? " --beside-unsettled" : "");
    case CHOICE_CANCEL:
        return arena_printf(arena, "slipway cancel %s %s", repo, env);
    case CHOICE_PROBE:
        return arena_printf(arena, "slipway migrate probe %s", c->database);
    case CHOICE_MARK_SUCCEEDED:
        return arena_printf(arena, "slipway migrate mark %s succeeded --epoch %lld -m WHY",
                            c->database, (long long)c->epoch);
    case CHOICE_MARK_FAILED:
        return arena_printf(arena, "slipway migrate mark %s failed --epoch %lld -m WHY",
                            c->database, (long long)c->epoch);
    case CHOICE_NEW_ATTEMPT:
        return arena_printf(arena, "slipway migrate retry %s --epoch %lld -m WHY", c->database,
                            (long long)c->epoch);
    case CHOICE_ABANDON:
        return arena_printf(arena, "slipway migrate abandon %s --epoch %lld -m WHY", c->database,
                            (long long)c->epoch);
    case CHOICES_COUNT:
        break;
    }
    return NULL;
}

/* JSON ------------------------------------------------------------------------------------------ */

static void add_choice(struct json_out *out, struct stopped *s, const struct choice *c)
{
    bool open = c->refusal == CHOICE_OPEN;
    time_ms until = open || c->until == VERDICT_NEVER ? 0 : c->until;

    json_begin_object(out, NULL);
    json_add_str(out, "choice", choices_key(c->kind));
    json_add_str(out, "text", text_of(s, c));
    json_add_bool(out, "possible", open);
    json_add_str(out, "why", why_not(s, c));
    json_add_time(out, "until", until);
    api_shape_text_or_null(out, "until_text", api_environment_time(s->view, s->env, until));
    json_add_str(out, "command", command_of(s, c));
    json_end_object(out);
}

static const char *who_text(struct stopped *s, const char *who)
{
    const struct message_value values[] = {{"who", who}, {"right", right_name(RIGHT_OPERATE)}};

    return messages_fill(s->view->request->arena, s->view->language,
                         who[0] != '\0' ? "attention.who" : "attention.nobody", values, 2);
}

int api_choices_shape(struct json_out *out, const char *key, struct api_view *view,
                      const struct api_environment *env, struct err *err)
{
    struct stopped *s;
    const char *who;
    int rc;

    if (env->open == NULL || env->open->state != DEPLOYMENT_ATTENTION) {
        json_add_null(out, key);
        return 0;
    }
    s = arena_alloc(view->request->arena, sizeof(*s));
    *s = (struct stopped){.view = view, .env = env};
    rc = load(s, err);
    if (rc < 0)
        return rc;
    who = policy_names(view->request, env->config, RIGHT_OPERATE);
    json_begin_object(out, key);
    json_add_str(out, "environment", env->config->name);
    json_add_int(out, "deployment", env->open->id);
    json_add_time(out, "since", env->open->stopped_at);
    api_shape_text_or_null(out, "since_text",
                           api_environment_time(view, env, env->open->stopped_at));
    json_add_str(out, "reason", env->open->cause);
    json_add_str(out, "who", who);
    json_add_str(out, "who_text", who_text(s, who));
    json_add_bool(out, "may",
                  (policy_rights_in_environment(view->request, env->config) &
                   RIGHT_BIT(RIGHT_OPERATE)) != 0);
    json_begin_array(out, "choices");
    for (size_t i = 0; i < s->choices.n; i++)
        add_choice(out, s, &s->choices.items[i]);
    json_end_array(out);
    json_end_object(out);
    return 0;
}

/* Text ------------------------------------------------------------------------------------------ */

static const char *since_text(struct stopped *s)
{
    const struct message_value values[] = {{"when", api_environment_time(s->view, s->env,
                                                                         s->env->open->stopped_at)},
                                           {"why", s->env->open->cause}};

    return messages_fill(s->view->request->arena, s->view->language, "attention.since", values, 2);
}

static const char *not_now(struct stopped *s, const struct choice *c)
{
    const struct message_value values[] = {{"why", why_not(s, c)}};

    return messages_fill(s->view->request->arena, s->view->language, "attention.not-now", values,
                         1);
}

int api_choices_text(struct buf *buf, struct api_view *view, const struct api_environment *env,
                     struct err *err)
{
    struct stopped *s;
    int rc;

    if (env->open == NULL || env->open->state != DEPLOYMENT_ATTENTION)
        return 0;
    s = arena_alloc(view->request->arena, sizeof(*s));
    *s = (struct stopped){.view = view, .env = env};
    rc = load(s, err);
    if (rc < 0)
        return rc;
    buf_addf(buf, "    ! %s\n", since_text(s));
    buf_addf(buf, "    %s\n", who_text(s, policy_names(view->request, env->config, RIGHT_OPERATE)));
    for (size_t i = 0; i < s->choices.n; i++) {
        const struct choice *c = &s->choices.items[i];

        buf_addf(buf, "      - %s\n        %s\n", text_of(s, c),
                 c->refusal == CHOICE_OPEN ? command_of(s, c) : not_now(s, c));
    }
    return 0;
}
