#include "lib/model/right.h"

#include <string.h>

#include "lib/model/config.h"

_Static_assert((int)CONFIG_RIGHTS + 1 == (int)RIGHT_COUNT &&
                   (int)CONFIG_ADMIN + 1 == (int)RIGHT_ADMIN,
               "the rights of the configuration and ours are one list");

const char *right_name(enum right right)
{
    return right == RIGHT_NONE ? "none" : config_right_names[right - 1];
}

int right_from_name(const char *name)
{
    for (int right = RIGHT_VIEW; right < RIGHT_COUNT; right++)
        if (strcmp(name, right_name((enum right)right)) == 0)
            return right;
    return -1;
}

unsigned right_list_bits(const char *list)
{
    unsigned bits = 0;

    for (const char *word = list; *word != '\0';) {
        size_t len = strcspn(word, ",");

        for (int right = RIGHT_VIEW; right < RIGHT_COUNT; right++) {
            const char *name = right_name((enum right)right);
            if (strlen(name) == len && memcmp(name, word, len) == 0)
                bits |= RIGHT_BIT(right);
        }
        word += len + (word[len] == ',');
    }
    return bits;
}
