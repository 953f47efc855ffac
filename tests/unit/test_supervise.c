/* supervise: what a supervisor and its command hold, and the last look before anything runs. This program is its own
 * supervisor, as slipway-agent is. */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/agent_config.h"
#include "agent/command_folder.h"
#include "agent/database_lock.h"
#include "agent/outcome.h"
#include "agent/supervise.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/names.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_start.h"

#define HOST "mi-0123456789abcdef0"
#define DATABASE "acme/shop/production/primary-db"
#define LONG_MS 20000
#define MINUTE_MS 60000

static struct {
    struct arena arena;
    char folder[128];
    struct sign_key *key;
    struct agent_config config;
} w;

static int set_up(void **state)
{
    static char store[NAMES_UUID_SIZE], key[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)];
    unsigned char raw[SIGN_PUBLIC_SIZE];
    struct err err = ERR_INIT;

    (void)state;
    memset(&w, 0, sizeof(w));
    arena_init(&w.arena);
    snprintf(w.folder, sizeof(w.folder), "%.80s/slipway-supervise-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(w.folder));
    w.key = sign_key_new();
    sign_key_public(w.key, raw);
    digest_base64url(raw, sizeof(raw), key);
    names_uuid_new(store);
    agent_config_init(&w.config);
    w.config.host_id = HOST;
    w.config.store_id = store;
    w.config.key_text = key;
    assert_int_equal(agent_config_write(w.folder, &w.config, &err), 0);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    sign_key_free(w.key);
    command_folder_remove(w.folder);
    arena_deinit(&w.arena);
    return 0;
}

/* A command that was claimed; its id. $FOLDER of its script is ours. */
static const char *claimed(const char *script, const char *database, time_ms start_by)
{
    struct config_pair folder = {"FOLDER", w.folder};
    struct document_step step = {.action = DOCUMENT_RUN,
                                 .name = "migrate",
                                 .script = script,
                                 .working_directory = "",
                                 .run_as = "",
                                 .timeout_s = DOCUMENT_TIMEOUT_MAX_S,
                                 .environment = {.items = &folder, .n = 1}};
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    char digest[DIGEST_HEX_SIZE], signature[ENVELOPE_SIGNATURE_SIZE];
    char *id = arena_alloc(&w.arena, NAMES_UUID_SIZE);
    struct envelope e = {.store_id = w.config.store_id,
                         .command_id = id,
                         .host_id = HOST,
                         .host = "batch-1",
                         .repository = "acme/shop",
                         .environment = "production",
                         .release = 2,
                         .database = database,
                         .epoch = database != NULL ? 5 : 0,
                         .document = "migrate@1",
                         .document_digest = digest,
                         .sha = "4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                         .previous_sha = "",
                         .roles = "batch",
                         .start_by = start_by};
    struct message_command command = {.command_id = id, .document_name = "migrate"};
    struct err err = ERR_INIT;

    names_uuid_new(id);
    if (document_make(&w.arena, &document, &command.document, digest, &err) < 0 ||
        envelope_make(&w.arena, &e, &command.envelope, &err) < 0)
        fail_msg("%s", err.text);
    envelope_sign(w.key, command.envelope, signature);
    command.signature = signature;
    if (command_folder_make(&w.arena, w.folder, id, &command, &err) < 0)
        fail_msg("%s", err.text);
    return id;
}

static const char *soon(const char *script, const char *database)
{
    return claimed(script, database, clock_now(clock_system()) + MINUTE_MS);
}

static pid_t begun(const char *id, const char *database, mono_ms asked_at)
{
    struct supervise_locks locks;
    struct supervise_child child;
    struct err err = ERR_INIT;

    if (command_folder_lock(&w.arena, command_folder_path(&w.arena, w.folder, id), &locks.folder,
                            &err) < 0 ||
        database_lock_take(&w.arena, w.folder, database, id, 0, &locks.database, &err) < 0 ||
        supervise_start(w.folder, id, locks, &child, &err) < 0)
        fail_msg("%s", err.text);
    close(locks.folder);
    if (locks.database >= 0)
        close(locks.database);
    supervise_go(&child, asked_at);
    return (pid_t)child.pid;
}

static struct message_reply ended(const char *id)
{
    const char *folder = command_folder_path(&w.arena, w.folder, id);
    struct err err = ERR_INIT;
    struct message_reply reply = {.reason = ""};

    for (int i = 0; i < LONG_MS / 20; i++) {
        if (outcome_read(&w.arena, folder, &reply, &err) == 0 &&
            reply.state == MESSAGE_REPLY_FINISHED)
            return reply;
        (void)poll(NULL, 0, 20);
    }
    fail_msg("it has no end: %s", err.text);
    return reply;
}

static bool is_there(const char *name)
{
    return access(arena_printf(&w.arena, "%s/%s", w.folder, name), F_OK) == 0;
}

