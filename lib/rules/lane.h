/*
 * lane: is a set of changed paths content, or code?
 *
 * Content = every path matches one of the repository's content patterns. No path at all is code:
 * an empty commit proves nothing about what it is for. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_LANE_H
#define SLIPWAY_LIB_RULES_LANE_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/model/release.h"

/*
 * Does `path` match `pattern`? A pattern is a path with `*` and `?` inside one component and `**` for
 * any number of components, as in GitHub's path filters. Linear in the path for each `**`.
 */
bool lane_path_matches(const char *pattern, const char *path);

/* The lane of these paths. `truncated` = there were more than could be listed: code. */
enum lane lane_of_paths(const char *const *patterns, size_t n_patterns, const char *const *paths,
                        size_t n_paths, bool truncated);

/* The lane of a range of releases: content only if each one is. An empty or unknown one is code. */
enum lane lane_of_releases(const enum lane *lanes, size_t n);

#endif
