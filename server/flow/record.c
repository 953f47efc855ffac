/*
 * record: deliveries become pull requests, reviews, labels, pushes, and a timeline.
 *
 * An event is a hint (W4): order and completeness are not assumed, rows only move forward, and what the
 * branch holds is asked of git by reconcile. An attempt is counted before the work, so that a row that
 * brings the server down is set aside after three (W7); a store that is busy is no attempt. Only
 * configured repositories act (W6).
 *
 * Rows are read in batches: their attempts are counted in one commit, what they say is written in another, each
 * row as a job of its own. A row whose attempt did not end once is read alone from then on, so that its neighbours
 * are not set aside with it.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/base/zip.h"
#include "lib/github/event.h"
#include "lib/model/config.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "server/flow/flow.h"
#include "server/flow/people.h"
#include "server/flow/snapshot.h"

#define CRASHES_MAX 3
#define READING_MS                                                                                 \
    20 /* of one batch: who waits for other rooms waits no longer for bodies of any size */

struct recorded {
    const struct delivery *delivery;
    struct event event_read;
    const struct event *event; /* NULL: unreadable */
    struct repository repository_read;
    const struct repository *repository; /* NULL: not one of ours */
    enum delivery_state state;
    const char *note;
    bool wants_fetch;
    bool ran; /* the writer came to it; false after ERR_BUSY */
    time_ms now;
};

/* Those whose attempt is to be counted. */
struct batch {
    struct recorded *items;
    size_t n;
    bool ran;
};

static bool is_counted(const struct flow *flow, int64_t id)
{
    for (size_t i = 0; i < flow->n_recording; i++)
        if (flow->recording[i] == id)
            return true;
    return false;
}

static void forget(struct flow *flow, int64_t id)
{
    for (size_t i = 0; i < flow->n_recording; i++)
        if (flow->recording[i] == id)
            flow->recording[i--] = flow->recording[--flow->n_recording];
}

/* Called on the writer's thread while the flow waits for it. */
struct counting {
    const struct flow *flow;
    struct batch *batch;
};

static int begin(struct db *db, void *arg, struct err *err)
{
    const struct counting *c = arg;
    int rc = 0;

    c->batch->ran = true;
    for (size_t i = 0; i < c->batch->n && rc == 0; i++) {
        int64_t id = c->batch->items[i].delivery->id;
        if (!is_counted(c->flow, id))
            rc = store_delivery_begin(db, id, err);
    }
    return rc;
}

static struct pull_request pull_of(const struct recorded *r)
{
    const struct event_pull_request *p = &r->event->pull_request;
    struct pull_request pull = {.repository_id = r->repository->id,
                                .number = p->number,
                                .github_id = p->id,
                                .state = p->merged ? PULL_REQUEST_MERGED
                                         : p->open ? PULL_REQUEST_OPEN
                                                   : PULL_REQUEST_CLOSED,
                                .draft = p->draft,
                                .fork = p->fork,
                                .title = p->title,
                                .url = p->url,
                                .reverts = p->reverts,
                                .author_id = p->author.id,
                                .author = p->author.login,
                                .base_ref = p->base_ref,
                                .head_ref = p->head_ref,
                                .merged_by_id = p->merged_by.id,
                                .merged_by = p->merged_by.login,
                                .opened_at = p->opened_at,
                                .updated_at = p->updated_at,
                                .closed_at = p->closed_at,
                                .merged_at = p->merged_at};

    memcpy(pull.head_sha, p->head_sha, sizeof(pull.head_sha));
    if (p->merged)
        memcpy(pull.merge_sha, p->merge_sha, sizeof(pull.merge_sha));
    return pull;
}

static int put_pull_request(struct db *db, const struct recorded *r, struct err *err)
{
    const struct event *e = r->event;
    const struct event_pull_request *p = &e->pull_request;
    struct pull_request pull = pull_of(r);
    char kind[160];
    struct timeline_entry entry = {.number = p->number,
                                   .at = p->updated_at != 0 ? p->updated_at
                                                            : r->delivery->received_at,
                                   .kind = kind,
                                   .actor_id = e->sender.id,
                                   .actor = e->sender.login,
                                   .detail = e->label,
                                   .delivery_id = r->delivery->id};
    bool taken;
    int rc;

    snprintf(kind, sizeof(kind), "%.60s.%.60s", r->delivery->event, e->action);
    if (e->kind == EVENT_PULL_REQUEST_REVIEW)
        entry.detail = e->review.state;
    rc = store_pull_request_put(db, &pull, &taken, err);
    if (rc == 0 && taken && p->has_labels)
        rc = store_pull_request_labels(db, pull.repository_id, pull.number, p->labels, p->n_labels,
                                       err);
    if (rc == 0 && e->kind == EVENT_PULL_REQUEST_REVIEW) {
        const struct pull_request_review review = {.github_id = e->review.id,
                                                   .state = e->review.state,
                                                   .commit_sha = e->review.commit_sha,
                                                   .reviewer_id = e->review.reviewer.id,
                                                   .reviewer = e->review.reviewer.login,
                                                   .submitted_at = e->review.submitted_at};
        rc = store_pull_request_review(db, pull.repository_id, pull.number, &review, err);
    }
    return rc < 0 ? rc : store_pull_request_happened(db, pull.repository_id, &entry, err);
}

