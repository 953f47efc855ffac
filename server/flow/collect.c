/*
 * collect: what hosts said becomes what is known of their commands.
 *
 * Replies were stored before they were believed; each is read once, in the order of arrival, and moves
 * its invocation by the rules of lib/ssm/status. Order, repetition and delay make no difference to the
 * end. A commit that is not the wanted one fails the host (P1).
 */
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/rules/permit.h"
#include "lib/ssm/document.h"
#include "lib/ssm/message_reply.h"
#include "lib/ssm/status.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_floor.h"
#include "lib/store/store_host.h"
#include "lib/store/store_reply.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/collect_door.h"
#include "server/flow/door_watch.h"
#include "server/flow/flow.h"
#include "server/flow/ledger.h"
#include "server/flow/snapshot.h"

#define BATCH 100
#define GROUP_MAX 50 /* replies in one commit */

/* Everything one reply changes, decided before the transaction. */
struct collected {
    const struct reply_row *row;
    struct message_reply reply;
    struct invocation invocation;
    struct invocation_change change;
    struct document document; /* what it runs, to know its steps ... */
    struct content content;   /* ... and what one of the door runs */
    bool moves;
    bool journal_is_known;
    bool is_alone;  /* of a migrate job */
    bool is_fenced; /* its database stands: the store may have forgotten a permit */
    bool
        is_of_backup; /* it was handed out before the store was restored: the same, fence or none */
    const char *fence; /* a host has seen a higher epoch of this database; NULL */
    int64_t fence_epoch;
    const char *note; /* why nothing changes, NULL */
    time_ms now;
};

/* P1: the last `commit` line of a job that must write one proves what is on the host. */
static int check_commit(struct look *look, struct collected *c, struct err *err)
{
    struct deployment deployment;
    struct job *jobs = NULL;
    size_t n = 0;
    int rc;

    if (c->change.status != INVOCATION_SUCCESS || c->invocation.deployment_id == 0)
        return 0;
    rc = store_deployment_by_id(look->flow->db, look->arena, c->invocation.deployment_id,
                                &deployment, err);
    if (rc == 0)
        rc = store_deployment_jobs(look->flow->db, look->arena, deployment.id, &jobs, &n, err);
    if (rc < 0)
        return rc;
    if (jobs == NULL || (size_t)c->invocation.job_number >= n ||
        !jobs[c->invocation.job_number].proves_commit)
        return 0;
    if (!str_eq(c->change.commit_sha, deployment.sha)) {
        c->change.status = INVOCATION_FAILED;
        c->change.details = "Failed";
        c->change.cause = c->change.commit_sha[0] == '\0'
                              ? "no step reported the commit"
                              : arena_printf(look->arena, "it runs commit %.7s, wanted is %.7s",
                                             c->change.commit_sha, deployment.sha);
    }
    return 0;
}

/* The journal a reply speaks of must be the one that is known of its host. A host with an agent told of its own before it was
 * handed anything; by AWS none is known until one had a record of a migrate job that began, and until then none is believed. */
static int journal_is_known(struct look *look, const struct collected *c, bool has_database,
                            bool *ret_known, struct err *err)
{
    struct host host;
    int rc = store_host_by_id(look->flow->db, look->arena, c->row->host_id, &host, err);

    if (rc < 0)
        return rc;
    if (host.journal_id == NULL || c->reply.journal_id == NULL)
        *ret_known = !(has_database && (host.by_ssm || c->reply.journal_id == NULL));
    else
        *ret_known = str_eq(host.journal_id, c->reply.journal_id);
    return 0;
}

