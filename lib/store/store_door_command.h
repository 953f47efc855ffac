/* store_door_command: commands that AWS callers sent at the door, their targets and what agents printed. */
#ifndef SLIPWAY_LIB_STORE_STORE_DOOR_COMMAND_H
#define SLIPWAY_LIB_STORE_STORE_DOOR_COMMAND_H

#include "lib/model/door_command.h"
#include "lib/store/db.h"

/* Command and what it has beside; its document is kept before. Writer. */
int store_door_command_put(struct db *db, const struct door_command *command, struct err *err);
/* One target. `cause` says why it ended before it began (status and details with it), NULL = it waits. Writer. */
int store_door_command_target(struct db *db, const struct door_command *command,
                              const struct door_target *target, const char *cause, time_ms now,
                              struct err *err);
/* ERR_CONFLICT: it has ended. */
int store_door_command_goes_on(struct db *db, const char *id, struct err *err);
/* All its rows are there. ERR_CONFLICT: it ended meanwhile. Writer. */
int store_door_command_written(struct db *db, const char *id, time_ms now, struct err *err);

/* ERR_NOT_FOUND: no such command of keys of that name. */
int store_door_command(struct db *db, struct arena *arena, const char *id, const char *key_name,
                       struct door_command *ret_command, struct err *err);
/* The same of any key, for people. */
int store_door_command_any(struct db *db, struct arena *arena, const char *id,
                           struct door_command *ret_command, struct err *err);
/* The exact bytes of its document. ERR_NOT_FOUND: no such command. */
int store_door_command_content(struct db *db, struct arena *arena, const char *id,
                               const char **ret_content, struct err *err);
/* Those of keys of that name with an id below `before` ("" = from the newest on), newest first. */
int store_door_command_page(struct db *db, struct arena *arena, const char *key_name,
                            const char *before, size_t limit, struct door_command **ret_items,
                            size_t *ret_n, struct err *err);
/* Of all keys, for people. */
int store_door_command_list(struct db *db, struct arena *arena, const char *before, size_t limit,
                            struct door_command **ret_items, size_t *ret_n, struct err *err);
/* Those that have not ended, oldest first. */
int store_door_command_open(struct db *db, struct arena *arena, struct door_command **ret_items,
                            size_t *ret_n, struct err *err);

/* Those that a host took and said nothing more of yet, by id. */
int store_door_command_taken(struct db *db, struct arena *arena, const char ***ret_ids,
                             size_t *ret_n, struct err *err);
/* Its targets, by host id. */
int store_door_command_targets(struct db *db, struct arena *arena, const char *id,
                               struct door_target **ret_items, size_t *ret_n, struct err *err);
/* Hosts that a deployment still has something for, or runs something on. */
int store_door_command_busy(struct db *db, struct arena *arena, const char ***ret_host_ids,
                            size_t *ret_n, struct err *err);

/* Where it stands; compare-and-set on what was read in `command`. Writer. */
struct door_command_state {
    enum invocation_status status;
    const char *details;
    int64_t n_completed, n_errors, n_undelivered;
    time_ms ended_at; /* 0 = it goes on */
};
int store_door_command_move(struct db *db, const struct door_command *command,
                            const struct door_command_state *to, struct err *err);
/* The whole of it is to end; asked twice is asked once. Writer. */
int store_door_command_cancel(struct db *db, const char *id, time_ms now, struct err *err);
/* The same for one whose rows are not all there; a slice that comes yet is of a cancelled one. ERR_CONFLICT: they are, or it
 * has ended. Writer. */
int store_door_command_tear(struct db *db, const char *id, time_ms now, struct err *err);

/* What an agent sent of a step's output; the longer text stays. Writer. */
int store_door_command_output(struct db *db, const char *id, const char *host_id, int number,
                              const char *output, const char *error_output, struct err *err);
/* "" where nothing was sent. */
int store_door_command_output_of(struct db *db, struct arena *arena, const char *id,
                                 const char *host_id, int number, const char **ret_output,
                                 const char **ret_error_output, struct err *err);

#endif
