/*
 * door: whatever the order, the repetition and the delay of what agents say of a command, its end is the same, and an
 * end never changes (ssm-wire.md 4.1, 10, 12.2). What single hosts do wrong is test_door_agents.
 *
 * Twice: thousands of courses with a store in memory, which knows what the real one promises and asks the same rule
 * (lib/ssm/status); and hundreds at once on the real store, where what is said is stored as the door stores it, without
 * a socket in between, and the flow collects it. After each look both stores must hold the same.
 *
 *     SLIPWAY_WORDS=100000 build/dev/tests/unit/test_door_words     so many in memory, a tenth on the real store, other seeds
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/ssm/message_reply.h"
#include "lib/ssm/status.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_host.h"
#include "lib/store/store_reply.h"
#include "tests/support/door_room.h"

#define HOSTS 30
#define WORDS_MAX 6
#define STEPS_MAX 2
#define ROUND_MAX 200 /* words of one host: far more than it takes to say all of them */

/* What an agent says of one command ---------------------------------------------------------------- */

#define STEP(name, status, code, out)                                                              \
    "\"" name "\":{\"status\":\"" status "\",\"code\":" #code ",\"standardOutput\":\"" out         \
    "\",\"standardError\":\"\"}"
#define REPLY(status, steps)                                                                       \
    "{\"documentStatus\":\"" status "\",\"documentTraceOutput\":\"\",\"runtimeStatus\":{" steps "}}"

/* `words` in the order of an agent; the last one is the end. What it comes to stands below. */
struct script {
    const char *name;
    const char *words[WORDS_MAX];
    bool two_steps;
    bool cancelled; /* somebody asks it to end meanwhile */
    enum invocation_status status;
    const char *details;
    int64_t exit_code;
    struct {
        enum step_status status;
        int64_t code;
        const char *output;
    } steps[STEPS_MAX];
};

static const struct script scripts[] = {
    {.name = "a failure",
     .words = {REPLY("InProgress", ""), REPLY("InProgress", STEP("one", "InProgress", 0, "")),
               REPLY("InProgress", STEP("one", "Failed", 7, "all of it")),
               REPLY("Failed", STEP("one", "Failed", 7, "all of it"))},
     .status = INVOCATION_FAILED,
     .details = "Failed",
     .exit_code = 7,
     .steps = {{STEP_FAILED, 7, "all of it"}}},
    {.name = "two steps, whose last reply is empty",
     .words = {REPLY("InProgress", ""), REPLY("InProgress", STEP("one", "Success", 0, "first")),
               REPLY("InProgress", STEP("two", "InProgress", 0, "sec")),
               REPLY("InProgress", STEP("two", "Success", 0, "second")), REPLY("Success", "")},
     .two_steps = true,
     .status = INVOCATION_SUCCESS,
     .details = "Success",
     .exit_code = -1,
     .steps = {{STEP_SUCCESS, 0, "first"}, {STEP_SUCCESS, 0, "second"}}},
    {.name = "a time-out",
     .words = {REPLY("InProgress", ""), REPLY("TimedOut", STEP("one", "TimedOut", 137, "half"))},
     .status = INVOCATION_TIMED_OUT,
     .details = "ExecutionTimedOut",
     .exit_code = 137,
     .steps = {{STEP_TIMED_OUT, 137, "half"}}},
    {.name = "a cancel",
     .words = {REPLY("InProgress", ""), REPLY("InProgress", STEP("one", "InProgress", 0, "ha")),
               REPLY("Cancelled", STEP("one", "Cancelled", 137, "half"))},
     .cancelled = true,
     .status = INVOCATION_CANCELLED,
     .details = "Cancelled",
     .exit_code = 137,
     .steps = {{STEP_CANCELLED, 137, "half"}}},
    {.name = "a cancel that came too late",
     .words = {REPLY("InProgress", ""), REPLY("Success", STEP("one", "Success", 0, "well"))},
     .cancelled = true,
     .status = INVOCATION_SUCCESS,
     .details = "Success",
     .exit_code = 0,
     .steps = {{STEP_SUCCESS, 0, "well"}}},
    {.name = "a document that could not be read",
     .words = {REPLY("InProgress", ""), "{\"documentStatus\":\"Failed\",\"documentTraceOutput\":"
                                        "\"no such action\",\"runtimeStatus\":{}}"},
     .status = INVOCATION_FAILED,
     .details = "Failed",
     .exit_code = -1},
};

