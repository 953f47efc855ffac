/* arena: zeroed, aligned, all given back at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"

static void each_piece_is_zeroed_aligned_and_its_own(void **state)
{
    struct arena arena;
    unsigned char *pieces[200];

    (void)state;
    arena_init(&arena);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 200; i++) {
            size_t size = 1 + i * 37 % 9000;
            pieces[i] = arena_alloc(&arena, size);
            assert_int_equal((uintptr_t)pieces[i] % 16, 0);
            for (size_t k = 0; k < size; k++)
                assert_int_equal(pieces[i][k], 0);
            memset(pieces[i], (int)i + 1, size);
        }
        for (size_t i = 0; i < 200; i++) { /* nobody wrote into the piece of another */
            size_t size = 1 + i * 37 % 9000;
            for (size_t k = 0; k < size; k++)
                assert_int_equal(pieces[i][k], (i + 1) % 256);
        }
        arena_reset(&arena);
    }
    arena_deinit(&arena);
    arena_deinit(&arena);
    arena_deinit(NULL);
}

static void zeroed_memory_is_an_empty_arena(void **state)
{
    struct arena arena = {0};

    (void)state;
    arena_reset(&arena);
    arena_deinit(&arena);
    assert_non_null(arena_alloc(&arena, 0));
    arena_deinit(&arena);
}

static void texts_are_copied_with_their_end(void **state)
{
    struct arena arena;
    char source[] = "acme/app";
    char *copy;

    (void)state;
    arena_init(&arena);
    copy = arena_str(&arena, source);
    source[0] = 'X';
    assert_string_equal(copy, "acme/app");
    assert_null(arena_str(&arena, NULL));
    assert_string_equal(arena_strn(&arena, "abcdef", 3), "abc");
    assert_string_equal(arena_strn(&arena, NULL, 0), "");
    assert_string_equal(arena_printf(&arena, "%s#%d", "r", 128), "r#128");
    assert_int_equal(strlen(arena_printf(&arena, "%20000d", 1)), 20000);
    arena_deinit(&arena);
}

struct row {
    int number;
    const char *name;
};

static void push_keeps_what_is_there_and_zeroes_the_new(void **state)
{
    struct arena arena;
    struct row *rows = NULL;
    size_t n = 0, cap = 0;

    (void)state;
    arena_init(&arena);
    for (int i = 0; i < 1000; i++) {
        struct row *row = ARENA_PUSH(&arena, rows, n, cap);
        assert_int_equal(row->number, 0);
        assert_null(row->name);
        row->number = i;
        row->name = arena_printf(&arena, "row %d", i);
    }
    assert_int_equal(n, 1000);
    assert_true(cap >= n);
    for (int i = 0; i < 1000; i++) {
        char expected[20];
        snprintf(expected, sizeof(expected), "row %d", i);
        assert_int_equal(rows[i].number, i);
        assert_string_equal(rows[i].name, expected);
    }
    arena_deinit(&arena);
}

static void T62_a_product_that_overflows_aborts(void **state)
{
    pid_t pid;
    int status;

    (void)state;
    pid = fork();
    if (pid == 0) {
        struct arena arena;
        (void)!freopen("/dev/null", "w", stderr);
        arena_init(&arena);
        arena_array(&arena, SIZE_MAX / 16 + 2, 16); /* wraps round to 16 bytes */
        _exit(0);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) || WEXITSTATUS(status) != 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_is_zeroed_aligned_and_its_own),
        cmocka_unit_test(zeroed_memory_is_an_empty_arena),
        cmocka_unit_test(texts_are_copied_with_their_end),
        cmocka_unit_test(push_keeps_what_is_there_and_zeroes_the_new),
        cmocka_unit_test(T62_a_product_that_overflows_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
