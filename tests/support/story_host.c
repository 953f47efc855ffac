/* story_host: see story_host.h. */
#include "tests/support/story_host.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/known.h"
#include "agent/register.h"
#include "agent/session.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message.h"
#include "lib/ssm/message_cancel.h"
#include "lib/ssm/message_observe.h"
#include "lib/ssm/message_output.h"
#include "lib/ssm/message_reply.h"
#include "lib/ssm/message_start.h"

#define TAKES_MS 2000
#define OBSERVE_EVERY_MS 40000
#define SOON_MS 1000
#define HEARD_EVERY_MS 30000 /* half of the time after which it would be silent */
#define BODY_MAX ((size_t)1 << 20)

/* Words ------------------------------------------------------------------------------------------ */

/* 0: the door took it. */
static int say(struct story_host *host, enum session_operation operation, const char *body,
               struct httpc_answer *ret_answer)
{
    struct httpc_answer answer = {.status = 0};
    struct err err = ERR_INIT;
    int rc;

    if (operation != SESSION_GET_MESSAGES && operation != SESSION_OBSERVE &&
        clock_now(host->clock) < host->mute_until)
        return ERR_TIMEOUT;
    rc = session_call(host->session, host->httpc, operation, body, &answer, &err);
    if (rc == ERR_INVALID)
        fail_msg("%s was refused: %s", host->name, err.text);
    if (rc == 0 && ret_answer != NULL)
        *ret_answer = answer;
    else
        httpc_answer_deinit(&answer);
    return rc;
}

static int send_reply(struct story_host *host, const struct story_host_run *run,
                      const char *reply_id, const char *payload)
{
    char message_id[MESSAGE_ID_SIZE];
    struct json_out out;
    struct buf body;
    int rc;

    message_id_make(run->command_id, host->config.host_id, message_id);
    buf_init(&body, BODY_MAX);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_str(&out, "MessageId", message_id);
    json_add_str(&out, "Payload", payload);
    json_add_str(&out, "ReplyId", reply_id);
    json_end_object(&out);
    rc = say(host, SESSION_SEND_REPLY, buf_str(&body), NULL);
    buf_deinit(&body);
    return rc;
}

static int reply(struct story_host *host, const struct story_host_run *run,
                 struct message_reply *reply)
{
    char id[NAMES_UUID_SIZE], other[NAMES_UUID_SIZE];
    struct err err = ERR_INIT;
    const char *payload;
    int rc;

    reply->journal_id = host->journal_id;
    reply->boot_id = host->boot_id;
    reply->record_number = ++host->record_number;
    assert_int_equal(message_reply_make(&host->arena, reply, "slipway-agent", SLIPWAY_VERSION,
                                        clock_now(host->clock), &payload, &err),
                     0);
    names_uuid_new(id);
    names_uuid_new(other);
    rc = send_reply(host, run, id, payload);
    if (rc == 0 && run->way == STORY_HOST_TWICE) {
        (void)send_reply(host, run, id, payload);
        (void)send_reply(host, run, other, payload);
    }
    return rc;
}

static int print_chunk(struct story_host *host, const struct story_host_run *run, int64_t number,
                       const char *text)
{
    const struct output_chunk chunk = {.number = number,
                                       .step = run->document.steps[0].name,
                                       .at = clock_now(host->clock),
                                       .text = text,
                                       .len = text != NULL ? strlen(text) : 0};
    struct err err = ERR_INIT;
    const char *body;

    assert_int_equal(message_output_make(&host->arena, run->command_id, &chunk, text != NULL, &body,
                                         &err),
                     0);
    return say(host, SESSION_PUT_OUTPUT, body, NULL);
}

static int print(struct story_host *host, const struct story_host_run *run, const char *text)
{
    return print_chunk(host, run, 0, text);
}

void story_host_prints(struct story_host *host, const struct story_host_run *run, int64_t number,
                       const char *text)
{
    assert_int_equal(print_chunk(host, run, number, text), 0);
}

