/* status: see status.h. Source: ssm-wire.md 4.1, 4.2, 12.2; migrate.md 5, M7. */
#include "lib/ssm/status.h"

#include <string.h>

#include "lib/base/names.h"
#include "lib/base/str.h"

#define SIGNALS_MAX 64

/* Words --------------------------------------------------------------------------------------- */

bool status_of_document(const char *word, enum invocation_status *ret_status)
{
    static const struct {
        const char *word;
        enum invocation_status status;
    } words[] = {
        {"InProgress", INVOCATION_IN_PROGRESS},
        {"Success", INVOCATION_SUCCESS},
        {"SuccessAndReboot", INVOCATION_SUCCESS},
        {"PassedAndReboot", INVOCATION_SUCCESS},
        {"Failed", INVOCATION_FAILED},
        {"TimedOut", INVOCATION_TIMED_OUT},
        {"Cancelled", INVOCATION_CANCELLED},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq(word, words[i].word)) {
            *ret_status = words[i].status;
            return true;
        }
    }
    return false;
}

bool status_of_step(const char *word, enum step_status *ret_status)
{
    static const struct {
        const char *word;
        enum step_status status;
    } words[] = {
        {"NotStarted", STEP_PENDING},
        {"Pending", STEP_PENDING},
        {"InProgress", STEP_IN_PROGRESS},
        {"Success", STEP_SUCCESS},
        {"SuccessAndReboot", STEP_SUCCESS},
        {"PassedAndReboot", STEP_SUCCESS},
        {"TestPass", STEP_SUCCESS},
        {"Skipped", STEP_SUCCESS},
        {"Failed", STEP_FAILED},
        {"TestFailure", STEP_FAILED},
        {"TimedOut", STEP_TIMED_OUT},
        {"Cancelled", STEP_CANCELLED},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
        if (str_eq(word, words[i].word)) {
            *ret_status = words[i].status;
            return true;
        }
    }
    return false;
}

/* What a reply says --------------------------------------------------------------------------- */

static const char *last_result(const struct message_reply *r, const char *key)
{
    const char *value = NULL;

    for (size_t i = 0; i < r->n_results; i++) {
        if (str_eq(r->results[i].key, key))
            value = r->results[i].value;
    }
    return value;
}

static const char *last_commit(const struct message_reply *r)
{
    const char *sha = "";

    for (size_t i = 0; i < r->n_results; i++) {
        if (str_eq(r->results[i].key, "commit") && names_is_sha40(r->results[i].value))
            sha = r->results[i].value;
    }
    return sha;
}

/* The last step that ran; skipped ones have no code. NULL = none. */
static const struct message_reply_step *last_step(const struct message_reply *r)
{
    const struct message_reply_step *last = NULL;

    for (size_t i = 0; i < r->n_steps; i++) {
        if (r->steps[i].exit_code >= 0)
            last = &r->steps[i];
    }
    return last;
}

static const char *failure_text(struct arena *arena, const struct message_reply *r)
{
    if (*r->reason != '\0')
        return r->reason;
    if (*r->trace != '\0')
        return r->trace;
    for (size_t i = 0; i < r->n_steps; i++) {
        const struct message_reply_step *s = &r->steps[i];

        if (s->status == STEP_FAILED)
            return arena_printf(arena, "step %s ended with %lld", s->name, (long long)s->exit_code);
        if (s->status == STEP_TIMED_OUT)
            return arena_printf(arena, "step %s was ended at its time limit", s->name);
    }
    return NULL;
}

static struct status_change ended(struct arena *arena, const struct message_reply *r)
{
    static const struct {
        enum invocation_status status;
        const char *details;
    } details[] = {
        {INVOCATION_SUCCESS, "Success"},
        {INVOCATION_FAILED, "Failed"},
        {INVOCATION_TIMED_OUT, "ExecutionTimedOut"},
        {INVOCATION_CANCELLED, "Cancelled"},
    };
    struct status_change to = {.status = r->status, .details = ""};

    for (size_t i = 0; i < sizeof(details) / sizeof(details[0]); i++) {
        if (details[i].status == r->status)
            to.details = details[i].details;
    }
    if (r->status != INVOCATION_SUCCESS)
        to.cause = failure_text(arena, r);
    return to;
}

