/* aws_script: see aws_script.h. */
#include "lib/ssm/aws_script.h"

#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/embed.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_outcome.h"
#include "lib/ssm/message.h"

/* generated/aws_files.c: deploy/ssm. */
extern const struct embedded_file aws_files[];
extern const size_t n_aws_files;

#define MARGIN_S 60 /* between the last limit of its own and AWS's */
#define BASE64_LINE 76
#define REST_MAX 2500 /* bytes of an order beside its document: envelope, signature, names */

#define TOO_LONG                                                                                   \
    "%s: the script for AWS has %zu bytes, and AWS takes %d; make its steps shorter, or put them " \
    "into files of the repository"

/* Quoting ------------------------------------------------------------------------------------- */

/* In single quotes nothing means anything to a shell. AWS puts parameters in the place of {{ name }} before a shell sees it:
 * two braces never stand side by side. */
static void quote(struct buf *out, const char *text)
{
    buf_addc(out, '\'');
    for (const char *p = text; *p != '\0'; p++) {
        if (*p == '\'')
            buf_adds(out, "'\\''");
        else
            buf_addc(out, *p);
        if (*p == '{' && p[1] == '{')
            buf_adds(out, "''");
    }
    buf_addc(out, '\'');
}

static void quote_variable(struct buf *out, const char *name, const char *value)
{
    buf_adds(out, name);
    buf_addc(out, '=');
    quote(out, value);
}

/* As it will stand in the body of SendCommand. */
static size_t json_size(const char *text, size_t len)
{
    size_t size = len + 2;

    for (size_t i = 0; i < len; i++) {
        unsigned char c = (unsigned char)text[i];

        if (c == '"' || c == '\\' || c == '\n' || c == '\r' || c == '\t')
            size++;
        else if (c < ' ' || c == 0x7f)
            size += 5;
    }
    return size;
}

static int take(struct arena *arena, const char *name, struct buf *out, const char **ret_script,
                struct err *err)
{
    size_t size = json_size(buf_str(out), out->len);
    int rc = 0;

    if (out->overflow || size > AWS_SCRIPT_MAX)
        rc = err_set(err, ERR_INVALID, TOO_LONG, name, size, AWS_SCRIPT_MAX);
    else if (!str_is_utf8(buf_str(out), out->len))
        rc = err_set(err, ERR_INVALID,
                     "%s: its steps or their variables have bytes that are no UTF-8, which AWS "
                     "does not carry",
                     name);
    else
        *ret_script = arena_strn(arena, buf_str(out), out->len);
    buf_deinit(out);
    return rc;
}

/* A job ---------------------------------------------------------------------------------------- */

/* deploy/ssm/job.sh without comments and indentation. */
static void add_functions(struct buf *out)
{
    const char *at = (const char *)aws_files[0].bytes, *end = at + aws_files[0].len;

    if (n_aws_files != 1)
        abort();
    while (at < end) {
        const char *line_end = memchr(at, '\n', (size_t)(end - at));
        size_t n = line_end != NULL ? (size_t)(line_end - at) + 1 : (size_t)(end - at);
        size_t blanks = strspn(at, " ");

        if (at[blanks] != '#' && at[blanks] != '\n')
            buf_add(out, at + blanks, n - blanks);
        at += n;
    }
}

/* What no two of these hosts have differently, of what scripts get. */
static bool is_common(struct envelope_variable (*variables)[ENVELOPE_VARIABLES], size_t n, size_t k)
{
    for (size_t i = 1; i < n; i++)
        if (!str_eq(variables[0][k].value, variables[i][k].value))
            return false;
    return true;
}

