#include "server/api/api_agent.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/rules/settle.h"
#include "lib/store/store_ask.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/api_act.h"
#include "server/api/api_body.h"
#include "server/api/api_events.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/naming.h"
#include "server/flow/snapshot.h"

#define DATABASE_MAX 255

struct deciding {
    struct request *request;
    const char *name; /* of the host, or the database */
    const char *reason;
    time_ms now;
};

static int read_body(struct deciding *d, bool names_database, struct err *err)
{
    static const char *const keys[] = {"reason", "database"};
    struct cJSON *body = NULL;
    int rc = api_body_read(d->request, keys, names_database ? 2 : 1, &body, err);

    if (rc == 0)
        rc = api_body_text(d->request, body, "reason", API_ACT_REASON_MAX, &d->reason, err);
    if (rc == 0 && names_database)
        rc = api_body_text(d->request, body, "database", DATABASE_MAX, &d->name, err);
    json_free(body);
    if (rc == 0 && d->reason == NULL)
        rc = err_set(err, ERR_INVALID, "reason: say why; it is kept in the journal");
    if (rc == 0 && d->name == NULL)
        rc = err_set(err, ERR_INVALID, "database: which one?");
    return rc;
}

static int journal(struct db *db, const struct deciding *d, const char *act, const char *subject,
                   const char *detail, struct err *err)
{
    const struct journal_entry entry = {
        .at = d->now,
        .actor = d->request->actor.name,
        .way = d->request->actor.way,
        .act = act,
        .subject = subject,
        .detail = detail,
        .reason = d->reason,
    };

    return store_journal_add(db, &entry, err);
}

static enum request_next decide(struct deciding *d, struct reply *reply, bool names_database,
                                int (*write)(struct db *db, void *arg, struct err *err))
{
    struct request *request = d->request;
    struct api *api = request->api;
    struct err err = ERR_INIT;
    const char *json;
    int rc;

    d->now = clock_now(api->clock);
    rc = read_body(d, names_database, &err);
    if (rc == 0)
        rc = api_write_do(request, write, d, &err);
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    api_events_publish(api->events, API_EVENTS_HOSTS);
    api->ring_flow(api->flow);
    /* The store knows a host or database of that name: no letter of it needs escaping. */
    json = arena_printf(request->arena, "{\"%s\":\"%s\"}", names_database ? "database" : "host",
                        d->name);
    reply_json(reply, 200, json, strlen(json));
    return REQUEST_DONE;
}

static int find_host(struct db *db, const struct deciding *d, struct host *ret_host,
                     struct err *err)
{
    int rc = policy_confirm(db, d->request, err);

    return rc < 0 ? rc : store_host_by_name(db, d->request->arena, d->name, ret_host, err);
}

/* The journal -------------------------------------------------------------------------------- */

static int write_accept(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    struct host host = {.name = d->name};
    int rc = find_host(db, d, &host, err);

    if (rc < 0)
        return rc;
    rc = store_ask_end(db, host.id, err);
    if (rc == 0)
        rc = store_host_accept_journal(db, host.id, d->now, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc, "the journal of %s is not in doubt; there is nothing to accept",
                       d->name);
    return rc < 0 ? rc
                  : journal(db, d, "host.accept-journal", host.id,
                            arena_printf(d->request->arena, "{\"name\":\"%s\",\"records\":%lld}",
                                         host.name, (long long)host.record_number),
                            err);
}

enum request_next api_agent_accept_journal(struct request *request, struct reply *reply)
{
    struct deciding d = {.request = request, .name = request->segments[0]};

    return decide(&d, reply, false, write_accept);
}

/* Draining ----------------------------------------------------------------------------------- */

static int write_drained(struct db *db, struct deciding *d, bool drained, struct err *err)
{
    struct host host;
    int rc = find_host(db, d, &host, err);

    if (rc < 0)
        return rc;
    if ((host.drained_at != 0) == drained)
        return err_set(err, ERR_CONFLICT, "%s is %s already", host.name,
                       drained ? "drained" : "in use");
    rc = drained ? store_host_drain(db, host.id, d->now, err)
                 : store_host_undrain(db, host.id, d->now, err);
    return rc < 0 ? rc
                  : journal(db, d, drained ? "host.drain" : "host.undrain", host.id,
                            arena_printf(d->request->arena, "{\"name\":\"%s\"}", host.name), err);
}

static int write_drain(struct db *db, void *arg, struct err *err)
{
    return write_drained(db, arg, true, err);
}

static int write_undrain(struct db *db, void *arg, struct err *err)
{
    return write_drained(db, arg, false, err);
}

enum request_next api_agent_drain(struct request *request, struct reply *reply)
{
    struct deciding d = {.request = request, .name = request->segments[0]};

