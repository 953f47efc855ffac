/* Whatever AWS hands out of a host: never more steps than there are, clean texts, and of an order no end without a journal. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_outcome.h"

#define ID "11111111-2222-4333-8444-555555555555"

/* The first byte: an order or a job, and AWS' word. Up to a NUL standard output, behind it standard error. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const details[] = {"Success",   "Failed",     "ExecutionTimedOut",
                                          "Cancelled", "InProgress", "Undeliverable",
                                          "Odd",       "Terminated"};
    struct document_step steps[] = {{.name = "one"}, {.name = "two"}, {.name = "three"}};
    const struct document document = {.steps = steps, .n_steps = 3};
    struct aws_outcome_facts facts = {.command_id = ID, .document = &document};
    struct message_reply r;
    enum aws_outcome_word word;
    struct arena arena;
    char *text;

    if (len == 0)
        return 0;
    arena_init(&arena);
    text = arena_strn(&arena, (const char *)bytes + 1, len - 1);
    facts.is_order = (bytes[0] & 8) != 0;
    facts.details = details[bytes[0] & 7];
    facts.output = text;
    facts.error_output = strlen(text) < len - 1 ? text + strlen(text) + 1 : NULL;
    word = aws_outcome_read(&arena, &facts, &r);
    if (word == AWS_OUTCOME_NOTHING)
        goto out;
    if (r.n_steps != 3 || (word == AWS_OUTCOME_ASK && !facts.is_order) ||
        !str_is_utf8(r.reason, strlen(r.reason)) || strchr(r.reason, '\n') != NULL ||
        (r.state == MESSAGE_REPLY_FINISHED && !invocation_has_ended(r.status)))
        abort();
    if (facts.is_order && word == AWS_OUTCOME_TOLD && r.state != MESSAGE_REPLY_ACCEPTED &&
        !names_is_uuid(r.journal_id))
        abort();
    for (size_t i = 0; i < r.n_steps; i++) {
        const char *texts[] = {r.steps[i].output, r.steps[i].error_output};

        for (size_t k = 0; k < 2; k++)
            if (texts[k] != NULL && !str_is_utf8(texts[k], strlen(texts[k])))
                abort();
        if (!str_eq(r.steps[i].name, steps[i].name) || r.steps[i].exit_code < -1)
            abort();
    }
out:
    arena_deinit(&arena);
    return 0;
}
