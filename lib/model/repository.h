/*
 * repository: what is known of a configured repository: who it is on GitHub, what its mirror saw.
 */
#ifndef SLIPWAY_LIB_MODEL_REPOSITORY_H
#define SLIPWAY_LIB_MODEL_REPOSITORY_H

#include <stdint.h>

#include "lib/base/timestamp.h"

struct repository {
    int64_t id;              /* ours */
    const char *name;        /* "owner/name" */
    int64_t github_id;       /* 0 = not bound yet (W6) */
    const char *github_name; /* what GitHub calls it now; NULL = `name` */
    time_ms github_name_at;  /* as of when, by GitHub's clock */
    const char *branch;
    char tip_sha[41];       /* "" before first sight */
    time_ms fetched_at;     /* last good fetch, 0 = never */
    time_ms wanted_at;      /* a webhook said something moved, 0 = nothing since the last fetch */
    time_ms failed_at;      /* last failed fetch, 0 after a good one */
    const char *failure;    /* its text, NULL */
    char rewritten_sha[41]; /* a tip off our line (C6), "" = none */
    char adopted_sha[41];   /* such a tip that a person adopted; "" = none, or releases follow it */
};

#endif
