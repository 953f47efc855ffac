/*
 * mirror_line: the first-parent line between two commits.
 *
 * The walk goes from the tip backwards, as git's parents do, keeping ids alone; only what the answer
 * takes, the oldest, is then read for its texts. A line that was rewritten is noticed at its root:
 * the worker's deadline bounds that walk.
 */
#include "lib/repo/mirror.h"

#include <string.h>

#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/repo/mirror_git.h"
#include "lib/repo/mirror_makers.h"

/* 9999-12-31T23:59:59Z: a commit may claim any second of 64 bits. */
#define SECONDS_MAX INT64_C(253402300799)

struct walk {
    git_oid *ids; /* newest first */
    size_t n, cap;
    bool met; /* the commit that was looked for is on the line, as its end */
};

/* From `to` until `from` is met (not kept) or the root was. `from` NULL: only `to`. */
static int walk(struct arena *arena, git_repository *repository, const struct mirror_range *range,
                struct walk *w, struct err *err)
{
    git_commit *commit = NULL;
    git_oid stop;
    int rc;

    if (range->from != NULL && !names_is_sha40(range->from))
        return err_set(err, ERR_INVALID, "a commit id of 40 digits is expected");
    if (range->from != NULL)
        git_oid_fromstr(&stop, range->from);
    if ((rc = mirror_git_commit(repository, range->to, &commit, err)) < 0)
        return rc;
    while (commit != NULL) {
        git_commit *parent = NULL;
        w->met = range->from != NULL && git_oid_equal(git_commit_id(commit), &stop);
        if (!w->met)
            git_oid_cpy(ARENA_PUSH(arena, w->ids, w->n, w->cap), git_commit_id(commit));
        if (!w->met && range->from != NULL && git_commit_parentcount(commit) > 0 &&
            git_commit_parent(&parent, commit, 0) < 0)
            rc = mirror_git_failed(err, ERR_INTERNAL, "reading the first parent of a commit of %s",
                                   range->name);
        git_commit_free(commit);
        commit = parent;
    }
    return rc;
}

static time_ms committed_at(const git_commit *commit)
{
    int64_t seconds = git_commit_time(commit);

    if (seconds < 0)
        return 0;
    return (seconds > SECONDS_MAX ? SECONDS_MAX : seconds) * 1000;
}

static const char *cleaned(struct arena *arena, const char *text, size_t max)
{
    return text == NULL ? "" : str_clean(arena, text, strlen(text), max);
}

/* What `git revert` writes, at the beginning of a line and with the whole commit id: nothing else counts
 * as a revert. */
static void read_reverts(const char *message, struct mirror_commit *c)
{
    static const char says[] = "This reverts commit ";

    for (const char *line = message; line != NULL && c->n_reverts < MIRROR_REVERTS_MAX;) {
        if (strncmp(line, says, sizeof(says) - 1) == 0) {
            char *sha = c->reverts[c->n_reverts];
            memcpy(sha, line + sizeof(says) - 1, strnlen(line + sizeof(says) - 1, 40));
            c->n_reverts += names_is_sha40(sha);
        }
        line = strchr(line, '\n');
        line += line != NULL;
    }
    for (size_t i = c->n_reverts; i < MIRROR_REVERTS_MAX; i++)
        c->reverts[i][0] = '\0';
}

static void fill(struct arena *arena, const git_commit *commit, struct mirror_commit *c)
{
    const git_signature *author = git_commit_author(commit);
    const git_signature *committer = git_commit_committer(commit);
    const char *message = git_commit_message(commit);

    git_oid_tostr(c->sha, sizeof(c->sha), git_commit_id(commit));
    c->n_parents = git_commit_parentcount(commit);
    if (c->n_parents > 0)
        git_oid_tostr(c->parent_sha, sizeof(c->parent_sha), git_commit_parent_id(commit, 0));
    c->committed_at = committed_at(commit);
    c->author = cleaned(arena, author->name, MIRROR_PERSON_MAX);
    c->author_email = cleaned(arena, author->email, MIRROR_PERSON_MAX);
    c->committer_email = cleaned(arena, committer->email, MIRROR_PERSON_MAX);
    if (message == NULL)
        message = "";
    message += strspn(message, "\n");
    read_reverts(message, c);
    c->subject = str_clean(arena, message, strcspn(message, "\n"), MIRROR_SUBJECT_MAX);
}

/* Read the oldest of the walk into the answer, oldest first. */
static int read_oldest(struct arena *arena, git_repository *repository, const struct walk *w,
                       size_t max, struct mirror_line *line, struct err *err)
{
    line->more = w->n > max;
    line->commits = arena_array(arena, w->n > max ? max : w->n, sizeof(*line->commits));
    for (size_t i = 0; i < w->n && i < max; i++) {
        struct mirror_commit *c = &line->commits[line->n++];
        git_commit *commit = NULL;
        int rc;

        if (git_commit_lookup(&commit, repository, &w->ids[w->n - 1 - i]) < 0)
            return mirror_git_failed(err, ERR_INTERNAL, "reading a commit");
        fill(arena, commit, c);
        rc = mirror_makers_read(arena, repository, commit, c, err);
        git_commit_free(commit);
        if (rc < 0)
            return rc;
    }
    return 0;
}

int mirror_line(struct arena *arena, const struct mirror_range *range, struct mirror_line *ret_line,
                struct err *err)
{
    size_t max = range->max == 0 || range->max > MIRROR_LINE_MAX ? MIRROR_LINE_MAX : range->max;
    struct mirror_line line = {.n = 0};
    git_repository *repository = NULL;
    struct walk w = {.n = 0};
    int rc = mirror_git_open(range, &repository, err);

    if (rc == 0)
        rc = walk(arena, repository, range, &w, err);
    if (rc == 0) {
        line.rewritten = range->from != NULL && !w.met;
        if (line.rewritten)
            w.n = 1; /* the tip alone: the rest is not ours */
        rc = read_oldest(arena, repository, &w, max, &line, err);
    }
    git_repository_free(repository);
    if (rc == 0)
        *ret_line = line;
    return rc;
}

int mirror_line_contains(const struct mirror_range *range, bool *ret_contains, struct err *err)
{
    git_repository *repository = NULL;
    struct walk w = {.n = 0};
    struct arena arena;
    int rc;

    if (range->from == NULL)
        return err_set(err, ERR_INVALID, "a commit id of 40 digits is expected");
    arena_init(&arena);
    rc = mirror_git_open(range, &repository, err);
    if (rc == 0)
        rc = walk(&arena, repository, range, &w, err);
    git_repository_free(repository);
    arena_deinit(&arena);
    if (rc == 0)
        *ret_contains = w.met;
    return rc;
}
