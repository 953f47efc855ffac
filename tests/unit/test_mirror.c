/* mirror: what is asked of git, answered from real repositories that git made; and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/repo/mirror.h"
#include "tests/support/git_room.h"

static struct git_room room;
static struct err err;

static int up(void **state)
{
    (void)state;
    git_room_up(&room);
    err = (struct err)ERR_INIT;
    return 0;
}

static int down(void **state)
{
    (void)state;
    git_room_down(&room);
    return 0;
}

/* Fetch git/NAME; the tip. */
static const char *fetch(const char *name)
{
    struct mirror_source source = git_room_source(&room, name);
    struct mirror_fetched fetched;
    int rc = mirror_fetch(&source, &fetched, &err);

    if (rc != 0)
        print_error("%s\n", err.text);
    assert_int_equal(rc, 0);
    return arena_str(&room.arena, fetched.tip);
}

static struct mirror_line line_of(const char *from, const char *to)
{
    struct mirror_range range = git_room_range(&room, from, to);
    struct mirror_line line;
    int rc = mirror_line(&room.arena, &range, &line, &err);

    if (rc != 0)
        print_error("%s\n", err.text);
    assert_int_equal(rc, 0);
    return line;
}

static struct mirror_paths paths_of(const char *from, const char *to, size_t max)
{
    struct mirror_range range = git_room_range(&room, from, to);
    struct mirror_paths paths;

    range.max = max;
    assert_int_equal(mirror_paths(&room.arena, &range, &paths, &err), 0);
    return paths;
}

static bool holds(const struct mirror_paths *paths, const char *path)
{
    for (size_t i = 0; i < paths->n; i++)
        if (strcmp(paths->paths[i], path) == 0)
            return true;
    return false;
}

static bool contains(const char *sha, const char *tip)
{
    struct mirror_range range = git_room_range(&room, sha, tip);
    bool answer = false;

    assert_int_equal(mirror_line_contains(&range, &answer, &err), 0);
    return answer;
}

/* The address is refused, and nothing was made. */
static void refused(const char *url, int code)
{
    struct mirror_source source = git_room_source(&room, "app");
    struct mirror_fetched fetched;
    int rc;

    source.url = url;
    rc = mirror_fetch(&source, &fetched, &err);
    if (rc != code)
        print_error("%s: %d %s\n", url, rc, err.text);
    assert_int_equal(rc, code);
    assert_non_null(strstr(err.text, "acme/app"));
    assert_int_equal(access(git_room_path(&room, "mirrors/acme%%app.git"), F_OK), -1);
}

/* The line --------------------------------------------------------------------------------------- */

static void W4_at_first_sight_there_is_the_tip_alone(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *tip;
    struct mirror_source source = git_room_source(&room, "app");
    struct mirror_fetched fetched;
    struct mirror_line line;

    (void)state;
    tip = git_room_commit(&room, repo, "a", "1", "second\n\nbody\n");
    assert_int_equal(mirror_fetch(&source, &fetched, &err), 0);
    assert_string_equal(fetched.tip, tip);
    assert_true(fetched.changed);
    assert_int_equal(mirror_fetch(&source, &fetched, &err), 0);
    assert_string_equal(fetched.tip, tip);
    assert_false(fetched.changed);

    line = line_of(NULL, tip);
    assert_int_equal(line.n, 1);
    assert_false(line.rewritten);
    assert_false(line.more);
    assert_string_equal(line.commits[0].sha, tip);
    assert_string_equal(line.commits[0].parent_sha,
                        git_room_git(&room, repo, "rev-parse", "HEAD~1", NULL));
    assert_int_equal(line.commits[0].n_parents, 1);
    assert_string_equal(line.commits[0].subject, "second");
    assert_string_equal(line.commits[0].author, "Sato Mika");
    assert_string_equal(line.commits[0].author_email, "mika@acme.example");
    assert_string_equal(line.commits[0].committer_email, "noreply@github.com");
    assert_int_equal(line.commits[0].committed_at, 1772362800000);
}

