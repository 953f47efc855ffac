/*
 * door_view: one invocation as AWS callers are told of it (ssm-wire.md 4.2, 6): where it and its steps stand, and what
 * they printed, whether an agent sent it with its replies or slipway-agent chunk by chunk. Reads only; on the http
 * thread, in the arena of the request.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_VIEW_H
#define SLIPWAY_SERVER_API_DOOR_VIEW_H

#include "lib/base/arena.h"
#include "lib/model/command.h"
#include "lib/ssm/content.h"
#include "lib/ssm/door_status.h"
#include "lib/store/db.h"

struct door_view {
    struct invocation invocation;
    struct step *steps; /* those that were heard of */
    size_t n_steps;
};

/* ERR_NOT_FOUND. */
int door_view_load(struct db *db, struct arena *arena, const char *command_id, const char *host_id,
                   struct door_view *ret_view, struct err *err);
/* The document of a command, read again. */
int door_view_content(struct db *db, struct arena *arena, const char *command_id,
                      struct content *ret_content, struct err *err);

/* NULL = nothing was heard of that step. */
const struct step *door_view_step(const struct door_view *view, int number);
/* The step itself once it has ended, else one that has not, with the code -1. `step` may be NULL. */
const struct step *door_view_end(const struct step *step);
/* What is said of a step: its own end; what is said of the whole, if that has ended or it is this step's turn; else
 * Pending. */
struct door_status door_view_status(const struct door_view *view, int number, time_ms now);

/* Its beginning: 24,000 and 8,000 characters, however much is stored. */
int door_view_output(struct db *db, struct arena *arena, const struct door_view *view, int number,
                     const char *step, const char **ret_out, const char **ret_err, struct err *err);

#endif
