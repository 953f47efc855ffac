#include "tests/support/scenario_facts.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/str.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_host_document.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "server/flow/job_document.h"

#define ACTIVATION "00000000-0000-4000-8000-000000000001"
#define REDELIVER_MS 30000

static int our_repository(const struct scenario_line *l, struct repository *ret_repository,
                          struct err *err)
{
    return scenario_world_repository(l->world, NULL, ret_repository, err);
}

/* The repository ---------------------------------------------------------------------------------- */

int scenario_source_seen(struct db *db, const struct scenario_line *l, struct err *err)
{
    time_ms now = l->world->clock.now;
    struct repository r;
    int rc = our_repository(l, &r, err);

    if (rc < 0)
        return rc;
    scenario_names_add(l->world, &l->world->seen, r.name);
    return store_repository_fetched(db, r.id, r.tip_sha, now, now, err);
}

int scenario_source_lost(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct repository r;
    int rc = our_repository(l, &r, err);

    if (rc < 0)
        return rc;
    scenario_names_drop(&l->world->seen, r.name);
    return store_repository_failed(db, r.id, l->args[0].text, l->world->clock.now, err);
}

static void sha_of(int64_t number, char out[41])
{
    snprintf(out, 41, "%040llx", 0xc0ffee0000ULL + (unsigned long long)number);
}

static int rewrite(struct db *db, const struct scenario_line *l, const char *tip, struct err *err)
{
    struct repository r;
    int rc = our_repository(l, &r, err);

    return rc < 0 ? rc : store_repository_rewritten(db, r.id, tip, err);
}

int scenario_source_rewritten(struct db *db, const struct scenario_line *l, struct err *err)
{
    return rewrite(db, l, "feedface00000000000000000000000000000000", err);
}

int scenario_source_restored(struct db *db, const struct scenario_line *l, struct err *err)
{
    return rewrite(db, l, "", err);
}

int scenario_release(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct release release = {.subject = l->args[2].text,
                              .author = "ana",
                              .committed_at = l->world->clock.now,
                              .seen_at = l->world->clock.now,
                              .lane = (enum lane)l->args[1].number,
                              .n_paths = 1};
    struct repository r;
    int64_t number;
    int rc = our_repository(l, &r, err);

    if (rc < 0)
        return rc;
    release.repository_id = r.id;
    sha_of(l->args[0].number, release.sha);
    if ((rc = store_release_append(db, &release, &number, err)) < 0)
        return err_wrap(err, "release %s", l->args[0].text);
    if (number != l->args[0].number)
        return err_set(err, ERR_INVALID, "the next release of %s is r%lld, not %s", r.name,
                       (long long)number, l->args[0].text);
    return 0;
}

/* Hosts ------------------------------------------------------------------------------------------- */

static int activate(struct scenario_world *w, struct db *db, struct err *err)
{
    const struct activation activation = {.id = ACTIVATION,
                                          .code_digest = "d41d8cd98f00b204e9800998ecf8427e"
                                                         "d41d8cd98f00b204e9800998ecf8427e",
                                          .prefix = "host-",
                                          .limit = 1000,
                                          .created_at = w->clock.now,
                                          .created_by = "ana",
                                          .expires_at = w->clock.now + 1000};
    struct activation known;
    int rc = store_activation_by_id(db, &w->arena, ACTIVATION, &known, NULL);

    return rc == ERR_NOT_FOUND ? store_activation_put(db, &activation, NULL, err) : rc;
}

/* Registers it if it is new. */
static int find_host(const struct scenario_line *l, struct db *db, bool may_be_new,
                     struct host *ret_host, struct err *err)
{
    struct scenario_world *w = l->world;
    const char *name = l->args[0].text;
    struct host *all;
    size_t n;
    int rc = store_host_by_name(db, &w->arena, name, ret_host, NULL);

    if (rc != ERR_NOT_FOUND)
        return rc;
    if (!may_be_new)
        return err_set(err, ERR_INVALID, "host %s is not registered; `host %s online` does that",
                       name, name);
    if ((rc = activate(w, db, err)) < 0 || (rc = store_host_list(db, &w->arena, &all, &n, err)) < 0)
        return rc;
    *ret_host = (struct host){.name = name,
                              .activation_id = ACTIVATION,
                              .registered_at = w->clock.now,
                              .protocol = HOST_PROTOCOL_PERMIT};
    snprintf(ret_host->id, sizeof(ret_host->id), "mi-%017zx", n + 1);
    if ((rc = store_host_register(db, ret_host, name, name, err)) < 0)
        return rc;
    return store_host_observed(db, ret_host->id, HOST_PROTOCOL_PERMIT, name, name, 1, err);
}

