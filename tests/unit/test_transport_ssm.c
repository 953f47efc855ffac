/*
 * transport_ssm against the door as it is served, with an access key that may use a shell, and hosts that speak as
 * Amazon's agent does; and against what the door does not do: throttling, silence, broken answers, pages that repeat.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/str.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_host.h"
#include "lib/transport/transport_ssm.h"
#include "tests/support/canned.h"
#include "tests/support/door_room.h"

#define COMMAND "01a20df6-30a0-7744-84dc-3c09d1b548a0"
#define COMMENT "slipway:01a20df6-30a0-7744-84dc-3c09d1b548a1"
#define MANY 60

static struct aws_client_counts counts;
static struct transport_ssm *ssm;
static struct err err;

static void keys_are(const char *id, const char *secret)
{
    setenv("AWS_ACCESS_KEY_ID", id, 1);
    setenv("AWS_SECRET_ACCESS_KEY", secret, 1);
}

static int tear_down(void **state)
{
    (void)state;
    transport_ssm_close(ssm);
    ssm = NULL;
    return 0;
}

static int set_up(void **state)
{
    (void)state;
    memset(&counts, 0, sizeof(counts));
    err = (struct err)ERR_INIT;
    /* AWS itself is never near: no source of keys but the ones of a test. */
    setenv("HOME", "/nonexistent", 1);
    setenv("AWS_EC2_METADATA_DISABLED", "true", 1);
    unsetenv("AWS_CONTAINER_CREDENTIALS_FULL_URI");
    unsetenv("AWS_CA_BUNDLE");
    unsetenv("AWS_PROFILE");
    keys_are("AKIAAAAAAAAAAAAAAAAA", "0000000000000000000000000000000000000000");
    return 0;
}

static void open_at(const char *endpoint, const char *ca_file)
{
    transport_ssm_close(ssm);
    ssm = NULL;
    if (transport_ssm_open(&(struct aws_client_options){.region = "ap-northeast-1",
                                                        .endpoint = endpoint,
                                                        .ca_file = ca_file,
                                                        .timeout_ms = 3000,
                                                        .counts = &counts},
                           &ssm, &err) < 0)
        fail_msg("%s", err.text);
}

static void must(enum aws_outcome outcome, enum aws_outcome wanted, const char *says)
{
    if (outcome != wanted || (says != NULL && strstr(err.text, says) == NULL))
        fail_msg("%s (%s), expected %s (%s)", aws_call_outcome_name(outcome), err.text,
                 aws_call_outcome_name(wanted), says != NULL ? says : "");
}

static unsigned long long counted(enum aws_call call, enum aws_outcome outcome)
{
    return atomic_load(&counts.calls[call][outcome]);
}

/* At the door ------------------------------------------------------------------------------------ */

static struct arena *arena(void)
{
    return &door_room.arena;
}

static int door_up(void **state)
{
    struct door_signer key;

    (void)set_up(state);
    door_room_up(NULL);
    key = door_room_any_key();
    keys_are(key.key_id, key.secret);
    open_at(arena_printf(arena(), "http://%s",
                         http_server_address(door_room.api.server, LISTENER_AGENTS)),
            NULL);
    return 0;
}

static int door_down(void **state)
{
    (void)tear_down(state);
    door_room_down();
    return 0;
}

static enum aws_outcome send_to(const char *const *ids, size_t n, const char **ret_id)
{
    const struct aws_send send = {.instance_ids = ids,
                                  .n_instances = n,
                                  .script = "set -eu\necho \"it's here\"\n",
                                  .comment = COMMENT,
                                  .timeout_s = 120,
                                  .execution_s = 3600};
    enum aws_outcome outcome =
        transport_ssm_send(ssm, arena(), &send, door_room_now(), ret_id, &err);

    door_room_look();
    return outcome;
}

static struct aws_invocation seen(const char *command, const char *host)
{
    struct aws_invocation *list = NULL;
    size_t n = 0;

