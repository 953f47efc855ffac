/* Any body under any event's name is read or refused with a reason. First byte: which event (its lowest two and
 * fourth to sixth bit), and whether it is a form (its third). */
#include <assert.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/github/event.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const char *const names[32] = {"pull_request", "pull_request_review",
                                          "push",         "ping",
                                          "check_run",    "check_suite",
                                          "status",       "issue_comment",
                                          "repository",   "meta",
                                          "installation", "installation_repositories",
                                          "deployment",   "deployment_status",
                                          "release",      "merge_group",
                                          "star"};
    struct err err = ERR_INIT;
    static struct arena arena; /* kept: to take a block for each run costs more than the run */
    struct event event;
    const char *name;

    if (n == 0)
        return 0;
    name = names[(bytes[0] & 3) | (bytes[0] >> 3 & 7) << 2];
    if (name == NULL)
        name = "star";
    if (event_read(name, (bytes[0] & 4) != 0, (const char *)bytes + 1, n - 1, &arena, &event,
                   &err) < 0) {
        assert(err.code == ERR_INVALID && err.text[0] != '\0');
    } else {
        assert(event.action != NULL && event.repository != NULL && event.label != NULL);
        assert(!event.pull_request.merged || event.kind == EVENT_PULL_REQUEST ||
               event.kind == EVENT_PULL_REQUEST_REVIEW);
        assert(event.comment.first_line == NULL ||
               strlen(event.comment.first_line) <= EVENT_COMMENT_MAX);
        assert(event.check.word == NULL || event.check.sha[0] != '\0');
        assert(event.hook.id >= 0 && event.hook.n_repositories <= 1000);
        assert(event.pull_request.merge_sha[0] == '\0' ||
               strlen(event.pull_request.merge_sha) == 40);
    }
    arena_reset(&arena); /* behind it: what is given back counts for the run that took it */
    return 0;
}
