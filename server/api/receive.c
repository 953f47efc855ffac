#include "server/api/receive.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/base/zip.h"
#include "lib/github/body_time.h"
#include "lib/github/signature.h"
#include "lib/model/delivery.h"
#include "lib/store/store_delivery.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_metrics.h"
#include "server/api/disk.h"
#include "server/api/reply.h"

/* One delivery on its way into the store; in the arena of its request. */
struct receiving {
    struct request *request;
    struct delivery delivery;
    struct signature *signature; /* freed with the request, as is `zstd` */
    char *zstd;
    size_t zstd_len;
    size_t size; /* of the body, before compression */

    /* Written by the writer's thread before it resumes the request. */
    atomic_bool stored; /* `rc`, `known` and `id` are there */
    int rc;
    bool known;
    bool same; /* ... and it says what that one said */
    int64_t id;
};

/* Headers --------------------------------------------------------------------------------------- */

/* One printable word of at most `max` bytes: what GitHub sends, and safe in a log line. */
static bool copy_word(const char *value, char *word, size_t size)
{
    size_t len = value != NULL ? strlen(value) : 0;

    if (len == 0 || len >= size)
        return false;
    for (size_t i = 0; i < len; i++) {
        if (value[i] <= ' ' || value[i] > '~')
            return false;
    }
    memcpy(word, value, len + 1);
    return true;
}

/* The media type without its parameters: 0 JSON, 1 form, -1 neither. */
static int media_type(const char *value)
{
    static const char *const types[] = {"application/json", "application/x-www-form-urlencoded"};
    size_t len = value != NULL ? strcspn(value, ";") : 0;

    while (len > 0 && (value[len - 1] == ' ' || value[len - 1] == '\t'))
        len--;
    for (int i = 0; i < 2; i++) {
        if (len == strlen(types[i]) && strncasecmp(value, types[i], len) == 0)
            return i;
    }
    return -1;
}

static struct log_outside refusals; /* whoever comes can cause them */

static enum request_next refuse(struct request *request, struct reply *reply, int status,
                                const char *why)
{
    const struct receiving *r = request->state;

    log_outside(&refusals, "webhook.refused", "status=%d why=%s delivery=%s peer=%s request=%s",
                status, LOG(why), LOG(r->delivery.guid), LOG(request->peer.address), request->id);
    reply_refuse(request, reply, status, NULL);
    reply->close = true; /* whoever is refused gets no second try on the same connection (T07) */
    return REQUEST_DONE;
}

static void receiving_end(struct request *request)
{
    struct receiving *r = request->state;

    signature_free(r->signature);
    free(r->zstd);
}

enum request_next receive_begin(struct request *request, struct reply *reply)
{
    struct receiving *r = arena_alloc(request->arena, sizeof(*r));
    unsigned char claimed[SIGNATURE_SIZE];
    struct disk_room room;
    int status;
    int type;

    r->request = request;
    request->state = r;
    request->end = receiving_end;
    if (!copy_word(request_header(request, "X-GitHub-Event"), r->delivery.event,
                   sizeof(r->delivery.event)))
        return refuse(request, reply, 400, "X-GitHub-Event is missing or odd");
    if (!copy_word(request_header(request, "X-GitHub-Delivery"), r->delivery.guid,
                   sizeof(r->delivery.guid))) {
        r->delivery.guid[0] = '\0';
        return refuse(request, reply, 400, "X-GitHub-Delivery is missing or odd");
    }
    status = request_length_refused(request);
    if (status != 0)
        return refuse(request, reply, status,
                      status == 411 ? "no Content-Length" : "body is over 25 MiB");
    type = media_type(request_header(request, "Content-Type"));
    if (type < 0)
        return refuse(request, reply, 415, "media type is neither JSON nor a form");
    r->delivery.form = type == 1;
    if (!signature_parse(request_header(request, "X-Hub-Signature-256"), claimed))
        return refuse(request, reply, 401, "signature is missing or malformed");
    room = disk_look(request->api->disk, clock_mono(request->api->clock));
    if (room.low)
        return refuse(request, reply, 503,
                      arena_printf(request->arena,
                                   "the disk has %llu MiB free, %llu MiB are needed",
                                   (unsigned long long)room.free_mib,
                                   (unsigned long long)room.needed_mib));
    r->signature =
        signature_new(claimed, request->api->webhook_secrets, request->api->n_webhook_secrets);
    return REQUEST_WAITS;
}

