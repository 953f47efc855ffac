/* aws_call: see aws_call.h. */
#include "lib/ssm/aws_call.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define PAGE 50 /* MaxResults, the most AWS gives */
#define DOCUMENT "AWS-RunShellScript"

static const char *const calls[AWS_CALL_COUNT] = {
    [AWS_CALL_SEND] = "AmazonSSM.SendCommand",
    [AWS_CALL_COMMANDS] = "AmazonSSM.ListCommands",
    [AWS_CALL_INVOCATIONS] = "AmazonSSM.ListCommandInvocations",
    [AWS_CALL_INVOCATION] = "AmazonSSM.GetCommandInvocation",
    [AWS_CALL_CANCEL] = "AmazonSSM.CancelCommand",
    [AWS_CALL_HOSTS] = "AmazonSSM.DescribeInstanceInformation",
};

static const char *const outcomes[AWS_OUTCOME_COUNT] = {
    [AWS_OK] = "ok",       [AWS_ABSENT] = "absent",   [AWS_REFUSED] = "refused",
    [AWS_AGAIN] = "again", [AWS_UNCLEAR] = "unclear", [AWS_CREDENTIALS] = "credentials",
};

const char *aws_call_target(enum aws_call call)
{
    return calls[call];
}

const char *aws_call_name(enum aws_call call)
{
    return strchr(calls[call], '.') + 1;
}

const char *aws_call_outcome_name(enum aws_outcome outcome)
{
    return outcomes[outcome];
}

bool aws_call_region_is(const char *region)
{
    size_t n = region != NULL ? strlen(region) : 0;

    return n >= 3 && n <= 32 && region[0] != '-' && region[n - 1] != '-' &&
           strspn(region, "abcdefghijklmnopqrstuvwxyz0123456789-") == n;
}

const char *aws_call_endpoint(struct arena *arena, const char *region)
{
    return arena_printf(arena, "https://ssm.%s.amazonaws.com%s", region,
                        str_starts(region, "cn-") ? ".cn" : "");
}

/* Asking --------------------------------------------------------------------------------------- */

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++)
        if (*text < 0x20 || *text > 0x7e)
            return false;
    return true;
}

/* "{{ssm:NAME}}", blanks allowed: AWS puts a parameter of the account in its place before the host sees it. */
static bool is_replaced(const char *script)
{
    for (const char *p = strstr(script, "{{"); p != NULL; p = strstr(p + 1, "{{")) {
        const char *word = p + 2 + strspn(p + 2, "{ \t\r\n");

        if (str_starts(word, "ssm"))
            return true;
    }
    return false;
}

static int check_ids(const char *const *ids, size_t n, struct err *err)
{
    if (n > AWS_CALL_HOSTS_MAX)
        return err_set(err, ERR_INVALID, "AWS takes at most %d hosts in one command, these are %zu",
                       AWS_CALL_HOSTS_MAX, n);
    for (size_t i = 0; i < n; i++) {
        if (!names_is_machine_id(ids[i]))
            return err_set(err, ERR_INVALID, "\"%.60s\" is no id of a host of AWS'", ids[i]);
        for (size_t k = 0; k < i; k++)
            if (str_eq(ids[i], ids[k]))
                return err_set(err, ERR_INVALID, "the host %s is there twice", ids[i]);
    }
    return 0;
}

static int check_send(const struct aws_send *s, struct err *err)
{
    size_t n = strlen(s->script), n_comment = strlen(s->comment);

    if (s->n_instances == 0)
        return err_set(err, ERR_INVALID, "a command wants at least one host");
    if (n == 0 || n > AWS_CALL_SCRIPT_MAX)
        return err_set(err, ERR_INVALID, "a script for AWS has 1 to %d bytes, this one has %zu",
                       AWS_CALL_SCRIPT_MAX, n);
    if (!str_is_utf8(s->script, n))
        return err_set(err, ERR_INVALID, "AWS takes UTF-8 only, the script is not");
    if (is_replaced(s->script))
        return err_set(
            err, ERR_INVALID,
            "the script has {{ssm: in it, in whose place AWS would put a parameter of the "
            "account");
    if (n_comment > AWS_CALL_COMMENT_MAX || !is_printable(s->comment))
        return err_set(err, ERR_INVALID, "a comment for AWS has at most %d printable characters",
                       AWS_CALL_COMMENT_MAX);
    if (s->timeout_s < AWS_CALL_START_MIN_S || s->timeout_s > 2592000)
        return err_set(err, ERR_INVALID, "AWS gives a command %d s to 30 days to start, not %lld s",
                       AWS_CALL_START_MIN_S, (long long)s->timeout_s);
    if (s->execution_s < AWS_CALL_EXECUTION_MIN_S || s->execution_s > AWS_CALL_EXECUTION_MAX_S)
        return err_set(err, ERR_INVALID, "AWS lets a command run %d s to 48 hours, not %lld s",
                       AWS_CALL_EXECUTION_MIN_S, (long long)s->execution_s);
    return check_ids(s->instance_ids, s->n_instances, err);
}

static void add_list(struct json_out *o, const char *key, const char *const *items, size_t n)
{
    json_begin_array(o, key);
    for (size_t i = 0; i < n; i++)
        json_add_str(o, NULL, items[i]);
    json_end_array(o);
}

