/* The agent's journal: what a crash, a flipped bit and a second start do to it. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent_journal.h"
#include "lib/base/file.h"

#define A "aaaaaaaa-0000-4000-8000-000000000001"
#define B "bbbbbbbb-0000-4000-8000-000000000002"
#define NOW 1795334400000

static char folder[128], path[160];

/* In the place of libc's: how often the file and its folder were synced. */
static int synced;

int fsync(int fd)
{
    synced++;
    return (int)syscall(SYS_fsync, fd);
}

static int set_up(void **state)
{
    const char *tmp = getenv("TMPDIR");

    (void)state;
    snprintf(folder, sizeof(folder), "%.80s/slipway-journal-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/journal", folder);
    return 0;
}

static int tear_down(void **state)
{
    char command[256];

    (void)state;
    snprintf(command, sizeof(command), "rm -rf '%s'", folder);
    return system(command); // NOLINT(cert-env33-c): a name that mkdtemp made
}

static struct agent_journal *open_it(void)
{
    struct agent_journal *j = NULL;
    struct err err = ERR_INIT;

    if (agent_journal_open(folder, NOW, &j, &err) < 0)
        fail_msg("%s", err.text);
    return j;
}

static int add(struct agent_journal *j, enum agent_journal_kind kind, const char *command_id)
{
    const struct agent_journal_record record = {.kind = kind,
                                                .command_id = command_id,
                                                .envelope_digest = "00",
                                                .boot_id = "x",
                                                .status = "Success",
                                                .why = "a reason with \"quotes\"\nand lines"};
    struct err err = ERR_INIT;

    return agent_journal_add(j, &record, NOW, &err);
}

static enum agent_journal_kind last(struct agent_journal *j, const char *command_id)
{
    struct agent_journal_entry e;

    return agent_journal_find(j, command_id, &e) ? e.kind : AGENT_JOURNAL_NONE;
}

static size_t read_bytes(char **ret_bytes)
{
    struct err err = ERR_INIT;
    size_t len;

    assert_int_equal(file_read_all(path, 1 << 20, ret_bytes, &len, &err), 0);
    return len;
}

static void write_bytes(const char *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_TRUNC);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, len), (ssize_t)len);
    close(fd);
}

/* A journal in which A has ended and B was accepted; gives where its last record begins. */
static size_t make_one(char id[NAMES_UUID_SIZE])
{
    struct agent_journal *j = open_it();
    struct stat st;

    snprintf(id, NAMES_UUID_SIZE, "%s", agent_journal_id(j));
    assert_int_equal(add(j, AGENT_JOURNAL_ACCEPTED, A), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_STARTED, A), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_FINISHED, A), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_ACCEPTED, B), 0);
    agent_journal_free(j);
    return (size_t)st.st_size;
}

static void it_is_the_same_after_a_restart(void **state)
{
    struct agent_journal_entry *open;
    struct agent_journal *j;
    struct arena arena;
    char id[NAMES_UUID_SIZE];
    struct stat st;
    size_t n;

    (void)state;
    make_one(id);
    j = open_it();
    arena_init(&arena);
    assert_string_equal(agent_journal_id(j), id);
    assert_false(agent_journal_is_new(j));
    assert_int_equal(agent_journal_number(j), 5);
    assert_int_equal(last(j, A), AGENT_JOURNAL_FINISHED);
    agent_journal_open_commands(j, &arena, &open, &n);
    assert_int_equal(n, 2);
    assert_string_equal(open[0].command_id, A);
    assert_int_equal(add(j, AGENT_JOURNAL_REPORTED, A), 0);
    agent_journal_open_commands(j, &arena, &open, &n);
    assert_int_equal(n, 1);
    assert_string_equal(open[0].command_id, B);
    assert_int_equal(agent_journal_number(j), 6);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    agent_journal_free(j);
    arena_deinit(&arena);
}

