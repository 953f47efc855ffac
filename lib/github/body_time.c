#include "lib/github/body_time.h"

#include <string.h>

#define SECOND_MIN INT64_C(1199145600) /* 2008, the year of GitHub's beginning */
#define SECOND_END INT64_C(4102444800) /* 2100 */

/* How JSON and its url-encoded form are written. '9' stands for a digit. */
static const struct spelling {
    const char *time;   /* up to its Z; its digits are those of YYYYMMDDhhmmss */
    const char *push;   /* how the body of a push begins, which tells its time in seconds */
    const char *pushed; /* where */
} spellings[] = {
    {"_at\":\"9999-99-99T99:99:99Z", "{\"ref\":", "\"pushed_at\":"},
    {"_at%22%3A%229999-99-99T99%3A99%3A99Z", "payload=%7B%22ref%22", "%22pushed_at%22%3A"},
};

/* Does `at` begin as `form` says? Its digits, as one number. */
static bool take(const char *at, const char *end, const char *form, int64_t *ret_digits)
{
    int64_t digits = 0;

    if (end - at < (ptrdiff_t)strlen(form))
        return false;
    for (; *form != '\0'; form++, at++) {
        if (*form == '9' && *at >= '0' && *at <= '9')
            digits = digits * 10 + (*at - '0');
        else if (*form == '9' || *form != *at)
            return false;
    }
    *ret_digits = digits;
    return true;
}

/* YYYYMMDDhhmmss in seconds. */
static int64_t seconds_of(int64_t digits)
{
    int64_t date = digits / 1000000, time = digits % 1000000;
    int month = (int)(date / 100 % 100), day = (int)(date % 100);

    if (month < 1 || month > 12 || day < 1 || day > 31)
        return 0;
    return timestamp_days_from_civil(date / 10000, month, day) * 86400 + time / 10000 * 3600 +
           time / 100 % 100 * 60 + time % 100;
}

static void see(int64_t seconds, int64_t *latest)
{
    if (seconds >= SECOND_MIN && seconds < SECOND_END && seconds > *latest)
        *latest = seconds;
}

/* From Z to Z: there are few, and each time ends with one. */
static void see_times(const char *body, const char *end, const char *form, int64_t *latest)
{
    ptrdiff_t before = (ptrdiff_t)strlen(form) - 1;
    int64_t digits;

    for (const char *z = body; z < end && (z = memchr(z, 'Z', (size_t)(end - z))) != NULL; z++)
        if (z - body >= before && take(z - before, end, form, &digits))
            see(seconds_of(digits), latest);
}

static void see_pushed(const char *body, const char *end, const struct spelling *s, int64_t *latest)
{
    size_t len = strlen(s->pushed);
    int64_t digits;

    if (!take(body, end, s->push, &digits))
        return;
    while ((body = memmem(body, (size_t)(end - body), s->pushed, len)) != NULL) {
        body += len;
        if (take(body, end, "9999999999", &digits))
            see(digits, latest);
    }
}

time_ms body_time(const char *body, size_t len, bool form)
{
    const struct spelling *s = &spellings[form ? 1 : 0];
    int64_t latest = 0;

    see_times(body, body + len, s->time, &latest);
    see_pushed(body, body + len, s, &latest);
    return latest * 1000;
}
