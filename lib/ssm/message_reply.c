/* message_reply: see message_reply.h. */
#include "lib/ssm/message_reply.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/redact.h"
#include "lib/base/str.h"
#include "lib/ssm/status.h"

#define TEXT_MAX 1000 /* bytes of a reason or trace */
#define STEP_NAME_MAX 128
#define HIDE_DEPTH 16
#define RECORD_MAX (INT64_C(1) << 52)

#define STATE_TEXT(symbol, text) text,
static const char *const state_texts[MESSAGE_REPLY_STATES_COUNT] = {
    MESSAGE_REPLY_STATES(STATE_TEXT)};

const char *message_reply_state_text(enum message_reply_state state)
{
    return state_texts[state];
}

/* Making -------------------------------------------------------------------------------------- */

/* The agent's word: what never began has none of its own in our states. */
static const char *word_of(const struct message_reply_step *s)
{
    if (s->status == STEP_PENDING)
        return "NotStarted";
    if (s->status == STEP_SUCCESS && s->exit_code < 0 && s->started_at == 0)
        return "Skipped";
    return step_statuses[s->status].text;
}

static void add_time(struct json_out *out, const char *key, time_ms t)
{
    char text[TIMESTAMP_SIZE] = "";

    if (t > 0)
        timestamp_format(t, text);
    json_add_str(out, key, text);
}

static void add_step(struct json_out *out, const struct message_reply_step *s)
{
    json_begin_object(out, s->name);
    json_add_str(out, "status", word_of(s));
    json_add_int(out, "code", s->exit_code);
    json_add_str(out, "name", "aws:runShellScript");
    json_add_str(out, "output", "");
    add_time(out, "startDateTime", s->started_at);
    add_time(out, "endDateTime", s->ended_at);
    json_add_str(out, "outputS3BucketName", "");
    json_add_str(out, "outputS3KeyPrefix", "");
    json_add_str(out, "stepName", s->name);
    json_add_str(out, "standardOutput", s->output != NULL ? s->output : "");
    json_add_str(out, "standardError", s->error_output != NULL ? s->error_output : "");
    json_end_object(out);
}

/* How many steps there are of each word. */
static void add_counts(struct json_out *out, const struct message_reply *r)
{
    json_begin_object(out, "runtimeStatusCounts");
    for (size_t i = 0; i < r->n_steps; i++) {
        const char *word = word_of(&r->steps[i]);
        int64_t n = 0;
        bool first = true;

        for (size_t k = 0; k < r->n_steps; k++) {
            if (strcmp(word_of(&r->steps[k]), word) != 0)
                continue;
            first = first && k >= i;
            n++;
        }
        if (first)
            json_add_int(out, word, n);
    }
    json_end_object(out);
}

static void add_ours(struct json_out *out, const struct message_reply *r)
{
    json_begin_object(out, "Slipway");
    json_add_str(out, "State", state_texts[r->state]);
    json_add_str(out, "Reason", r->reason != NULL ? r->reason : "");
    json_add_int(out, "RecordNumber", r->record_number);
    if (r->journal_id != NULL) {
        json_add_str(out, "JournalId", r->journal_id);
        json_add_str(out, "BootId", r->boot_id);
    }
    if (r->nonce != NULL)
        json_add_str(out, "Nonce", r->nonce);
    if (r->floor > 0)
        json_add_int(out, "Floor", r->floor);
    json_begin_array(out, "Results");
    for (size_t i = 0; i < r->n_results && i < MESSAGE_REPLY_RESULTS_MAX; i++) {
        json_begin_array(out, NULL);
        json_add_str(out, NULL, r->results[i].key);
        json_add_strn(out, NULL, r->results[i].value,
                      strnlen(r->results[i].value, MESSAGE_REPLY_RESULT_MAX));
        json_end_array(out);
    }
    json_end_array(out);
    json_end_object(out);
}

int message_reply_make(struct arena *arena, const struct message_reply *r, const char *agent,
                       const char *agent_version, time_ms now, const char **ret_payload,
                       struct err *err)
{
    struct json_out out;
    struct buf buf;
    int rc = 0;