/* The first signed delivery in which a login appears says whose it is (A4). */
static int bind_people(struct db *db, const struct recorded *r, struct err *err)
{
    const struct event *e = r->event;
    const struct event_account accounts[] = {e->sender, e->pull_request.author,
                                             e->pull_request.merged_by, e->review.reviewer};
    int rc = 0;

    for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts) && rc == 0; i++)
        if (accounts[i].id != 0)
            rc = people_seen(db, accounts[i].login, accounts[i].id, "delivery", r->now, err);
    return rc;
}

static int apply(struct db *db, void *arg, struct err *err)
{
    struct recorded *r = arg;
    const struct event *e = r->event;
    int rc = store_delivery_close(db, r->delivery->id, r->state, e != NULL ? e->action : NULL,
                                  e != NULL ? e->repository : NULL, r->note, r->now, err);

    r->ran = true;
    if (rc < 0 || e == NULL || r->state != DELIVERY_RECORDED)
        return rc;
    if (e->repository_id != 0)
        rc = store_repository_bind(db, r->repository->id, e->repository_id, err);
    if (rc == 0)
        rc = bind_people(db, r, err);
    if (rc == 0 && (e->kind == EVENT_PULL_REQUEST || e->kind == EVENT_PULL_REQUEST_REVIEW))
        rc = put_pull_request(db, r, err);
    if (rc == 0 && e->kind == EVENT_PUSH)
        rc = store_push_put(db, r->repository->id, e->push.ref, e->push.before_sha,
                            e->push.after_sha, e->push.forced, e->sender.id, e->sender.login,
                            r->now, r->delivery->id, err);
    if (rc == 0 && r->wants_fetch)
        rc = store_repository_want(db, r->repository->id, r->now, err);
    return rc;
}

/* What this event means for a configured repository. */
static void decide(struct recorded *r)
{
    const struct event *e = r->event;
    const char *branch = r->repository->branch;

    switch (e->kind) {
    case EVENT_PULL_REQUEST:
    case EVENT_PULL_REQUEST_REVIEW:
        r->state = DELIVERY_RECORDED;
        r->wants_fetch = e->pull_request.merged && str_eq(e->pull_request.base_ref, branch);
        break;
    case EVENT_PUSH:
        r->state = DELIVERY_RECORDED;
        r->wants_fetch = str_starts(e->push.ref, "refs/heads/") && str_eq(e->push.ref + 11, branch);
        break;
    case EVENT_PING:
    case EVENT_OTHER:
        r->state = DELIVERY_IGNORED;
        r->note = "acknowledged, nothing to do";
        break;
    }
}

/* The body as GitHub sent it, and what it says. `*ret_read` false: unreadable, `note` says why. */
static int read_body(struct look *look, const struct delivery *d, struct event *ret_event,
                     const char **ret_note, bool *ret_read, struct err *err)
{
    struct err own = ERR_INIT;
    struct arena packed_arena;
    const void *packed;
    size_t packed_len, size, len;
    char *body = NULL;
    int rc;

    arena_init(&packed_arena);
    rc =
        store_delivery_body(look->flow->db, &packed_arena, d->id, &packed, &packed_len, &size, err);
    if (rc == 0) {
        int read =
            zip_expand(zip_of_thread(), packed, packed_len, EVENT_BODY_MAX, &body, &len, &own);
        if (read == 0)
            read = event_read(d->event, d->form, body, len, look->arena, ret_event, &own);
        *ret_read = read == 0;
        if (read < 0)
            *ret_note = arena_str(look->arena, own.text);
        free(body);
    }
    arena_deinit(&packed_arena);
    return rc;
}

/* GitHub's names are the same in either case; what stands in the configuration is ours. */
static const struct config_repo *configured(const struct look *look, const char *name)
{
    const struct config *config = look->snapshot->config;

    for (size_t i = 0; i < config->n_repos; i++)
        if (strcasecmp(config->repos[i].name, name) == 0)
            return &config->repos[i];
    return NULL;
}

/* Whose event it is: a name is one of ours only together with its id, and an id only with its name
 * (W6). NULL = a stranger's; `*ret_note` says why. */
static const struct repository *owner_of(struct look *look, const struct event *e,
                                         struct repository *ret_repository, const char **ret_note)
{
    const struct config_repo *repo = configured(look, e->repository);
    struct db *db = look->flow->db;
    struct repository bound = {.id = 0};
    bool is_bound =
        e->repository_id != 0 &&
        store_repository_by_github_id(db, look->arena, e->repository_id, &bound, NULL) == 0;

