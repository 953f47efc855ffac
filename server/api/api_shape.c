#include "server/api/api_shape.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/model/command.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "server/api/api_environment.h"
#include "server/api/api_verdict.h"

void api_shape_int_or_null(struct json_out *out, const char *key, int64_t value)
{
    if (value != 0)
        json_add_int(out, key, value);
    else
        json_add_null(out, key);
}

void api_shape_text_or_null(struct json_out *out, const char *key, const char *text)
{
    json_add_str(out, key, text != NULL && text[0] != '\0' ? text : NULL);
}

/* Exit codes and such, where -1 says that there is none. */
static void code_or_null(struct json_out *out, const char *key, int64_t code)
{
    if (code >= 0)
        json_add_int(out, key, code);
    else
        json_add_null(out, key);
}

/* What people call a release: its pull request, else its number. NULL for none. */
static const char *label_of(struct arena *arena, const struct pull_in_release *pulls, size_t n,
                            int64_t number)
{
    for (size_t i = 0; i < n; i++)
        if (pulls[i].release_number == number)
            return arena_printf(arena, "#%lld", (long long)pulls[i].pull.number);
    return number != 0 ? arena_printf(arena, "r%lld", (long long)number) : NULL;
}

/* The release that this one takes out again, 0 = none (C5). */
static int64_t taken_out_by(const struct revert *list, size_t n, int64_t number)
{
    for (size_t i = 0; i < n; i++)
        if (list[i].number == number)
            return list[i].of;
    return 0;
}

int api_shape_pulls(struct json_out *out, const char *key, struct api_view *view,
                    int64_t repository_id, int64_t from, int64_t to, struct err *err)
{
    struct arena *arena = view->request->arena;
    struct pull_in_release *pulls = NULL;
    struct revert *reverts = NULL;
    size_t n = 0, n_reverts = 0;
    int rc = store_pull_request_in_range(view->db, arena, repository_id, from, to,
                                         API_SHAPE_PULLS_MAX, &pulls, &n, err);

    if (rc == 0)
        rc = store_release_reverts(view->db, arena, repository_id, from, to, &reverts, &n_reverts,
                                   err);
    if (rc < 0)
        return rc;
    json_begin_array(out, key);
    for (size_t i = 0; i < n; i++) {
        const struct pull_request *pull = &pulls[i].pull;
        int64_t number = pulls[i].release_number;
        json_begin_object(out, NULL);
        json_add_int(out, "number", pull->number);
        json_add_str(out, "title", pull->title);
        json_add_str(out, "url", pull->url);
        json_add_str(out, "author", pull->author);
        json_add_time(out, "merged_at", pull->merged_at);
        json_add_str(out, "reverts",
                     pull->reverts != 0
                         ? arena_printf(arena, "#%lld", (long long)pull->reverts)
                         : label_of(arena, pulls, n, taken_out_by(reverts, n_reverts, number)));
        json_add_str(out, "cancelled_with",
                     label_of(arena, pulls, n,
                              revert_cancelled_by(reverts, n_reverts, from, to, number)));
        json_end_object(out);
    }
    json_end_array(out);
    return 0;
}

void api_shape_release(struct json_out *out, const struct release *release)
{
    json_add_int(out, "number", release->number);
    json_add_str(out, "sha", release->sha);
    json_add_str(out, "subject", release->subject);
    json_add_str(out, "author", release->author);
    json_add_time(out, "committed_at", release->committed_at);
    json_add_str(out, "lane", lane_name(release->lane));
    json_add_bool(out, "off_line", release->off_line);
}

/* Deployments ----------------------------------------------------------------------------------- */

static int add_steps(struct json_out *out, struct api_view *view, const struct invocation *i,
                     struct err *err)
{
    struct step *steps;
    size_t n;
    int rc = store_command_steps(view->db, view->request->arena, i->command_id, i->host_id, &steps,
                                 &n, err);

    if (rc < 0)
        return rc;
    json_begin_array(out, "steps");
    for (size_t k = 0; k < n; k++) {
        json_begin_object(out, NULL);
        json_add_str(out, "name", steps[k].name);
        json_add_str(out, "status", step_statuses[steps[k].status].text);
        code_or_null(out, "exit_code", steps[k].exit_code);
        json_add_time(out, "started_at", steps[k].started_at);
        json_add_time(out, "ended_at", steps[k].ended_at);
        json_end_object(out);
    }
    json_end_array(out);
    return 0;
}

static int add_results(struct json_out *out, struct api_view *view, const struct invocation *i,
                       struct err *err)
{
    struct result_line *lines;
    size_t n;
    int rc = store_command_results(view->db, view->request->arena, i->command_id, i->host_id,
                                   &lines, &n, err);

    if (rc < 0)
        return rc;
    json_begin_array(out, "results");
    for (size_t k = 0; k < n; k++) {
        json_begin_array(out, NULL);
        json_add_str(out, NULL, lines[k].key);
        json_add_str(out, NULL, lines[k].value);
        json_end_array(out);
    }
    json_end_array(out);
    return 0;
}

