#include "lib/rules/rules_check.h"

/* The last word about a change; NULL = nobody has looked. Who says that it needs a fix need not have the
 * right of its lane. */
static const struct check *word_on(const struct rules_check_facts *f, size_t at)
{
    const struct change *change = &f->changes[at];
    bool is_content = change->lane == LANE_CONTENT;
    const struct check *own = is_content ? f->of_pull[at] : NULL;
    const struct check *all = f->of_release;

    if (all != NULL && all->ok && !(is_content ? all->content : all->code))
        all = NULL;
    if (own == NULL || all == NULL)
        return own != NULL ? own : all;
    return own->checked_at > all->checked_at ? own : all;
}

struct rules_check_answer rules_check_judge(const struct rules_check_facts *facts)
{
    struct rules_check_answer answer = {.checked = true};

    for (size_t i = 0; i < facts->n_changes; i++) {
        const struct check *word = word_on(facts, i);
        if (word != NULL && word->ok)
            continue;
        answer.checked = false;
        if (word != NULL && answer.refused == NULL)
            answer.refused = word;
        else if (word == NULL && facts->changes[i].lane == LANE_CONTENT)
            answer.lacks_content = true;
        else if (word == NULL)
            answer.lacks_code = true;
    }
    return answer;
}
