/*
 * pattern: allowedPattern of a document's parameter (ssm-wire.md 7.1).
 *
 * The whole value must match, whether or not the pattern says so: what it lets through may stand in
 * a script. Written for another engine, so what POSIX lacks is translated (\d \w \s (?: and lazy
 * quantifiers) or refused (look-around, back-references). Repetitions are bounded by what they come to when they are
 * written out, and what may be empty is not repeated a number of times: neither a pattern nor a value from outside can
 * take long. Pure.
 *
 *      if (pattern_new("^[a-z]{1,63}$", &pattern, err) < 0) ...
 *      fine = pattern_matches(pattern, value);      as often as there are values: it is made once
 *      pattern_free(pattern);
 */
#ifndef SLIPWAY_LIB_SSM_PATTERN_H
#define SLIPWAY_LIB_SSM_PATTERN_H

#include <stdbool.h>

#include "lib/base/err.h"

#define PATTERN_MAX 1024

struct pattern;

/* Is it one that we understand, within its bounds? ERR_INVALID says why not. Costs its length, however it is kept. */
int pattern_read(const char *pattern, struct err *err);

/* The same, and whether it can be used, which may cost some ms. ERR_INVALID. */
int pattern_new(const char *pattern, struct pattern **ret_pattern, struct err *err);
void pattern_free(struct pattern *pattern);
bool pattern_matches(const struct pattern *pattern, const char *value);

#endif
