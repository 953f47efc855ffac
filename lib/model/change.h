/*
 * change: what a range of releases consists of: a pull request, or a commit that was pushed without one
 * (C6). Approvals and checks are asked for each by itself (A2, C1).
 */
#ifndef SLIPWAY_LIB_MODEL_CHANGE_H
#define SLIPWAY_LIB_MODEL_CHANGE_H

#include <stddef.h>
#include <stdint.h>

#include "lib/model/account.h"
#include "lib/model/release.h"

struct change {
    int64_t release;   /* that brings it */
    int64_t pull;      /* 0 = pushed without one */
    char head_sha[41]; /* of the pull request, as it was merged; "" */
    enum lane lane;    /* unknown counts as code; so does what was pushed without a pull request */
    const struct account
        *makers; /* author, last pusher, commit authors, as far as they are known */
    size_t n_makers;
    size_t
        n_unknown; /* others who wrote some of it and may be anybody: addresses without an account */
};

#endif