    door_room_look();
    must(transport_ssm_look(ssm, arena(), command, door_room_now(), &list, &n, &err), AWS_OK, NULL);
    for (size_t i = 0; i < n; i++) {
        if (i > 0)
            assert_true(strcmp(list[i - 1].instance_id, list[i].instance_id) < 0);
        if (str_eq(list[i].instance_id, host))
            return list[i];
    }
    fail_msg("%s is not in the list", host);
    return (struct aws_invocation){.known = false};
}

#define STEP(status, code, out, errors)                                                            \
    "'aws:runShellScript':{'status':'" status "','code':" #code                                    \
    ",'name':'aws:runShellScript','startDateTime':'2026-11-22T06:53:06.000Z','endDateTime':"       \
    "'2026-11-22T06:53:06.052Z','standardOutput':'" out "','standardError':'" errors "'}"
#define REPLY(status, steps) "{'documentStatus':'" status "','runtimeStatus':{" steps "}}"

static const char *message_id(const char *command, const char *host)
{
    return arena_printf(arena(), "aws.ssm.%s.%s", command, host);
}

static void a_script_is_sent_found_looked_at_read_and_cancelled(void **state)
{
    const struct door_guest *one = door_room_guest("web-1", "Role=web");
    const struct door_guest *two = door_room_guest("web-2", "Role=web"), *other;
    const char *const ids[] = {one->id, two->id};
    const char *command = NULL, *found = "", *payload;
    struct aws_invocation i;
    time_ms before = door_room_now();

    (void)state;
    must(transport_ssm_find(ssm, arena(), COMMENT, before, door_room_now(), &found, &err), AWS_OK,
         NULL);
    assert_null(found);
    must(send_to(ids, 2, &command), AWS_OK, NULL);
    must(transport_ssm_find(ssm, arena(), COMMENT, before, door_room_now(), &found, &err), AWS_OK,
         NULL);
    assert_string_equal(found, command);
    must(transport_ssm_find(ssm, arena(), "slipway:another", before, door_room_now(), &found, &err),
         AWS_OK, NULL);
    assert_null(found);
    i = seen(command, one->id);
    assert_int_equal(i.status, INVOCATION_PENDING);
    assert_int_equal(i.response_code, -1);

    /* One runs to its end: the first by id, the door begins with one. */
    payload = door_room_text(door_room_poll(one), "Messages.0.Payload");
    if (*payload == '\0') {
        other = one, one = two, two = other;
        payload = door_room_text(door_room_poll(one), "Messages.0.Payload");
    }
    assert_non_null(strstr(payload, "echo \\\"it's here\\\"\\n"));
    door_room_acknowledge(one, message_id(command, one->id));
    assert_int_equal(seen(command, one->id).status, INVOCATION_IN_PROGRESS);
    door_room_reply(one, message_id(command, one->id),
                    REPLY("Failed", STEP("Failed", 3, "out\\n", "no\\n")));
    i = seen(command, one->id);
    assert_int_equal(i.status, INVOCATION_FAILED);
    assert_string_equal(i.details, "Failed");
    assert_int_equal(i.response_code, 3);
    assert_non_null(strstr(i.output, "out\n"));
    must(transport_ssm_text(ssm, arena(), command, one->id, door_room_now(), &i, &err), AWS_OK,
         NULL);
    assert_string_equal(i.output, "out\n");
    assert_non_null(strstr(i.error_output, "no\n"));
    assert_true(i.started_at > 0 && i.ended_at == i.started_at + 52);

    /* The other is cancelled before it began; once more changes nothing. */
    for (int times = 0; times < 2; times++) {
        must(transport_ssm_cancel(ssm, arena(), command, &two->id, 1, door_room_now(), &err),
             AWS_OK, NULL);
        assert_int_equal(seen(command, two->id).status, INVOCATION_CANCELLED);
    }
    must(transport_ssm_text(ssm, arena(), command, "i-0123456789abcdef0", door_room_now(), &i,
                            &err),
         AWS_ABSENT, "InvocationDoesNotExist");
    assert_int_equal(counted(AWS_CALL_SEND, AWS_OK), 1);
    assert_int_equal(counted(AWS_CALL_COMMANDS, AWS_OK), 3);
    assert_int_equal(counted(AWS_CALL_INVOCATION, AWS_ABSENT), 1);
}