int scenario_host_registered(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct host host;

    return find_host(l, db, true, &host, err);
}

int scenario_host_online(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct host host;
    int rc = find_host(l, db, true, &host, err);

    if (rc < 0)
        return rc;
    scenario_names_add(l->world, &l->world->online, host.name);
    if (host.seen_at != 0 && !host_is_online(&host, l->world->clock.now) &&
        (rc = store_host_came(db, host.id, l->world->clock.now, err)) < 0)
        return rc;
    return store_host_seen(db, host.id, NULL, NULL, l->world->clock.now, err);
}

int scenario_host_silent(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct host host;
    int rc = find_host(l, db, false, &host, err);

    if (rc == 0)
        scenario_names_drop(&l->world->online, host.name);
    return rc;
}

int scenario_host_drained(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct host host;
    int rc = find_host(l, db, false, &host, err);

    return rc < 0 ? rc : store_host_drain(db, host.id, l->world->clock.now, err);
}

int scenario_host_returned(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct host host;
    int rc = find_host(l, db, false, &host, err);

    return rc < 0 ? rc : store_host_undrain(db, host.id, l->world->clock.now, err);
}

/* It runs only what lies on its own disk: nothing, or the document of one job. */
int scenario_host_strict(struct db *db, const struct scenario_line *l, struct err *err)
{
    char digest[DIGEST_HEX_SIZE] = "";
    const char *documents[] = {digest};
    const struct config_repo *repo;
    const char *text = "";
    struct host host;
    int rc = find_host(l, db, false, &host, err);

    if (rc == 0 && l->n_args > 1) {
        rc = scenario_world_repository(l->world, &repo, NULL, err);
        for (size_t i = 0; rc == 0 && i < repo->n_jobs; i++)
            if (strcmp(repo->jobs[i].name, l->args[1].text) == 0)
                rc = job_document_make(&l->world->arena, repo, &repo->jobs[i], &text, digest, err);
        if (rc == 0 && digest[0] == '\0')
            rc = err_set(err, ERR_INVALID, "there is no job %s", l->args[1].text);
    }
    if (rc < 0)
        return rc;
    return store_host_document_set(db, host.id, l->n_args > 1 ? l->args[1].text : "nothing",
                                   documents, l->n_args - 1, err);
}

/* Deployments ------------------------------------------------------------------------------------- */

/* A deployment of the past: what counts of it is that it ended, and how. */
int scenario_deployed(struct db *db, const struct scenario_line *l, struct err *err)
{
    enum deployment_state to = (enum deployment_state)l->args[2].number;
    time_ms now = l->world->clock.now;
    struct deployment d = {.environment = l->args[0].environment->name,
                           .release_number = l->args[1].number,
                           .lane = LANE_CODE,
                           .trigger = DEPLOYMENT_ON_RELEASE,
                           .config_digest = l->world->snapshot->digest,
                           .plan_digest = "of the past",
                           .cut_at = now,
                           .start_at = now};
    struct repository r;
    int rc = our_repository(l, &r, err);

    if (rc < 0)
        return rc;
    if (deployment_is_open(to))
        return err_set(err, ERR_INVALID, "%s is no end; `cut` and `look` make what is open",
                       l->args[2].text);
    d.repository_id = r.id;
    sha_of(d.release_number, d.sha);
    if ((rc = store_deployment_insert(db, &d, &d.id, err)) < 0)
        return err_wrap(err, "deployment of %s in %s", l->args[1].text, d.environment);
    if (to == DEPLOYMENT_SUCCEEDED || to == DEPLOYMENT_FAILED) {
        rc = store_deployment_move(db, d.id, DEPLOYMENT_WAITING, DEPLOYMENT_DEPLOYING, NULL, now,
                                   err);
        d.state = DEPLOYMENT_DEPLOYING;
    }
    return rc < 0 ? rc : store_deployment_move(db, d.id, d.state, to, NULL, now, err);
}

