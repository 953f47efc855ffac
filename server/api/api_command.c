#include "server/api/api_command.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/store/store_command.h"
#include "lib/store/store_door_command.h"
#include "lib/store/store_reply.h"
#include "server/api/api_shape.h"
#include "server/api/api_view.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define PAGE_USUAL 50
#define PAGE_MAX 200

static void add_command(struct json_out *out, const struct door_command *c)
{
    json_add_str(out, "id", c->id);
    json_add_str(out, "key", c->key_name);
    json_add_str(out, "document", c->document_name);
    json_add_str(out, "version", c->document_version);
    api_shape_text_or_null(out, "comment", c->comment);
    json_add_time(out, "requested_at", c->requested_at);
    json_add_time(out, "expires_at", c->expires_at);
    json_add_time(out, "ended_at", c->ended_at);
    json_add_str(out, "status", invocation_statuses[c->status].text);
    json_add_str(out, "details", c->details);
    json_add_int(out, "targets", c->n_targets);
    json_add_int(out, "completed", c->n_completed);
    json_add_int(out, "errors", c->n_errors);
    json_add_int(out, "undelivered", c->n_undelivered);
}

static int add_commands(struct api_view *view, struct json_out *out, struct err *err)
{
    struct request *request = view->request;
    const char *before = request_query(request, "before");
    struct door_command *items = NULL;
    int64_t limit = PAGE_USUAL;
    size_t n = 0;
    int rc = 0;

    if (before != NULL && !names_is_uuid(before))
        rc = err_set(err, ERR_INVALID, "before: expected the id of a command");
    if (rc == 0)
        rc = request_query_int(request, "limit", 1, PAGE_MAX, PAGE_USUAL, &limit, err);
    if (rc == 0)
        rc = store_door_command_list(view->db, request->arena, before != NULL ? before : "",
                                     (size_t)limit, &items, &n, err);
    json_begin_array(out, "commands");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        add_command(out, &items[i]);
        json_end_object(out);
    }
    json_end_array(out);
    json_add_str(out, "next", n == (size_t)limit ? items[n - 1].id : NULL);
    return rc;
}

enum request_next api_command_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_commands);
}

/* What came too late, or could not be read: stored, and changing nothing (ssm-wire.md 5.3). */
static void add_notes(struct json_out *out, const struct reply_note *notes, size_t n,
                      const char *host_id)
{
    json_begin_array(out, "notes");
    for (size_t i = 0; i < n; i++) {
        if (strcmp(notes[i].host_id, host_id) != 0)
            continue;
        json_begin_object(out, NULL);
        json_add_time(out, "at", notes[i].received_at);
        json_add_str(out, "text", notes[i].note);
        json_end_object(out);
    }
    json_end_array(out);
}

static int add_host(struct json_out *out, struct api_view *view, const char *id,
                    const struct door_target *t, const struct reply_note *notes, size_t n_notes,
                    struct err *err)
{
    struct invocation i;
    int rc = store_command_invocation(view->db, view->request->arena, id, t->host_id, &i, err);

    if (rc < 0)
        return rc;
    json_begin_object(out, NULL);
    json_add_str(out, "host", t->host);
    json_add_str(out, "host_id", t->host_id);
    json_add_str(out, "status", invocation_statuses[i.status].text);
    json_add_str(out, "details", i.details);
    api_shape_text_or_null(out, "cause", i.cause);
    if (i.exit_code >= 0)
        json_add_int(out, "exit_code", i.exit_code);
    else
        json_add_null(out, "exit_code");
    json_add_time(out, "offered_at", i.offered_at);
    json_add_time(out, "ended_at", i.ended_at);
    add_notes(out, notes, n_notes, t->host_id);
    json_end_object(out);
    return 0;
}

static int add_all(struct api_view *view, struct json_out *out, struct err *err)
{
    const char *id = view->request->segments[0];
    struct arena *arena = view->request->arena;
    struct door_command command;
    struct door_target *targets = NULL;
    struct reply_note *notes = NULL;
    size_t n = 0, n_notes = 0;
    int rc = names_is_uuid(id) ? store_door_command_any(view->db, arena, id, &command, err)
                               : err_set(err, ERR_NOT_FOUND, "no command %.64s", id);

    if (rc == 0)
        rc = store_door_command_targets(view->db, arena, id, &targets, &n, err);
    if (rc == 0)
        rc = store_reply_notes(view->db, arena, id, &notes, &n_notes, err);
    if (rc < 0)
        return rc;
    add_command(out, &command);
    json_begin_array(out, "hosts");
    for (size_t i = 0; i < n && rc == 0; i++)
        rc = add_host(out, view, id, &targets[i], notes, n_notes, err);
    json_end_array(out);
    return rc;
}

enum request_next api_command_get(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_all);
}
