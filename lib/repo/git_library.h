/*
 * git_library: libgit2, loaded by the git keeper when it is first asked something (lib/base/library.h).
 *
 * The files of the mirror include this in the place of <git2.h>: what they call is looked up by the names in the list.
 * slipwayd itself calls none of it.
 */
#ifndef SLIPWAY_LIB_REPO_GIT_LIBRARY_H
#define SLIPWAY_LIB_REPO_GIT_LIBRARY_H

#include <git2.h>

#include "lib/base/library.h"

/* clang-format off */
#define GIT_LIBRARY(X)                                                                             \
    X(git_commit_author) X(git_commit_committer) X(git_commit_free) X(git_commit_id)               \
    X(git_commit_lookup) X(git_commit_message) X(git_commit_parent) X(git_commit_parent_id)        \
    X(git_commit_parentcount) X(git_commit_time) X(git_commit_tree) X(git_diff_free)               \
    X(git_diff_options_init) X(git_diff_tree_to_tree) X(git_error_last)                            \
    X(git_fetch_options_init) X(git_libgit2_init) X(git_libgit2_opts) X(git_oid_cpy)               \
    X(git_oid_equal) X(git_oid_fromstr) X(git_oid_tostr) X(git_packbuilder_free)                   \
    X(git_packbuilder_insert_walk) X(git_packbuilder_new) X(git_packbuilder_object_count)          \
    X(git_packbuilder_write) X(git_reference_create) X(git_reference_free)                         \
    X(git_reference_name_to_id) X(git_remote_connect_ext) X(git_remote_create_anonymous)           \
    X(git_remote_fetch) X(git_remote_free) X(git_remote_ls) X(git_repository_commondir)            \
    X(git_repository_free) X(git_repository_init) X(git_repository_open_bare)                      \
    X(git_repository_open_ext) X(git_repository_path) X(git_revwalk_free) X(git_revwalk_hide)      \
    X(git_revwalk_new) X(git_revwalk_next) X(git_revwalk_push) X(git_tree_free)
/* clang-format on */

struct git_library {
    GIT_LIBRARY(LIBRARY_FIELD)
};

/* Load it, if it is not; workers inherit it. ERR_NOT_FOUND says what is missing. */
int git_library_load(struct err *err);

/* Of the library that is loaded; loads it, and ends the process if it cannot. */
const struct git_library *git_library(void);

#ifndef __cppcheck__ /* which knows what a function gives, and not what a table of them does */
/* clang-format off */
#define git_commit_author(...) (git_library()->git_commit_author(__VA_ARGS__))
#define git_commit_committer(...) (git_library()->git_commit_committer(__VA_ARGS__))
#define git_commit_free(...) (git_library()->git_commit_free(__VA_ARGS__))
#define git_commit_id(...) (git_library()->git_commit_id(__VA_ARGS__))
#define git_commit_lookup(...) (git_library()->git_commit_lookup(__VA_ARGS__))
#define git_commit_message(...) (git_library()->git_commit_message(__VA_ARGS__))
#define git_commit_parent(...) (git_library()->git_commit_parent(__VA_ARGS__))
#define git_commit_parent_id(...) (git_library()->git_commit_parent_id(__VA_ARGS__))
#define git_commit_parentcount(...) (git_library()->git_commit_parentcount(__VA_ARGS__))
#define git_commit_time(...) (git_library()->git_commit_time(__VA_ARGS__))
#define git_commit_tree(...) (git_library()->git_commit_tree(__VA_ARGS__))
#define git_diff_free(...) (git_library()->git_diff_free(__VA_ARGS__))
#define git_diff_options_init(...) (git_library()->git_diff_options_init(__VA_ARGS__))
#define git_diff_tree_to_tree(...) (git_library()->git_diff_tree_to_tree(__VA_ARGS__))
#define git_error_last(...) (git_library()->git_error_last(__VA_ARGS__))
#define git_fetch_options_init(...) (git_library()->git_fetch_options_init(__VA_ARGS__))
#define git_libgit2_init(...) (git_library()->git_libgit2_init(__VA_ARGS__))
#define git_libgit2_opts(...) (git_library()->git_libgit2_opts(__VA_ARGS__))
#define git_oid_cpy(...) (git_library()->git_oid_cpy(__VA_ARGS__))
#define git_oid_equal(...) (git_library()->git_oid_equal(__VA_ARGS__))
#define git_oid_fromstr(...) (git_library()->git_oid_fromstr(__VA_ARGS__))
#define git_oid_tostr(...) (git_library()->git_oid_tostr(__VA_ARGS__))
#define git_packbuilder_free(...) (git_library()->git_packbuilder_free(__VA_ARGS__))
#define git_packbuilder_insert_walk(...) (git_library()->git_packbuilder_insert_walk(__VA_ARGS__))
#define git_packbuilder_new(...) (git_library()->git_packbuilder_new(__VA_ARGS__))
#define git_packbuilder_object_count(...) (git_library()->git_packbuilder_object_count(__VA_ARGS__))
#define git_packbuilder_write(...) (git_library()->git_packbuilder_write(__VA_ARGS__))
#define git_reference_create(...) (git_library()->git_reference_create(__VA_ARGS__))
#define git_reference_free(...) (git_library()->git_reference_free(__VA_ARGS__))
#define git_reference_name_to_id(...) (git_library()->git_reference_name_to_id(__VA_ARGS__))
#define git_remote_connect_ext(...) (git_library()->git_remote_connect_ext(__VA_ARGS__))
#define git_remote_create_anonymous(...) (git_library()->git_remote_create_anonymous(__VA_ARGS__))
#define git_remote_fetch(...) (git_library()->git_remote_fetch(__VA_ARGS__))
#define git_remote_free(...) (git_library()->git_remote_free(__VA_ARGS__))
#define git_remote_ls(...) (git_library()->git_remote_ls(__VA_ARGS__))
#define git_repository_commondir(...) (git_library()->git_repository_commondir(__VA_ARGS__))
#define git_repository_free(...) (git_library()->git_repository_free(__VA_ARGS__))
#define git_repository_init(...) (git_library()->git_repository_init(__VA_ARGS__))
#define git_repository_open_bare(...) (git_library()->git_repository_open_bare(__VA_ARGS__))
#define git_repository_open_ext(...) (git_library()->git_repository_open_ext(__VA_ARGS__))
#define git_repository_path(...) (git_library()->git_repository_path(__VA_ARGS__))
#define git_revwalk_free(...) (git_library()->git_revwalk_free(__VA_ARGS__))
#define git_revwalk_hide(...) (git_library()->git_revwalk_hide(__VA_ARGS__))
#define git_revwalk_new(...) (git_library()->git_revwalk_new(__VA_ARGS__))
#define git_revwalk_next(...) (git_library()->git_revwalk_next(__VA_ARGS__))
#define git_revwalk_push(...) (git_library()->git_revwalk_push(__VA_ARGS__))
#define git_tree_free(...) (git_library()->git_tree_free(__VA_ARGS__))
/* clang-format on */
#endif

#endif
