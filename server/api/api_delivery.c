#include "server/api/api_delivery.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/base/zip.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_journal.h"
#include "server/api/api.h"
#include "server/api/api_body.h"
#include "server/api/api_shape.h"
#include "server/api/api_view.h"
#include "server/api/api_write.h"
#include "server/api/policy.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define PAGE 50
#define PAGE_MAX 500
#define REASON_MAX 500
#define BODY_STORED_MAX ((size_t)25 << 20) /* what the front door takes */
#define BODY_SHOWN_MAX ((size_t)256 << 10)
#define TOKEN_MIN 36 /* letters behind its beginning (github-wire.md 4) */

/* Shapes ---------------------------------------------------------------------------------------- */

static void add_delivery(struct json_out *out, const struct delivery *d)
{
    json_add_int(out, "id", d->id);
    json_add_str(out, "guid", d->guid);
    json_add_str(out, "event", d->event);
    json_add_str(out, "origin", delivery_origins[d->origin]);
    api_shape_text_or_null(out, "action", d->action);
    api_shape_text_or_null(out, "repository", d->repository);
    json_add_str(out, "state", delivery_states[d->state].text);
    api_shape_text_or_null(out, "note", d->note);
    json_add_time(out, "received_at", d->received_at);
    json_add_time(out, "recorded_at", d->recorded_at);
    api_shape_int_or_null(out, "repeat_of", d->repeat_of);
}

/* The list -------------------------------------------------------------------------------------- */

static int add_list(struct api_view *view, struct json_out *out, struct err *err)
{
    struct request *request = view->request;
    bool failed = str_eq(request_query(request, "failed"), "1");
    int64_t before = 0, limit = PAGE;
    struct delivery *items = NULL;
    size_t n = 0;
    int rc = request_query_int(request, "before", 1, INT64_MAX, 0, &before, err);

    if (rc == 0)
        rc = request_query_int(request, "limit", 1, PAGE_MAX, PAGE, &limit, err);
    if (rc == 0)
        rc =
            (failed ? store_delivery_failed : store_delivery_list)(view->db, request->arena, before,
                                                                   (size_t)limit, &items, &n, err);
    if (rc < 0)
        return rc;
    json_begin_array(out, "deliveries");
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        add_delivery(out, &items[i]);
        json_end_object(out);
    }
    json_end_array(out);
    api_shape_int_or_null(out, "next", items != NULL && n == (size_t)limit ? items[n - 1].id : 0);
    return 0;
}

enum request_next api_delivery_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_list);
}

/* One of them ----------------------------------------------------------------------------------- */

/* Named by our number or by GitHub's GUID, which is never a number. */
static int find(struct db *db, const struct request *request, struct delivery *ret_delivery,
                struct err *err)
{
    const char *name = request->segments[0];
    int64_t id;

    if (str_parse_int64(name, &id) == 0)
        return store_delivery_by_id(db, request->arena, id, ret_delivery, err);
    return store_delivery_by_guid(db, request->arena, name, ret_delivery, err);
}

static bool is_token_letter(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
           c == '_' || c == '-';
}

/* How many letters of `text` are what GitHub's tokens begin with: ghp_, ghs_ ... or github_pat_; 0 = it begins none. */
static size_t token_prefix(const char *text, size_t n)
{
    static const char fine[] = "github_pat_";

    if (n > sizeof(fine) - 1 && memcmp(text, fine, sizeof(fine) - 1) == 0)
        return sizeof(fine) - 1;
    return n > 4 && text[0] == 'g' && text[1] == 'h' && text[2] >= 'a' && text[2] <= 'z' &&
                   text[3] == '_'
               ? 4
               : 0;
}

/* Somebody may have pasted a token into a comment: the letters behind its beginning are hidden (T40). */
static void hide_tokens(char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        size_t prefix = token_prefix(text + i, n - i), end = i + prefix;

        if (prefix == 0)
            continue;
        while (end < n && is_token_letter(text[end]))
            end++;
        if (end - i - prefix >= TOKEN_MIN)
            memset(text + i + prefix, '*', end - i - prefix);
        i = end - 1;
    }
}