/* A commit on the branch that is checked out, by somebody. */
static void commit_by(const char *repo, const char *file, const char *email, const char *message)
{
    git_room_write(&room, arena_printf(&room.arena, "%s/%s", repo, file), email);
    git_room_git(&room, repo, "add", file, NULL);
    git_room_git(&room, repo, "commit", "-q", "--author",
                 arena_printf(&room.arena, "X <%s>", email), "-m", message, NULL);
}

static void has_makers(const struct mirror_commit *c, const char *expected, bool more)
{
    const char *is = "";

    for (size_t i = 0; i < c->n_makers; i++)
        is = arena_printf(&room.arena, "%s%s%s", is, i > 0 ? " " : "", c->makers[i]);
    assert_string_equal(is, expected);
    assert_int_equal(c->more_makers, more);
}

static void A2_who_wrote_what_a_merge_or_a_squash_brings(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *first = fetch("app");
    struct mirror_line line;

    (void)state;
    git_room_git(&room, repo, "checkout", "-q", "-b", "topic", NULL);
    commit_by(repo, "a", "Li@x.example", "one");
    commit_by(repo, "b", "ken@x.example", "two\n\nCo-Authored-By: M <mori@x.example>");
    commit_by(repo, "c", "li@X.example", "three");
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    commit_by(repo, "d", "ana@x.example", "pushed, by one");
    git_room_git(&room, repo, "merge", "-q", "--no-ff", "-m", "merge #1", "topic", NULL);
    commit_by(repo, "e", "ana@x.example",
              "squash (#2)\n\n* one\n\nCo-authored-by: Ken <7+ken@users.noreply.github.com>\n"
              "Co-authored-by: nobody\nNot-co-authored-by: <x@x>");
    line = line_of(first, fetch("app"));
    assert_int_equal(line.n, 3);
    has_makers(&line.commits[0], "", false);
    has_makers(&line.commits[1], "ken@x.example li@x.example mori@x.example", false);
    has_makers(&line.commits[2], "7+ken@users.noreply.github.com", true);
}

static void A2_more_authors_than_are_read_are_said_to_be_more(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *first = fetch("app"), *message = "many\n";
    struct mirror_line line;

    (void)state;
    for (int i = 0; i <= MIRROR_MAKERS_MAX; i++)
        message = arena_printf(&room.arena, "%s\nCo-authored-by: X <x%d@x.example>", message, i);
    commit_by(repo, "a", "ana@x.example", message);
    commit_by(repo, "b", "ana@x.example", "odd\n\nCo-authored-by: X <x y@x.example>");
    line = line_of(first, fetch("app"));
    assert_int_equal(line.commits[0].n_makers, MIRROR_MAKERS_MAX);
    assert_true(line.commits[0].more_makers);
    has_makers(&line.commits[1], "", true);
}

static void W4_merge_squash_and_rebase_each_come_as_first_parents_oldest_first(void **state)
{
    const char *repo = git_room_repo(&room, "app");
    const char *first = fetch("app"), *want[4], *side;
    struct mirror_line line;

    (void)state;
    git_room_git(&room, repo, "checkout", "-q", "-b", "topic", NULL);
    git_room_commit(&room, repo, "topic-1", "1", "on the side 1");
    side = git_room_commit(&room, repo, "topic-2", "2", "on the side 2");
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    git_room_git(&room, repo, "merge", "-q", "--no-ff", "-m", "merge #1", "topic", NULL);
    want[0] = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    git_room_git(&room, repo, "checkout", "-q", "-b", "squashed", NULL);
    git_room_commit(&room, repo, "squash-1", "1", "s1");
    git_room_commit(&room, repo, "squash-2", "2", "s2");
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    git_room_git(&room, repo, "merge", "-q", "--squash", "squashed", NULL);
    git_room_git(&room, repo, "commit", "-q", "-m", "squash #2", NULL);
    want[1] = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    git_room_git(&room, repo, "checkout", "-q", "-b", "rebased", "HEAD~1", NULL);
    git_room_commit(&room, repo, "rebase-1", "1", "rebase 1");
    git_room_commit(&room, repo, "rebase-2", "2", "rebase 2");
    git_room_git(&room, repo, "rebase", "-q", "main", NULL);
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    git_room_git(&room, repo, "merge", "-q", "--ff-only", "rebased", NULL);
    want[2] = git_room_git(&room, repo, "rev-parse", "HEAD~1", NULL);
    want[3] = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);

    assert_string_equal(fetch("app"), want[3]);
    line = line_of(first, want[3]);
    assert_int_equal(line.n, 4);
    assert_false(line.rewritten);
    for (int i = 0; i < 4; i++) {
        assert_string_equal(line.commits[i].sha, want[i]);
        assert_string_equal(line.commits[i].parent_sha, i == 0 ? first : want[i - 1]);
    }
    assert_int_equal(line.commits[0].n_parents, 2);
    assert_int_equal(line.commits[1].n_parents, 1);
    assert_true(contains(first, want[3]));
    assert_true(contains(want[0], want[3]));
    assert_true(contains(want[3], want[3]));
    assert_false(contains(side, want[3])); /* merged, but not a first parent */
    assert_false(contains(want[3], want[0]));
    assert_int_equal(line_of(want[3], want[3]).n, 0);
}

