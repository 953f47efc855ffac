/* door_echo: see door_echo.h. */
#include "server/api/door_echo.h"

#include <ctype.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/model/door_command.h"

#define VERSION "DocumentVersion"
#define NOTIFICATION "NotificationConfig"
#define WATCH "CloudWatchOutputConfig"
#define ALARMS "AlarmConfiguration"
#define ECHO_MAX ((size_t)2 << 20)

/* Only what the wire knows is kept and given back: what a caller nests into members of his own ends here. -------------- */

/* "" where it is absent, as AWS does. */
static void add_text(struct json_out *out, const struct cJSON *json, const char *key)
{
    const char *text = json_str(json, key);

    json_add_str(out, key, text != NULL ? text : "");
}

static void add_flag(struct json_out *out, const struct cJSON *json, const char *key)
{
    bool flag = false;

    (void)json_bool(json, key, &flag);
    json_add_bool(out, key, flag);
}

static void add_texts(struct json_out *out, const char *key, const struct cJSON *list)
{
    json_begin_array(out, key);
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i))
        if (json_string_value(i) != NULL)
            json_add_str(out, NULL, json_string_value(i));
    json_end_array(out);
}

static void add_notification(struct json_out *out, const struct cJSON *json)
{
    json_begin_object(out, NOTIFICATION);
    add_text(out, json, "NotificationArn");
    add_texts(out, "NotificationEvents", json_array(json, "NotificationEvents"));
    add_text(out, json, "NotificationType");
    json_end_object(out);
}

static void add_watch(struct json_out *out, const struct cJSON *json)
{
    json_begin_object(out, WATCH);
    add_text(out, json, "CloudWatchLogGroupName");
    add_flag(out, json, "CloudWatchOutputEnabled");
    json_end_object(out);
}

static void add_alarms(struct json_out *out, const struct cJSON *json)
{
    const struct cJSON *alarms = json_array(json, "Alarms");

    if (json == NULL)
        return; /* one alarm is required: there is no empty form */
    json_begin_object(out, ALARMS);
    add_flag(out, json, "IgnorePollAlarmFailure");
    json_begin_array(out, "Alarms");
    for (const struct cJSON *i = json_first(alarms); i != NULL; i = json_next(i)) {
        json_begin_object(out, NULL);
        add_text(out, i, "Name");
        json_end_object(out);
    }
    json_end_array(out);
    json_end_object(out);
}

