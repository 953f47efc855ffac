/*
 * document: the steps of a job as SSM's schema 2.2, in exact bytes (ssm-wire.md 7.1).
 *
 * The server builds one per job at the cut; its SHA-256 stands in the signed envelope; the host
 * compares the digest, then reads the steps. Scripts are constant text: no value is ever pasted in
 * (T30). Beside aws:runShellScript there is our own action slipway:health. Pure; texts lie in the
 * arena.
 */
#ifndef SLIPWAY_LIB_SSM_DOCUMENT_H
#define SLIPWAY_LIB_SSM_DOCUMENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/model/config.h"

#define DOCUMENT_MAX (64 * 1024) /* bytes; SSM's own limit */
#define DOCUMENT_STEPS_MAX 64
#define DOCUMENT_VARIABLES_MAX 64     /* per step */
#define DOCUMENT_TIMEOUT_MAX_S 172800 /* the longest SSM allows: policy of migrate jobs */

enum document_action {
    DOCUMENT_RUN,    /* aws:runShellScript: a script, once */
    DOCUMENT_HEALTH, /* slipway:health: again and again until it is well or the time is over */
};

/* What a step that failed means for those after it. A job's always stops it. */
enum document_failure {
    DOCUMENT_FAILURE_STOPS,
    DOCUMENT_FAILURE_GOES_ON,  /* they run all the same */
    DOCUMENT_FAILURE_EXITS,    /* none but the final one runs */
    DOCUMENT_FAILURE_SUCCEEDS, /* ... and the step counts as well done */
};

struct document_step {
    enum document_action action;
    const char *name; /* a word, unique in the document */

    /* DOCUMENT_HEALTH: GET `http` until `expect` is answered; with `http` NULL run `script` until
     * it ends with 0. */
    const char *http;
    int64_t expect;   /* HTTP status */
    int64_t within_s; /* 1 .. 3600 */

    /* What is run, as `sh -c`: the builder puts `set -eu` in front of it, as the first of
     * runCommand; `script` is without that line. */
    const char *script;
    const char *working_directory;   /* absolute; "" = none */
    struct config_pairs environment; /* names [A-Za-z_][A-Za-z0-9_]*, each once */
    const char *run_as;              /* user; "" = the agent's own */
    int64_t timeout_s;               /* DOCUMENT_RUN: 5 .. DOCUMENT_TIMEOUT_MAX_S */

    /* A step of a caller's document (content_steps.h), zero in a job's. Its name may be any text. */
    bool as_ssm;         /* run as SSM's agent does: no `set -eu`, and exit codes with a meaning */
    const char *skipped; /* it is not run here, and why; NULL = it is */
    enum document_failure on_failure;
    bool success_exits; /* once it is well done none but the final one runs */
    bool is_final;      /* runs whatever became of those before it */
};

struct document {
    const char *description;
    struct document_step *steps;
    size_t n_steps;
};

/* The exact bytes and their digest; the same document gives the same bytes. ERR_INVALID: a step is
 * odd, or it is over DOCUMENT_MAX. */
int document_make(struct arena *arena, const struct document *document, const char **ret_text,
                  char ret_digest[DIGEST_HEX_SIZE], struct err *err);

/* Ours alone: strict about members and grammars. ERR_INVALID names step and member. */
int document_parse(struct arena *arena, const char *text, size_t len, struct document *ret_document,
                   struct err *err);

/* Number of the step of that name, or -1. */
int document_step_number(const struct document *document, const char *name);

#endif
