/* Whatever a script writes to SLIPWAY_RESULT: within the limits, keys are words, values are one clean line. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/message_reply.h"
#include "lib/ssm/result_lines.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct result_lines lines = {.n = 0};
    struct arena arena;

    arena_init(&arena);
    result_lines_add(&arena, &lines, (const char *)bytes, len);
    if (lines.n > MESSAGE_REPLY_RESULTS_MAX || lines.bytes > RESULT_LINES_BYTES_MAX)
        abort();
    for (size_t i = 0; i < lines.n; i++) {
        const char *value = lines.lines[i].value;

        if (!names_is_word(lines.lines[i].key) || strlen(value) > MESSAGE_REPLY_RESULT_MAX ||
            strpbrk(value, "\r\n\x1b") != NULL || !str_is_utf8(value, strlen(value)))
            abort();
    }
    arena_deinit(&arena);
    return 0;
}
