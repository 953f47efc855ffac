/*
 * keeper: the process that may touch git, so that the server never does.
 *
 *      slipwayd  --- request frames --->  keeper  --- fork, one each --->  worker (libgit2)
 *                <--- answer frames ---           <--- pipe, deadline ---
 *
 * keeper_spawn() forks before any thread, library or secret exists. The keeper is single-threaded,
 * wears its own seccomp profile, never executes a program, and starts one worker per request with a
 * memory limit; at its deadline the worker is killed and the request answered with ERR_TIMEOUT. Frames
 * are bounded JSON, length first. Both die with their parent. The client side is asynchronous: ask, poll
 * keeper_fd(), take. One thread (the flow) owns it.
 */
#ifndef SLIPWAY_LIB_REPO_KEEPER_H
#define SLIPWAY_LIB_REPO_KEEPER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/repo/mirror.h"

#define KEEPER_FRAME_MAX (4 * 1024 * 1024)

enum keeper_verb { KEEPER_FETCH, KEEPER_LINE, KEEPER_PATHS };

struct keeper_request {
    enum keeper_verb verb;
    struct mirror_source source; /* folder and name always; the rest for FETCH */
    const char *known;           /* LINE: NULL = none */
    const char *sha;             /* LINE: the tip; PATHS: the commit */
    int64_t deadline_ms;         /* for the worker */
};

struct keeper_answer {
    uint64_t id;
    int rc; /* 0, or the worker's error */
    const char *error;
    char tip[41];              /* FETCH */
    struct mirror_line line;   /* LINE */
    struct mirror_paths paths; /* PATHS */
};

struct keeper;

/* Fork it. In the child this does not return. */
int keeper_spawn(struct keeper **ret_keeper, struct err *err);
/* Ends it and waits for it. */
void keeper_free(struct keeper *keeper);

int keeper_fd(const struct keeper *keeper);

/* ERR_INTERNAL: the keeper is gone; the server stops its side effects and exits. */
int keeper_ask(struct keeper *keeper, const struct keeper_request *request, uint64_t *ret_id,
               struct err *err);
/* One answer if one is there; never waits. */
int keeper_take(struct keeper *keeper, struct arena *arena, struct keeper_answer *ret_answer,
                bool *ret_got, struct err *err);
/* Wait for the next answer, at most so long: for tests and doctor. ERR_TIMEOUT. */
int keeper_wait(struct keeper *keeper, struct arena *arena, int64_t timeout_ms,
                struct keeper_answer *ret_answer, struct err *err);

/* Frames as texts, for both sides and the fuzz target. */
const char *keeper_request_text(struct arena *arena, uint64_t id,
                                const struct keeper_request *request);
int keeper_request_read(struct arena *arena, const char *text, size_t len, uint64_t *ret_id,
                        struct keeper_request *ret_request, struct err *err);
const char *keeper_answer_text(struct arena *arena, enum keeper_verb verb,
                               const struct keeper_answer *answer);
int keeper_answer_read(struct arena *arena, const char *text, size_t len,
                       struct keeper_answer *ret_answer, struct err *err);

#endif
