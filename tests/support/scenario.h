/*
 * scenario: a folder of text that says what Slipway decides, and the runner that holds it to that.
 *
 *      tests/scenarios/NN_RULE_sentence/config.yml   the configuration, read as slipwayd reads it
 *      tests/scenarios/NN_RULE_sentence/story        facts in the order of time, expectations between
 *
 * Facts go through the functions of lib/store into a store of the scenario's own; what is expected is
 * compared with what server/flow/outlook and lib/rules/progress say, as a whole: a cause more or less is
 * a difference. tests/scenarios/README.md tells how a story is written; its words are one table in
 * scenario_words.c. One thread.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_SCENARIO_H
#define SLIPWAY_TESTS_SUPPORT_SCENARIO_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"

struct scenario_report {
    size_t n_expected; /* expectations that were looked at */
    size_t n_differ;
    size_t n_broken; /* of those: the decision breaks a promise of its own, whatever is expected */
    size_t n_promised; /* promises that were held to */
    struct buf text;   /* each difference: expected and found, as it would stand in the story */
};

void scenario_report_init(struct scenario_report *report);
void scenario_report_deinit(struct scenario_report *report);

/*
 * Play the story of `folder`, and hold what is promised at its end (scenario_promise.h). With `write` its expectations are replaced by what was found, and only what is
 * broken differs. ERR_INVALID: a line that cannot be understood or cannot be; the text begins with file:line.
 */
int scenario_run(const char *folder, bool write, struct scenario_report *report, struct err *err);

/* Play it as far as each of its expectations, and hold what is promised there, too. */
int scenario_promises(const char *folder, struct scenario_report *report, struct err *err);

#endif
