#include "lib/rules/doubt.h"

#include "lib/base/str.h"

static enum doubt judge_journal(struct arena *arena, const struct host *known,
                                const struct doubt_word *w, const char **ret_why)
{
    if (!str_eq(known->journal_id, w->journal_id)) {
        *ret_why = "it has another journal than before";
        return DOUBT_BAR;
    }
    if (known->doubt_journal_id != NULL) {
        *ret_why = arena_printf(arena, "two journals speak under one key: %s and %s",
                                known->journal_id, known->doubt_journal_id);
        return DOUBT_SUSPEND;
    }
    if (w->record_number < known->record_number) {
        *ret_why = arena_printf(arena, "its journal went back from record %lld to %lld",
                                (long long)known->record_number, (long long)w->record_number);
        return DOUBT_SUSPEND;
    }
    if (known->earlier_boot_id != NULL && !str_eq(known->boot_id, w->boot_id) &&
        str_eq(known->earlier_boot_id, w->boot_id)) {
        *ret_why = "two boots speak under one key, in turns";
        return DOUBT_SUSPEND;
    }
    return DOUBT_NONE;
}

const char *doubt_known(struct arena *arena, const struct host *known)
{
    const char *boot = known->boot_id, *other = known->doubt_journal_id;

    if (known->journal_id == NULL)
        return "";
    return arena_printf(arena, "%s %s %lld %s", known->journal_id, boot != NULL ? boot : "",
                        (long long)known->record_number, other != NULL ? other : "");
}

enum doubt doubt_judge(struct arena *arena, const struct host *known, const struct doubt_word *w,
                       const char **ret_why)
{
    enum doubt doubt = DOUBT_NONE;

    *ret_why = NULL;
    if (known->journal_id != NULL)
        doubt = judge_journal(arena, known, w, ret_why);
    if (doubt == DOUBT_NONE && w->protocol < known->protocol) {
        *ret_why = arena_printf(arena, "its protocol went back from %lld to %lld",
                                (long long)known->protocol, (long long)w->protocol);
        doubt = DOUBT_BAR;
    }
    /* A word that its host gave up on may be read behind a later one. Only what answers the newest is a host that went back. */
    if (doubt != DOUBT_NONE && w->heard != NULL && !str_eq(w->heard, doubt_known(arena, known)))
        doubt = DOUBT_AGAIN;
    return doubt;
}
