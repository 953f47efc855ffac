#include "server/flow/record_put.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/str.h"
#include "lib/github/event.h"
#include "lib/model/delivery.h"
#include "lib/model/pull_request.h"
#include "lib/model/repository.h"
#include "lib/store/store_check.h"
#include "lib/store/store_comment.h"
#include "lib/store/store_commit_check.h"
#include "lib/store/store_hook.h"
#include "lib/store/store_person.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_repository.h"
#include "server/flow/flow.h"
#include "server/flow/people.h"

struct putting {
    const struct delivery *delivery;
    const struct event *event;
    const struct repository *repository;
    bool names_stand;
    time_ms now;
};

static struct pull_request pull_of(const struct putting *r)
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

/* A push makes what was said of the head before it void (L1). */
static int end_checks(struct db *db, const struct putting *r, const struct pull_request *pull,
                      struct err *err)
{
    char subject[400], detail[96];
    int64_t n;
    int rc = store_check_head_moved(db, pull->repository_id, pull->number, pull->head_sha, r->now,
                                    &n, err);

    if (rc < 0 || n == 0)
        return rc;
    snprintf(subject, sizeof(subject), "%.300s/#%lld", r->repository->name,
             (long long)pull->number);
    snprintf(detail, sizeof(detail), "{\"head\":\"%s\"}", pull->head_sha);
    return look_journal(db, r->now, "check.void", subject, detail, NULL, err);
}

static int put_pull_request(struct db *db, const struct putting *r, struct err *err)
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
    if (rc == 0 && taken)
        rc = end_checks(db, r, &pull, err);
    if (rc == 0 && e->kind == EVENT_PULL_REQUEST_REVIEW) {
        const struct pull_request_review review = {.github_id = e->review.id,
                                                   .state = e->review.state,
                                                   .commit_sha = e->review.commit_sha,
                                                   .reviewer_id = e->review.reviewer.id,
                                                   .reviewer = e->review.reviewer.login,
                                                   .submitted_at = e->review.submitted_at,
                                                   .reported_at = p->updated_at};
        rc = store_pull_request_review(db, pull.repository_id, pull.number, &review, err);
    }
    /* A repeat is nothing that happened: it tells again what did. */
    return rc < 0 || r->delivery->repeat_of != 0
               ? rc
               : store_pull_request_happened(db, pull.repository_id, &entry, err);
}

/* Comments -------------------------------------------------------------------------------------- */

/* The timeline is of pull requests that are known. */
static int comment_happened(struct db *db, const struct putting *r, struct err *err)
{
    const struct event *e = r->event;
    const struct event_comment *c = &e->comment;
    char kind[80];
    const struct timeline_entry entry = {.number = c->number,
                                         .at = c->updated_at,
                                         .kind = kind,
                                         .actor_id = e->sender.id,
                                         .actor = e->sender.login,
                                         .delivery_id = r->delivery->id};
    bool known;
    int rc = store_pull_request_is_known(db, r->repository->id, c->number, &known, err);

    if (rc < 0 || !known || r->delivery->repeat_of != 0)
        return rc;
    snprintf(kind, sizeof(kind), "issue_comment.%.60s", e->action);
    return store_pull_request_happened(db, r->repository->id, &entry, err);
}

static int put_comment(struct db *db, const struct putting *r, struct err *err)
{
    const struct event *e = r->event;
    const struct event_comment *c = &e->comment;
    bool created = strcmp(e->action, "created") == 0;
    const struct comment comment = {
        .repository_id = r->repository->id,
        .github_id = c->id,
        .number = c->number,
        .author_id = c->author.id,
        .author = c->author.login,
        .bot = c->author.bot,
        .sender_id = created ? e->sender.id : 0,
        .first_line = created ? c->first_line : NULL,
        .cut = created && c->cut,
        .created_at = c->created_at,
        .edited_at = strcmp(e->action, "edited") == 0 ? c->updated_at : 0,
        .deleted_at = strcmp(e->action, "deleted") == 0 ? r->delivery->received_at : 0,
        .delivery_id = r->delivery->id};
    int rc = store_comment_put(db, &comment, err);

    return rc < 0 ? rc : comment_happened(db, r, err);
}

/* The rest -------------------------------------------------------------------------------------- */

static int put_push(struct db *db, const struct putting *r, struct err *err)
{
    const struct event *e = r->event;

    int rc;

    if (r->delivery->repeat_of != 0)
        return 0;
    rc =
        store_push_put(db, r->repository->id, e->push.ref, e->push.before_sha, e->push.after_sha,
                       e->push.forced, e->sender.id, e->sender.login, r->now, r->delivery->id, err);
    for (size_t i = 0; i < e->push.n_authors && rc == 0; i++)
        rc = store_person_address_put(db, e->push.authors[i].email, e->push.authors[i].login,
                                      r->now, err);
    return rc;
}

