#include "lib/rules/watermark.h"

time_ms watermark_since(time_ms mark, time_ms now, int64_t kept_ms)
{
    /* A mark ahead of the clock was set before the clock was put back. */
    time_ms since = (mark == 0 || mark > now ? now : mark) - WATERMARK_OVERLAP_MS;

    return kept_ms > 0 && since < now - kept_ms ? now - kept_ms : since;
}

bool watermark_has_gap(time_ms mark, time_ms now, int64_t kept_ms)
{
    return mark != 0 && mark < now - kept_ms;
}

time_ms watermark_after(time_ms began)
{
    return began - WATERMARK_FRESH_MS;
}
