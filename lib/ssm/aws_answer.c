/* aws_answer: see aws_answer.h. */
#include "lib/ssm/aws_answer.h"

#include <string.h>

#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/aws_call.h"
#include "lib/ssm/message_reply.h"

#define TOKEN_MAX 8192 /* of a page */
#define DEPTH_MAX 16
#define NODES_MAX 50000
#define LATEST_S INT64_C(253402300799) /* the year 9999 */

static int parse(enum aws_call call, struct arena *arena, const char *body, size_t len,
                 struct cJSON **ret_json, struct err *err)
{
    const struct json_limits limits = {.depth = DEPTH_MAX, .nodes = NODES_MAX};
    int rc =
        len > AWS_ANSWER_MAX
            ? err_set(err, ERR_INVALID, "it has more than %zu bytes", AWS_ANSWER_MAX)
            : json_parse(message_reply_without_nul(arena, body, len), len, &limits, ret_json, err);

    return rc < 0 ? err_wrap(err, "AWS' answer to %s", aws_call_name(call)) : 0;
}

/* "" if it is not there. */
static const char *text_of(struct arena *arena, const struct cJSON *object, const char *key)
{
    const char *text = json_str(object, key);

    return text != NULL ? arena_str(arena, text) : "";
}

/* Seconds since 1970 with a fraction, or RFC 3339. */
static time_ms time_of(const struct cJSON *object, const char *key)
{
    const char *text = json_str(object, key);
    double seconds = 0;
    time_ms at = 0;

    if (text != NULL)
        return timestamp_parse_rfc3339(text, &at) == 0 && at > 0 ? at : 0;
    if (!json_double(object, key, &seconds) || !(seconds > 0) || seconds > (double)LATEST_S)
        return 0;
    return (time_ms)(seconds * 1000 + 0.5);
}

/* NULL = this was the last page. */
static int take_token(enum aws_call call, struct arena *arena, const struct cJSON *json,
                      const char **ret_token, struct err *err)
{
    const char *token = json_str(json, "NextToken");

    *ret_token = NULL;
    if (token == NULL || *token == '\0')
        return 0;
    if (strlen(token) > TOKEN_MAX)
        return err_set(err, ERR_INVALID, "AWS' answer to %s: its NextToken is too long",
                       aws_call_name(call));
    *ret_token = arena_str(arena, token);
    return 0;
}

/* The list of a page; a page without one is no answer. */
static int parse_page(enum aws_call call, struct arena *arena, const char *body, size_t len,
                      const char *list, struct cJSON **ret_json, const struct cJSON **ret_list,
                      const char **ret_token, struct err *err)
{
    struct cJSON *json = NULL;
    int rc = parse(call, arena, body, len, &json, err);

    if (rc == 0 && (*ret_list = json_array(json, list)) == NULL)
        rc = err_set(err, ERR_INVALID, "AWS' answer to %s has no %s", aws_call_name(call), list);
    if (rc == 0)
        rc = take_token(call, arena, json, ret_token, err);
    if (rc < 0)
        json_free(json);
    else
        *ret_json = json;
    return rc;
}

int aws_answer_send(struct arena *arena, const char *body, size_t len, const char **ret_id,
                    struct err *err)
{
    struct cJSON *json = NULL;
    const char *id;
    int rc = parse(AWS_CALL_SEND, arena, body, len, &json, err);

    if (rc < 0)
        return rc;
    id = json_str(json_object(json, "Command"), "CommandId");
    if (names_is_uuid(id))
        *ret_id = arena_str(arena, id);
    else
        rc = err_set(err, ERR_INVALID, "AWS' answer to SendCommand names no command");
    json_free(json);
    return rc;
}

int aws_answer_commands(struct arena *arena, const char *body, size_t len, struct aws_command **ret,
                        size_t *ret_n, const char **ret_token, struct err *err)
{
    struct aws_command *found = NULL;
    const struct cJSON *list = NULL;
    struct cJSON *json = NULL;
    size_t n = 0, cap = 0;
    int rc =
        parse_page(AWS_CALL_COMMANDS, arena, body, len, "Commands", &json, &list, ret_token, err);

    if (rc < 0)
        return rc;
    for (const struct cJSON *c = json_first(list); c != NULL; c = json_next(c)) {
        const char *id = json_str(c, "CommandId");

        if (!names_is_uuid(id))
            continue;
        *ARENA_PUSH(arena, found, n, cap) =
            (struct aws_command){.id = arena_str(arena, id),
                                 .comment = text_of(arena, c, "Comment"),
                                 .requested_at = time_of(c, "RequestedDateTime")};
    }
    *ret = found;
    *ret_n = n;
    json_free(json);
    return 0;
}

/* ssm-wire.md 4.1: what AWS says of an invocation, details without blanks. */
static const struct {
    const char *status;
    const char *details;
    enum invocation_status is;
} words[] = {
    {"Pending", "Pending", INVOCATION_PENDING},
    {"InProgress", "InProgress", INVOCATION_IN_PROGRESS},
    {"Delayed", "Delayed", INVOCATION_PENDING},
    {"Pending", "Delayed", INVOCATION_PENDING},
    {"Cancelling", "Cancelling", INVOCATION_CANCELLING},
    {"Success", "Success", INVOCATION_SUCCESS},
    {"Failed", "Failed", INVOCATION_FAILED},
    {"TimedOut", "ExecutionTimedOut", INVOCATION_TIMED_OUT},
    {"TimedOut", "DeliveryTimedOut", INVOCATION_TIMED_OUT},
    {"Cancelled", "Cancelled", INVOCATION_CANCELLED},
    {"Failed", "Undeliverable", INVOCATION_FAILED},
    {"Cancelled", "Terminated", INVOCATION_CANCELLED},
    {"Failed", "Terminated", INVOCATION_FAILED},
    {"Failed", "InvalidPlatform", INVOCATION_FAILED},
    {"Failed", "AccessDenied", INVOCATION_FAILED},
};