int aws_call_write_send(struct buf *buf, const struct aws_send *send, struct err *err)
{
    struct json_out o;
    char seconds[24];
    int rc = check_send(send, err);

    if (rc < 0)
        return rc;
    (void)snprintf(seconds, sizeof(seconds), "%lld", (long long)send->execution_s);
    json_out_init(&o, buf);
    json_begin_object(&o, NULL);
    json_add_str(&o, "DocumentName", DOCUMENT);
    add_list(&o, "InstanceIds", send->instance_ids, send->n_instances);
    json_add_str(&o, "Comment", send->comment);
    json_add_int(&o, "TimeoutSeconds", send->timeout_s);
    /* How many at a time and how many may fail is counted here, not there. */
    json_add_str(&o, "MaxConcurrency", "100%");
    json_add_str(&o, "MaxErrors", "100%");
    json_begin_object(&o, "Parameters");
    add_list(&o, "commands", &send->script, 1);
    add_list(&o, "executionTimeout", (const char *const[]){seconds}, 1);
    json_end_object(&o);
    json_end_object(&o);
    return 0;
}

static void begin_page(struct json_out *o, struct buf *buf, const char *token)
{
    json_out_init(o, buf);
    json_begin_object(o, NULL);
    json_add_int(o, "MaxResults", PAGE);
    if (token != NULL)
        json_add_str(o, "NextToken", token);
}

static void add_command_filter(struct json_out *o, const char *key, const char *value)
{
    json_begin_object(o, NULL);
    json_add_str(o, "key", key);
    json_add_str(o, "value", value);
    json_end_object(o);
}

void aws_call_write_commands(struct buf *buf, time_ms after, const char *token)
{
    char instant[TIMESTAMP_SIZE];
    struct json_out o;

    timestamp_format(after - after % 1000, instant);
    memcpy(instant + 19, "Z", 2); /* whole seconds */
    begin_page(&o, buf, token);
    json_begin_array(&o, "Filters");
    add_command_filter(&o, "InvokedAfter", instant);
    add_command_filter(&o, "DocumentName", DOCUMENT);
    json_end_array(&o);
    json_end_object(&o);
}

void aws_call_write_invocations(struct buf *buf, const char *command_id, const char *token)
{
    struct json_out o;

    begin_page(&o, buf, token);
    json_add_str(&o, "CommandId", command_id);
    json_add_bool(&o, "Details", true);
    json_end_object(&o);
}

void aws_call_write_invocation(struct buf *buf, const char *command_id, const char *instance_id)
{
    struct json_out o;

    json_out_init(&o, buf);
    json_begin_object(&o, NULL);
    json_add_str(&o, "CommandId", command_id);
    json_add_str(&o, "InstanceId", instance_id);
    json_end_object(&o);
}

int aws_call_write_cancel(struct buf *buf, const char *command_id, const char *const *ids, size_t n,
                          struct err *err)
{
    struct json_out o;
    int rc = check_ids(ids, n, err);

    if (rc < 0)
        return rc;
    json_out_init(&o, buf);
    json_begin_object(&o, NULL);
    json_add_str(&o, "CommandId", command_id);
    if (n > 0)
        add_list(&o, "InstanceIds", ids, n);
    json_end_object(&o);
    return 0;
}

void aws_call_write_hosts(struct buf *buf, const struct aws_filter *filter, const char *token)
{
    struct json_out o;

    begin_page(&o, buf, token);
    if (filter != NULL) {
        json_begin_array(&o, "Filters");
        json_begin_object(&o, NULL);
        json_add_str(&o, "Key", filter->key);
        add_list(&o, "Values", filter->values, filter->n_values);
        json_end_object(&o);
        json_end_array(&o);
    }
    json_end_object(&o);
}

/* Errors --------------------------------------------------------------------------------------- */

/* Names of AWS' errors that are not tied to one operation; each is said before anything was done, where it is no fault. */
static const struct {
    const char *type; /* also with "Exception" behind it */
    enum aws_outcome is;
} errors[] = {
    {"Throttling", AWS_AGAIN},
    {"Throttled", AWS_AGAIN},
    {"TooManyRequests", AWS_AGAIN},
    {"RequestLimitExceeded", AWS_AGAIN},
    {"RequestThrottled", AWS_AGAIN},
    {"SlowDown", AWS_AGAIN},
    {"TooManyUpdates", AWS_AGAIN},
    {"ExpiredToken", AWS_CREDENTIALS},
    {"RequestExpired", AWS_CREDENTIALS},
    {"RequestTimeTooSkewed", AWS_CREDENTIALS},
    {"UnrecognizedClient", AWS_CREDENTIALS},
    {"InvalidClientTokenId", AWS_CREDENTIALS},
    {"InvalidAccessKeyId", AWS_CREDENTIALS},
    {"InvalidSignature", AWS_CREDENTIALS},
    {"SignatureDoesNotMatch", AWS_CREDENTIALS},
    {"IncompleteSignature", AWS_CREDENTIALS},
    {"MissingAuthenticationToken", AWS_CREDENTIALS},
    {"AuthFailure", AWS_CREDENTIALS},
};

static bool type_is(const char *type, const char *wanted)
{
    size_t n = strlen(wanted);

    return strncmp(type, wanted, n) == 0 && (type[n] == '\0' || str_eq(type + n, "Exception"));
}

enum aws_outcome aws_call_judge(enum aws_call call, int status, const char *type)
{
    /* Whether a fault of theirs came before or after it was taken, nobody says. */
    const enum aws_outcome fault = call == AWS_CALL_SEND ? AWS_UNCLEAR : AWS_AGAIN;

    if (fault == AWS_UNCLEAR && status >= 500) /* whatever name it has */
        return fault;
    for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++)
        if (type_is(type, errors[i].type))
            return errors[i].is;
    if (call == AWS_CALL_INVOCATION && str_eq(type, "InvocationDoesNotExist"))
        return AWS_ABSENT;
    if (status == 429)
        return AWS_AGAIN;
    if (status < 400 || status >= 500 || status == 408)
        return fault;
    /* A refusal has a name. What has none came from something in between. */
    return *type != '\0' ? AWS_REFUSED : fault;
}