int scenario_deployment(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct deployment d;
    int rc = scenario_world_deployment(l->world, l->args[0].environment, &d, err);

    return rc < 0
               ? rc
               : store_deployment_move(db, d.id, d.state, (enum deployment_state)l->args[1].number,
                                       NULL, l->world->clock.now, err);
}

/* Commands ---------------------------------------------------------------------------------------- */

/* The last try of a job on a host, in the deployments that are open. */
static int find_command(const struct scenario_line *l, struct invocation *ret_invocation,
                        struct err *err)
{
    struct scenario_world *w = l->world;
    struct deployment *open;
    size_t n_open, n_found = 0;
    int rc = store_deployment_all_open(w->db, &w->arena, &open, &n_open, err);

    for (size_t i = 0; i < n_open && rc == 0; i++) {
        struct invocation *all;
        struct job *jobs;
        size_t n_jobs, n;
        bool found = false;
        if ((rc = store_deployment_jobs(w->db, &w->arena, open[i].id, &jobs, &n_jobs, err)) < 0 ||
            (rc = store_command_invocations(w->db, &w->arena, open[i].id, &all, &n, err)) < 0)
            return rc;
        for (size_t k = 0; k < n; k++)
            if (str_eq(all[k].host, l->args[1].text) &&
                str_eq(jobs[all[k].job_number].name, l->args[0].text)) {
                *ret_invocation = all[k];
                found = true;
            }
        n_found += found;
    }
    if (rc == 0 && n_found != 1)
        return err_set(err, ERR_INVALID, "%s has %s command of job %s", l->args[1].text,
                       n_found == 0 ? "no" : "more than one", l->args[0].text);
    return rc;
}

static int offer(struct db *db, const struct scenario_line *l, const struct invocation *inv,
                 struct err *err)
{
    time_ms now = l->world->clock.now;

    if (inv->offered_at != 0)
        return 0;
    if (inv->released_at == 0)
        return err_set(err, ERR_INVALID, "the command of job %s was not released to %s yet",
                       l->args[0].text, l->args[1].text);
    return store_offer_made(db, inv->command_id, inv->host_id, now, now + REDELIVER_MS, err);
}

static int acknowledge(struct db *db, const struct scenario_line *l, const struct invocation *inv,
                       struct err *err)
{
    int rc = offer(db, l, inv, err);

    return rc < 0 || inv->acknowledged_at != 0
               ? rc
               : store_offer_acknowledged(db, inv->command_id, inv->host_id, l->world->clock.now,
                                          err);
}

int scenario_command_offered(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct invocation inv;
    int rc = find_command(l, &inv, err);

    return rc < 0 ? rc : offer(db, l, &inv, err);
}

int scenario_command_taken(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct invocation inv;
    int rc = find_command(l, &inv, err);

    return rc < 0 ? rc : acknowledge(db, l, &inv, err);
}

int scenario_command_status(struct db *db, const struct scenario_line *l, struct err *err)
{
    enum invocation_status to = (enum invocation_status)l->args[2].number;
    const struct invocation_change change = {.status = to,
                                             .details = l->args[l->n_args - 1].text,
                                             .exit_code = to == INVOCATION_SUCCESS  ? 0
                                                          : to == INVOCATION_FAILED ? 1
                                                                                    : -1,
                                             .commit_sha = ""};
    struct invocation inv;
    int rc = find_command(l, &inv, err);

    if (rc == 0)
        rc = acknowledge(db, l, &inv, err);
    return rc < 0 ? rc
                  : store_command_move(db, inv.command_id, inv.host_id, inv.status, &change,
                                       l->world->clock.now, err);
}

int scenario_result(struct db *db, const struct scenario_line *l, struct err *err)
{
    const char *text = l->args[2].text;
    size_t n = strcspn(text, "=");
    const struct result_line line = {.key = arena_strn(&l->world->arena, text, n),
                                     .value = text + n + (text[n] == '=')};
    struct invocation inv;
    int rc = find_command(l, &inv, err);

    if (rc == 0 && text[n] != '=')
        return err_set(err, ERR_INVALID, "a line of results is key=value, not %s", text);
    return rc < 0 ? rc : store_command_results_put(db, inv.command_id, inv.host_id, &line, 1, err);
}
