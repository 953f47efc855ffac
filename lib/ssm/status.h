/*
 * status: from an agent's words to the states of invocations and steps (ssm-wire.md 4).
 *
 * Replies come twice, late and in any order; each says what it may change in what is known now, so
 * that every order gives the same end. A terminal state never changes, a late InProgress is
 * dropped, Unknown becomes the true end when that comes (I7). Pure.
 */
#ifndef SLIPWAY_LIB_SSM_STATUS_H
#define SLIPWAY_LIB_SSM_STATUS_H

#include <stdbool.h>

#include "lib/base/arena.h"
#include "lib/model/command.h"
#include "lib/ssm/message_reply.h"

/* The agent's words for a whole document and for a step; false: not one of them. */
bool status_of_document(const char *word, enum invocation_status *ret_status);
bool status_of_step(const char *word, enum step_status *ret_status);

/*
 * A step of a migrate job may end without its outcome being known: the application's own
 * migration lock was held by somebody else, perhaps by what an earlier, lost client left running
 * (migrate.md 2, M7), or the connection broke. It says so by this line in SLIPWAY_RESULT, whatever
 * it ends with (75, by custom), and tells why by its last `note`. A step that a signal ended could not say it, and means the same.
 */
#define STATUS_RESULT_KEY "migrate"
#define STATUS_RESULT_UNKNOWN "unknown"
#define STATUS_EXIT_UNKNOWN 75
#define STATUS_EXIT_SIGNAL 128 /* and the number of the signal */

struct status_facts {
    enum invocation_status now;
    bool began;        /* it was InProgress before */
    bool has_database; /* of a migrate job */
    bool
        journal_is_known; /* the reply's journal id is the one known of the host, or none is known */
    bool went_back;       /* its record number is below what was known of the host when it came */
    const char *disbelief; /* why "it never began" is not believed of who says it; NULL = it is */
};

struct status_change {
    bool
        changes; /* what it carries counts: status, steps, results. False: dropped, `note` says why */
    const char *note;              /* NULL when it counts */
    enum invocation_status status; /* perhaps the one it has already: no move */
    const char *details; /* SSM's StatusDetails; Unknown; NotStarted = proven never to have begun */
    const char *cause;   /* for people; NULL */
    int64_t exit_code;   /* of the last step that ran; -1 = none is known */
    const char *commit_sha; /* the last `commit` line that is a commit; "" = none */
};

/* What `reply` changes. Texts are the reply's or lie in the arena. */
void status_judge(struct arena *arena, const struct status_facts *facts,
                  const struct message_reply *reply, struct status_change *ret_change);

#endif
