/* aws_outcome: see aws_outcome.h. */
#include "lib/ssm/aws_outcome.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/output_cut.h"
#include "lib/ssm/result_lines.h"
#include "lib/ssm/status.h"

#define KILLED 137 /* what Amazon's agent reports of a group that it ended */
#define REASON_MAX 1000
#define TOLD_MAX 16384 /* bytes of results=, decoded */

/* What of Amazon's limits (output_cut.h) is whose: job.sh and slipway-once keep to it. */
#define BLOCK_HEAD 1600    /* markers, names, reason */
#define BLOCK_STEP 200     /* two lines of a step, and the mark above what it printed */
#define BLOCK_RESULTS 6500 /* job.sh: slipway_room and slipway_room_ruled in base64 */
#define ROOM_MIN 1000

int aws_outcome_room(size_t n_steps, bool error_stream)
{
    int64_t room =
        error_stream ? OUTPUT_CUT_ERR - 500 - (int64_t)n_steps * 70
                     : OUTPUT_CUT_OUT - BLOCK_HEAD - BLOCK_RESULTS - (int64_t)n_steps * BLOCK_STEP;

    return room < ROOM_MIN ? ROOM_MIN : (int)room;
}

/* Writing -------------------------------------------------------------------------------------- */

void aws_outcome_mark(struct buf *out, const char *command_id, size_t number)
{
    if (number > 0)
        buf_addf(out, "\n----- slipway %s step %zu -----\n", command_id, number);
    else
        buf_addf(out, "\n----- slipway %s end -----\n", command_id);
}

/* Those that the rules read always fit: result_lines.c keeps few of them, and none of their values is long. */
static void write_results(struct buf *out, const struct message_reply *r)
{
    size_t left = BLOCK_RESULTS / 2;

    for (size_t i = 0; i < r->n_results; i++) {
        const char *key = r->results[i].key, *value = r->results[i].value;
        size_t len = strlen(key) + strlen(value) + 9;

        if (message_reply_is_ruled(key)) {
            buf_addf(out, "result.%s=%.200s\n", key, value);
        } else if (len <= left) {
            buf_addf(out, "result.%s=%s\n", key, value);
            left -= len;
        }
    }
}

void aws_outcome_write(struct buf *out, const char *command_id, const struct message_reply *r)
{
    buf_addf(out, AWS_OUTCOME_BEGIN "\ncommand=%s\n", command_id);
    if (r->journal_id != NULL)
        buf_addf(out, "journal=%s %s %lld\n", r->journal_id, r->boot_id,
                 (long long)r->record_number);
    if (r->nonce != NULL)
        buf_addf(out, "nonce=%s\n", r->nonce);
    if (r->floor > 0)
        buf_addf(out, "floor=%lld\n", (long long)r->floor);
    for (size_t i = 0; i < r->n_steps && r->state == MESSAGE_REPLY_FINISHED; i++)
        buf_addf(out, "step.%zu=%s %lld %lld %lld\n", i + 1, step_statuses[r->steps[i].status].text,
                 (long long)r->steps[i].exit_code, (long long)r->steps[i].started_at,
                 (long long)r->steps[i].ended_at);
    buf_addf(out, "state=%s\n", message_reply_state_text(r->state));
    if (r->reason != NULL && *r->reason != '\0')
        buf_addf(out, "reason=%.*s\n", REASON_MAX, r->reason);
    if (r->state == MESSAGE_REPLY_FINISHED) {
        buf_addf(out, "status=%s\n", invocation_statuses[r->status].text);
        write_results(out, r);
    }
    buf_adds(out, AWS_OUTCOME_END "\n");
}

/* Reading -------------------------------------------------------------------------------------- */

struct block {
    struct arena *arena;
    const struct aws_outcome_facts *facts;
    struct message_reply reply;
    struct result_lines results;
    bool is_ours;    /* its command is */
    bool is_whole;   /* its last line is there */
    const char *end; /* what comes behind it */
};

/* A line without its end, and where the next one begins. */
static bool next_line(const char **at, struct span *ret_line)
{
    const char *end = strchr(*at, '\n');

    if (**at == '\0')
        return false;
    ret_line->p = *at;
    ret_line->n = end != NULL ? (size_t)(end - *at) : strlen(*at);
    *at = end != NULL ? end + 1 : *at + ret_line->n;
    return true;
}