static void what_waits_too_long_says_that_it_was_not_delivered(void **state)
{
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *const ids[] = {g->id}, *command = NULL;

    (void)state;
    must(send_to(ids, 1, &command), AWS_OK, NULL);
    door_room_pass(120000);
    assert_int_equal(seen(command, g->id).status, INVOCATION_TIMED_OUT);
    assert_string_equal(seen(command, g->id).details, "DeliveryTimedOut");
}

static void an_unknown_host_a_wrong_secret_and_a_narrow_key_are_told_apart(void **state)
{
    static const char *documents[] = {"AWS-RunShellScript"};
    const struct door_guest *g = door_room_guest("web-1", "Role=web");
    const char *const unknown[] = {g->id, "mi-0123456789abcdef0"}, *const ids[] = {g->id};
    const char *command = NULL, *endpoint = arena_str(arena(), transport_ssm_endpoint(ssm));
    const struct door_signer narrow =
        door_room_key((struct access_key){.name = "narrow",
                                          .documents = {.items = documents, .n = 1},
                                          .any_host = true});
    struct aws_host *hosts;
    size_t n;

    (void)state;
    must(send_to(unknown, 2, &command), AWS_REFUSED, "InvalidInstanceId");
    assert_non_null(strstr(err.text, "mi-0123456789abcdef0"));
    assert_null(command);
    keys_are(narrow.key_id, narrow.secret);
    open_at(endpoint, NULL);
    must(send_to(ids, 1, &command), AWS_REFUSED, "AccessDeniedException");
    keys_are(narrow.key_id, "0000000000000000000000000000000000000000");
    open_at(endpoint, NULL);
    must(send_to(ids, 1, &command), AWS_CREDENTIALS, "InvalidSignatureException");
    assert_non_null(strstr(err.text, narrow.key_id));
    assert_non_null(strstr(err.text, "(environment)"));
    assert_null(strstr(err.text, "00000000"));
    keys_are(narrow.key_id, narrow.secret);
    open_at(endpoint, NULL);
    must(transport_ssm_hosts(ssm, arena(), NULL, 0, door_room_now() - 6 * 60000, &hosts, &n, &err),
         AWS_CREDENTIALS, "Its clock says");
    assert_null(command);
}

/* A rotation: what the service gave first is refused, what it gives then is taken, and nobody sees it. */
static void refused_keys_are_looked_for_once_more(void **state)
{
    const struct door_signer good =
        door_room_key((struct access_key){.name = "good", .any_host = true});
    struct canned service = {.n_answers = 2};
    struct aws_host *hosts;
    size_t n;

    (void)state;
    for (int i = 0; i < 2; i++) {
        const char *body =
            arena_printf(arena(), "{\"AccessKeyId\":\"%s\",\"SecretAccessKey\":\"%s\"}",
                         i == 0 ? "AKIAAAAAAAAAAAAAAAAA" : good.key_id, good.secret);
        service.answers[i] =
            arena_printf(arena(),
                         "HTTP/1.1 200 OK\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
                         strlen(body), body);
    }
    canned_up(&service);
    unsetenv("AWS_ACCESS_KEY_ID");
    setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", service.url, 1);
    must(transport_ssm_hosts(ssm, arena(), NULL, 0, door_room_now(), &hosts, &n, &err), AWS_OK,
         NULL);
    assert_int_equal(service.times, 2);
    canned_down(&service);
}

/* Hosts ------------------------------------------------------------------------------------------ */

static int put_many(struct db *db, void *arg, struct err *e)
{
    static const char *const roles[] = {"web", "worker"};
    int rc = 0;

    (void)arg;
    for (size_t role = 0; role < 2 && rc == 0; role++) {
        struct config_pair pairs[] = {{.key = "Role", .value = roles[role]},
                                      {.key = "Tier", .value = "1"}};
        const struct config_pairs tags = {.items = pairs, .n = 2};
        const struct activation a = {
            .id = role == 0 ? "00000000-0000-4000-8000-000000000001"
                            : "00000000-0000-4000-8000-000000000002",
            .code_digest = "0000000000000000000000000000000000000000000000000000000000000000",
            .prefix = roles[role],
            .limit = 1000,
            .created_at = door_room_now(),
            .created_by = "uid:0",
            .expires_at = door_room_now() + 60000};
        rc = store_activation_put(db, &a, &tags, e);
        for (size_t i = 0; i < MANY && rc == 0; i++) {
            struct host h = {.name = arena_printf(arena(), "%s-%zu", roles[role], i),
                             .state = HOST_REGISTERED,
                             .activation_id = a.id,
                             .registered_at = door_room_now(),
                             .seen_at = door_room_now()};
            (void)snprintf(h.id, sizeof(h.id), "mi-%016zx%zx", i, role);
            rc = store_host_register(db, &h, h.name, door_room.spki, e);
        }
    }
    return rc;
}

