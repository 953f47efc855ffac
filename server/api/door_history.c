/* door_history: see door_history.h. */
#include "server/api/door_history.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/content.h"
#include "lib/ssm/door_status.h"
#include "lib/ssm/output_cut.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_command.h"
#include "server/api/api.h"
#include "server/api/door_echo.h"
#include "server/api/door_page.h"
#include "server/api/door_send.h"
#include "server/api/door_shape.h"
#include "server/api/door_view.h"

#define ANSWER_MAX ((size_t)4 << 20)
#define PAGE_MAX                                                                                   \
    ((size_t)1 << 20) /* a page of so many bytes is over; one invocation has 1.5 MB at most */
#define PAGE_USUAL 50
#define SCAN 100      /* commands that are read at once ... */
#define SCAN_MAX 2000 /* ... and rows looked at for one page, which may be shorter than asked */
#define TRACE_MAX 2500
#define FILTERS_MAX 5

static const char *instant(struct arena *arena, time_ms at)
{
    char text[TIMESTAMP_SIZE];

    if (at == 0)
        return "";
    timestamp_format(at, text);
    return arena_str(arena, text);
}

/* GetCommandInvocation --------------------------------------------------------------------------- */

struct getting {
    const char *command_id;
    const char *host_id;
    const char *plugin;
    struct door_command command;
    struct content content;
    struct door_view view;
    int number;
    const char *out, *err;
};

static int load_getting(struct door_call *call, struct db *db, struct getting *g,
                        const char **ret_code, struct err *err)
{
    struct arena *arena = call->request->arena;
    int rc = store_door_command(db, arena, g->command_id, call->key.name, &g->command, err);

    if (rc == 0)
        rc = door_view_load(db, arena, g->command_id, g->host_id, &g->view, err);
    if (rc == ERR_NOT_FOUND) {
        *ret_code = "InvocationDoesNotExist";
        return rc;
    }
    if (rc == 0)
        rc = door_view_content(db, arena, g->command_id, &g->content, err);
    if (rc < 0)
        return rc;
    g->number = g->plugin != NULL         ? content_step_number(&g->content, g->plugin)
                : g->content.n_steps == 1 ? 0
                                          : -1;
    if (g->number < 0) {
        *ret_code = "InvalidPluginName";
        return err_set(err, ERR_INVALID, "%s",
                       g->plugin != NULL ? "the document has no step of that name"
                                         : "the document has several steps: PluginName says which");
    }
    g->plugin = g->content.steps[g->number].name;
    return door_view_output(db, arena, &g->view, g->number, g->plugin, &g->out, &g->err, err);
}

static enum request_next answer_getting(struct door_call *call, struct reply *reply,
                                        const struct getting *g)
{
    const struct step *s = door_view_step(&g->view, g->number);
    struct door_status status = door_view_status(&g->view, g->number, call->now);
    struct arena *arena = call->request->arena;
    char elapsed[DOOR_STATUS_DURATION_SIZE] = "";
    const struct step *end = door_view_end(s);
    struct json_out out;
    struct buf buf;

    if (end->started_at != 0 && end->ended_at >= end->started_at)
        door_status_duration(end->ended_at - end->started_at, elapsed);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "CommandId", g->command.id);
    json_add_str(&out, "InstanceId", g->host_id);
    json_add_str(&out, "Comment", g->command.comment);
    json_add_str(&out, "DocumentName", g->command.document_name);
    json_add_str(&out, "DocumentVersion", door_echo_version(arena, &g->command));
    json_add_str(&out, "PluginName", g->plugin);
    json_add_int(&out, "ResponseCode", end->exit_code);
    json_add_str(&out, "ExecutionStartDateTime", s != NULL ? instant(arena, s->started_at) : "");
    json_add_str(&out, "ExecutionElapsedTime", elapsed);
    json_add_str(&out, "ExecutionEndDateTime", instant(arena, end->ended_at));
    json_add_str(&out, "Status", status.status);
    json_add_str(&out, "StatusDetails", status.details);
    json_add_str(&out, "StandardOutputContent", g->out);
    json_add_str(&out, "StandardOutputUrl", "");
    json_add_str(&out, "StandardErrorContent", g->err);
    json_add_str(&out, "StandardErrorUrl", "");
    door_echo_add(&out, g->command.echo, door_echo_of_look);
    json_end_object(&out);
    return door_call_answer_buf(call, reply, &buf);
}