/* What is done next stands on it: both are on the disk when it returns, the record and the name of the file (G4). */
static void G4_each_record_is_on_the_disk_before_the_next_step(void **state)
{
    static const enum agent_journal_kind kinds[] = {AGENT_JOURNAL_ACCEPTED, AGENT_JOURNAL_STARTED,
                                                    AGENT_JOURNAL_FINISHED, AGENT_JOURNAL_REPORTED};
    struct agent_journal *j = open_it();

    (void)state;
    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        int before = synced;

        assert_int_equal(add(j, kinds[i], A), 0);
        assert_int_equal(synced - before, 2);
    }
    agent_journal_free(j);
}

static void I4_a_command_begins_once(void **state)
{
    struct agent_journal *j = open_it();

    (void)state;
    assert_int_equal(add(j, AGENT_JOURNAL_STARTED, A), ERR_CONFLICT); /* not accepted */
    assert_int_equal(add(j, AGENT_JOURNAL_ACCEPTED, A), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_ACCEPTED, A), ERR_CONFLICT);
    assert_int_equal(add(j, AGENT_JOURNAL_STARTED, A), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_STARTED, A), ERR_CONFLICT);
    assert_int_equal(add(j, AGENT_JOURNAL_DECLINED, A), ERR_CONFLICT); /* it may have run */
    assert_int_equal(add(j, AGENT_JOURNAL_DECLINED, B), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_ACCEPTED, B), ERR_CONFLICT);
    agent_journal_free(j);
}

/* Whatever follows anything: at most one `started`, and nothing after `reported`. */
static void I4_no_order_of_records_begins_twice(void **state)
{
    (void)state;
    for (int seed = 0; seed < 40; seed++) {
        struct agent_journal *j;
        unsigned random = (unsigned)seed * 2654435761u + 1;
        int started = 0;
        bool reported = false;

        (void)unlink(path);
        j = open_it();
        for (int i = 0; i < 30; i++) {
            enum agent_journal_kind kind;

            random = random * 1103515245u + 12345;
            kind = (enum agent_journal_kind)(1 + (random >> 16) % (AGENT_JOURNAL_KINDS_COUNT - 1));
            if (add(j, kind, A) == 0) {
                assert_false(reported);
                started += kind == AGENT_JOURNAL_STARTED;
                reported = kind == AGENT_JOURNAL_REPORTED;
            }
        }
        assert_true(started <= 1);
        agent_journal_free(j);
    }
}

static void journal_torn(void **state)
{
    char id[NAMES_UUID_SIZE];
    size_t begin = make_one(id);
    char *bytes;
    size_t len = read_bytes(&bytes);

    (void)state;
    for (size_t cut = begin; cut < len; cut++) {
        struct agent_journal *j;

        write_bytes(bytes, cut);
        j = open_it();
        assert_string_equal(agent_journal_id(j), id);
        assert_int_equal(agent_journal_number(j), 4);
        assert_int_equal(last(j, B), AGENT_JOURNAL_NONE);
        assert_int_equal(last(j, A), AGENT_JOURNAL_FINISHED);
        /* The number is given again, and nothing of the torn one is in the way. */
        assert_int_equal(add(j, AGENT_JOURNAL_REPORTED, A), 0);
        agent_journal_free(j);
        j = open_it();
        assert_int_equal(agent_journal_number(j), 5);
        assert_int_equal(last(j, A), AGENT_JOURNAL_REPORTED);
        agent_journal_free(j);
    }
    free(bytes);
}

/* A file system that made room for the record, but did not get its bytes. */
static void journal_torn_to_blanks(void **state)
{
    char id[NAMES_UUID_SIZE];
    size_t begin = make_one(id);
    struct agent_journal *j;
    char *bytes;
    size_t len = read_bytes(&bytes);

    (void)state;
    memset(bytes + begin, 0, len - begin);
    write_bytes(bytes, len);
    j = open_it();
    assert_int_equal(agent_journal_number(j), 4);
    agent_journal_free(j);
    free(bytes);
}

