#include "lib/github/event_check.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/github/event_field.h"

#define WORD_MAX_BYTES 40 /* GitHub's longest has 15 */

/* A conclusion counts once the run or suite is completed: a run that goes on has none, whatever stands there. */
static void read_outcome(struct arena *arena, const struct cJSON *check, struct commit_check *out)
{
    const char *status = event_field_text_or_empty(arena, check, "status", WORD_MAX_BYTES);
    const char *conclusion = event_field_text_or_empty(arena, check, "conclusion", WORD_MAX_BYTES);
    bool completed = strcmp(status, "completed") == 0;

    out->word = completed && conclusion[0] != '\0' ? conclusion
                : status[0] != '\0'                ? status
                                                   : "requested";
    out->state = completed ? commit_check_state_of(out->word) : COMMIT_CHECK_PENDING;
}

static void read_app(struct arena *arena, const struct cJSON *check, struct commit_check *out)
{
    const struct cJSON *app = json_object(check, "app");

    (void)event_field_id(app, "id", &out->app_id);
    out->app = event_field_text_or_empty(arena, app, "slug", EVENT_NAME_MAX);
}

static int read_id_and_commit(const struct cJSON *check, const char *key, const char *what,
                              struct commit_check *out, struct err *err)
{
    event_field_sha(check, key, out->sha);
    if (!event_field_id(check, "id", &out->github_id) || out->sha[0] == '\0')
        return event_field_lacks(err, what, "an id and a commit id");
    return 0;
}

int event_check_read_run(struct arena *arena, const struct cJSON *root, struct commit_check *out,
                         struct err *err)
{
    const struct cJSON *run = json_object(root, "check_run");
    int rc = read_id_and_commit(run, "head_sha", "check_run", out, err);

    if (rc < 0)
        return rc;
    out->kind = COMMIT_CHECK_RUN;
    out->name = event_field_text_or_empty(arena, run, "name", EVENT_NAME_MAX);
    if (out->name[0] == '\0')
        return event_field_lacks(err, "check_run.name", "a text");
    read_app(arena, run, out);
    read_outcome(arena, run, out);
    out->began_at = event_field_time(run, "started_at");
    out->reported_at = event_field_time(run, "completed_at");
    if (out->reported_at < out->began_at)
        out->reported_at = out->began_at;
    return 0;
}

int event_check_read_suite(struct arena *arena, const struct cJSON *root, struct commit_check *out,
                           struct err *err)
{
    const struct cJSON *suite = json_object(root, "check_suite");
    int rc = read_id_and_commit(suite, "head_sha", "check_suite", out, err);

    if (rc < 0)
        return rc;
    out->kind = COMMIT_CHECK_SUITE;
    out->name = arena_printf(arena, "%" PRId64, out->github_id);
    read_app(arena, suite, out);
    read_outcome(arena, suite, out);
    out->began_at = event_field_time(suite, "created_at");
    out->reported_at = event_field_time(suite, "updated_at");
    return 0;
}

int event_check_read_status(struct arena *arena, const struct cJSON *root, struct commit_check *out,
                            struct err *err)
{
    static const char *const states[] = {"pending", "success", "failure", "error"};
    const char *state = json_str(root, "state");
    int rc = read_id_and_commit(root, "sha", "id, sha", out, err);

    if (rc < 0)
        return rc;
    out->kind = COMMIT_CHECK_STATUS;
    out->name = event_field_text_or_empty(arena, root, "context", EVENT_NAME_MAX);
    if (out->name[0] == '\0')
        return event_field_lacks(err, "context", "a text");
    for (size_t i = 0; state != NULL && i < sizeof(states) / sizeof(*states); i++)
        if (strcmp(state, states[i]) == 0)
            out->word = states[i];
    if (out->word == NULL)
        return event_field_lacks(err, "state", "pending, success, failure or error");
    out->state = commit_check_state_of(out->word);
    out->began_at = event_field_time(root, "created_at");
    out->reported_at = event_field_time(root, "updated_at");
    return 0;
}
