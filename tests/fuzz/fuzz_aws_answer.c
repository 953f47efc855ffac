/* aws_answer: whatever AWS, or something in its place, answers: ids are ids, what is unknown has not ended. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/names.h"
#include "lib/ssm/aws_answer.h"
#include "lib/ssm/aws_call.h"
#include "lib/ssm/aws_request.h"

static void check_invocation(const struct aws_invocation *i)
{
    assert(names_is_uuid(i->command_id) && names_is_machine_id(i->instance_id));
    assert(i->known || i->status == INVOCATION_IN_PROGRESS);
    assert(strchr(i->details, ' ') == NULL);
    assert(i->output != NULL && i->error_output != NULL && i->trace != NULL);
    assert(i->started_at >= 0 && i->ended_at >= 0 && i->requested_at >= 0);
}

static void check_error(struct arena *arena, const char *body, size_t len)
{
    const struct aws_request_error error = aws_request_error(arena, body, len);

    assert(strchr(error.type, '#') == NULL);
    for (int call = 0; call < AWS_CALL_COUNT; call++) {
        enum aws_outcome outcome = aws_call_judge((enum aws_call)call, 500, error.type);
        assert(outcome != AWS_OK && outcome != AWS_REFUSED);
        assert(call == AWS_CALL_SEND || outcome != AWS_UNCLEAR);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static struct arena arena; /* kept: to take a block for each run costs more than the run */
    const char *body = (const char *)bytes, *id = NULL, *token = NULL;
    struct aws_invocation *invocations, one;
    struct aws_command *commands;
    struct aws_host *hosts;
    size_t n;

    arena_reset(&arena);
    check_error(&arena, body, len);
    if (aws_answer_send(&arena, body, len, &id, NULL) == 0)
        assert(names_is_uuid(id));
    if (aws_answer_commands(&arena, body, len, &commands, &n, &token, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            assert(names_is_uuid(commands[i].id) && commands[i].requested_at >= 0);
    if (aws_answer_invocations(&arena, body, len, &invocations, &n, &token, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            check_invocation(&invocations[i]);
    if (aws_answer_invocation(&arena, body, len, &one, NULL) == 0)
        check_invocation(&one);
    if (aws_answer_hosts(&arena, body, len, &hosts, &n, &token, NULL) == 0)
        for (size_t i = 0; i < n; i++)
            assert(names_is_machine_id(hosts[i].id) && hosts[i].name != NULL);
    assert(token == NULL || *token != '\0');
    return 0;
}