/* It was declined for its epoch. */
static int find_ahead(struct look *look, struct collected *c, const char *database, struct err *err)
{
    const struct floor_word word = {database, c->reply.floor, c->row->command_id};
    struct floor_facts facts;
    struct err own = ERR_INIT;
    struct attempt attempt;
    int rc =
        store_attempt_of_command(look->flow->db, look->arena, c->row->command_id, &attempt, &own);

    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc == 0)
        rc = store_floor_facts(look->flow->db, &word, &facts, &own);
    if (rc < 0)
        *err = own;
    else if (floor_is_ahead(&facts, attempt.epoch, c->reply.floor)) {
        c->fence = database;
        c->fence_epoch = floor_believed(&facts, c->reply.floor);
    }
    return rc;
}

/* When the store was said to come from a backup, or a host told what it had forgotten of that database. Who declines for its
 * epoch tells it by this very word. */
static int found_restored_at(struct look *look, const struct collected *c, const char *database,
                             time_ms *ret_at, struct err *err)
{
    time_ms forgot_at = 0;
    int rc = store_attempt_restored_at(look->flow->db, ret_at, err);

    if (rc == 0 && c->reply.floor == 0)
        rc = store_floor_forgot_at(look->flow->db, database, &forgot_at, err);
    if (rc == 0 && forgot_at > *ret_at)
        *ret_at = forgot_at;
    return rc;
}

/* The job that a command belongs to, and the document it runs. */
static int load_job(struct look *look, struct collected *c, bool *ret_has_database, struct err *err)
{
    const char *name, *version, *content;
    struct job *jobs;
    size_t n;
    int rc;

    *ret_has_database = false;
    if (c->invocation.deployment_id == 0)
        return collect_door_content(look, c->row->command_id, &c->content, err);
    rc = store_deployment_jobs(look->flow->db, look->arena, c->invocation.deployment_id, &jobs, &n,
                               err);
    if (rc < 0 || (size_t)c->invocation.job_number >= n)
        return rc;
    *ret_has_database = jobs[c->invocation.job_number].database != NULL;
    if (*ret_has_database &&
        (rc = store_attempt_is_fenced(look->flow->db, jobs[c->invocation.job_number].database,
                                      &c->is_fenced, err)) < 0)
        return rc;
    if (*ret_has_database && c->reply.state == MESSAGE_REPLY_DECLINED) {
        time_ms restored_at;

        if ((rc = found_restored_at(look, c, jobs[c->invocation.job_number].database, &restored_at,
                                    err)) < 0)
            return rc;
        c->is_of_backup = c->invocation.released_at <= restored_at;
    }
    if (*ret_has_database && c->reply.floor > 0 && c->reply.state == MESSAGE_REPLY_DECLINED &&
        (rc = find_ahead(look, c, jobs[c->invocation.job_number].database, err)) < 0)
        return rc;
    rc = store_command_content(look->flow->db, look->arena,
                               jobs[c->invocation.job_number].document_digest, &name, &version,
                               &content, err);
    return rc < 0 ? rc : document_parse(look->arena, content, strlen(content), &c->document, err);
}

static int decide(struct look *look, struct collected *c, struct err *err)
{
    struct status_facts facts;
    struct status_change change;
    struct err own = ERR_INIT;
    int rc =
        message_reply_parse(look->arena, c->row->payload, strlen(c->row->payload), &c->reply, &own);

    if (rc < 0) {
        c->note = arena_str(look->arena, own.text);
        return 0;
    }
    rc = store_command_invocation(look->flow->db, look->arena, c->row->command_id, c->row->host_id,
                                  &c->invocation, &own);
    if (rc == ERR_NOT_FOUND) {
        c->note = "no such command on that host";
        return 0;
    }
    if (rc < 0) {
        *err = own;
        return rc;
    }
    facts =
        (struct status_facts){.now = c->invocation.status, .began = c->invocation.began_at != 0};
    facts.went_back = c->reply.journal_id != NULL && c->reply.record_number < c->row->host_record;
    facts.disbelief = permit_disbelief(&c->invocation, c->reply.nonce, c->reply.boot_id);
    if ((rc = load_job(look, c, &facts.has_database, err)) < 0 ||
        (rc = journal_is_known(look, c, facts.has_database, &facts.journal_is_known, err)) < 0)
        return rc;
    if (c->is_fenced && c->reply.floor == 0)
        facts.disbelief = "the host says that it never began, but the store may have forgotten a "
                          "permit: its database stands behind a fence";
    if (c->is_of_backup)
        facts.disbelief = "the host says that it never began, but the store was restored from a "
                          "backup since, and may have forgotten a permit";
    c->journal_is_known = facts.journal_is_known;
    c->is_alone = facts.has_database;
    status_judge(look->arena, &facts, &c->reply, &change);
    c->moves = change.changes && change.status != c->invocation.status;
    c->note = change.changes ? NULL : change.note;
    c->change = (struct invocation_change){.status = change.status,
                                           .details = change.details,
                                           .cause = change.cause,
                                           .exit_code = change.exit_code,
                                           .commit_sha = change.commit_sha};
    return c->moves ? check_commit(look, c, err) : 0;
}

