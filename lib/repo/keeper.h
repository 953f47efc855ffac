/*
 * keeper: the process that may touch git, so that the server never does.
 *
 *      slipwayd  --- request frames --->  keeper  --- fork, one each --->  worker (libgit2)
 *                <--- answer frames ---           <--- frame, deadline ---
 *
 * keeper_spawn() forks before any thread, library or secret exists. The keeper is single-threaded,
 * wears its own seccomp profile, never executes a program, and starts one worker per request with a
 * memory limit and hands only on its mirror and mirror-roots; at its deadline the worker is killed and
 * the request answered with ERR_TIMEOUT. Frames are bounded JSON, length first (keeper_frame.h). Both
 * die with their parent and hold the lock `keeper.lock` in the folder of mirrors.
 *
 * This is the server's side, in keeper.c; the keeper's own is keeper_serve.c, a worker keeper_worker.c.
 * It is asynchronous: ask, poll keeper_fd(), take. Nothing here waits but keeper_free() and
 * keeper_wait(). One thread (the flow) owns it. If the keeper dies, what was under way is never
 * answered and asking and taking say ERR_INTERNAL: the server stops its side effects and exits.
 */
#ifndef SLIPWAY_LIB_REPO_KEEPER_H
#define SLIPWAY_LIB_REPO_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/repo/mirror.h"

#define KEEPER_UNDER_WAY_MAX 1024      /* requests without an answer */
#define KEEPER_WORKERS_MAX 4           /* of these, at work; the others wait their turn */
#define KEEPER_DEADLINE_MAX_MS 3600000 /* an hour */

enum keeper_verb {
    KEEPER_FETCH,    /* bring the branch of `source` */
    KEEPER_LINE,     /* first-parent commits after `known`, up to `sha` */
    KEEPER_PATHS,    /* paths that differ between `known` (or the first parent) and `sha` */
    KEEPER_CONTAINS, /* is `known` on the first-parent line of `sha`? */
    KEEPER_VERBS
};

struct keeper_request {
    enum keeper_verb verb;
    struct mirror_source source; /* folder and name always; the rest for FETCH */
    const char *known;           /* NULL = none */
    const char *sha;
    size_t max;          /* LINE, PATHS: 0 = as many as one answer takes */
    int64_t deadline_ms; /* how long a worker may take: 1 .. KEEPER_DEADLINE_MAX_MS */
};

struct keeper_answer {
    uint64_t id;
    int rc;                    /* 0, or what mirror.h says; also ERR_TIMEOUT, ERR_BUSY */
    const char *error;         /* NULL if rc is 0 */
    char tip[41];              /* FETCH */
    bool changed;              /* FETCH: it was another before */
    struct mirror_line line;   /* LINE */
    struct mirror_paths paths; /* PATHS */
    bool contains;             /* CONTAINS */
};

struct keeper;

/* Fork it. In the child this does not return. */
int keeper_spawn(struct keeper **ret_keeper, struct err *err);
/* Ends it, whatever is under way, and waits for it. Accepts NULL. */
void keeper_free(struct keeper *keeper);

/* Readable when there is an answer, or when the keeper is gone. */
int keeper_fd(const struct keeper *keeper);
bool keeper_alive(const struct keeper *keeper);
pid_t keeper_pid(const struct keeper *keeper);

/*
 * Ask; answers come in any order, found by their id (never 0). Nothing of `request` is kept.
 * ERR_BUSY: too many are under way. ERR_INVALID: the request has no good form.
 */
int keeper_ask(struct keeper *keeper, const struct keeper_request *request, uint64_t *ret_id,
               struct err *err);
/* One answer if one is there (`*ret_got`); its texts live in the arena. */
int keeper_take(struct keeper *keeper, struct arena *arena, struct keeper_answer *ret_answer,
                bool *ret_got, struct err *err);
/* Wait for the answer to `id`, at most so long (ERR_TIMEOUT); others stay for keeper_take(). For tests
 * and small programs: the flow polls. */
int keeper_wait(struct keeper *keeper, uint64_t id, int64_t timeout_ms, struct arena *arena,
                struct keeper_answer *ret_answer, struct err *err);

#endif
