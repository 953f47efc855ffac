/*
 * analyzer: what clang-tidy cannot know, since it reads one file at a time. check_tidy puts it in front of every
 * file except err.c; no program contains it.
 *
 * err_set and err_wrap return a negative code. Without that the analyzer follows paths on which a function
 * failed, returned 0 and left its outputs unset.
 */
#ifndef SLIPWAY_TESTS_LINT_ANALYZER_H
#define SLIPWAY_TESTS_LINT_ANALYZER_H

#include "lib/base/err.h"

static inline int analyzer_negative(int code)
{
    if (code >= 0)
        __builtin_unreachable();
    return code;
}

#define err_set(...) analyzer_negative(err_set(__VA_ARGS__))
#define err_wrap(...) analyzer_negative(err_wrap(__VA_ARGS__))

#endif
