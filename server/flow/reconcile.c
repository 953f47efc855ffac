/*
 * reconcile: what the branch contains is asked of git (W4): fetch, first-parent line, paths, numbers.
 *
 *      idle --(wanted, or not seen for a minute)--> fetch --> line --> paths of each --> releases
 *                                                              |
 *      the line was rewritten (C6): held, until a person adopts the new tip; then
 *      is what was adopted on it? --> search the newest release that is --> line from there
 *
 * The git keeper works; this only asks and takes, one question per repository at a time, so that a slow
 * mirror holds up nobody else. What is under way is memory of this process only: after a restart it is
 * asked again. A mirror that cannot be reached is said on its repository and tried again later.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/config.h"
#include "lib/repo/keeper.h"
#include "lib/rules/gate.h"
#include "lib/rules/lane.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"
#include "server/flow/snapshot.h"

#define SEEN_EVERY_MS 60000
#define RETRY_MS 10000
#define FETCH_DEADLINE_MS 120000
#define READ_DEADLINE_MS 30000

enum stage { STAGE_FETCH, STAGE_LINE, STAGE_ADOPTED, STAGE_SEARCH, STAGE_NEW_LINE, STAGE_PATHS };

/* One repository that is being asked about. */
struct asking {
    struct asking *next;
    char *name;
    uint64_t id; /* of the question under way */
    enum stage stage;
    time_ms began;
    char tip[41];
    struct arena arena; /* the line */
    struct mirror_line line;
    enum lane *lanes;
    int64_t *n_paths;
    size_t at; /* commit whose paths are asked */

    /* A rewritten line that a person adopted: */
    char adopted[41];  /* the tip that was adopted; "" = this is no adoption */
    int64_t low, high; /* releases up to `low` are on the new line, above `high` none is */
    int64_t probe;     /* the release that is being asked about */
};

struct reconcile {
    struct asking *first;
};

void reconcile_free(struct reconcile *reconcile)
{
    while (reconcile != NULL && reconcile->first != NULL) {
        struct asking *a = reconcile->first;
        reconcile->first = a->next;
        arena_deinit(&a->arena);
        free(a->name);
        free(a);
    }
    free(reconcile);
}

bool reconcile_is_asking(const struct reconcile *reconcile)
{
    return reconcile != NULL && reconcile->first != NULL;
}

static void forget(struct reconcile *reconcile, struct asking *asking)
{
    for (struct asking **p = &reconcile->first; *p != NULL; p = &(*p)->next)
        if (*p == asking) {
            *p = asking->next;
            break;
        }
    arena_deinit(&asking->arena);
    free(asking->name);
    free(asking);
}

static struct asking *asking_of(struct reconcile *reconcile, const char *name)
{
    for (struct asking *a = reconcile->first; a != NULL; a = a->next)
        if (strcmp(a->name, name) == 0)
            return a;
    return NULL;
}

static int ask(struct look *look, struct asking *a, const struct keeper_request *request,
               enum stage stage, struct err *err)
{
    a->stage = stage;
    return keeper_ask(look->flow->keeper, request, &a->id, err);
}

static struct keeper_request request_of(const struct look *look, enum keeper_verb verb,
                                        const char *name)
{
    return (struct keeper_request){.verb = verb,
                                   .source = {.folder = look->flow->mirrors, .name = name},
                                   .deadline_ms = READ_DEADLINE_MS};
}

static int begin_fetch(struct look *look, const struct config_repo *repo, struct err *err)
{
    const struct config *config = look->snapshot->config;
    struct keeper_request request = request_of(look, KEEPER_FETCH, repo->name);
    struct asking *a = calloc(1, sizeof(*a));

    if (a == NULL || (a->name = strdup(repo->name)) == NULL)
        abort();
    arena_init(&a->arena);
    a->began = look->now;
    a->next = look->flow->reconcile->first;
    look->flow->reconcile->first = a;
    request.source.url = repo->mirror;
    request.source.branch = repo->branch;
    request.source.roots = config->mirror_roots.items;
    request.source.n_roots = config->mirror_roots.n;
    request.deadline_ms = FETCH_DEADLINE_MS;
    return ask(look, a, &request, STAGE_FETCH, err);
}