static int put_steps(struct db *db, const struct collected *c, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->reply.n_steps && rc == 0; i++) {
        const struct message_reply_step *s = &c->reply.steps[i];
        bool at_door = c->invocation.deployment_id == 0;
        int number = at_door ? content_step_number(&c->content, s->name)
                             : document_step_number(&c->document, s->name);
        struct step step = {.number = number,
                            .name = s->name,
                            .status = s->status,
                            .exit_code = s->exit_code,
                            .started_at = s->started_at,
                            .ended_at = s->ended_at};
        if (number < 0)
            continue; /* not a step of what was sent */
        memcpy(step.command_id, c->invocation.command_id, sizeof(step.command_id));
        memcpy(step.host_id, c->invocation.host_id, sizeof(step.host_id));
        rc = store_command_step(db, &step, err);
        if (rc == 0 && at_door)
            rc = collect_door_output(db, c->row, number, s, err);
    }
    return rc;
}

/* The host is ahead of the store, which was restored from a backup then: the database stands (G5). */
static int fence(struct db *db, const struct collected *c, struct err *err)
{
    int rc = store_attempt_fence(db, c->fence, c->fence_epoch, c->reply.reason, c->now, err);

    return rc < 0
               ? rc
               : look_journal(db, c->now, "database.fence", c->fence, NULL, c->reply.reason, err);
}

_Static_assert(CONTENT_STEPS_MAX <= MESSAGE_REPLY_STEPS_MAX,
               "each step that a caller may send can be told of");

/* What was permitted and is taken back by nobody (store_command_move) began, also where only its end was heard. */
static int move(struct db *db, const struct collected *c, struct err *err)
{
    const struct invocation_change began = {.status = INVOCATION_IN_PROGRESS,
                                            .details = "InProgress",
                                            .exit_code = -1};
    enum invocation_status from = c->invocation.status;
    int rc = 0;

    if (from == INVOCATION_PENDING && c->invocation.permit_nonce[0] != '\0' &&
        c->reply.state == MESSAGE_REPLY_FINISHED) {
        rc = store_command_move(db, c->row->command_id, c->row->host_id, from, &began, c->now, err);
        from = INVOCATION_IN_PROGRESS;
    }
    return rc < 0 ? rc
                  : store_command_move(db, c->row->command_id, c->row->host_id, from, &c->change,
                                       c->now, err);
}

