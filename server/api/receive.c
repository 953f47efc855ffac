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

/* By the secret that it was signed with, which is all that can come again as it came. */
static void take_own_mark(struct receiving *r)
{
    (void)signature_mark(r->signature, signature_fitting(r->signature), r->delivery.body_mark);
}

/* The hooks of an organisation and a repository may have two secrets, and bring one body; while secrets are exchanged there
 * are two as well. With one of them nothing is looked for here. */
static int find_by_other_marks(struct db *db, struct receiving *r, struct err *err)
{
    int64_t first = 0, id = 0;
    int rc = 0;

    for (size_t i = 0; rc == 0 && signature_mark(r->signature, i, r->delivery.body_mark); i++) {
        if (i == signature_fitting(r->signature))
            continue;
        rc = store_delivery_by_body(db, &r->delivery, &id, err);
        if (rc == 0 && id != 0 && (first == 0 || id < first))
            first = id;
    }
    r->delivery.repeat_of = first;
    take_own_mark(r);
    return rc;
}

/* Byte by byte: frames of equal bodies are equal, unless another version of zstd made one of them. */
static bool is_body(const struct receiving *r, const void *zstd, size_t zstd_len, size_t size)
{
    char *was = NULL, *is = NULL;
    size_t was_len = 0, is_len = 0;
    bool same = size == r->size && zstd_len == r->zstd_len && memcmp(zstd, r->zstd, zstd_len) == 0;

    if (same || size != r->size)
        return same;
    same = zip_expand(zip_of_thread(), zstd, zstd_len, size, &was, &was_len, NULL) == 0 &&
           zip_expand(zip_of_thread(), r->zstd, r->zstd_len, size, &is, &is_len, NULL) == 0 &&
           was_len == is_len && memcmp(was, is, is_len) == 0;
    free(was);
    free(is);
    return same;
}

/* A GUID that is known, but no mark that fits: it was signed with a secret that is no longer one of ours, or it is another. */
static int compare_bodies(struct db *db, struct receiving *r, struct arena *arena, struct err *err)
{
    struct delivery known = {.id = 0};
    const void *zstd = NULL;
    size_t len = 0, size = 0;
    int rc = store_delivery_by_id(db, arena, r->id, &known, err);

    if (rc < 0 || strcmp(known.event, r->delivery.event) != 0)
        return rc;
    rc = store_delivery_body(db, arena, r->id, &zstd, &len, &size, err);
    if (rc == 0)
        r->same = is_body(r, zstd, len, size);
    return rc == ERR_NOT_FOUND ? 0 : rc;
}

static int says_the_same(struct db *db, struct receiving *r, struct err *err)
{
    struct arena arena;
    int rc = 0;

    r->same = false;
    for (size_t i = 0;
         rc == 0 && !r->same && signature_mark(r->signature, i, r->delivery.body_mark); i++)
        rc = store_delivery_says(db, r->id, &r->delivery, &r->same, err);
    take_own_mark(r);
    if (rc < 0 || r->same)
        return rc;
    arena_init(&arena);
    rc = compare_bodies(db, r, &arena, err);
    arena_deinit(&arena);
    return rc;
}

static int put(struct db *db, void *arg, struct err *err)
{
    struct receiving *r = arg;
    int rc = find_by_other_marks(db, r, err); /* it may be run again */

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
            log_warning("webhook.other-under-known-guid", "delivery=%s event=%s request=%s",
                        LOG(r->delivery.guid), LOG(r->delivery.event), r->request->id);
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
