/*
 * course: which step comes after one, and what the whole came to.
 *
 * A job stops at the first step that is not well done. A command of an AWS caller goes on unless its document
 * says otherwise, and some exit codes have a meaning there (ssm-wire.md 7.1, 13; decision 31). Pure; the
 * supervisor asks it after each step.
 */
#ifndef SLIPWAY_AGENT_COURSE_H
#define SLIPWAY_AGENT_COURSE_H

#include <stdbool.h>
#include <stddef.h>

#include "agent/step_run.h"
#include "lib/ssm/document.h"
#include "lib/ssm/message_reply.h"

struct course {
    const struct document *document;
    struct message_reply
        *reply; /* its steps, as many as the document's, and its status are written here */
    bool has_database;
    bool exits; /* none but the final step runs any more */
};

/*
 * Step `number` ended so; `nothing_to_migrate`: it said that the rest is not needed. Returns the number of the
 * step that is next; with the document's number of steps the reply has its end.
 */
size_t course_after(struct course *course, size_t number, struct step_end end,
                    bool nothing_to_migrate);

/* What is said in a step's error output about how it ended; NULL = nothing. */
const char *course_remark(struct arena *arena, const struct document_step *step,
                          struct step_end end);

#endif