/* What is written once a question led to its end. */
struct seen {
    struct asking *asking;
    struct repository repository;
    const char *failure;   /* NULL: it went well */
    const char *rewritten; /* NULL: it is on our line */
    time_ms now;
};

static int apply_reverts(struct db *db, const struct seen *s, const struct mirror_commit *c,
                         int64_t number, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < c->n_reverts && rc == 0; i++)
        rc = store_release_revert_put(db, s->repository.id, number, c->reverts[i], err);
    return rc;
}

/* Who else wrote what it brings; "" stands for those who are not known by an address (A2). */
static int apply_makers(struct db *db, const struct seen *s, const struct mirror_commit *c,
                        int64_t number, struct err *err)
{
    int rc = c->more_makers ? store_release_maker_put(db, s->repository.id, number, "", err) : 0;

    for (size_t i = 0; i < c->n_makers && rc == 0; i++)
        rc = store_release_maker_put(db, s->repository.id, number, c->makers[i], err);
    return rc;
}

static int apply_releases(struct db *db, const struct seen *s, struct err *err)
{
    const struct asking *a = s->asking;
    int rc = 0;

    for (size_t i = 0; i < a->line.n && rc == 0; i++) {
        const struct mirror_commit *c = &a->line.commits[i];
        struct release release = {.repository_id = s->repository.id,
                                  .subject = c->subject,
                                  .author = c->author,
                                  .author_email = c->author_email,
                                  .committed_at = c->committed_at,
                                  .seen_at = s->now,
                                  .lane = a->lanes == NULL ? LANE_CODE : a->lanes[i],
                                  .n_paths = a->n_paths == NULL ? 0 : a->n_paths[i]};
        char subject[400], detail[64];
        int64_t number = 0;
        memcpy(release.sha, c->sha, sizeof(release.sha));
        memcpy(release.parent_sha, c->parent_sha, sizeof(release.parent_sha));
        rc = store_release_append(db, &release, &number, err);
        if (rc == 0)
            rc = apply_reverts(db, s, c, number, err);
        if (rc == 0)
            rc = apply_makers(db, s, c, number, err);
        snprintf(subject, sizeof(subject), "%s r%lld", a->name, (long long)number);
        snprintf(detail, sizeof(detail), "{\"sha\":\"%s\"}", c->sha);
        if (rc == 0)
            rc = look_journal(db, s->now, "release.number", subject, detail, NULL, err);
    }
    return rc;
}

/* What is not on the new line leaves the candidates; numbers go on (C6). */
static int apply_adoption(struct db *db, const struct seen *s, struct err *err)
{
    const struct asking *a = s->asking;
    char detail[128];
    int64_t n = 0;
    int rc = store_repository_adopted(db, s->repository.id, a->adopted, err);

    if (rc == 0)
        rc = store_release_leave_line(db, s->repository.id, a->low, &n, err);
    snprintf(detail, sizeof(detail), "{\"tip\":\"%s\",\"kept\":%lld,\"left\":%lld}", a->adopted,
             (long long)a->low, (long long)n);
    return rc < 0 ? rc
                  : look_journal(db, s->now, "repository.new-line", a->name, detail, NULL, err);
}

static int apply(struct db *db, void *arg, struct err *err)
{
    const struct seen *s = arg;
    int rc;

    if (s->failure != NULL)
        return store_repository_failed(db, s->repository.id, s->failure, s->now, err);
    if (s->rewritten != NULL) {
        char detail[64];
        snprintf(detail, sizeof(detail), "{\"tip\":\"%s\"}", s->rewritten);
        rc = store_repository_rewritten(db, s->repository.id, s->rewritten, err);
        if (rc == 0)
            rc = store_repository_fetched(db, s->repository.id, s->repository.tip_sha,
                                          s->asking->began, s->now, err);
        if (rc < 0 || strcmp(s->rewritten, s->repository.rewritten_sha) == 0)
            return rc; /* told already */
        return look_journal(db, s->now, "repository.rewritten", s->asking->name, detail, NULL, err);
    }
    if (s->asking->adopted[0] != '\0' && (rc = apply_adoption(db, s, err)) < 0)
        return rc;
    rc = store_repository_fetched(db, s->repository.id, s->asking->tip, s->asking->began, s->now,
                                  err);
    if (rc == 0 && s->repository.rewritten_sha[0] != '\0')
        rc = store_repository_rewritten(db, s->repository.id, "", err);
    return rc < 0 ? rc : apply_releases(db, s, err);
}

