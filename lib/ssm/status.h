/*
 * status: what an agent's words mean for an invocation (ssm-wire.md 4). Pure.
 */
#ifndef SLIPWAY_LIB_SSM_STATUS_H
#define SLIPWAY_LIB_SSM_STATUS_H

#include "lib/model/command.h"

/* A step's word; SuccessAndReboot and Skipped count as success, an unknown word as in progress. */
enum step_status status_of_step(const char *word);

struct message_reply;

/*
 * The status and details that this reply leads to. A terminal status never changes, except Unknown to a
 * true end; what comes late or twice gives the status it has already. Never invents an end: a word it
 * does not know is InProgress.
 */
struct status_move {
    enum invocation_status status;
    const char *details;
    int64_t exit_code;           /* of the last step that ran, -1 */
};
struct status_move status_after(enum invocation_status now, const struct message_reply *reply);

#endif