/* A run that is queued says no time: 0. Ours would say when we heard of it, and that decides nothing (W4). */
static int put_check(struct db *db, const struct putting *r, struct err *err)
{
    struct commit_check check = r->event->check;
    bool taken;

    check.repository_id = r->repository->id;
    if (check.began_at == 0)
        check.began_at = check.reported_at;
    if (check.reported_at < check.began_at)
        check.reported_at = check.began_at;
    return store_commit_check_put(db, &check, &taken, err);
}

static int put_hook(struct db *db, const struct putting *r, struct err *err)
{
    static const char *const states[] = {[EVENT_HOOK_PRESENT] = "present",
                                         [EVENT_HOOK_REMOVED] = "removed",
                                         [EVENT_HOOK_SUSPENDED] = "suspended"};
    const struct event *e = r->event;
    bool webhook = e->kind == EVENT_PING || e->kind == EVENT_META;
    struct hook hook = {.kind = webhook ? "webhook" : "installation",
                        .github_id = e->hook.id,
                        .repository = r->repository != NULL ? r->repository->name : "",
                        .state = states[e->hook.state],
                        .changed_at = r->delivery->received_at};
    int rc = 0;

    if (e->kind != EVENT_INSTALLATION_REPOSITORIES)
        return e->hook.id == 0 ? 0 : store_hook_put(db, &hook, err);
    for (size_t i = 0; i < e->hook.n_repositories && rc == 0; i++) {
        bool ours;
        rc = store_repository_is_bound(db, e->hook.repositories[i].id, &ours, err);
        hook.repository = e->hook.repositories[i].name;
        if (rc == 0 && ours)
            rc = store_hook_put(db, &hook, err);
    }
    return rc;
}

bool record_put_names_stand(const struct event *event, const struct repository *repository)
{
    const char *called =
        strcasecmp(event->repository, repository->name) == 0 ? NULL : event->repository;

    return repository->github_id == event->repository_id && str_eq(called, repository->github_name);
}

/* The id is who it is; the name is what GitHub calls it at the moment (W6). */
static int put_name(struct db *db, const struct putting *r, struct err *err)
{
    const struct event *e = r->event;
    bool same = strcasecmp(e->repository, r->repository->name) == 0;
    time_ms at = e->repository_at != 0         ? e->repository_at
                 : e->kind == EVENT_REPOSITORY ? r->delivery->received_at
                                               : 0;
    int rc = store_repository_bind(db, r->repository->id, e->repository_id, err);

    return rc < 0 || at == 0 ? rc
                             : store_repository_called(db, r->repository->id,
                                                       same ? NULL : e->repository, at, err);
}

/* Whoever opens a pull request is its author, too. */
static bool is_among(const struct event_account *account, const struct event_account *accounts,
                     size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (accounts[i].id == account->id && str_eq(accounts[i].login, account->login))
            return true;
    return false;
}

/* The first signed delivery in which a login appears says whose it is (A4). */
static int bind_people(struct db *db, const struct putting *r, struct err *err)
{
    const struct event *e = r->event;
    const struct event_account accounts[] = {e->sender, e->pull_request.author,
                                             e->pull_request.merged_by, e->review.reviewer,
                                             e->comment.author};
    int rc = 0;

    for (size_t i = 0; i < sizeof(accounts) / sizeof(*accounts) && rc == 0; i++)
        if (accounts[i].id != 0 && !is_among(&accounts[i], accounts, i))
            rc = people_seen(db, accounts[i].login, accounts[i].id, "delivery", r->now, err);
    return rc;
}

static bool is_about_hooks(const struct event *e)
{
    return e->kind == EVENT_PING || e->kind == EVENT_META || e->kind == EVENT_INSTALLATION ||
           e->kind == EVENT_INSTALLATION_REPOSITORIES;
}

int record_put(struct db *db, const struct delivery *delivery, const struct event *event,
               const struct repository *repository, bool names_stand, time_ms now, struct err *err)
{
    const struct putting r = {delivery, event, repository, names_stand, now};
    int rc = repository != NULL && !names_stand ? put_name(db, &r, err) : 0;

    if (rc == 0)
        rc = bind_people(db, &r, err);
    if (rc < 0)
        return rc;
    if (is_about_hooks(event))
        return put_hook(db, &r, err);
    assert(repository != NULL); /* only those are of an owner */
    switch (event->kind) {
    case EVENT_PULL_REQUEST:
    case EVENT_PULL_REQUEST_REVIEW:
        return put_pull_request(db, &r, err);
    case EVENT_ISSUE_COMMENT:
        return put_comment(db, &r, err);
    case EVENT_PUSH:
        return put_push(db, &r, err);
    case EVENT_CHECK_RUN:
    case EVENT_CHECK_SUITE:
    case EVENT_STATUS:
        return put_check(db, &r, err);
    default:
        return 0;
    }
}
