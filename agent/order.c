/* order: see order.h. */
#include "agent/order.h"

#include <string.h>

#include "agent/command_folder.h"
#include "agent/guard.h"
#include "agent/run_as.h"
#include "agent/strict.h"
#include "lib/base/redact.h"
#include "lib/base/digest.h"
#include "lib/base/str.h"

int order_open(struct arena *arena, const struct order_host *host, const char *payload, time_ms now,
               struct order *order, struct err *err)
{
    const struct agent_config *config = host->config;
    struct envelope *e = &order->envelope;
    int rc = message_command_parse(arena, payload, strlen(payload), &order->command, err);

    if (rc == 0)
        rc = key_chain_judge(host->keys, arena, order->command.envelope, order->command.signature,
                             now, e, err);
    if (rc < 0)
        return rc;
    if (!str_eq(e->command_id, order->id) || !str_eq(order->command.command_id, order->id))
        return err_set(err, ERR_DENIED, "signed as command %s, sent as %s", e->command_id,
                       order->id);
    if (!str_eq(e->store_id, config->store_id))
        return err_set(err, ERR_DENIED, "signed by store %s, this host belongs to %s", e->store_id,
                       config->store_id);
    if (!str_eq(e->host_id, config->host_id))
        return err_set(err, ERR_DENIED, "signed for host %s (%s), this is %s", e->host, e->host_id,
                       config->host_id);
    order->is_genuine = true;
    return command_folder_document(arena, e, &order->command, &order->document, err);
}

/* The fencing token: nothing below what was seen, nor another command with the same (G5). */
static int check_floor(const struct order_host *host, struct order *order, struct err *err)
{
    const struct envelope *e = &order->envelope;
    char holder[NAMES_UUID_SIZE];
    int64_t floor;

    if (e->database == NULL)
        return 0;
    floor = agent_journal_floor(host->journal, e->database, holder);
    if (!guard_is_behind(e->epoch, floor, floor > 0 && str_eq(holder, order->id)))
        return 0;
    order->floor = floor;
    return err_set(err, ERR_DENIED,
                   "epoch %lld is behind %lld for %s; the server was probably restored from a "
                   "backup. Run: slipway fence advance %s",
                   (long long)e->epoch, (long long)floor, e->database, e->database);
}

static int check_users(struct arena *arena, const struct document *document, struct err *err)
{
    struct run_as user;

    for (size_t i = 0; i < document->n_steps; i++) {
        const struct document_step *step = &document->steps[i];

        if ((step->action == DOCUMENT_RUN || step->http == NULL) &&
            run_as_find(arena, step->run_as, &user, err) < 0)
            return err_wrap(err, "step %s", step->name);
    }
    return 0;
}

/* What it prints must not be seen before the patterns are. */
static int check_redact(const struct agent_config *config, const char *servers, struct err *err)
{
    struct redact *redact;
    int rc = agent_config_redact(config, servers, &redact, err);

    if (rc == 0)
        redact_free(redact);
    return rc;
}

/* With both times: often it is a clock that is wrong. */
static int expired(time_ms now, time_ms start_by, struct err *err)
{
    char here[TIMESTAMP_SIZE], last[TIMESTAMP_SIZE];

    timestamp_format(now, here);
    timestamp_format(start_by, last);
    return err_set(err, ERR_TIMEOUT,
                   "expired: it had to begin by %s, and by this host's clock it is %s", last, here);
}

/* No server waits so long: until then its folder would lie here, and a week more. */
static int too_far(time_ms now, time_ms start_by, struct err *err)
{
    char here[TIMESTAMP_SIZE], last[TIMESTAMP_SIZE];

    timestamp_format(now, here);
    timestamp_format(start_by, last);
    return err_set(err, ERR_DENIED,
                   "it may begin until %s, more than 31 days from now: by this host's clock it is "
                   "%s",
                   last, here);
}

int order_check(struct arena *arena, const struct order_host *host, time_ms now,
                struct order *order, struct err *err)
{
    int rc = check_floor(host, order, err); /* the server must hear of it, whatever else is wrong */

    if (rc == 0 && guard_is_late(now, order->envelope.start_by))
        rc = expired(now, order->envelope.start_by, err);
    if (rc == 0 && order->envelope.start_by - now > ORDER_AHEAD_MS)
        rc = too_far(now, order->envelope.start_by, err);
    if (rc == 0)
        rc = strict_check(arena, host->config, host->state, order->envelope.document,
                          order->command.document, err);
    if (rc == 0)
        rc = check_redact(host->config, order->command.redact, err);
    return rc < 0 ? rc : check_users(arena, &order->document, err);
}

int order_claim(struct arena *arena, const struct order_host *host, time_ms now,
                const struct order *order, struct err *err)
{
    char digest[DIGEST_HEX_SIZE];
    const struct agent_journal_record record = {.kind = AGENT_JOURNAL_ACCEPTED,
                                                .command_id = order->id,
                                                .envelope_digest = digest,
                                                .database = order->envelope.database,
                                                .epoch = order->envelope.epoch,
                                                .start_by = order->envelope.start_by};

    /* A disk that is full is this command's end, not the agent's. */
    if (command_folder_make(arena, host->state, order->id, &order->command, err) < 0)
        return ERR_BUSY;
    digest_sha256_hex(order->command.envelope, strlen(order->command.envelope), digest);
    return agent_journal_add(host->journal, &record, now, err);
}

bool order_is_forgotten(const struct order_host *host, const struct order *order)
{
    return agent_journal_forgot(host->journal, order->envelope.start_by);
}

int order_decline(const struct order_host *host, time_ms now, const struct order *order,
                  const char *why, struct err *err)
{
    const struct agent_journal_record record = {
        .kind = AGENT_JOURNAL_DECLINED,
        .command_id = order->id,
        .why = why,
        .database = order->is_genuine ? order->envelope.database : NULL,
        .epoch = order->is_genuine ? order->envelope.epoch : 0,
        .start_by = order->is_genuine ? order->envelope.start_by : 0,
        .floor = order->floor};

    return agent_journal_add(host->journal, &record, now, err);
}
