/* slipway-once, the real program, as Amazon's agent would call it: twice, late, in the wrong place, after a revoke
 * (migrate.md 6, 8, 9). */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/once.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/announcement.h"
#include "lib/ssm/aws_outcome.h"
#include "lib/ssm/aws_script.h"
#include "lib/ssm/output_cut.h"
#include "tests/support/agent_room.h"
#include "tests/support/old_journal.h"

#define PROGRAM SLIPWAY_BUILD_DIR "/slipway-once"
#define INSTANCE "i-0123456789abcdef0"
#define DATABASE "acme/shop/stage/primary"

static struct arena arena;
static char state_folder[200];
static int calls; /* each has files of its own for what it prints */

/* The order on disk, and the program that reads it. */

static struct envelope order_of(void)
{
    struct envelope e = door_double_envelope(&agent_room.door);

    e.host_id = INSTANCE;
    e.database = DATABASE;
    e.epoch = 1;
    return e;
}

/* The order as a file, and as the server has it. */
static const char *write_order_of(struct envelope *e, const char *script,
                                  const struct sign_key *key, struct message_command *ret_command,
                                  struct document *ret_document)
{
    struct document_step step = agent_room_script("migrate", script);
    const struct document document = {.description = "", .steps = &step, .n_steps = 1};
    const char *path =
        arena_printf(&arena, "%s/order-%s-%d", agent_room.folder, e->command_id, calls++);
    struct message_command command = {.command_id = e->command_id, .document_name = "migrate"};
    char digest[DIGEST_HEX_SIZE], signature[ENVELOPE_SIGNATURE_SIZE];
    struct err err = ERR_INIT;
    const char *payload;

    if (document_make(&arena, &document, &command.document, digest, &err) < 0)
        fail_msg("%s", err.text);
    e->document_digest = arena_str(&arena, digest);
    if (envelope_make(&arena, e, &command.envelope, &err) < 0)
        fail_msg("%s", err.text);
    envelope_sign(key != NULL ? key : agent_room.door.key, command.envelope, signature);
    command.signature = signature;
    if (message_command_make(&arena, &command, &payload, &err) < 0 ||
        file_write_atomic(path, payload, strlen(payload), 0600, &err) < 0)
        fail_msg("%s", err.text);
    command.signature = arena_str(&arena, signature);
    *ret_command = command;
    *ret_document = document;
    ret_document->steps = arena_alloc(&arena, sizeof(step));
    ret_document->steps[0] = step;
    return path;
}

static const char *write_order(struct envelope *e, const char *script, const struct sign_key *key)
{
    struct message_command command;
    struct document document;

    return write_order_of(e, script, key, &command, &document);
}

struct call {
    pid_t pid;
    const char *out; /* a file */
    int code;
};

static struct call begin(const char *verb, const char *order, const char *instance)
{
    struct call call = {.out = arena_printf(&arena, "%s/out-%d", agent_room.folder, calls++)};
    char *words[] = {AGENT_ROOM_WORD("slipway-once"), arena_str(&arena, verb),
                     AGENT_ROOM_WORD("--state"), state_folder, NULL};

    call.pid = fork();
    if (call.pid == 0) {
        int in = open(order, O_RDONLY), out = open(call.out, O_WRONLY | O_CREAT | O_APPEND, 0600);

        if (in < 0 || out < 0 || dup2(in, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0 ||
            (instance != NULL ? setenv("AWS_SSM_INSTANCE_ID", instance, 1)
                              : unsetenv("AWS_SSM_INSTANCE_ID")) < 0)
            _exit(99);
        execv(PROGRAM, words);
        _exit(99);
    }
    assert_true(call.pid > 0);
    return call;
}

static void end(struct call *call)
{
    call->code = agent_room_exit(call->pid, AGENT_ROOM_LONG_S * 3);
}

static struct call call_once(const char *verb, const char *order)
{
    struct call call = begin(verb, order, INSTANCE);