static int add_invocation(struct json_out *out, struct api_view *view, const struct invocation *i,
                          struct err *err)
{
    int rc;

    json_begin_object(out, NULL);
    json_add_str(out, "host", i->host);
    json_add_str(out, "host_id", i->host_id);
    json_add_str(out, "roles", i->roles);
    json_add_str(out, "status", invocation_statuses[i->status].text);
    json_add_str(out, "details", i->details);
    json_add_str(out, "cause", i->cause);
    code_or_null(out, "exit_code", i->exit_code);
    api_shape_text_or_null(out, "commit", i->commit_sha);
    json_add_time(out, "started_at", i->began_at);
    json_add_time(out, "ended_at", i->ended_at);
    rc = add_steps(out, view, i, err);
    if (rc == 0)
        rc = add_results(out, view, i, err);
    json_end_object(out);
    return rc;
}

/* Is a later try for the same host of the same job behind it? Tries stand in the order of writing. */
static bool was_tried_again(const struct invocation *all, size_t n, size_t at)
{
    for (size_t i = at + 1; i < n; i++) {
        if (all[i].job_number == all[at].job_number && strcmp(all[i].host_id, all[at].host_id) == 0)
            return true;
    }
    return false;
}

static int add_job(struct json_out *out, struct api_view *view, const struct job *jobs,
                   const struct job *job, const struct invocation *invocations, size_t n,
                   struct err *err)
{
    int rc = 0;

    json_begin_object(out, NULL);
    json_add_str(out, "name", job->name);
    json_add_str(out, "state", job_states[job->state].text);
    json_add_str(out, "cause", job->cause);
    json_begin_array(out, "needs");
    for (size_t i = 0; i < job->n_needs; i++)
        json_add_str(out, NULL, jobs[job->needs[i]].name);
    json_end_array(out);
    json_add_str(out, "database", job->database);
    json_add_time(out, "started_at", job->started_at);
    json_add_time(out, "ended_at", job->ended_at);
    json_begin_array(out, "hosts");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (invocations[i].job_number == job->number && !was_tried_again(invocations, n, i))
            rc = add_invocation(out, view, &invocations[i], err);
    }
    json_end_array(out);
    json_end_object(out);
    return rc;
}

/* What it passed at its start, from what was stored then, in the reader's language. */
static void add_passed(struct json_out *out, struct api_view *view, const char *stored)
{
    struct err ignored = ERR_INIT;
    struct verdict passed = verdict_go();
    struct cJSON *json = NULL;

    if (stored != NULL)
        (void)json_parse(stored, strlen(stored), NULL, &json, &ignored);
    for (const struct cJSON *i = json_first(json); i != NULL; i = json_next(i)) {
        struct cause cause = {.what = json_str(i, "what"),
                              .who = json_str(i, "who"),
                              .why = json_str(i, "why")};
        int64_t until = 0, line = 0;
        (void)json_int(i, "until", &until);
        (void)json_int(i, "line", &line);
        cause.until = until != 0 ? until : VERDICT_NEVER;
        cause.line = (int)line;
        for (int kind = 0; kind < CAUSE_COUNT; kind++)
            if (str_eq(json_str(i, "cause"), verdict_cause_key((enum cause_kind)kind))) {
                cause.kind = (enum cause_kind)kind;
                verdict_bind(&passed, &cause);
            }
    }
    api_verdict_causes(out, "passed", view, NULL, &passed);
    json_free(json);
}

int api_shape_deployment(struct json_out *out, struct api_view *view, const struct deployment *d,
                         struct err *err)
{
    struct arena *arena = view->request->arena;
    struct invocation *invocations = NULL;
    struct job *jobs = NULL;
    size_t n_invocations = 0;
    size_t n_jobs = 0;
    int rc = store_deployment_jobs(view->db, arena, d->id, &jobs, &n_jobs, err);

    if (rc == 0)
        rc = store_command_invocations(view->db, arena, d->id, &invocations, &n_invocations, err);
    if (rc < 0)
        return rc;
    json_begin_object(out, NULL);
    json_add_int(out, "id", d->id);
    json_add_str(out, "environment", d->environment);
    json_add_str(out, "kind", deployment_kinds[d->kind].text);
    json_add_str(out, "state", deployment_states[d->state].text);
    json_add_str(out, "cause", d->cause);
    json_add_str(out, "trigger", deployment_triggers[d->trigger].text);
    json_add_time(out, "cut_at", d->cut_at);
    json_add_time(out, "start_at", d->start_at);
    json_add_time(out, "started_at", d->started_at);
    json_add_time(out, "ended_at", d->ended_at);
    api_shape_int_or_null(out, "from_release", d->from_number);
    json_add_bool(out, "hotfix", d->hotfix);
    add_passed(out, view, d->passed);
    json_begin_array(out, "jobs");
    for (size_t i = 0; rc == 0 && i < n_jobs; i++)
        rc = add_job(out, view, jobs, &jobs[i], invocations, n_invocations, err);
    json_end_array(out);
    json_end_object(out);
    return rc;
}