static void C6_a_force_push_is_followed_and_said_to_be_rewritten(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *old, *tip;
    struct mirror_line line;

    (void)state;
    old = git_room_commit(&room, repo, "a", "1", "will go");
    assert_string_equal(fetch("app"), old);
    git_room_git(&room, repo, "reset", "-q", "--hard", "HEAD~1", NULL);
    git_room_commit(&room, repo, "b", "1", "other 1");
    tip = git_room_commit(&room, repo, "c", "1", "other 2");
    assert_string_equal(fetch("app"), tip);
    line = line_of(old, tip);
    assert_true(line.rewritten);
    assert_int_equal(line.n, 1);
    assert_string_equal(line.commits[0].sha, tip);
    assert_false(contains(old, tip));
    /* A commit that never was here is not on it either. */
    assert_true(line_of("1234567890123456789012345678901234567890", tip).rewritten);
    assert_false(contains("1234567890123456789012345678901234567890", tip));
    /* The same commits pushed away and back: again on the line. */
    git_room_git(&room, repo, "reset", "-q", "--hard", old, NULL);
    assert_string_equal(fetch("app"), old);
    assert_false(line_of(old, old).rewritten);
}

static void W4_two_thousand_commits_come_in_portions_oldest_first(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *first = fetch("app"), *tip;
    struct mirror_range range;
    struct mirror_line line;

    (void)state;
    tip = git_room_many(&room, repo, 2000);
    assert_string_equal(fetch("app"), tip);
    line = line_of(first, tip);
    assert_int_equal(line.n, MIRROR_LINE_MAX);
    assert_true(line.more);
    assert_string_equal(line.commits[0].subject, "commit 1");
    assert_string_equal(line.commits[999].subject, "commit 1000");
    line = line_of(line.commits[999].sha, tip);
    assert_int_equal(line.n, 1000);
    assert_false(line.more);
    assert_string_equal(line.commits[0].subject, "commit 1001");
    assert_string_equal(line.commits[999].sha, tip);
    range = git_room_range(&room, first, tip);
    range.max = 3;
    assert_int_equal(mirror_line(&room.arena, &range, &line, &err), 0);
    assert_int_equal(line.n, 3);
    assert_true(line.more);
}