static const char *list_text(struct door_call *call, const struct cJSON *list,
                             void (*add)(struct json_out *out, const struct cJSON *item))
{
    struct json_out out;
    struct buf buf;
    const char *text;

    buf_init(&buf, ECHO_MAX);
    json_out_init(&out, &buf);
    json_begin_array(&out, NULL);
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i))
        add(&out, i);
    json_end_array(&out);
    text = arena_strn(call->request->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

static void add_id(struct json_out *out, const struct cJSON *item)
{
    json_add_str(out, NULL, json_string_value(item));
}

const char *door_echo_ids(struct door_call *call)
{
    return list_text(call, json_array(call->json, "InstanceIds"), add_id);
}

static void add_target(struct json_out *out, const struct cJSON *item)
{
    json_begin_object(out, NULL);
    add_text(out, item, "Key");
    add_texts(out, "Values", json_array(item, "Values"));
    json_end_object(out);
}

const char *door_echo_targets(struct door_call *call)
{
    return list_text(call, json_array(call->json, "Targets"), add_target);
}

/* Giving back ------------------------------------------------------------------------------------ */

#define S3 "OutputS3Region", "OutputS3BucketName", "OutputS3KeyPrefix"
#define TOLD "ServiceRole", NOTIFICATION, WATCH

const char *const door_echo_of_command[] = {S3, TOLD, ALARMS, NULL};
const char *const door_echo_of_invocation[] = {TOLD, NULL};
const char *const door_echo_of_look[] = {WATCH, NULL};

void door_echo_add(struct json_out *out, const char *echo, const char *const *members)
{
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;

    (void)json_parse(echo, strlen(echo), NULL, &json, &err);
    for (size_t i = 0; members[i] != NULL; i++) {
        const struct cJSON *item = json_object(json, members[i]);

        if (strcmp(members[i], NOTIFICATION) == 0)
            add_notification(out, item);
        else if (strcmp(members[i], WATCH) == 0)
            add_watch(out, item);
        else if (strcmp(members[i], ALARMS) == 0)
            add_alarms(out, item);
        else
            add_text(out, json, members[i]);
    }
    json_free(json);
}

const char *door_echo_version(struct arena *arena, const struct door_command *command)
{
    const char *version = NULL;
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;

    if (json_parse(command->echo, strlen(command->echo), NULL, &json, &err) == 0)
        version = arena_str(arena, json_str(json, VERSION));
    json_free(json);
    return version != NULL ? version : command->document_version;
}

/* Reading ---------------------------------------------------------------------------------------- */

static void read_notification(struct door_shape *s)
{
    static const char *const events[] = {"All",       "InProgress", "Success", "TimedOut",
                                         "Cancelled", "Failed",     NULL};
    static const char *const kinds[] = {"Command", "Invocation", NULL};
    static const struct door_shape_rule event = {.words = events}, kind = {.words = kinds},
                                        arn = {.max = 2048};
    const struct cJSON *json = door_shape_object(s, s->call->json, NOTIFICATION);
    const char **items;
    size_t n;

    (void)door_shape_text(s, json, "notificationConfig.", "NotificationArn", &arn);
    (void)door_shape_text(s, json, "notificationConfig.", "NotificationType", &kind);
    door_shape_texts(s,
                     door_shape_list(s, json, "notificationConfig.", "NotificationEvents", false,
                                     10),
                     "notificationConfig.notificationEvents", &event, &items, &n);
}

static void read_watch(struct door_shape *s)
{
    static const struct door_shape_rule group = {.min = 1, .max = 512};
    const struct cJSON *json = door_shape_object(s, s->call->json, WATCH);

    (void)door_shape_text(s, json, "cloudWatchOutputConfig.", "CloudWatchLogGroupName", &group);
    (void)door_shape_bool(s, json, "CloudWatchOutputEnabled");
}

static void read_alarms(struct door_shape *s)
{
    static const struct door_shape_rule name = {.required = true, .min = 1, .max = 255};
    const struct cJSON *json = door_shape_object(s, s->call->json, ALARMS);
    const struct cJSON *alarms =
        door_shape_list(s, json, "alarmConfiguration.", "Alarms", json != NULL, 1);

    (void)door_shape_bool(s, json, "IgnorePollAlarmFailure");
    for (const struct cJSON *i = json_first(alarms); i != NULL; i = json_next(i))
        (void)door_shape_text(s, i, "alarmConfiguration.alarms.member.", "Name", &name);
}

/* "" where it is absent, as AWS does. */
static void read_text(struct door_shape *s, struct json_out *out, const char *key,
                      const char *told_as, const struct door_shape_rule *rule)
{
    const char *text = door_shape_text(s, s->call->json, "", key, rule);

    json_add_str(out, told_as, text != NULL ? text : "");
}

const char *door_echo_read(struct door_shape *s)
{
    static const struct door_shape_rule region = {.min = 3, .max = 20},
                                        bucket = {.min = 3, .max = 63}, prefix = {.max = 500},
                                        role = {.max = 2048};
    const struct cJSON *json = s->call->json;
    const char *text;
    struct json_out out;
    struct buf buf;

    buf_init(&buf, ECHO_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    text = json_str(json, VERSION); /* its limits are looked at with the document's */
    json_add_str(&out, VERSION, text != NULL ? text : "$DEFAULT");
    read_text(s, &out, "OutputS3Region", "OutputS3Region", &region);
    read_text(s, &out, "OutputS3BucketName", "OutputS3BucketName", &bucket);
    read_text(s, &out, "OutputS3KeyPrefix", "OutputS3KeyPrefix", &prefix);
    read_text(s, &out, "ServiceRoleArn", "ServiceRole", &role);
    read_notification(s);
    read_watch(s);
    read_alarms(s);
    add_notification(&out, json_object(json, NOTIFICATION));
    add_watch(&out, json_object(json, WATCH));
    add_alarms(&out, json_object(json, ALARMS));
    json_end_object(&out);
    text = arena_strn(s->call->request->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

/* Refusing --------------------------------------------------------------------------------------- */

/* Lower-case letters, digits, dots and dashes, and neither of the last two at an end. */
static bool is_bucket(const char *text)
{
    size_t n = strlen(text);

    for (size_t i = 0; i < n; i++)
        if (!islower((unsigned char)text[i]) && !isdigit((unsigned char)text[i]) &&
            (strchr(".-", text[i]) == NULL || i == 0 || i == n - 1))
            return false;
    return n > 0;
}

/* "arn:PARTITION:SERVICE:...:..." */
static bool is_arn_of(const char *text, const char *service)
{
    const char *partition = str_starts(text, "arn:") ? text + 4 : NULL;
    const char *at = partition != NULL ? strchr(partition, ':') : NULL;

    return at != NULL && at > partition && str_starts(at + 1, service) &&
           at[1 + strlen(service)] == ':';
}

const char *door_echo_refuse(const struct door_call *call, const char **ret_text)
{
    const char *bucket = json_str(call->json, "OutputS3BucketName");
    const char *role = json_str(call->json, "ServiceRoleArn");
    const char *topic = json_str(json_object(call->json, NOTIFICATION), "NotificationArn");

    if (bucket != NULL && !is_bucket(bucket)) {
        *ret_text = "OutputS3BucketName: lower-case letters, digits, dots and dashes are expected";
        return "InvalidOutputFolder";
    }
    if (role != NULL && *role != '\0' && !is_arn_of(role, "iam")) {
        *ret_text = "ServiceRoleArn: arn:PARTITION:iam::ACCOUNT:role/NAME is expected";
        return "InvalidRole";
    }
    if (topic != NULL && *topic != '\0' && !is_arn_of(topic, "sns")) {
        *ret_text = "NotificationArn: arn:PARTITION:sns:REGION:ACCOUNT:NAME is expected";
        return "InvalidNotificationConfig";
    }
    return NULL;
}
