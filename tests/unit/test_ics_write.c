/* ics_write: read back by two other parsers, libical and ical.js. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/calendar/ics_read.h"
#include "lib/calendar/ics_write.h"

#define T ((time_ms)1795500000000) /* 2026-11-24 06:00 UTC */
#define HARD                                                                                       \
    "冬のセール, 公開; C:\\x \"quoted\"\nsecond line, " /* what must be escaped, and is long */

static const struct ics_write_event events[] = {
    {.uid = "promise-1@store",
     .sequence = 3,
     .stamp = T,
     .from = T + 3600000,
     .to = T + 4500000,
     .summary = "acme/shop production: r3",
     .busy = true,
     .url = "https://slipway.example/x"},
    {.uid = "promise-2@store",
     .sequence = 9,
     .stamp = T,
     .from = T,
     .to = T + 1000,
     .status = ICS_WRITE_CANCELLED,
     .summary = HARD HARD HARD,
     .description = HARD HARD HARD},
    {.uid = "freeze-1@store",
     .stamp = T,
     .from = T,
     .to = T + 86400000,
     .status = ICS_WRITE_TENTATIVE,
     .summary = "年末の凍結"},
};
#define N (sizeof(events) / sizeof(*events))

static void write_all(struct buf *buf)
{
    buf_init(buf, 1 << 20);
    ics_write_begin(buf, "Slipway");
    for (size_t i = 0; i < N; i++)
        ics_write_event(buf, &events[i]);
    ics_write_end(buf);
}

static void libical_reads_what_is_not_cancelled_at_its_instants(void **state)
{
    struct almanac_event *found;
    struct err err = ERR_INIT;
    struct arena arena;
    struct buf buf;
    size_t n;

    (void)state;
    arena_init(&arena);
    write_all(&buf);
    if (ics_read(buf_str(&buf), buf.len, &arena, &found, &n, &err) < 0)
        fail_msg("%s", err.text);
    assert_int_equal(n, 2);
    assert_false(found[0].local);
    assert_int_equal(found[0].from_at, events[0].from);
    assert_int_equal(found[0].to_at, events[0].to);
    assert_string_equal(found[0].name, events[0].summary);
    assert_string_equal(found[1].name, events[2].summary);
    buf_deinit(&buf);
    arena_deinit(&arena);
}

static void ical_js_reads_every_text_as_it_was_and_no_line_is_too_long(void **state)
{
    static const char *const expected[] = {
        "promise-1@store 3 CONFIRMED 2026-11-24T07:00:00.000Z 2026-11-24T07:15:00.000Z "
        "\"acme/shop production: r3\" ",
        "promise-2@store 9 CANCELLED 2026-11-24T06:00:00.000Z 2026-11-24T06:00:01.000Z ",
        "freeze-1@store 0 TENTATIVE 2026-11-24T06:00:00.000Z 2026-11-25T06:00:00.000Z "
        "\"年末の凍結\" ",
    };
    char path[128], line[8192];
    struct err err = ERR_INIT;
    struct buf buf;
    FILE *answers;
    int longest = 0;

    (void)state;
    write_all(&buf);
    snprintf(path, sizeof(path), "%s/slipway-ics-%d.ics",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp", (int)getpid());
    assert_int_equal(file_write_atomic(path, buf_str(&buf), buf.len, 0600, &err), 0);
    snprintf(line, sizeof(line), "node " SLIPWAY_SOURCE_DIR "/tests/support/ics_oracle.mjs < %s",
             path);
    answers = popen(line, "r");
    assert_non_null(answers);
    for (size_t i = 0; i < N; i++) {
        assert_non_null(fgets(line, sizeof(line), answers));
        if (strncmp(line, expected[i], strlen(expected[i])) != 0)
            fail_msg("found    %sexpected %s", line, expected[i]);
        if (i == 1) { /* as JSON writes that text, three times, as summary and as description */
            const char *part = "冬のセール, 公開; C:\\\\x \\\"quoted\\\"\\nsecond line, ";
            int times = 0;
            for (const char *p = strstr(line, part); p != NULL; p = strstr(p + 1, part))
                times++;
            assert_int_equal(times, 6);
        }
    }
    assert_int_equal(fscanf(answers, "longest %d", &longest), 1);
    assert_true(longest <= 75);
    assert_int_equal(pclose(answers), 0);
    unlink(path);
    buf_deinit(&buf);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(libical_reads_what_is_not_cancelled_at_its_instants),
        cmocka_unit_test(ical_js_reads_every_text_as_it_was_and_no_line_is_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
