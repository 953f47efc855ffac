/*
 * dispatch_door: commands that AWS callers sent: who gets them next, what has ended, what the whole came to.
 *
 * The same heart as dispatch, with lib/rules/rules_command in the place of progress: the same invocations, the
 * same replies (collect.c), the same rate control. A command of the door waits as Pending behind a deployment on
 * its host, and behind a hold that came after it (design.md 5). Moves of one command are one transaction: they
 * are bounded by the rule.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/rules/rules_command.h"
#include "lib/rules/verdict.h"
#include "lib/ssm/envelope.h"
#include "lib/store/store_access_key.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_hold.h"
#include "lib/store/store_host.h"
#include "server/flow/agenda.h"
#include "server/flow/door_watch.h"
#include "server/flow/flow.h"
#include "server/flow/seal.h"
#include "server/flow/snapshot.h"

/* What all commands of one look share. */
struct surroundings {
    const char **busy; /* hosts of deployments, sorted */
    size_t n_busy;
    struct hold *holds;
    size_t n_holds;
};

/* One command's moves on their way into the store. */
struct dispatched {
    const struct door_command *command;
    const struct rules_command_plan *plan;
    time_ms now;
    bool state_changes;
    bool torn;          /* what comes to its rows meanwhile is ended with it */
    const char *detail; /* of its journal line; NULL = none */
    struct signed_envelope
        *words; /* by the number of the move; NULL text = nothing is to be signed */
};

/* What slipway-agent wants to see before it runs anything. */
struct signed_envelope {
    struct seal seal;
    time_ms start_by;
};

/* What stands in the way --------------------------------------------------------------------------- */

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool is_busy(const struct surroundings *s, const char *host_id)
{
    return s->n_busy > 0 &&
           bsearch(&host_id, s->busy, s->n_busy, sizeof(*s->busy), by_text) != NULL;
}

static bool is_held(const struct surroundings *s, const struct config *config, const char *host,
                    const struct config_pairs *tags)
{
    for (size_t i = 0; i < s->n_holds; i++) {
        const struct hold *h = &s->holds[i];
        const struct config_repo *repo = config_repo(config, h->repository);

        for (size_t k = 0; repo != NULL && k < repo->n_environments; k++) {
            const struct config_environment *e = &repo->environments[k];
            if ((h->environment == NULL || strcmp(h->environment, e->name) == 0) &&
                config_environment_finds(e, host, tags))
                return true;
        }
    }
    return false;
}

/* Does anything wait to be handed out? Then it matters what stands in the way. */
static bool any_waits(const struct door_target *targets, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (targets[i].status == INVOCATION_PENDING && targets[i].released_at == 0)
            return true;
    return false;
}

static int load_surroundings(struct look *look, struct surroundings *s, struct err *err)
{
    int rc = store_door_command_busy(look->flow->db, look->arena, &s->busy, &s->n_busy, err);

    if (rc == 0 && s->n_busy > 0)
        qsort(s->busy, s->n_busy, sizeof(*s->busy), by_text);
    if (rc == 0)
        rc = store_hold_list(look->flow->db, look->arena, look->now, &s->holds, &s->n_holds, err);
    for (size_t i = 0; i < s->n_holds && rc == 0; i++)
        if (s->holds[i].until_at > look->now)
            look_again(look, s->holds[i].until_at);
    return rc;
}

/* Its key ended: what nobody was handed yet is not handed out. */
static int check_key(struct look *look, const struct door_command *c, const char **ret_revoked,
                     struct err *err)
{
    struct access_key key;
    struct err own = ERR_INIT;
    int rc = store_access_key_by_id(look->flow->db, look->arena, c->key_id, &key, &own);

    *ret_revoked = NULL;
    if (rc == 0 && key.ended_at != 0)
        *ret_revoked = "the access key that sent it was ended";
    if (rc < 0)
        *err = own;
    return rc;
}

/* Signing ------------------------------------------------------------------------------------------ */

static int sign_one(struct look *look, const struct door_command *c, const struct door_target *t,
                    struct signed_envelope *ret, struct err *err)
{
    char digest[DIGEST_HEX_SIZE];
    struct envelope envelope = {.command_id = c->id,
                                .host_id = t->host_id,
                                .host = t->host,
                                .document = arena_printf(look->arena, "%s@%s", c->document_name,
                                                         c->document_version),
                                .document_digest = c->document_digest,
                                .parameters_digest = digest,
                                .start_by = c->requested_at + c->timeout_s * 1000};
    digest_sha256_hex(c->parameters, strlen(c->parameters), digest);
    ret->start_by = envelope.start_by;
    return seal_make(look, &envelope, &ret->seal, err);
}

