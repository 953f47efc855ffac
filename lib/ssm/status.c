#include "lib/ssm/status.h"

#include <stddef.h>

#include "lib/base/str.h"
#include "lib/ssm/message.h"

enum step_status status_of_step(const char *word)
{
    static const struct {
        const char *word;
        enum step_status status;
    } words[] = {{"Success", STEP_SUCCESS},    {"SuccessAndReboot", STEP_SUCCESS},
                 {"Skipped", STEP_SUCCESS},    {"Failed", STEP_FAILED},
                 {"TimedOut", STEP_TIMED_OUT}, {"Cancelled", STEP_CANCELLED},
                 {"NotStarted", STEP_PENDING}, {"Pending", STEP_PENDING}};

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (str_eq(word, words[i].word))
            return words[i].status;
    return STEP_IN_PROGRESS;
}

static enum invocation_status word_status(const char *word, const char **ret_details)
{
    enum step_status s = status_of_step(word);

    *ret_details = s == STEP_TIMED_OUT ? "ExecutionTimedOut" : NULL;
    switch (s) {
    case STEP_SUCCESS:
        return INVOCATION_SUCCESS;
    case STEP_FAILED:
        return INVOCATION_FAILED;
    case STEP_TIMED_OUT:
        return INVOCATION_TIMED_OUT;
    case STEP_CANCELLED:
        return INVOCATION_CANCELLED;
    case STEP_PENDING:
    case STEP_IN_PROGRESS:
    case STEP_STATUSES_COUNT:
        break;
    }
    return INVOCATION_IN_PROGRESS;
}

static int64_t last_code(const struct message_reply *reply)
{
    int64_t code = -1;

    for (size_t i = 0; i < reply->n_steps; i++)
        if (reply->steps[i].status != STEP_PENDING && reply->steps[i].status != STEP_IN_PROGRESS)
            code = reply->steps[i].code;
    return code;
}

struct status_move status_after(enum invocation_status now, const struct message_reply *reply)
{
    struct status_move move = {.status = now, .exit_code = last_code(reply)};
    const char *details = NULL;
    enum invocation_status wanted = word_status(reply->document_status, &details);

    switch (reply->state) {
    case MESSAGE_ACCEPTED:
        wanted = now; /* claimed, not begun: its acknowledgement says as much */
        break;
    case MESSAGE_STARTED:
        wanted = INVOCATION_IN_PROGRESS;
        break;
    case MESSAGE_DECLINED:
        wanted = INVOCATION_FAILED;
        details = "NotStarted";
        break;
    case MESSAGE_UNKNOWN:
        wanted = INVOCATION_UNKNOWN;
        break;
    case MESSAGE_NONE:
    case MESSAGE_FINISHED:
        break;
    }
    if (states_allows(invocation_statuses, (int)now, (int)wanted))
        move.status = wanted;
    move.details =
        details != NULL && move.status == wanted ? details : invocation_statuses[move.status].text;
    return move;
}
