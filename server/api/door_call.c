/* door_call: see door_call.h. Source: ssm-wire.md 1. */
#include "server/api/door_call.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/reply.h"

#define CONTENT_TYPE "application/x-amz-json-1.1"
#define ERROR_MAX 4096

static void add_request_id(struct door_call *call, struct reply *reply)
{
    char *id = arena_alloc(call->request->arena, NAMES_UUID_SIZE);

    names_uuid_new(id);
    reply_header(reply, "x-amzn-RequestId", id);
}

enum request_next door_call_answer(struct door_call *call, struct reply *reply, const char *json)
{
    reply_body(reply, 200, CONTENT_TYPE, json, strlen(json));
    add_request_id(call, reply);
    return REQUEST_DONE;
}

enum request_next door_call_answer_buf(struct door_call *call, struct reply *reply, struct buf *buf)
{
    bool overflow = buf->overflow;
    const char *json = overflow ? NULL : arena_strn(call->request->arena, buf_str(buf), buf->len);

    buf_deinit(buf);
    return overflow ? door_call_fault(call, reply, "the answer is too long")
                    : door_call_answer(call, reply, json);
}

void door_call_add_time(struct json_out *out, const char *key, time_ms at)
{
    if (at != 0)
        json_add_double(out, key, (double)at / 1000.0);
}

const char *door_call_actor(const struct door_call *call)
{
    if (call->key.name != NULL)
        return arena_printf(call->request->arena, "key:%s", call->key.name);
    return arena_printf(call->request->arena, "host:%s", call->host.id);
}

static void answer_error(struct door_call *call, struct reply *reply, int status, const char *code,
                         const char *text)
{
    struct json_out out;
    struct buf buf;
    const char *body;

    buf_init(&buf, ERROR_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "__type", code);
    json_add_str(&out, "message", text);
    json_end_object(&out);
    body = buf.overflow ? "{\"__type\":\"InternalServerError\",\"message\":\"\"}"
                        : arena_strn(call->request->arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    reply_body(reply, status, CONTENT_TYPE, body, strlen(body));
    add_request_id(call, reply);
}

static const char *target_of(const struct door_call *call)
{
    return call->operation != NULL ? call->operation->target : "-";
}

static struct log_outside refusals; /* whoever comes can cause them */

static enum request_next refuse_as(struct door_call *call, struct reply *reply, int status,
                                   const char *code, const char *text)
{
    log_outside(&refusals, "door.refused", "call=%s who=%s code=%s err=%s peer=%s request=%s",
                target_of(call), LOG(call->key.name != NULL ? call->key.name : call->host.name),
                code, LOG(text), LOG(call->request->peer.address), call->request->id);
    answer_error(call, reply, status, code, text);
    return REQUEST_DONE;
}

enum request_next door_call_refuse(struct door_call *call, struct reply *reply, const char *code,
                                   const char *text)
{
    return refuse_as(call, reply, 400, code, text);
}

enum request_next door_call_put_off(struct door_call *call, struct reply *reply, const char *code,
                                    const char *text)
{
    return refuse_as(call, reply, 500, code, text);
}

enum request_next door_call_fault(struct door_call *call, struct reply *reply, const char *text)
{
    bool messages = call->operation != NULL && strcmp(call->operation->service, "ec2messages") == 0;

    log_error("door.fault", "call=%s who=%s err=%s request=%s", target_of(call),
              LOG(call->key.name != NULL ? call->key.name : call->host.name), LOG(text),
              call->request->id);
    answer_error(call, reply, 500, messages ? "InternalServerException" : "InternalServerError",
                 "try again later");
    return REQUEST_DONE;
}

/* Writing ------------------------------------------------------------------------------------- */

static int run_write(struct db *db, void *arg, struct err *err)
{
    struct door_call *call = arg;

    return call->write(db, call, err);
}

/* On the writer's thread, after the commit. */
static void write_done(void *arg, int rc, const struct err *err)
{
    struct door_call *call = arg;

    call->rc = rc;
    if (rc < 0)
        call->err = *err;
    atomic_store(&call->written, true);
    request_resume(call->request);
    request_let_go(call->request);
}

static enum request_next after_write(struct request *request, struct reply *reply)
{
    struct door_call *call = request->state;

    if (!atomic_load(&call->written))
        return REQUEST_WAITS; /* woken by the stop of the server: the commit is still under way */
    if (call->rc == 0)
        return call->then(call, reply);
    if (call->refusal != NULL)
        return door_call_refuse(call, reply, call->refusal, call->err.text);
    return door_call_fault(call, reply, call->err.text);
}

enum request_next door_call_write(struct door_call *call, struct reply *reply,
                                  int (*write)(struct db *db, struct door_call *call,
                                               struct err *err),
                                  door_call_fn *then)
{
    struct request *request = call->request;
    struct err err = ERR_INIT;

    call->write = write;
    call->then = then;
    call->refusal = NULL;
    atomic_store(&call->written, false);
    request_then(request, after_write);
    request_hold(request);
    if (writer_post(request->api->writer, run_write, call, write_done, &err) < 0) {
        request_let_go(request);
        return door_call_fault(call, reply, err.text);
    }
    return REQUEST_WAITS;
}

int door_call_refusal(struct door_call *call, struct err *err, enum err_code code,
                      const char *refusal, const char *text)
{
    call->refusal = refusal;
    return err_set(err, code, "%s", text);
}

enum request_next door_call_done(struct door_call *call, struct reply *reply)
{
    return door_call_answer(call, reply, "{}");
}

enum request_next door_call_done_and_ring(struct door_call *call, struct reply *reply)
{
    struct api *api = call->request->api;

    api->ring_flow(api->flow);
    return door_call_answer(call, reply, "{}");
}

bool door_call_text(struct door_call *call, const char *key, size_t max, const char **ret_text)
{
    const struct cJSON *item = json_get(call->json, key);
    const char *text = json_string_value(item);

    if (item != NULL && (text == NULL || strlen(text) > max))
        return false;
    *ret_text = text != NULL ? text : "";
    return true;
}