/* Its end as its supervisor wrote it. */
static int tell_end(struct story_host *host, const struct story_host_run *run)
{
    const struct document *d = &run->document;
    bool fails_first = run->way == STORY_HOST_FAILS || run->way == STORY_HOST_LOCKED_OUT;
    bool well = !fails_first && run->way != STORY_HOST_UNWELL && !run->cancelled;
    struct message_reply r = {.status = run->cancelled ? INVOCATION_CANCELLED
                                        : well         ? INVOCATION_SUCCESS
                                                       : INVOCATION_FAILED,
                              .state = MESSAGE_REPLY_FINISHED,
                              .n_steps = d->n_steps};
    struct result_line results[5];

    r.steps = arena_array(&host->arena, d->n_steps, sizeof(*r.steps));
    for (size_t i = 0; i < d->n_steps; i++) {
        bool fails =
            (fails_first && i == 0) || (run->way == STORY_HOST_UNWELL && i + 1 == d->n_steps);
        bool runs = (!fails_first && !run->cancelled) || i == 0;
        r.steps[i] = (struct message_reply_step){.name = d->steps[i].name,
                                                 .status = !runs            ? STEP_PENDING
                                                           : run->cancelled ? STEP_CANCELLED
                                                           : fails          ? STEP_FAILED
                                                                            : STEP_SUCCESS,
                                                 .exit_code = !runs            ? -1
                                                              : run->cancelled ? 137
                                                                               : fails,
                                                 .started_at = runs ? run->started_at : 0,
                                                 .ended_at = runs ? run->ended_at : 0};
        if (well && str_starts(d->steps[i].name, "activate"))
            results[r.n_results++] = (struct result_line){"commit", run->sha};
    }
    if (well && strcmp(run->job, "probe") == 0) {
        results[r.n_results++] =
            (struct result_line){"pending",
                                 host->probe_pending != NULL ? host->probe_pending : "0"};
        results[r.n_results++] =
            (struct result_line){"holders",
                                 host->probe_holders != NULL ? host->probe_holders : "0"};
    }
    if (run->way == STORY_HOST_LOCKED_OUT && run->database != NULL)
        results[r.n_results++] = (struct result_line){"migrate", "unknown"};
    if (well && run->database != NULL)
        results[r.n_results++] =
            (struct result_line){"migrate",
                                 run->way == STORY_HOST_NOTHING_TO_DO ? "none" : "changed"};
    if (host->prints != NULL)
        results[r.n_results++] = (struct result_line){"note", host->prints};
    r.results = results;
    return reply(host, run, &r);
}

/* The next stage that the server has not heard of. */
static int tell(struct story_host *host, struct story_host_run *run)
{
    struct message_reply r = {.status = INVOCATION_IN_PROGRESS};
    int rc;

    switch (run->told) {
    case STORY_HOST_ACCEPTED:
        r.state = MESSAGE_REPLY_ACCEPTED;
        rc = reply(host, run, &r);
        break;
    case STORY_HOST_STARTED:
        if (run->starts == 0) { /* it never will be */
            run->told++;
            return 0;
        }
        r.state = MESSAGE_REPLY_STARTED;
        rc = reply(host, run, &r);
        if (rc == 0)
            rc = print(host, run, host->prints != NULL ? host->prints : "begins\n");
        break;
    default:
        if (run->way == STORY_HOST_DECLINES) {
            r = (struct message_reply){.status = INVOCATION_FAILED,
                                       .state = MESSAGE_REPLY_DECLINED,
                                       .reason = run->floor > 0
                                                     ? "its epoch is behind what this host has seen"
                                                     : "its disk is full",
                                       .floor = run->floor,
                                       .nonce = run->nonce[0] != '\0' ? run->nonce : NULL};
            rc = reply(host, run, &r);
        } else if (run->way == STORY_HOST_LOSES_POWER) {
            r = (struct message_reply){.status = INVOCATION_FAILED,
                                       .state = MESSAGE_REPLY_UNKNOWN,
                                       .reason = host->prints != NULL ? host->prints
                                                                      : "the machine went down"};
            rc = reply(host, run, &r);
        } else {
            rc = tell_end(host, run);
        }
    }
    if (rc == 0) {
        run->told++;
        run->heard_at = clock_now(host->clock);
    }
    return rc;
}

/* Running ---------------------------------------------------------------------------------------- */

static const struct story_host_script *script_of(const struct story_host *host, const char *job)
{
    static const struct story_host_script standard = {NULL, STORY_HOST_SUCCEEDS, TAKES_MS};

    for (size_t i = 0; i < host->n_scripts; i++)
        if (strcmp(host->scripts[i].job, job) == 0)
            return &host->scripts[i];
    return &standard;
}

