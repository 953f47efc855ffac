#include "lib/repo/mirror_makers.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/repo/git_library.h"
#include "lib/repo/mirror_git.h"

#define COMMITS_MAX 500 /* of one merge; what is behind that is not known */

/* What could not be an address that is known, or is one too many, is not left out in silence. */
static void add(struct arena *arena, struct mirror_commit *c, const char *email, size_t len)
{
    char *kept;
    bool plain = len > 2 && len <= MIRROR_PERSON_MAX && memchr(email, '@', len) != NULL;

    for (size_t i = 0; i < len && plain; i++)
        plain = email[i] > ' ' && email[i] < 0x7f && strchr("\"\\<>", email[i]) == NULL;
    if (!plain || c->n_makers == MIRROR_MAKERS_MAX) {
        for (size_t i = 0; plain && i < c->n_makers; i++)
            if (strncasecmp(c->makers[i], email, len) == 0 && c->makers[i][len] == '\0')
                return;
        c->more_makers = true;
        return;
    }
    kept = arena_strn(arena, email, len);
    for (char *p = kept; *p != '\0'; p++)
        *p = (char)tolower((unsigned char)*p);
    for (size_t i = 0; i < c->n_makers; i++)
        if (strcmp(c->makers[i], kept) == 0)
            return;
    c->makers[c->n_makers++] = kept;
}

/* `Co-authored-by: NAME <ADDRESS>`, at the beginning of a line. */
static void add_co_authors(struct arena *arena, const char *message, struct mirror_commit *c)
{
    static const char says[] = "co-authored-by:";

    for (const char *line = message; line != NULL;) {
        size_t len = strcspn(line, "\r\n");

        if (len > sizeof(says) && strncasecmp(line, says, sizeof(says) - 1) == 0) {
            const char *open = memchr(line, '<', len);
            const char *close =
                open != NULL ? memchr(open, '>', len - (size_t)(open - line)) : NULL;
            if (close != NULL)
                add(arena, c, open + 1, (size_t)(close - open) - 1);
            else
                c->more_makers = true;
        }
        line = strchr(line, '\n');
        line += line != NULL;
    }
}

static int add_commit(struct arena *arena, git_repository *repository, const git_oid *id,
                      struct mirror_commit *c, struct err *err)
{
    git_commit *commit = NULL;
    const git_signature *author;

    if (git_commit_lookup(&commit, repository, id) < 0)
        return mirror_git_failed(err, ERR_INTERNAL, "reading a commit behind %s", c->sha);
    author = git_commit_author(commit);
    if (author->email != NULL)
        add(arena, c, author->email, strlen(author->email));
    add_co_authors(arena, git_commit_message(commit), c);
    git_commit_free(commit);
    return 0;
}

/* What the other parents bring that the first one has not. */
static int add_sides(struct arena *arena, git_repository *repository, const git_commit *commit,
                     struct mirror_commit *c, struct err *err)
{
    git_revwalk *walk = NULL;
    size_t n = 0;
    git_oid id;
    int rc = 0, next = 0;

    if (git_revwalk_new(&walk, repository) < 0 ||
        git_revwalk_hide(walk, git_commit_parent_id(commit, 0)) < 0)
        rc = mirror_git_failed(err, ERR_INTERNAL, "walking behind %s", c->sha);
    for (unsigned i = 1; i < git_commit_parentcount(commit) && rc == 0; i++)
        if (git_revwalk_push(walk, git_commit_parent_id(commit, i)) < 0)
            rc = mirror_git_failed(err, ERR_INTERNAL, "walking behind %s", c->sha);
    while (rc == 0 && n < COMMITS_MAX && (next = git_revwalk_next(&id, walk)) == 0) {
        rc = add_commit(arena, repository, &id, c, err);
        n++;
    }
    if (rc == 0 && next < 0 && next != GIT_ITEROVER)
        rc = mirror_git_failed(err, ERR_INTERNAL, "walking behind %s", c->sha);
    c->more_makers = c->more_makers || n == COMMITS_MAX;
    git_revwalk_free(walk);
    return rc;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int mirror_makers_read(struct arena *arena, git_repository *repository, const git_commit *commit,
                       struct mirror_commit *c, struct err *err)
{
    const char *message = git_commit_message(commit);
    int rc;

    c->n_makers = 0;
    c->more_makers = false;
    if (message != NULL)
        add_co_authors(arena, message, c);
    rc = git_commit_parentcount(commit) > 1 ? add_sides(arena, repository, commit, c, err) : 0;
    /* git walks commits of one second in any order. */
    qsort(c->makers, c->n_makers, sizeof(c->makers[0]), by_text);
    return rc;
}