    return decide(&d, reply, false, write_drain);
}

enum request_next api_agent_undrain(struct request *request, struct reply *reply)
{
    struct deciding d = {.request = request, .name = request->segments[0]};

    return decide(&d, reply, false, write_undrain);
}

/* The key ------------------------------------------------------------------------------------ */

static int write_revoke(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    struct host host;
    int rc = find_host(db, d, &host, err);

    if (rc == 0 && host.by_ssm)
        rc = err_set(err, ERR_CONFLICT,
                     "%s is AWS' own and has no key here: take it out of its role, or drain it",
                     host.name);
    if (rc == 0)
        rc = store_host_end_keys(db, host.id, d->now, err);
    if (rc == 0)
        rc = store_host_move(db, host.id, host.state, HOST_DEREGISTERED, err);
    /* What it was handed may run: nobody can say any more how it ends. */
    if (rc == 0)
        rc = store_command_doubt(db, host.id, "the key of its host was revoked", err);
    return rc < 0 ? rc
                  : journal(db, d, "host.revoke", host.id,
                            arena_printf(d->request->arena, "{\"name\":\"%s\"}", host.name), err);
}

enum request_next api_agent_revoke(struct request *request, struct reply *reply)
{
    struct deciding d = {.request = request, .name = request->segments[0]};

    return decide(&d, reply, false, write_revoke);
}

/* The fence ---------------------------------------------------------------------------------- */

/* What the store says of the attempt that holds it may be old: nobody knows its end before somebody decides. */
static int doubt_attempt(struct db *db, const struct deciding *d, struct err *err)
{
    const struct invocation_change change = {
        .status = INVOCATION_UNKNOWN,
        .details = "Unknown",
        .cause = "the store was restored from a backup while it was under way",
        .exit_code = -1,
        .commit_sha = ""};
    struct err own = ERR_INIT;
    struct invocation inv;
    struct attempt a;
    int rc = store_attempt_unsettled(db, d->request->arena, d->name, &a, &own);

    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc == 0)
        rc = store_command_invocation(db, d->request->arena, a.command_id, a.host_id, &inv, &own);
    if (rc == 0 && !invocation_has_ended(inv.status) && inv.status != INVOCATION_UNKNOWN)
        rc = store_command_move(db, a.command_id, a.host_id, inv.status, &change, d->now, &own);
    if (rc == 0 && states_allows(attempt_states, (int)a.state, ATTEMPT_UNKNOWN))
        rc = store_attempt_move(db, a.id, a.state, ATTEMPT_UNKNOWN, -1, d->now, &own);
    if (rc < 0)
        *err = own;
    return rc;
}

/* One that the store knows, or that the configuration names: a restored store lets any other stand, too. */
static int check_database(struct db *db, const struct deciding *d, struct err *err)
{
    const struct snapshot *snapshot;
    int64_t epoch = 0;
    bool is_known;
    int rc = store_attempt_epoch(db, d->name, &epoch, err);

    if (rc < 0 || epoch > 1)
        return rc;
    snapshot = snapshots_take(d->request->api->snapshots);
    is_known = naming_knows(d->request->arena, snapshot->config, d->name);
    snapshots_give(snapshot);
    return is_known ? 0
                    : err_set(err, ERR_NOT_FOUND,
                              "no environment has a database %s: nothing stands", d->name);
}

static int write_advance(struct db *db, void *arg, struct err *err)
{
    struct deciding *d = arg;
    time_ms fenced_at = 0;
    int64_t epoch = 0;
    const char *why;
    int rc = policy_confirm(db, d->request, err);

    if (rc == 0)
        rc = check_database(db, d, err);
    if (rc == 0)
        rc = store_attempt_fenced_at(db, d->name, &fenced_at, err);
    if (rc == 0 && fenced_at != 0 &&
        (why = settle_fence_refusal(d->request->arena, fenced_at, d->now)) != NULL)
        return err_set(err, ERR_CONFLICT, "%s: %s", d->name, why);
    if (rc == 0)
        rc = store_attempt_advance(db, d->name, err);
    if (rc == ERR_CONFLICT)
        return err_set(err, rc, "database %s does not stand behind a fence", d->name);
    if (rc == 0)
        rc = doubt_attempt(db, d, err);
    if (rc == 0)
        rc = store_attempt_epoch(db, d->name, &epoch, err);
    return rc < 0
               ? rc
               : journal(db, d, "database.advance", d->name,
                         arena_printf(d->request->arena, "{\"epoch\":%lld}", (long long)epoch - 1),
                         err);
}

enum request_next api_agent_fence(struct request *request, struct reply *reply)
{
    struct deciding d = {.request = request};

    return decide(&d, reply, true, write_advance);
}