enum request_next door_history_invocation(struct door_call *call, struct reply *reply)
{
    static const struct door_shape_rule plugin = {.min = 4};
    struct db_pool *readers = call->request->api->readers;
    struct getting *g = arena_alloc(call->request->arena, sizeof(*g));
    const char *code = NULL;
    struct err err = ERR_INIT;
    struct door_shape s;
    struct db *db;
    int rc;

    door_shape_init(&s, call);
    g->command_id = door_shape_text(&s, call->json, "", "CommandId", &door_shape_command);
    g->host_id = door_shape_text(&s, call->json, "", "InstanceId", &door_shape_instance);
    g->plugin = door_shape_text(&s, call->json, "", "PluginName", &plugin);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (!names_is_uuid(g->command_id))
        return door_call_refuse(call, reply, "InvalidCommandId", "CommandId is a UUID");
    if (db_pool_take(readers, &db, &err) < 0)
        return door_call_fault(call, reply, err.text);
    rc = load_getting(call, db, g, &code, &err);
    db_pool_give(readers, db);
    if (rc == 0)
        return answer_getting(call, reply, g);
    return code != NULL ? door_call_refuse(call, reply, code, err.text)
                        : door_call_fault(call, reply, err.text);
}

/* Lists ------------------------------------------------------------------------------------------ */

struct listing {
    struct door_call *call;
    bool of_invocations;
    bool details;
    const char *command_id; /* NULL = all */
    const char *host_id;    /* NULL = all */
    int64_t max;
    time_ms after, before; /* 0 = none */
    const char *status;    /* NULL */
    const char *document;
    const char *stage;
    const char *arguments;
    const char *position; /* id of the last command looked at, and of the host behind a '/' */
    struct json_out out;
    struct buf buf;
    int64_t found;
    size_t looked;
    bool more;
};

/* "commands" or "invocations" of these words; NULL = it is one. */
static const char *wrong_status(const char *status, bool of_invocations)
{
    static const char *const both[] = {"Pending",      "InProgress",       "Success",
                                       "Cancelled",    "Failed",           "TimedOut",
                                       "AccessDenied", "DeliveryTimedOut", "ExecutionTimedOut"};
    static const char *const commands[] = {"Incomplete", "NoInstancesInTag", "LimitExceeded"};
    static const char *const invocations[] = {"Delayed", "Undeliverable", "InvalidPlatform",
                                              "Terminated"};

    for (size_t i = 0; i < sizeof(both) / sizeof(both[0]); i++)
        if (strcmp(both[i], status) == 0)
            return NULL;
    for (size_t i = 0; !of_invocations && i < sizeof(commands) / sizeof(commands[0]); i++)
        if (strcmp(commands[i], status) == 0)
            return NULL;
    for (size_t i = 0; of_invocations && i < sizeof(invocations) / sizeof(invocations[0]); i++)
        if (strcmp(invocations[i], status) == 0)
            return NULL;
    return "is no status to filter by";
}

/* One filter; NULL, or what is wrong with it. */
static const char *take_filter(struct listing *l, const char *key, const char *value)
{
    if (strcmp(key, "InvokedAfter") == 0 || strcmp(key, "InvokedBefore") == 0)
        return timestamp_parse_rfc3339(value, strcmp(key, "InvokedAfter") == 0 ? &l->after
                                                                               : &l->before) < 0
                   ? "is no instant of ISO 8601"
                   : NULL;
    if (strcmp(key, "Status") == 0) {
        l->status = value;
        return wrong_status(value, l->of_invocations);
    }
    if (strcmp(key, "DocumentName") == 0) {
        l->document = value;
        return NULL;
    }
    if (strcmp(key, "ExecutionStage") == 0 && !l->of_invocations) {
        l->stage = value;
        return strcmp(value, "Executing") == 0 || strcmp(value, "Complete") == 0
                   ? NULL
                   : "is Executing or Complete";
    }
    return "is no filter key here";
}