/* That it was seen once more changes nothing for those that wait; all else may. */
static void touch(struct look *look, const struct seen *s)
{
    const struct config_repo *repo = config_repo(look->snapshot->config, s->asking->name);
    const struct repository *before = &s->repository;
    bool was_fresh =
        before->fetched_at != 0 && look->now - before->fetched_at < GATE_SOURCE_FRESH_MS;

    if (repo == NULL)
        return;
    agenda_touch(look->flow->agenda, agenda_source(look->flow->agenda, repo));
    if (s->asking->line.n > 0 || s->rewritten != NULL || s->asking->adopted[0] != '\0' ||
        before->rewritten_sha[0] != '\0' || !was_fresh || !str_eq(s->failure, before->failure))
        agenda_touch_environments(look->flow->agenda, repo);
}

static int finish(struct look *look, struct asking *a, const char *failure, const char *rewritten,
                  struct err *err)
{
    struct seen s = {.asking = a, .failure = failure, .rewritten = rewritten, .now = look->now};
    int rc = store_repository_by_name(look->flow->db, look->arena, a->name, &s.repository, err);
    bool told = failure != NULL && str_eq(failure, s.repository.failure);

    if (rc == 0 && failure != NULL && !told)
        log_warning("mirror.failed", "repo=%s err=%s", LOG(a->name), LOG(failure));
    if (rc == 0 && rewritten != NULL && strcmp(rewritten, s.repository.rewritten_sha) != 0)
        log_warning("mirror.rewritten", "repo=%s tip=%s", LOG(a->name), rewritten);
    for (size_t i = 0; rc == 0 && failure == NULL && rewritten == NULL && i < a->line.n; i++)
        log_notice("release.seen", "repo=%s sha=%s subject=%s", LOG(a->name),
                   a->line.commits[i].sha, LOG(a->line.commits[i].subject));
    if (rc == 0)
        rc = look_write(look, apply, &s, a->line.n > 0 || failure != NULL ? FLOW_RELEASES : 0, err);
    if (rc == 0)
        touch(look, &s);
    forget(look->flow->reconcile, a);
    return rc;
}

/* Paths are asked only where they decide something: a repository with content patterns. */
static int ask_paths(struct look *look, struct asking *a, struct err *err)
{
    struct keeper_request request = request_of(look, KEEPER_PATHS, a->name);

    if (a->at == a->line.n)
        return finish(look, a, NULL, NULL, err);
    request.sha = a->line.commits[a->at].sha;
    return ask(look, a, &request, STAGE_PATHS, err);
}

static int take_commits(struct look *look, struct asking *a, const struct keeper_answer *answer,
                        struct err *err)
{
    const struct config_repo *repo = config_repo(look->snapshot->config, a->name);

    a->line.n = answer->line.n;
    a->line.commits = arena_array(&a->arena, answer->line.n, sizeof(*a->line.commits));
    for (size_t i = 0; i < answer->line.n; i++) {
        a->line.commits[i] = answer->line.commits[i];
        a->line.commits[i].author = arena_str(&a->arena, answer->line.commits[i].author);
        a->line.commits[i].author_email =
            arena_str(&a->arena, answer->line.commits[i].author_email);
        for (size_t k = 0; k < answer->line.commits[i].n_makers; k++)
            a->line.commits[i].makers[k] = arena_str(&a->arena, answer->line.commits[i].makers[k]);
        a->line.commits[i].subject = arena_str(&a->arena, answer->line.commits[i].subject);
    }
    if (answer->line.more && a->line.n > 0)
        memcpy(a->tip, a->line.commits[a->line.n - 1].sha, sizeof(a->tip)); /* the rest next time */
    if (repo == NULL || repo->content.n == 0)
        return finish(look, a, NULL, NULL, err);
    a->lanes = arena_array(&a->arena, a->line.n, sizeof(*a->lanes));
    a->n_paths = arena_array(&a->arena, a->line.n, sizeof(*a->n_paths));
    return ask_paths(look, a, err);
}

