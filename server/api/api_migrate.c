#include "server/api/api_migrate.h"

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/model/messages.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_deployment.h"
#include "server/api/api_migrate_facts.h"
#include "server/api/api_missing.h"
#include "server/api/api_rehearsal.h"
#include "server/api/api_shape.h"
#include "server/api/api_view.h"
#include "server/api/policy.h"
#include "server/api/reply.h"
#include "server/flow/evidence.h"
#include "server/flow/naming.h"
#include "server/flow/snapshot.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define ATTEMPTS 20

struct ledger {
    struct request *request;
    struct api_view view;
    struct json_out out;
    struct err *err;
};

static const char *time_text(struct ledger *l, const struct api_migrate_facts *f, time_ms t)
{
    char text[ZONE_TEXT_SIZE];

    if (f->environment == NULL || t == 0)
        return "-";
    zone_text(calendar_zone(l->view.snapshot->calendar, f->environment), t, l->view.language, text);
    return arena_str(l->request->arena, text);
}

/* One sentence, in the asker's language (threats.md 6). */
static const char *text_of(struct ledger *l, const struct api_migrate_facts *f)
{
    struct arena *arena = l->request->arena;
    const struct attempt *a = &f->attempt;
    bool unpermitted = f->invocation.permitted_at == 0 && f->invocation.began_at == 0;
    const char *key = a->settled_at != 0                           ? "migrate.text.settled"
                      : f->is_silent                               ? "migrate.text.silent"
                      : a->state == ATTEMPT_UNKNOWN && unpermitted ? "migrate.text.unpermitted"
                      : a->state == ATTEMPT_UNKNOWN                ? "migrate.text.unknown"
                      : a->state == ATTEMPT_FAILED                 ? "migrate.text.failed"
                                                                   : "migrate.text.open";
    const struct message_value hosts = {"hosts", f->touched};
    const struct message_value values[] = {
        {"others", messages_fill(arena, l->view.language,
                                 f->touched == NULL ? "migrate.others.none" : "migrate.others.some",
                                 &hosts, 1)},
        {"database", a->database},
        {"release", arena_printf(arena, "r%lld", (long long)a->release_number)},
        {"commit", arena_printf(arena, "%.7s", f->deployment.sha)},
        {"host", a->host},
        {"state", attempt_states[a->state].text},
        {"began", time_text(l, f,
                            f->invocation.began_at != 0 ? f->invocation.began_at
                                                        : f->invocation.permitted_at)},
        {"heard", time_text(l, f, f->invocation.heard_at)},
        {"why", f->invocation.cause},
        {"decision", a->decision != NULL ? a->decision : attempt_states[a->state].text},
        {"who", a->decided_by != NULL ? a->decided_by : "slipway"},
    };

    return messages_fill(arena, l->view.language, key, values, sizeof(values) / sizeof(values[0]));
}

static void add_probe(struct json_out *out, const struct probe *p)
{
    json_begin_object(out, NULL);
    json_add_str(out, "host", p->host);
    json_add_time(out, "asked_at", p->asked_at);
    json_add_str(out, "asked_by", p->asked_by);
    json_add_time(out, "ended_at", p->ended_at);
    if (p->pending >= 0)
        json_add_int(out, "pending", p->pending);
    else
        json_add_str(out, "pending", NULL);
    if (p->holders >= 0)
        json_add_int(out, "holders", p->holders);
    else
        json_add_str(out, "holders", NULL);
    json_add_str(out, "note", p->note);
    json_add_bool(out, "clean", settle_is_clean(p));
    json_end_object(out);
}

/* Each way out, and why not, to those who may decide; to the others whom to ask. */
static void add_choices(struct ledger *l, const struct api_migrate_facts *f)
{
    json_begin_array(&l->out, "choices");
    for (int act = 0; act < SETTLE_ACTS_COUNT && f->settle.attempt != NULL; act++) {
        const char *why = settle_refusal(l->request->arena, &f->settle, (enum settle_act)act);

        json_begin_object(&l->out, NULL);
        json_add_str(&l->out, "act", settle_act_text((enum settle_act)act));
        json_add_bool(&l->out, "may", why == NULL);
        json_add_str(&l->out, "why", why);
        json_end_object(&l->out);
    }
    json_end_array(&l->out);
}

