#include "lib/ssm/message.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/document.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/status.h"

#define COMMAND_MAX (2 * DOCUMENT_MAX + ENVELOPE_MAX + 65536)

static const char *const state_words[] = {"",         "accepted", "started",
                                          "finished", "declined", "unknown"};

const char *message_id(struct arena *arena, const char *command_id, const char *host_id)
{
    return arena_printf(arena, "aws.ssm.%s.%s", command_id, host_id);
}

void message_id_command(const char *id, char out[37])
{
    const char *last = strrchr(id, '.');
    const char *p = last;

    out[0] = '\0';
    while (p != NULL && p > id && p[-1] != '.')
        p--;
    if (last != NULL && last - p == 36)
        snprintf(out, 37, "%.36s", p);
    if (!names_is_uuid(out))
        out[0] = '\0';
}

const char *message_command_text(struct arena *arena, const struct message_command *c)
{
    struct json_out o;
    struct buf buf;
    const char *text;

    buf_init(&buf, COMMAND_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_begin_object(&o, "Parameters");
    json_end_object(&o);
    json_add_raw(&o, "DocumentContent", c->document);
    json_add_str(&o, "CommandId", c->command_id);
    json_add_str(&o, "DocumentName", c->document_name);
    json_add_str(&o, "OutputS3KeyPrefix", "");
    json_add_str(&o, "OutputS3BucketName", "");
    json_add_str(&o, "CloudWatchLogGroupName", "");
    json_add_str(&o, "CloudWatchOutputEnabled", "false");
    if (c->envelope != NULL) {
        json_begin_object(&o, "Slipway");
        json_add_int(&o, "Protocol", ENVELOPE_PROTOCOL);
        json_add_str(&o, "Envelope", c->envelope);
        json_add_str(&o, "Signature", c->signature);
        json_add_str(&o, "Document", c->document);
        json_end_object(&o);
    }
    json_end_object(&o);
    text = buf.overflow ? NULL : arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

int message_command_read(struct arena *arena, const char *text, size_t len,
                         struct message_command *ret_command, struct err *err)
{
    struct cJSON *json = NULL;
    const struct cJSON *ours;
    struct message_command c;
    int rc;

    if (len > COMMAND_MAX)
        return err_set(err, ERR_INVALID, "the command is too large");
    if ((rc = json_parse(text, len, NULL, &json, err)) < 0)
        return rc;
    ours = json_object(json, "Slipway");
    c = (struct message_command){.command_id = arena_str(arena, json_str(json, "CommandId")),
                                 .document_name = arena_str(arena, json_str(json, "DocumentName")),
                                 .envelope = arena_str(arena, json_str(ours, "Envelope")),
                                 .signature = arena_str(arena, json_str(ours, "Signature")),
                                 .document = arena_str(arena, json_str(ours, "Document"))};
    json_free(json);
    if (!names_is_uuid(c.command_id) || c.envelope == NULL || c.signature == NULL ||
        c.document == NULL)
        return err_set(err, ERR_INVALID,
                       "not a command that this agent runs: its envelope is missing");
    *ret_command = c;
    return 0;
}

static void add_steps(struct json_out *o, const struct message_reply *r)
{
    json_begin_object(o, "runtimeStatus");
    for (size_t i = 0; i < r->n_steps; i++) {
        const struct message_step *s = &r->steps[i];
        json_begin_object(o, s->name);
        json_add_str(o, "status", step_statuses[s->status].text);
        json_add_int(o, "code", s->code);
        json_add_str(o, "name", "aws:runShellScript");
        json_add_int(o, "number", s->number);
        json_add_str(o, "output", "");
        json_add_time(o, "startDateTime", s->started_at);
        json_add_time(o, "endDateTime", s->ended_at);
        json_add_str(o, "standardOutput", "");
        json_add_str(o, "standardError", "");
        json_end_object(o);
    }
    json_end_object(o);
}

const char *message_reply_text(struct arena *arena, const struct message_reply *r)
{
    struct json_out o;
    struct buf buf;
    const char *text;

    buf_init(&buf, MESSAGE_REPLY_MAX);
    json_out_init(&o, &buf);
    json_begin_object(&o, NULL);
    json_begin_object(&o, "additionalInfo");
    json_begin_object(&o, "agent");
    json_add_str(&o, "lang", "en-US");
    json_add_str(&o, "name", "slipway-agent");
    json_add_str(&o, "os", "linux");
    json_add_str(&o, "ver", SLIPWAY_VERSION);
    json_end_object(&o);
    json_end_object(&o);
    json_add_str(&o, "documentStatus", r->document_status);
    json_add_str(&o, "documentTraceOutput", r->trace == NULL ? "" : r->trace);
    add_steps(&o, r);
    json_begin_object(&o, "Slipway");
    json_add_str(&o, "State", state_words[r->state]);
    json_add_str(&o, "Reason", r->reason == NULL ? "" : r->reason);
    json_add_int(&o, "RecordNumber", r->record_number);
    json_add_str(&o, "JournalId", r->journal_id);
    json_add_str(&o, "BootId", r->boot_id);
    json_begin_array(&o, "Results");
    for (size_t i = 0; i < r->n_results; i++) {
        json_begin_array(&o, NULL);
        json_add_str(&o, NULL, r->results[i].key);
        json_add_str(&o, NULL, r->results[i].value);
        json_end_array(&o);
    }
    json_end_array(&o);
    json_end_object(&o);
    json_end_object(&o);
    text = buf.overflow ? NULL : arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

static time_ms time_of(const struct cJSON *object, const char *key)
{
    const char *text = json_str(object, key);
    time_ms t = 0;

    return text != NULL && timestamp_parse_rfc3339(text, &t) == 0 ? t : 0;
}

static void take_steps(struct arena *arena, const struct cJSON *json, struct message_reply *r)
{
    size_t n = json_count(json);

    if (n > DOCUMENT_STEPS_MAX)
        n = DOCUMENT_STEPS_MAX;
    r->steps = arena_array(arena, n, sizeof(*r->steps));
    for (const struct cJSON *s = json_first(json); s != NULL && r->n_steps < n; s = json_next(s)) {
        struct message_step *step = &r->steps[r->n_steps];
        int64_t number = (int64_t)r->n_steps;
        step->code = -1;
        if (!names_is_word(json_key(s)))
            continue;
        step->name = arena_str(arena, json_key(s));
        json_int(s, "code", &step->code);
        json_int(s, "number", &number);
        step->number = number >= 0 && number < DOCUMENT_STEPS_MAX ? (int)number : (int)r->n_steps;
        step->status = status_of_step(json_str(s, "status"));
        step->started_at = time_of(s, "startDateTime");
        step->ended_at = time_of(s, "endDateTime");
        r->n_steps++;
    }
}

static void take_results(struct arena *arena, const struct cJSON *json, struct message_reply *r)
{
    r->results = arena_array(arena, MESSAGE_RESULTS_MAX, sizeof(*r->results));
    for (const struct cJSON *p = json_first(json); p != NULL && r->n_results < MESSAGE_RESULTS_MAX;
         p = json_next(p)) {
        const char *key = json_string_value(json_first(p));
        const char *value = json_string_value(json_next(json_first(p)));
        if (key == NULL || value == NULL || !names_is_word(key))
            continue;
        r->results[r->n_results++] =
            (struct result_line){arena_str(arena, key),
                                 str_clean(arena, value, strlen(value), 1024)};
    }
}

static const char *clean(struct arena *arena, const char *text, size_t max)
{
    return text == NULL ? "" : str_clean(arena, text, strlen(text), max);
}

int message_reply_read(struct arena *arena, const char *text, size_t len,
                       struct message_reply *ret_reply, struct err *err)
{
    struct message_reply r = {.state = MESSAGE_NONE};
    struct cJSON *json = NULL;
    const struct cJSON *ours;
    const char *status, *word;
    int rc;

    if (len > MESSAGE_REPLY_MAX)
        return err_set(err, ERR_INVALID, "the reply is over %d bytes", MESSAGE_REPLY_MAX);
    if ((rc = json_parse(text, len, NULL, &json, err)) < 0)
        return rc;
    status = json_str(json, "documentStatus");
    if (status == NULL) {
        json_free(json);
        return err_set(err, ERR_INVALID, "documentStatus is missing");
    }
    r.document_status = clean(arena, status, 32);
    r.trace = clean(arena, json_str(json, "documentTraceOutput"), 2000);
    take_steps(arena, json_object(json, "runtimeStatus"), &r);
    ours = json_object(json, "Slipway");
    word = json_str(ours, "State");
    for (int i = 1; i <= MESSAGE_UNKNOWN; i++)
        if (str_eq(word, state_words[i]))
            r.state = (enum message_state)i;
    r.reason = clean(arena, json_str(ours, "Reason"), 500);
    json_int(ours, "RecordNumber", &r.record_number);
    r.journal_id = clean(arena, json_str(ours, "JournalId"), 36);
    r.boot_id = clean(arena, json_str(ours, "BootId"), 36);
    take_results(arena, json_array(ours, "Results"), &r);
    json_free(json);
    *ret_reply = r;
    return 0;
}
