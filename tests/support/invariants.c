/* invariants: see invariants.h. */
#include "tests/support/invariants.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/model/attempt.h"
#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/store/db.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_journal.h"

struct checking {
    struct db *db;
    const struct invariants_facts *facts;
    struct arena *arena;
    const char **broken;
    size_t n, cap;
};

static void broken(struct checking *c, const char *text)
{
    *ARENA_PUSH(c->arena, c->broken, c->n, c->cap) = text;
}

static void unreadable(struct checking *c, const struct err *err)
{
    broken(c, arena_printf(c->arena, "the store cannot be read: %s", err->text));
}

/* Each row of the statement is a complaint; its first column says about what. */
static void check_none(struct checking *c, const char *rule, const struct statement *statement)
{
    struct err err = ERR_INIT;
    struct db_rows *rows;
    int rc = db_query(c->db, statement, &rows, &err, "");

    if (rc < 0) {
        unreadable(c, &err);
        return;
    }
    while ((rc = db_next(rows, &err)) > 0)
        broken(c, arena_printf(c->arena, "%s: %s", rule, db_text(rows, c->arena, 0)));
    db_end(rows);
    if (rc < 0)
        unreadable(c, &err);
}

/* I1: each 2xx delivery has a row --------------------------------------------------------------- */

/* Asked as the store asks itself, by its key: a look through all rows for each of them takes hours. */
static void check_deliveries(struct checking *c)
{
    struct arena row;

    arena_init(&row);
    for (size_t i = 0; i < c->facts->n_accepted; i++) {
        const char *guid = c->facts->accepted[i];
        struct err err = ERR_INIT;
        struct delivery delivery;
        int rc = store_delivery_by_guid(c->db, &row, guid, &delivery, &err);

        if (rc == ERR_NOT_FOUND || (rc == 0 && !str_eq(delivery.guid, guid)))
            broken(c,
                   arena_printf(c->arena, "I1: delivery %s was accepted and is not there", guid));
        else if (rc < 0)
            unreadable(c, &err);
        arena_reset(&row);
    }
    arena_deinit(&row);
}

/* I2, I3: attempts ------------------------------------------------------------------------------- */

/* Of two attempts on a database the later one was planned when the earlier one was settled. */
static const struct statement overlapping_attempts = {
    "overlapping attempts",
    "SELECT b.database || ' epoch ' || b.epoch || ' began while epoch ' || a.epoch || ' was unsettled'"
    " FROM attempts a JOIN attempts b ON b.database = a.database AND b.epoch > a.epoch"
    " WHERE a.settled_at IS NULL OR a.settled_at > b.planned_at"};

static const struct statement two_successes = {
    "two successes",
    "SELECT database || ' r' || release_number || ' succeeded ' || count(*) || ' times' FROM attempts"
    " WHERE state = 'succeeded' AND voided_at IS NULL"
    " GROUP BY database, repository_id, release_number HAVING count(*) > 1"};

/* I4: a command id stands for one start ---------------------------------------------------------- */

static const struct statement shared_commands = {
    "shared commands",
    "SELECT c.id || ' is meant for ' || count(*) || ' hosts' FROM commands c"
    " JOIN invocations i ON i.command_id = c.id WHERE c.deployment_id IS NOT NULL"
    " GROUP BY c.id HAVING count(*) > 1"};

static void check_starts(struct checking *c)
{
    const struct invariants_facts *f = c->facts;

    check_none(c, "I4", &shared_commands);
    for (size_t i = 0; i < f->n_starts; i++)
        for (size_t k = i + 1; k < f->n_starts; k++)
            if (strcmp(f->starts[i].command_id, f->starts[k].command_id) == 0)
                broken(c,
                       arena_printf(c->arena, "I4: %s was started on %s and again on %s",
                                    f->starts[i].command_id, f->starts[i].host, f->starts[k].host));
}

/* I6: each start has its approvals for the same digest -------------------------------------------- */

/* By what the start wrote down; different persons, and all whom nobody knows are one. */
static const struct statement unapproved_starts = {
    "unapproved starts",
    "SELECT d.environment || ' r' || d.release_number || ' started with too few approvals'"
    " FROM deployments d WHERE d.started_at IS NOT NULL AND d.approvals_needed > ("
    " SELECT count(DISTINCT coalesce(a.github_id, lower(a.login), 0))"
    " FROM deployment_approvals u JOIN approvals a ON a.id = u.approval_id"
    " WHERE u.deployment_id = d.id AND a.environment = d.environment"
    " AND a.release_number = d.release_number AND a.plan_digest = d.plan_digest"
    " AND a.granted_at <= d.started_at AND (a.ended_at IS NULL OR a.ended_at >= d.started_at))"};

/* By the configuration that it was cut under: what a start wrote down as needed must be what it asks for. */
static const struct statement unasked_starts = {
    "unasked starts",
    "SELECT d.environment || ' r' || d.release_number || ' started as if no approval was asked for'"
    " FROM deployments d JOIN configs c ON c.digest = d.config_digest"
    " JOIN repositories r ON r.id = d.repository_id"
    " WHERE d.started_at IS NOT NULL AND d.kind = 'release' AND d.lane = 'code'"
    " AND d.approvals_needed < coalesce(json_extract(c.text, '$.repos.\"' || r.name ||"
    " '\".environments.\"' || d.environment || '\".approvals.code'), 0)"
    " AND coalesce(d.passed, '') NOT LIKE '%\"approval\"%'"
    " AND d.release_number > 1"};

