/*
 * mirror: a bare copy of a configured repository, and the few questions the server has about it.
 *
 * Only the keeper's workers call this (and tests): each function may be killed at any point, and the
 * next fetch removes what it left. Nothing is checked out, no submodule is followed, and only https
 * and, under the allowed roots, file is fetched (T51). A mirror is the folder OWNER%NAME.git in the
 * folder of mirrors; it has one ref of ours, the tip of the one branch. One mirror is fetched by one
 * at a time; reading beside a fetch is fine. What git answers is foreign: texts come out cleaned and
 * bounded, times between 1970 and 9999.
 */
#ifndef SLIPWAY_LIB_REPO_MIRROR_H
#define SLIPWAY_LIB_REPO_MIRROR_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"

#define MIRROR_LINE_MAX 1000            /* commits in one answer */
#define MIRROR_PATHS_MAX 3000           /* paths in one answer */
#define MIRROR_PATHS_BYTES (512 * 1024) /* and all of them together */
#define MIRROR_SUBJECT_MAX 200          /* bytes of a subject */
#define MIRROR_PERSON_MAX 100           /* bytes of a name or an e-mail address */
#define MIRROR_MAKERS_MAX 16            /* other authors of what one commit brings */
#define MIRROR_REVERTS_MAX 4            /* commits that one commit says it takes out again */
#define MIRROR_FETCH_MAX (4LL << 30)    /* bytes of one fetch */
#define MIRROR_OBJECTS_MAX 5000000      /* objects of one fetch */
#define MIRROR_OBJECT_MAX (512UL << 20) /* bytes of one object */
#define MIRROR_CA_FILE "/etc/ssl/certs/ca-certificates.crt"

/* Once in each process, before the rest: git's own configuration files are not read, memory is
 * bounded. `ca_file`: whom to trust; NULL = MIRROR_CA_FILE. */
void mirror_library_begin(const char *ca_file);

/* Where the mirror of OWNER/NAME lies. ERR_INVALID: that is no name of a repository. */
int mirror_path(const char *folder, const char *name, char *out, size_t size, struct err *err);

/* Remove what killed workers left in all mirrors: locks and unfinished packs. Only while nobody else
 * works in the folder: for whoever holds its lock. Passes over what cannot be removed. */
void mirror_sweep(const char *folder);
/* The same in the one mirror that lies at `path`. mirror_fetch() begins with it. */
void mirror_sweep_one(const char *path);

struct mirror_source {
    const char *folder; /* of all mirrors */
    const char *name;   /* owner/name */
    const char *url;    /* https://, or file:/// under one of the roots; without user or password */
    const char *branch;
    const char *const *roots; /* folders from which file: may come */
    size_t n_roots;
    const char *authorization; /* value of that header for https; NULL = none */
    const char *ca_file;       /* for mirror_library_begin; NULL = MIRROR_CA_FILE */
};

struct mirror_fetched {
    char tip[41];
    bool changed; /* it was another before, or none */
};

/*
 * Fetch exactly that branch, without tags; a force-push is followed. The mirror is made if it is not
 * there. ERR_UNREACHABLE; ERR_NOT_FOUND (no such branch); ERR_DENIED (this address is not fetched
 * from, or it wants a login); ERR_INVALID (what it sent is broken or too large). Texts name the
 * repository and the address.
 */
int mirror_fetch(const struct mirror_source *source, struct mirror_fetched *ret_fetched,
                 struct err *err);

/* What the reading questions are about: a mirror and two of its commits. */
struct mirror_range {
    const char *folder;
    const char *name;
    const char *from; /* 40 hex digits, or NULL = none */
    const char *to;
    size_t max; /* 0 = as many as one answer takes */
};

struct mirror_commit {
    char sha[41];
    char parent_sha[41];  /* first parent, "" for a root */
    unsigned n_parents;   /* 2 = a merge */
    time_ms committed_at; /* UTC */
    const char *author;   /* name */
    const char *author_email;
    const char *committer_email;
    const char *subject;                  /* first line */
    char reverts[MIRROR_REVERTS_MAX][41]; /* from git's own "This reverts commit SHA" lines */
    size_t n_reverts;
    /* Addresses, lower case, of those who wrote what it brings beside its author: mirror_makers.h. */
    const char *makers[MIRROR_MAKERS_MAX];
    size_t n_makers;
    bool more_makers; /* there are others, whose addresses are not here */
};

struct mirror_line {
    struct mirror_commit *commits; /* just after `from` up to `to`, oldest first */
    size_t n;
    bool rewritten; /* `from` is not on the line of `to`; `commits` is `to` alone */
    bool more;      /* there were more than `max`: the oldest were given */
};

/* The first-parent line. Without `from`: only `to`. ERR_NOT_FOUND: no mirror, or no such commit. */
int mirror_line(struct arena *arena, const struct mirror_range *range, struct mirror_line *ret_line,
                struct err *err);

/* Is `from` on the first-parent line of `to`? A commit that the mirror does not have is not. */
int mirror_line_contains(const struct mirror_range *range, bool *ret_contains, struct err *err);

struct mirror_paths {
    const char **paths; /* UTF-8, in git's order */
    size_t n;
    bool
        truncated; /* there are more, or one that no honest tree has: judge as if any had changed */
};

/* Paths that differ between two commits; a rename counts as both. Without `from`: between `to` and
 * its first parent. */
int mirror_paths(struct arena *arena, const struct mirror_range *range,
                 struct mirror_paths *ret_paths, struct err *err);

#endif