static const char *read_filters(struct listing *l, struct door_shape *s, struct buf *arguments)
{
    static const struct door_shape_rule key_rule = {.required = true, .min = 1};
    static const struct door_shape_rule value_rule = {.required = true, .min = 1, .max = 128};
    struct arena *arena = l->call->request->arena;
    const struct cJSON *list =
        door_shape_list(s, l->call->json, "", "Filters", json_get(l->call->json, "Filters") != NULL,
                        FILTERS_MAX);
    const char *odd = NULL;

    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        const char *key = door_shape_text(s, i, "filters.member.", "key", &key_rule);
        const char *value = door_shape_text(s, i, "filters.member.", "value", &value_rule);
        const char *wrong = key != NULL && value != NULL ? take_filter(l, key, value) : NULL;

        if (wrong != NULL && odd == NULL)
            odd = arena_printf(arena, "%.100s %.100s %s", key, value, wrong);
        door_page_add(arguments, 'f', key);
        door_page_add(arguments, 'v', value);
    }
    return odd;
}

static bool is_status(const struct listing *l, const char *status, const char *details)
{
    return l->status == NULL || strcmp(l->status, status) == 0 ||
           (details != NULL && strcmp(l->status, details) == 0);
}

/* As far as the command tells. */
static bool command_fits(const struct listing *l, const struct door_command *c)
{
    if ((l->after != 0 && c->requested_at < l->after) ||
        (l->before != 0 && c->requested_at >= l->before) ||
        (l->document != NULL && strcmp(l->document, c->document_name) != 0))
        return false;
    if (l->of_invocations)
        return true;
    if (l->stage != NULL && (strcmp(l->stage, "Complete") == 0) != (c->ended_at != 0))
        return false;
    return is_status(l, invocation_statuses[c->status].text, c->details);
}

static int add_plugins(struct listing *l, struct db *db, const struct door_view *v,
                       const struct content *content, struct err *err)
{
    struct arena *arena = l->call->request->arena;
    int rc = 0;

    json_begin_array(&l->out, "CommandPlugins");
    for (size_t i = 0; l->details && i < content->n_steps && rc == 0; i++) {
        const struct step *s = door_view_step(v, (int)i);
        struct door_status status = door_view_status(v, (int)i, l->call->now);
        const char *out = "", *error = "";
        const struct step *end = door_view_end(s);

        if (s != NULL)
            rc = door_view_output(db, arena, v, (int)i, s->name, &out, &error, err);
        /* Words of the whole that a plugin has not (ssm-wire.md 3.3). */
        if (strcmp(status.status, "Delayed") == 0)
            status = door_status_of_step(STEP_PENDING);
        if (strcmp(status.status, "Cancelling") == 0)
            status = door_status_of_step(STEP_IN_PROGRESS);
        json_begin_object(&l->out, NULL);
        json_add_str(&l->out, "Name", content->steps[i].name);
        json_add_str(&l->out, "Status", status.status);
        json_add_str(&l->out, "StatusDetails", status.details);
        json_add_int(&l->out, "ResponseCode", end->exit_code);
        door_call_add_time(&l->out, "ResponseStartDateTime", s != NULL ? s->started_at : 0);
        door_call_add_time(&l->out, "ResponseFinishDateTime", end->ended_at);
        json_add_str(&l->out, "Output", output_cut_both(arena, out, error));
        json_add_str(&l->out, "StandardOutputUrl", "");
        json_add_str(&l->out, "StandardErrorUrl", "");
        json_add_str(&l->out, "OutputS3Region", "");
        json_add_str(&l->out, "OutputS3BucketName", "");
        json_add_str(&l->out, "OutputS3KeyPrefix", "");
        json_end_object(&l->out);
    }
    json_end_array(&l->out);
    return rc;
}