#define SCRIPTS (sizeof(scripts) / sizeof(scripts[0]))

/* What is known of a command on one host: the store in memory. */
struct memory {
    enum invocation_status status;
    const char *details;
    int64_t exit_code;
    bool began;
    struct {
        bool heard;
        enum step_status status;
        int64_t code;
        const char *output;
    } steps[STEPS_MAX];
};

/* One command on one host. */
struct course {
    const struct script *script;
    char command_id[37], host_id[21];
    size_t n_words, n_left;
    bool said[WORDS_MAX];
    size_t n_again; /* replies under new ids: what a second delivery brings */
    bool acknowledged;
    struct memory memory;
    bool ended; /* then it stays as it is */
    enum invocation_status status;
    const char *details;
};

static struct course courses[SCRIPTS * HOSTS];
static unsigned seed = 1;

static unsigned dice(unsigned n)
{
    seed = seed * 1103515245u + 12345u;
    return (seed >> 16) % n;
}

/* In memory ---------------------------------------------------------------------------------------- */

static struct message_reply replies[SCRIPTS][WORDS_MAX]; /* the words, read */

static int read_words(void **state)
{
    static struct arena arena;

    (void)state;
    arena_init(&arena);
    for (size_t k = 0; k < SCRIPTS; k++)
        for (size_t i = 0; i < WORDS_MAX && scripts[k].words[i] != NULL; i++) {
            struct err err = ERR_INIT;
            const char *word = scripts[k].words[i];

            if (message_reply_parse(&arena, word, strlen(word), &replies[k][i], &err) < 0)
                fail_msg("%s: %s", word, err.text);
        }
    *state = &arena;
    return 0;
}

static int forget_words(void **state)
{
    arena_deinit(*state);
    return 0;
}

static bool is_end(enum step_status status)
{
    return status != STEP_PENDING && status != STEP_IN_PROGRESS;
}

/* As store_command_step() and store_door_command_output(): an end stays, and so does the longer text. */
static void remember_step(struct memory *m, const struct message_reply_step *s)
{
    size_t i = strcmp(s->name, "two") == 0;
    const char *output = s->output != NULL ? s->output : "";

    if (!m->steps[i].heard || !is_end(m->steps[i].status)) {
        m->steps[i].status = s->status;
        m->steps[i].code = s->exit_code;
    }
    if (!m->steps[i].heard || strlen(output) > strlen(m->steps[i].output))
        m->steps[i].output = output;
    m->steps[i].heard = true;
}

/* As the flow's collect does. */
static void hear(struct memory *m, const struct message_reply *reply, struct arena *arena)
{
    const struct status_facts facts = {.now = m->status,
                                       .began = m->began,
                                       .journal_is_known = true};
    struct status_change change;

    status_judge(arena, &facts, reply, &change);
    for (size_t i = 0; i < reply->n_steps && change.changes; i++)
        remember_step(m, &reply->steps[i]);
    if (!change.changes || change.status == m->status)
        return;
    m->began = m->began || change.status == INVOCATION_IN_PROGRESS;
    m->status = change.status;
    m->details = change.details;
    m->exit_code = change.exit_code;
}

static void remember_cancel(struct memory *m)
{
    if (!invocation_has_ended(m->status))
        m->status = INVOCATION_CANCELLING;
}

static void begin(struct course *c, const struct script *script)
{
    *c = (struct course){.script = script,
                         .memory = {.status = INVOCATION_PENDING,
                                    .details = "Pending",
                                    .exit_code = -1}};
    while (c->n_words < WORDS_MAX && script->words[c->n_words] != NULL)
        c->n_words++;
    c->n_left = c->n_words;
}

/* The next word: what is not said yet comes more often. */
static size_t next_word(const struct course *c)
{
    size_t i = dice((unsigned)c->n_words);

    while (c->n_left > 0 && c->said[i] && dice(4) != 0)
        i = (i + 1) % c->n_words;
    return i;
}

