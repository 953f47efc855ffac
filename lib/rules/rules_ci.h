/*
 * rules_ci: is the commit green under a name that the configuration wants? (C1)
 *
 * The name is a status' context, a check run's name, or the slug of an App for all of its suites. Several
 * may report under one name; then all must have passed, so that nobody can paint over another's red. What
 * nobody has reported yet is waited for. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_CI_H
#define SLIPWAY_LIB_RULES_RULES_CI_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/model/commit_check.h"

/* `checks` are those of the commit. If it is not green, `*ret_worst` is what stands against it; NULL =
 * nobody has reported. */
bool rules_ci_is_green(const struct commit_check *checks, size_t n, const char *name,
                       const struct commit_check **ret_worst);

#endif