static int add_invocation(struct listing *l, struct db *db, const struct door_command *c,
                          const struct door_view *v, struct err *err)
{
    struct arena *arena = l->call->request->arena;
    const struct invocation *i = &v->invocation;
    struct door_status status = door_status_of(i, l->call->now);
    struct content content = {.n_steps = 0};
    const char *trace = i->cause != NULL ? i->cause : "";
    int rc = l->details ? door_view_content(db, arena, c->id, &content, err) : 0;

    if (rc < 0)
        return rc;
    json_begin_object(&l->out, NULL);
    json_add_str(&l->out, "CommandId", c->id);
    json_add_str(&l->out, "InstanceId", i->host_id);
    json_add_str(&l->out, "InstanceName", i->host);
    json_add_str(&l->out, "Comment", c->comment);
    json_add_str(&l->out, "DocumentName", c->document_name);
    json_add_str(&l->out, "DocumentVersion", door_echo_version(arena, c));
    door_call_add_time(&l->out, "RequestedDateTime", c->requested_at);
    json_add_str(&l->out, "Status", status.status);
    json_add_str(&l->out, "StatusDetails", status.details);
    json_add_str(&l->out, "TraceOutput", output_cut(arena, trace, strlen(trace), TRACE_MAX));
    json_add_str(&l->out, "StandardOutputUrl", "");
    json_add_str(&l->out, "StandardErrorUrl", "");
    rc = add_plugins(l, db, v, &content, err);
    door_echo_add(&l->out, c->echo, door_echo_of_invocation);
    json_end_object(&l->out);
    return rc;
}

/* True: the page is full, or long, or enough was looked at. Then `position` is where it goes on. */
static bool is_full(struct listing *l)
{
    l->more = l->found >= l->max || l->looked >= SCAN_MAX || l->buf.len >= PAGE_MAX;
    return l->more;
}

static int list_hosts(struct listing *l, struct db *db, const struct door_command *c,
                      const char *after_host, struct err *err)
{
    struct arena *arena = l->call->request->arena;
    struct door_target *targets;
    size_t n;
    int rc = store_door_command_targets(db, arena, c->id, &targets, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        struct door_status status;
        struct door_view v;

        if (strcmp(targets[i].host_id, after_host) <= 0 ||
            (l->host_id != NULL && strcmp(l->host_id, targets[i].host_id) != 0))
            continue;
        if (is_full(l))
            return 0;
        rc = door_view_load(db, arena, c->id, targets[i].host_id, &v, err);
        if (rc < 0)
            break;
        l->position = arena_printf(arena, "%s/%s", c->id, targets[i].host_id);
        l->looked++;
        status = door_status_of(&v.invocation, l->call->now);
        if (!is_status(l, status.status, status.details))
            continue;
        rc = add_invocation(l, db, c, &v, err);
        l->found++;
    }
    return rc;
}

static int has_host(struct listing *l, struct db *db, const char *command_id, bool *ret_has,
                    struct err *err)
{
    struct invocation i;
    struct err own = ERR_INIT;
    int rc = l->host_id == NULL ? 0
                                : store_command_invocation(db, l->call->request->arena, command_id,
                                                           l->host_id, &i, &own);

    *ret_has = rc == 0;
    if (rc < 0 && rc != ERR_NOT_FOUND)
        *err = own;
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int list_one(struct listing *l, struct db *db, const struct door_command *c,
                    const char *after_host, struct err *err)
{
    bool has;
    int rc = has_host(l, db, c->id, &has, err);

    l->looked++;
    if (rc < 0 || !has || !command_fits(l, c))
        return rc;
    if (l->of_invocations)
        return list_hosts(l, db, c, after_host, err);
    door_send_add(&l->out, l->call, NULL, c);
    l->found++;
    return 0;
}

/* The command that a page ended in is looked at again, behind the host that it ended at. */
static int list_rest(struct listing *l, struct db *db, const char **ret_before, struct err *err)
{
    struct arena *arena = l->call->request->arena;
    const char *slash = strchr(l->position, '/');
    const char *id =
        slash != NULL ? arena_strn(arena, l->position, (size_t)(slash - l->position)) : l->position;
    struct door_command c;
    int rc;

    *ret_before = id;
    if (slash == NULL || !l->of_invocations)
        return 0;
    rc = store_door_command(db, arena, id, l->call->key.name, &c, err);
    return rc == ERR_NOT_FOUND ? 0 : rc < 0 ? rc : list_one(l, db, &c, slash + 1, err);
}

static int list_all(struct listing *l, struct db *db, struct err *err)
{
    struct arena *arena = l->call->request->arena;
    const char *before;
    int rc = list_rest(l, db, &before, err);

    while (rc == 0 && !l->more) {
        struct door_command *commands;
        size_t n;

        rc =
            store_door_command_page(db, arena, l->call->key.name, before, SCAN, &commands, &n, err);
        for (size_t i = 0; i < n && rc == 0; i++) {
            if (is_full(l))
                return 0;
            rc = list_one(l, db, &commands[i], "", err);
            if (l->more)
                return rc;
            before = commands[i].id;
            l->position = before;
        }
        if (n < SCAN)
            break;
    }
    return rc;
}

static int list(struct listing *l, struct db *db, struct err *err)
{
    struct door_command c;
    struct err own = ERR_INIT;
    int rc;

    if (l->command_id == NULL)
        return list_all(l, db, err);
    rc =
        store_door_command(db, l->call->request->arena, l->command_id, l->call->key.name, &c, &own);
    if (rc == ERR_NOT_FOUND)
        return 0; /* an unknown one is an empty list */
    if (rc < 0) {
        *err = own;
        return rc;
    }
    return list_one(l, db, &c, strchr(l->position, '/') != NULL ? strchr(l->position, '/') + 1 : "",
                    err);
}

static enum request_next answer_list(struct listing *l, struct reply *reply, const char *key)
{
    struct db_pool *readers = l->call->request->api->readers;
    struct err err = ERR_INIT;
    struct db *db;
    int rc = db_pool_take(readers, &db, &err);

