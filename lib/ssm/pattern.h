/*
 * pattern: allowedPattern of a document's parameter (ssm-wire.md 7.1).
 *
 * The whole value must match, whether or not the pattern says so: what it lets through may stand in
 * a script. Written for another engine, so what POSIX lacks is translated (\d \w \s (?: and lazy
 * quantifiers) or refused (look-around, back-references), and repetitions are bounded: neither a
 * pattern nor a value from outside can take long. Pure.
 */
#ifndef SLIPWAY_LIB_SSM_PATTERN_H
#define SLIPWAY_LIB_SSM_PATTERN_H

#include <stdbool.h>

#include "lib/base/err.h"

#define PATTERN_MAX 1024

/* Can it be used? ERR_INVALID says why not. */
int pattern_check(const char *pattern, struct err *err);

/* False also for a pattern that cannot be used. */
bool pattern_matches(const char *pattern, const char *value);

#endif
