/* course: see course.h. */
#include "agent/course.h"

#define EXIT_KILLED 137 /* SIGKILL, also where a script says so itself */
#define EXIT_WELL 168   /* well done, and enough */
#define EXIT_FAILED 169 /* failed, and enough */
#define EXIT_REBOOT 194 /* asks SSM's agent to boot the host; ours does not */

/* A job: nothing runs after what failed. */
static size_t after_of_job(struct course *c, size_t number, bool nothing_to_migrate)
{
    struct message_reply *reply = c->reply;
    enum step_status status = reply->steps[number].status;

    if (status != STEP_SUCCESS) {
        reply->status = status == STEP_CANCELLED   ? INVOCATION_CANCELLED
                        : status == STEP_TIMED_OUT ? INVOCATION_TIMED_OUT
                                                   : INVOCATION_FAILED;
        return reply->n_steps;
    }
    if (number == 0 && c->has_database && nothing_to_migrate) {
        for (size_t i = 1; i < reply->n_steps; i++)
            reply->steps[i].status = STEP_SUCCESS; /* without times and code: Skipped */
        number = reply->n_steps - 1;
    }
    if (number + 1 == reply->n_steps)
        reply->status = INVOCATION_SUCCESS;
    return number + 1;
}

/* What the exit code of a caller's script means; `*exits`: nothing but the final step comes after it. */
static enum step_status meaning(const struct document_step *step, struct step_end end, bool *exits)
{
    enum step_status status = end.status;

    if (status == STEP_FAILED && end.exit_code == EXIT_KILLED)
        status = STEP_TIMED_OUT;
    *exits = end.exit_code == EXIT_WELL || end.exit_code == EXIT_FAILED;
    if (status == STEP_FAILED && end.exit_code == EXIT_WELL)
        return STEP_SUCCESS;
    if (status == STEP_SUCCESS) {
        *exits = *exits || step->success_exits;
        return status;
    }
    if (status != STEP_CANCELLED && step->on_failure != DOCUMENT_FAILURE_GOES_ON)
        *exits = true;
    return status != STEP_CANCELLED && step->on_failure == DOCUMENT_FAILURE_SUCCEEDS ? STEP_SUCCESS
                                                                                     : status;
}

/* By what counts most: Failed, TimedOut, Cancelled, Success (ssm-wire.md 12.2). */
static enum invocation_status whole(const struct message_reply *reply)
{
    enum invocation_status status = INVOCATION_SUCCESS;

    for (size_t i = 0; i < reply->n_steps; i++) {
        if (reply->steps[i].status == STEP_FAILED)
            return INVOCATION_FAILED;
        if (reply->steps[i].status == STEP_TIMED_OUT)
            status = INVOCATION_TIMED_OUT;
        else if (reply->steps[i].status == STEP_CANCELLED && status == INVOCATION_SUCCESS)
            status = INVOCATION_CANCELLED;
    }
    return status;
}

static size_t after_of_caller(struct course *c, size_t number, struct step_end end)
{
    struct message_reply *reply = c->reply;
    bool cancelled = end.status == STEP_CANCELLED, exits = false;
    size_t next = number + 1;

    reply->steps[number].status = meaning(&c->document->steps[number], end, &exits);
    c->exits = c->exits || exits;
    while (next < reply->n_steps &&
           (cancelled || (c->exits && !c->document->steps[next].is_final))) {
        reply->steps[next].status = cancelled ? STEP_CANCELLED : STEP_SUCCESS; /* Skipped */
        next++;
    }
    if (next == reply->n_steps)
        reply->status = whole(reply);
    return next;
}

size_t course_after(struct course *c, size_t number, struct step_end end, bool nothing_to_migrate)
{
    c->reply->steps[number].status = end.status;
    c->reply->steps[number].exit_code = end.exit_code;
    return c->document->steps[number].as_ssm ? after_of_caller(c, number, end)
                                             : after_of_job(c, number, nothing_to_migrate);
}

const char *course_remark(struct arena *arena, const struct document_step *step,
                          struct step_end end)
{
    if (!step->as_ssm || end.status != STEP_FAILED || end.exit_code <= 0 ||
        end.exit_code == EXIT_WELL || end.exit_code == EXIT_KILLED)
        return NULL;
    if (end.exit_code == EXIT_REBOOT)
        return "slipway: exit code 194 asks for a reboot, and slipway-agent boots no host; the step "
               "counts as failed\n";
    return arena_printf(arena, "failed to run commands: exit status %lld",
                        (long long)end.exit_code);
}
