/*
 * library: one that is loaded when something of it is first wanted.
 *
 * Some libraries bring many others with them, and a server that starts, or one with nobody to ask, calls none of
 * them: linked in they would be loaded and relocated at each start. libmicrohttpd and libcrypto, which a start does
 * call, are loaded behind the fork of the git keeper, which calls none of them, and beside other things (0207). A room
 * that has such a library lists the functions that it calls and includes the list in the place of the library's own
 * header (lib/repo/git_library.h, for one).
 */
#ifndef SLIPWAY_LIB_BASE_LIBRARY_H
#define SLIPWAY_LIB_BASE_LIBRARY_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

#include "lib/base/err.h"

struct library {
    const char *soname;
    const char *const *names; /* of the functions that are called */
    void *functions;          /* a struct of pointers to functions, in the order of `names` */
    size_t n;
    pthread_mutex_t mutex;
    atomic_bool is_loaded;
};

#define LIBRARY_FIELD(name) __typeof__(name) *(name);
#define LIBRARY_NAME(name) #name,
#define LIBRARY_INIT(name_of, all_names, table)                                                    \
    {                                                                                              \
        .soname = (name_of), .names = (all_names), .functions = (table),                           \
        .n = sizeof(all_names) / sizeof(*(all_names)), .mutex = PTHREAD_MUTEX_INITIALIZER,         \
    }

/* Load it, if it is not. ERR_NOT_FOUND says what is missing. Any thread. */
int library_load(struct library *library, struct err *err);

/* The same for who cannot go on without: ends the process, and says why. */
void library_must(struct library *library);

#endif
