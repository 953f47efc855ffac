/*
 * cage: what a process gives up before it meets the outside (threats.md T58).
 *
 * The server never executes anything, so it cannot: seccomp refuses execve, ptrace, mount, keyctl and
 * their kin; Landlock keeps its hands on its own folders. The git keeper wears a tighter one. Sanitizer
 * builds allow ptrace. Called once each, before threads; what a kernel lacks is said, not hidden.
 */
#ifndef SLIPWAY_LIB_BASE_CAGE_H
#define SLIPWAY_LIB_BASE_CAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* No core dumps, no new privileges, umask 077. */
int cage_basics(struct err *err);

/* No program is ever started from here on, by this process or its children. */
int cage_no_exec(struct err *err);

/* For the git keeper and its workers: also no listening sockets. */
int cage_keeper(struct err *err);

/*
 * Landlock: only these folders and files may be read, and only those written, from here on.
 * `*ret_held` false: this kernel has no Landlock; a warning that doctor repeats, not an error.
 * Paths that do not exist are passed over.
 */
int cage_files(const char *const *readable, size_t n_readable, const char *const *writable,
               size_t n_writable, bool *ret_held, struct err *err);

/* Does the kernel hold this process (Seccomp: 2 in its status)? */
bool cage_is_held(void);

#endif
