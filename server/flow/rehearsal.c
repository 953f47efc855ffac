#include "server/flow/rehearsal.h"

#include "lib/store/store_attempt.h"

struct search {
    struct db *db;
    struct arena *arena;
    const struct config *config;
    const struct config_job *job;
    int64_t repository_id, release_number;
    struct rehearsal *found;
};

static int search(const struct search *s, const struct config_environment *e, struct err *err)
{
    struct err own = ERR_INIT;
    int64_t took = 0;
    int rc = 0;

    if (config_job_runs(s->job, e)) {
        rc = store_attempt_took(s->db, config_database(s->config, e, s->job->once, s->arena),
                                s->repository_id, s->release_number, &took, &own);
        if (rc == 0 && (s->found->environment == NULL || took > s->found->took_ms))
            *s->found = (struct rehearsal){e->name, took};
        if (rc < 0 && rc != ERR_NOT_FOUND) {
            *err = own;
            return rc;
        }
        return 0;
    }
    for (size_t i = 0; i < e->n_needs && rc == 0; i++)
        rc = search(s, e->needs[i], err);
    return rc;
}

int rehearsal_find(struct db *db, struct arena *arena, const struct config *config,
                   const struct config_environment *environment, const struct config_job *job,
                   int64_t repository_id, int64_t release_number, struct rehearsal *ret_rehearsal,
                   struct err *err)
{
    const struct search s = {.db = db,
                             .arena = arena,
                             .config = config,
                             .job = job,
                             .repository_id = repository_id,
                             .release_number = release_number,
                             .found = ret_rehearsal};
    int rc = 0;

    *ret_rehearsal = (struct rehearsal){NULL, 0};
    for (size_t i = 0; i < environment->n_needs && rc == 0; i++)
        rc = search(&s, environment->needs[i], err);
    return rc;
}