    end(&call);
    return call;
}

static void expect(const struct call *call, int code, const char *text)
{
    char *printed = agent_room_text(call->out);

    if (call->code != code || strstr(printed, text) == NULL)
        fail_msg("exit %d, expected %d with \"%s\": %s", call->code, code, text, printed);
    free(printed);
}

static void set_up_host(void)
{
    char *words[] = {AGENT_ROOM_WORD("slipway-once"),
                     AGENT_ROOM_WORD("--set-up"),
                     AGENT_ROOM_WORD("--host"),
                     AGENT_ROOM_WORD(INSTANCE),
                     AGENT_ROOM_WORD("--key"),
                     agent_room.door.key_text,
                     AGENT_ROOM_WORD("--store"),
                     agent_room.door.store_id,
                     AGENT_ROOM_WORD("--state"),
                     state_folder,
                     NULL};
    const char *before;

    agent_room_up(false);
    snprintf(state_folder, sizeof(state_folder), "%s/once", agent_room.folder);
    before = agent_room.program;
    agent_room.program = PROGRAM;
    assert_int_equal(agent_room_exit(agent_room_program(words), AGENT_ROOM_LONG_S), 0);
    agent_room.program = before;
}

/* Twice ------------------------------------------------------------------------------------------ */

static void ssm_runs_document_twice(void **state)
{
    struct envelope e;
    struct call first, second, third;
    const char *order;

    (void)state;
    set_up_host();
    e = order_of();
    order =
        write_order(&e,
                    AGENT_ROOM_COUNT "echo begun; sleep 2; echo note=kept >> \"$SLIPWAY_RESULT\"\n"
                                     "echo over >&2; exit 3",
                    NULL);
    first = begin("run", order, INSTANCE);
    second = begin("run", order, INSTANCE); /* at the same time */
    end(&first);
    end(&second);
    third = call_once("run", order); /* and once more, when it is over */
    assert_int_equal(agent_room_lines("runs"), 1);
    expect(&first, 3, "begun\n");
    expect(&first, 3, "over\n");
    expect(&second, 3, "state=finished\nstatus=Failed\nresult.note=kept\n");
    expect(&third, 3, "state=finished\nstatus=Failed\nresult.note=kept\n");
    agent_room_down();
}

/* SendCommand timed out: no hit of its Comment proves nothing, so it is sent again, and perhaps both arrive, at once
 * or late. */
static void ssm_call_timed_out(void **state)
{
    struct envelope e, late;
    struct call calls_made[4];
    const char *order;

    (void)state;
    set_up_host();
    e = order_of();
    order = write_order(&e, AGENT_ROOM_COUNT "sleep 1", NULL);
    for (int i = 0; i < 4; i++)
        calls_made[i] = begin("run", order, INSTANCE);
    for (int i = 0; i < 4; i++) {
        end(&calls_made[i]);
        expect(&calls_made[i], 0, "state=finished\nstatus=Success\n");
    }
    assert_int_equal(agent_room_lines("runs"), 1);
    /* The one that only arrives after its time begins nowhere. */
    late = order_of();
    late.epoch = 2;
    late.start_by = clock_now(clock_system()) - 1;
    calls_made[0] = call_once("run", write_order(&late, AGENT_ROOM_COUNT, NULL));
    expect(&calls_made[0], ONCE_EXIT_NOT_STARTED, "state=declined\nreason=expired");
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* Revoked ---------------------------------------------------------------------------------------- */

static void ssm_revoke_after_start(void **state)
{
    struct envelope e;
    struct call run, revoke;
    const char *order;
    char path[300], *text, *at;

    (void)state;
    set_up_host();
    e = order_of();
    order = write_order(&e, AGENT_ROOM_COUNT "sleep 3", NULL);
    run = begin("run", order, INSTANCE);
    assert_true(agent_room_wait_lines("runs", 1));
    revoke = call_once("revoke", order); /* it came second, and says so */
    expect(&revoke, 0, "state=started\nreason=it runs\n");
    end(&run);
    expect(&run, 0, "state=finished\nstatus=Success\n"); /* nothing was killed */
    revoke = call_once("revoke", order);
    expect(&revoke, 0, "state=finished\nstatus=Success\n");
    assert_int_equal(agent_room_lines("runs"), 1);

    /* Its supervisor is killed: nobody knows. */
    e = order_of();
    e.epoch = 2;
    order = write_order(&e, AGENT_ROOM_COUNT "sleep 2", NULL);
    run = begin("run", order, INSTANCE);
    assert_true(agent_room_wait_lines("runs", 2));
    snprintf(path, sizeof(path), "%s/journal", state_folder);
    text = agent_room_text(path);
    for (at = text; strstr(at + 1, "\"pid\":") != NULL;)
        at = strstr(at + 1, "\"pid\":");
    assert_int_equal(kill((pid_t)strtol(at + 6, NULL, 10), SIGKILL), 0);
    free(text);
    end(&run);
    expect(&run, ONCE_EXIT_UNKNOWN, "state=unknown\n");
    revoke = call_once("revoke", order);
    expect(&revoke, 0, "state=unknown\n");
    run = call_once("run", order);
    expect(&run, ONCE_EXIT_UNKNOWN, "state=unknown\n");
    assert_int_equal(agent_room_lines("runs"), 2);
    agent_room_down();
}

static void what_was_revoked_first_never_begins(void **state)
{
    struct envelope e;
    struct call call;
    const char *order;

    (void)state;
    set_up_host();
    e = order_of();
    order = write_order(&e, AGENT_ROOM_COUNT, NULL);
    call = call_once("revoke", order);
    expect(&call, 0, "state=declined\nreason=revoked\n");
    call = call_once("revoke", order); /* a repetition gets the same word */
    expect(&call, 0, "state=declined\n");
    call = call_once("run", order);
    expect(&call, ONCE_EXIT_NOT_STARTED, "state=declined\n");
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

/* As a script of the server's ------------------------------------------------------------------ */

/* A wrapper in front of the program, as a package would have it in /usr/bin. */
static void install(void)
{
    const char *bin = arena_printf(&arena, "%s/bin", agent_room.folder);
    const char *path = arena_printf(&arena, "%s/slipway-once", bin);
    const char *text =
        arena_printf(&arena, "#!/bin/sh\nexec " PROGRAM " \"$@\" --state %s\n", state_folder);
    struct err err = ERR_INIT;

    assert_int_equal(file_mkdirs(bin, 0755, &err), 0);
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0755, &err), 0);
    assert_int_equal(setenv("PATH", arena_printf(&arena, "%s:%s", bin, getenv("PATH")), 1), 0);
    assert_int_equal(setenv("AWS_SSM_INSTANCE_ID", INSTANCE, 1), 0);
}

struct answer {
    enum aws_outcome_word word;
    struct message_reply reply;
};

static struct answer ask_aws(const struct message_command *command, const struct document *document,
                             enum aws_script_verb verb)
{
    const char *out = arena_printf(&arena, "%s/aws-%d", agent_room.folder, calls++), *script;
    struct aws_outcome_facts facts = {.command_id = command->command_id,
                                      .document = document,
                                      .is_order = true};
    struct err err = ERR_INIT;
    struct answer answer;
    char *output;
    int code;