static void T42_foreign_texts_come_cleaned_and_bounded(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *tree, *tip;
    char text[2000], x[1001];
    struct mirror_line line;

    (void)state;
    memset(x, 'x', 1000);
    x[1000] = '\0';
    tree = git_room_git(&room, repo, "rev-parse", "HEAD^{tree}", NULL);
    snprintf(text, sizeof(text),
             "tree %s\nauthor \033[31mEve\xff <%s> 99999999999999 +0000\n"
             "committer C <c> 99999999999999 +0000\n\n\n\033]0;title\a%s\nsecond\n",
             tree, x, x);
    tip = git_room_feed(&room, repo, text, strlen(text), "hash-object", "-t", "commit",
                        "--literally", "-w", "--stdin", NULL);
    git_room_git(&room, repo, "update-ref", "refs/heads/main", tip, NULL);
    assert_string_equal(fetch("app"), tip);
    line = line_of(NULL, tip);
    assert_int_equal(line.commits[0].committed_at, INT64_C(253402300799000)); /* year 9999 */
    assert_int_equal(line.commits[0].n_parents, 0);
    assert_string_equal(line.commits[0].parent_sha, "");
    assert_null(strchr(line.commits[0].author, '\033'));
    assert_true(str_is_utf8(line.commits[0].author, strlen(line.commits[0].author)));
    assert_true(strlen(line.commits[0].author_email) <= MIRROR_PERSON_MAX);
    assert_int_equal(strlen(line.commits[0].subject), MIRROR_SUBJECT_MAX);
    assert_null(strchr(line.commits[0].subject, '\033'));
    /* A commit without any message. */
    tip = git_room_commit(&room, repo, "b", "1", "");
    fetch("app");
    assert_string_equal(line_of(NULL, tip).commits[0].subject, "");
}

/* Paths ------------------------------------------------------------------------------------------ */

static void a_rename_counts_as_the_old_path_and_the_new(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *one, *two, *three;
    struct mirror_paths paths;

    (void)state;
    git_room_commit(&room, repo, "old/name.txt", "the same\nlong\ntext\n", "add");
    one = git_room_commit(&room, repo, "other", "1", "other");
    git_room_git(&room, repo, "mv", "old/name.txt", "new.txt", NULL);
    git_room_git(&room, repo, "commit", "-q", "-m", "rename", NULL);
    two = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    three = git_room_commit(&room, repo, "other", "2", "again");
    fetch("app");
    paths = paths_of(NULL, two, 0);
    assert_int_equal(paths.n, 2);
    assert_true(holds(&paths, "old/name.txt"));
    assert_true(holds(&paths, "new.txt"));
    assert_false(paths.truncated);
    paths = paths_of(one, three, 0);
    assert_int_equal(paths.n, 3);
    assert_true(holds(&paths, "other"));
    assert_int_equal(paths_of(three, three, 0).n, 0);
}

static void a_merge_is_compared_with_its_first_parent_and_a_root_with_nothing(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *root, *merge;
    struct mirror_paths paths;

    (void)state;
    root = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    git_room_git(&room, repo, "checkout", "-q", "-b", "topic", NULL);
    git_room_commit(&room, repo, "by/topic", "1", "topic");
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    git_room_commit(&room, repo, "by/main", "1", "main");
    git_room_git(&room, repo, "merge", "-q", "--no-ff", "-m", "merge", "topic", NULL);
    merge = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    fetch("app");
    paths = paths_of(NULL, merge, 0);
    assert_int_equal(paths.n, 1);
    assert_string_equal(paths.paths[0], "by/topic");
    paths = paths_of(NULL, root, 0);
    assert_int_equal(paths.n, 1);
    assert_string_equal(paths.paths[0], "README");
}

static void more_paths_than_asked_for_are_said_to_be_cut(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *tip;
    struct mirror_paths paths;
    char name[40];

    (void)state;
    for (int i = 0; i < MIRROR_PATHS_MAX + 1; i++) {
        snprintf(name, sizeof(name), "git/app/many/%d", i);
        git_room_write(&room, git_room_path(&room, "%s", name), "x");
    }
    git_room_git(&room, repo, "add", "--", "many", NULL);
    git_room_git(&room, repo, "commit", "-q", "-m", "many", NULL);
    tip = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    fetch("app");
    paths = paths_of(NULL, tip, 0);
    assert_int_equal(paths.n, MIRROR_PATHS_MAX);
    assert_true(paths.truncated);
    paths = paths_of(NULL, tip, 5);
    assert_int_equal(paths.n, 5);
    assert_true(paths.truncated);
    paths = paths_of(tip, tip, 5);
    assert_int_equal(paths.n, 0);
    assert_false(paths.truncated);
}

