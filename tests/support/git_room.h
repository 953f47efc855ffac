/*
 * git_room: real repositories for the tests of mirror and keeper, made by git itself.
 *
 * A folder of its own under TMPDIR with `git/` (what may be fetched from: a mirror root), `mirrors/`
 * and `else/` (what may not be touched). git runs without any configuration but ours, at fixed times.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_GIT_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_GIT_ROOM_H

#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/repo/mirror.h"

struct git_room {
    struct arena arena;
    char folder[200], roots[220], mirrors[220], elsewhere[220];
    const char *root_list[1];
};

void git_room_up(struct git_room *room);
void git_room_down(struct git_room *room);

/* A path in the room; lives as long as the room. */
const char *git_room_path(struct git_room *room, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Run git in that folder; arguments end with NULL. What it printed, without the last line end; a
 * failure fails the test. */
char *git_room_git(struct git_room *room, const char *folder, ...) __attribute__((sentinel));
/* The same with bytes for its standard input. */
char *git_room_feed(struct git_room *room, const char *folder, const void *bytes, size_t n, ...)
    __attribute__((sentinel));

/* A new repository git/NAME with the branch main and one commit in it; its folder. */
const char *git_room_repo(struct git_room *room, const char *name);
/* Write a file (folders are made), commit it; the commit. */
const char *git_room_commit(struct git_room *room, const char *repo, const char *path,
                            const char *text, const char *message);
/* `n` more commits on main, quickly ("commit 1" ...); the last. */
const char *git_room_many(struct git_room *room, const char *repo, int n);
/* A file with those bytes, its folders made. */
void git_room_write(struct git_room *room, const char *path, const char *text);

/* acme/app, mirrored from git/NAME, branch main. */
struct mirror_source git_room_source(struct git_room *room, const char *name);
/* A question about the mirror of acme/app. */
struct mirror_range git_room_range(struct git_room *room, const char *from, const char *to);

#endif
