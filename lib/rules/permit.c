#include "lib/rules/permit.h"

#include "lib/base/str.h"

/* Why nobody may begin it any more; NULL = somebody may. */
static const char *closed(const struct permit_facts *f)
{
    const struct invocation *inv = f->invocation;

    if (inv->released_at == 0)
        return "it was not released yet";
    if (inv->status != INVOCATION_PENDING && inv->status != INVOCATION_IN_PROGRESS)
        return "it has ended, was cancelled, or its outcome is unknown";
    if (inv->cancel_at != 0 && inv->permit_nonce[0] == '\0')
        return "it was cancelled";
    if (f->host->suspended_at != 0)
        return "the key of this host is suspended";
    if (f->attempt == NULL)
        return NULL;
    if (f->attempt->settled_at != 0)
        return "its attempt was settled";
    if (f->attempt->state > ATTEMPT_RUNNING)
        return "its attempt has ended, or is unknown";
    if (f->is_fenced)
        return "its database stands until somebody runs `slipway fence advance`";
    return NULL;
}

/* A migrate job runs only where its journal is beyond doubt. */
static const char *doubted(const struct permit_facts *f, const struct permit_question *q)
{
    if (f->attempt == NULL)
        return NULL;
    if (f->host->state == HOST_BARRED)
        return "this host is barred from migrate jobs until somebody runs `slipway agent "
               "accept-journal`";
    if (f->host->journal_id == NULL || !str_eq(f->host->journal_id, q->journal_id))
        return "its journal is not the one that is known of this host";
    if (q->record_number < f->host->record_number)
        return "its journal went back";
    return NULL;
}

enum permit_answer permit_judge(const struct permit_facts *f, const struct permit_question *q,
                                const char **ret_why)
{
    const struct invocation *inv = f->invocation;
    bool has = inv->permit_nonce[0] != '\0';
    const char *why = closed(f);

    if (why == NULL)
        why = doubted(f, q);
    if (why == NULL && has && !str_eq(inv->permit_nonce, q->nonce))
        why = "the permit was given to another question: another copy of this host may have begun";
    if (why == NULL && has && !str_eq(inv->permit_boot_id, q->boot_id))
        why = "the permit was given before this host was booted";
    if (why == NULL && !has && (inv->status != INVOCATION_PENDING || inv->began_at != 0))
        why = "it has begun already";
    if (why == NULL && !has && f->now >= inv->start_by)
        why = "expired: its start-by has passed";
    *ret_why = why;
    return why != NULL ? PERMIT_NO : has ? PERMIT_AGAIN : PERMIT_FIRST;
}

const char *permit_disbelief(const struct invocation *inv, const char *nonce, const char *boot_id)
{
    if (inv->permit_nonce[0] == '\0')
        return NULL;
    if (!str_eq(inv->permit_nonce, nonce))
        return "the host says that it never began, but the permit was given to another question";
    if (!str_eq(inv->permit_boot_id, boot_id))
        return "the host says that it never began, but was booted since it had the permit";
    return NULL;
}
