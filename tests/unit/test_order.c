/* order: whose word a command is, and whether it may still begin; each guard by itself (migrate.md 3). */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/guard.h"
#include "agent/order.h"
#include "agent/strict.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/sign.h"
#include "lib/ssm/message_start.h"

#define NOW 1000000
#define HOST "mi-0123456789abcdef0"
#define DATABASE "acme/shop/production/primary-db"

static struct {
    struct arena arena;
    char folder[128];
    struct sign_key *key;
    struct agent_config config;
    struct key_chain *keys;
    time_ms now; /* 0 = NOW */
    struct agent_journal *journal;
    struct envelope envelope;
    const struct sign_key *signs; /* NULL = the pinned one */
    const char *document;         /* sent; NULL = the one that is signed */
    const char *redact;           /* sent; NULL = none */
    const char *sent_as;          /* command id of whoever carries it; NULL = its own */
} w;

static int set_up(void **state)
{
    static char ids[3][NAMES_UUID_SIZE];
    struct err err = ERR_INIT;

    (void)state;
    memset(&w, 0, sizeof(w));
    arena_init(&w.arena);
    snprintf(w.folder, sizeof(w.folder), "%.80s/slipway-order-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(w.folder));
    w.key = sign_key_new();
    agent_config_init(&w.config);
    for (int i = 0; i < 3; i++)
        names_uuid_new(ids[i]);
    w.config.host_id = HOST;
    w.config.store_id = ids[0];
    sign_key_public(w.key, w.config.key);
    assert_int_equal(agent_journal_open(w.folder, 1, &w.journal, &err), 0);
    assert_int_equal(key_chain_open(w.folder, &w.config, &w.keys, &err), 0);
    w.envelope = (struct envelope){.store_id = ids[0],
                                   .command_id = ids[1],
                                   .host_id = HOST,
                                   .host = "batch-1",
                                   .repository = "acme/shop",
                                   .environment = "production",
                                   .release = 2,
                                   .database = DATABASE,
                                   .epoch = 5,
                                   .document = "migrate@1",
                                   .sha = "4f2c9e1aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",
                                   .previous_sha = "",
                                   .roles = "batch",
                                   .start_by = NOW + 60000};
    return 0;
}

static int tear_down(void **state)
{
    char line[200];

    (void)state;
    agent_journal_free(w.journal);
    key_chain_free(w.keys);
    sign_key_free(w.key);
    snprintf(line, sizeof(line), "rm -rf '%s'", w.folder);
    arena_deinit(&w.arena);
    return system(line); // NOLINT(cert-env33-c): a name that mkdtemp made
}

static const char *made(const char *script)
{
    struct document_step step = {.action = DOCUMENT_RUN,
                                 .name = "migrate",
                                 .script = script,
                                 .working_directory = "",
                                 .run_as = "",
                                 .timeout_s = 60};
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    char digest[DIGEST_HEX_SIZE];
    struct err err = ERR_INIT;
    const char *text;

    if (document_make(&w.arena, &document, &text, digest, &err) < 0)
        fail_msg("%s", err.text);
    return text;
}

/* What becomes of it; "" = it may begin. */
static const char *judged(void)
{
    static struct err err;
    const struct order_host host = {w.folder, &w.config, w.keys, w.journal};
    struct order order = {.id = w.sent_as != NULL ? w.sent_as : w.envelope.command_id};
    struct message_command command = {.command_id = order.id, .document_name = "migrate"};
    char digest[DIGEST_HEX_SIZE], signature[ENVELOPE_SIGNATURE_SIZE];
    const char *signed_one = made("bin/rails db:migrate"), *payload;

    err = (struct err)ERR_INIT;
    digest_sha256_hex(signed_one, strlen(signed_one), digest);
    w.envelope.document_digest = digest;
    command.redact = w.redact;
    command.document = w.document != NULL ? w.document : signed_one;
    if (envelope_make(&w.arena, &w.envelope, &command.envelope, &err) < 0)
        fail_msg("%s", err.text);
    envelope_sign(w.signs != NULL ? w.signs : w.key, command.envelope, signature);
    command.signature = signature;
    if (message_command_make(&w.arena, &command, &payload, &err) < 0)
        fail_msg("%s", err.text);
    if (order_open(&w.arena, &host, payload, w.now != 0 ? w.now : NOW, &order, &err) < 0)
        return err.text;
    return order_check(&w.arena, &host, NOW, &order, &err) < 0 ? err.text : "";
}

static void expect(const char *why)
{
    const char *is = judged();

    if (*why == '\0' ? *is != '\0' : strstr(is, why) == NULL)
        fail_msg("it says \"%s\", expected is \"%s\"", is, why);
}

static void G3_only_the_pinned_key_signs(void **state)
{
    struct sign_key *other = sign_key_new();

    (void)state;
    expect("");
    w.signs = other;
    expect("sign");
    sign_key_free(other);
}

static void G3_another_store_is_another_server(void **state)
{
    char other[NAMES_UUID_SIZE];

    (void)state;
    names_uuid_new(other);
    w.envelope.store_id = other;
    expect("this host belongs to");
}

static void G3_what_is_signed_for_another_host_is_not_ours(void **state)
{
    (void)state;
    w.envelope.host_id = "mi-0123456789abcdef1";
    expect("signed for host batch-1");
}

static void T40_what_it_must_hide_is_signed_and_nobody_leaves_it_out(void **state)
{
    char digest[DIGEST_HEX_SIZE];

    (void)state;
    w.redact = "token=.*\n";
    expect("what it must hide");
    digest_sha256_hex(w.redact, strlen(w.redact), digest);
    w.envelope.redact_digest = digest;
    expect("");
    w.redact = "tok=.*\n";
    expect("what it must hide");
    w.redact = NULL;
    expect("what it must hide");
    w.redact = "(\n"; /* signed, and no pattern here: nothing runs whose output would be seen */
    digest_sha256_hex(w.redact, strlen(w.redact), digest);
    expect("redact, of the server");
}

static void G3_a_signed_command_is_not_carried_as_another_one(void **state)
{
    char other[NAMES_UUID_SIZE];

    (void)state;
    names_uuid_new(other);
    w.sent_as = other;
    expect("sent as");
}

static void G3_the_document_is_the_one_that_was_signed(void **state)
{
    (void)state;
    w.document = made("bin/rails db:drop");
    expect("not the one that was signed");
}

static void G8_nothing_begins_after_its_start_by(void **state)
{
    (void)state;
    w.envelope.start_by = NOW + 1;
    expect("");
    w.envelope.start_by = NOW;
    expect("expired: it had to begin by 1970-01-01T00:16:40");
    expect(
        "by this host's clock it is 1970-01-01T00:16:40"); /* often it is a clock that is wrong */
}

static void G8_nothing_waits_for_longer_than_a_month(void **state)
{
    (void)state;
    w.envelope.start_by = NOW + ORDER_AHEAD_MS;
    expect("");
    w.envelope.start_by = NOW + ORDER_AHEAD_MS + 1000;
    expect("it may begin until 1970-02-01T00:16:41");
    w.envelope.start_by = INT64_C(253402300799000); /* the last second of the year 9999 */
    expect("more than 31 days from now: by this host's clock it is 1970-01-01T00:16:40");
}

static void G6_a_permit_is_good_for_ten_seconds(void **state)
{
    (void)state;
    assert_false(guard_is_stale(1000, 1000));
    assert_false(guard_is_stale(1000 + MESSAGE_START_LIFE_MS - 1, 1000));
    assert_true(guard_is_stale(1000 + MESSAGE_START_LIFE_MS, 1000));
    assert_int_equal(MESSAGE_START_LIFE_MS, 10000);
}

static void G5_nothing_goes_below_the_floor_nor_beside_it(void **state)
{
    struct agent_journal_record seen = {.kind = AGENT_JOURNAL_ACCEPTED,
                                        .envelope_digest = "",
                                        .database = DATABASE,
                                        .epoch = 5};
    char other[NAMES_UUID_SIZE];
    struct err err = ERR_INIT;

    (void)state;
    names_uuid_new(other);
    seen.command_id = other;
    assert_int_equal(agent_journal_add(w.journal, &seen, NOW, &err), 0);
    w.envelope.epoch = 4;
    expect("epoch 4 is behind 5");
    w.envelope.start_by =
        NOW; /* too late as well: who restored the server must hear of the floor */
    expect("epoch 4 is behind 5");
    w.envelope.start_by = NOW + 60000;
    w.envelope.epoch = 5;
    expect("epoch 5 is behind 5");
    w.envelope.epoch = 6;
    expect("");
    w.envelope.epoch = 1;
    w.envelope.database = "acme/shop/stage/primary-db"; /* another one has a floor of its own */
    expect("");
}

static void T37_strict_mode_wants_the_very_bytes_on_disk(void **state)
{
    const char *documents = arena_printf(&w.arena, "%s/documents", w.folder);
    const char *text = made("bin/rails db:migrate");
    struct err err = ERR_INIT;

    (void)state;
    assert_int_equal(mkdir(documents, 0755), 0);
    w.config.strict = documents;
    expect("strict mode: migrate@1 is not among");
    assert_int_equal(file_write_atomic(arena_printf(&w.arena, "%s/mine", documents), text,
                                       strlen(text), 0644, &err),
                     0);
    expect("");
    assert_int_equal(chmod(documents, 0775), 0);
    expect("others can put documents");
}

/* What is refused is kept to be read, and fills no disk. */
static void T37_of_what_was_refused_the_newest_are_kept(void **state)
{
    const char *refused = arena_printf(&w.arena, "%s/refused", w.folder), *name = "";
    struct err err = ERR_INIT;
    const struct dirent *entry;
    int n = 0;
    DIR *dir;

    (void)state;
    w.config.strict = arena_printf(&w.arena, "%s/documents", w.folder);
    assert_int_equal(mkdir(w.config.strict, 0755), 0);
    for (int i = 0; i < STRICT_REFUSED_MAX + 20; i++) {
        name = arena_printf(&w.arena, "web@%d", i + 1);
        assert_int_equal(strict_check(&w.arena, &w.config, w.folder, name, "{}", &err), ERR_DENIED);
    }
    assert_int_equal(access(arena_printf(&w.arena, "%s/%s", refused, name), F_OK), 0);
    dir = opendir(refused);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        n += entry->d_name[0] != '.';
    closedir(dir);
    assert_int_equal(n, STRICT_REFUSED_MAX);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(G3_only_the_pinned_key_signs),
        TEST(G3_another_store_is_another_server),
        TEST(G3_what_is_signed_for_another_host_is_not_ours),
        TEST(T40_what_it_must_hide_is_signed_and_nobody_leaves_it_out),
        TEST(G3_a_signed_command_is_not_carried_as_another_one),
        TEST(G3_the_document_is_the_one_that_was_signed),
        TEST(G8_nothing_begins_after_its_start_by),
        TEST(G8_nothing_waits_for_longer_than_a_month),
        TEST(G6_a_permit_is_good_for_ten_seconds),
        TEST(G5_nothing_goes_below_the_floor_nor_beside_it),
        TEST(T37_strict_mode_wants_the_very_bytes_on_disk),
        TEST(T37_of_what_was_refused_the_newest_are_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