/* Which epochs it has seen: of a migrate job's database before its permit, of all where `database` is "" (0135). */
static struct message_floor *floors_of(struct story_host *host, const char *database, size_t *ret_n)
{
    struct message_floor *floors = arena_array(&host->arena, host->n_runs, sizeof(*floors));
    size_t n = 0, most = database == NULL || *database == '\0' ? MESSAGE_FLOORS_MAX : KNOWN_EPOCHS;

    for (size_t i = host->n_runs; i > 0 && n < most; i--) {
        const struct story_host_run *run = &host->runs[i - 1];

        if (run->database != NULL && database != NULL && run->floor == 0 &&
            (*database == '\0' || strcmp(run->database, database) == 0))
            floors[n++] = (struct message_floor){run->database, run->epoch, run->command_id};
    }
    *ret_n = n;
    return floors;
}

/* The permit, asked for as slipway-agent does. False: no answer yet, or no. */
static bool may_begin(struct story_host *host, struct story_host_run *run)
{
    struct httpc_answer answer = {.status = 0};
    struct message_start question = {.command_id = run->command_id,
                                     .nonce = run->nonce,
                                     .journal_id = host->journal_id,
                                     .boot_id = host->boot_id,
                                     .protocol = ENVELOPE_PROTOCOL};
    const char *body, *why;
    struct err err = ERR_INIT;

    if (host->silent)
        return false;
    question.floors = floors_of(host, run->database, &question.n_floors);
    if (run->nonce[0] == '\0') {
        names_uuid_new(run->nonce);
        host->record_number++;
    }
    question.record_number = host->record_number;
    assert_int_equal(message_start_make(&host->arena, &question, &body, &err), 0);
    if (say(host, SESSION_REQUEST_START, body, &answer) < 0)
        return false;
    if (host->permits_lost > 0 && strcmp(run->job, host->loses_permit_of) == 0) {
        host->permits_lost--;
        httpc_answer_deinit(&answer);
        return false;
    }
    assert_int_equal(message_start_answer_parse(&host->arena, answer.body, answer.body_len,
                                                run->nonce, &why, &err),
                     0);
    httpc_answer_deinit(&answer);
    if (why != NULL)
        run->way = STORY_HOST_DECLINES;
    return why == NULL;
}

static void start(struct story_host *host, struct story_host_run *run)
{
    run->started_at = clock_now(host->clock);
    run->ended_at = run->started_at + script_of(host, run->job)->takes_ms;
    run->stage = STORY_HOST_STARTED;
    run->starts++;
    if (run->way == STORY_HOST_LOSES_POWER)
        host->powerless = host->silent = true;
}

/* What is true at the clock's time. */
static void go_on(struct story_host *host, struct story_host_run *run)
{
    bool may_start = run->stage == STORY_HOST_ACCEPTED && run->told > STORY_HOST_ACCEPTED;

    if (may_start && run->way == STORY_HOST_GOES_DOWN_FIRST) {
        run->way = STORY_HOST_DECLINES; /* what the next start of its agent makes of it */
        host->powerless = host->silent = true;
        return;
    }
    if (run->stage == STORY_HOST_ACCEPTED && clock_now(host->clock) > run->start_by)
        run->way = STORY_HOST_DECLINES;
    if (run->stage == STORY_HOST_ACCEPTED && run->way == STORY_HOST_DECLINES)
        run->stage = STORY_HOST_ENDED;
    else if (may_start && may_begin(host, run))
        start(host, run);
    else if (run->stage == STORY_HOST_STARTED && run->way == STORY_HOST_LOSES_POWER)
        run->stage = host->powerless ? STORY_HOST_STARTED : STORY_HOST_ENDED;
    else if (run->stage == STORY_HOST_STARTED && clock_now(host->clock) >= run->ended_at)
        run->stage = STORY_HOST_ENDED;
}