/* Is that commit on the first-parent line of the tip? */
static int ask_contains(struct look *look, struct asking *a, const char *sha, enum stage stage,
                        struct err *err)
{
    struct keeper_request request = request_of(look, KEEPER_CONTAINS, a->name);

    request.known = sha;
    request.sha = a->tip;
    return ask(look, a, &request, stage, err);
}

static int take_line(struct look *look, struct asking *a, const struct keeper_answer *answer,
                     struct err *err)
{
    struct repository repository;
    int rc;

    if (!answer->line.rewritten)
        return take_commits(look, a, answer, err);
    rc = store_repository_by_name(look->flow->db, look->arena, a->name, &repository, err);
    if (rc < 0)
        return rc;
    if (repository.adopted_sha[0] == '\0')
        return finish(look, a, NULL, a->tip, err);
    memcpy(a->adopted, repository.adopted_sha, sizeof(a->adopted));
    return ask_contains(look, a, a->adopted, STAGE_ADOPTED, err);
}

/* Releases on the line are its commits in order, so those that stayed come before those that left: halve
 * until the newest that stayed is found, then take what follows it. */
static int search(struct look *look, struct asking *a, struct err *err)
{
    struct keeper_request request = request_of(look, KEEPER_LINE, a->name);
    struct release release;
    struct repository repository;
    int rc = store_repository_by_name(look->flow->db, look->arena, a->name, &repository, err);

    while (rc == 0 && a->low < a->high) {
        int64_t middle = a->low + (a->high - a->low + 1) / 2;
        rc = store_release_on_line(look->flow->db, look->arena, repository.id, middle, &release,
                                   err);
        if (rc == ERR_NOT_FOUND || (rc == 0 && release.number <= a->low)) {
            a->low = middle; /* none in between */
            rc = 0;
            continue;
        }
        a->probe = release.number;
        return rc < 0 ? rc : ask_contains(look, a, release.sha, STAGE_SEARCH, err);
    }
    if (rc == 0)
        rc = store_release_on_line(look->flow->db, look->arena, repository.id, a->low, &release,
                                   err);
    if (rc < 0 && rc != ERR_NOT_FOUND)
        return rc;
    request.known = rc == 0 ? release.sha : NULL; /* nothing in common: the new tip alone */
    request.sha = a->tip;
    return ask(look, a, &request, STAGE_NEW_LINE, err);
}

static int take_adopted(struct look *look, struct asking *a, const struct keeper_answer *answer,
                        struct err *err)
{
    struct release newest = {.number = 0};
    struct repository repository;
    int rc;

    if (!answer->contains) { /* rewritten once more: that is another question to a person */
        a->adopted[0] = '\0';
        return finish(look, a, NULL, a->tip, err);
    }
    rc = store_repository_by_name(look->flow->db, look->arena, a->name, &repository, err);
    if (rc == 0)
        rc = store_release_newest(look->flow->db, look->arena, repository.id, &newest, err);
    if (rc < 0)
        return rc;
    a->low = 0;
    a->high = newest.number - 1;
    return search(look, a, err);
}

static int take_search(struct look *look, struct asking *a, const struct keeper_answer *answer,
                       struct err *err)
{
    if (answer->contains)
        a->low = a->probe > a->low ? a->probe : a->low;
    else
        a->high = a->probe - 1;
    return search(look, a, err);
}

static int take_paths(struct look *look, struct asking *a, const struct keeper_answer *answer,
                      struct err *err)
{
    const struct config_repo *repo = config_repo(look->snapshot->config, a->name);

    a->lanes[a->at] = repo == NULL
                          ? LANE_CODE
                          : lane_of_paths(repo->content.items, repo->content.n, answer->paths.paths,
                                          answer->paths.n, answer->paths.truncated);
    a->n_paths[a->at] = (int64_t)answer->paths.n;
    a->at++;
    return ask_paths(look, a, err);
}

static int take_fetch(struct look *look, struct asking *a, const struct keeper_answer *answer,
                      struct err *err)
{
    struct keeper_request request = request_of(look, KEEPER_LINE, a->name);
    struct release newest;
    struct err own = ERR_INIT;
    struct repository repository;
    int rc = store_repository_by_name(look->flow->db, look->arena, a->name, &repository, err);