static void add_hosts(struct arena *arena, struct buf *out, const struct envelope *envelopes,
                      size_t n)
{
    struct envelope_variable(*variables)[ENVELOPE_VARIABLES] =
        arena_array(arena, n, sizeof(*variables));

    for (size_t i = 0; i < n; i++)
        envelope_variables(arena, &envelopes[i], variables[i]);
    for (size_t k = 0; k < ENVELOPE_VARIABLES; k++) {
        if (!is_common(variables, n, k))
            continue;
        quote_variable(out, variables[0][k].name, variables[0][k].value);
        buf_addc(out, '\n');
    }
    quote_variable(out, "SLIPWAY_ATTEMPT",
                   envelopes[0].attempt != NULL ? envelopes[0].attempt : "");
    buf_addc(out, '\n');
    buf_adds(out, "case ${AWS_SSM_INSTANCE_ID:-} in\n");
    for (size_t i = 0; i < n; i++) {
        buf_addf(out, "%s) slipway_id=%s slipway_start_by=%lld", envelopes[i].host_id,
                 envelopes[i].command_id, (long long)envelopes[i].start_by);
        for (size_t k = 0; k < ENVELOPE_VARIABLES; k++) {
            if (is_common(variables, n, k))
                continue;
            buf_addc(out, ' ');
            quote_variable(out, variables[i][k].name, variables[i][k].value);
        }
        buf_adds(out, " ;;\n");
    }
    buf_adds(out, "*) echo \"slipway: this is for other machines than ${AWS_SSM_INSTANCE_ID:-one "
                  "without a name}; nothing was run\" >&2; exit 1 ;;\nesac\n");
}

/* NUMBER NAME USER HOME SECONDS FOLDER VARIABLE... ; users are words that a shell may expand. */
static void add_step(struct buf *out, const struct document_step *s, size_t number)
{
    bool is_run = s->action == DOCUMENT_RUN;

    if (!is_run && s->http != NULL) {
        buf_addf(out, "slipway_health_http %zu %s %lld %lld ", number, s->name,
                 (long long)s->within_s, (long long)s->expect);
        quote(out, s->http);
        buf_addc(out, '\n');
        return;
    }
    buf_adds(out, "slipway_script='set -eu\n'");
    quote(out, s->script);
    buf_addf(out, "\n%s %zu %s '%s' ~%s %lld ", is_run ? "slipway_step" : "slipway_health", number,
             s->name, s->run_as, s->run_as, (long long)(is_run ? s->timeout_s : s->within_s));
    quote(out, *s->working_directory != '\0' ? s->working_directory : "/");
    for (size_t i = 0; i < s->environment.n; i++) {
        buf_addc(out, ' ');
        quote_variable(out, s->environment.items[i].key, s->environment.items[i].value);
    }
    buf_addc(out, '\n');
}

static int check(const struct document *document, const struct envelope *envelopes, size_t n,
                 struct err *err)
{
    if (n == 0 || n > AWS_SCRIPT_HOSTS_MAX)
        return err_set(err, ERR_INVALID, "a script for %zu hosts; AWS takes 1 to %d at once", n,
                       AWS_SCRIPT_HOSTS_MAX);
    for (size_t i = 0; i < n; i++)
        if (!names_is_machine_id(envelopes[i].host_id) || !names_is_uuid(envelopes[i].command_id) ||
            envelopes[i].database != NULL)
            return err_set(err, ERR_INVALID, "command %.40s for %.40s is none for AWS",
                           envelopes[i].command_id, envelopes[i].host_id);
    for (size_t i = 0; i < document->n_steps; i++)
        if (document->steps[i].as_ssm)
            return err_set(err, ERR_INVALID, "step %.64s is one of an AWS caller",
                           document->steps[i].name);
    return 0;
}

int aws_script_job(struct arena *arena, const struct document *document,
                   const struct envelope *envelopes, size_t n, const char **ret_script,
                   struct err *err)
{
    int rc = check(document, envelopes, n, err);
    struct buf out;

    if (rc < 0)
        return rc;
    buf_init(&out, (size_t)4 * AWS_SCRIPT_MAX);
    buf_adds(&out, "set -eu\n");
    add_functions(&out);
    buf_addf(&out, "slipway_room_out=%d\nslipway_room_err=%d\n",
             aws_outcome_room(document->n_steps, false), aws_outcome_room(document->n_steps, true));
    add_hosts(arena, &out, envelopes, n);
    buf_adds(&out, "slipway_open");
    for (size_t i = 0; i < document->n_steps; i++)
        if (document->steps[i].run_as != NULL && *document->steps[i].run_as != '\0')
            buf_addf(&out, " %s %s", document->steps[i].name, document->steps[i].run_as);
    buf_addc(&out, '\n');
    for (size_t i = 0; i < document->n_steps; i++)
        add_step(&out, &document->steps[i], i + 1);
    buf_adds(&out, "slipway_close\n");
    return take(arena, document->description, &out, ret_script, err);
}