    if (aws_script_order(&arena, command, verb, &script, &err) < 0 ||
        file_write_atomic(arena_printf(&arena, "%s.sh", out), script, strlen(script), 0600, &err) <
            0)
        fail_msg("%s", err.text);
    code = system(arena_printf(&arena, "%s %s.sh > %s 2> %s.err",
                               calls % 2 ? "dash" : "bash --posix", out, out, out));
    output = agent_room_text(out);
    assert_true(strlen(output) < OUTPUT_CUT_OUT);
    facts.details = code == 0 ? "Success" : "Failed";
    facts.output = arena_str(&arena, output);
    free(output);
    output = agent_room_text(arena_printf(&arena, "%s.err", out));
    facts.error_output = arena_str(&arena, output);
    free(output);
    answer.word = aws_outcome_read(&arena, &facts, &answer.reply);
    return answer;
}

static void what_the_server_sends_tells_first_and_is_believed_by_its_journal(void **state)
{
    struct message_command command;
    struct document document;
    struct answer run, again, revoke;
    struct envelope e;

    (void)state;
    set_up_host();
    install();
    e = order_of();
    (void)write_order_of(&e,
                         AGENT_ROOM_COUNT
                         "echo begins; yes x | head -c 6000000; echo ends; echo sorry >&2\n"
                         "echo migrate=changed >> \"$SLIPWAY_RESULT\"; exit 3",
                         NULL, &command, &document);
    run = ask_aws(&command, &document, AWS_SCRIPT_RUN);
    again = ask_aws(&command, &document, AWS_SCRIPT_RUN);
    revoke = ask_aws(&command, &document, AWS_SCRIPT_REVOKE);
    for (int i = 0; i < 3; i++) {
        const struct answer *a = i == 0 ? &run : i == 1 ? &again : &revoke;

        assert_int_equal(a->word, AWS_OUTCOME_TOLD);
        assert_int_equal(a->reply.state, MESSAGE_REPLY_FINISHED);
        assert_int_equal(a->reply.status, INVOCATION_FAILED);
        assert_int_equal(a->reply.steps[0].exit_code, 3);
        assert_string_equal(a->reply.results[0].key, "migrate");
        assert_string_equal(a->reply.journal_id, run.reply.journal_id);
        assert_true(a->reply.record_number > 0);
    }
    assert_true(str_starts(run.reply.steps[0].output, "begins\nx\n"));
    assert_true(str_ends(run.reply.steps[0].output, "ends\n"));
    assert_true(strlen(run.reply.steps[0].output) > 10000);
    assert_string_equal(run.reply.steps[0].error_output, "sorry\n");
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void what_the_server_takes_back_first_is_declined_with_its_floor(void **state)
{
    struct message_command command;
    struct document document;
    struct answer a;
    struct envelope e;

    (void)state;
    set_up_host();
    install();
    e = order_of();
    e.epoch = 57;
    (void)write_order_of(&e, AGENT_ROOM_COUNT, NULL, &command, &document);
    for (int i = 0; i < 2; i++) {
        a = ask_aws(&command, &document, AWS_SCRIPT_REVOKE);
        assert_int_equal(a.reply.state, MESSAGE_REPLY_DECLINED);
        assert_non_null(a.reply.journal_id);
    }
    a = ask_aws(&command, &document, AWS_SCRIPT_RUN);
    assert_int_equal(a.word, AWS_OUTCOME_TOLD);
    assert_int_equal(a.reply.state, MESSAGE_REPLY_DECLINED);
    e = order_of();
    e.epoch = 58;
    (void)write_order_of(&e, "true", NULL, &command, &document);
    a = ask_aws(&command, &document, AWS_SCRIPT_RUN);
    assert_int_equal(a.reply.status, INVOCATION_SUCCESS);
    e = order_of();
    e.epoch = 41;
    (void)write_order_of(&e, AGENT_ROOM_COUNT, NULL, &command, &document);
    a = ask_aws(&command, &document, AWS_SCRIPT_RUN);
    assert_int_equal(a.reply.state, MESSAGE_REPLY_DECLINED);
    assert_int_equal(a.reply.floor, 58);
    /* Where it is not installed nothing is proven, and its sentence is told. */
    assert_int_equal(unlink(arena_printf(&arena, "%s/bin/slipway-once", agent_room.folder)), 0);
    a = ask_aws(&command, &document, AWS_SCRIPT_RUN);
    assert_int_equal(a.word, AWS_OUTCOME_ASK);
    assert_non_null(strstr(a.reply.reason, "slipway-once is not installed on this host"));
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

/* Who is believed -------------------------------------------------------------------------------- */

static void expect_refused(struct envelope *e, const struct sign_key *key, const char *why)
{
    struct call call = call_once("run", write_order(e, AGENT_ROOM_COUNT, key));

    expect(&call, ONCE_EXIT_NOT_STARTED, why);
}

static void T31_what_was_not_signed_for_this_machine_is_refused(void **state)
{
    struct sign_key *other = sign_key_new();
    char store[NAMES_UUID_SIZE];
    struct envelope e;
    struct call call;

    (void)state;
    set_up_host();
    e = order_of();
    expect_refused(&e, other, "sign");
    e = order_of();
    e.host_id = "i-0123456789abcdef1";
    e.host = "app-3";
    expect_refused(&e, NULL, "signed for host app-3");
    e = order_of();
    names_uuid_new(store);
    e.store_id = store;
    expect_refused(&e, NULL, "this host belongs to");
    e = order_of();
    e.epoch = 57;
    call = call_once("run", write_order(&e, "true", NULL));
    expect(&call, 0, "state=finished");
    e = order_of();
    e.epoch = 41;
    expect_refused(&e, NULL, "epoch 41 is behind 57");
    /* A disk that was copied to another machine. */
    e = order_of();
    e.epoch = 58;
    call = begin("run", write_order(&e, AGENT_ROOM_COUNT, NULL), "i-0aaaaaaaaaaaaaaaa");
    end(&call);
    expect(&call, 77, "AWS calls this machine i-0aaaaaaaaaaaaaaaa");
    /* And nobody else revokes. */
    call = call_once("revoke", write_order(&e, AGENT_ROOM_COUNT, other));
    expect(&call, 77, "sign");
    assert_int_equal(agent_room_lines("runs"), 0);
    sign_key_free(other);
    agent_room_down();
}

static void a_damaged_journal_or_an_open_folder_stops_everything(void **state)
{
    struct err err = ERR_INIT;
    struct envelope e;
    struct call call;
    const char *path;
    size_t len;
    char *text;

    (void)state;
    set_up_host();
    e = order_of();
    call = call_once("run", write_order(&e, "true", NULL));
    expect(&call, 0, "state=finished");
    path = arena_printf(&arena, "%s/journal", state_folder);
    assert_int_equal(file_read_all(path, 1 << 20, &text, &len, &err), 0);
    text[len / 2] ^= 1;
    assert_int_equal(file_write_atomic(path, text, len, 0600, &err), 0);
    free(text);
    e = order_of();
    e.epoch = 2;
    call = call_once("run", write_order(&e, AGENT_ROOM_COUNT, NULL));
    expect(&call, 78, "until somebody has looked at its journal");
    assert_int_equal(chmod(state_folder, 0750), 0);
    call = call_once("run", write_order(&e, AGENT_ROOM_COUNT, NULL));
    expect(&call, 77, "chmod 700");
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

/* Moved away by a person: what has a folder is known all the same, watched while it runs, and never begun again. */
static void a_journal_that_was_moved_away_begins_nothing_again(void **state)
{
    struct envelope e;
    struct call first, second;
    const char *order, *journal;

    (void)state;
    set_up_host();
    e = order_of();
    e.epoch = 57;
    order = write_order(&e, AGENT_ROOM_COUNT "sleep 2; exit 3", NULL);
    first = begin("run", order, INSTANCE);
    assert_true(agent_room_wait_lines("runs", 1));
    journal = arena_printf(&arena, "%s/journal", state_folder);
    assert_int_equal(rename(journal, arena_printf(&arena, "%s.old", journal)), 0);
    second = call_once("run", order);
    expect(&second, 3, "state=finished\nstatus=Failed\n");
    end(&first);
    expect(&first, 3, "state=finished\nstatus=Failed\n");
    e = order_of(); /* nor does the floor of its database fall */
    e.epoch = 41;
    second = call_once("run", write_order(&e, AGENT_ROOM_COUNT, NULL));
    expect(&second, ONCE_EXIT_NOT_STARTED, "epoch 41 is behind 57");
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* With a server in its configuration it asks before it begins. */
static void the_permit_is_asked_where_a_server_is_named(void **state)
{
    struct envelope e;
    struct call call;

    (void)state;
    agent_room_up(true);
    snprintf(state_folder, sizeof(state_folder), "%s", agent_room.state);
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_NO);
    e = order_of();
    e.host_id = agent_room.door.host_id;
    call = begin("run", write_order(&e, AGENT_ROOM_COUNT, NULL), NULL);
    end(&call);
    expect(&call, ONCE_EXIT_NOT_STARTED, "no permit: somebody has it");
    assert_int_equal(agent_room_lines("runs"), 0);
    atomic_store(&agent_room.door.permit, DOOR_DOUBLE_YES);
    e = order_of();
    e.host_id = agent_room.door.host_id;
    e.epoch = 2;
    call = begin("run", write_order(&e, AGENT_ROOM_COUNT, NULL), NULL);
    end(&call);
    expect(&call, 0, "state=finished");
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

static void no_exit_code_means_something_to_another_agent(void **state)
{
    struct message_reply_step step = {.name = "only"};
    struct once_answer answer = {.state = MESSAGE_REPLY_FINISHED,
                                 .reply = {.status = INVOCATION_FAILED,
                                           .steps = &step,
                                           .n_steps = 1}};

    (void)state;
    for (int code = 0; code < 256; code++) {
        int is;

        step.exit_code = code;
        is = once_exit_code(&answer);
        assert_true(is >= 1 && is <= 125); /* among them none of 137, 168, 169, 194 */
        assert_true(is != ONCE_EXIT_UNKNOWN && is != ONCE_EXIT_NOT_STARTED);
    }
    answer.reply.status = INVOCATION_SUCCESS;
    assert_int_equal(once_exit_code(&answer), 0);
}

/* Keys ------------------------------------------------------------------------------------------- */

/* It asks no server, so a person carries the announcement: what follows is believed, and nothing else. */
static void T31_a_key_is_believed_when_its_announcement_was_carried_here(void **state)
{
    struct announcement a = {.store_id = agent_room.door.store_id, .number = 2};
    struct sign_key *next = sign_key_new();
    struct announcement_signed s;
    struct envelope first, second;
    struct json_out out;
    struct call call;
    struct err err = ERR_INIT;
    const char *path;
    struct buf buf;

    (void)state;
    set_up_host();
    first = order_of();
    call = call_once("run", write_order(&first, "echo ran", next));
    expect(&call, 76, "not signed by the key");
    a.store_id = agent_room.door.store_id;
    a.until = clock_now(clock_system()) + 60000;
    sign_key_public(agent_room.door.key, a.key);
    sign_key_public(next, a.next_key);
    for (int by_itself = 1; by_itself >= 0; by_itself--) {
        announcement_make(&arena, &a, by_itself ? next : agent_room.door.key, &s);
        buf_init(&buf, 8192);
        json_out_init(&out, &buf);
        json_begin_object(&out, NULL);
        announcement_add_list(&out, "Announcements", &s, 1);
        json_end_object(&out);
        path = arena_printf(&arena, "%s/keys-%d", agent_room.folder, by_itself);
        assert_int_equal(file_write_atomic(path, buf_str(&buf), buf.len, 0600, &err), 0);
        buf_deinit(&buf);
        call = call_once("keys", path);
        expect(&call, by_itself ? 77 : 0, by_itself ? "not signed by the key" : "1 new keys");
    }
    second = order_of();
    second.epoch = 2;
    call = call_once("run", write_order(&second, "echo ran", next));
    expect(&call, 0, "ran");
    sign_key_free(next);
    agent_room_down();
}

/* More than a host takes has no door to wait at: it never begins, and says why (T37). */
static void T37_what_comes_over_the_limit_is_declined(void **state)
{
    struct old_journal old = {.state = state_folder};
    struct envelope e, other;
    struct call call;
    char line[700];

    (void)state;
    set_up_host();
    snprintf(line, sizeof(line), "sed -i 's|^limit = .*|limit = 10 + 10/h|' '%s/agent.conf'",
             state_folder);
    assert_int_equal(system(line), 0); // NOLINT(cert-env33-c): names of our own
    old_journal_add(&old, 0, 9, clock_now(clock_system()));
    e = order_of();
    call = call_once("run", write_order(&e, AGENT_ROOM_COUNT, NULL));
    expect(&call, 0, "state=finished");
    other = order_of();
    other.epoch = 2;
    call = call_once("run", write_order(&other, AGENT_ROOM_COUNT, NULL));
    expect(&call, ONCE_EXIT_NOT_STARTED,
           "not begun: this host took as many commands as `limit = 10 + 10/h`");
    call =
        call_once("run", write_order(&e, AGENT_ROOM_COUNT, NULL)); /* what is known is answered */
    expect(&call, 0, "state=finished");
    assert_int_equal(agent_room_lines("runs"), 1);
    agent_room_down();
}

/* Of what had to begin before the journal's memory nobody knows here whether it ran: neither run nor revoke says that it did not. */
static void G4_an_order_of_a_forgotten_time_is_unknown(void **state)
{
    struct old_journal old = {.state = state_folder};
    struct envelope e;
    struct call call;
    const char *order;

    (void)state;
    set_up_host();
    old_journal_forgot(&old, clock_now(clock_system()) + 600000);
    e = order_of();
    order = write_order(&e, AGENT_ROOM_COUNT, NULL);
    call = call_once("run", order);
    expect(&call, ONCE_EXIT_UNKNOWN, "state=unknown\nreason=it had to begin more than 30 days ago");
    call = call_once("revoke", order);
    expect(&call, 0, "state=unknown\nreason=it had to begin more than 30 days ago");
    assert_int_equal(agent_room_lines("runs"), 0);
    agent_room_down();
}

static int set_up(void **state)
{
    (void)state;
    arena_init(&arena);
    return 0;
}

static int tear_down(void **state)
{
    int rc = agent_room_tear_down(state);

    arena_deinit(&arena);
    return rc;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(T31_a_key_is_believed_when_its_announcement_was_carried_here),
        TEST(ssm_runs_document_twice),
        TEST(ssm_call_timed_out),
        TEST(ssm_revoke_after_start),
        TEST(what_was_revoked_first_never_begins),
        TEST(what_the_server_sends_tells_first_and_is_believed_by_its_journal),
        TEST(what_the_server_takes_back_first_is_declined_with_its_floor),
        TEST(T31_what_was_not_signed_for_this_machine_is_refused),
        TEST(a_damaged_journal_or_an_open_folder_stops_everything),
        TEST(a_journal_that_was_moved_away_begins_nothing_again),
        TEST(the_permit_is_asked_where_a_server_is_named),
        TEST(no_exit_code_means_something_to_another_agent),
        TEST(T37_what_comes_over_the_limit_is_declined),
        TEST(G4_an_order_of_a_forgotten_time_is_unknown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