static void memory_is_as_the_script_says(const struct course *c)
{
    const struct script *s = c->script;
    const struct memory *m = &c->memory;

    if (m->status != s->status || strcmp(m->details, s->details) != 0 ||
        m->exit_code != s->exit_code)
        fail_msg("%s: %s, %s, %lld", s->name, invocation_statuses[m->status].text, m->details,
                 (long long)m->exit_code);
    for (size_t i = 0; i < STEPS_MAX; i++)
        if (m->steps[i].heard != (s->steps[i].output != NULL) ||
            (m->steps[i].heard &&
             (m->steps[i].status != s->steps[i].status || m->steps[i].code != s->steps[i].code ||
              strcmp(m->steps[i].output, s->steps[i].output) != 0)))
            fail_msg("%s: step %zu: %s", s->name, i, step_statuses[m->steps[i].status].text);
}

static void play_in_memory(size_t script, struct arena *arena)
{
    struct course c;
    unsigned cancel_in = dice(6), extra = dice(4);

    begin(&c, &scripts[script]);
    for (unsigned tick = 0; c.n_left > 0 || extra-- > 0; tick++) {
        const struct memory before = c.memory;
        size_t i = next_word(&c);

        assert_true(tick < ROUND_MAX);
        hear(&c.memory, &replies[script][i], arena);
        c.n_left -= !c.said[i];
        c.said[i] = true;
        if (tick == cancel_in && scripts[script].cancelled)
            remember_cancel(&c.memory);
        if (invocation_has_ended(before.status) &&
            (before.status != c.memory.status || before.details != c.memory.details ||
             before.exit_code != c.memory.exit_code))
            fail_msg("%s: %s became %s", c.script->name, before.details, c.memory.details);
    }
    memory_is_as_the_script_says(&c);
}

static size_t wanted(size_t usual, size_t deep)
{
    const char *text = getenv("SLIPWAY_WORDS");

    if (text != NULL)
        seed = (unsigned)strtoul(text, NULL, 10);
    return text != NULL ? seed : str_eq(getenv("SLIPWAY_DEEP"), "1") ? deep : usual;
}

static void any_order_repetition_and_delay_of_words_gives_the_same_end(void **state)
{
    size_t n = wanted(20000, 1000000);
    struct arena arena;

    (void)state;
    for (size_t i = 0; i < n; i++) {
        arena_init(&arena);
        play_in_memory(i % SCRIPTS, &arena);
        arena_deinit(&arena);
    }
}

/* On the real store -------------------------------------------------------------------------------- */

#define CONTENT(steps) "{\"schemaVersion\":\"2.2\",\"mainSteps\":[" steps "]}"
#define CONTENT_STEP(name)                                                                         \
    "{\"action\":\"aws:runShellScript\",\"name\":\"" name "\",\"inputs\":{\"runCommand\":[\"x\"]}}"

static const char *host_id(size_t i)
{
    return arena_printf(&door_room.arena, "mi-%017zx", i + 1);
}

static int put_hosts(struct db *db, void *arg, struct err *err)
{
    const struct activation a = {.id = "0b1c2d3e-0000-4000-8000-00000000000a",
                                 .code_digest = "",
                                 .prefix = "host",
                                 .limit = HOSTS,
                                 .created_at = door_room_now(),
                                 .created_by = "uid:0",
                                 .expires_at = door_room_now() + 1};
    const struct config_pairs none = {0};
    int rc = store_activation_put(db, &a, &none, err);

    (void)arg;
    for (size_t i = 0; i < HOSTS && rc == 0; i++) {
        struct host h = {.name = arena_printf(&door_room.arena, "host%zu", i),
                         .activation_id = a.id,
                         .registered_at = door_room_now()};

        memcpy(h.id, host_id(i), sizeof(h.id));
        rc = store_host_register(db, &h, "f", h.id, err);
    }
    return rc;
}

struct putting {
    const struct script *script;
    const char *key_id;
    const char *command_id;
};

