/* Whatever is typed as a time: an instant of the known years or a text that says why not; and what was
 * read, written out and read again, is the same instant. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "lib/calendar/when.h"
#include "lib/calendar/zone.h"

#define NOW INT64_C(1795500000000) /* 24 November 2026 */
#define FIRST INT64_C(1577836800000)
#define END INT64_C(2145916800000)

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    static const char *const zones[] = {"Asia/Tokyo", "Europe/Berlin", "Pacific/Apia", "UTC"};
    struct when when = {.now = NOW, .end = len % 2 == 0};
    struct err err = ERR_INIT;
    char again[TIMESTAMP_SIZE];
    time_ms t, same = 0;
    char *text = calloc(1, len + 1);

    if (text == NULL || zone_open(zones[len / 2 % 4], &when.zone, NULL) < 0)
        abort();
    memcpy(text, bytes, len);
    if (when_read(&when, text, &t, &err) == 0) {
        if (t < FIRST || t >= END)
            abort();
        timestamp_format(t, again);
        if (when_read(&when, again, &same, &err) < 0 || same != t)
            abort();
    } else if (err.code != ERR_INVALID || err.text[0] == '\0') {
        abort();
    }
    free(text);
    return 0;
}
