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
 * are not set aside with it, and not before the process has lived for some seconds: who is killed again and again while
 * it starts sets nothing aside that is good, and what is good is read first.
 */
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
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"
#include "server/flow/record_put.h"
#include "server/flow/renaming.h"
#include "server/flow/snapshot.h"

#define CRASHES_MAX 3
#define SUSPECT_MS 3000 /* of the process, before it reads what it may have died of */
#define READING_MS                                                                                 \
    20 /* of one batch: who waits for other rooms waits no longer for bodies of any size */

struct recorded {
    const struct delivery *delivery;
    struct event event_read;
    const struct event *event; /* NULL: unreadable */
    struct repository repository_read;
    const struct repository *repository; /* NULL: not one of ours, or of an owner */
    const struct config_repo *takes;     /* its name from now on; NULL = as it was */
    const struct calendar *calendar;     /* of the same configuration */
    int64_t stray; /* a row that GitHub calls by the name of another one; 0 = none */
    enum delivery_state state;
    const char *note;
    bool wants_fetch;
    bool
        names_stand; /* of the whole batch: nobody in it says another name than the one that was read */
    bool ran;        /* the writer came to it; false after ERR_BUSY */
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

static int apply(struct db *db, void *arg, struct err *err)
{
    struct recorded *r = arg;
    const struct event *e = r->event;
    int rc = store_delivery_close(db, r->delivery->id, r->state, e != NULL ? e->action : NULL,
                                  e != NULL ? e->repository : NULL, r->note, r->now, err);

    r->ran = true;
    if (rc == 0 && r->state == DELIVERY_QUARANTINED)
        return store_repository_want_all(db, r->now, err);
    if (rc == 0 && e != NULL && r->stray != 0 && e->repository_at != 0) /* for the doctor */
        return store_repository_called(db, r->stray, e->repository, e->repository_at, err);
    if (rc < 0 || e == NULL || r->state != DELIVERY_RECORDED)
        return rc;
    if (r->takes != NULL)
        rc = renaming_take(db, r->calendar, r->takes, r->repository->id, r->now, err);
    if (rc == 0)
        rc = record_put(db, r->delivery, e, r->repository, r->names_stand, r->now, err);
    if (rc == 0 && r->wants_fetch)
        rc = store_repository_want(db, r->repository->id, r->now, err);
    return rc;
}

/* Why an event that is understood does nothing; NULL = it does. */
static const char *idle_because(const struct event *e)
{
    switch (e->kind) {
    case EVENT_OTHER:
        return "acknowledged: nothing here depends on it";
    case EVENT_DEPLOYMENT:
    case EVENT_DEPLOYMENT_STATUS:
        return "acknowledged: deployments on GitHub are reports, nothing is decided by them";
    case EVENT_RELEASE:
        return "acknowledged: releases are numbered along the branch, not by GitHub's releases";
    case EVENT_MERGE_GROUP:
        return "acknowledged: what a merge queue merges comes as a push";
    case EVENT_ISSUE_COMMENT:
        return e->comment.on_pull ? NULL : "on an issue, not on a pull request";
    case EVENT_PING:
        return e->hook.id != 0 ? NULL : "acknowledged: no webhook is named in it";
    default:
        return NULL;
    }
}

static bool is_base(const struct recorded *r, const char *branch)
{
    return r->repository != NULL && str_eq(branch, r->repository->branch);
}

/* What this event means; `repository` is ours, or the event has none. */
static void decide(struct recorded *r)
{
    const struct event *e = r->event;

    r->note = idle_because(e);
    if (r->note != NULL)
        return;
    r->state = DELIVERY_RECORDED;
    if (r->delivery->repeat_of != 0)
        r->note = "a repeat: read again, nothing else";
    /* What a repeat makes doubtful is looked up in git. */
    r->wants_fetch = (e->kind == EVENT_PULL_REQUEST && e->pull_request.merged &&
                      is_base(r, e->pull_request.base_ref)) ||
                     (e->kind == EVENT_PULL_REQUEST_REVIEW && e->pull_request.merged &&
                      is_base(r, e->pull_request.base_ref)) ||
                     (e->kind == EVENT_PUSH && str_starts(e->push.ref, "refs/heads/") &&
                      is_base(r, e->push.ref + 11));
}

/* Somebody should look: what was said here ends what we hear. */
static void tell_operator(const struct event *e)
{
    if (e->kind == EVENT_REPOSITORY)
        log_warning("repository.changed", "repo=%s action=%s", LOG(e->repository), LOG(e->action));
    if (e->hook.id != 0 && e->hook.state != EVENT_HOOK_PRESENT)
        log_error("webhook.gone", "hook=%lld action=%s repo=%s", (long long)e->hook.id,
                  LOG(e->action), LOG(e->repository));
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
    rc = store_delivery_body(look->flow->db, &packed_arena, d->id, &packed, &packed_len, &size,
                             &own);
    if (rc == ERR_NOT_FOUND) { /* nothing brings it back, and the others wait behind it */
        *ret_note = arena_str(look->arena, own.text);
        rc = 0;
    } else if (rc < 0) {
        *err = own;
    } else {
        int read =
            zip_expand_kept(zip_of_thread(), packed, packed_len, EVENT_BODY_MAX, &body, &len, &own);
        if (read == 0)
            read = event_read_here(d->event, d->form, body, len, look->arena, ret_event, &own);
        *ret_read = read == 0;
        if (read < 0)
            *ret_note = arena_str(look->arena, own.text);
        zip_let_go(zip_of_thread());
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

static bool is_of_owner(const struct event *e)
{
    return e->repository_id == 0 &&
           (e->kind == EVENT_PING || e->kind == EVENT_META || e->kind == EVENT_INSTALLATION ||
            e->kind == EVENT_INSTALLATION_REPOSITORIES);
}

/* By its id it is `row`, which is not configured under its own name; perhaps under the one that it has now. */
static int owner_renamed(struct look *look, struct recorded *r, struct repository *row,
                         struct err *err)
{
    const struct event *e = r->event;
    const struct config_repo *repo = configured(look, e->repository);
    bool may = false;
    int rc = 0;

    /* An old delivery says what it was called once. */
    if (repo != NULL && e->repository_at >= row->github_name_at)
        rc = renaming_may(look->flow->db, look->arena, repo, row, &may, err);
    if (rc < 0)
        return rc;
    if (may) {
        r->takes = repo;
        r->calendar = look->snapshot->calendar;
        row->name = repo->name;
        r->repository = row;
        return 0;
    }
    r->stray = repo != NULL ? row->id : 0;
    r->note = repo != NULL
                  ? arena_printf(look->arena,
                                 "its id is that of %s, which is no longer configured, and what is "
                                 "configured as %s has a history of its own: configure it as %s "
                                 "again, and nothing is lost",
                                 row->name, repo->name, row->name)
                  : arena_printf(look->arena,
                                 "not a configured repository; its id is that of %s, which is no "
                                 "longer configured either: configure it under its name of now, "
                                 "and it goes on",
                                 row->name);
    return 0;
}

/*
 * Whose event it is (W6). The id decides, once it is bound: a repository that was renamed is still ours, under
 * whatever name. A name is ours only until its id is known; another id under it is a stranger's. r->repository stays
 * NULL = not ours; r->note says why. What the store could not say is an error, and no answer.
 */
static int find_owner(struct look *look, struct recorded *r, struct err *err)
{
    const struct event *e = r->event;
    const struct config_repo *repo = configured(look, e->repository);
    struct repository *row = &r->repository_read;
    struct db *db = look->flow->db;
    int rc = ERR_NOT_FOUND;

    if (e->repository_id != 0)
        rc = store_repository_by_github_id(db, look->arena, e->repository_id, row, err);
    if (rc == 0 && configured(look, row->name) == NULL)
        return owner_renamed(look, r, row, err);
    if (rc != ERR_NOT_FOUND) {
        r->repository = rc == 0 ? row : NULL;
        return rc;
    }
    if (repo != NULL)
        rc = store_repository_by_name(db, look->arena, repo->name, row, err);
    if (rc == ERR_NOT_FOUND)
        r->note = "not a configured repository";
    else if (rc == 0 && row->github_id != 0)
        r->note = "another repository under a known name (its id is not the bound one)";
    else if (rc == 0)
        r->repository = row;
    return rc == ERR_NOT_FOUND ? 0 : rc;
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
        if (!is_of_owner(event))
            rc = find_owner(look, r, err);
        if (rc < 0)
            return rc;
        if (r->repository != NULL || is_of_owner(event))
            decide(r);
        if (r->state == DELIVERY_RECORDED)
            tell_operator(event);
    }
    log_notice("delivery.read", "delivery=%s event=%s action=%s repo=%s state=%s note=%s",
               LOG(d->guid), LOG(d->event), LOG(event->action), LOG(event->repository),
               delivery_states[r->state].text, LOG(r->note));
    return 0;
}

/* Its pull requests, checks and barriers may be other ones, and its mirror may be wanted. */
static void touch(struct look *look, const struct recorded *r)
{
    const struct config_repo *repo = r->state == DELIVERY_RECORDED && r->repository != NULL
                                         ? config_repo(look->snapshot->config, r->repository->name)
                                         : NULL;

    if (r->state == DELIVERY_QUARANTINED) /* every branch is asked */
        agenda_touch_repository(look->flow->agenda, NULL);
    if (repo != NULL)
        agenda_touch_repository(look->flow->agenda, repo);
}

/* Each row a job of its own: one that was decided on stale facts is decided again, alone. */
static int close_all(struct look *look, struct recorded *items, size_t n, struct err *err)
{
    struct writer_job *jobs = arena_array(look->arena, n, sizeof(*jobs));
    bool names_stand = true;
    int rc;

    for (size_t i = 0; i < n; i++)
        if (items[i].repository != NULL)
            names_stand =
                names_stand && record_put_names_stand(items[i].event, items[i].repository);
    for (size_t i = 0; i < n; i++) {
        items[i].names_stand = names_stand;
        items[i].ran = false;
        jobs[i] = (struct writer_job){.fn = apply, .arg = &items[i], .again = true};
    }
    rc = look_write_jobs(look, jobs, n, FLOW_DELIVERIES, err);
    /* What did not come to its turn is the same attempt; what ran and failed is one more. */
    for (size_t i = 0; i < n; i++)
        if (items[i].ran)
            forget(look->flow, items[i].delivery->id);
    for (size_t i = 0; i < n && rc == 0; i++)
        touch(look, &items[i]);
    return rc;
}

static int record_batch(struct look *look, struct batch *batch, struct err *err)
{
    struct flow *flow = look->flow;
    mono_ms began;
    size_t n = 0;
    int rc = count_attempts(look, batch, err);

    if (rc <= 0)
        return rc;
    began = clock_mono(flow->clock);
    record_pace_begin(&flow->record_pace, began, writer_counts(flow->writer).ahead);
    /* What is not read in time keeps its attempt and is the beginning of the next batch. No snapshot for all of them: as
     * long as somebody holds one, the log cannot begin anew. */
    do {
        rc = read_one(look, &batch->items[n], err);
        n++;
    } while (rc == 0 && n < batch->n && clock_mono(flow->clock) - began < READING_MS);
    record_pace_read(&flow->record_pace, clock_mono(flow->clock), n);
    if (rc == 0)
        rc = close_all(look, batch->items, n, err);
    record_pace_end(&flow->record_pace, clock_mono(flow->clock), writer_counts(flow->writer).ahead,
                    batch->items[0].delivery->received_at, look->now);
    (void)record_rests(look);
    return rc;
}

/* A row that brought three processes down. What it said is not known, and it may well be innocent (a disk that
 * fails ends the server, too): every branch is asked, so that nothing waits for what it was a hint at. */
static int set_aside(struct look *look, struct recorded *r, struct err *err)
{
    r->state = DELIVERY_QUARANTINED;
    r->note = "work on it failed, or ended the server, three times; kept aside";
    log_error("delivery.quarantined", "delivery=%s", LOG(r->delivery->guid));
    return close_all(look, r, 1, err);
}

/* So long the process waits with rows under suspicion. */
static time_ms grown_at(const struct look *look)
{
    return look->flow->heard_since + SUSPECT_MS;
}

/* Which of the rows are read together; true = some were passed over. Those whose attempt is counted are among the rows that
 * wait, but what is replayed stands in front of them: where there is no room to count more, they are come to first. */
static bool choose(struct look *look, const struct delivery *items, size_t n, struct batch *batch)
{
    const struct flow *flow = look->flow;
    size_t room = RECORD_PACE_MAX - flow->n_recording;
    bool passed_over = false;

    for (size_t i = 0; i < n; i++) {
        const struct delivery *d = &items[i];
        bool counted = is_counted(flow, d->id);
        bool alone = d->crashes > (counted ? 1 : 0);
        if (alone && !counted && look->now < grown_at(look)) {
            look_again(look, grown_at(look));
            passed_over = true;
            continue;
        }
        if (!counted && room == 0) {
            passed_over = true;
            continue;
        }
        if (alone && batch->n > 0)
            break;
        room -= counted ? 0 : 1;
        batch->items[batch->n++] =
            (struct recorded){.delivery = d, .now = look->now, .state = DELIVERY_UNREADABLE};
        if (alone)
            break;
    }
    return passed_over;
}

/* Also where nothing waits: what comes meanwhile rings nobody. */
bool record_rests(struct look *look)
{
    int64_t rest = record_pace_rest(&look->flow->record_pace, clock_mono(look->flow->clock));

    if (rest > 0)
        look_again(look, look->now + rest);
    return rest > 0;
}

int record_look(struct look *look, struct err *err)
{
    const struct flow *flow = look->flow;
    struct batch batch = {.n = 0};
    size_t size = record_pace_wanted(&flow->record_pace), n;
    bool passed_over = true;

    /* What is good stands behind those that are passed over. */
    while (batch.n == 0 && passed_over) {
        struct delivery *items;
        int rc = store_delivery_open(flow->db, look->arena, size, &items, &n, err);

        if (rc < 0 || n == 0)
            return rc;
        batch.items = arena_array(look->arena, n, sizeof(*batch.items));
        passed_over = choose(look, items, n, &batch) && n == size;
        size = size < RECORD_PACE_MAX ? RECORD_PACE_MAX : 2 * size;
    }
    if (batch.n == 0)
        return 0;
    if (batch.items[0].delivery->crashes >= CRASHES_MAX &&
        !is_counted(flow, batch.items[0].delivery->id))
        return set_aside(look, &batch.items[0], err);
    return record_batch(look, &batch, err);
}