/* Before the transaction: one signature is thirty microseconds. */
static int sign_all(struct look *look, struct dispatched *d, struct err *err)
{
    int rc = 0;

    d->words = arena_array(look->arena, d->plan->n_moves, sizeof(*d->words));
    for (size_t i = 0; i < d->plan->n_moves && rc == 0; i++) {
        const struct rules_command_move *m = &d->plan->moves[i];

        if (m->kind == RULES_COMMAND_RELEASE && m->target->protocol != 0)
            rc = sign_one(look, d->command, m->target, &d->words[i], err);
    }
    return rc;
}

/* Moving ------------------------------------------------------------------------------------------- */

static int release(struct db *db, const struct dispatched *d, size_t number, struct err *err)
{
    const struct door_target *t = d->plan->moves[number].target;
    const struct signed_envelope *w = &d->words[number];
    int rc = store_offer_release(db, d->command->id, t->host_id, d->now, err);

    return rc < 0 || w->seal.text == NULL
               ? rc
               : store_command_resign(db, d->command->id, t->host_id, w->seal.text,
                                      w->seal.signature, w->start_by, err);
}

/* After a permit nothing but doubt follows from Pending by our word alone (migrate.md 6); and what is in doubt is over for
 * who asks at the door (ssm-wire.md 5.3). */
static int expire(struct db *db, const struct dispatched *d, const struct rules_command_move *m,
                  const struct invocation_change *to, struct err *err)
{
    const struct invocation_change doubt = {.status = INVOCATION_UNKNOWN,
                                            .details = "Unknown",
                                            .cause = m->cause,
                                            .exit_code = -1,
                                            .commit_sha = ""};
    enum invocation_status from = m->target->status;
    int rc = 0;

    if (from == INVOCATION_PENDING && to->status == INVOCATION_TIMED_OUT) {
        rc = store_command_move(db, d->command->id, m->target->host_id, from, &doubt, d->now, err);
        from = INVOCATION_UNKNOWN;
    }
    return rc < 0
               ? rc
               : store_command_move(db, d->command->id, m->target->host_id, from, to, d->now, err);
}

static int move_one(struct db *db, const struct dispatched *d, size_t number, struct err *err)
{
    const struct rules_command_move *m = &d->plan->moves[number];
    const char *id = d->command->id;
    const struct invocation_change change = {.status = m->status,
                                             .details = m->details,
                                             .cause = m->cause,
                                             .exit_code = -1,
                                             .commit_sha = ""};
    char cancel_id[NAMES_UUID_SIZE];

    switch (m->kind) {
    case RULES_COMMAND_RELEASE:
        return release(db, d, number, err);
    case RULES_COMMAND_WITHDRAW:
        return store_command_withdraw(db, id, m->target->host_id, &change, d->now, err);
    case RULES_COMMAND_EXPIRE:
        return expire(db, d, m, &change, err);
    case RULES_COMMAND_CANCEL:
        names_uuid_at(d->now, cancel_id);
        return store_cancel_ask(db, id, m->target->host_id, m->target->status, cancel_id, d->now,
                                err);
    }
    return 0;
}

static int apply(struct db *db, void *arg, struct err *err)
{
    const struct dispatched *d = arg;
    const struct rules_command_plan *p = d->plan;
    const struct door_command_state to = {.status = p->status,
                                          .details = p->details,
                                          .n_completed = p->n_completed,
                                          .n_errors = p->n_errors,
                                          .n_undelivered = p->n_undelivered,
                                          .ended_at = p->ended ? d->now : 0};
    int rc = d->torn ? store_door_command_tear(db, d->command->id, d->now, err) : 0;

    for (size_t i = 0; i < p->n_moves && rc == 0; i++)
        rc = move_one(db, d, i, err);
    if (rc == 0 && d->state_changes)
        rc = store_door_command_move(db, d->command, &to, err);
    if (rc == 0 && d->detail != NULL)
        rc = look_journal(db, d->now, p->ended ? "command.end" : "command.move", d->command->id,
                          d->detail, NULL, err);
    return rc;
}

static bool state_changes(const struct door_command *c, const struct rules_command_plan *p)
{
    return p->ended || p->status != c->status || strcmp(p->details, c->details) != 0 ||
           p->n_completed != c->n_completed || p->n_errors != c->n_errors ||
           p->n_undelivered != c->n_undelivered;
}

/* Counts alone are no line in the journal. */
static const char *detail_of(struct look *look, const struct dispatched *d)
{
    const struct rules_command_plan *p = d->plan;
    size_t released = 0;

    for (size_t i = 0; i < p->n_moves; i++)
        released += p->moves[i].kind == RULES_COMMAND_RELEASE;
    if (!p->ended && p->n_moves == 0)
        return NULL;
    return arena_printf(look->arena,
                        "{\"to\":\"%s\",\"completed\":%lld,\"errors\":%lld,\"released\":%zu}",
                        p->details, (long long)p->n_completed, (long long)p->n_errors, released);
}

