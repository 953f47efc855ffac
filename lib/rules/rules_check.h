/*
 * rules_check: has a person looked, and is it well? (C1, L1)
 *
 * Asked where an environment that is needed says `check: required`. A change of the content lane is
 * checked by itself, on the head that was merged; any other, or all of them at once, by a check of the
 * release. Where both were said the later word counts. Pure.
 */
#ifndef SLIPWAY_LIB_RULES_RULES_CHECK_H
#define SLIPWAY_LIB_RULES_RULES_CHECK_H

#include <stdbool.h>
#include <stddef.h>

#include "lib/model/change.h"
#include "lib/model/check.h"

struct rules_check_facts {
    const struct change *changes;       /* in the range */
    const struct check *const *of_pull; /* for each, of its pull request on its merged head; NULL */
    size_t n_changes;
    const struct check *of_release; /* NULL */
};

struct rules_check_answer {
    bool checked;
    const struct check *refused; /* needs a fix, NULL */
    bool lacks_code;             /* a change of that lane was not looked at */
    bool lacks_content;
};

struct rules_check_answer rules_check_judge(const struct rules_check_facts *facts);

#endif