static bool tell_all(struct story_host *host, struct story_host_run *run)
{
    bool did = false;

    while (!host->silent && run->told <= (int)run->stage && tell(host, run) == 0) {
        did = true;
        /* Its last word is that it began. */
        if (run->told > STORY_HOST_STARTED && run->stage == STORY_HOST_STARTED &&
            run->way == STORY_HOST_FALLS_SILENT)
            host->silent = true;
    }
    if (!host->silent && run->stage == STORY_HOST_STARTED &&
        clock_now(host->clock) - run->heard_at >= MESSAGE_OUTPUT_HEARTBEAT_MS &&
        print(host, run, NULL) == 0)
        run->heard_at = clock_now(host->clock);
    return did;
}

/* Taking ----------------------------------------------------------------------------------------- */

static struct story_host_run *run_of(struct story_host *host, const char *command_id)
{
    for (size_t i = 0; i < host->n_runs; i++)
        if (strcmp(host->runs[i].command_id, command_id) == 0)
            return &host->runs[i];
    return NULL;
}

/* The highest epoch that it has seen of a database (G5). */
static int64_t floor_of(const struct story_host *host, const char *database)
{
    int64_t floor = 0;

    for (size_t i = 0; i < host->n_runs; i++)
        if (database != NULL && host->runs[i].database != NULL &&
            strcmp(host->runs[i].database, database) == 0 && host->runs[i].epoch > floor)
            floor = host->runs[i].epoch;
    return floor;
}

/* Verified as the agent does: signature, store, host, digest, start-by. */
static void take(struct story_host *host, const struct message *message)
{
    struct story_host_run *run;
    struct message_command command;
    struct envelope e;
    struct err err = ERR_INIT;
    char digest[DIGEST_HEX_SIZE];
    int64_t floor;

    if (message_command_parse(&host->arena, message->payload, strlen(message->payload), &command,
                              &err) < 0 ||
        envelope_open(&host->arena, host->config.key, command.envelope, command.signature, &e,
                      &err) < 0)
        fail_msg("%s was handed what it cannot take: %s", host->name, err.text);
    digest_sha256_hex(command.document, strlen(command.document), digest);
    assert_string_equal(e.store_id, host->config.store_id);
    assert_string_equal(e.host_id, host->config.host_id);
    assert_string_equal(e.host, host->name);
    assert_string_equal(e.document_digest, digest);
    if ((run = run_of(host, e.command_id)) != NULL) {
        run->times_handed++;
        if (run->told > STORY_HOST_ENDED)
            run->told = STORY_HOST_ENDED; /* its journal knows it: its end is said once more */
        return;
    }
    assert_true(host->n_runs < STORY_HOST_RUNS_MAX);
    floor = floor_of(host, e.database);
    run = &host->runs[host->n_runs++];
    *run = (struct story_host_run){.repository = e.repository,
                                   .environment = e.environment,
                                   .release = e.release,
                                   .sha = e.sha,
                                   .database = e.database,
                                   .epoch = e.epoch,
                                   .start_by = e.start_by,
                                   .times_handed = 1,
                                   .heard_at = clock_now(host->clock)};
    snprintf(run->command_id, sizeof(run->command_id), "%s", e.command_id);
    run->job = arena_strn(&host->arena, e.document, strcspn(e.document, "@"));
    run->way = script_of(host, run->job)->way;
    if (clock_now(host->clock) >= e.start_by) {
        run->way = STORY_HOST_DECLINES;
        run->told = STORY_HOST_ENDED; /* it never was its own */
    }
    if (e.database != NULL && e.epoch <= floor) {
        run->way = STORY_HOST_DECLINES;
        run->floor = floor;
    }
    assert_int_equal(document_parse(&host->arena, command.document, strlen(command.document),
                                    &run->document, &err),
                     0);
}

/* What runs is killed at once; what never came never will run. */
static void end_run(struct story_host *host, const struct message *message)
{
    char command_id[37], host_id[21];
    struct story_host_run *run;
    struct err err = ERR_INIT;

    if (message_cancel_parse(message->payload, strlen(message->payload), command_id, host_id,
                             &err) < 0)
        fail_msg("%s was handed a cancel that it cannot read: %s", host->name, err.text);
    assert_string_equal(host_id, host->config.host_id);
    run = run_of(host, command_id);
    if (run == NULL)
        fail_msg("%s is to end a command that it never took", host->name);
    if (run->stage == STORY_HOST_ENDED || run->way == STORY_HOST_STUBBORN)
        return;
    if (run->stage == STORY_HOST_ACCEPTED)
        run->way = STORY_HOST_DECLINES;
    run->cancelled = run->stage == STORY_HOST_STARTED;
    run->ended_at = clock_now(host->clock);
    run->stage = STORY_HOST_ENDED;
}