    if (repo == NULL ||
        store_repository_by_name(db, look->arena, repo->name, ret_repository, NULL) < 0) {
        *ret_note = !is_bound ? "not a configured repository"
                              : arena_printf(look->arena,
                                             "not a configured repository; its id is that of %s: "
                                             "was it renamed?",
                                             bound.name);
        return NULL;
    }
    if (e->repository_id != 0 && ret_repository->github_id != 0 &&
        e->repository_id != ret_repository->github_id) {
        *ret_note = "another repository under a known name (its id is not the bound one)";
        return NULL;
    }
    if (is_bound && bound.id != ret_repository->id) {
        *ret_note = arena_printf(look->arena,
                                 "another repository under a known name (its id is that of %s)",
                                 bound.name);
        return NULL;
    }
    *ret_note = NULL;
    return ret_repository;
}

/* Count the attempts, each once for each process that tries: 1. 0: the store is busy, not now. */
static int count_attempts(struct look *look, struct batch *batch, struct err *err)
{
    struct flow *flow = look->flow;
    struct counting counting = {flow, batch};
    bool all = true;
    int rc;

    for (size_t i = 0; i < batch->n; i++)
        all = all && is_counted(flow, batch->items[i].delivery->id);
    if (all)
        return 1;
    batch->ran = false;
    rc = look_write(look, begin, &counting, 0, err);
    if (rc < 0 || !batch->ran)
        return rc;
    for (size_t i = 0; i < batch->n; i++) {
        int64_t id = batch->items[i].delivery->id;
        if (!is_counted(flow, id))
            flow->recording[flow->n_recording++] = id;
    }
    return 1;
}

static int read_one(struct look *look, struct recorded *r, struct err *err)
{
    const struct delivery *d = r->delivery;
    struct event *event = &r->event_read;
    bool read = false;
    int rc = read_body(look, d, event, &r->note, &read, err);

    if (rc < 0)
        return rc;
    if (read) {
        r->event = event;
        r->state = DELIVERY_IGNORED;
        r->repository = owner_of(look, event, &r->repository_read, &r->note);
        if (r->repository != NULL)
            decide(r);
    }
    log_notice("delivery.read", "delivery=%s event=%s action=%s repo=%s state=%s note=%s",
               LOG(d->guid), LOG(d->event), LOG(event->action), LOG(event->repository),
               delivery_states[r->state].text, LOG(r->note));
    return 0;
}

/* Each row a job of its own: one that was decided on stale facts is decided again, alone. */
static int close_all(struct look *look, struct recorded *items, size_t n, struct err *err)
{
    struct writer_job *jobs = arena_array(look->arena, n, sizeof(*jobs));
    int rc;

    for (size_t i = 0; i < n; i++) {
        items[i].ran = false;
        jobs[i] = (struct writer_job){.fn = apply, .arg = &items[i]};
    }
    rc = look_write_jobs(look, jobs, n, FLOW_DELIVERIES, err);
    /* What did not come to its turn is the same attempt; what ran and failed is one more. */
    for (size_t i = 0; i < n; i++)
        if (items[i].ran)
            forget(look->flow, items[i].delivery->id);
    return rc;
}

static int record_batch(struct look *look, struct batch *batch, struct err *err)
{
    mono_ms began = clock_mono(look->flow->clock);
    size_t n = 0;
    int rc = count_attempts(look, batch, err);

    if (rc <= 0)
        return rc;
    /* What is not read in time keeps its attempt and is the beginning of the next batch. */
    do {
        rc = read_one(look, &batch->items[n], err);
        n++;
    } while (rc == 0 && n < batch->n && clock_mono(look->flow->clock) - began < READING_MS);
    return rc < 0 ? rc : close_all(look, batch->items, n, err);
}

/* A row that brought three processes down. */
static int set_aside(struct look *look, struct recorded *r, struct err *err)
{
    r->state = DELIVERY_QUARANTINED;
    r->note = "work on it failed, or ended the server, three times; kept aside";
    log_error("delivery.quarantined", "delivery=%s", LOG(r->delivery->guid));
    return close_all(look, r, 1, err);
}

int record_look(struct look *look, struct err *err)
{
    const struct flow *flow = look->flow;
    struct batch batch = {.n = 0};
    struct delivery *items;
    size_t n;
    int rc = store_delivery_open(flow->db, look->arena, FLOW_RECORDING_MAX, &items, &n, err);

    if (rc < 0 || n == 0)
        return rc;
    batch.items = arena_array(look->arena, n, sizeof(*batch.items));
    for (; batch.n < n; batch.n++) {
        const struct delivery *d = &items[batch.n];
        bool counted = is_counted(flow, d->id);
        bool alone = d->crashes > (counted ? 1 : 0);
        if (alone && batch.n > 0)
            break;
        batch.items[batch.n] =
            (struct recorded){.delivery = d, .now = look->now, .state = DELIVERY_UNREADABLE};
        if (d->crashes >= CRASHES_MAX && !counted)
            return set_aside(look, &batch.items[0], err);
        if (alone) {
            batch.n = 1;
            break;
        }
    }
    return record_batch(look, &batch, err);
}