static void unusual_names_arrive_as_they_are(void **state)
{
    static const char *const names[] = {
        "$(touch x)",     "`id`", "-rf", "a;b", "a b/c'd", "\xe6\x97\xa5\xe6\x9c\xac.html",
        "--upload-pack=x"};
    const char *repo = git_room_repo(&room, "app"), *tip;
    struct mirror_paths paths;

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        git_room_write(&room, arena_printf(&room.arena, "%s/%s", repo, names[i]), "x");
    git_room_git(&room, repo, "add", "-A", NULL);
    git_room_git(&room, repo, "commit", "-q", "-m", "names", NULL);
    tip = git_room_git(&room, repo, "rev-parse", "HEAD", NULL);
    fetch("app");
    paths = paths_of(NULL, tip, 0);
    assert_int_equal(paths.n, sizeof(names) / sizeof(*names));
    assert_false(paths.truncated);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++)
        assert_true(holds(&paths, names[i]));
}

/* A commit whose tree has one entry of that name; no checks of git's are asked. */
static const char *odd_tree(const char *repo, const char *name, const char *mode, const char *sha)
{
    char entry[600], commit[200];
    size_t n = (size_t)snprintf(entry, sizeof(entry), "%s %s", mode, name) + 1;
    const char *tree, *tip;

    for (size_t i = 0; i < 20; i++) {
        unsigned byte;
        assert_int_equal(sscanf(sha + 2 * i, "%2x", &byte), 1);
        entry[n + i] = (char)byte;
    }
    tree = git_room_feed(&room, repo, entry, n + 20, "hash-object", "-t", "tree", "--literally",
                         "-w", "--stdin", NULL);
    snprintf(commit, sizeof(commit), "tree %s\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n\no",
             tree);
    tip = git_room_feed(&room, repo, commit, strlen(commit), "hash-object", "-t", "commit", "-w",
                        "--stdin", NULL);
    git_room_git(&room, repo, "update-ref", "refs/heads/main", tip, NULL);
    return tip;
}

static void T51_trees_that_no_honest_git_makes_count_as_cut(void **state)
{
    static const char *const names[] = {"content\n", "\xff.html", "content\xe2\x80\xae"};
    const char *repo = git_room_repo(&room, "app"), *tree, *blob;

    (void)state;
    git_room_commit(&room, repo, "app/code.c", "1", "code");
    tree = git_room_git(&room, repo, "rev-parse", "HEAD^{tree}", NULL);
    blob = git_room_git(&room, repo, "rev-parse", "HEAD:README", NULL);
    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        const char *tip = odd_tree(repo, names[i], "100644", blob);
        assert_string_equal(fetch("app"), tip);
        assert_true(paths_of(NULL, tip, 0).truncated);
    }
    /* content/../app/code.c would look like content. */
    for (int i = 0; i < 2; i++) {
        const char *tip = odd_tree(repo, i == 0 ? ".." : ".", "40000", tree);
        struct mirror_paths paths;
        assert_string_equal(fetch("app"), tip);
        paths = paths_of(NULL, tip, 0);
        assert_true(paths.truncated);
        assert_int_equal(paths.n, 2);
    }
}

/* What is fetched -------------------------------------------------------------------------------- */

static void T30_a_branch_with_a_command_in_its_name_is_a_name(void **state)
{
    static const char branch[] = "x$(touch${IFS}y)";
    const char *repo = git_room_repo(&room, "app"), *tip;
    struct mirror_source source = git_room_source(&room, "app");
    struct mirror_fetched fetched;

    (void)state;
    git_room_git(&room, repo, "checkout", "-q", "-b", branch, NULL);
    tip = git_room_commit(&room, repo, "a", "1", "there");
    source.branch = branch;
    assert_int_equal(mirror_fetch(&source, &fetched, &err), 0);
    assert_string_equal(fetched.tip, tip);
    assert_int_equal(access("y", F_OK), -1);
    source.branch = "--upload-pack=x";
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_INVALID);
    source.branch = "main:refs/heads/other";
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_INVALID);
    source.branch = "*";
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_INVALID);
}