static struct status_change unknown(const char *cause)
{
    return (
        struct status_change){.status = INVOCATION_UNKNOWN, .details = "Unknown", .cause = cause};
}

/* Never began: believed only where nothing contradicts it (migrate.md 5). */
static struct status_change declined(const struct status_facts *f, const struct message_reply *r)
{
    if (f->began)
        return unknown("the host says that it never began, and said before that it had");
    if (!f->journal_is_known)
        return unknown(
            "the host says that it never began, from a journal that is not the known one");
    if (f->went_back)
        return unknown("the host says that it never began, from a journal that went back");
    if (f->disbelief != NULL)
        return unknown(f->disbelief);
    return (struct status_change){
        .status = f->now == INVOCATION_CANCELLING ? INVOCATION_CANCELLED : INVOCATION_FAILED,
        .details = "NotStarted",
        .cause = *r->reason != '\0' ? r->reason : "the host declined it",
    };
}

/* The end of a migrate job's client is not the end of what it sent to the database (M5, M7). NULL: nothing is in doubt. */
static const char *why_in_doubt(struct arena *arena, const struct status_facts *f,
                                const struct message_reply *r)
{
    const struct message_reply_step *last = last_step(r);
    const char *note = last_result(r, "note");

    if (!f->has_database)
        return NULL;
    /* Whatever it ended with: `rails db:migrate || echo migrate=unknown >> "$SLIPWAY_RESULT"` ends with 0. */
    if (str_eq(last_result(r, STATUS_RESULT_KEY), STATUS_RESULT_UNKNOWN))
        return note != NULL ? note : "its own script says that nobody knows how far it came";
    if (r->status == INVOCATION_FAILED && last != NULL && last->exit_code > STATUS_EXIT_SIGNAL &&
        last->exit_code <= STATUS_EXIT_SIGNAL + SIGNALS_MAX)
        return arena_printf(arena,
                            "step %s was ended by signal %lld; its SQL may live on in the database",
                            last->name, (long long)last->exit_code - STATUS_EXIT_SIGNAL);
    return NULL;
}

/* Where this reply alone would lead. */
static struct status_change wanted(struct arena *arena, const struct status_facts *f,
                                   const struct message_reply *r)
{
    const struct status_change as_it_is = {.status = f->now, .details = ""};
    const char *doubt;

    switch (r->state) {
    case MESSAGE_REPLY_ACCEPTED:
        return as_it_is; /* in the host's journal, and may still be declined */
    case MESSAGE_REPLY_DECLINED:
        return declined(f, r);
    case MESSAGE_REPLY_UNKNOWN:
        return unknown(*r->reason != '\0' ? r->reason : "the host cannot prove its end");
    case MESSAGE_REPLY_FINISHED:
        doubt = why_in_doubt(arena, f, r);
        return doubt != NULL ? unknown(doubt) : ended(arena, r);
    case MESSAGE_REPLY_STARTED:
    case MESSAGE_REPLY_OTHER:
    case MESSAGE_REPLY_STATES_COUNT:
        break;
    }
    if (r->status == INVOCATION_IN_PROGRESS)
        return (struct status_change){.status = INVOCATION_IN_PROGRESS, .details = "InProgress"};
    return ended(arena, r);
}

void status_judge(struct arena *arena, const struct status_facts *facts,
                  const struct message_reply *reply, struct status_change *ret_change)
{
    const struct message_reply_step *last = last_step(reply);
    struct status_change to = wanted(arena, facts, reply);

    to.changes = true;
    to.exit_code = last != NULL ? last->exit_code : -1;
    to.commit_sha = last_commit(reply);
    if (to.status != facts->now &&
        !states_allows(invocation_statuses, (int)facts->now, (int)to.status)) {
        /* Too late to move it. Steps may still be news: the last of several replies came first. */
        bool carries =
            to.status == INVOCATION_IN_PROGRESS && (reply->n_steps > 0 || reply->n_results > 0);

        to.changes = carries;
        to.note = carries ? NULL
                          : arena_printf(arena, "%s came when it was %s",
                                         invocation_statuses[to.status].text,
                                         invocation_statuses[facts->now].text);
        to.status = facts->now;
        to.details = "";
        to.cause = NULL;
    }
    *ret_change = to;
}