void receive_piece(struct request *request, const char *bytes, size_t len)
{
    struct receiving *r = request->state;

    signature_feed(r->signature, bytes, len);
}

/* Storing --------------------------------------------------------------------------------------- */

static bool take_mark(struct receiving *r, size_t nth)
{
    unsigned char mark[SIGNATURE_MARK_SIZE];

    if (!signature_mark(r->signature, nth, mark))
        return false;
    digest_hex(mark, sizeof(mark), r->delivery.body_mark);
    return true;
}

/* When secrets are exchanged the first one is another than when it came before. */
static int find_by_other_marks(struct db *db, struct receiving *r, struct err *err)
{
    int rc = 0;

    r->delivery.repeat_of = 0;
    for (size_t i = 1; rc == 0 && r->delivery.repeat_of == 0 && take_mark(r, i); i++)
        rc = store_delivery_by_body(db, &r->delivery, &r->delivery.repeat_of, err);
    (void)take_mark(r, 0);
    return rc;
}

static int says_the_same(struct db *db, struct receiving *r, struct err *err)
{
    int rc = 0;

    r->same = false;
    for (size_t i = 0; rc == 0 && !r->same && take_mark(r, i); i++)
        rc = store_delivery_says(db, r->id, &r->delivery, &r->same, err);
    return rc;
}

static int put(struct db *db, void *arg, struct err *err)
{
    struct receiving *r = arg;
    int rc = find_by_other_marks(db, r, err);

    if (rc == 0)
        rc = store_delivery_put(db, &r->delivery, r->zstd, r->zstd_len, r->size, &r->id, &r->known,
                                err);
    r->same = true;
    return rc == 0 && r->known ? says_the_same(db, r, err) : rc;
}

/* On the writer's thread, after the commit. The sender may be gone by now; the row is there. */
static void put_done(void *arg, int rc, const struct err *err)
{
    struct receiving *r = arg;
    struct api *api = r->request->api;

    r->rc = rc;
    if (rc < 0) {
        log_error("webhook.not-stored", "delivery=%s request=%s err=%s", LOG(r->delivery.guid),
                  r->request->id, LOG(err->text));
    } else {
        log_debug("webhook.stored", "delivery=%s event=%s bytes=%zu request=%s",
                  LOG(r->delivery.guid), LOG(r->delivery.event), r->size, r->request->id);
        if (!r->same) /* the first one counts (W3); the header is not signed */
            log_warning("webhook.other-under-known-guid", "delivery=%s event=%s mark=%s request=%s",
                        LOG(r->delivery.guid), LOG(r->delivery.event), r->delivery.body_mark,
                        r->request->id);
        metrics_count_delivery(api->metrics, !r->same   ? METRICS_DELIVERY_OTHER
                                             : r->known ? METRICS_DELIVERY_KNOWN
                                                        : METRICS_DELIVERY_STORED);
        api->ring_record(api->flow);
    }
    atomic_store(&r->stored, true);
    request_resume(r->request);
    request_let_go(r->request);
}

static enum request_next receive_stored(struct request *request, struct reply *reply)
{
    struct receiving *r = request->state;

    if (!atomic_load(&r->stored))
        return REQUEST_WAITS; /* woken by the stop of the server: the commit is still under way */
    if (r->rc < 0)
        return refuse(request, reply, 503, "not stored");
    reply_refuse(request, reply, 202, NULL);
    return REQUEST_DONE;
}

enum request_next receive_delivery(struct request *request, struct reply *reply)
{
    struct receiving *r = request->state;
    struct err err = ERR_INIT;
    int rc;

    if (signature_judge(r->signature) != SIGNATURE_RIGHT)
        return refuse(request, reply, 401,
                      "signature mismatch; check the secret in GitHub's settings");

    /* From here on it is GitHub that speaks. */
    r->delivery.state = DELIVERY_RECEIVED;
    r->delivery.received_at = clock_now(request->api->clock);
    r->delivery.body_at = body_time(request->body, request->body_len, r->delivery.form);
    r->size = request->body_len;
    r->zstd = zip_compress(zip_of_thread(), request->body, request->body_len, &r->zstd_len);
    request_drop_body(request);
    request_keeps(request, r->zstd_len);

    request_then(request, receive_stored);
    request_hold(request);
    rc = writer_post_ahead(request->api->writer, put, r, put_done, &err);
    if (rc < 0) {
        request_let_go(request);
        return refuse(request, reply, 503, err.text);
    }
    return REQUEST_WAITS;
}
