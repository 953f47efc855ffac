/*
 * database_lock: on one host no two commands of one database run at a time, whatever people decided meanwhile (G7).
 *
 * STATE/databases/SHA256-OF-ITS-NAME.lock, held by the supervisor and by the command itself, as the lock of the command's
 * folder is. So one whose supervisor was killed still holds it: who abandons its attempt does not start a second client
 * beside the first. The file says whose command took it last.
 */
#ifndef SLIPWAY_AGENT_DATABASE_LOCK_H
#define SLIPWAY_AGENT_DATABASE_LOCK_H

#include "lib/base/arena.h"
#include "lib/base/err.h"

#define DATABASE_LOCK_WAIT_MS 2000 /* for a supervisor that was never let go, and ends */

/* Until the last process that inherits it has ended. `database` NULL: there is none to take, `*ret_fd` is -1.
 * ERR_BUSY: something of another command was there for as long as `wait_ms`, and the text says which. */
int database_lock_take(struct arena *arena, const char *state, const char *database,
                       const char *command_id, int wait_ms, int *ret_fd, struct err *err);

/* Whoever inherited it has no more part in it: what a command that succeeded left in the background holds nothing. */
void database_lock_free(int fd);

#endif
