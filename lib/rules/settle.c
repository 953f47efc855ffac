#include "lib/rules/settle.h"

#define ACT_TEXT(symbol, text) text,
static const char *const act_texts[SETTLE_ACTS_COUNT] = {SETTLE_ACTS(ACT_TEXT)};

const char *settle_act_text(enum settle_act act)
{
    return act_texts[act];
}

bool settle_is_clean(const struct probe *probe)
{
    return probe != NULL && probe->ended_at != 0 && probe->pending == 0 && probe->holders == 0;
}

bool settle_is_proved(const struct attempt *attempt, const struct probe *probe)
{
    return attempt->state == ATTEMPT_UNKNOWN && attempt->settled_at == 0 && attempt->gone_at != 0 &&
           settle_is_clean(probe) && probe->attempt_id == attempt->id &&
           probe->asked_at >= attempt->gone_at;
}

const char *settle_fence_refusal(struct arena *arena, time_ms fenced_at, time_ms now)
{
    time_ms until = fenced_at + SETTLE_PERMIT_LIFE_MS;

    return now >= until
               ? NULL
               : arena_printf(arena,
                              "the store may have forgotten a permit, and one may still be used; "
                              "ask again in %lld s",
                              (long long)(until - now) / 1000 + 1);
}

/*
 * Until then it may begin under its permit behind the back of a probe. A supervisor that is gone begins nothing more; what it
 * began before, a probe of before that has not seen.
 */
static time_ms permit_over_at(const struct settle_facts *f)
{
    time_ms over = f->permitted_at + SETTLE_PERMIT_LIFE_MS, gone = f->attempt->gone_at;

    if (f->permitted_at == 0)
        return 0;
    return gone != 0 && gone < over ? gone : over;
}

static const char *succeeded_refusal(const struct settle_facts *f)
{
    if (f->unprobed)
        return NULL;
    if (!settle_is_clean(f->probe))
        return "no probe has shown that nothing is pending and nobody holds the database. Run: "
               "slipway migrate probe, or say that you take it upon yourself: --unprobed";
    if (f->now - f->probe->ended_at > SETTLE_PROBE_LIFE_MS)
        return "the clean probe is older than ten minutes. Run: slipway migrate probe";
    if (f->probe->asked_at < permit_over_at(f))
        return "the clean probe was asked while its host could still begin. Run: slipway migrate "
               "probe";
    return NULL;
}

time_ms settle_clear_at(time_ms holder_seen_at)
{
    return holder_seen_at == 0 ? 0 : holder_seen_at + SETTLE_RETRY_AFTER_MS;
}

/* Its client may be dead and its SQL alive: another attempt wants to have seen that nobody is there. An exit code is
 * from a client that came to its end. */
static const char *unprobed_refusal(struct arena *arena, const struct settle_facts *f)
{
    const struct probe *p = f->probe;
    time_ms over = permit_over_at(f);
    time_ms quiet = over > f->quiet_since ? over : f->quiet_since;

    if (f->unprobed || f->attempt->state != ATTEMPT_UNKNOWN)
        return NULL;
    if (p == NULL || p->asked_at < quiet)
        return "nobody knows whether its SQL still runs. Run: slipway migrate probe; or look into "
               "the database yourself, and say that you did: --unprobed";
    if (p->holders < 0)
        return arena_printf(arena,
                            "the probe could not say who is in the database%s%s. Look yourself, "
                            "and say that you did: --unprobed",
                            p->note != NULL ? ": " : "", p->note != NULL ? p->note : "");
    return NULL;
}

static const char *retry_refusal(struct arena *arena, const struct settle_facts *f)
{
    if (f->is_over)
        return "its deployment has ended or is being cancelled, so no other attempt would follow. "
               "Run: slipway migrate abandon; the next deployment may migrate then";
    if (f->probe != NULL && f->probe->ended_at != 0 && f->probe->holders > 0)
        return arena_printf(arena,
                            "the last probe saw %lld backends or lock holders in the database: it "
                            "may still be running there. Wait, and probe again",
                            (long long)f->probe->holders);
    if (f->now < settle_clear_at(f->holder_seen_at))
        return arena_printf(arena,
                            "a backend or lock holder was seen %lld s ago; two minutes must pass",
                            (long long)(f->now - f->holder_seen_at) / 1000);
    return unprobed_refusal(arena, f);
}

const char *settle_refusal(struct arena *arena, const struct settle_facts *f, enum settle_act act)
{
    const struct attempt *a = f->attempt;

    if (a == NULL)
        return "no attempt holds this database; there is nothing to decide";
    if (a->state != ATTEMPT_FAILED && a->state != ATTEMPT_UNKNOWN)
        return arena_printf(arena,
                            "its attempt on %s is %s: it has not ended, and nobody has to "
                            "decide anything",
                            a->host, attempt_states[a->state].text);
    if (f->permitted_at != 0 && f->now < f->permitted_at + SETTLE_PERMIT_LIFE_MS)
        return arena_printf(arena, "%s has a permit that may still be used; ask again in %lld s",
                            a->host,
                            (long long)(f->permitted_at + SETTLE_PERMIT_LIFE_MS - f->now) / 1000 +
                                1);
    if (f->is_alive && a->state == ATTEMPT_UNKNOWN && act != SETTLE_ABANDON)
        return arena_printf(arena, "%s is heard again and still runs it; wait for its end",
                            a->host);
    switch (act) {
    case SETTLE_SUCCEEDED:
        return succeeded_refusal(f);
    case SETTLE_RETRY:
        return retry_refusal(arena, f);
    case SETTLE_FAILED:
    case SETTLE_ABANDON:
    case SETTLE_ACTS_COUNT:
        break;
    }
    return NULL;
}
