#include "lib/model/states.h"

#include <string.h>

int states_find(const struct state_entry *entries, size_t n, const char *text)
{
    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(entries[i].text, text) == 0)
            return (int)i;
    return -1;
}
