/* What a host and the door read beside replies. The first letter chooses: c a command's payload and
 * what is in it, e an envelope, d a document, m an answer to a poll, o output, j an observation, x a cancel,
 * s a question for a permit, a its answer. What is taken is the same after it was written and read again. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_cancel.h"
#include "lib/ssm/message_observe.h"
#include "lib/ssm/message_output.h"
#include "lib/ssm/message_start.h"

static void envelope(struct arena *arena, const char *text, size_t n)
{
    struct envelope first, second;
    struct err err = ERR_INIT;
    const char *made;

    if (envelope_parse(arena, text, n, &first, &err) < 0)
        return;
    assert(envelope_make(arena, &first, &made, &err) == 0);
    assert(envelope_parse(arena, made, strlen(made), &second, &err) == 0);
    assert(first.epoch == second.epoch && strcmp(first.command_id, second.command_id) == 0);
}

static void document(struct arena *arena, const char *text, size_t n)
{
    char digest[DIGEST_HEX_SIZE], again[DIGEST_HEX_SIZE];
    struct document first, second;
    struct err err = ERR_INIT;
    const char *made;

    /* Written anew it may be longer, by escapes, than what is taken. */
    if (document_parse(arena, text, n, &first, &err) < 0 ||
        document_make(arena, &first, &made, digest, &err) < 0)
        return;
    assert(document_parse(arena, made, strlen(made), &second, &err) == 0);
    assert(document_make(arena, &second, &made, again, &err) == 0);
    assert(strcmp(digest, again) == 0);
}

static void command(struct arena *arena, const char *text, size_t n)
{
    struct message_command c;
    struct err err = ERR_INIT;

    if (message_command_parse(arena, text, n, &c, &err) < 0)
        return;
    envelope(arena, c.envelope, strlen(c.envelope));
    document(arena, c.document, strlen(c.document));
}

static void output(struct arena *arena, const char *text, size_t n)
{
    struct output_chunk *chunks;
    struct err err = ERR_INIT;
    const char *made;
    char id[37];
    size_t count;

    if (message_output_parse(arena, text, n, id, &chunks, &count, &err) == 0)
        assert(message_output_make(arena, id, chunks, count, &made, &err) == 0);
}

static void cancel(struct arena *arena, const char *text, size_t n)
{
    char command[37], host[21], command_again[37], host_again[21];
    struct err err = ERR_INIT;
    const char *made;

    if (message_cancel_parse(text, n, command, host, &err) < 0)
        return;
    made = message_cancel_make(arena, command, host);
    assert(message_cancel_parse(made, strlen(made), command_again, host_again, &err) == 0);
    assert(strcmp(command, command_again) == 0 && strcmp(host, host_again) == 0);
}

static void start(struct arena *arena, const char *text, size_t n)
{
    struct message_start first, second;
    struct err err = ERR_INIT;
    const char *made;

    if (message_start_parse(arena, text, n, &first, &err) < 0)
        return;
    assert(message_start_make(arena, &first, &made, &err) == 0);
    assert(message_start_parse(arena, made, strlen(made), &second, &err) == 0);
    assert(first.record_number == second.record_number && strcmp(first.nonce, second.nonce) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    const char *text = (const char *)bytes + 1;
    struct message_observe observe;
    const char *why;
    struct err err = ERR_INIT;
    struct message *messages;
    struct arena arena;
    size_t count;

    if (n == 0)
        return 0;
    arena_init(&arena);
    switch (bytes[0]) {
    case 'c':
        command(&arena, text, n - 1);
        break;
    case 'e':
        envelope(&arena, text, n - 1);
        break;
    case 'd':
        document(&arena, text, n - 1);
        break;
    case 'm':
        (void)message_answer_parse(&arena, text, n - 1, &messages, &count, &err);
        break;
    case 'o':
        output(&arena, text, n - 1);
        break;
    case 'j':
        (void)message_observe_parse(&arena, text, n - 1, &observe, &err);
        break;
    case 'x':
        cancel(&arena, text, n - 1);
        break;
    case 's':
        start(&arena, text, n - 1);
        break;
    case 'a':
        (void)message_start_answer_parse(&arena, text, n - 1,
                                         "aaaaaaaa-0000-4000-8000-000000000001", &why, &err);
        break;
    default:
        break;
    }
    arena_deinit(&arena);
    return 0;
}