    if (rc < 0)
        return door_call_fault(l->call, reply, err.text);
    buf_init(&l->buf, ANSWER_MAX);
    json_out_init(&l->out, &l->buf);
    json_begin_object(&l->out, NULL);
    json_begin_array(&l->out, key);
    rc = list(l, db, &err);
    json_end_array(&l->out);
    if (l->more)
        json_add_str(&l->out, "NextToken", door_page_token(l->call, l->arguments, l->position));
    json_end_object(&l->out);
    db_pool_give(readers, db);
    if (rc == 0)
        return door_call_answer_buf(l->call, reply, &l->buf);
    buf_deinit(&l->buf);
    return door_call_fault(l->call, reply, err.text);
}

static enum request_next run_list(struct door_call *call, struct reply *reply, bool of_invocations)
{
    static const struct door_shape_rule command = {.min = 36, .max = 36};
    struct arena *arena = call->request->arena;
    struct door_shape_rule instance = door_shape_instance;
    struct listing *l = arena_alloc(arena, sizeof(*l));
    struct buf arguments;
    struct door_shape s;
    const char *wrong;

    instance.required = false;
    l->call = call;
    l->of_invocations = of_invocations;
    door_shape_init(&s, call);
    l->command_id = door_shape_text(&s, call->json, "", "CommandId", &command);
    l->host_id = door_shape_text(&s, call->json, "", "InstanceId", &instance);
    l->max = door_shape_int(&s, call->json, "MaxResults", 1, 50, PAGE_USUAL);
    l->details = of_invocations && door_shape_bool(&s, call->json, "Details");
    door_page_begin(&arguments);
    door_page_add(&arguments, 'c', l->command_id);
    door_page_add(&arguments, 'h', l->host_id);
    door_page_add(&arguments, 'd', l->details ? "" : NULL);
    wrong = read_filters(l, &s, &arguments);
    l->arguments = door_page_end(call, &arguments);
    if (!door_shape_is_well(&s))
        return door_shape_refuse(&s, reply);
    if (wrong != NULL)
        return door_call_refuse(call, reply, "InvalidFilterKey", wrong);
    if (l->command_id != NULL && !names_is_uuid(l->command_id))
        return door_call_refuse(call, reply, "InvalidCommandId", "CommandId is a UUID");
    if (!door_page_position(call, l->arguments, &l->position))
        return door_call_refuse(call, reply, "InvalidNextToken",
                                "NextToken is not one of this list");
    return answer_list(l, reply, of_invocations ? "CommandInvocations" : "Commands");
}

enum request_next door_history_commands(struct door_call *call, struct reply *reply)
{
    return run_list(call, reply, false);
}

enum request_next door_history_invocations(struct door_call *call, struct reply *reply)
{
    return run_list(call, reply, true);
}