static void W6_only_the_branch_is_fetched_no_other_no_tag_no_submodule(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *fork, *tip, *mirror;
    struct mirror_range range;
    struct mirror_line line;

    (void)state;
    git_room_git(&room, repo, "checkout", "-q", "-b", "fork", NULL);
    fork = git_room_commit(&room, repo, "evil", "1", "unmerged");
    git_room_git(&room, repo, "update-ref", "refs/pull/1/head", fork, NULL);
    git_room_git(&room, repo, "tag", "v1", NULL);
    git_room_git(&room, repo, "checkout", "-q", "main", NULL);
    git_room_git(&room, repo, "update-index", "--add", "--cacheinfo",
                 "160000,1234567890123456789012345678901234567890,sub", NULL);
    tip = git_room_commit(&room, repo, ".gitmodules",
                          "[submodule \"sub\"]\n\tpath = sub\n\turl = ext::touch y\n", "sub");
    assert_string_equal(fetch("app"), tip);
    range = git_room_range(&room, NULL, fork);
    assert_int_equal(mirror_line(&room.arena, &range, &line, &err), ERR_NOT_FOUND);
    mirror = git_room_path(&room, "mirrors/acme%%app.git");
    assert_string_equal(git_room_git(&room, mirror, "for-each-ref", "--format=%(refname)", NULL),
                        "refs/slipway/branch");
    assert_int_equal(paths_of(NULL, tip, 0).n, 2);
    assert_int_equal(access(git_room_path(&room, "mirrors/acme%%app.git/sub"), F_OK), -1);
}

static void another_branch_in_the_configuration_is_followed(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *tip;
    struct mirror_source source = git_room_source(&room, "app");
    struct mirror_fetched fetched;

    (void)state;
    fetch("app");
    git_room_git(&room, repo, "checkout", "-q", "-b", "release/1", NULL);
    tip = git_room_commit(&room, repo, "a", "1", "there");
    source.branch = "release/1";
    assert_int_equal(mirror_fetch(&source, &fetched, &err), 0);
    assert_string_equal(fetched.tip, tip);
    assert_true(fetched.changed);
}

static void a_missing_branch_and_a_missing_repository_are_told_apart(void **state)
{
    struct mirror_source source = git_room_source(&room, "app");
    struct mirror_fetched fetched;

    (void)state;
    git_room_repo(&room, "app");
    source.branch = "trunk";
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "branch trunk not found in file:///"));
    source = git_room_source(&room, "nowhere");
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_UNREACHABLE);
    assert_non_null(strstr(err.text, "acme/app"));
    assert_non_null(strstr(err.text, "/git/nowhere"));
    /* A repository without a commit has no branch. */
    git_room_git(&room, room.roots, "init", "-q", "-b", "main", "empty", NULL);
    source = git_room_source(&room, "empty");
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_NOT_FOUND);
}

static void a_mirror_that_is_not_there_yet_is_not_found(void **state)
{
    struct mirror_range range =
        git_room_range(&room, NULL, "1234567890123456789012345678901234567890");
    struct mirror_line line;
    struct mirror_paths paths;

    (void)state;
    assert_int_equal(mirror_line(&room.arena, &range, &line, &err), ERR_NOT_FOUND);
    assert_non_null(strstr(err.text, "no mirror of acme/app yet"));
    assert_int_equal(mirror_paths(&room.arena, &range, &paths, &err), ERR_NOT_FOUND);
    range.name = "../else/x";
    assert_int_equal(mirror_line(&room.arena, &range, &line, &err), ERR_INVALID);
    range = git_room_range(&room, NULL, "main");
    git_room_repo(&room, "app");
    fetch("app");
    assert_int_equal(mirror_line(&room.arena, &range, &line, &err), ERR_INVALID);
    range.to = "HEAD";
    assert_int_equal(mirror_paths(&room.arena, &range, &paths, &err), ERR_INVALID);
}

