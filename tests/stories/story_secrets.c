/*
 * Secrets in what hosts say: no place shows one that the configuration names or that the server knows, not the pages
 * and not a byte of the store, also if the host hides nothing (threats.md T40).
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "tests/support/story_expect.h"
#include "tests/support/story_shop.h"

/* In how many files below the server's state it stands. */
static int files_with(struct story *s, const char *word)
{
    const char *line =
        arena_printf(&s->arena, "grep -rlaF '%s' '%s/state' | wc -l", word, s->folder);
    FILE *pipe = popen(line, "r"); // NOLINT(cert-env33-c): names of our own
    int n = -1;

    assert_non_null(pipe);
    assert_int_equal(fscanf(pipe, "%d", &n), 1); // NOLINT(cert-err34-c)
    (void)pclose(pipe);
    return n;
}

static void expect_nowhere(struct story *s, const char *path, const char *shown)
{
    struct client *client =
        client_new(arena_printf(&s->arena, "%s/cli.sock", s->folder), NULL, NULL);
    struct client_answer answer = {.status = 0};
    char *text;

    assert_int_equal(client_ask(client, "GET", path, NULL, &answer), 0);
    text = json_print(answer.json);
    if (strstr(text, "hunter2") != NULL || (shown != NULL && strstr(text, shown) == NULL))
        fail_msg("%s: %s", path, text);
    free(text);
    client_answer_deinit(&answer);
    client_free(client);
}

static void T40_a_secret_that_a_host_prints_stands_nowhere(void **state)
{
    struct story *s = *state;

    story_repository(s, "acme/shop");
    story_config_with(s, "redact: [\"(token|pw)=[^ ]+\"]\n",
                      story_shop_config(s, "at: [\"11:00\", \"15:00\"]"));
    story_hosts(s, "stage-1", "batch-1", "batch-2", "web-1", "web-2", NULL);
    story_host(s, "stage-1")->prints = "login pw=hunter2 done";
    story_host_is(s, "stage-1", "migrate", STORY_HOST_LOSES_POWER);
    story_merge(s, "acme/shop", 1, "Coupons");
    story_host_back(s, "stage-1");
    story_expect_open(s, "acme/shop", "stage", 2, "attention");
    assert_int_equal(files_with(s, "hunter2"), 0);
    assert_true(files_with(s, "login *** done") > 0);
    expect_nowhere(s, "/api/v1/migrate", NULL);
    expect_nowhere(s, "/api/v1/repos/acme/shop/releases/2/logs?environment=stage", "login ***");
    expect_nowhere(s, "/api/v1/repos/acme/shop/releases/2", NULL);
    story_end(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(T40_a_secret_that_a_host_prints_stands_nowhere, story_up,
                                        story_down),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
