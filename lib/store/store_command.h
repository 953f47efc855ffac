/* store_command: documents, commands, their invocations on hosts, steps, results and output. */
#ifndef SLIPWAY_LIB_STORE_STORE_COMMAND_H
#define SLIPWAY_LIB_STORE_STORE_COMMAND_H

#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/store/db.h"

/* Keep the exact bytes of a document, once. Writer. */
int store_command_document(struct db *db, const char *digest, const char *name, const char *version,
                           const char *content, struct err *err);
/* ERR_NOT_FOUND. */
int store_command_content(struct db *db, struct arena *arena, const char *digest,
                          const char **ret_name, const char **ret_version, const char **ret_content,
                          struct err *err);

int store_command_exists(struct db *db, const char *id, bool *ret_exists, struct err *err);
/* Writer. */
int store_command_insert(struct db *db, const struct command *command, struct err *err);
int store_command_invoke(struct db *db, const struct invocation *invocation, struct err *err);

/* A new envelope for one that was never offered. Writer. */
int store_command_resign(struct db *db, const char *command_id, const char *host_id,
                         const char *envelope, const char *signature, time_ms start_by,
                         struct err *err);

/* A sign of life about it. Writer. */
int store_command_heard(struct db *db, const char *command_id, const char *host_id, time_ms now,
                        struct err *err);

/* The one permit for this nonce (G6). ERR_CONFLICT: another has it, or it is no more to be given. Writer. */
int store_command_permit(struct db *db, const char *command_id, const char *host_id,
                         const char *nonce, const char *boot_id, time_ms now, struct err *err);
/* The same answer once more: it is good for its time from now on (decision 45). Writer. */
int store_command_permit_again(struct db *db, const char *command_id, const char *host_id,
                               const char *nonce, time_ms now, struct err *err);
/* All that was handed out to a host and has no end is unknown: its journal is in doubt. Writer. */
int store_command_doubt(struct db *db, const char *host_id, const char *cause, struct err *err);

struct invocation_change {
    enum invocation_status status;
    const char *details;
    const char *cause;      /* NULL */
    int64_t exit_code;      /* -1 = none */
    const char *commit_sha; /* "" = none */
};
/* Compare-and-set on the status. ERR_CONFLICT also where a permit forbids the move. Writer. */
int store_command_move(struct db *db, const char *command_id, const char *host_id,
                       enum invocation_status from, const struct invocation_change *to, time_ms now,
                       struct err *err);

/* End one that no host was ever handed. ERR_CONFLICT: one was, or it is not pending any more. Writer. */
int store_command_withdraw(struct db *db, const char *command_id, const char *host_id,
                           const struct invocation_change *to, time_ms now, struct err *err);

/* ERR_NOT_FOUND. */
int store_command_invocation(struct db *db, struct arena *arena, const char *command_id,
                             const char *host_id, struct invocation *ret_invocation,
                             struct err *err);
/* All of a deployment, each host's tries in the order of writing; without envelopes. */
int store_command_invocations(struct db *db, struct arena *arena, int64_t deployment_id,
                              struct invocation **ret_items, size_t *ret_n, struct err *err);
/* How many of a deployment are written. */
int store_command_count(struct db *db, int64_t deployment_id, int64_t *ret_n, struct err *err);
/* What a host may be running. */
int store_command_running(struct db *db, struct arena *arena, const char *host_id,
                          struct invocation **ret_items, size_t *ret_n, struct err *err);

/* Commands of other deployments of this repository and environment that a host may still be running: what it
 * began, and is not past its job's limit; of a migrate job, whose end nothing but proof is, without a limit. */
int store_command_of_track(struct db *db, struct arena *arena, const struct deployment *except,
                           time_ms now, struct invocation **ret_items, size_t *ret_n,
                           struct err *err);

/* Insert or advance; a terminal status never changes. Writer. */
int store_command_step(struct db *db, const struct step *step, struct err *err);
int store_command_steps(struct db *db, struct arena *arena, const char *command_id,
                        const char *host_id, struct step **ret_items, size_t *ret_n,
                        struct err *err);

/* The lines of SLIPWAY_RESULT so far; those already there are kept. Writer. */
int store_command_results_put(struct db *db, const char *command_id, const char *host_id,
                              const struct result_line *lines, size_t n, struct err *err);
int store_command_results(struct db *db, struct arena *arena, const char *command_id,
                          const char *host_id, struct result_line **ret_items, size_t *ret_n,
                          struct err *err);

/* Written once; a repeat changes nothing. Writer. */
int store_command_chunk(struct db *db, const struct output_chunk *chunk, struct err *err);
/* The chunk of its step and stream that came before `chunk`, its text in the arena. ERR_NOT_FOUND: it is the first;
 * ERR_CONFLICT: it is stored already. */
int store_command_chunk_before(struct db *db, struct arena *arena, const struct output_chunk *chunk,
                               struct output_chunk *ret_before, struct err *err);
/* Its end is taken off: `len` bytes stay. Writer. */
int store_command_chunk_cut(struct db *db, const struct output_chunk *chunk, struct err *err);
/* The last ones, newest first. */
int store_command_chunks_tail(struct db *db, struct arena *arena, const char *command_id,
                              const char *host_id, size_t limit, struct output_chunk **ret_items,
                              size_t *ret_n, struct err *err);
/* In order, number > after. */
int store_command_chunks(struct db *db, struct arena *arena, const char *command_id,
                         const char *host_id, int64_t after, size_t limit,
                         struct output_chunk **ret_items, size_t *ret_n, struct err *err);

#endif