static bool is_missed(struct story_host *host, const struct message *message)
{
    return host->misses != NULL &&
           strstr(message->payload,
                  arena_printf(&host->arena, "\"DocumentName\":\"%s\"", host->misses)) != NULL;
}

static bool poll(struct story_host *host)
{
    bool took = false;
    struct httpc_answer answer = {.status = 0};
    struct err err = ERR_INIT;
    struct message *messages;
    char id[NAMES_UUID_SIZE], body[256];
    size_t n = 0;

    names_uuid_new(id);
    snprintf(body, sizeof(body),
             "{\"Destination\":\"%s\",\"MessagesRequestId\":\"%s\","
             "\"VisibilityTimeoutInSeconds\":10}",
             host->config.host_id, id);
    if (say(host, SESSION_GET_MESSAGES, body, &answer) < 0)
        return false;
    assert_int_equal(message_answer_parse(&host->arena, answer.body, answer.body_len, &messages, &n,
                                          &err),
                     0);
    for (size_t i = 0; i < n; i++) {
        if (is_missed(host, &messages[i])) {
            host->n_missed++;
            continue;
        }
        took = true;
        if (str_starts(messages[i].topic, MESSAGE_TOPIC_CANCEL))
            end_run(host, &messages[i]);
        else
            take(host, &messages[i]);
        (void)say(host, SESSION_ACKNOWLEDGE,
                  arena_printf(&host->arena, "{\"MessageId\":\"%s\"}", messages[i].id), NULL);
    }
    httpc_answer_deinit(&answer);
    return took;
}

/* What is true here: also a sign of life that is written before it is answered. */
static void observe(struct story_host *host)
{
    struct message_observe o = {.journal_id = host->journal_id,
                                .boot_id = host->boot_id,
                                .record_number = host->record_number,
                                .protocol = ENVELOPE_PROTOCOL,
                                .agent_version = SLIPWAY_VERSION};
    struct err err = ERR_INIT;
    const char *body;

    o.open = arena_array(&host->arena, host->n_runs, sizeof(*o.open));
    for (size_t i = 0; i < host->n_runs && o.n_open < MESSAGE_OBSERVE_OPEN_MAX; i++)
        if (host->runs[i].told <= STORY_HOST_ENDED)
            o.open[o.n_open++] =
                (struct message_observe_command){.command_id = host->runs[i].command_id,
                                                 .state = MESSAGE_REPLY_ACCEPTED};
    o.floors = floors_of(host, "", &o.n_floors);
    assert_int_equal(message_observe_make(&host->arena, &o, &body, &err), 0);
    if (say(host, SESSION_OBSERVE, body, NULL) == 0)
        host->observed_at = clock_now(host->clock);
}

/* Nothing happens before a run ends, but it wants to be heard of. */
static int64_t wait_of(const struct story_host *host, const struct story_host_run *run)
{
    int64_t left = run->ended_at - clock_now(host->clock);

    if (run->stage != STORY_HOST_STARTED || left < SOON_MS)
        return SOON_MS;
    return left < HEARD_EVERY_MS ? left : HEARD_EVERY_MS;
}

int64_t story_host_turn(struct story_host *host)
{
    int64_t wait = INT64_MAX;

    for (size_t i = 0; i < host->n_runs && !host->powerless; i++) {
        struct story_host_run *run = &host->runs[i];
        bool was_open = run->stage != STORY_HOST_ENDED;
        if (was_open)
            go_on(host, run);
        if (tell_all(host, run))
            wait = SOON_MS;
        else if (was_open && !host->silent && wait_of(host, run) < wait)
            wait = wait_of(host, run);
    }
    if (!host->silent && poll(host))
        wait = SOON_MS;
    if (!host->silent && clock_now(host->clock) - host->observed_at >= OBSERVE_EVERY_MS)
        observe(host);
    return wait == INT64_MAX ? 0 : wait;
}

