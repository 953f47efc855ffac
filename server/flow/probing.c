#include "server/flow/probing.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/model/send.h"
#include "lib/rules/migrate.h"
#include "lib/rules/settle.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_host_document.h"
#include "lib/store/store_probe.h"
#include "server/flow/decide.h"
#include "server/flow/flow.h"
#include "server/flow/job_document.h"
#include "server/flow/seal.h"
#include "server/flow/snapshot.h"

#define START_BY_MS 60000
#define PROBES 100 /* so many of the last ones say who was asked before */

/* One probe and what it is about. */
struct probing {
    struct look *look;
    const struct probe *probe;
    struct attempt attempt;
    struct deployment deployment;
    const struct job *job;
    const struct config_environment *environment; /* NULL = it is configured no more */
    const struct config_job *config;
    /* To send. */
    struct command command;
    struct invocation invocation;
    const char *content;
    /* To end. */
    int64_t pending, holders;
    const char *note;
    bool proves;
};

/* Ending ----------------------------------------------------------------------------------------- */

static int write_end(struct db *db, void *arg, struct err *err)
{
    const struct probing *p = arg;
    const struct attempt_decision decision = {
        .decision = "proved by probe",
        .by = "slipway",
        .reason = "nothing is pending, nobody holds the database, and its supervisor is gone",
        .at = p->look->now};
    const struct journal_entry entry = {.at = p->look->now, .actor = "slipway", .way = "timer"};
    int rc = store_probe_end(db, p->probe->id, p->pending, p->holders, p->note, p->look->now, err);

    if (rc == 0 && p->proves)
        rc =
            decide_write(db, p->look->arena, &p->attempt, SETTLE_SUCCEEDED, &decision, &entry, err);
    return rc;
}

static int end(struct probing *p, int64_t pending, int64_t holders, const char *note,
               struct err *err)
{
    struct probe answered = *p->probe;

    answered.ended_at = p->look->now;
    answered.pending = p->pending = pending;
    answered.holders = p->holders = holders;
    p->note = note;
    p->proves = settle_is_proved(&p->attempt, &answered);
    log_notice("probe.ended", "database=%s pending=%lld holders=%lld proved=%d note=%s",
               LOG(p->attempt.database), (long long)pending, (long long)holders, p->proves,
               LOG(note));
    return look_write(p->look, write_end, p, FLOW_DEPLOYMENTS, err);
}

static int64_t number_of(const struct result_line *lines, size_t n, const char *key)
{
    int64_t value = -1;

    for (size_t i = 0; i < n; i++)
        if (str_eq(lines[i].key, key) && str_parse_int64(lines[i].value, &value) < 0)
            value = -1;
    return value < 0 ? -1 : value;
}

static int read_answer(struct probing *p, struct err *err)
{
    struct look *look = p->look;
    struct result_line *lines;
    struct invocation inv;
    const char *note = NULL;
    size_t n;
    int rc = store_command_invocation(look->flow->db, look->arena, p->probe->command_id,
                                      p->probe->host_id, &inv, err);

    if (rc < 0)
        return rc;
    if (!invocation_has_ended(inv.status) && inv.status != INVOCATION_UNKNOWN) {
        time_ms limit = p->probe->asked_at + START_BY_MS + JOB_DOCUMENT_PROBE_S * 1000 + 60000;

        if (inv.acknowledged_at == 0 && look->now >= inv.start_by)
            return end(p, -1, -1, arena_printf(look->arena, "%s did not take it", inv.host), err);
        if (look->now >= limit)
            return end(p, -1, -1, arena_printf(look->arena, "%s did not answer", inv.host), err);
        look_again(look, inv.acknowledged_at == 0 ? inv.start_by : limit);
        return 0;
    }
    rc = store_command_results(look->flow->db, look->arena, p->probe->command_id, p->probe->host_id,
                               &lines, &n, err);
    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (str_eq(lines[i].key, "note"))
            note = lines[i].value;
    /* Proof is only what a probe that went well said. */
    if (inv.status != INVOCATION_SUCCESS)
        return end(p, -1, number_of(lines, n, "holders"),
                   arena_printf(look->arena, "on %s: %s", inv.host,
                                inv.cause != NULL ? inv.cause : inv.details),
                   err);
    return end(p, number_of(lines, n, "pending"), number_of(lines, n, "holders"), note, err);
}

