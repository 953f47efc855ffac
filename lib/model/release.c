#include "lib/model/release.h"

#include <string.h>

const char *lane_name(enum lane lane)
{
    switch (lane) {
    case LANE_CODE:
        return "code";
    case LANE_CONTENT:
        return "content";
    case LANE_UNKNOWN:
        break;
    }
    return NULL;
}

enum lane lane_from_name(const char *name)
{
    if (name != NULL && strcmp(name, "code") == 0)
        return LANE_CODE;
    if (name != NULL && strcmp(name, "content") == 0)
        return LANE_CONTENT;
    return LANE_UNKNOWN;
}
