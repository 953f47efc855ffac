/*
 * door_call: one call at the agents' door, from its verified caller to its answer.
 *
 * Lives in the arena of its request. Its operation's function runs on the http thread; what it
 * writes is posted to the writer, and the answer is given when that is committed: what a host was
 * told is stored.
 */
#ifndef SLIPWAY_SERVER_API_DOOR_CALL_H
#define SLIPWAY_SERVER_API_DOOR_CALL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "lib/base/err.h"
#include "lib/base/timestamp.h"
#include "lib/model/access_key.h"
#include "lib/model/host.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_host.h"
#include "server/api/request.h"

struct buf;
struct cJSON;
struct db;
struct door;
struct door_call;
struct json_out;
struct reply;

/* What must be shown. The strictest is 0: what a table forgets to name is asked for that. */
enum door_call_proof {
    DOOR_CALL_SESSION,    /* signed with session credentials */
    DOOR_CALL_HOST_KEY,   /* signed with the host's own RSA key */
    DOOR_CALL_ACTIVATION, /* an activation code, in the body */
    DOOR_CALL_ACCESS_KEY, /* signed by an AWS caller with his access key */
};

typedef enum request_next door_call_fn(struct door_call *call, struct reply *reply);

struct door_call_operation {
    const char *target;  /* X-Amz-Target, case-sensitive */
    const char *service; /* that its signature must be scoped to */
    enum door_call_proof proof;
    door_call_fn *handler;
};

struct door_call {
    struct request *request;
    struct door *door;
    const struct door_call_operation *operation;
    struct cJSON *json; /* the body: an object; freed with the request */
    struct host host;   /* who asks; with DOOR_CALL_ACTIVATION nobody yet, and no caller */
    const char *spki;   /* DOOR_CALL_HOST_KEY: the key that signed */
    struct activation activation; /* DOOR_CALL_ACTIVATION */
    struct access_key key;        /* DOOR_CALL_ACCESS_KEY; else without a name */
    time_ms now;                  /* when it came */
    mono_ms put_off_until;        /* a poll whose caller cannot be known yet; 0 = it can */
    void *own;                    /* of the operation */

    /* A write under way. Set by the writer's thread before it resumes the request. */
    int (*write)(struct db *db, struct door_call *call, struct err *err);
    door_call_fn *then;
    atomic_bool written;
    int rc;
    struct err err;
    const char *refusal; /* a code that `write` chose for its error; NULL = an internal one */
};

/* The answer is this JSON object, 200. It lives in the arena or is constant. */
enum request_next door_call_answer(struct door_call *call, struct reply *reply, const char *json);

/* The same with what is in `buf`, which is emptied; one that overflowed is a fault. */
enum request_next door_call_answer_buf(struct door_call *call, struct reply *reply,
                                       struct buf *buf);

/* A member as AWS JSON 1.1 writes instants: epoch seconds. Nothing for 0. */
void door_call_add_time(struct json_out *out, const char *key, time_ms at);

/* Who the journal and log lines name: "key:NAME" or "host:ID". In the arena. */
const char *door_call_actor(const struct door_call *call);

/* AWS JSON 1.1's form of an error: 400, or 500 for internal ones. Logs it once. */
enum request_next door_call_refuse(struct door_call *call, struct reply *reply, const char *code,
                                   const char *text);

/* The same with 500: nothing is wrong with who asks, and agents try again after a while. */
enum request_next door_call_put_off(struct door_call *call, struct reply *reply, const char *code,
                                    const char *text);

/* A fault of ours: 500, which agents answer with a back-off. `text` is logged and not sent. */
enum request_next door_call_fault(struct door_call *call, struct reply *reply, const char *text);

/*
 * Run `write` on the writer. Once it is committed `then` gives the answer. If it fails: its
 * `call->refusal` with the error's text, else a fault. `write` runs while the request is held, so
 * the arena is its own. A queue that is full is a fault.
 */
enum request_next door_call_write(struct door_call *call, struct reply *reply,
                                  int (*write)(struct db *db, struct door_call *call,
                                               struct err *err),
                                  door_call_fn *then);

/* For `write`: set the code by which this error is told, and return it. */
int door_call_refusal(struct door_call *call, struct err *err, enum err_code code,
                      const char *refusal, const char *text);

/* `then` for whoever answers {}. */
enum request_next door_call_done(struct door_call *call, struct reply *reply);

/* The same, and the flow looks at what was stored. */
enum request_next door_call_done_and_ring(struct door_call *call, struct reply *reply);

/* A text member of at most `max` bytes, "" if it is absent; false: another type, or too long. */
bool door_call_text(struct door_call *call, const char *key, size_t max, const char **ret_text);

#endif
