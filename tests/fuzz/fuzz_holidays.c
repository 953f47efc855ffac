/* A list of holidays, or an iCalendar file: by day, each once. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/arena.h"
#include "lib/calendar/holidays_read.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct almanac_holiday *items = NULL;
    struct err err = ERR_INIT;
    struct arena arena;
    size_t n = 0;

    arena_init(&arena);
    if (holidays_read((const char *)data, size, &arena, &items, &n, &err) == 0) {
        assert(n <= HOLIDAYS_READ_MAX);
        for (size_t i = 1; i < n; i++)
            assert(items[i - 1].day < items[i].day);
    } else {
        assert(err.text[0] != '\0');
    }
    arena_deinit(&arena);
    return 0;
}