/* I7: terminal states never change, except unknown to a true end ---------------------------------- */

/* The last state that the journal tells of one thing, "deployment 7" or "invocation UUID". */
struct told {
    const char *thing;
    const char *state;
    bool ended;
};

struct telling {
    struct checking *checking;
    struct told *items;
    size_t n, cap;
};

static struct told *told_of(struct telling *t, const char *thing)
{
    for (size_t i = 0; i < t->n; i++)
        if (strcmp(t->items[i].thing, thing) == 0)
            return &t->items[i];
    return NULL;
}

static void tell(struct telling *t, const char *thing, const char *state, bool ended)
{
    struct told *known = told_of(t, thing);

    if (known != NULL && known->ended)
        broken(t->checking, arena_printf(t->checking->arena, "I7: %s went from %s to %s", thing,
                                         known->state, state));
    if (known == NULL)
        known = ARENA_PUSH(t->checking->arena, t->items, t->n, t->cap);
    *known = (struct told){thing, state, ended};
}

/* A person may decide what has ended otherwise, and unknown is an end then. */
static void tell_decided(struct telling *t, const char *thing, const char *state)
{
    struct told *known = told_of(t, thing);

    if (known != NULL)
        known->ended = false;
    tell(t, thing, state, true);
}

static bool deployment_ends(const char *state)
{
    int i = states_find(deployment_states, DEPLOYMENT_STATES_COUNT, state);

    return i >= 0 && !deployment_is_open((enum deployment_state)i);
}

/* An unknown one may still be proven. */
static bool attempt_ends(const char *state)
{
    int i = states_find(attempt_states, ATTEMPT_STATES_COUNT, state);

    return i >= 0 && (attempt_settles((enum attempt_state)i) || i == (int)ATTEMPT_FAILED);
}

/* What one line of the journal says of a state, if it does. */
static void read_line(struct telling *t, const char *act, const char *subject, const char *reason,
                      const struct cJSON *detail)
{
    struct arena *arena = t->checking->arena;
    const char *to = arena_str(arena, json_str(detail, "to"));
    const char *command = json_str(detail, "command");
    int64_t deployment = 0;
    const char *which;

    (void)json_int(detail, "deployment", &deployment);
    which = arena_printf(arena, "deployment %lld", (long long)deployment);
    if (str_eq(act, "deployment.cut"))
        tell(t, which, "waiting", false);
    else if (str_eq(act, "deployment.start"))
        tell(t, which, "deploying", false);
    else if (str_eq(act, "deployment.undo"))
        tell(t, which, "superseded", true);
    else if (str_eq(act, "deployment.give-up"))
        tell(t, which, "failed", true);
    else if (str_eq(act, "deployment.cancel") && str_eq(to, "cancelled"))
        tell(t, which, to, true);
    else if (str_eq(act, "deployment.end"))
        tell(t, which, to, deployment_ends(to));
    else if (str_eq(act, "invocation.move"))
        tell(t, arena_printf(arena, "invocation %s", subject), reason,
             !str_eq(reason, "InProgress") && !str_eq(reason, "Unknown"));
    else if (str_eq(act, "invocation.cancel"))
        tell(t, arena_printf(arena, "invocation %s", command), "Cancelling", false);
    else if (str_eq(act, "invocation.lost"))
        tell(t, arena_printf(arena, "invocation %s", command), "Unknown", false);
    else if (str_eq(act, "invocation.undelivered"))
        tell(t, arena_printf(arena, "invocation %s", command), "DeliveryTimedOut", true);
    else if (str_eq(act, "attempt.move"))
        tell(t, arena_printf(arena, "attempt %s", command), to, attempt_ends(to));
    else if (str_eq(act, "attempt.decide"))
        tell_decided(t, arena_printf(arena, "attempt %s", command), to);
}

static const struct statement lines = {
    "journal", "SELECT act, subject, reason, detail FROM journal ORDER BY id"};

static int read_journal(struct telling *t, struct err *err)
{
    struct arena *arena = t->checking->arena;
    struct db_rows *rows;
    int rc = db_query(t->checking->db, &lines, &rows, err, "");

    if (rc < 0)
        return rc;
    while ((rc = db_next(rows, err)) > 0) {
        const char *detail = db_text(rows, arena, 3);
        struct cJSON *json = NULL;
        if ((rc = json_parse(detail, strlen(detail), NULL, &json, err)) < 0)
            break;
        read_line(t, db_text(rows, arena, 0), db_text(rows, arena, 1), db_text(rows, arena, 2),
                  json);
        json_free(json);
    }
    db_end(rows);
    return rc;
}

static const struct statement states_now = {
    "states", "SELECT 'deployment ' || id, state FROM deployments"
              " UNION ALL SELECT 'invocation ' || command_id, details FROM invocations"
              " UNION ALL SELECT 'attempt ' || command_id, state FROM attempts"};