static void journal_bit_flipped(void **state)
{
    char id[NAMES_UUID_SIZE];
    size_t len;
    char *bytes;

    (void)state;
    make_one(id);
    len = read_bytes(&bytes);
    for (size_t i = 0; i < len; i++) {
        for (int bit = 0; bit < 8; bit += 3) {
            struct agent_journal *j = NULL;
            struct err err = ERR_INIT;

            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            write_bytes(bytes, len);
            if (agent_journal_open(folder, NOW, &j, &err) != ERR_INVALID)
                fail_msg("bit %d of byte %zu was flipped unseen", bit, i);
            assert_non_null(strstr(err.text, "damaged"));
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    }
    free(bytes);
}

/* A record that is missing, one that is there twice: every line is whole, the numbers tell. */
static void journal_with_a_hole_or_a_repetition(void **state)
{
    char id[NAMES_UUID_SIZE];
    struct agent_journal *j = NULL;
    struct err err = ERR_INIT;
    char *bytes, *second, *third, *copy;
    size_t len;

    (void)state;
    make_one(id);
    len = read_bytes(&bytes);
    second = strchr(bytes, '\n') + 1;
    third = strchr(second, '\n') + 1;
    copy = calloc(1, 2 * len);
    memcpy(copy, bytes, (size_t)(second - bytes));
    memcpy(copy + (second - bytes), third, len - (size_t)(third - bytes));
    write_bytes(copy, len - (size_t)(third - second));
    assert_int_equal(agent_journal_open(folder, NOW, &j, &err), ERR_INVALID);
    memcpy(copy, bytes, len);
    memcpy(copy + len, second, (size_t)(third - second));
    write_bytes(copy, len + (size_t)(third - second));
    assert_int_equal(agent_journal_open(folder, NOW, &j, &err), ERR_INVALID);
    free(copy);
    free(bytes);
}

static void a_damaged_one_is_set_aside_and_kept(void **state)
{
    struct agent_journal *j;
    struct err err = ERR_INIT;
    struct arena arena;
    char id[NAMES_UUID_SIZE];
    const char *aside;
    struct stat st;

    (void)state;
    make_one(id);
    arena_init(&arena);
    assert_int_equal(agent_journal_set_aside(folder, NOW, &arena, &aside, &err), 0);
    assert_int_equal(stat(aside, &st), 0);
    j = open_it();
    assert_true(agent_journal_is_new(j));
    assert_string_not_equal(agent_journal_id(j), id);
    assert_int_equal(agent_journal_number(j), 1);
    assert_int_equal(add(j, AGENT_JOURNAL_CARRIED, A), 0);
    assert_int_equal(add(j, AGENT_JOURNAL_ACCEPTED, A), ERR_CONFLICT);
    assert_int_equal(add(j, AGENT_JOURNAL_FINISHED, A), 0);
    agent_journal_free(j);
    arena_deinit(&arena);
}

static void T38_others_must_not_read_or_lead_it_elsewhere(void **state)
{
    struct agent_journal *j = NULL;
    struct err err = ERR_INIT;
    char id[NAMES_UUID_SIZE];

    (void)state;
    make_one(id);
    assert_int_equal(chmod(path, 0644), 0);
    assert_int_equal(agent_journal_open(folder, NOW, &j, &err), ERR_DENIED);
    assert_non_null(strstr(err.text, "chmod 600"));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(symlink("elsewhere", path), 0);
    assert_int_equal(agent_journal_open(folder, NOW, &j, &err), ERR_DENIED);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(it_is_the_same_after_a_restart),
        TEST(G4_each_record_is_on_the_disk_before_the_next_step),
        TEST(I4_a_command_begins_once),
        TEST(I4_no_order_of_records_begins_twice),
        TEST(journal_torn),
        TEST(journal_torn_to_blanks),
        TEST(journal_bit_flipped),
        TEST(journal_with_a_hole_or_a_repetition),
        TEST(a_damaged_one_is_set_aside_and_kept),
        TEST(T38_others_must_not_read_or_lead_it_elsewhere),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