/* The body as text, and the digest of what came; what is no UTF-8 is shown as such, long ones are cut. */
static int add_body(struct api_view *view, const struct delivery *d, struct json_out *out,
                    struct err *err)
{
    const void *packed;
    size_t packed_len, size, len = 0;
    char digest[DIGEST_HEX_SIZE], *body = NULL;
    int rc = store_delivery_body(view->db, view->request->arena, d->id, &packed, &packed_len, &size,
                                 err);

    if (rc == ERR_NOT_FOUND) {
        json_add_null(out, "body_digest");
        json_add_null(out, "body");
        json_add_bool(out, "body_cut", false);
        return 0;
    }
    if (rc == 0)
        rc = zip_expand(zip_of_thread(), packed, packed_len, BODY_STORED_MAX, &body, &len, err);
    if (rc < 0)
        return rc;
    digest_sha256_hex(body, len, digest);
    json_add_str(out, "body_digest", digest);
    hide_tokens(body, len); /* first: what is left of one that is cut is no token any more */
    if (len > BODY_SHOWN_MAX)
        len = BODY_SHOWN_MAX;
    json_add_strn(out, "body", body, len);
    json_add_bool(out, "body_cut", len < size);
    free(body);
    return 0;
}

static int add_one(struct api_view *view, struct json_out *out, struct err *err)
{
    const struct request *request = view->request;
    bool body = str_eq(request_query(request, "body"), "1");
    struct delivery d = {.id = 0};
    int rc = 0;

    /* There are addresses of people in it, and whatever they wrote. */
    if (body && !policy_allows(&request->actor, RIGHT_OPERATE))
        rc = err_set(err, ERR_DENIED, "%s may not see bodies of deliveries; the right is operate",
                     request->actor.name);
    if (rc == 0)
        rc = find(view->db, view->request, &d, err);
    if (rc < 0)
        return rc;
    add_delivery(out, &d);
    json_add_int(out, "attempts", d.crashes);
    return body ? add_body(view, &d, out, err) : 0;
}

enum request_next api_delivery_get(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_one);
}

/* Again ----------------------------------------------------------------------------------------- */

struct replay {
    struct request *request;
    struct delivery delivery;
    const char *reason;
    time_ms now;
};

static int read_replay(struct replay *r, struct err *err)
{
    static const char *const keys[] = {"reason"};
    struct cJSON *body = NULL;
    struct api_view view;
    int rc = api_body_read(r->request, keys, 1, &body, err);

    if (rc == 0)
        rc = api_body_text(r->request, body, "reason", REASON_MAX, &r->reason, err);
    json_free(body);
    if (rc < 0)
        return rc;
    rc = api_view_open(&view, r->request, err);
    if (rc == 0)
        rc = find(view.db, r->request, &r->delivery, err);
    api_view_close(&view);
    return rc;
}

static int write_replay(struct db *db, void *arg, struct err *err)
{
    struct replay *r = arg;
    struct arena *arena = r->request->arena;
    const struct journal_entry entry = {
        .at = r->now,
        .actor = r->request->actor.name,
        .way = r->request->actor.way,
        .act = "delivery.replay",
        .subject = arena_printf(arena, "delivery/%" PRId64, r->delivery.id),
        .detail = arena_printf(arena, "{\"was\":\"%s\"}", delivery_states[r->delivery.state].text),
        .reason = r->reason,
    };
    int rc = policy_confirm(db, r->request, err);

    if (rc == 0)
        rc = store_delivery_replay(db, r->delivery.id, err);
    return rc < 0 ? rc : store_journal_add(db, &entry, err);
}

enum request_next api_delivery_replay(struct request *request, struct reply *reply)
{
    struct replay r = {.request = request, .now = clock_now(request->api->clock)};
    struct err err = ERR_INIT;
    struct json_out out;
    struct buf buf;
    int rc = read_replay(&r, &err);

    if (rc == 0)
        rc = api_write_do(request, write_replay, &r, &err);
    if (rc < 0) {
        reply_error(request, reply, &err);
        return REQUEST_DONE;
    }
    request->api->ring_flow(request->api->flow);
    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_int(&out, "id", r.delivery.id);
    json_add_str(&out, "guid", r.delivery.guid);
    json_add_str(&out, "was", delivery_states[r.delivery.state].text);
    json_add_bool(&out, "dry_run", api_write_is_dry(request));
    json_end_object(&out);
    reply_json_buf(request, reply, 202, &buf);
    return REQUEST_DONE;
}
