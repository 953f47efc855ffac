/* An iCalendar file: bounded events, each half-open. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/calendar/ics_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct almanac_event *events = NULL;
    struct err err = ERR_INIT;
    struct arena arena;
    size_t n = 0;

    arena_init(&arena);
    if (ics_read((const char *)data, size, &arena, &events, &n, &err) == 0) {
        assert(n <= ICS_READ_EVENTS_MAX);
        for (size_t i = 0; i < n; i++)
            assert(events[i].local ? events[i].from.day <= events[i].to.day
                                   : events[i].from_at < events[i].to_at);
    } else {
        assert(err.text[0] != '\0');
    }
    arena_deinit(&arena);
    return 0;
}