int64_t aws_script_execution_s(const struct document *document)
{
    int64_t sum = MARGIN_S;

    for (size_t i = 0; i < document->n_steps; i++)
        sum += document->steps[i].action == DOCUMENT_RUN ? document->steps[i].timeout_s
                                                         : document->steps[i].within_s;
    return sum < DOCUMENT_TIMEOUT_MAX_S ? sum : DOCUMENT_TIMEOUT_MAX_S;
}

/* An order ------------------------------------------------------------------------------------- */

/* What slipway-once reads of a payload (message_command_parse), and nothing twice. In base64. */
static const char *encode(struct arena *arena, const struct message_command *c, size_t *ret_len)
{
    struct json_out out;
    struct buf buf;
    char *text;

    buf_init(&buf, MESSAGE_PAYLOAD_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "CommandId", c->command_id);
    json_add_str(&out, "DocumentName", c->document_name);
    json_begin_object(&out, "Slipway");
    json_add_int(&out, "Protocol", c->protocol > 0 ? c->protocol : ENVELOPE_PROTOCOL);
    json_add_str(&out, "Envelope", c->envelope);
    json_add_str(&out, "Signature", c->signature);
    json_add_str(&out, "Document", c->document);
    if (c->redact != NULL)
        json_add_str(&out, "Redact", c->redact);
    json_end_object(&out);
    json_end_object(&out);
    text = arena_alloc(arena, DIGEST_BASE64_SIZE(buf.len));
    *ret_len = digest_base64(buf_str(&buf), buf.len, text);
    buf_deinit(&buf);
    return text;
}

int aws_script_order(struct arena *arena, const struct message_command *command,
                     enum aws_script_verb verb, const char **ret_script, struct err *err)
{
    size_t n;
    const char *text = encode(arena, command, &n);
    struct buf out;

    buf_init(&out, (size_t)4 * AWS_SCRIPT_MAX);
    buf_adds(&out, "set -eu\n"
                   "PATH=${PATH:+$PATH:}/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/"
                   "bin\nexport PATH\n"
                   "command -v slipway-once >/dev/null || {\n"
                   "echo 'slipway: slipway-once is not installed on this host; nothing was "
                   "begun' >&2\nexit 1\n}\n");
    buf_addf(&out, "base64 -d <<'ORDER' | slipway-once %s --ssm\n",
             verb == AWS_SCRIPT_RUN ? "run" : "revoke");
    for (size_t at = 0; at < n; at += BASE64_LINE) {
        buf_add(&out, text + at, n - at < BASE64_LINE ? n - at : BASE64_LINE);
        buf_addc(&out, '\n');
    }
    buf_adds(&out, "ORDER\n");
    return take(arena, "its order for slipway-once", &out, ret_script, err);
}

/* Checking ------------------------------------------------------------------------------------- */

static int check_job(struct arena *arena, const char *text, struct err *err)
{
    const struct envelope longest = {
        .command_id = "00000000-0000-0000-0000-000000000000",
        .host_id = "mi-00000000000000000",
        .host = "0123456789012345678901234567890123456789012345678901234567890123",
        .repository = "0123456789012345678901234567890123456789/"
                      "0123456789012345678901234567890123456789012345678901234567890123456789",
        .environment = "0123456789012345678901234567890123456789012345678901234567890123",
        .release = INT32_MAX,
        .sha = "0000000000000000000000000000000000000000",
        .previous_sha = "0000000000000000000000000000000000000000",
        .roles = "0123456789012345678901234567890123456789012345678901234567890123",
        .start_by = INT64_C(9999999999999)};
    struct document document;
    const char *script;
    int rc = document_parse(arena, text, strlen(text), &document, err);

    return rc < 0 ? rc : aws_script_job(arena, &document, &longest, 1, &script, err);
}

int aws_script_check(struct arena *arena, const char *text, bool has_database, const char *redact,
                     struct err *err)
{
    struct message_command command = {.document_name = "", .document = text, .redact = redact};
    const char *script;
    char *envelope;

    if (!has_database)
        return check_job(arena, text, err);
    /* The same length as the longest of what will come, nothing of its sense. */
    envelope = arena_alloc(arena, REST_MAX + 1);
    memset(envelope, '0', REST_MAX);
    command.command_id = command.signature = "00000000-0000-0000-0000-000000000000";
    command.envelope = envelope;
    return aws_script_order(arena, &command, AWS_SCRIPT_REVOKE, &script, err); /* the longer word */
}