/* As it is when each of its hosts was handed its message. */
static int put_command(struct db *db, void *arg, struct err *err)
{
    const struct putting *p = arg;
    const char *content = p->script->two_steps
                              ? CONTENT(CONTENT_STEP("one") "," CONTENT_STEP("two"))
                              : CONTENT(CONTENT_STEP("one"));
    const time_ms now = door_room_now();
    char digest[DIGEST_HEX_SIZE];
    struct door_command c = {.key_name = "any",
                             .key_id = p->key_id,
                             .document_name = "d",
                             .document_version = "1",
                             .document_digest = digest,
                             .parameters = "{}",
                             .comment = "",
                             .instance_ids = "[]",
                             .targets = "[]",
                             .echo = "{}",
                             .max_concurrency = "100%",
                             .max_errors = "100%",
                             .concurrency = HOSTS,
                             .budget = HOSTS,
                             .timeout_s = 3600,
                             .execution_s = 3600,
                             .expires_at = now + 7200000,
                             .requested_at = now,
                             .n_targets = HOSTS};
    int rc;

    memcpy(c.id, p->command_id, sizeof(c.id));
    digest_sha256_hex(content, strlen(content), digest);
    rc = store_command_document(db, digest, "d", "1", content, err);
    if (rc == 0)
        rc = store_door_command_put(db, &c, err);
    for (size_t i = 0; i < HOSTS && rc == 0; i++) {
        struct door_target t = {.status = INVOCATION_PENDING, .details = "Pending"};

        memcpy(t.host_id, host_id(i), sizeof(t.host_id));
        rc = store_door_command_target(db, &c, &t, NULL, now, err);
        if (rc == 0)
            rc = store_offer_release(db, c.id, t.host_id, now, err);
        if (rc == 0)
            rc = store_offer_made(db, c.id, t.host_id, now, now + 10000, err);
    }
    return rc < 0 ? rc : store_door_command_written(db, c.id, now, err);
}

/* Six commands on all hosts: as many courses as both together. */
static void lay(const struct door_signer *caller, unsigned round)
{
    for (size_t k = 0; k < SCRIPTS; k++) {
        struct putting p = {.script = &scripts[k],
                            .key_id = caller->key_id,
                            .command_id =
                                arena_printf(&door_room.arena, "01930000-0000-7000-8000-%06x%06zx",
                                             round, k)};

        api_room_write(&door_room.api, put_command, &p);
        for (size_t i = 0; i < HOSTS; i++) {
            struct course *c = &courses[k * HOSTS + i];

            begin(c, &scripts[k]);
            memcpy(c->command_id, p.command_id, sizeof(c->command_id));
            memcpy(c->host_id, host_id(i), sizeof(c->host_id));
        }
    }
}

/* Saying ------------------------------------------------------------------------------------------- */

static int acknowledge(struct db *db, struct course *c, struct err *err)
{
    struct err own = ERR_INIT;
    int rc = store_offer_acknowledged(db, c->command_id, c->host_id, door_room_now(), &own);

    c->acknowledged = true;
    if (rc < 0 && rc != ERR_CONFLICT)
        *err = own;
    return rc == ERR_CONFLICT ? 0 : rc; /* again */
}

/* Under its own id, or under a new one: a second delivery of what it has makes the agent say anew that it runs. */
static int say(struct db *db, struct course *c, struct err *err)
{
    size_t i = next_word(c);
    bool anew = i == 0 && c->said[i] && dice(2) == 0;
    const char *id =
        anew ? arena_printf(&door_room.arena, "%s/%s/again-%zu", c->host_id, c->command_id,
                            c->n_again++)
             : arena_printf(&door_room.arena, "%s/%s/%zu", c->host_id, c->command_id, i);
    bool known;
    int rc = store_reply_put(db, id, c->command_id, c->host_id, c->script->words[i],
                             door_room_now(), &known, err);

    if (rc == 0)
        rc = store_command_heard(db, c->command_id, c->host_id, door_room_now(), err);
    assert_int_equal(known, c->said[i] && !anew);
    if (!known)
        hear(&c->memory, &replies[c->script - scripts][i], &door_room.arena);
    c->n_left -= !c->said[i];
    c->said[i] = true;
    return rc;
}

static bool is_silent(const struct course *c)
{
    return c->n_left == 0 && dice(3) != 0;
}

/* Between two looks of the flow: nothing, or a few words of each host. */
static int speak(struct db *db, void *arg, struct err *err)
{
    size_t *n_open = arg;
    int rc = 0;

    *n_open = 0;
    for (size_t i = 0; i < SCRIPTS * HOSTS && rc == 0; i++) {
        struct course *c = &courses[i];

        for (unsigned n = dice(3); n > 0 && rc == 0 && !is_silent(c); n--)
            rc = dice(4) == 0 ? acknowledge(db, c, err) : say(db, c, err);
        *n_open += c->n_left > 0;
    }
    return rc;
}

static int cancel(struct db *db, void *arg, struct err *err)
{
    return store_door_command_cancel(db, arg, door_room_now(), err);
}

