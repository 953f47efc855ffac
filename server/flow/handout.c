#include "server/flow/handout.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/log.h"
#include "lib/model/command.h"
#include "lib/model/deployment.h"
#include "lib/store/store_command.h"
#include "lib/store/store_offer.h"
#include "lib/store/writer.h"
#include "server/flow/bulk.h"
#include "server/flow/flow.h"
#include "server/flow/redaction.h"

#define PART 128 /* commands: a millisecond or two of the writer's */

struct handout_part {
    struct handout_part *next; /* of those that are kept */
    const struct look *look;
    const struct deployment *deployment;
    const struct job *job;
    const char *subject; /* of the line in the journal */
    const struct invocation *commands[PART];
    bool waits[PART]; /* its host did when it was written; then: was it reached? */
    size_t n;
};

/* On the writer's thread --------------------------------------------------------------------------- */

/* By the id that the deployment has now: it may be new. */
static int add_line(struct db *db, const struct handout_part *p, struct err *err)
{
    long long id = p->deployment->id;
    char detail[192];

    if (p->n == 1)
        snprintf(detail, sizeof(detail),
                 "{\"deployment\":%lld,\"job\":\"%.64s\",\"command\":\"%.36s\"}", id, p->job->name,
                 p->commands[0]->command_id);
    else
        snprintf(detail, sizeof(detail), "{\"deployment\":%lld,\"job\":\"%.64s\",\"commands\":%zu}",
                 id, p->job->name, p->n);
    return look_journal(db, p->look->now, "invocation.release", p->subject, detail, NULL, err);
}

bool handout_waits(const struct look *look, const struct invocation *invocation)
{
    const struct flow *flow = look->flow;

    return flow->host_waits != NULL && flow->host_waits(flow->arg, invocation->host_id);
}

int handout_write(struct db *db, const struct handout *h, struct err *err)
{
    int rc = 0;

    for (struct handout_part *p = h->first; p != NULL && rc == 0; p = p->next) {
        for (size_t i = 0; i < p->n; i++)
            p->waits[i] = p->commands[i]->offered_at != 0;
        rc = add_line(db, p, err);
    }
    return rc;
}

static int release(struct db *db, void *arg, struct err *err)
{
    struct handout_part *p = arg;
    time_ms now = p->look->now;
    int rc;

    for (size_t i = 0; i < p->n; i++)
        p->waits[i] = handout_waits(p->look, p->commands[i]);
    rc = store_offer_hand_out(db, p->commands, p->waits, p->n, now, now + COMMAND_VISIBILITY_MS,
                              err);
    return rc < 0 ? rc : add_line(db, p, err);
}

/* Hosts that were gone when the door came to them ----------------------------------------------------- */

struct missed {
    const struct flow *flow;
    time_ms now;
    size_t n;
    struct invocation commands[]; /* their ids */
};

static int put_back(struct db *db, void *arg, struct err *err)
{
    const struct missed *m = arg;
    int rc = 0;

    for (size_t i = 0; i < m->n && rc == 0; i++)
        rc = store_offer_not_taken(db, &m->commands[i], m->now, err);
    return rc;
}

/* On the writer's thread: whoever asked meanwhile gets it now. */
static void put_back_done(void *arg, int rc, const struct err *err)
{
    struct missed *m = arg;

    if (rc < 0)
        log_warning("command.not-put-back", "commands=%zu err=%s", m->n, LOG(err->text));
    for (size_t i = 0; i < m->n; i++)
        m->flow->ring_host(m->flow->arg, m->commands[i].host_id);
    free(m);
}

/* It could be offered again only when its time to acknowledge is over. */
static void put_back_missed(const struct handout_part *p, size_t n)
{
    struct missed *m = calloc(1, sizeof(*m) + n * sizeof(m->commands[0]));
    struct err err = ERR_INIT;

    if (m == NULL)
        abort();
    m->flow = p->look->flow;
    m->now = p->look->now;
    for (size_t i = 0; i < p->n; i++)
        if (p->waits[i])
            m->commands[m->n++] = *p->commands[i];
    if (writer_post(m->flow->writer, put_back, m, put_back_done, &err) < 0) {
        log_warning("command.not-put-back", "commands=%zu err=%s", n, LOG(err.text));
        free(m);
    }
}

/* On the flow's thread, after the commit --------------------------------------------------------------- */