    if (rc < 0)
        return rc;
    memcpy(a->tip, answer->tip, sizeof(a->tip));
    rc = store_release_newest(look->flow->db, look->arena, repository.id, &newest, &own);
    if (rc < 0 && rc != ERR_NOT_FOUND) {
        *err = own;
        return rc;
    }
    request.known = rc == 0 ? newest.sha : NULL;
    request.sha = a->tip;
    if (request.known != NULL && strcmp(request.known, a->tip) == 0)
        return finish(look, a, NULL, NULL, err);
    return ask(look, a, &request, STAGE_LINE, err);
}

static int take_answers(struct look *look, struct err *err)
{
    for (;;) {
        struct keeper_answer answer;
        struct asking *a;
        bool got;
        int rc = keeper_take(look->flow->keeper, look->arena, &answer, &got, err);
        if (rc < 0 || !got)
            return rc;
        for (a = look->flow->reconcile->first; a != NULL && a->id != answer.id; a = a->next)
            ;
        if (a == NULL)
            continue;
        if (answer.rc < 0)
            rc = finish(look, a, answer.error != NULL ? answer.error : "git failed", NULL, err);
        else if (a->stage == STAGE_FETCH)
            rc = take_fetch(look, a, &answer, err);
        else if (a->stage == STAGE_LINE)
            rc = take_line(look, a, &answer, err);
        else if (a->stage == STAGE_ADOPTED)
            rc = take_adopted(look, a, &answer, err);
        else if (a->stage == STAGE_SEARCH)
            rc = take_search(look, a, &answer, err);
        else if (a->stage == STAGE_NEW_LINE)
            rc = take_commits(look, a, &answer, err);
        else
            rc = take_paths(look, a, &answer, err);
        if (rc < 0)
            return rc;
    }
}

/* When it is to be fetched; 0 = now. */
static time_ms due_at(const struct repository *r)
{
    time_ms due = r->wanted_at != 0 ? r->wanted_at : r->fetched_at + SEEN_EVERY_MS;

    if (r->failed_at != 0 && due < r->failed_at + RETRY_MS)
        due = r->failed_at + RETRY_MS;
    return r->fetched_at == 0 && r->failed_at == 0 ? 0 : due;
}

/* One that may hide a newer truth binds those that wait for it (T22): from the instant on at which it does. */
static void notice_age(struct look *look, struct agenda_entry *entry, const struct repository *r,
                       time_ms *next)
{
    time_ms stale_at = r->fetched_at + GATE_SOURCE_FRESH_MS;
    bool is_stale = look->now >= stale_at;

    if (!is_stale && stale_at < *next)
        *next = stale_at;
    if (is_stale && !entry->is_stale)
        agenda_touch_environments(look->flow->agenda, entry->repo);
    entry->is_stale = is_stale;
}

static int look_at(struct look *look, struct agenda_entry *entry, struct err *err)
{
    bool asked = asking_of(look->flow->reconcile, entry->repo->name) != NULL;
    time_ms next = VERDICT_NEVER; /* while it is asked about, the end touches it */
    struct repository r;
    int rc = store_repository_by_name(look->flow->db, look->arena, entry->repo->name, &r, err);

    if (rc == 0 && !asked && due_at(&r) <= look->now)
        rc = begin_fetch(look, entry->repo, err);
    else if (rc == 0 && !asked)
        next = due_at(&r);
    if (rc == 0)
        notice_age(look, entry, &r, &next);
    agenda_put(look, entry, next, false);
    return rc;
}

int reconcile_look(struct look *look, struct err *err)
{
    struct agenda_entry *entry;
    int rc;

    if (look->flow->keeper == NULL)
        return 0;
    if (look->flow->reconcile == NULL) {
        look->flow->reconcile = calloc(1, sizeof(*look->flow->reconcile));
        if (look->flow->reconcile == NULL)
            abort();
    }
    rc = take_answers(look, err);
    while (rc == 0 && (entry = agenda_take(look, AGENDA_SOURCES)) != NULL)
        rc = look_at(look, entry, err);
    return rc;
}
