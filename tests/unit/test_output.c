/* What a command prints, on the host's disk: numbered, bounded, read while it is written. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/output.h"
#include "agent/report.h"
#include "lib/base/buf.h"

#define NOW 1795334400000

static char folder[128];
static struct arena arena;
static struct output_writer writer;
static struct document_step steps[2] = {{.name = "one"}, {.name = "two"}};
static const struct document document = {.steps = steps, .n_steps = 2};

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct err err = ERR_INIT;

    (void)state;
    snprintf(folder, sizeof(folder), "%.80s/slipway-output-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    arena_init(&arena);
    assert_int_equal(output_writer_open(&writer, folder, NULL, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    output_writer_close(&writer);
    arena_deinit(&arena);
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command); // NOLINT(cert-env33-c): a name that mkdtemp made
}

static size_t take(struct output_reader *reader, struct output_chunk **ret_chunks)
{
    struct err err = ERR_INIT;
    size_t n = 0;

    if (output_read(reader, &arena, folder, &document, ret_chunks, &n, &err) < 0)
        fail_msg("%s", err.text);
    return n;
}

static void small_pieces_of_one_stream_are_joined_for_a_moment(void **state)
{
    struct output_reader reader = {0};
    struct output_chunk *chunks;

    (void)state;
    /* Half of the 200 ms in which output is seen; the rest is for the way, and for whoever looks. */
    assert_true(OUTPUT_JOIN_MS + REPORT_TICK_MS <= 100);
    assert_int_equal(output_writer_left(&writer, NOW), -1);
    output_writer_add(&writer, 0, false, "a", 1, NOW);
    output_writer_add(&writer, 0, false, "b", 1, NOW + 10);
    assert_int_equal(output_writer_left(&writer, NOW), OUTPUT_JOIN_MS);
    assert_int_equal(output_writer_left(&writer, NOW + 20), OUTPUT_JOIN_MS - 20);
    assert_int_equal(output_writer_left(&writer, NOW + OUTPUT_JOIN_MS + 1), 0);
    /* A clock that was set back holds nothing up until it is so late again. */
    assert_int_equal(output_writer_left(&writer, NOW - 3600000), 0);
    assert_int_equal(take(&reader, &chunks), 0);
    output_writer_add(&writer, 0, true, "error", 5, NOW + 20); /* the other stream: in order */
    output_writer_add(&writer, 1, true, "next", 4, NOW + 30);  /* the next step */
    output_writer_flush(&writer);
    assert_int_equal(take(&reader, &chunks), 3);
    assert_int_equal(chunks[0].number, 0);
    assert_int_equal(chunks[0].len, 2);
    assert_memory_equal(chunks[0].text, "ab", 2);
    assert_int_equal(chunks[0].at, NOW);
    assert_false(chunks[0].error_stream);
    assert_true(chunks[1].error_stream);
    assert_string_equal(chunks[1].step, "one");
    assert_string_equal(chunks[2].step, "two");
    assert_int_equal(chunks[2].number, 2);
    assert_int_equal(take(&reader, &chunks), 0);
}

static void a_torn_frame_waits_for_its_rest(void **state)
{
    struct output_reader reader = {0};
    struct output_chunk *chunks;
    char path[160];
    struct stat st;

    (void)state;
    output_writer_add(&writer, 0, false, "whole", 5, NOW);
    output_writer_flush(&writer);
    output_writer_add(&writer, 0, false, "torn!", 5, NOW);
    output_writer_flush(&writer);
    snprintf(path, sizeof(path), "%s/output", folder);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(truncate(path, st.st_size - 2), 0);
    assert_int_equal(take(&reader, &chunks), 1);
    assert_int_equal(take(&reader, &chunks), 0);
}

/* `mib` of lines with their number, flushed as they come. */
static void print_lines(int mib, int *ret_lines)
{
    char line[1025];
    int n = mib * 1024;

    for (int i = 0; i < n; i++) {
        snprintf(line, sizeof(line), "%08d%01015d\n", i, 0);
        output_writer_add(&writer, 0, false, line, 1024, NOW);
    }
    output_writer_flush(&writer);
    *ret_lines = n;
}

static void read_whole(struct buf *all, int64_t *ret_last)
{
    struct output_reader reader = {0};
    struct output_chunk *chunks;
    size_t n;

    *ret_last = -1;
    while ((n = take(&reader, &chunks)) > 0) {
        for (size_t i = 0; i < n; i++) {
            assert_true(chunks[i].number > *ret_last); /* they rise */
            *ret_last = chunks[i].number;
            buf_add(all, chunks[i].text, chunks[i].len);
        }
        arena_reset(&arena);
    }
}

static void up_to_the_limit_nothing_is_lost(void **state)
{
    struct err err = ERR_INIT;
    struct buf all;
    int64_t last;
    int n;

    (void)state;
    buf_init(&all, 64 << 20);
    print_lines(7, &n);
    output_writer_close(&writer);
    assert_int_equal(output_fold(folder, NOW, &err), 0);
    read_whole(&all, &last);
    assert_int_equal(all.len, (size_t)n * 1024);
    for (int i = 0; i < n; i++) {
        char number[9];
        snprintf(number, sizeof(number), "%08d", i);
        assert_memory_equal(all.data + (size_t)i * 1024, number, 8);
    }
    buf_deinit(&all);
}

static void T56_beyond_it_the_middle_goes_and_that_is_said(void **state)
{
    struct err err = ERR_INIT;
    char wanted[16];
    struct buf all;
    int64_t last;
    int n;

    (void)state;
    buf_init(&all, 64 << 20);
    print_lines(40, &n);
    output_writer_close(&writer);
    assert_int_equal(output_fold(folder, NOW, &err), 0);
    assert_int_equal(output_fold(folder, NOW, &err), 0); /* harmless when done twice */
    read_whole(&all, &last);
    assert_true(all.len <= 8 * 1024 * 1024 + 100);
    assert_true(all.len >= 6 * 1024 * 1024);
    assert_memory_equal(all.data, "00000000", 8);
    assert_non_null(strstr(all.data, "some output was left out here"));
    snprintf(wanted, sizeof(wanted), "%08d", n - 1);
    assert_memory_equal(all.data + all.len - 1024, wanted, 8);
    assert_int_equal(writer.lost, 0);
    buf_deinit(&all);
}

static void another_file_in_its_place_is_refused(void **state)
{
    struct output_reader reader = {0};
    struct output_chunk *chunks;
    struct err err = ERR_INIT;
    char path[160];
    size_t n = 0;
    int fd;

    (void)state;
    snprintf(path, sizeof(path), "%s/output", folder);
    fd = open(path, O_WRONLY);
    assert_int_equal(write(fd, "this is no frame but some text, long enough", 43), 43);
    close(fd);
    assert_int_equal(output_read(&reader, &arena, folder, &document, &chunks, &n, &err),
                     ERR_INVALID);
    assert_int_equal(n, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(small_pieces_of_one_stream_are_joined_for_a_moment),
        TEST(a_torn_frame_waits_for_its_rest),
        TEST(up_to_the_limit_nothing_is_lost),
        TEST(T56_beyond_it_the_middle_goes_and_that_is_said),
        TEST(another_file_in_its_place_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
