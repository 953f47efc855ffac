#include "cli/ago.h"

#include <inttypes.h>

/* The largest unit of which there are at least two, so that "1 d" never hides 23 hours. */
static const char *length(struct arena *arena, int64_t ms)
{
    static const struct {
        int64_t ms;
        const char *name;
    } units[] = {{86400000, "d"}, {3600000, "h"}, {60000, "min"}};

    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (ms >= 2 * units[i].ms)
            return arena_printf(arena, "%" PRId64 " %s", ms / units[i].ms, units[i].name);
    return arena_printf(arena, "%" PRId64 " s", ms / 1000);
}

const char *ago_text(struct arena *arena, const char *instant, time_ms now)
{
    time_ms at;

    if (instant == NULL)
        return "never";
    if (timestamp_parse_rfc3339(instant, &at) < 0)
        return instant;
    return at > now ? arena_printf(arena, "in %s", length(arena, at - now))
                    : arena_printf(arena, "%s ago", length(arena, now - at));
}
