/*
 * command_folder: what one command has on the host's disk, STATE/commands/COMMAND-ID/.
 *
 *      envelope, signature, document,  exact bytes as they came, written before `accepted`; parameters
 *      parameters, redact              only of a command of an AWS caller, redact where the server hides something
 *      lock                            held by the supervisor, and by the command itself where it has a
 *                                      database (G7): free = nothing of it runs any more
 *      output, tail.N                  what it printed (output.h)
 *      outcome                         steps so far, and the end (outcome.h)
 *      work/STEP/result                SLIPWAY_RESULT of each step (step-N where its name is no word)
 *
 * Made by the claim, read by the supervisor and by whoever reports. After the report it stays for a while as
 * evidence, and so that a command is known even if the journal is lost.
 */
#ifndef SLIPWAY_AGENT_COMMAND_FOLDER_H
#define SLIPWAY_AGENT_COMMAND_FOLDER_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"

struct key_chain;
struct message_command;

#define COMMAND_FOLDER_KEPT_MS ((int64_t)7 * 24 * 3600 * 1000) /* since it is over */
#define COMMAND_FOLDER_OUTPUT_KEPT 20 /* reported commands that keep what they printed */

/* STATE/commands/COMMAND-ID. */
const char *command_folder_path(struct arena *arena, const char *state, const char *command_id);

/* Make it, durable when it returns: all that came, and an empty lock. ERR_BUSY: it is there, and somebody holds it. */
int command_folder_make(struct arena *arena, const char *state, const char *command_id,
                        const struct message_command *command, struct err *err);

/* What it is to run. Checked again against the keys and the digest, for disks rot. */
struct command_order {
    struct envelope envelope;
    struct document document; /* with its values in it, where it has parameters */
    const char *redact;       /* the server's patterns; NULL = none */
};

/* Are document, parameters and patterns what was signed, and can they be read? ERR_DENIED: they are not. */
int command_folder_document(struct arena *arena, const struct envelope *envelope,
                            const struct message_command *command, struct document *ret_document,
                            struct err *err);

int command_folder_order(struct arena *arena, struct key_chain *keys, const char *folder,
                         struct command_order *ret_order, struct err *err);

/* ERR_BUSY: somebody holds it. */
int command_folder_lock(struct arena *arena, const char *folder, int *ret_fd, struct err *err);
/* Does anybody hold it? 0: nobody, also where the folder is gone. ERR_BUSY: somebody does. Else it cannot be told now (no
 * descriptor left, a disk that does not answer), and nothing may be concluded. Works on a disk that became read-only. */
int command_folder_look(struct arena *arena, const char *folder, struct err *err);

/* Did a supervisor ever come up for it? */
bool command_folder_may_have_begun(struct arena *arena, const char *folder);

/* Ids of all commands that have a folder. */
int command_folder_all(struct arena *arena, const char *state, const char ***ret_ids, size_t *ret_n,
                       struct err *err);

/* Remove a folder and what is in it; links are not followed. Best effort. */
void command_folder_remove(const char *path);

struct command_folder_end {
    time_ms since; /* it is over; 0 = it is not */
    time_ms at;    /* its last record was written, whatever its start-by */
};

/*
 * Give back the room of commands that are over. Those that ended last keep their output, the rest their small files, until they are
 * over for a week. What the disk says of times counts for nothing. Best effort.
 */
void command_folder_prune(struct arena *arena, const char *state, time_ms now,
                          struct command_folder_end (*end_of)(void *arg, const char *command_id),
                          void *arg);

#endif