/* What the commands of a part are handed with. It lives as long as their handing. */
struct handing {
    struct look *look;
    const struct job *job;
    struct arena arena;
    const char *document_name; /* NULL = it was not read yet */
    const char *content;
    struct redaction redaction;
};

static int load(struct handing *h, const struct invocation *c, struct offer *ret_offer,
                struct err *err)
{
    struct db *db = h->look->flow->db;
    const char *version;
    int rc;

    *ret_offer = (struct offer){.invocation = *c};
    ret_offer->invocation.offered_at = h->look->now;
    rc = store_offer_signed(db, &h->arena, &ret_offer->invocation, err);
    if (rc == 0 && h->document_name == NULL)
        rc = store_command_content(db, &h->arena, h->job->document_digest, &h->document_name,
                                   &version, &h->content, err);
    if (rc == 0)
        rc = redaction_find(db, &h->arena, ret_offer->invocation.envelope, &h->redaction,
                            &ret_offer->redact, err);
    ret_offer->document_name = h->document_name;
    ret_offer->content = h->content;
    return rc;
}

/* What cannot be read now is put back, as if its host were gone. */
static bool hand(struct handing *h, const struct invocation *c)
{
    const struct flow *flow = h->look->flow;
    struct err err = ERR_INIT;
    struct offer offer;

    if (load(h, c, &offer, &err) < 0) {
        log_warning("command.not-handed", "command=%s err=%s", c->command_id, LOG(err.text));
        return false;
    }
    return flow->hand_to_host(flow->arg, &offer);
}

/* All in one reading, which is not the one that they were judged on. */
static void hand_all(struct handout_part *p, struct handing *h, size_t *ret_handed,
                     size_t *ret_missed)
{
    const struct flow *flow = h->look->flow;

    for (size_t i = 0; i < p->n; i++) {
        const struct invocation *c = p->commands[i];

        if (!p->waits[i]) {
            if (flow->ring_host != NULL)
                flow->ring_host(flow->arg, c->host_id);
        } else if (hand(h, c)) {
            p->waits[i] = false;
            (*ret_handed)++;
        } else {
            (*ret_missed)++;
        }
    }
}

/* Else nothing needs to be read. */
static bool some_wait(const struct handout_part *p)
{
    for (size_t i = 0; i < p->n; i++)
        if (p->waits[i])
            return true;
    return false;
}

static void written(struct look *look, void *arg)
{
    struct handout_part *p = arg;
    struct handing h = {.look = look, .job = p->job};
    size_t n_handed = 0, n_missed = 0;
    struct err err = ERR_INIT;

    arena_init(&h.arena);
    if (some_wait(p) && db_read_begin(look->flow->db, &err) < 0)
        log_warning("command.not-handed", "commands=%zu err=%s", p->n, LOG(err.text));
    hand_all(p, &h, &n_handed, &n_missed);
    db_read_end(look->flow->db);
    arena_deinit(&h.arena);
    if (n_handed > 0)
        log_notice("command.handed", "deployment=%lld job=%s hosts=%zu",
                   (long long)p->deployment->id, LOG(p->job->name), n_handed);
    if (n_missed > 0)
        put_back_missed(p, n_missed);
}

void handout_tell(struct look *look, const struct handout *h)
{
    for (struct handout_part *p = h->first; p != NULL; p = p->next)
        written(look, p);
}

void handout_add(struct handout *h, const struct job *job, const struct invocation *invocation)
{
    if (h->part != NULL && (h->part->job != job || h->part->n == PART))
        handout_post(h);
    if (h->part == NULL) {
        h->part = arena_alloc(&h->bulk->arena, sizeof(*h->part));
        h->part->next = NULL;
        h->part->look = h->bulk->look;
        h->part->deployment = h->deployment;
        h->part->job = job;
    }
    h->part->commands[h->part->n++] = invocation;
}

void handout_post(struct handout *h)
{
    struct handout_part *p = h->part;
    struct arena *arena = &h->bulk->arena;

    if (p == NULL)
        return;
    h->part = NULL;
    p->subject = arena_printf(arena, "%s/%s/r%lld", p->deployment->repository,
                              p->deployment->environment, (long long)p->deployment->release_number);
    if (!h->kept) {
        bulk_add(h->bulk, h->item, release, p, FLOW_DEPLOYMENTS, written);
        return;
    }
    if (h->first == NULL)
        h->first = p;
    else
        h->last->next = p;
    h->last = p;
}