/* What is refused -------------------------------------------------------------------------------- */

static void T51_only_https_and_file_are_fetched(void **state)
{
    static const char *const urls[] = {"ssh://git@github.com/acme/app.git",
                                       "git@github.com:acme/app.git",
                                       "git://host/acme/app",
                                       "ext::sh -c touch% y",
                                       "http://127.0.0.1/acme/app.git",
                                       "HTTPS://host/x",
                                       "",
                                       "https://",
                                       "https:///x",
                                       "https://host/a b",
                                       "https://host/\n",
                                       "https://user:word@host/x",
                                       "https://token@host/x",
                                       "file://host/x",
                                       "-u",
                                       "/etc"};

    (void)state;
    git_room_repo(&room, "app");
    for (size_t i = 0; i < sizeof(urls) / sizeof(*urls); i++)
        refused(urls[i], ERR_DENIED);
    assert_null(strstr(err.text, "word"));
}

static void T50_file_comes_only_from_under_the_roots(void **state)
{
    const char *outside = git_room_path(&room, "else/app");

    (void)state;
    git_room_repo(&room, "app");
    git_room_git(&room, room.folder, "clone", "-q", "--bare", "git/app", "else/app", NULL);
    git_room_git(&room, room.folder, "clone", "-q", "--bare", "git/app", "git-too/app", NULL);
    refused(arena_printf(&room.arena, "file://%s", outside), ERR_DENIED);
    refused(arena_printf(&room.arena, "file://%s-too/app", room.roots), ERR_DENIED);
    refused(arena_printf(&room.arena, "file://%s/../else/app", room.roots), ERR_DENIED);
    refused(arena_printf(&room.arena, "file://%s/app/..", room.roots), ERR_DENIED);
    refused(arena_printf(&room.arena, "file://%s/%%2e%%2e/else/app", room.roots), ERR_DENIED);
    refused(arena_printf(&room.arena, "file://%s", room.folder), ERR_DENIED);
}

static void T50_a_link_or_a_git_file_does_not_lead_out_of_the_roots(void **state)
{
    (void)state;
    git_room_repo(&room, "app");
    git_room_git(&room, room.folder, "clone", "-q", "--bare", "git/app", "else/app", NULL);
    assert_int_equal(symlink(git_room_path(&room, "else/app"), git_room_path(&room, "git/linked")),
                     0);
    refused(arena_printf(&room.arena, "file://%s/linked", room.roots), ERR_DENIED);
    git_room_write(&room, git_room_path(&room, "git/pointed/.git"),
                   arena_printf(&room.arena, "gitdir: %s/app\n", room.elsewhere));
    refused(arena_printf(&room.arena, "file://%s/pointed", room.roots), ERR_DENIED);
    git_room_git(&room, room.elsewhere, "clone", "-q", "app", "full", NULL);
    git_room_git(&room, git_room_path(&room, "else/full"), "worktree", "add", "-q", "-b", "w",
                 git_room_path(&room, "git/tree"), NULL);
    refused(arena_printf(&room.arena, "file://%s/tree", room.roots), ERR_DENIED);
}

static void a_link_within_the_roots_and_a_linked_root_are_fine(void **state)
{
    const char *tip, *linked = git_room_path(&room, "linked-root");
    struct mirror_source source;
    struct mirror_fetched fetched;

    (void)state;
    git_room_repo(&room, "app");
    tip = fetch("app");
    assert_int_equal(symlink("app", git_room_path(&room, "git/alias")), 0);
    assert_string_equal(fetch("alias"), tip);
    assert_int_equal(symlink(room.roots, linked), 0);
    source = git_room_source(&room, "app");
    source.url = arena_printf(&room.arena, "file://%s/app", linked);
    source.roots = &linked;
    assert_int_equal(mirror_fetch(&source, &fetched, &err), 0);
    source.n_roots = 0;
    assert_int_equal(mirror_fetch(&source, &fetched, &err), ERR_DENIED);
}

/* What was broken -------------------------------------------------------------------------------- */