    buf_init(&buf, MESSAGE_REPLY_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_begin_object(&out, "additionalInfo");
    json_begin_object(&out, "agent");
    json_add_str(&out, "lang", "en-US");
    json_add_str(&out, "name", agent);
    json_add_str(&out, "os", "linux");
    json_add_str(&out, "osver", "1");
    json_add_str(&out, "ver", agent_version);
    json_end_object(&out);
    add_time(&out, "dateTime", now);
    json_add_str(&out, "runId", "");
    add_counts(&out, r);
    json_end_object(&out);
    json_add_str(&out, "documentStatus", invocation_statuses[r->status].text);
    json_add_str(&out, "documentTraceOutput", r->trace != NULL ? r->trace : "");
    json_begin_object(&out, "runtimeStatus");
    for (size_t i = 0; i < r->n_steps; i++)
        add_step(&out, &r->steps[i]);
    json_end_object(&out);
    if (r->state != MESSAGE_REPLY_OTHER)
        add_ours(&out, r);
    json_end_object(&out);
    if (buf.overflow)
        rc = err_set(err, ERR_INVALID, "reply: over %d bytes", MESSAGE_REPLY_MAX);
    else
        *ret_payload = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return rc;
}

/* Reading ------------------------------------------------------------------------------------- */

char *message_reply_without_nul(struct arena *arena, const char *payload, size_t len)
{
    char *copy = arena_strn(arena, payload, len);

    for (size_t i = 0; i + 1 < len; i++) {
        if (copy[i] != '\\')
            continue;
        if (len - i >= 6 && memcmp(copy + i, "\\u0000", 6) == 0)
            memcpy(copy + i, "\\ufffd", 6);
        i++; /* what the backslash escapes is no backslash of its own */
    }
    return copy;
}

static const char *clean(struct arena *arena, const char *text, size_t max)
{
    return text == NULL ? "" : str_clean(arena, text, strlen(text), max);
}

/* 0 where it has not happened: absent, empty, or Go's year 1. */
static time_ms time_of(const struct cJSON *json, const char *key)
{
    time_ms t = 0;

    if (timestamp_parse_rfc3339(json_str(json, key), &t) < 0 || t < 0)
        return 0;
    return t;
}

static const char *text_or_null(struct arena *arena, const char *text)
{
    return text == NULL || *text == '\0' ? NULL : arena_str(arena, text);
}

/* A word that we do not know says nothing of the step, and must not cost the rest of the reply. */
static int take_step(struct arena *arena, const struct cJSON *json, struct message_reply_step *s,
                     bool *ret_says_something, struct err *err)
{
    const char *name = json_key(json);

    if (name == NULL || *name == '\0' || strlen(name) > STEP_NAME_MAX)
        return err_set(err, ERR_INVALID, "reply: a step's name is odd");
    *ret_says_something = status_of_step(json_str(json, "status"), &s->status);
    if (!*ret_says_something)
        return 0;
    s->name = clean(arena, name, STEP_NAME_MAX);
    s->exit_code = -1;
    if (s->status != STEP_PENDING && s->status != STEP_IN_PROGRESS)
        (void)json_int(json, "code", &s->exit_code);
    if (s->exit_code < -1 || s->exit_code > INT32_MAX)
        s->exit_code = -1;
    s->started_at = time_of(json, "startDateTime");
    s->ended_at = time_of(json, "endDateTime");
    s->output = text_or_null(arena, json_str(json, "standardOutput"));
    s->error_output = text_or_null(arena, json_str(json, "standardError"));
    /* What never ran has no streams, and says there why. Else it has both again. */
    if (s->output == NULL && s->error_output == NULL)
        s->output = text_or_null(arena, json_str(json, "output"));
    return 0;
}

static int take_steps(struct arena *arena, const struct cJSON *object, struct message_reply *r,
                      struct err *err)
{
    bool says_something = false;
    int rc = 0;