static int apply(struct db *db, void *arg, struct err *err)
{
    const struct collected *c = arg;
    const struct reply_row *row = c->row;
    int rc = store_reply_collect(db, row->id, c->note, c->now, err);

    if (rc < 0 || c->invocation.command_id[0] == '\0')
        return rc;
    rc = store_command_heard(db, row->command_id, row->host_id, row->received_at, err);
    if (rc == 0 && c->note == NULL)
        rc = put_steps(db, c, err);
    if (rc == 0 && c->note == NULL)
        rc = store_command_results_put(db, row->command_id, row->host_id, c->reply.results,
                                       c->reply.n_results, err);
    /* Another journal does not become the known one by a reply. */
    if (rc == 0 && c->reply.journal_id != NULL && c->journal_is_known)
        rc =
            store_host_recorded(db, row->host_id, c->reply.journal_id, c->reply.record_number, err);
    if (rc == 0 && c->fence != NULL)
        rc = fence(db, c, err);
    if (rc == 0)
        rc = ledger_hear(db, row->command_id, &c->reply, c->journal_is_known, c->now, err);
    if (rc < 0 || !c->moves)
        return rc;
    rc = move(db, c, err);
    if (rc == 0)
        rc = ledger_follow(db, row->command_id, row->host_id, c->now, err);
    if (rc < 0)
        return rc;
    return look_journal(db, c->now, "invocation.move", row->command_id, NULL, c->change.details,
                        err);
}

/* What it decides may depend on what another reply of this group changes: one host's come in their order, and
 * those of a migrate job alone (a fence is the whole database's). */
static bool goes_with(const struct collected *group, size_t n, const struct reply_row *row)
{
    if (n == GROUP_MAX || (n > 0 && group[n - 1].is_alone))
        return false;
    for (size_t i = 0; i < n; i++)
        if (strcmp(group[i].row->host_id, row->host_id) == 0)
            return false;
    return true;
}

static void say(const struct collected *c)
{
    if (c->moves)
        log_notice("invocation.moved", "command=%s host=%s status=%s cause=%s", c->row->command_id,
                   LOG(c->invocation.host), c->change.details, LOG(c->change.cause));
}

/* Its deployment goes on; behind one that ended, the next of its track may wait for this very command. An attempt that
 * ends lets go of a database, which others may wait for; so does a fence that comes up. */
static int touch(struct look *look, const struct collected *c, struct err *err)
{
    struct agenda *agenda = look->flow->agenda;
    struct deployment deployment;
    int64_t id = c->invocation.deployment_id;
    int rc = 0;

    if (c->is_alone || c->fence != NULL) {
        agenda_touch_environments(agenda, NULL);
        agenda_touch_runs(agenda, NULL);
        return 0;
    }
    if (id == 0 && c->invocation.command_id[0] != '\0')
        door_watch_touch(agenda_commands(agenda), c->invocation.command_id);
    if (id == 0 || agenda_touch_run(agenda, id))
        return 0;
    rc = store_deployment_by_id(look->flow->db, look->arena, id, &deployment, err);
    if (rc == 0)
        agenda_touch_runs(agenda, config_repo(look->snapshot->config, deployment.repository));
    return rc;
}

/* Decided together, written as one commit; one whose facts were stale is looked at again. */
static int collect_group(struct look *look, struct reply_row *rows, size_t n_rows, size_t *ret_n,
                         struct err *err)
{
    struct collected *group = arena_array(look->arena, GROUP_MAX, sizeof(*group));
    struct writer_job jobs[GROUP_MAX];
    size_t n = 0;
    int rc;

    while (n < n_rows && goes_with(group, n, &rows[n])) {
        struct collected *c = &group[n];

        *c = (struct collected){.row = &rows[n], .now = look->now};
        rc = decide(look, c, err);
        if (rc < 0)
            return rc;
        if (c->is_alone && n > 0)
            break; /* it begins the next group, and is decided then */
        jobs[n++] = (struct writer_job){.fn = apply, .arg = c};
        say(c);
    }
    *ret_n = n;
    rc = look_write_jobs(look, jobs, n, FLOW_DEPLOYMENTS, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = touch(look, &group[i], err);
    return rc;
}

int collect_look(struct look *look, struct err *err)
{
    struct reply_row *rows;
    size_t n, taken = 0;
    int rc = store_reply_open(look->flow->db, look->arena, BATCH, &rows, &n, err);

    for (size_t i = 0; i < n && rc == 0; i += taken)
        rc = collect_group(look, &rows[i], n - i, &taken, err);
    return rc;
}
