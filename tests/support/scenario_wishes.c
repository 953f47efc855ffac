#include "tests/support/scenario_wishes.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/store/store_barrier.h"
#include "lib/store/store_baseline.h"
#include "lib/store/store_pull_request.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "lib/store/store_wish.h"
#include "tests/support/scenario_said.h"
#include "tests/support/scenario_time.h"

static int our_repository(const struct scenario_line *l, struct repository *ret_repository,
                          struct err *err)
{
    return scenario_world_repository(l->world, NULL, ret_repository, err);
}

/* The words from `at` on as a time. */
static int read_time(const struct scenario_line *l, size_t at, time_ms *ret_time, struct err *err)
{
    const char *words[SCENARIO_WORDS_MAX];

    for (size_t i = at; i < l->n_args; i++)
        words[i - at] = l->args[i].text;
    return scenario_time_read(l->world, words, l->n_args - at, ret_time, err);
}

static int read_pull(const struct scenario_line *l, size_t at, int64_t *ret_number, struct err *err)
{
    return str_parse_int64(l->args[at].text, ret_number) < 0 || *ret_number < 1
               ? err_set(err, ERR_INVALID, "a pull request is a number, not %s", l->args[at].text)
               : 0;
}

/* What is asked for -------------------------------------------------------------------------------- */

static int ask(struct db *db, const struct scenario_line *l, struct wish *wish, struct err *err)
{
    struct repository r;
    int64_t id, replaced;
    int rc = our_repository(l, &r, err);

    wish->repository_id = r.id;
    wish->environment = l->args[0].environment->name;
    wish->release_number = l->args[1].number;
    wish->actor = l->args[2].text;
    wish->way = "cli";
    wish->reason = wish->hotfix ? "it burns" : NULL;
    wish->wished_at = l->world->clock.now;
    return rc < 0 ? rc : store_wish_put(db, wish, &id, &replaced, err);
}

int scenario_asked(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct wish wish = {.id = 0};

    return ask(db, l, &wish, err);
}

int scenario_asked_for(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct wish wish = {.id = 0};
    int rc = read_time(l, 3, &wish.start_at, err);

    return rc < 0 ? rc : ask(db, l, &wish, err);
}

int scenario_hotfix(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct wish wish = {.hotfix = true};

    return ask(db, l, &wish, err);
}

int scenario_hotfix_with(struct db *db, const struct scenario_line *l, struct err *err)
{
    int64_t pull;
    struct wish wish = {.hotfix = true, .with = &pull, .n_with = 1};
    int rc = read_pull(l, 3, &pull, err);

    return rc < 0 ? rc : ask(db, l, &wish, err);
}

int scenario_hotfix_unrehearsed(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct wish wish = {.hotfix = true, .unrehearsed = true};

    return ask(db, l, &wish, err);
}

/* What is kept back -------------------------------------------------------------------------------- */

static int put_pull(struct db *db, const struct scenario_line *l, const char *title,
                    const struct release *merged, struct err *err)
{
    struct account author = scenario_said_account(l->n_args > 2 ? l->args[2].text : "mika");
    time_ms now = l->world->clock.now;
    struct pull_request p = {.state = merged != NULL ? PULL_REQUEST_MERGED : PULL_REQUEST_OPEN,
                             .title = title,
                             .url = "",
                             .author_id = author.id,
                             .author = author.login,
                             .base_ref = "main",
                             .head_ref = "work",
                             .head_sha = "1111111111111111111111111111111111111111",
                             .opened_at = now,
                             .updated_at = now,
                             .merged_at = merged != NULL ? now : 0};
    struct repository r;
    bool taken;
    int rc = our_repository(l, &r, err);

    if (rc == 0)
        rc = read_pull(l, 0, &p.number, err);
    p.repository_id = r.id;
    p.github_id = 1000 + p.number;
    if (merged != NULL)
        memcpy(p.merge_sha, merged->sha, sizeof(p.merge_sha));
    return rc < 0 ? rc : store_pull_request_put(db, &p, &taken, err);
}

int scenario_pull_open(struct db *db, const struct scenario_line *l, struct err *err)
{
    return put_pull(db, l, l->args[1].text, NULL, err);
}

static int find_release(struct db *db, const struct scenario_line *l, size_t at,
                        struct repository *ret_repository, struct release *ret_release,
                        struct err *err)
{
    int rc = our_repository(l, ret_repository, err);

    return rc < 0 ? rc
                  : store_release_by_number(db, &l->world->arena, ret_repository->id,
                                            l->args[at].number, ret_release, err);
}

int scenario_pull_merged(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct repository r;
    struct release release;
    int rc = find_release(db, l, 1, &r, &release, err);

    return rc < 0 ? rc : put_pull(db, l, release.subject, &release, err);
}

int scenario_barrier(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct barrier b = {.environment = l->args[0].environment->name,
                        .actor = l->args[2].text,
                        .way = "cli",
                        .reason = l->args[3].text,
                        .set_at = l->world->clock.now};
    struct repository r;
    int rc = our_repository(l, &r, err);

    if (rc == 0)
        rc = read_pull(l, 1, &b.pull_number, err);
    if (rc == 0 && l->n_args > 4)
        rc = read_time(l, 4, &b.not_before, err);
    b.repository_id = r.id;
    return rc < 0 ? rc : store_barrier_put(db, &b, &b.id, err);
}

int scenario_cleared(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct repository r;
    int64_t pull;
    int rc = our_repository(l, &r, err);

    if (rc == 0)
        rc = read_pull(l, 1, &pull, err);
    return rc < 0 ? rc
                  : store_barrier_lift(db, r.id, l->args[0].environment->name, pull, "ana",
                                       l->world->clock.now, err);
}

int scenario_reverts(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct repository r;
    struct release taken_out;
    int rc = find_release(db, l, 1, &r, &taken_out, err);

    return rc < 0 ? rc : store_release_revert_put(db, r.id, l->args[0].number, taken_out.sha, err);
}

/* What is declared -------------------------------------------------------------------------------- */

int scenario_declared(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct baseline b = {.environment = l->args[0].environment->name,
                         .release_number = l->args[1].number,
                         .actor = l->args[2].text,
                         .way = "cli",
                         .reason = "it was brought by hand",
                         .declared_at = l->world->clock.now};
    struct repository r;
    int rc = our_repository(l, &r, err);

    b.repository_id = r.id;
    return rc < 0 ? rc : store_baseline_put(db, &b, &b.id, err);
}

int scenario_adopted(struct db *db, const struct scenario_line *l, struct err *err)
{
    struct repository r;
    int64_t n;
    int rc = our_repository(l, &r, err);

    if (rc == 0)
        rc = store_repository_adopt(db, r.id, r.rewritten_sha, l->world->clock.now, err);
    if (rc == 0)
        rc = store_repository_adopted(db, r.id, r.rewritten_sha, err);
    return rc < 0 ? rc : store_release_leave_line(db, r.id, l->args[0].number, &n, err);
}