    if (json_count(object) > MESSAGE_REPLY_STEPS_MAX)
        return err_set(err, ERR_INVALID, "reply: over %d steps", MESSAGE_REPLY_STEPS_MAX);
    r->steps = arena_array(arena, json_count(object), sizeof(*r->steps));
    for (const struct cJSON *i = json_first(object); i != NULL && rc == 0; i = json_next(i)) {
        rc = take_step(arena, i, &r->steps[r->n_steps], &says_something, err);
        r->n_steps += rc == 0 && says_something;
    }
    return rc;
}

/* Lines beyond the limits are left out: the end of a command must not be lost over them. */
static int take_results(struct arena *arena, const struct cJSON *array, struct message_reply *r,
                        struct err *err)
{
    r->results = arena_array(arena, MESSAGE_REPLY_RESULTS_MAX, sizeof(*r->results));
    for (const struct cJSON *i = json_first(array); i != NULL; i = json_next(i)) {
        const struct cJSON *first = json_first(i);
        const char *key = json_string_value(first);
        const char *value = json_count(i) == 2 ? json_string_value(json_next(first)) : NULL;

        if (!json_is_array(i) || key == NULL || value == NULL)
            return err_set(err, ERR_INVALID, "reply: Results are pairs of texts");
        if (!names_is_word(key) || r->n_results == MESSAGE_REPLY_RESULTS_MAX)
            continue;
        r->results[r->n_results++] =
            (struct result_line){.key = arena_str(arena, key),
                                 .value = clean(arena, value, MESSAGE_REPLY_RESULT_MAX)};
    }
    return 0;
}

static int state_of(const char *text)
{
    for (int i = MESSAGE_REPLY_ACCEPTED; i < MESSAGE_REPLY_STATES_COUNT; i++) {
        if (str_eq(text, state_texts[i]))
            return i;
    }
    return -1;
}

static int take_ours(struct arena *arena, const struct cJSON *json, struct message_reply *r,
                     struct err *err)
{
    int state = state_of(json_str(json, "State"));

    if (state < 0)
        return err_set(err, ERR_INVALID, "reply: Slipway.State is none that we know");
    r->state = (enum message_reply_state)state;
    r->reason = clean(arena, json_str(json, "Reason"), TEXT_MAX);
    r->journal_id = arena_str(arena, json_str(json, "JournalId"));
    r->boot_id = arena_str(arena, json_str(json, "BootId"));
    if ((r->journal_id != NULL || r->boot_id != NULL) &&
        (!names_is_uuid(r->journal_id) || !names_is_uuid(r->boot_id)))
        return err_set(err, ERR_INVALID, "reply: JournalId or BootId is no UUID");
    if (!json_int(json, "RecordNumber", &r->record_number) || r->record_number < 0 ||
        r->record_number > RECORD_MAX)
        return err_set(err, ERR_INVALID, "reply: RecordNumber is odd");
    r->nonce = arena_str(arena, json_str(json, "Nonce"));
    if (r->nonce != NULL && !names_is_uuid(r->nonce))
        return err_set(err, ERR_INVALID, "reply: Nonce is no UUID");
    if (json_get(json, "Floor") != NULL &&
        (!json_int(json, "Floor", &r->floor) || r->floor < 1 || r->floor > RECORD_MAX))
        return err_set(err, ERR_INVALID, "reply: Floor is odd");
    if (r->state == MESSAGE_REPLY_FINISHED && !invocation_has_ended(r->status))
        return err_set(err, ERR_INVALID, "reply: finished, but documentStatus is %s",
                       invocation_statuses[r->status].text);
    return take_results(arena, json_array(json, "Results"), r, err);
}

static int take(struct arena *arena, const struct cJSON *json, struct message_reply *r,
                struct err *err)
{
    const struct cJSON *ours = json_object(json, "Slipway");
    const char *word = json_str(json, "documentStatus");
    int rc;