static void wait_for(const char *name)
{
    for (int i = 0; i < LONG_MS / 20 && !is_there(name); i++)
        (void)poll(NULL, 0, 20);
    assert_true(is_there(name));
}

static int look(const char *id)
{
    struct err err = ERR_INIT;

    return command_folder_look(&w.arena, command_folder_path(&w.arena, w.folder, id), &err);
}

/* May another command begin in the database? "" = it may. */
static const char *database_says(void)
{
    static struct err err;
    char id[NAMES_UUID_SIZE];
    int fd;

    err = (struct err)ERR_INIT;
    names_uuid_new(id);
    if (database_lock_take(&w.arena, w.folder, DATABASE, id, 0, &fd, &err) == 0)
        close(fd);
    return err.text;
}

static void expect_held(const char *id)
{
    assert_int_equal(look(id), ERR_BUSY);
    if (strstr(database_says(), id) == NULL)
        fail_msg("the database is not held by %s: %s", id, database_says());
}

static void G7_the_command_holds_its_folder_and_its_database(void **state)
{
    const char *id = soon(": > \"$FOLDER/up\"; sleep 1.5", DATABASE);
    pid_t supervisor;

    (void)state;
    assert_string_equal(database_says(), "");
    supervisor = begun(id, DATABASE, SUPERVISE_NO_PERMIT);
    wait_for("up");
    expect_held(id);
    assert_int_equal(kill(supervisor, SIGKILL), 0);
    (void)poll(NULL, 0, 300);
    expect_held(id);
    for (int i = 0; i < LONG_MS / 20 && look(id) != 0; i++)
        (void)poll(NULL, 0, 20);
    assert_int_equal(look(id), 0);
    (void)poll(NULL, 0, 50); /* the shell's last descriptors */
    assert_string_equal(database_says(), "");
}

/* What a migration that succeeded leaves in the background is not at work in the database; of one that failed nobody knows. */
static void G7_a_success_leaves_its_database_free(void **state)
{
    const char *id;

    (void)state;
    id = soon("sleep 3 > \"$FOLDER/null\" 2>&1 &\ntrue", DATABASE);
    begun(id, DATABASE, SUPERVISE_NO_PERMIT);
    assert_int_equal(ended(id).status, INVOCATION_SUCCESS);
    assert_string_equal(database_says(), "");
    id = soon("sleep 1 > \"$FOLDER/null\" 2>&1 &\nexit 3", DATABASE);
    begun(id, DATABASE, SUPERVISE_NO_PERMIT);
    assert_int_equal(ended(id).status, INVOCATION_FAILED);
    assert_non_null(strstr(database_says(), id));
}

static void expect_not_begun(const char *id, const char *why)
{
    struct message_reply reply = ended(id);

    assert_int_equal(reply.status, INVOCATION_FAILED);
    if (strstr(reply.reason, "not begun: ") == NULL || strstr(reply.reason, why) == NULL)
        fail_msg("it says: %s", reply.reason);
    assert_false(is_there("up"));
}

static void G8_nothing_begins_after_its_start_by(void **state)
{
    const char *id = claimed(": > \"$FOLDER/up\"", NULL, clock_now(clock_system()) - 1);

    (void)state;
    begun(id, NULL, SUPERVISE_NO_PERMIT);
    expect_not_begun(id, "start-by");
}

static void G6_nothing_begins_by_a_permit_that_is_too_old(void **state)
{
    const char *id = soon(": > \"$FOLDER/up\"", NULL);

    (void)state;
    begun(id, NULL, clock_mono(clock_system()) - MESSAGE_START_LIFE_MS);
    expect_not_begun(id, "its permit was");
}

/* And what grows too old behind that look: the disk refuses for a second to keep how far it came. */
static void G6_the_last_look_is_just_before_the_first_step(void **state)
{
    const char *id = soon(": > \"$FOLDER/up\"", NULL);
    const char *outcome =
        arena_printf(&w.arena, "%s/outcome", command_folder_path(&w.arena, w.folder, id));

    (void)state;
    assert_int_equal(mkdir(outcome, 0700), 0);
    begun(id, NULL, clock_mono(clock_system()) - MESSAGE_START_LIFE_MS + 900);
    (void)poll(NULL, 0, 900);
    assert_int_equal(rmdir(outcome), 0);
    expect_not_begun(id, "its permit was");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(G7_the_command_holds_its_folder_and_its_database),
        TEST(G7_a_success_leaves_its_database_free),
        TEST(G8_nothing_begins_after_its_start_by),
        TEST(G6_nothing_begins_by_a_permit_that_is_too_old),
        TEST(G6_the_last_look_is_just_before_the_first_step),
    };

    if (argc == 5 && str_eq(argv[3], "--supervise"))
        return supervise_main(argv[2], argv[4]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
