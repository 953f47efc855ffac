#include "lib/calendar/holidays_read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/str.h"
#include "lib/calendar/ics_read.h"

#define NAME_MAX_BYTES 100

struct holidays {
    struct arena *arena;
    struct almanac_holiday *items;
    size_t n, cap;
};

static int by_day(const void *a, const void *b)
{
    const struct almanac_holiday *x = a, *y = b;

    return x->day < y->day ? -1 : x->day > y->day;
}

/* By day, each once. */
static void sort_once(struct holidays *h)
{
    size_t n = 0;

    if (h->n > 0)
        qsort(h->items, h->n, sizeof(*h->items), by_day);
    for (size_t i = 0; i < h->n; i++)
        if (n == 0 || h->items[n - 1].day != h->items[i].day)
            h->items[n++] = h->items[i];
    h->n = n;
}

static int add(struct holidays *h, int64_t day, const char *name, int number, struct err *err)
{
    if (h->n >= HOLIDAYS_READ_MAX)
        return err_set(err, ERR_INVALID, "line %d: more than %d holidays", number,
                       HOLIDAYS_READ_MAX);
    *ARENA_PUSH(h->arena, h->items, h->n, h->cap) = (struct almanac_holiday){day, name};
    return 0;
}

/* "2026-11-23,NAME", of `len` bytes. */
static int read_line(struct holidays *h, const char *line, size_t len, int number, struct err *err)
{
    const char *text = arena_strn(h->arena, line, len);
    int year = 0, month = 0, day = 0, used = 0;
    bool dashes = sscanf(text, "%4d-%2d-%2d%n", &year, &month, &day, &used) == 3 && used == 10;
    bool ok =
        dashes || (sscanf(text, "%4d/%2d/%2d%n", &year, &month, &day, &used) == 3 && used >= 8);

    if (!ok || strspn(text, "0123456789-/") < (size_t)used ||
        (text[used] != '\0' && strchr(",; \t", text[used]) == NULL))
        return err_set(err, ERR_INVALID, "line %d: a line such as 2026-11-23,NAME is expected",
                       number);
    if (!timestamp_civil_exists(year, month, day))
        return err_set(err, ERR_INVALID, "line %d: there is no day %04d-%02d-%02d", number, year,
                       month, day);
    text += used + (text[used] != '\0');
    return add(h, timestamp_days_from_civil(year, month, day),
               str_clean(h->arena, text, strlen(text), NAME_MAX_BYTES), number, err);
}

static int read_list(struct holidays *h, const char *bytes, size_t len, struct err *err)
{
    const char *end = bytes + len;
    int number = 0, rc = 0;

    if (len > HOLIDAYS_READ_LIST_MAX)
        return err_set(err, ERR_INVALID, "the list has %zu MiB; at most %zu are read", len >> 20,
                       HOLIDAYS_READ_LIST_MAX >> 20);
    if (!str_is_utf8(bytes, len) || memchr(bytes, '\0', len) != NULL)
        return err_set(err, ERR_INVALID,
                       "this is no text in UTF-8; a list such as Japan's syukujitsu.csv is in "
                       "Shift_JIS: iconv -f CP932 -t UTF-8 makes it one");
    while (bytes < end && rc == 0) {
        const char *stop = memchr(bytes, '\n', (size_t)(end - bytes));
        size_t n = (size_t)((stop == NULL ? end : stop) - bytes);
        const char *line = bytes;
        bytes = stop == NULL ? end : stop + 1;
        n -= n > 0 && line[n - 1] == '\r';
        number++;
        if (n == 0 || line[0] == '#' || (number == 1 && (line[0] < '0' || line[0] > '9')))
            continue;
        rc = read_line(h, line, n, number, err);
    }
    return rc;
}

/* Events of whole days, in the zone they are written in: Exchange gives them one. A meeting is no holiday. */
static int read_ics(struct holidays *h, const char *bytes, size_t len, struct err *err)
{
    struct almanac_event *events = NULL;
    size_t n = 0;
    int rc = ics_read(bytes, len, h->arena, &events, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++)
        for (int64_t day = events[i].from.day;
             events[i].from.second == 0 && events[i].to.second == 0 && day < events[i].to.day &&
             rc == 0;
             day++)
            rc = add(h, day, events[i].name != NULL ? events[i].name : "", (int)i + 1, err);
    if (rc == 0 && h->n == 0)
        return err_set(
            err, ERR_INVALID,
            "no event of whole days is in it (2020 to 2037): nothing would be a holiday");
    return rc;
}

int holidays_read(const char *bytes, size_t len, struct arena *arena,
                  struct almanac_holiday **ret_items, size_t *ret_n, struct err *err)
{
    struct holidays h = {.arena = arena};
    int rc;

    if (len >= 3 && memcmp(bytes, "\xef\xbb\xbf", 3) == 0) {
        bytes += 3;
        len -= 3;
    }
    rc = len >= 15 && memcmp(bytes, "BEGIN:VCALENDAR", 15) == 0 ? read_ics(&h, bytes, len, err)
                                                                : read_list(&h, bytes, len, err);
    if (rc < 0)
        return rc;
    sort_once(&h);
    *ret_items = h.items;
    *ret_n = h.n;
    return 0;
}
