/* A reply that is taken is within its limits, says the same after it was written and read again, and
 * moves an invocation only where it may go. */
#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/redact.h"
#include "lib/ssm/message_reply.h"
#include "lib/ssm/status.h"

static void judge(struct arena *arena, const struct message_reply *reply)
{
    for (int now = 0; now < INVOCATION_STATUSES_COUNT; now++) {
        for (int bits = 0; bits < 8; bits++) {
            const struct status_facts facts = {.now = (enum invocation_status)now,
                                               .began = bits & 1,
                                               .has_database = bits & 2,
                                               .journal_is_known = bits & 4};
            struct status_change change;

            status_judge(arena, &facts, reply, &change);
            assert((int)change.status == now ||
                   states_allows(invocation_statuses, now, (int)change.status));
            assert(change.changes == (change.note == NULL));
        }
    }
}

/* Hidden, it is read as what it was, and nothing that is told to people says the word. */
static void hide(struct arena *arena, const char *payload)
{
    struct message_reply was, is;
    struct redact *redact = NULL;
    struct err err = ERR_INIT;
    const char *hidden;

    if (redact_parse("hunter2", &redact, &err) < 0)
        abort();
    hidden = message_reply_hide(arena, payload, redact);
    assert(strlen(hidden) <= 2 * MESSAGE_REPLY_MAX);
    if (message_reply_parse(arena, payload, strlen(payload), &was, &err) == 0 &&
        message_reply_parse(arena, hidden, strlen(hidden), &is, &err) == 0) {
        assert(was.status == is.status && was.state == is.state && was.n_steps == is.n_steps);
        assert(is.reason == NULL || strstr(is.reason, "hunter2") == NULL);
        for (size_t i = 0; i < is.n_steps; i++)
            assert(is.steps[i].output == NULL || strstr(is.steps[i].output, "hunter2") == NULL);
    }
    redact_free(redact);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct message_reply first, second;
    struct err err = ERR_INIT;
    const char *payload;
    struct arena arena;

    arena_init(&arena);
    hide(&arena, arena_strn(&arena, (const char *)bytes, n));
    if (message_reply_parse(&arena, (const char *)bytes, n, &first, &err) == 0) {
        assert(first.n_steps <= MESSAGE_REPLY_STEPS_MAX);
        assert(first.n_results <= MESSAGE_REPLY_RESULTS_MAX);
        judge(&arena, &first);
        if (message_reply_make(&arena, &first, "a", "1", 1, &payload, &err) == 0 &&
            message_reply_parse(&arena, payload, strlen(payload), &second, &err) == 0) {
            assert(first.status == second.status && first.state == second.state);
            assert(first.n_results == second.n_results);
            assert(first.n_steps == second.n_steps);
        }
    }
    arena_deinit(&arena);
    return 0;
}
