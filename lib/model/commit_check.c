#include "lib/model/commit_check.h"

#include <string.h>

const struct state_entry commit_check_states[COMMIT_CHECK_STATES_COUNT] = {
    COMMIT_CHECK_STATES(STATES_ENTRY)};
const struct state_entry commit_check_kinds[COMMIT_CHECK_KINDS_COUNT] = {
    COMMIT_CHECK_KINDS(STATES_ENTRY)};

enum commit_check_state commit_check_state_of(const char *word)
{
    static const struct {
        const char *word;
        enum commit_check_state state;
    } words[] = {
        {"success", COMMIT_CHECK_PASSED},   {"neutral", COMMIT_CHECK_PASSED},
        {"skipped", COMMIT_CHECK_PASSED},   {"failure", COMMIT_CHECK_FAILED},
        {"error", COMMIT_CHECK_FAILED},     {"cancelled", COMMIT_CHECK_FAILED},
        {"timed_out", COMMIT_CHECK_FAILED}, {"action_required", COMMIT_CHECK_FAILED},
        {"stale", COMMIT_CHECK_FAILED},     {"startup_failure", COMMIT_CHECK_FAILED},
    };

    for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++)
        if (strcmp(words[i].word, word) == 0)
            return words[i].state;
    return COMMIT_CHECK_PENDING;
}
