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
#define ECHO_MAX ((size_t)2 << 20)

static void add_value(struct json_out *out, const char *key, const struct cJSON *item)
{
    int64_t number;
    bool flag;

    if (json_string_value(item) != NULL) {
        json_add_str(out, key, json_string_value(item));
    } else if (json_item_int(item, &number)) {
        json_add_int(out, key, number);
    } else if (json_is_array(item) || json_is_object(item)) {
        bool object = json_is_object(item);

        if (object)
            json_begin_object(out, key);
        else
            json_begin_array(out, key);
        for (const struct cJSON *i = json_first(item); i != NULL; i = json_next(i))
            add_value(out, object ? json_key(i) : NULL, i);
        if (object)
            json_end_object(out);
        else
            json_end_array(out);
    } else if (json_item_bool(item, &flag)) {
        json_add_bool(out, key, flag);
    }
}

const char *door_echo_list(struct door_call *call, const char *key)
{
    const struct cJSON *list = json_array(call->json, key);
    struct json_out out;
    struct buf buf;
    const char *text;

    buf_init(&buf, ECHO_MAX);
    json_out_init(&out, &buf);
    json_begin_array(&out, NULL);
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i))
        add_value(&out, NULL, i);
    json_end_array(&out);
    text = arena_strn(call->request->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return text;
}

void door_echo_add(struct json_out *out, const char *echo)
{
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;

    if (json_parse(echo, strlen(echo), NULL, &json, &err) < 0)
        return;
    for (const struct cJSON *i = json_first(json); i != NULL; i = json_next(i))
        if (!str_eq(json_key(i), VERSION))
            add_value(out, json_key(i), i);
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
    const struct cJSON *json = door_shape_object(s, s->call->json, "NotificationConfig");
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
    const struct cJSON *json = door_shape_object(s, s->call->json, "CloudWatchOutputConfig");

    (void)door_shape_text(s, json, "cloudWatchOutputConfig.", "CloudWatchLogGroupName", &group);
    (void)door_shape_bool(s, json, "CloudWatchOutputEnabled");
}

static void read_alarms(struct door_shape *s)
{
    static const struct door_shape_rule name = {.required = true, .min = 1, .max = 255};
    const struct cJSON *json = door_shape_object(s, s->call->json, "AlarmConfiguration");
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
    static const char *const objects[] = {"NotificationConfig", "CloudWatchOutputConfig",
                                          "AlarmConfiguration"};
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
    for (size_t i = 0; i < sizeof(objects) / sizeof(objects[0]); i++)
        if (json_object(json, objects[i]) != NULL)
            add_value(&out, objects[i], json_object(json, objects[i]));
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
    const char *topic = json_str(json_object(call->json, "NotificationConfig"), "NotificationArn");

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
