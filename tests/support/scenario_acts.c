/* What moves the world of a story: its clock, its configuration, its flow. */
#include <string.h>

#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_release.h"
#include "lib/store/writer.h"
#include "server/flow/bulk.h"
#include "server/flow/deploy.h"
#include "tests/support/scenario_facts.h"
#include "tests/support/scenario_time.h"

#define ROUNDS_MAX 100

int scenario_at(const struct scenario_line *l, struct err *err)
{
    struct scenario_world *w = l->world;
    const char *words[SCENARIO_WORDS_MAX];
    time_ms now;
    int rc;

    for (size_t i = 0; i < l->n_args; i++)
        words[i] = l->args[i].text;
    if ((rc = scenario_time_read(w, words, l->n_args, &now, err)) < 0 ||
        (rc = scenario_world_move(w, now, err)) < 0)
        return rc;
    return w->is_open ? 0 : scenario_world_open(w, err);
}

int scenario_after(const struct scenario_line *l, struct err *err)
{
    return scenario_world_move(l->world, l->world->clock.now + l->args[0].number, err);
}

int scenario_in(const struct scenario_line *l, struct err *err)
{
    l->world->repository = l->args[0].text;
    return scenario_world_repository(l->world, NULL, NULL, err);
}

int scenario_reload(const struct scenario_line *l, struct err *err)
{
    return scenario_world_reload(l->world, l->args[0].text, err);
}

int scenario_look(const struct scenario_line *l, struct err *err)
{
    return scenario_world_settle(l->world, err);
}

int scenario_look_once(const struct scenario_line *l, struct err *err)
{
    bool moved;

    return scenario_world_look(l->world, &moved, err);
}

int scenario_server_starts(const struct scenario_line *l, struct err *err)
{
    (void)err;
    l->world->flow.heard_since = l->world->clock.now;
    return 0;
}

/* The flow's own cut, with a target that the story names. */
int scenario_cut(const struct scenario_line *l, struct err *err)
{
    struct scenario_world *w = l->world;
    const struct config_environment *e = l->args[0].environment;
    struct outlook *o = arena_alloc(&w->arena, sizeof(*o));
    struct plan_release target = {.number = l->args[1].number};
    struct look look = {.flow = &w->flow,
                        .snapshot = w->snapshot,
                        .arena = &w->arena,
                        .now = w->clock.now,
                        .next = VERDICT_NEVER};
    struct release release;
    struct bulk bulk;
    int rc = scenario_world_outlook(w, e, w->clock.now, &w->arena, o, err);

    if (rc == 0)
        rc = store_release_by_number(w->db, &w->arena, o->repository_id, target.number, &release,
                                     err);
    if (rc < 0)
        return rc;
    if (o->facts.gate.role_without_host != NULL)
        return err_set(err, ERR_INVALID, "no host for role %s: nothing can be cut",
                       o->facts.gate.role_without_host);
    for (size_t i = 0; i < o->facts.gate.n_hosts; i++)
        if (!o->facts.gate.hosts[i].known)
            return err_set(err, ERR_INVALID, "host %s is not registered: nothing can be cut",
                           o->facts.gate.hosts[i].name);
    target.sha = release.sha;
    o->plan = (struct release_plan){.target = &target, .start_at = w->clock.now};
    rc = bulk_begin(&bulk, &look, err);
    if (rc == 0)
        rc = deploy_cut(&bulk, bulk_item(&bulk, NULL), o, e, err);
    if (rc == 0)
        rc = bulk_post(&bulk, &look, err);
    bulk_end(&bulk);
    return rc;
}

/* "All of a job succeed" ---------------------------------------------------------------------------- */

struct succeeding {
    struct scenario_world *world;
    const char *job;
    int64_t deployment; /* that it was found in first; 0 = not yet */
    bool is_known;      /* an open deployment has a job of that name */
    enum job_state state;
    struct invocation *invocations;
    size_t n;
};

static int find_job(struct succeeding *s, struct err *err)
{
    struct scenario_world *w = s->world;
    struct deployment *open;
    size_t n_open;
    int rc = store_deployment_all_open(w->db, &w->arena, &open, &n_open, err);

    s->n = 0;
    for (size_t i = 0; i < n_open && rc == 0; i++) {
        struct invocation *all;
        struct job *jobs;
        size_t n_jobs, n;
        if (s->deployment != 0 && s->deployment != open[i].id)
            continue;
        if ((rc = store_deployment_jobs(w->db, &w->arena, open[i].id, &jobs, &n_jobs, err)) < 0 ||
            (rc = store_command_invocations(w->db, &w->arena, open[i].id, &all, &n, err)) < 0)
            return rc;
        for (size_t j = 0; j < n_jobs; j++) {
            if (strcmp(jobs[j].name, s->job) != 0)
                continue;
            s->deployment = open[i].id;
            s->is_known = true;
            s->state = jobs[j].state;
            s->invocations = arena_array(&w->arena, n, sizeof(*all));
            for (size_t k = 0; k < n; k++)
                if (all[k].job_number == jobs[j].number && all[k].released_at != 0 &&
                    !invocation_has_ended(all[k].status))
                    s->invocations[s->n++] = all[k];
        }
    }
    return rc;
}

static int succeed(struct db *db, void *arg, struct err *err)
{
    static const struct invocation_change well = {.status = INVOCATION_SUCCESS,
                                                  .details = "Success",
                                                  .exit_code = 0,
                                                  .commit_sha = ""};
    const struct succeeding *s = arg;
    time_ms now = s->world->clock.now;
    int rc = 0;

    for (size_t i = 0; i < s->n && rc == 0; i++) {
        const struct invocation *inv = &s->invocations[i];
        if (inv->offered_at == 0)
            rc = store_offer_made(db, inv->command_id, inv->host_id, now, now + 30000, err);
        if (rc == 0 && inv->acknowledged_at == 0)
            rc = store_offer_acknowledged(db, inv->command_id, inv->host_id, now, err);
        if (rc == 0)
            rc =
                store_command_move(db, inv->command_id, inv->host_id, inv->status, &well, now, err);
    }
    return rc;
}

int scenario_all_succeed(const struct scenario_line *l, struct err *err)
{
    struct succeeding s = {.world = l->world, .job = l->args[0].text};
    int rc = scenario_world_settle(l->world, err);

    for (int i = 0; i < ROUNDS_MAX && rc == 0; i++) {
        bool was_known = s.is_known;
        s.is_known = false;
        if ((rc = find_job(&s, err)) < 0 || (was_known && !s.is_known) ||
            (s.is_known && s.state == JOB_SUCCEEDED))
            return rc; /* ended, or its deployment with it */
        if (!s.is_known)
            return err_set(err, ERR_INVALID, "job %s is in no deployment that is open", s.job);
        if (s.n == 0)
            return err_set(err, ERR_INVALID, "job %s is %s: no host of it has a command to answer",
                           s.job, job_states[s.state].text);
        if ((rc = writer_do(l->world->writer, succeed, &s, err)) == 0)
            rc = scenario_world_settle(l->world, err);
    }
    return rc;
}