static void ring(struct look *look, const struct rules_command_plan *p)
{
    const struct flow *flow = look->flow;

    for (size_t i = 0; i < p->n_moves && flow->ring_host != NULL; i++)
        if (p->moves[i].kind == RULES_COMMAND_RELEASE || p->moves[i].kind == RULES_COMMAND_CANCEL)
            flow->ring_host(flow->arg, p->moves[i].target->host_id);
}

static int dispatch_one(struct look *look, const struct door_command *c, struct surroundings *s,
                        bool *loaded, struct err *err)
{
    struct rules_command_facts f = {.command = c};
    struct rules_command_plan plan;
    struct dispatched d = {.command = c, .plan = &plan, .now = look->now};
    struct door_watch *watch = agenda_commands(look->flow->agenda);
    struct door_target *targets;
    bool waits;
    int rc =
        store_door_command_targets(look->flow->db, look->arena, c->id, &targets, &f.n_targets, err);

    waits = rc == 0 && any_waits(targets, f.n_targets);
    if (waits) {
        rc = *loaded ? 0 : load_surroundings(look, s, err);
        *loaded = true;
        if (rc == 0)
            rc = check_key(look, c, &f.revoked, err);
        for (size_t i = 0; i < f.n_targets && rc == 0; i++) {
            struct config_pairs tags = {.n = 0};
            if (s->n_holds > 0)
                rc = store_host_tags(look->flow->db, look->arena, targets[i].host_id, &tags, err);
            targets[i].waits = is_busy(s, targets[i].host_id) ||
                               is_held(s, look->snapshot->config, targets[i].host, &tags);
        }
    }
    if (rc < 0)
        return rc;
    f.targets = targets;
    f.torn = d.torn = rules_command_is_torn(c, look->flow->heard_since, look->now);
    rules_command_make(&f, look->now, look->arena, &plan);
    door_watch_put(watch, c->id, plan.next_change, waits || c->written_at == 0);
    d.state_changes = state_changes(c, &plan);
    if (plan.n_moves == 0 && !d.state_changes)
        return 0;
    door_watch_touch(watch, c->id); /* what is written now, or found stale, is judged again */
    d.detail = detail_of(look, &d);
    rc = sign_all(look, &d, err);
    if (rc < 0)
        return rc;
    rc = look_write(look, apply, &d, FLOW_HOSTS, err);
    if (rc == 0)
        ring(look, &plan);
    if (rc == 0 && plan.ended)
        log_notice("command.end", "command=%s key=%s document=%s status=%s", c->id,
                   LOG(c->key_name), LOG(c->document_name), plan.details);
    return rc;
}

/* Those that the watch names; with what they wait behind loaded once. */
static int dispatch_due(struct look *look, struct door_watch *watch, struct surroundings *s,
                        bool *loaded, struct err *err)
{
    const char **ids = NULL, *id;
    size_t n = 0, cap = 0, at = 0;
    int rc = 0;

    while ((id = door_watch_due(watch, look->now, &at)) != NULL)
        *ARENA_PUSH(look->arena, ids, n, cap) = arena_str(look->arena, id);
    for (size_t i = 0; i < n && rc == 0; i++) {
        struct door_command *c = arena_alloc(look->arena, sizeof(*c));
        struct err own = ERR_INIT;

        rc = store_door_command_any(look->flow->db, look->arena, ids[i], c, &own);
        if (rc == ERR_NOT_FOUND || (rc == 0 && c->ended_at != 0)) {
            door_watch_drop(watch, ids[i]);
            rc = 0;
        } else if (rc == 0) {
            rc = dispatch_one(look, c, s, loaded, err);
        } else {
            *err = own;
        }
    }
    return rc;
}

/* That a host took its command has no line of the journal, and lets the ramp go on (ssm-wire.md 5.1). */
static int touch_taken(struct look *look, struct door_watch *watch, struct err *err)
{
    const char **ids;
    size_t n;
    int rc = store_door_command_taken(look->flow->db, look->arena, &ids, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++)
        door_watch_touch(watch, ids[i]);
    return rc;
}

int dispatch_door_look(struct look *look, struct err *err)
{
    struct door_watch *watch = agenda_commands(look->flow->agenda);
    struct surroundings s = {.n_busy = 0};
    struct door_command *open;
    bool loaded = false;
    size_t n;
    int rc = 0;

    if (look->whole)
        door_watch_touch_all(watch);
    if (door_watch_take_all(watch)) {
        rc = store_door_command_open(look->flow->db, look->arena, &open, &n, err);
        for (size_t i = 0; i < n && rc == 0; i++)
            rc = dispatch_one(look, &open[i], &s, &loaded, err);
    } else {
        rc = touch_taken(look, watch, err);
        if (rc == 0)
            rc = dispatch_due(look, watch, &s, &loaded, err);
    }
    look_again(look, door_watch_soonest(watch));
    return rc;
}
