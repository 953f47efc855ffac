/* agent.conf: written once, read strictly. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent_config.h"
#include "lib/base/str.h"

#define KEY "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define GOOD                                                                                       \
    "url = http://127.0.0.1:8701\nhost = mi-0123456789abcdef0\n"                                   \
    "fingerprint = aaaaaaaa-0000-4000-8000-000000000001\n"                                         \
    "store = aaaaaaaa-0000-4000-8000-000000000002\nkey = " KEY "\n"

static struct arena arena;

static int parse(const char *text, struct agent_config *config, struct err *err)
{
    return agent_config_parse(&arena, "agent.conf", text, strlen(text), config, err);
}

static void what_is_missing_has_its_standard(void **state)
{
    struct agent_config config;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(parse(GOOD, &config, &err), 0);
    assert_string_equal(config.host_id, "mi-0123456789abcdef0");
    assert_string_equal(config.region, "slipway");
    assert_string_equal(config.host_root, "");
    assert_int_equal(config.umask, 022);
    assert_true(str_starts(config.path, "/usr/local/sbin:"));
}

static void comments_blanks_and_changes_are_fine(void **state)
{
    struct agent_config config;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(parse("# c\n\n" GOOD "  umask=027 \r\nhost-root = /a b = c\n", &config, &err),
                     0);
    assert_int_equal(config.umask, 027);
    assert_string_equal(config.host_root, "/a b = c");
}

static void a_mistake_names_its_line(void **state)
{
    static const struct {
        const char *text, *error;
    } bad[] = {
        {GOOD "colour = red\n", "line 6: there is no key colour"},
        {GOOD "umask = 9\n", "line 6: umask"},
        {GOOD "umask = 022\numask = 022\n", "line 7: umask stands here twice"},
        {GOOD "what\n", "line 6: expected"},
        {GOOD "path = .:/bin\n", "line 6: path"},
        {GOOD "path = /bin:\n", "line 6: path"},
        {GOOD "systemctl = systemctl\n", "line 6: systemctl"},
        {"host = mi-0123456789abcdef0\n", "store is missing"},
        {"host = i-0123\n", "line 1: host"},
        {GOOD "strict = documents\n", "line 6: strict"},
        {"url = ftp://x\n", "line 1: url"},
        {"url = https://user@host\n", "line 1: url"},
        {"url = https://host/path\n", "line 1: url"},
        {"key = short\n", "line 1: key"},
        {"host = mi-XYZ\n", "line 1: host"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct agent_config config;
        struct err err = ERR_INIT;

        assert_int_not_equal(parse(bad[i].text, &config, &err), 0);
        if (strstr(err.text, bad[i].error) == NULL)
            fail_msg("%s: %s", bad[i].error, err.text);
    }
}

/* slipway-once may know no server; an agent must. */
static void who_speaks_to_a_door_names_it_and_himself(void **state)
{
    static const char *const once = "host = i-0123456789abcdef0\n"
                                    "store = aaaaaaaa-0000-4000-8000-000000000002\nkey = " KEY "\n";
    struct agent_config config;
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(parse(GOOD, &config, &err), 0);
    assert_int_equal(agent_config_speaks(&config, &err), 0);
    assert_int_equal(parse(once, &config, &err), 0);
    assert_string_equal(config.url, "");
    assert_int_equal(agent_config_speaks(&config, &err), ERR_INVALID);
    assert_non_null(strstr(err.text, "url is missing"));
}

static void what_is_written_is_read_again(void **state)
{
    const char *tmp = getenv("TMPDIR");
    struct agent_config config, again;
    struct err err = ERR_INIT;
    char folder[128], path[160];
    struct stat st;

    (void)state;
    snprintf(folder, sizeof(folder), "%.80s/slipway-conf-XXXXXX", tmp != NULL ? tmp : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/" AGENT_CONFIG_FILE, folder);
    assert_int_equal(agent_config_read(&arena, folder, &again, &err), ERR_NOT_FOUND);
    assert_int_equal(parse(GOOD "umask = 027\nrun-dir = /run/x\n", &config, &err), 0);
    assert_int_equal(agent_config_write(folder, &config, &err), 0);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    if (agent_config_read(&arena, folder, &again, &err) < 0)
        fail_msg("%s", err.text);
    assert_string_equal(again.url, config.url);
    assert_string_equal(again.run_dir, "/run/x");
    assert_int_equal(again.umask, 027);
    assert_memory_equal(again.key, config.key, sizeof(config.key));
    assert_int_equal(unlink(path), 0);
    assert_int_equal(rmdir(folder), 0);
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    arena_deinit(&arena);
    return 0;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_missing_has_its_standard), TEST(comments_blanks_and_changes_are_fine),
        TEST(a_mistake_names_its_line),         TEST(who_speaks_to_a_door_names_it_and_himself),
        TEST(what_is_written_is_read_again),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