static bool is(struct span line, const char *text)
{
    return line.n == strlen(text) && memcmp(line.p, text, line.n) == 0;
}

/* The value behind `key`, a prefix with its equals sign or dot. */
static bool has(struct span line, const char *key, struct span *ret_rest)
{
    size_t n = strlen(key);

    if (line.n < n || memcmp(line.p, key, n) != 0)
        return false;
    *ret_rest = (struct span){line.p + n, line.n - n};
    return true;
}

static bool number_of(const char *word, int64_t max, int64_t *ret)
{
    int64_t value;

    if (str_parse_int64(word, &value) < 0 || value < -1 || value > max)
        return false;
    *ret = value;
    return true;
}

#define WORDS_MAX 5

/* Words between single blanks, in the arena. */
static size_t split(struct arena *arena, struct span text, const char *words[WORDS_MAX])
{
    char *copy = arena_strn(arena, text.p, text.n);
    size_t n = 0;

    while (n < WORDS_MAX) {
        char *blank = strchr(copy, ' ');

        words[n++] = copy;
        if (blank == NULL)
            break;
        *blank = '\0';
        copy = blank + 1;
    }
    return n;
}

/* NUMBER=STATUS CODE FROM UNTIL */
static void take_step(struct block *b, struct span rest)
{
    const char *words[WORDS_MAX], *equals;
    struct message_reply_step step = {.exit_code = -1};
    int64_t number, code, from, until;

    if (rest.n > 200 || split(b->arena, rest, words) != 4 ||
        (equals = strchr(words[0], '=')) == NULL ||
        !number_of(arena_strn(b->arena, words[0], (size_t)(equals - words[0])), DOCUMENT_STEPS_MAX,
                   &number) ||
        number < 1 || (size_t)number > b->reply.n_steps ||
        !status_of_step(equals + 1, &step.status) || !number_of(words[1], INT32_MAX, &code) ||
        !number_of(words[2], INT64_C(1) << 52, &from) ||
        !number_of(words[3], INT64_C(1) << 52, &until))
        return;
    step.name = b->reply.steps[number - 1].name;
    step.exit_code = code;
    step.started_at = from < 0 ? 0 : from;
    step.ended_at = until < 0 ? 0 : until;
    b->reply.steps[number - 1] = step;
}

static void take_results(struct block *b, struct span rest)
{
    unsigned char *raw;
    int n;

    if (rest.n > DIGEST_BASE64_SIZE(TOLD_MAX))
        return;
    raw = arena_alloc(b->arena, rest.n + 1);
    n = digest_unbase64(rest.p, rest.n, raw, rest.n);
    if (n > 0)
        result_lines_add(b->arena, &b->results, (const char *)raw, (size_t)n);
}

static void take_journal(struct block *b, struct span rest)
{
    const char *words[WORDS_MAX];
    int64_t number;

    if (rest.n > 200 || split(b->arena, rest, words) != 3 || !names_is_uuid(words[0]) ||
        !names_is_uuid(words[1]) || !number_of(words[2], INT64_C(1) << 52, &number) || number < 0)
        return;
    b->reply.journal_id = words[0];
    b->reply.boot_id = words[1];
    b->reply.record_number = number;
}

/* Of a declined one: the permit that it had asked for, and what stood against its epoch (migrate.md 3, G5). */
static void take_ground(struct block *b, struct span nonce, struct span floor)
{
    const char *text = arena_strn(b->arena, nonce.n > 0 ? nonce.p : floor.p, nonce.n + floor.n);

    if (nonce.n > 0 && names_is_uuid(text))
        b->reply.nonce = text;
    else if (floor.n > 0 && number_of(text, INT64_C(1) << 52, &b->reply.floor) &&
             b->reply.floor < 0)
        b->reply.floor = 0;
}

static void take_state(struct block *b, struct span rest)
{
    for (int i = MESSAGE_REPLY_STARTED; i < MESSAGE_REPLY_STATES_COUNT; i++)
        if (is(rest, message_reply_state_text((enum message_reply_state)i)))
            b->reply.state = (enum message_reply_state)i;
}

static void take_status(struct block *b, struct span rest)
{
    enum invocation_status status;

    if (rest.n < 40 && status_of_document(arena_strn(b->arena, rest.p, rest.n), &status))
        b->reply.status = status;
}

