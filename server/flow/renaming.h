/*
 * renaming: a repository that has another name now keeps its row: its releases, and what is live (W6).
 *
 * The configuration may take the new name before or after GitHub tells it. Before, a row of its own was made for it; as
 * long as nothing was delivered to that one and nothing went out from it, the two exchange their names. Holds
 * that a person put on the name meanwhile stay with it.
 */
#ifndef SLIPWAY_SERVER_FLOW_RENAMING_H
#define SLIPWAY_SERVER_FLOW_RENAMING_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"

struct arena;
struct calendar;
struct config;
struct config_repo;
struct db;
struct repository;

/* `name` is configured: the row that GitHub calls so becomes its row, and another case of letters is taken over. Writer. */
int renaming_follow(struct db *db, struct arena *arena, const struct config *config,
                    const char *name, time_ms now, struct err *err);

/* May `row`, which is not configured under its own name, have that of `repo`, under which GitHub speaks of it? */
int renaming_may(struct db *db, struct arena *arena, const struct config_repo *repo,
                 const struct repository *row, bool *ret_may, struct err *err);
/* It has it from now on. Nothing, if it has it already; ERR_CONFLICT: it may not any more. Writer. */
int renaming_take(struct db *db, const struct calendar *calendar, const struct config_repo *repo,
                  int64_t row_id, time_ms now, struct err *err);

#endif
