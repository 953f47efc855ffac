#include "server/api/api_rehearsal.h"

#include <inttypes.h>

#include "lib/base/arena.h"
#include "lib/base/str.h"
#include "lib/model/messages.h"
#include "server/flow/rehearsal.h"
#include "server/flow/snapshot.h"

static const char *length(struct arena *arena, int64_t ms)
{
    int64_t s = (ms + 500) / 1000;

    if (s >= 3600)
        return arena_printf(arena, "%" PRId64 " h %" PRId64 " min", s / 3600, s % 3600 / 60);
    if (s >= 60)
        return arena_printf(arena, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
    return arena_printf(arena, "%" PRId64 " s", s);
}

int api_rehearsal_estimate(struct api_view *view, const struct config_environment *environment,
                           int64_t repository_id, int64_t release_number, const char **ret_text,
                           struct err *err)
{
    struct arena *arena = view->request->arena;
    const struct config_repo *repo = environment->repo;
    const char *text = NULL;
    int rc = 0;

    for (size_t i = 0; i < repo->n_jobs && rc == 0; i++) {
        struct rehearsal r = {NULL, 0};
        struct message_value values[2];
        const char *one;

        if (repo->jobs[i].once == NULL || !config_job_runs(&repo->jobs[i], environment))
            continue;
        rc = rehearsal_find(view->db, arena, view->config, environment, &repo->jobs[i],
                            repository_id, release_number, &r, err);
        if (rc < 0 || r.environment == NULL)
            continue;
        values[0] = (struct message_value){"took", length(arena, r.took_ms)};
        values[1] = (struct message_value){"environment", r.environment};
        one = messages_fill(arena, view->language, "migrate.estimate", values, 2);
        text = text == NULL ? one : arena_printf(arena, "%s; %s", text, one);
    }
    *ret_text = text;
    return rc;
}

int api_rehearsal_alarm(struct api_view *view, const struct config_environment *environment,
                        const struct attempt *attempt, const char *began_text,
                        const char **ret_text, struct err *err)
{
    struct arena *arena = view->request->arena;
    const char *estimate = NULL;
    int rc = 0;

    *ret_text = NULL;
    if (attempt->alarmed_at == 0 || attempt->settled_at != 0)
        return 0;
    if (environment != NULL)
        rc = api_rehearsal_estimate(view, environment, attempt->repository_id,
                                    attempt->release_number, &estimate, err);
    if (rc == 0) {
        const struct message_value values[] = {
            {"release", arena_printf(arena, "r%lld", (long long)attempt->release_number)},
            {"database", attempt->database},
            {"host", attempt->host},
            {"began", began_text},
            {"estimate",
             estimate != NULL ? estimate : messages_text(view->language, "migrate.no-estimate")}};

        *ret_text = messages_fill(arena, view->language, "migrate.alarm", values, 5);
    }
    return rc;
}