static void take_line(struct block *b, struct span line)
{
    struct span rest;

    if (has(line, "step.", &rest))
        take_step(b, rest);
    else if (has(line, "results=", &rest))
        take_results(b, rest);
    else if (has(line, "result.", &rest))
        result_lines_add(b->arena, &b->results, rest.p, rest.n);
    else if (has(line, "journal=", &rest))
        take_journal(b, rest);
    else if (line.n < 100 && has(line, "nonce=", &rest))
        take_ground(b, rest, (struct span){NULL, 0});
    else if (line.n < 100 && has(line, "floor=", &rest))
        take_ground(b, (struct span){NULL, 0}, rest);
    else if (has(line, "state=", &rest))
        take_state(b, rest);
    else if (has(line, "status=", &rest))
        take_status(b, rest);
    else if (has(line, "reason=", &rest))
        b->reply.reason = str_clean(b->arena, rest.p, rest.n, REASON_MAX);
}

/* Only at the very beginning: nothing that a step printed can stand there. */
static void read_block(struct block *b, const char *text)
{
    struct span line, rest;

    b->end = text;
    if (!next_line(&text, &line) || !is(line, AWS_OUTCOME_BEGIN) || !next_line(&text, &line) ||
        !has(line, "command=", &rest) || !is(rest, b->facts->command_id))
        return;
    b->is_ours = true;
    while (!b->is_whole && next_line(&text, &line)) {
        b->is_whole = is(line, AWS_OUTCOME_END);
        if (!b->is_whole)
            take_line(b, line);
    }
    b->end = text;
    b->reply.results = b->results.lines;
    b->reply.n_results = b->results.n;
}

static void begin(struct block *b, struct arena *arena, const struct aws_outcome_facts *facts)
{
    *b = (struct block){.arena = arena, .facts = facts, .end = ""};
    b->reply = (struct message_reply){.status = INVOCATION_IN_PROGRESS,
                                      .trace = "",
                                      .reason = "",
                                      .state = MESSAGE_REPLY_OTHER,
                                      .n_steps = facts->document->n_steps};
    b->reply.steps = arena_array(arena, b->reply.n_steps, sizeof(*b->reply.steps));
    for (size_t i = 0; i < b->reply.n_steps; i++)
        b->reply.steps[i] = (struct message_reply_step){.name = facts->document->steps[i].name,
                                                        .status = STEP_PENDING,
                                                        .exit_code = -1};
}

/* What the steps printed on one stream. Whoever prints such a line himself deceives nobody but his own reader. */
static void read_stream(struct block *b, const char *text, bool error_stream)
{
    for (size_t i = 0; i < b->reply.n_steps; i++) {
        char mark[100], other[100];
        const char *at, *end;

        snprintf(mark, sizeof(mark), "\n----- slipway %s step %zu -----\n", b->facts->command_id,
                 i + 1);
        snprintf(other, sizeof(other), "\n----- slipway %s ", b->facts->command_id);
        at = strstr(text, mark);
        if (at == NULL)
            continue;
        at += strlen(mark);
        end = strstr(at - 1, other);
        if (end != NULL && end < at)
            end = at;
        text = at - 1;
        at = output_cut(b->arena, at, end != NULL ? (size_t)(end - at) : strlen(at),
                        error_stream ? OUTPUT_CUT_ERR : OUTPUT_CUT_OUT);
        *(error_stream ? &b->reply.steps[i].error_output : &b->reply.steps[i].output) = at;
    }
}

/* Judging -------------------------------------------------------------------------------------- */

/* Nothing of it ran, says AWS: it never came there. */
static bool never_arrived(const char *details)
{
    static const char *const words[] = {"DeliveryTimedOut", "Undeliverable", "Terminated",
                                        "InvalidPlatform", "AccessDenied"};

    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (str_eq(details, words[i]))
            return true;
    return false;
}

/* AWS' own end of a script. */
static bool ended_by(const char *details, enum invocation_status *ret_status)
{
    static const struct {
        const char *details;
        enum invocation_status status;
    } ends[] = {
        {"Success", INVOCATION_SUCCESS},
        {"Failed", INVOCATION_FAILED},
        {"ExecutionTimedOut", INVOCATION_TIMED_OUT},
        {"TimedOut", INVOCATION_TIMED_OUT},
        {"Cancelled", INVOCATION_CANCELLED},
    };

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        if (!str_eq(details, ends[i].details))
            continue;
        *ret_status = ends[i].status;
        return true;
    }
    return false;
}