static void hosts_are_found_by_tags_over_pages_and_each_once(void **state)
{
    static const char *const web[] = {"web"}, *const both[] = {"web", "worker"},
                             *const first[] = {"1"}, *const none[] = {"none"};
    const struct aws_filter filters[] = {{.key = "tag:Role", .values = web, .n_values = 1},
                                         {.key = "tag:Tier", .values = first, .n_values = 1},
                                         {.key = "tag:Role", .values = both, .n_values = 2},
                                         {.key = "tag:Role", .values = none, .n_values = 1}};
    const char *ids[MANY];
    const struct aws_filter by_id = {.key = "InstanceIds", .values = ids, .n_values = MANY};
    const struct aws_filter mixed[] = {filters[2], by_id};
    struct aws_host *hosts;
    size_t n;

    (void)state;
    api_room_write(&door_room.api, put_many, NULL);
    must(transport_ssm_hosts(ssm, arena(), filters, 2, door_room_now(), &hosts, &n, &err), AWS_OK,
         NULL);
    assert_int_equal(n, MANY);
    assert_int_equal(counted(AWS_CALL_HOSTS, AWS_OK), 2 + 3); /* 60 in two pages, 120 in three */
    for (size_t i = 0; i < n; i++) {
        assert_true(str_starts(hosts[i].name, "web-"));
        assert_true(i == 0 || strcmp(hosts[i - 1].id, hosts[i].id) < 0);
        ids[i] = hosts[i].id;
    }
    assert_false(hosts[0].online); /* they never pinged */
    must(transport_ssm_hosts(ssm, arena(), filters + 2, 1, door_room_now(), &hosts, &n, &err),
         AWS_OK, NULL);
    assert_int_equal(n, 2 * MANY);
    /* More ids than one question takes; and filters that AWS does not mix. */
    must(transport_ssm_hosts(ssm, arena(), mixed, 2, door_room_now(), &hosts, &n, &err), AWS_OK,
         NULL);
    assert_int_equal(n, MANY);
    must(transport_ssm_hosts(ssm, arena(), filters + 2, 2, door_room_now(), &hosts, &n, &err),
         AWS_OK, NULL);
    assert_int_equal(n, 0);
}

/* Over TLS --------------------------------------------------------------------------------------- */

static const char proxy[] =
    "import sys; sys.path.insert(0, sys.argv[1]); import tls_proxy\n"
    "ca, server = tls_proxy.make_ca(sys.argv[2]); print(tls_proxy.start(server, int(sys.argv[3])), flush=True)\n"
    "sys.stdin.read()\n";