/* What was told to have ended stands in the rows as it was told. */
static void check_ends(struct checking *c)
{
    struct telling t = {.checking = c};
    struct err err = ERR_INIT;
    struct db_rows *rows;
    int rc = read_journal(&t, &err);

    if (rc == 0)
        rc = db_query(c->db, &states_now, &rows, &err, "");
    if (rc < 0) {
        unreadable(c, &err);
        return;
    }
    while ((rc = db_next(rows, &err)) > 0) {
        const struct told *told = told_of(&t, db_text(rows, c->arena, 0));
        const char *now = db_text(rows, c->arena, 1);
        if (told != NULL && told->ended && !str_eq(told->state, now))
            broken(c, arena_printf(c->arena, "I7: %s ended %s and is %s now", told->thing,
                                   told->state, now));
    }
    db_end(rows);
    if (rc < 0)
        unreadable(c, &err);
}

/* I8: one decision per occurrence ---------------------------------------------------------------- */

static const struct statement started_twice = {
    "started twice",
    "SELECT environment || ' ' || occurrence_date || ' ' || occurrence_time || ' started '"
    " || count(*) || ' deployments' FROM deployments"
    " WHERE occurrence_date IS NOT NULL AND started_at IS NOT NULL"
    " GROUP BY repository_id, environment, occurrence_date, occurrence_time HAVING count(*) > 1"};

static const struct statement decided_otherwise = {
    "decided otherwise",
    "SELECT d.environment || ' ' || d.occurrence_date || ' ' || d.occurrence_time"
    " || ' started a deployment and is ' || coalesce(o.decision, 'undecided')"
    " FROM deployments d LEFT JOIN occurrences o ON o.repository_id = d.repository_id"
    " AND o.environment = d.environment AND o.local_date = d.occurrence_date"
    " AND o.local_time = d.occurrence_time"
    " WHERE d.occurrence_date IS NOT NULL AND d.started_at IS NOT NULL"
    " AND (o.decision IS NULL OR o.decision <> 'started' OR o.deployment_id <> d.id)"};

static const struct statement decided_alone = {
    "decided alone", "SELECT o.environment || ' ' || o.local_date || ' ' || o.local_time"
                     " || ' is started and nothing was' FROM occurrences o LEFT JOIN deployments d"
                     " ON d.id = o.deployment_id AND d.started_at IS NOT NULL"
                     " WHERE o.decision = 'started' AND d.id IS NULL"};

/* I10: the chain --------------------------------------------------------------------------------- */

static void check_chain(struct checking *c)
{
    struct err err = ERR_INIT;
    int64_t n, bad;

    if (store_journal_verify(c->db, &n, &bad, &err) < 0)
        unreadable(c, &err);
    else if (bad != 0)
        broken(c, arena_printf(c->arena, "I10: the journal's chain breaks at row %lld",
                               (long long)bad));
}

/* I11: no host runs two commands of one track ---------------------------------------------------- */

/* From its first sign that it runs to its end; what is unknown or running may still run, unless it is a job's that its
 * host ends after its time. */
static const struct statement shared_tracks = {
    "shared tracks",
    "WITH runs AS (SELECT i.command_id, i.host_id, h.name, d.repository_id, d.environment,"
    "   coalesce(i.began_at, i.acknowledged_at) AS began, coalesce(i.ended_at, CASE WHEN j.database IS NULL"
    "    THEN coalesce(i.began_at, i.acknowledged_at) + j.timeout_ms END, 9223372036854775807) AS ended"
    "   FROM invocations i JOIN deployments d ON d.id = i.deployment_id"
    "   JOIN jobs j ON j.deployment_id = i.deployment_id AND j.number = i.job_number"
    "   JOIN hosts h ON h.id = i.host_id"
    "   WHERE coalesce(i.began_at, i.acknowledged_at) IS NOT NULL)"
    " SELECT a.name || ' ran ' || b.command_id || ' before ' || a.command_id || ' had ended'"
    " FROM runs a JOIN runs b ON b.host_id = a.host_id AND b.repository_id = a.repository_id"
    " AND b.environment = a.environment AND b.command_id <> a.command_id"
    " WHERE (a.began < b.began OR (a.began = b.began AND a.command_id < b.command_id))"
    " AND a.ended > b.began"};

size_t invariants_check(struct db *db, const struct invariants_facts *facts, struct arena *arena,
                        const char *const **ret_broken)
{
    struct checking c = {.db = db, .facts = facts, .arena = arena};

    check_deliveries(&c);
    check_none(&c, "I2", &overlapping_attempts);
    check_none(&c, "I3", &two_successes);
    check_starts(&c);
    check_none(&c, "I6", &unapproved_starts);
    check_none(&c, "I6", &unasked_starts);
    check_ends(&c);
    check_none(&c, "I8", &started_twice);
    check_none(&c, "I8", &decided_otherwise);
    check_none(&c, "I8", &decided_alone);
    check_chain(&c);
    check_none(&c, "I11", &shared_tracks);
    *ret_broken = c.broken;
    return c.n;
}