/* The script was ended before it told its end; the step that ran then ended with it. */
static void end_here(struct block *b, enum invocation_status status)
{
    struct message_reply *r = &b->reply;

    r->state = MESSAGE_REPLY_FINISHED;
    r->status = status;
    for (size_t i = 0; i < r->n_steps; i++) {
        struct message_reply_step *s = &r->steps[i];

        if (s->status != STEP_IN_PROGRESS)
            continue;
        s->status = status == INVOCATION_TIMED_OUT   ? STEP_TIMED_OUT
                    : status == INVOCATION_CANCELLED ? STEP_CANCELLED
                                                     : STEP_FAILED;
        s->exit_code = status == INVOCATION_FAILED ? -1 : KILLED;
        r->reason = arena_printf(b->arena, "step %s: its script was ended from outside (%s)",
                                 s->name, b->facts->details);
    }
}

/* The first line that its script left on its standard error, for where nothing else tells why. */
static const char *first_error(struct block *b)
{
    const char *text = b->facts->error_output != NULL ? b->facts->error_output : "";
    size_t n;

    text += strspn(text, "\n");
    n = strcspn(text, "\n");
    return n > 0
               ? str_clean(b->arena, text, n, REASON_MAX)
               : arena_printf(b->arena, "AWS says %s, and the script told nothing (exit code %lld)",
                              b->facts->details, (long long)b->facts->response_code);
}

static enum aws_outcome_word unknown(struct block *b, const char *why)
{
    b->reply.state = MESSAGE_REPLY_UNKNOWN;
    b->reply.status = INVOCATION_IN_PROGRESS;
    b->reply.reason = why;
    return b->facts->is_order ? AWS_OUTCOME_ASK : AWS_OUTCOME_TOLD;
}

/* Of a job: the script is all that there is, and its end is the job's. */
static enum aws_outcome_word judge_job(struct block *b, enum invocation_status status)
{
    if (status == INVOCATION_SUCCESS)
        return unknown(b, "AWS says Success, and what the script told of its steps is not there");
    if (!b->is_ours)
        b->reply.reason = first_error(b);
    end_here(b, status);
    return AWS_OUTCOME_TOLD;
}

/* Is what stands in the block an end that is proven? Of slipway-once it is its journal's. */
static bool is_proof(const struct block *b)
{
    const struct message_reply *r = &b->reply;

    return b->is_whole && r->state != MESSAGE_REPLY_OTHER &&
           (r->state != MESSAGE_REPLY_FINISHED || invocation_has_ended(r->status)) &&
           (b->facts->is_order ? r->journal_id != NULL : r->state != MESSAGE_REPLY_DECLINED);
}

enum aws_outcome_word aws_outcome_read(struct arena *arena, const struct aws_outcome_facts *facts,
                                       struct message_reply *ret_reply)
{
    const char *text = facts->output != NULL ? facts->output : "";
    enum aws_outcome_word word = AWS_OUTCOME_TOLD;
    enum invocation_status status;
    struct block b;

    begin(&b, arena, facts);
    if (str_eq(facts->details, "InProgress") || str_eq(facts->details, "Cancelling")) {
        /* That slipway-once was begun says nothing of what it is to run. */
        if (facts->is_order)
            b.reply.state = MESSAGE_REPLY_ACCEPTED;
        *ret_reply = b.reply;
        return AWS_OUTCOME_TOLD;
    }
    if (never_arrived(facts->details)) {
        const char *why = arena_printf(arena, "AWS could not deliver it (%s)", facts->details);

        b.reply.state = MESSAGE_REPLY_DECLINED;
        b.reply.reason = why;
        if (facts->is_order)
            word = unknown(&b, why);
        *ret_reply = b.reply;
        return word;
    }
    if (!ended_by(facts->details, &status))
        return AWS_OUTCOME_NOTHING;
    read_block(&b, text);
    if (b.is_ours) {
        read_stream(&b, b.end, false);
        read_stream(&b, facts->error_output != NULL ? facts->error_output : "", true);
    }
    if (b.reply.state != MESSAGE_REPLY_FINISHED && is_proof(&b))
        b.reply.status = INVOCATION_IN_PROGRESS;
    if (!is_proof(&b))
        word = facts->is_order ? unknown(&b, first_error(&b)) : judge_job(&b, status);
    *ret_reply = b.reply;
    return word;
}