/* Sending ---------------------------------------------------------------------------------------- */

static int write_sent(struct db *db, void *arg, struct err *err)
{
    const struct probing *p = arg;
    int rc = store_command_document(db, p->command.document_digest, JOB_DOCUMENT_PROBE,
                                    JOB_DOCUMENT_VERSION, p->content, err);

    if (rc == 0)
        rc = store_command_insert(db, &p->command, err);
    if (rc == 0)
        rc = store_command_invoke(db, &p->invocation, err);
    if (rc == 0)
        rc = store_offer_release(db, p->command.id, p->invocation.host_id, p->look->now, err);
    if (rc == 0)
        rc = store_probe_sent(db, p->probe->id, p->command.id, p->invocation.host_id, err);
    return rc;
}

/* Did a job that the migrate job needs, fetch for one, not end well there? Its last try counts. */
static bool lacks_ground(const struct probing *p, const struct invocation *invocations, size_t n,
                         const char *host_id)
{
    bool lacks = false;

    for (size_t k = 0; k < p->job->n_needs && !lacks; k++)
        for (size_t i = 0; i < n; i++)
            if (invocations[i].job_number == p->job->needs[k] &&
                strcmp(invocations[i].host_id, host_id) == 0)
                lacks = invocations[i].status != INVOCATION_SUCCESS;
    return lacks;
}

static time_ms asked_at(const struct probe *probes, size_t n, const char *host_id)
{
    for (size_t i = 0; i < n; i++) /* newest first */
        if (strcmp(probes[i].host_id, host_id) == 0 && probes[i].ended_at != 0)
            return probes[i].pending < 0 ? probes[i].asked_at : 0;
    return 0;
}

static int choose(struct probing *p, const struct host **ret_host, struct err *err)
{
    struct look *look = p->look;
    struct db *db = look->flow->db;
    const struct migrate_witness *chosen;
    struct migrate_witness *all;
    struct invocation *invocations = NULL;
    struct probe *probes = NULL;
    struct host *hosts = NULL;
    size_t n_hosts = 0, n_invocations = 0, n_probes = 0, n = 0;
    int rc = store_host_list(db, look->arena, &hosts, &n_hosts, err);

    if (rc == 0)
        rc = store_command_invocations(db, look->arena, p->deployment.id, &invocations,
                                       &n_invocations, err);
    if (rc == 0)
        rc =
            store_probe_of_attempt(db, look->arena, p->attempt.id, PROBES, &probes, &n_probes, err);
    all = arena_array(look->arena, n_hosts, sizeof(*all));
    for (size_t i = 0; rc == 0 && i < n_hosts; i++) {
        const struct host *h = &hosts[i];
        bool has = true;

        if (!str_list_has(p->job->candidates, h->name))
            continue;
        if (h->strict != NULL)
            rc = store_host_document_has(db, h->id, p->command.document_digest, &has, err);
        all[n++] = (struct migrate_witness){.host = h,
                                            .is_own = str_eq(h->id, p->attempt.host_id),
                                            .lacks_document = !has,
                                            .lacks_ground =
                                                lacks_ground(p, invocations, n_invocations, h->id),
                                            .asked_at = asked_at(probes, n_probes, h->id)};
    }
    chosen = migrate_choose_witness(all, n, look->now);
    *ret_host = chosen != NULL ? chosen->host : NULL;
    return rc;
}

