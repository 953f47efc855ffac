#include "server/flow/evidence.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_reply.h"
#include "lib/ssm/message_reply.h"
#include "server/flow/flow.h"

#define LINES 200
#define CHUNKS 64       /* read at first ... */
#define CHUNKS_MAX 1024 /* ... and at most, where they are shorter than lines */
#define LINE_MAX 2000
#define JSON_MAX (512 * 1024)
#define TOLD_MAX 40
#define FREE "free: its supervisor is gone"

struct kept {
    int64_t attempt_id;
    const char *json;
};

static int apply(struct db *db, void *arg, struct err *err)
{
    const struct kept *k = arg;

    return store_attempt_evidence_put(db, k->attempt_id, k->json, err);
}

static size_t lines_in(const struct output_chunk *chunks, size_t n)
{
    size_t lines = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < chunks[i].len; k++)
            lines += chunks[i].text[k] == '\n';
    return lines;
}

/* Enough of the newest chunks for the lines that are kept. */
static int read_tail(struct db *db, struct arena *arena, const struct attempt *a,
                     struct output_chunk **ret_chunks, size_t *ret_n, struct err *err)
{
    for (size_t max = CHUNKS;; max *= 4) {
        int rc = store_command_chunks_tail(db, arena, a->command_id, a->host_id, max, ret_chunks,
                                           ret_n, err);

        if (rc < 0 || *ret_n < max || max >= CHUNKS_MAX || lines_in(*ret_chunks, *ret_n) > LINES)
            return rc;
    }
}

/* The last lines, oldest first; foreign bytes, made safe to show. */
static int add_output(struct db *db, struct arena *arena, struct json_out *out,
                      const struct attempt *a, struct err *err)
{
    struct output_chunk *chunks;
    const char *starts[LINES];
    size_t lens[LINES];
    size_t n, k = 0, len = 0;
    char *text;
    int rc = read_tail(db, arena, a, &chunks, &n, err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        len += chunks[i].len;
    text = arena_alloc(arena, len + 1);
    for (size_t i = n, at = 0; i > 0; i--) {
        memcpy(text + at, chunks[i - 1].text, chunks[i - 1].len);
        at += chunks[i - 1].len;
    }
    for (size_t end = len; end > 0 && k < LINES; k++) {
        size_t begin = end - (text[end - 1] == '\n');

        lens[k] = begin;
        while (begin > 0 && text[begin - 1] != '\n')
            begin--;
        starts[k] = text + begin;
        lens[k] -= begin;
        end = begin;
    }
    json_begin_array(out, "output");
    for (size_t i = k; i > 0; i--)
        json_add_str(out, NULL, str_clean(arena, starts[i - 1], lens[i - 1], LINE_MAX));
    json_end_array(out);
    return 0;
}

/* What its host told: the tail of its journal as far as the server heard of it. */
static int add_told(struct db *db, struct arena *arena, struct json_out *out,
                    const struct attempt *a, struct err *err)
{
    struct reply_row *rows;
    size_t n;
    int rc = store_reply_of_command(db, arena, a->command_id, a->host_id, TOLD_MAX, &rows, &n, err);

    json_begin_array(out, "told");
    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct err own = ERR_INIT;
        struct message_reply r;

        if (message_reply_parse(arena, rows[i].payload, strlen(rows[i].payload), &r, &own) < 0)
            continue;
        json_begin_object(out, NULL);
        json_add_time(out, "at", rows[i].received_at);
        json_add_str(out, "state", message_reply_state_text(r.state));
        json_add_int(out, "record", r.record_number);
        json_add_str(out, "journal", r.journal_id);
        json_add_str(out, "boot", r.boot_id);
        json_add_str(out, "reason", r.reason);
        json_end_object(out);
    }
    json_end_array(out);
    return rc;
}

/* Who said that it may go there (law 7). */
static int add_approvals(struct db *db, struct arena *arena, struct json_out *out,
                         const struct attempt *a, struct err *err)
{
    struct approval *approvals = NULL;
    struct deployment d;
    size_t n = 0;
    int rc = store_deployment_by_id(db, arena, a->deployment_id, &d, err);

    if (rc == 0)
        rc = store_approval_list(db, arena, a->repository_id, d.environment, a->release_number,
                                 &approvals, &n, err);
    json_begin_array(out, "approved_by");
    for (size_t i = 0; rc == 0 && i < n; i++)
        if (approvals[i].state == APPROVAL_GRANTED)
            json_add_str(out, NULL, approvals[i].actor);
    json_end_array(out);
    return rc;
}

int evidence_make(struct db *db, struct arena *arena, const struct attempt *a, time_ms now,
                  const char **ret_json, struct err *err)
{
    struct invocation inv = {.cause = NULL};
    struct host host = {.name = NULL};
    struct json_out out;
    struct buf buf;
    int rc = store_command_invocation(db, arena, a->command_id, a->host_id, &inv, err);

    if (rc == 0)
        rc = store_host_by_id(db, arena, a->host_id, &host, err);
    if (rc < 0)
        return rc;
    buf_init(&buf, JSON_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_time(&out, "at", now);
    json_add_str(&out, "state", attempt_states[a->state].text);
    json_add_str(&out, "cause", inv.cause);
    json_add_time(&out, "permitted_at", inv.permitted_at);
    json_add_time(&out, "began_at", inv.began_at);
    json_add_time(&out, "heard_at", inv.heard_at);
    json_add_str(&out, "boot_at_permit", inv.permit_boot_id);
    json_add_str(&out, "boot_now", host.boot_id);
    json_add_str(&out, "journal", host.journal_id);
    json_add_int(&out, "record", host.record_number);
    json_add_str(&out, "lock", a->gone_at != 0 ? FREE : "not known");
    rc = add_approvals(db, arena, &out, a, err);
    if (rc == 0)
        rc = add_told(db, arena, &out, a, err);
    if (rc == 0)
        rc = add_output(db, arena, &out, a, err);
    json_end_object(&out);
    *ret_json = buf.overflow ? "{}" : arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    return rc;
}

int evidence_keep(struct db *db, struct arena *arena, const struct attempt *a, time_ms now,
                  struct err *err)
{
    const char *json;
    int rc = evidence_make(db, arena, a, now, &json, err);

    return rc < 0 ? rc : store_attempt_evidence_put(db, a->id, json, err);
}

int evidence_look(struct look *look, struct err *err)
{
    struct attempt *attempts;
    size_t n;
    int rc = store_attempt_all_unsettled(look->flow->db, look->arena, &attempts, &n, err);

    for (size_t i = 0; rc == 0 && i < n; i++) {
        struct kept kept = {.attempt_id = attempts[i].id};
        const char *there;

        if (attempts[i].state != ATTEMPT_FAILED && attempts[i].state != ATTEMPT_UNKNOWN)
            continue;
        rc = store_attempt_evidence(look->flow->db, look->arena, attempts[i].id, &there, err);
        /* Made anew once its host said that its supervisor is gone: what it printed until then is here by now. */
        if (rc < 0 || (there != NULL && (attempts[i].gone_at == 0 || strstr(there, FREE) != NULL)))
            continue;
        rc = evidence_make(look->flow->db, look->arena, &attempts[i], look->now, &kept.json, err);
        if (rc == 0)
            rc = look_write(look, apply, &kept, FLOW_DEPLOYMENTS, err);
    }
    return rc;
}