static bool may_decide(const struct ledger *l, const struct api_migrate_facts *f)
{
    if (f->environment == NULL)
        return policy_allows(&l->request->actor, RIGHT_ADMIN);
    return (policy_rights_in_environment(l->request, f->environment) & RIGHT_BIT(RIGHT_OPERATE)) !=
           0;
}

/* A repository that is configured no more is the administrators'. */
static bool shows(const struct ledger *l, const char *repository)
{
    const struct config_repo *repo = config_repo(l->view.config, repository);

    return repo != NULL ? api_view_shows(&l->view, repo)
                        : policy_allows(&l->request->actor, RIGHT_ADMIN);
}

/* Of one that waits for a decision as it is now: its output may still come. */
static int find_evidence(struct ledger *l, const struct attempt *a, const char **ret_json)
{
    struct arena *arena = l->request->arena;

    if (a->settled_at == 0 && (a->state == ATTEMPT_FAILED || a->state == ATTEMPT_UNKNOWN))
        return evidence_make(l->view.db, arena, a, l->view.now, ret_json, l->err);
    return store_attempt_evidence(l->view.db, arena, a->id, ret_json, l->err);
}

static int add_attempt(struct ledger *l, const struct attempt *attempt, bool whole)
{
    struct arena *arena = l->request->arena;
    struct api_migrate_facts f;
    const char *evidence = NULL, *estimate = NULL, *alarm = NULL;
    struct json_out *out = &l->out;
    int rc =
        api_migrate_facts_load(l->view.db, arena, l->view.config, attempt, l->view.now, &f, l->err);

    if (rc == 0 && !shows(l, f.deployment.repository))
        return 0; /* of another repository on the same database */
    if (rc == 0 && f.environment != NULL)
        rc = api_rehearsal_estimate(&l->view, f.environment, attempt->repository_id,
                                    attempt->release_number, &estimate, l->err);
    if (rc == 0)
        rc = api_rehearsal_alarm(&l->view, f.environment, attempt,
                                 time_text(l, &f, f.invocation.began_at), &alarm, l->err);
    if (rc == 0 && whole)
        rc = find_evidence(l, attempt, &evidence);
    if (rc < 0)
        return rc;
    json_begin_object(out, NULL);
    json_add_str(out, "repository", f.deployment.repository);
    json_add_str(out, "environment", f.deployment.environment);
    json_add_int(out, "release", attempt->release_number);
    json_add_int(out, "n", attempt->n);
    json_add_int(out, "epoch", attempt->epoch);
    json_add_str(out, "command", attempt->command_id);
    json_add_str(out, "host", attempt->host);
    json_add_str(out, "state", f.is_silent ? "silent" : attempt_states[attempt->state].text);
    json_add_bool(out, "settled", attempt->settled_at != 0);
    json_add_time(out, "planned_at", attempt->planned_at);
    json_add_time(out, "permitted_at", f.invocation.permitted_at);
    json_add_time(out, "began_at", f.invocation.began_at);
    json_add_time(out, "heard_at", f.invocation.heard_at);
    json_add_time(out, "ended_at", attempt->ended_at);
    json_add_str(out, "cause", f.invocation.cause);
    json_add_str(out, "decision", attempt->decision);
    json_add_str(out, "decided_by", attempt->decided_by);
    json_add_str(out, "reason", attempt->reason);
    json_add_str(out, "late", attempt->late_state);
    json_add_bool(out, "voided", attempt->voided_at != 0);
    json_add_str(out, "voided_by", attempt->voided_by);
    json_add_str(out, "void_reason", attempt->void_reason);
    json_add_str(out, "text", text_of(l, &f));
    json_add_str(out, "estimate_text", estimate);
    json_add_time(out, "alarmed_at", attempt->alarmed_at);
    json_add_str(out, "alarm_text", alarm);
    json_begin_array(out, "probes");
    for (size_t i = 0; i < f.n_probes; i++)
        add_probe(out, &f.probes[i]);
    json_end_array(out);
    if (may_decide(l, &f)) {
        add_choices(l, &f);
        if (evidence != NULL)
            json_add_raw(out, "evidence", evidence);
    } else if (attempt->settled_at == 0 && f.environment != NULL) {
        json_add_str(out, "ask", policy_names(l->request, f.environment, RIGHT_OPERATE));
    }
    json_end_object(out);
    return 0;
}

