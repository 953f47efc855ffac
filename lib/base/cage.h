/*
 * cage: what a process gives up before it meets the outside (threats.md T58).
 *
 * The server never executes anything, so it cannot: seccomp refuses execve, ptrace, mount, keyctl
 * and their kin with EPERM; Landlock keeps its hands on its own folders. The git keeper wears a
 * tighter one. Sanitizer builds allow ptrace. Called once each by main, in this order: basics, files,
 * no_exec (or keeper), before any thread that meets the outside: files holds the thread that calls it and those
 * that are begun after it, no_exec and keeper hold all threads there are. What is given up stays so, for children
 * too; what a kernel lacks is said, not hidden.
 */
#ifndef SLIPWAY_LIB_BASE_CAGE_H
#define SLIPWAY_LIB_BASE_CAGE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

/* No core dumps, no new privileges, no debugger of the same user, umask 077. */
int cage_basics(struct err *err);

/* No program is ever started from here on, by this process or its children. They may fork. */
int cage_no_exec(struct err *err);

/* For the git keeper and its workers: also no listening sockets, no change of user. */
int cage_keeper(struct err *err);

/*
 * Landlock: only these folders and files may be read, and only those written, from here on.
 * `*ret_held` false: this kernel has no Landlock; a warning that doctor repeats, not an error.
 * Executing is granted nowhere. Paths that do not exist are passed over.
 */
int cage_files(const char *const *readable, size_t n_readable, const char *const *writable,
               size_t n_writable, bool *ret_held, struct err *err);

/* Does a seccomp filter hold this process? Asks the kernel, needs no file. */
bool cage_is_held(void);

/* For doctor and the start-up line: what holds this process now. */
struct cage_report {
    bool no_new_privs;
    bool no_exec; /* a seccomp filter is loaded */
    bool no_core;
    bool files;       /* cage_files took hold */
    int landlock_abi; /* of the kernel; 0 = it has none, so `files` cannot become true */
};
void cage_report(struct cage_report *ret_report);

#endif
