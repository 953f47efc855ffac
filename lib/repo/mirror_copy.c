/* mirror_copy: see mirror_copy.h. */
#include "lib/repo/mirror_copy.h"

#include <limits.h>
#include <stdio.h>

#include "lib/repo/mirror_git.h"

/* What the mirror has is left out, if it is known over there; after a force-push perhaps not. */
static int choose(git_repository *from, const git_oid *had, const git_oid *tip, git_revwalk *walk)
{
    git_commit *known = NULL;
    int rc = git_revwalk_push(walk, tip);

    if (rc == 0 && had != NULL && git_commit_lookup(&known, from, had) == 0)
        rc = git_revwalk_hide(walk, had);
    git_commit_free(known);
    return rc;
}

int mirror_copy(git_repository *from, git_repository *to, const git_oid *had, const git_oid *tip)
{
    git_packbuilder *pack = NULL;
    git_revwalk *walk = NULL;
    git_reference *ref = NULL;
    char folder[PATH_MAX];
    int rc;

    snprintf(folder, sizeof(folder), "%sobjects/pack", git_repository_path(to));
    if ((rc = git_packbuilder_new(&pack, from)) == 0 && (rc = git_revwalk_new(&walk, from)) == 0 &&
        (rc = choose(from, had, tip, walk)) == 0 &&
        (rc = git_packbuilder_insert_walk(pack, walk)) == 0 &&
        git_packbuilder_object_count(pack) > 0)
        rc = git_packbuilder_write(pack, folder, 0, NULL, NULL);
    if (rc == 0)
        rc = git_reference_create(&ref, to, MIRROR_GIT_REF, tip, 1, NULL);
    git_reference_free(ref);
    git_revwalk_free(walk);
    git_packbuilder_free(pack);
    return rc;
}