static void what_a_killed_worker_left_does_not_stop_the_next(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *tip;
    static const char *const left[] = {"refs/slipway/branch.lock",
                                       "packed-refs.lock",
                                       "config.lock",
                                       "HEAD.lock",
                                       "objects/pack/pack_git2_a1b2c3",
                                       "objects/pack/pack_git2_a1b2c3.idx"};

    (void)state;
    fetch("app");
    tip = git_room_commit(&room, repo, "a", "1", "more");
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        git_room_write(&room, git_room_path(&room, "mirrors/acme%%app.git/%s", left[i]), "left");
    assert_string_equal(fetch("app"), tip);
    for (size_t i = 0; i < sizeof(left) / sizeof(*left); i++)
        assert_int_equal(access(git_room_path(&room, "mirrors/acme%%app.git/%s", left[i]), F_OK),
                         -1);
}

static void a_half_made_mirror_is_made_whole(void **state)
{
    const char *half = git_room_path(&room, "mirrors/acme%%app.git");

    (void)state;
    git_room_repo(&room, "app");
    assert_int_equal(mkdir(half, 0700), 0);
    fetch("app");
    assert_int_equal(unlink(git_room_path(&room, "mirrors/acme%%app.git/HEAD")), 0);
    fetch("app");
}

static void T51_a_damaged_repository_is_an_error_with_its_name(void **state)
{
    const char *repo = git_room_repo(&room, "app"), *blob, *object;
    struct mirror_source source = git_room_source(&room, "app");
    struct mirror_fetched fetched;
    int rc;

    (void)state;
    git_room_commit(&room, repo, "a", "some text", "one");
    blob = git_room_git(&room, repo, "rev-parse", "HEAD:a", NULL);
    object = arena_printf(&room.arena, "%s/.git/objects/%.2s/%s", repo, blob, blob + 2);
    assert_int_equal(chmod(object, 0600), 0);
    git_room_write(&room, object, "no zlib at all");
    rc = mirror_fetch(&source, &fetched, &err);
    assert_true(rc < 0);
    assert_non_null(strstr(err.text, "cannot fetch acme/app from file:///"));
}

static int up_all(void **state)
{
    (void)state;
    mirror_library_begin(NULL);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, up, down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(W4_at_first_sight_there_is_the_tip_alone),
        TEST(A2_who_wrote_what_a_merge_or_a_squash_brings),
        TEST(A2_more_authors_than_are_read_are_said_to_be_more),
        TEST(W4_merge_squash_and_rebase_each_come_as_first_parents_oldest_first),
        TEST(C6_a_force_push_is_followed_and_said_to_be_rewritten),
        TEST(W4_two_thousand_commits_come_in_portions_oldest_first),
        TEST(T42_foreign_texts_come_cleaned_and_bounded),
        TEST(a_rename_counts_as_the_old_path_and_the_new),
        TEST(a_merge_is_compared_with_its_first_parent_and_a_root_with_nothing),
        TEST(more_paths_than_asked_for_are_said_to_be_cut),
        TEST(unusual_names_arrive_as_they_are),
        TEST(T51_trees_that_no_honest_git_makes_count_as_cut),
        TEST(T30_a_branch_with_a_command_in_its_name_is_a_name),
        TEST(W6_only_the_branch_is_fetched_no_other_no_tag_no_submodule),
        TEST(another_branch_in_the_configuration_is_followed),
        TEST(a_missing_branch_and_a_missing_repository_are_told_apart),
        TEST(a_mirror_that_is_not_there_yet_is_not_found),
        TEST(T51_only_https_and_file_are_fetched),
        TEST(T50_file_comes_only_from_under_the_roots),
        TEST(T50_a_link_or_a_git_file_does_not_lead_out_of_the_roots),
        TEST(a_link_within_the_roots_and_a_linked_root_are_fine),
        TEST(what_a_killed_worker_left_does_not_stop_the_next),
        TEST(a_half_made_mirror_is_made_whole),
        TEST(T51_a_damaged_repository_is_an_error_with_its_name),
    };

    return cmocka_run_group_tests(tests, up_all, NULL);
}
