#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/model/send.h"
#include "lib/store/store_cancel.h"
#include "lib/store/store_send.h"
#include "lib/store/writer.h"
#include "lib/transport/transport_ssm.h"
#include "server/flow/carriage.h"
#include "server/flow/courier.h"

#define DUE_MAX 50 /* in one round */

static int write_taken(struct db *db, void *arg, struct err *err)
{
    const struct send_cancel *cancel = arg;

    return store_cancel_taken(db, cancel->cancel_id, cancel->host_id, cancel->now, err);
}

/* The command's own send; NULL = there is none. */
static const struct send *run_of(const struct send *sends, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (sends[i].act == SEND_RUN)
            return &sends[i];
    return NULL;
}

bool carriage_cancels_run(struct carriage *c, const char *command_id, const char *host_id)
{
    const char *ids[] = {host_id};
    const struct send *run;
    struct err err = ERR_INIT;
    struct send *sends;
    size_t n = 0;

    if (store_send_of_command(c->db, c->arena, command_id, &sends, &n, &err) < 0)
        return carriage_failed(c, command_id, &err);
    run = run_of(sends, n);
    if (run == NULL || run->state != SEND_SENT)
        return true;
    if (!carriage_may(c, CARRIAGE_CANCEL))
        return false;
    log_notice("aws.cancel", "command=%s host=%s", command_id, host_id);
    carriage_tick(c);
    carriage_place(c, run->id)->next = c->mono + CARRIAGE_FIRST_LOOK_MS;
    return carriage_answered(c, CARRIAGE_CANCEL, "that a command is to end",
                             transport_ssm_cancel(c->aws, c->arena, run->aws_id, ids, 1, c->now,
                                                  &err),
                             &err);
}

/* AWS has not brought it to its host yet, as far as it says. */
static bool waits_at_aws(const struct send *run)
{
    return run->word == NULL || str_eq(run->word, "Pending") || str_eq(run->word, "Delayed");
}

/* One of a migrate job is taken back first: only if it began, AWS is asked to end its script (migrate.md 6). While it still waits at
 * AWS, that is not to bring it any more: it may come behind the revoke. */
static void cancel(struct carriage *c, struct send_cancel *what)
{
    const struct send *run;
    struct carriage_order o;
    struct err err = ERR_INIT;
    struct send *sends;
    size_t n = 0;
    bool heard = true;
    int rc = store_send_of_command(c->db, c->arena, what->command_id, &sends, &n, &err);

    if (rc == 0)
        rc = carriage_order_load(c, what->command_id, what->host_id, &o, &err);
    run = rc == 0 ? run_of(sends, n) : NULL;
    if (rc < 0)
        carriage_unreadable(c, CARRIAGE_CANCEL, what->command_id, &err);
    if (run == NULL || run->state == SEND_INTENDED || run->state == SEND_UNCLEAR)
        return; /* first it must be known whether AWS has it */
    if (run->state == SEND_SENT && o.is_once)
        carriage_words_ask(c, run, SEND_SENT, NULL);
    if (run->state == SEND_SENT && (!o.is_once || waits_at_aws(run)))
        heard = carriage_cancels_run(c, what->command_id, what->host_id);
    if (!heard || c->over)
        return;
    what->now = c->now;
    if (writer_do(c->writer, write_taken, what, &err) < 0)
        (void)carriage_failed(c, what->command_id, &err);
}

void carriage_cancels(struct carriage *c)
{
    struct send_cancel *items;
    struct err err = ERR_INIT;
    mono_ms began = courier_now();
    size_t n = 0;

    if (store_send_cancels(c->db, c->arena, c->now, DUE_MAX, &items, &n, &err) < 0)
        (void)carriage_failed(c, "what is to be ended", &err);
    for (size_t i = 0; i < n && carriage_may(c, CARRIAGE_CANCEL); i++) {
        if (courier_now() - began > CARRIAGE_ROUND_MS) {
            c->more = true;
            break;
        }
        cancel(c, &items[i]);
    }
}