static void only_whom_the_private_ca_vouches_for_is_asked(void **state)
{
    char folder[] = "/tmp/slipway-tls-XXXXXX", port[16] = "", command[128];
    const char *address = http_server_address(door_room.api.server, LISTENER_AGENTS);
    const char *upstream = strrchr(address, ':') + 1,
               *endpoint, *const ids[] = {"mi-0123456789abcdef0"};
    const char *id = NULL;
    struct aws_host *hosts;
    int in[2], out[2];
    size_t n;
    pid_t pid;

    (void)state;
    assert_non_null(mkdtemp(folder));
    assert_int_equal(pipe2(in, O_CLOEXEC), 0);
    assert_int_equal(pipe2(out, O_CLOEXEC), 0);
    pid = fork();
    if (pid == 0) {
        dup2(in[0], STDIN_FILENO);
        dup2(out[1], STDOUT_FILENO);
        execlp("python3", "python3", "-c", proxy, SLIPWAY_SOURCE_DIR "/tests/support", folder,
               upstream, NULL);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    assert_true(read(out[0], port, sizeof(port) - 1) > 0);
    endpoint = arena_printf(arena(), "https://localhost:%d", atoi(port));
    open_at(endpoint, arena_printf(arena(), "%s/ca.pem", folder));
    must(transport_ssm_hosts(ssm, arena(), NULL, 0, door_room_now(), &hosts, &n, &err), AWS_OK,
         NULL);
    /* By AWS' own variable; and nobody's: nothing was sent, so it may be tried again. */
    setenv("AWS_CA_BUNDLE", arena_printf(arena(), "%s/ca.pem", folder), 1);
    open_at(endpoint, NULL);
    must(transport_ssm_hosts(ssm, arena(), NULL, 0, door_room_now(), &hosts, &n, &err), AWS_OK,
         NULL);
    unsetenv("AWS_CA_BUNDLE");
    open_at(endpoint, NULL);
    must(send_to(ids, 1, &id), AWS_AGAIN, "certificate");
    close(in[1]);
    close(out[0]);
    waitpid(pid, NULL, 0);
    (void)snprintf(command, sizeof(command), "rm -rf %s", folder);
    assert_int_equal(system(command), 0);
}

/* Bad days --------------------------------------------------------------------------------------- */

static struct arena own;

static int alone_up(void **state)
{
    arena_init(&own);
    return set_up(state);
}

static int alone_down(void **state)
{
    arena_deinit(&own);
    return tear_down(state);
}

static const char *aws_says(int status, const char *body)
{
    return arena_printf(
        &own,
        "HTTP/1.1 %d X\r\nContent-Type: application/x-amz-json-1.1\r\n"
        "x-amzn-RequestId: r-1\r\nContent-Length: %zu\r\nConnection: close\r\n\r\n%s",
        status, strlen(body), body);
}

#define NOW INT64_C(1795586400000)

static enum aws_outcome send_alone(const char **ret_id)
{
    static const char *const ids[] = {"i-0123456789abcdef0"};
    const struct aws_send send = {.instance_ids = ids,
                                  .n_instances = 1,
                                  .script = "true\n",
                                  .comment = COMMENT,
                                  .timeout_s = 30,
                                  .execution_s = 5};

    return transport_ssm_send(ssm, &own, &send, NOW, ret_id, &err);
}

static enum aws_outcome look_alone(struct aws_invocation **ret, size_t *ret_n)
{
    return transport_ssm_look(ssm, &own, COMMAND, NOW, ret, ret_n, &err);
}

/* What a send, and what a look is told by the same answer. */
static void a_send_is_unclear_where_nobody_can_say_that_it_was_not_taken(void **state)
{
    const struct {
        const char *answer;
        enum aws_outcome send, look;
        const char *says;
    } rows[] = {
        {aws_says(400, "{\"__type\":\"ThrottlingException\",\"message\":\"Rate exceeded\"}"),
         AWS_AGAIN, AWS_AGAIN, "Rate exceeded (request r-1)"},
        {aws_says(500, "{\"__type\":\"InternalServerError\",\"message\":\"x\"}"), AWS_UNCLEAR,
         AWS_AGAIN, "InternalServerError"},
        {aws_says(200, "{}"), AWS_UNCLEAR, AWS_AGAIN, "AWS' answer to"},
        {aws_says(200, "<html>"), AWS_UNCLEAR, AWS_AGAIN, "AWS' answer to"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}", AWS_UNCLEAR,
         AWS_AGAIN, "something between here and AWS"},
        {"HTTP/1.1 403 No\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", AWS_UNCLEAR,
         AWS_AGAIN, "something between here and AWS"},
        {"HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n{", AWS_UNCLEAR, AWS_AGAIN, NULL},
        {"", AWS_UNCLEAR, AWS_AGAIN, NULL}, /* the connection ends */
    };
    struct aws_invocation *list = NULL;
    const char *id = NULL;
    struct canned c;
    size_t n = 7;

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        canned_say(&c, rows[i].answer);
        open_at(c.url, NULL);
        must(send_alone(&id), rows[i].send, rows[i].says);
        assert_non_null(strstr(err.text, "SendCommand"));
        assert_int_equal(c.times, 1); /* never a second time by itself */
        must(look_alone(&list, &n), rows[i].look, rows[i].says);
        canned_down(&c);
    }
    assert_null(id);
    assert_null(list);
    assert_int_equal(counted(AWS_CALL_SEND, AWS_UNCLEAR), 7);
    assert_int_equal(counted(AWS_CALL_SEND, AWS_AGAIN), 1);
    assert_int_equal(counted(AWS_CALL_INVOCATIONS, AWS_AGAIN), 8);
}

