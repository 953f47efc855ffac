/* Any body under any event's name is read or refused with a reason. First byte: which event, and
 * whether it is a form. */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/github/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const names[] = {"pull_request", "pull_request_review", "push", "ping"};
    struct err err = ERR_INIT;
    struct event event;
    struct arena arena;

    if (n == 0)
        return 0;
    arena_init(&arena);
    if (event_read(names[bytes[0] & 3], (bytes[0] & 4) != 0, (const char *)bytes + 1, n - 1, &arena,
                   &event, &err) < 0) {
        assert(err.code == ERR_INVALID && err.text[0] != '\0');
    } else {
        assert(event.action != NULL && event.repository != NULL && event.label != NULL);
        assert(!event.pull_request.merged || event.kind == EVENT_PULL_REQUEST ||
               event.kind == EVENT_PULL_REQUEST_REVIEW);
        assert(event.pull_request.merge_sha[0] == '\0' ||
               strlen(event.pull_request.merge_sha) == 40);
    }
    arena_deinit(&arena);
    return 0;
}
