#include "server/api/api_audit.h"

#include <inttypes.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/calendar/when.h"
#include "lib/calendar/zone.h"
#include "lib/store/store_journal.h"
#include "server/api/api_shape.h"
#include "server/api/api_view.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)8 << 20)
#define PAGE 100
#define PAGE_MAX 500
#define VERIFY_ROWS 20000 /* of one answer: some tens of milliseconds */

/* The query's `since`: so long ago, or an instant as people type it; 0 = absent. */
static int read_since(const struct api_view *view, time_ms *ret_since, struct err *err)
{
    const char *text = request_query(view->request, "since");
    struct when when = {.now = view->now, .after = view->now};
    int64_t ago;
    int rc;

    *ret_since = 0;
    if (text == NULL)
        return 0;
    if (timestamp_parse_duration(text, &ago) == 0 && ago >= 0) {
        *ret_since = view->now > ago ? view->now - ago : 1;
        return 0;
    }
    rc = zone_open(view->config->timezone, &when.zone, err);
    if (rc == 0)
        rc = when_read(&when, text, ret_since, err);
    return rc < 0 ? err_wrap(err, "since") : 0;
}

static void add_row(struct json_out *out, const struct journal_entry *e)
{
    json_begin_object(out, NULL);
    json_add_int(out, "id", e->id);
    json_add_time(out, "at", e->at);
    json_add_str(out, "actor", e->actor);
    json_add_str(out, "way", e->way);
    json_add_str(out, "act", e->act);
    json_add_str(out, "subject", e->subject);
    /* Somebody may have written into the store. */
    if (e->detail[0] == '{' && json_validate(e->detail, strlen(e->detail), NULL, NULL) == 0)
        json_add_raw(out, "detail", e->detail);
    else
        json_add_str(out, "detail", e->detail);
    json_add_str(out, "reason", e->reason);
    json_end_object(out);
}

static int add_rows(struct api_view *view, struct json_out *out, struct err *err)
{
    struct request *request = view->request;
    struct journal_entry *rows = NULL;
    int64_t before = 0, limit = PAGE, first = 1;
    time_ms since;
    size_t n = 0;
    int rc = request_query_int(request, "before", 1, INT64_MAX, 0, &before, err);

    if (rc == 0)
        rc = request_query_int(request, "limit", 1, PAGE_MAX, PAGE, &limit, err);
    if (rc == 0)
        rc = read_since(view, &since, err);
    if (rc == 0 && since != 0)
        rc = store_journal_since(view->db, since, &first, err);
    if (rc == 0 && first != 0)
        rc = store_journal_list(view->db, request->arena, before, (size_t)limit, &rows, &n, err);
    while (rows != NULL && n > 0 && rows[n - 1].id < first)
        n--;
    json_begin_array(out, "rows");
    for (size_t i = 0; rows != NULL && i < n; i++)
        add_row(out, &rows[i]);
    json_end_array(out);
    api_shape_int_or_null(out, "next",
                          rows != NULL && n == (size_t)limit && rows[n - 1].id > first
                              ? rows[n - 1].id
                              : 0);
    return rc;
}

enum request_next api_audit_list(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_rows);
}

static int add_verdict(struct api_view *view, struct json_out *out, struct err *err)
{
    char hash[DIGEST_HEX_SIZE] = "";
    int64_t after = 0, last = 0, bad = 0;
    bool more;
    int rc = request_query_int(view->request, "after", 0, INT64_MAX, 0, &after, err);

    if (rc == 0)
        rc = store_journal_verify_behind(view->db, after, VERIFY_ROWS, &last, &bad, err);
    more = rc > 0;
    if (rc >= 0)
        rc = last != 0 ? store_journal_hash(view->db, last, hash, err) : 0;
    json_add_int(out, "row", last);
    json_add_str(out, "hash", last != 0 ? hash : NULL);
    api_shape_int_or_null(out, "bad", bad);
    json_add_bool(out, "done", !more);
    return rc;
}

enum request_next api_audit_verify(struct request *request, struct reply *reply)
{
    return api_view_answer(request, reply, ANSWER_MAX, add_verdict);
}