    if (!status_of_document(word, &r->status))
        return err_set(err, ERR_INVALID, "reply: documentStatus %.32s is none that we know",
                       word != NULL ? clean(arena, word, 32) : "(absent)");
    r->trace = clean(arena, json_str(json, "documentTraceOutput"), TEXT_MAX);
    r->reason = "";
    rc = take_steps(arena, json_object(json, "runtimeStatus"), r, err);
    return rc < 0 || ours == NULL ? rc : take_ours(arena, ours, r, err);
}

int message_reply_parse(struct arena *arena, const char *payload, size_t len,
                        struct message_reply *ret_reply, struct err *err)
{
    const struct json_limits limits = {.depth = 8, .nodes = 4000};
    struct message_reply reply = {.n_steps = 0};
    struct cJSON *json = NULL;
    int rc;

    if (len > MESSAGE_REPLY_MAX)
        return err_set(err, ERR_INVALID, "reply: %zu bytes, at most %d", len, MESSAGE_REPLY_MAX);
    rc = json_parse(message_reply_without_nul(arena, payload, len), len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "reply");
    rc = take(arena, json, &reply, err);
    json_free(json);
    if (rc == 0)
        *ret_reply = reply;
    return rc;
}

/* Hiding -------------------------------------------------------------------------------------- */

bool message_reply_is_ruled(const char *key)
{
    static const char *const ruled[] = {"commit", "process-commit", "migrate", "pending",
                                        "holders"};

    for (size_t i = 0; i < sizeof(ruled) / sizeof(ruled[0]); i++)
        if (str_eq(key, ruled[i]))
            return true;
    return false;
}

/* Texts that a script or an agent writes for people, under whatever they stand. */
static bool is_text(const char *key)
{
    static const char *const texts[] = {"output", "standardOutput", "standardError",
                                        "documentTraceOutput", "Reason"};

    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        if (str_eq(key, texts[i]))
            return true;
    return false;
}

struct hiding {
    struct arena *arena;
    const struct redact *redact;
    struct json_out out;
};

static void hide_text(struct hiding *h, const char *key, const char *text)
{
    char *copy = arena_str(h->arena, text);

    json_add_strn(&h->out, key, copy, redact_bytes(h->redact, copy, strlen(copy)));
}

/* A pair of Results. */
static bool is_told(const struct cJSON *item)
{
    const char *key = json_string_value(json_first(item));

    return json_is_array(item) && json_count(item) == 2 && key != NULL &&
           json_string_value(json_next(json_first(item))) != NULL && !message_reply_is_ruled(key);
}

static void copy_hidden(struct hiding *h, const char *key, const struct cJSON *item)
{
    bool is_object = json_is_object(item);

    if (is_told(item)) {
        json_begin_array(&h->out, key);
        json_add_str(&h->out, NULL, json_string_value(json_first(item)));
        hide_text(h, NULL, json_string_value(json_next(json_first(item))));
        json_end_array(&h->out);
    } else if (is_object || json_is_array(item)) {
        is_object ? json_begin_object(&h->out, key) : json_begin_array(&h->out, key);
        for (const struct cJSON *c = json_first(item); c != NULL; c = json_next(c))
            copy_hidden(h, is_object ? json_key(c) : NULL, c);
        is_object ? json_end_object(&h->out) : json_end_array(&h->out);
    } else if (is_text(key) && json_string_value(item) != NULL) {
        hide_text(h, key, json_string_value(item));
    } else {
        char *text = json_print(item);
        json_add_raw(&h->out, key, text);
        free(text);
    }
}

const char *message_reply_hide(struct arena *arena, const char *payload,
                               const struct redact *redact)
{
    const struct json_limits limits = {.depth = HIDE_DEPTH};
    struct hiding h = {.arena = arena, .redact = redact};
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    const char *hidden;
    struct buf buf;

    if (redact == NULL)
        return payload;
    if (json_parse(message_reply_without_nul(arena, payload, strlen(payload)), strlen(payload),
                   &limits, &json, &err) < 0) {
        char *copy = arena_str(arena, payload);
        copy[redact_bytes(redact, copy, strlen(copy))] = '\0';
        return copy;
    }
    buf_init(&buf, 2 * MESSAGE_REPLY_MAX);
    json_out_init(&h.out, &buf);
    copy_hidden(&h, NULL, json);
    json_free(json);
    /* It cannot grow so far; if it did, nothing of it would be there to be seen. */
    hidden = buf.overflow ? "" : arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return hidden;
}