static int sign(struct probing *p, const struct host *host, struct err *err)
{
    const struct deployment *d = &p->deployment;
    struct look *look = p->look;
    struct seal seal;
    struct envelope envelope = {.protocol = host->protocol,
                                .command_id = p->command.id,
                                .host_id = host->id,
                                .host = host->name,
                                .repository = d->repository,
                                .environment = d->environment,
                                .release = d->release_number,
                                .document = JOB_DOCUMENT_PROBE "@" JOB_DOCUMENT_VERSION,
                                .document_digest = p->command.document_digest,
                                .sha = d->sha,
                                .previous_sha = d->from_sha,
                                .roles = p->job->name,
                                .attempt = p->attempt.command_id,
                                .start_by = look->now + START_BY_MS};
    int rc = seal_make(look, &envelope, &seal, err);

    if (rc < 0)
        return rc;
    p->invocation.envelope = seal.text;
    p->invocation.signature = seal.signature;
    p->invocation.roles = p->job->name;
    p->invocation.start_by = envelope.start_by + (host->by_ssm ? SEND_GRACE_MS : 0);
    memcpy(p->invocation.command_id, p->command.id, sizeof(p->invocation.command_id));
    memcpy(p->invocation.host_id, host->id, sizeof(p->invocation.host_id));
    return 0;
}

static int send(struct probing *p, struct err *err)
{
    struct look *look = p->look;
    const struct host *host = NULL;
    char digest[DIGEST_HEX_SIZE];
    int rc;

    if (p->config == NULL || !job_document_has_probe(p->config))
        return end(p, -1, -1,
                   "its job has no probe: give it one in the configuration, `probe: { run: ... }`, "
                   "that writes pending=N and holders=N to SLIPWAY_RESULT",
                   err);
    if ((rc = job_document_probe(look->arena, p->environment->repo, p->config, p->attempt.database,
                                 &p->content, digest, err)) < 0)
        return rc;
    p->command.document_digest = arena_str(look->arena, digest);
    if ((rc = choose(p, &host, err)) < 0)
        return rc;
    if (host == NULL)
        return end(p, -1, -1,
                   "no host that may run the migrate job is online, not barred, and able to run "
                   "its probe: with slipway-agent, and in strict mode with the probe's document",
                   err);
    names_uuid_at(look->now, p->command.id);
    p->command.parameters = "{}";
    p->command.requested_at = look->now;
    p->command.requested_by = "probe";
    if ((rc = sign(p, host, err)) < 0)
        return rc;
    log_notice("probe.sent", "database=%s host=%s command=%s", LOG(p->attempt.database),
               LOG(host->name), p->command.id);
    rc = look_write(look, write_sent, p, FLOW_DEPLOYMENTS, err);
    if (rc == 0 && look->flow->ring_host != NULL)
        look->flow->ring_host(look->flow->arg, host->id);
    return rc;
}

/* Looking ---------------------------------------------------------------------------------------- */

static int load(struct probing *p, struct err *err)
{
    struct look *look = p->look;
    const struct config_repo *repo;
    struct job *jobs = NULL;
    size_t n = 0;
    int rc =
        store_attempt_by_id(look->flow->db, look->arena, p->probe->attempt_id, &p->attempt, err);

    if (rc == 0)
        rc = store_deployment_by_id(look->flow->db, look->arena, p->attempt.deployment_id,
                                    &p->deployment, err);
    if (rc == 0)
        rc = store_deployment_jobs(look->flow->db, look->arena, p->attempt.deployment_id, &jobs, &n,
                                   err);
    if (rc < 0)
        return rc;
    if (jobs == NULL || (size_t)p->attempt.job_number >= n)
        return err_set(err, ERR_INTERNAL,
                       "the job of attempt %lld is not among those of its deployment",
                       (long long)p->attempt.id);
    p->job = &jobs[p->attempt.job_number];
    repo = config_repo(look->snapshot->config, p->deployment.repository);
    p->environment = repo != NULL ? config_environment(repo, p->deployment.environment) : NULL;
    for (size_t i = 0; p->environment != NULL && i < repo->n_jobs; i++)
        if (str_eq(repo->jobs[i].name, p->job->name) && repo->jobs[i].n_steps > 0)
            p->config = &repo->jobs[i];
    return 0;
}

int probing_look(struct look *look, struct err *err)
{
    struct probe *open;
    size_t n;
    int rc = store_probe_open(look->flow->db, look->arena, &open, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct probing *p = arena_alloc(look->arena, sizeof(*p));

        p->look = look;
        p->probe = &open[i];
        rc = load(p, err);
        if (rc == 0)
            rc = open[i].command_id[0] != '\0' ? read_answer(p, err) : send(p, err);
    }
    return rc;
}