static void silence_is_unclear_and_nobody_there_means_that_nothing_was_sent(void **state)
{
    struct canned c;
    const char *id = NULL;

    (void)state;
    canned_say(&c, CANNED_SILENCE);
    transport_ssm_close(ssm);
    assert_int_equal(transport_ssm_open(&(struct aws_client_options){.region = "eu-west-1",
                                                                     .endpoint = c.url,
                                                                     .timeout_ms = 200},
                                        &ssm, &err),
                     0);
    must(send_alone(&id), AWS_UNCLEAR, "SendCommand");
    canned_down(&c);
    must(send_alone(&id), AWS_AGAIN, "SendCommand");
    assert_null(id);
}

static void what_aws_would_not_take_is_not_sent(void **state)
{
    const struct aws_send send = {.script = "true\n",
                                  .comment = "c",
                                  .timeout_s = 30,
                                  .execution_s = 5};
    const char *id = NULL;
    struct canned c;

    (void)state;
    canned_say(&c, "");
    open_at(c.url, NULL);
    must(transport_ssm_send(ssm, &own, &send, NOW, &id, &err), AWS_REFUSED,
         "SendCommand was not sent");
    assert_int_equal(c.times, 0);
    canned_down(&c);
}

static void without_keys_no_connection_is_opened(void **state)
{
    const char *id = NULL;
    struct canned c;

    (void)state;
    canned_say(&c, "");
    unsetenv("AWS_ACCESS_KEY_ID");
    open_at(c.url, NULL);
    must(send_alone(&id), AWS_CREDENTIALS, "SendCommand was not sent: no credentials for AWS");
    open_at(NULL, NULL); /* AWS' own address, which is not asked either */
    assert_string_equal(transport_ssm_endpoint(ssm), "https://ssm.ap-northeast-1.amazonaws.com");
    must(send_alone(&id), AWS_CREDENTIALS, "no credentials for AWS");
    assert_int_equal(c.times, 0);
    canned_down(&c);
}

static void an_endpoint_is_an_address_and_a_region_a_name(void **state)
{
    static const char *const endpoints[] = {"ssm.example", "https://", "https://h/x",
                                            "https://u@h", "ftp://h",  ""};

    (void)state;
    for (size_t i = 0; i < sizeof(endpoints) / sizeof(endpoints[0]); i++)
        assert_int_equal(transport_ssm_open(&(struct aws_client_options){.region = "eu-west-1",
                                                                         .endpoint = endpoints[i]},
                                            &ssm, &err),
                         ERR_INVALID);
    assert_int_equal(transport_ssm_open(&(struct aws_client_options){.region = "eu.west"}, &ssm,
                                        &err),
                     ERR_INVALID);
    assert_null(ssm);
}

/* Lists ------------------------------------------------------------------------------------------ */

#define OF(host, status)                                                                           \
    "{\"CommandId\":\"" COMMAND "\",\"InstanceId\":\"" host "\",\"Status\":\"" status              \
    "\",\"StatusDetails\":\"" status "\"}"
#define A "i-0000000000000000a"
#define B "i-0000000000000000b"
#define C "i-0000000000000000c"