static void begin_database(struct ledger *l, const struct attempt_database *d, bool held)
{
    json_begin_object(&l->out, NULL);
    json_add_str(&l->out, "database", d->name);
    json_add_int(&l->out, "epoch", d->epoch);
    json_add_bool(&l->out, "held", held);
    json_add_time(&l->out, "fenced_at", d->fenced_at);
    json_add_str(&l->out, "fence", d->fence_why);
}

/* A database that he may know of, as he named it, or a repository that he sees migrates it, is not left out: it is held
 * by something that he may not see. */
static void add_hidden(struct ledger *l, const struct attempt_database *d, bool held)
{
    const struct message_value database = {"database", d->name};

    begin_database(l, d, held);
    json_add_str(&l->out, "hidden",
                 messages_fill(l->request->arena, l->view.language,
                               held ? "migrate.hidden.held" : "migrate.hidden.free", &database, 1));
    json_begin_array(&l->out, "attempts");
    json_end_array(&l->out);
    json_end_object(&l->out);
}

static bool is_used_by_his(const struct ledger *l, const char *database)
{
    const struct config *config = l->view.config;

    for (size_t i = 0; i < config->n_repos; i++)
        if (api_view_shows(&l->view, &config->repos[i]) &&
            naming_uses(l->request->arena, config, &config->repos[i], database))
            return true;
    return false;
}

/* Its hosts have seen attempts, and the store knows of none: it stands (G5). */
static void add_forgotten(struct ledger *l, const struct attempt_database *d)
{
    begin_database(l, d, false);
    json_begin_array(&l->out, "attempts");
    json_end_array(&l->out);
    json_end_object(&l->out);
}

static int add_database(struct ledger *l, const struct attempt_database *d, bool whole)
{
    struct arena *arena = l->request->arena;
    struct attempt *attempts;
    size_t n;
    int rc = store_attempt_of_database(l->view.db, arena, d->name, whole ? ATTEMPTS : 1, &attempts,
                                       &n, l->err);
    struct deployment first;

    if (rc == 0 && n == 0 && d->fenced_at != 0 && is_used_by_his(l, d->name))
        add_forgotten(l, d);
    if (rc < 0 || n == 0)
        return rc;
    rc = store_deployment_by_id(l->view.db, arena, attempts[0].deployment_id, &first, l->err);
    if (rc == 0 && !shows(l, first.repository)) {
        if (whole || is_used_by_his(l, d->name))
            add_hidden(l, d, attempts[0].settled_at == 0);
        return 0;
    }
    if (rc < 0)
        return rc;
    begin_database(l, d, attempts[0].settled_at == 0);
    json_begin_array(&l->out, "attempts");
    for (size_t i = 0; rc == 0 && i < n; i++)
        rc = add_attempt(l, &attempts[i], whole);
    json_end_array(&l->out);
    json_end_object(&l->out);
    return rc;
}

enum request_next api_migrate_status(struct request *request, struct reply *reply)
{
    const char *wanted = request_query(request, "database");
    struct attempt_database *databases = NULL;
    struct err err = ERR_INIT;
    struct ledger l = {.request = request, .err = &err};
    struct buf buf;
    size_t n = 0, found = 0;
    int rc = api_view_open(&l.view, request, &err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&l.out, &buf);
    json_begin_object(&l.out, NULL);
    json_begin_array(&l.out, "databases");
    if (rc == 0)
        rc = store_attempt_databases(l.view.db, request->arena, &databases, &n, &err);
    for (size_t i = 0; rc == 0 && i < n; i++) {
        if (wanted != NULL && !str_eq(wanted, databases[i].name))
            continue;
        found++;
        rc = add_database(&l, &databases[i], wanted != NULL);
    }
    if (rc == 0 && wanted != NULL && found == 0)
        rc = api_missing_database(wanted, &err);
    json_end_array(&l.out);
    json_end_object(&l.out);
    api_view_close(&l.view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &err);
    } else {
        reply_json_buf(request, reply, 200, &buf);
    }
    return REQUEST_DONE;
}