bool story_host_rests(struct story_host *host)
{
    if (host->silent)
        return true;
    for (size_t i = 0; i < host->n_runs; i++)
        if (host->runs[i].told <= STORY_HOST_ENDED)
            return false;
    if (host->misses != NULL || clock_now(host->clock) < host->mute_until)
        return false;
    observe(host);
    return host->observed_at == clock_now(host->clock);
}

size_t story_host_starts(const struct story_host *host, const char *job, int64_t release)
{
    size_t n = 0;

    for (size_t i = 0; i < host->n_runs; i++)
        if (strcmp(host->runs[i].job, job) == 0 && host->runs[i].release == release)
            n += (size_t)host->runs[i].starts;
    return n;
}

/* What a story does to it ------------------------------------------------------------------------ */

void story_host_script(struct story_host *host, const char *job, enum story_host_way way,
                       int64_t takes_ms)
{
    struct story_host_script *script = NULL;

    for (size_t i = 0; i < host->n_scripts; i++)
        if (strcmp(host->scripts[i].job, job) == 0)
            script = &host->scripts[i];
    if (script == NULL) {
        assert_true(host->n_scripts < STORY_HOST_SCRIPTS_MAX);
        script = &host->scripts[host->n_scripts++];
    }
    *script = (struct story_host_script){job, way, takes_ms == 0 ? TAKES_MS : takes_ms};
}

void story_host_falls_silent(struct story_host *host)
{
    host->silent = true;
}

void story_host_comes_back(struct story_host *host)
{
    if (host->powerless)
        names_uuid_new(host->boot_id);
    host->powerless = host->silent = false;
}

void story_host_restore(struct story_host *host)
{
    struct story_host_run *run = &host->runs[host->n_runs - 1];

    assert_true(host->n_runs > 0 && run->stage == STORY_HOST_STARTED);
    run->stage = STORY_HOST_ACCEPTED;
    run->told = STORY_HOST_STARTED;
    run->nonce[0] = '\0';
    host->record_number -= 2;
    names_uuid_new(host->boot_id);
}

/* Life ------------------------------------------------------------------------------------------- */

/* One key for all hosts of a program: making them is slow, and which key it is matters to no story. */
static const char *key_pem(size_t *ret_len)
{
    static char *pem;
    static size_t len;

    if (pem == NULL) {
        struct sign_rsa *rsa = sign_rsa_new(2048);
        pem = sign_rsa_to_pem(rsa, &len);
        sign_rsa_free(rsa);
    }
    *ret_len = len;
    return pem;
}

void story_host_finds(struct story_host *host, const char *url)
{
    session_free(host->session);
    host->config.url = arena_str(&host->arena, url);
    host->session = session_new(&host->config, host->rsa, host->state, host->clock, &host->stop);
}

void story_host_up(struct story_host *host, const char *name, const char *folder,
                   struct clock *clock, const struct story_host_activation *activation)
{
    struct register_options options = {.url = activation->url,
                                       .activation_id = activation->id,
                                       .code = activation->code,
                                       .key = activation->key,
                                       .store_id = activation->store};
    struct err err = ERR_INIT;
    const char *id, *pem;
    size_t len;

    *host = (struct story_host){.name = name, .clock = clock};
    arena_init(&host->arena);
    host->httpc = httpc_new();
    atomic_init(&host->stop, false);
    host->state = options.state = arena_printf(&host->arena, "%s/%s", folder, name);
    names_uuid_new(host->journal_id);
    names_uuid_new(host->boot_id);
    pem = key_pem(&len);
    if (file_mkdirs(host->state, 0700, &err) < 0 ||
        file_write_atomic(arena_printf(&host->arena, "%s/%s", host->state, AGENT_CONFIG_KEY_FILE),
                          pem, len, 0600, &err) < 0 ||
        register_host(&host->arena, &options, &id, &err) < 0 ||
        agent_config_read(&host->arena, host->state, &host->config, &err) < 0 ||
        sign_rsa_from_pem(pem, len, &host->rsa, &err) < 0)
        fail_msg("%s cannot register: %s", name, err.text);
    story_host_finds(host, activation->url);
}

void story_host_down(struct story_host *host)
{
    session_free(host->session);
    httpc_free(host->httpc);
    sign_rsa_free(host->rsa);
    arena_deinit(&host->arena);
}