static void take_status(struct arena *arena, const struct cJSON *json, struct aws_invocation *i)
{
    const char *details = text_of(arena, json, "StatusDetails");
    char *packed = arena_str(arena, details);
    size_t n = 0;

    for (const char *p = details; *p != '\0'; p++)
        if (*p != ' ')
            packed[n++] = *p;
    packed[n] = '\0';
    if (str_eq(packed, "Canceled")) /* its documentation has both spellings */
        packed = arena_str(arena, "Cancelled");
    i->status_text = text_of(arena, json, "Status");
    i->details = packed;
    i->status = INVOCATION_IN_PROGRESS;
    for (size_t k = 0; k < sizeof(words) / sizeof(words[0]) && !i->known; k++)
        if (str_eq(i->status_text, words[k].status) && str_eq(i->details, words[k].details)) {
            i->status = words[k].is;
            i->known = true;
        }
}

/* false: it says of no host what came of it. */
static bool take_invocation(struct arena *arena, const struct cJSON *json, struct aws_invocation *i)
{
    *i = (struct aws_invocation){.command_id = text_of(arena, json, "CommandId"),
                                 .instance_id = text_of(arena, json, "InstanceId"),
                                 .response_code = -1,
                                 .output = "",
                                 .error_output = "",
                                 .trace = text_of(arena, json, "TraceOutput")};
    take_status(arena, json, i);
    return names_is_uuid(i->command_id) && names_is_machine_id(i->instance_id) &&
           i->status_text[0] != '\0';
}

/* The script is one step: AWS-RunShellScript has one. */
static void take_plugin(struct arena *arena, const struct cJSON *json, struct aws_invocation *i)
{
    const struct cJSON *plugin = json_first(json_array(json, "CommandPlugins"));

    i->requested_at = time_of(json, "RequestedDateTime");
    if (plugin == NULL)
        return;
    (void)json_int(plugin, "ResponseCode", &i->response_code);
    i->output = text_of(arena, plugin, "Output");
    i->started_at = time_of(plugin, "ResponseStartDateTime");
    i->ended_at = time_of(plugin, "ResponseFinishDateTime");
}

int aws_answer_invocations(struct arena *arena, const char *body, size_t len,
                           struct aws_invocation **ret, size_t *ret_n, const char **ret_token,
                           struct err *err)
{
    struct aws_invocation *found = NULL, one;
    const struct cJSON *list = NULL;
    struct cJSON *json = NULL;
    size_t n = 0, cap = 0;
    int rc = parse_page(AWS_CALL_INVOCATIONS, arena, body, len, "CommandInvocations", &json, &list,
                        ret_token, err);

    if (rc < 0)
        return rc;
    for (const struct cJSON *c = json_first(list); c != NULL; c = json_next(c)) {
        if (!take_invocation(arena, c, &one))
            continue;
        take_plugin(arena, c, &one);
        *ARENA_PUSH(arena, found, n, cap) = one;
    }
    *ret = found;
    *ret_n = n;
    json_free(json);
    return 0;
}

int aws_answer_invocation(struct arena *arena, const char *body, size_t len,
                          struct aws_invocation *ret, struct err *err)
{
    struct aws_invocation i;
    struct cJSON *json = NULL;
    int rc = parse(AWS_CALL_INVOCATION, arena, body, len, &json, err);

    if (rc < 0)
        return rc;
    if (take_invocation(arena, json, &i)) {
        (void)json_int(json, "ResponseCode", &i.response_code);
        i.output = text_of(arena, json, "StandardOutputContent");
        i.error_output = text_of(arena, json, "StandardErrorContent");
        i.started_at = time_of(json, "ExecutionStartDateTime");
        i.ended_at = time_of(json, "ExecutionEndDateTime");
        *ret = i;
    } else {
        rc = err_set(err, ERR_INVALID, "AWS' answer to GetCommandInvocation is no invocation");
    }
    json_free(json);
    return rc;
}

int aws_answer_hosts(struct arena *arena, const char *body, size_t len, struct aws_host **ret,
                     size_t *ret_n, const char **ret_token, struct err *err)
{
    struct aws_host *found = NULL;
    const struct cJSON *list = NULL;
    struct cJSON *json = NULL;
    size_t n = 0, cap = 0;
    int rc = parse_page(AWS_CALL_HOSTS, arena, body, len, "InstanceInformationList", &json, &list,
                        ret_token, err);

    if (rc < 0)
        return rc;
    for (const struct cJSON *c = json_first(list); c != NULL; c = json_next(c)) {
        const char *id = json_str(c, "InstanceId"), *name = text_of(arena, c, "Name");

        if (!names_is_machine_id(id))
            continue;
        *ARENA_PUSH(arena, found, n, cap) =
            (struct aws_host){.id = arena_str(arena, id),
                              .name = *name != '\0' ? name : text_of(arena, c, "ComputerName"),
                              .platform_type = text_of(arena, c, "PlatformType"),
                              .platform_name = text_of(arena, c, "PlatformName"),
                              .platform_version = text_of(arena, c, "PlatformVersion"),
                              .agent_version = text_of(arena, c, "AgentVersion"),
                              .ip = text_of(arena, c, "IPAddress"),
                              .online = str_eq(json_str(c, "PingStatus"), "Online"),
                              .pinged_at = time_of(c, "LastPingDateTime")};
    }
    *ret = found;
    *ret_n = n;
    json_free(json);
    return 0;
}