/* A page that ended with B while the next one begins with it, an empty one in between, and one that is not ours. */
static void a_host_on_two_pages_is_one_and_its_end_is_kept(void **state)
{
    struct canned c = {
        .answers = {aws_says(200, "{\"CommandInvocations\":[" OF(C, "Success") "," OF(
                                      B, "InProgress") "],\"NextToken\":\"1\"}"),
                    aws_says(200, "{\"CommandInvocations\":[],\"NextToken\":\"2\"}"),
                    aws_says(200, "{\"CommandInvocations\":[" OF(B, "Success") "," OF(
                                      C, "InProgress") "," OF(A, "Pending") "]}")},
        .n_answers = 3};
    struct aws_invocation *list = NULL;
    size_t n = 0;

    (void)state;
    canned_up(&c);
    open_at(c.url, NULL);
    must(look_alone(&list, &n), AWS_OK, NULL);
    assert_int_equal(n, 3);
    assert_string_equal(list[0].instance_id, A);
    assert_int_equal(list[1].status, INVOCATION_SUCCESS);
    assert_int_equal(list[2].status, INVOCATION_SUCCESS);
    assert_non_null(strstr(c.asked[0], "\"MaxResults\":50,\"CommandId\""));
    assert_non_null(strstr(c.asked[1], "\"NextToken\":\"1\""));
    assert_non_null(strstr(c.asked[2], "\"NextToken\":\"2\""));
    canned_down(&c);
}

static void a_list_that_does_not_end_is_left(void **state)
{
    struct aws_invocation *list = NULL;
    struct canned c;
    size_t n = 0;

    (void)state;
    canned_say(&c, aws_says(200, "{\"CommandInvocations\":[],\"NextToken\":\"1\"}"));
    open_at(c.url, NULL);
    must(look_alone(&list, &n), AWS_AGAIN, "does not end");
    assert_int_equal(c.times, 2);
    canned_down(&c);
}

static void of_several_with_one_comment_the_oldest_is_it(void **state)
{
    struct canned c = {
        .answers =
            {aws_says(200, "{\"Commands\":[{\"CommandId\":\"00000000-0000-4000-8000-000000000003\","
                           "\"Comment\":\"" COMMENT "\",\"RequestedDateTime\":1795586403},"
                           "{\"CommandId\":\"00000000-0000-4000-8000-000000000002\","
                           "\"Comment\":\"" COMMENT "x\",\"RequestedDateTime\":1795586400}],"
                           "\"NextToken\":\"1\"}"),
             aws_says(200, "{\"Commands\":[{\"CommandId\":\"00000000-0000-4000-8000-000000000001\","
                           "\"Comment\":\"" COMMENT "\",\"RequestedDateTime\":1795586401}]}")},
        .n_answers = 2};
    const char *id = NULL;

    (void)state;
    canned_up(&c);
    open_at(c.url, NULL);
    must(transport_ssm_find(ssm, &own, COMMENT, NOW, NOW, &id, &err), AWS_OK, NULL);
    assert_string_equal(id, "00000000-0000-4000-8000-000000000001");
    assert_non_null(
        strstr(c.asked[0], "\"2026-11-25T05:55:00Z\"")); /* five minutes for the clocks */
    canned_down(&c);
}

#define DOOR(f) cmocka_unit_test_setup_teardown(f, door_up, door_down)
#define ALONE(f) cmocka_unit_test_setup_teardown(f, alone_up, alone_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        DOOR(a_script_is_sent_found_looked_at_read_and_cancelled),
        DOOR(what_waits_too_long_says_that_it_was_not_delivered),
        DOOR(an_unknown_host_a_wrong_secret_and_a_narrow_key_are_told_apart),
        DOOR(refused_keys_are_looked_for_once_more),
        DOOR(hosts_are_found_by_tags_over_pages_and_each_once),
        DOOR(only_whom_the_private_ca_vouches_for_is_asked),
        ALONE(a_send_is_unclear_where_nobody_can_say_that_it_was_not_taken),
        ALONE(silence_is_unclear_and_nobody_there_means_that_nothing_was_sent),
        ALONE(what_aws_would_not_take_is_not_sent),
        ALONE(without_keys_no_connection_is_opened),
        ALONE(an_endpoint_is_an_address_and_a_region_a_name),
        ALONE(a_host_on_two_pages_is_one_and_its_end_is_kept),
        ALONE(a_list_that_does_not_end_is_left),
        ALONE(of_several_with_one_comment_the_oldest_is_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