/* All hosts of one command. */
static void cancel_all(struct course *of_command)
{
    api_room_write(&door_room.api, cancel, of_command->command_id);
    for (size_t i = 0; i < HOSTS; i++)
        remember_cancel(&of_command[i].memory);
}

/* What the store holds ----------------------------------------------------------------------------- */

static struct db *reader(void)
{
    return door_room.flow.db;
}

/* An end never changes. */
static void ends_stand(void)
{
    struct err err = ERR_INIT;

    for (size_t k = 0; k < SCRIPTS; k++) {
        struct door_target *targets;
        size_t n;

        assert_int_equal(store_door_command_targets(reader(), &door_room.arena,
                                                    courses[k * HOSTS].command_id, &targets, &n,
                                                    &err),
                         0);
        assert_int_equal(n, HOSTS);
        for (size_t i = 0; i < n; i++) {
            struct course *c = &courses[k * HOSTS + i];

            assert_string_equal(targets[i].host_id, c->host_id);
            if (c->ended &&
                (c->status != targets[i].status || strcmp(c->details, targets[i].details) != 0))
                fail_msg("seed %u, %s: %s became %s", seed, c->script->name, c->details,
                         targets[i].details);
            if (targets[i].status != c->memory.status &&
                (invocation_has_ended(targets[i].status) || invocation_has_ended(c->memory.status)))
                fail_msg("%s: the store has %s, memory %s", c->script->name, targets[i].details,
                         c->memory.details);
            c->ended = invocation_has_ended(targets[i].status);
            c->status = targets[i].status;
            c->details = targets[i].details;
        }
    }
}

static void is_as_the_script_says(const struct course *c)
{
    const struct script *s = c->script;
    struct err err = ERR_INIT;
    struct invocation inv;
    struct step *steps;
    size_t n;

    assert_int_equal(store_command_invocation(reader(), &door_room.arena, c->command_id, c->host_id,
                                              &inv, &err),
                     0);
    if (inv.status != s->status || strcmp(inv.details, s->details) != 0 ||
        inv.exit_code != s->exit_code)
        fail_msg("%s: %s, %s, %lld", s->name, invocation_statuses[inv.status].text, inv.details,
                 (long long)inv.exit_code);
    assert_int_equal(store_command_steps(reader(), &door_room.arena, c->command_id, c->host_id,
                                         &steps, &n, &err),
                     0);
    for (size_t i = 0; i < n; i++) {
        const char *out, *error;

        assert_int_equal(store_door_command_output_of(reader(), &door_room.arena, c->command_id,
                                                      c->host_id, steps[i].number, &out, &error,
                                                      &err),
                         0);
        if (steps[i].status != s->steps[i].status || steps[i].exit_code != s->steps[i].code ||
            strcmp(out, s->steps[i].output) != 0)
            fail_msg("%s: step %zu: %s, %lld, %s", s->name, i, step_statuses[steps[i].status].text,
                     (long long)steps[i].exit_code, out);
    }
    assert_int_equal(n, s->steps[0].output == NULL ? 0 : s->two_steps ? 2 : 1);
}

/* One round: all courses at once. */
static void play(const struct door_signer *caller, unsigned round)
{
    size_t n_open = 1;
    unsigned cancel_in = dice(6);

    lay(caller, round);
    for (unsigned tick = 0; n_open > 0; tick++) {
        assert_true(tick < ROUND_MAX);
        api_room_write(&door_room.api, speak, &n_open);
        for (size_t k = 0; k < SCRIPTS && tick == cancel_in; k++)
            if (scripts[k].cancelled)
                cancel_all(&courses[k * HOSTS]);
        door_room_look();
        ends_stand();
    }
    for (size_t i = 0; i < SCRIPTS * HOSTS; i++)
        is_as_the_script_says(&courses[i]);
}

static void the_real_store_comes_to_the_same_ends_as_the_one_in_memory(void **state)
{
    size_t n = wanted(SCRIPTS * HOSTS, 200000) / 10;
    struct door_signer caller;

    (void)state;
    door_room_up(NULL);
    caller = door_room_any_key();
    api_room_write(&door_room.api, put_hosts, NULL);
    for (unsigned round = 0; round == 0 || round * SCRIPTS * HOSTS < n; round++)
        play(&caller, round);
    door_room_down();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_repetition_and_delay_of_words_gives_the_same_end),
        cmocka_unit_test(the_real_store_comes_to_the_same_ends_as_the_one_in_memory),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, read_words, forget_words);
}
