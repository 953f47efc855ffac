#include "server/api/api_verdict.h"

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/model/config.h"
#include "lib/model/messages.h"
#include "lib/rules/release_plan.h"
#include "lib/rules/verdict.h"
#include "server/api/api_environment.h"
#include "server/api/api_rehearsal.h"
#include "server/api/api_shape.h"
#include "server/flow/outlook.h"

/* Some causes have a second text for a second case. */
static const char *cause_key(const struct cause *cause)
{
    if (cause->kind == CAUSE_SCHEDULE && cause->until == VERDICT_NEVER)
        return "schedule-over";
    if (cause->kind == CAUSE_SOURCE_NOT_SEEN && cause->since == 0 && cause->why == NULL)
        return "source-never-seen";
    if (cause->kind == CAUSE_APPROVAL && cause->why == NULL)
        return "approval-expires";
    if (cause->kind == CAUSE_CHECK && cause->refused)
        return "check-refused";
    if (cause->kind == CAUSE_CI && cause->why != NULL)
        return cause->refused ? "ci-failed" : "ci-pending";
    if (cause->kind == CAUSE_UNSETTLED && cause->command != NULL)
        return "unsettled-fence";
    return verdict_cause_key(cause->kind);
}

const char *api_verdict_text(struct api_view *view, const struct cause *cause)
{
    struct arena *arena = view->request->arena;
    const struct message_value values[] = {
        {"what", cause->what},
        {"who", cause->who},
        {"why", cause->why},
        {"line", arena_printf(arena, "%d", cause->line)},
    };

    return messages_fill(arena, view->language, arena_printf(arena, "cause.%s", cause_key(cause)),
                         values, sizeof(values) / sizeof(values[0]));
}

static void add_end(struct json_out *out, const char *key, time_ms t)
{
    json_add_time(out, key, t == VERDICT_NEVER ? 0 : t);
}

static void add_cause(struct json_out *out, struct api_view *view,
                      const struct api_environment *env, const struct cause *cause)
{
    bool is_setting = cause->kind == CAUSE_NOT_BUILT;

    json_begin_object(out, NULL);
    json_add_str(out, "cause", verdict_cause_key(cause->kind));
    json_add_str(out, "text", api_verdict_text(view, cause));
    json_add_str(out, "who", cause->who);
    json_add_str(out, "command", cause->command);
    add_end(out, "until", cause->until);
    api_shape_text_or_null(out, "until_text",
                           env != NULL && cause->until != VERDICT_NEVER
                               ? api_environment_time(view, env, cause->until)
                               : NULL);
    json_add_str(out, "setting", is_setting ? cause->what : NULL);
    api_shape_int_or_null(out, "line", cause->line);
    json_end_object(out);
}

void api_verdict_causes(struct json_out *out, const char *key, struct api_view *view,
                        const struct api_environment *env, const struct verdict *verdict)
{
    json_begin_array(out, key);
    for (size_t i = 0; i < verdict->n_causes; i++)
        add_cause(out, view, env, &verdict->causes[i]);
    json_end_array(out);
}

/* `start_at` 0 = none is known. */
static int add_verdict(struct json_out *out, const char *key, struct api_view *view,
                       const struct api_environment *env, const struct release *release,
                       const struct verdict *verdict, time_ms start_at, struct err *err)
{
    int64_t live = env->live != NULL ? env->live->release_number : 1;
    struct verdict v = *verdict;
    const char *estimate = NULL;
    int rc = api_rehearsal_estimate(view, env->config, env->repository->id, release->number,
                                    &estimate, err);

    if (rc < 0)
        return rc;

    for (size_t i = 0; i < v.n_causes; i++)
        if (v.causes[i].kind == CAUSE_FAILED_BEFORE)
            v.causes[i].command = arena_printf(view->request->arena, "slipway release %s r%lld %s",
                                               env->config->repo->name, (long long)release->number,
                                               env->config->name);
    json_begin_object(out, key);
    json_add_str(out, "environment", env->config->name);
    json_add_int(out, "release", release->number);
    json_add_str(out, "sha", release->sha);
    json_add_str(out, "subject", release->subject);
    json_add_time(out, "start_at", start_at);
    api_shape_text_or_null(out, "start_text", api_environment_time(view, env, start_at));
    json_add_bool(out, "go", v.go);
    json_add_str(out, "migrate_text", estimate);
    api_verdict_causes(out, "causes", view, env, &v);
    add_end(out, "next_change", v.next_change);
    rc = api_shape_pulls(out, "pulls", view, env->repository->id, live, release->number, err);
    json_end_object(out);
    return rc;
}

int api_verdict_shape(struct json_out *out, const char *key, struct api_view *view,
                      const struct api_environment *env, struct err *err)
{
    if (env->next == NULL) {
        json_add_null(out, key);
        return 0;
    }
    return add_verdict(out, key, view, env, env->next, env->verdict, env->start_at, err);
}

int api_verdict_waits(struct json_out *out, const char *key, struct api_view *view,
                      const struct api_environment *env, const struct release *release,
                      struct err *err)
{
    struct verdict verdict;

    if (release == NULL || env->outlook == NULL) {
        json_add_null(out, key);
        return 0;
    }
    verdict =
        release_plan_judge(&env->outlook->facts, &env->outlook->plan, release->number, env->now);
    return add_verdict(out, key, view, env, release, &verdict, 0, err);
}
