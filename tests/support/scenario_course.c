/* The lines below `expect ENV forecast` and `expect ENV at WHEN`: how things went and will go on. */
#include "lib/base/str.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "server/flow/foresee.h"
#include "server/flow/moment.h"
#include "tests/support/scenario_text.h"
#include "tests/support/scenario_time.h"

static void add_time(const struct scenario_world *w, const struct config_environment *e,
                     const char *before, time_ms t, struct buf *buf)
{
    buf_adds(buf, before);
    scenario_time_print(w, calendar_zone(w->snapshot->calendar, e), t, buf);
}

int scenario_text_forecast(struct scenario_world *w, const struct config_environment *e,
                           struct buf *buf, struct err *err)
{
    const struct config_repo *repo;
    struct repository row;
    struct foreseen f;
    size_t n = 0;
    int rc = scenario_world_repository(w, &repo, &row, err);

    if (!str_eq(e->timezone, w->zone_name))
        buf_addf(buf, "times of %s\n", e->timezone);
    if (rc == 0)
        rc = foresee(w->db, w->snapshot, repo, &row, w->clock.now, &w->arena, &f, err);
    for (size_t i = 0; rc == 0 && i < f.n_starts; i++) {
        const struct forecast_start *s = &f.starts[i];
        if (&repo->environments[s->environment] != e)
            continue;
        buf_addf(buf, "r%lld", (long long)s->release_number);
        add_time(w, e, " at ", s->at, buf);
        buf_adds(buf, s->assumes ? ", if the one before comes well out\n" : "\n");
        n++;
    }
    if (rc == 0 && n == 0)
        buf_adds(buf, "no start is foreseen\n");
    return rc;
}

static void add_release(const struct scenario_world *w, const struct config_environment *e,
                        const char *what, const struct moment_release *r, const char *when,
                        struct buf *buf)
{
    if (r->number == 0)
        return;
    buf_addf(buf, "%s r%lld", what, (long long)r->number);
    add_time(w, e, when, r->at, buf);
    buf_adds(buf, r->foreseen ? ", foreseen\n" : "\n");
}

static void add_stop(const struct scenario_world *w, const struct config_environment *e,
                     const struct cause *c, struct buf *buf)
{
    buf_addf(buf, "stopped by %s", verdict_cause_key(c->kind));
    if (c->what != NULL)
        buf_addf(buf, " %s", c->what);
    if (c->who != NULL)
        buf_addf(buf, " by %s: %s", c->who, c->why);
    add_time(w, e, ", since ", c->since, buf);
    if (c->until != VERDICT_NEVER)
        add_time(w, e, ", until ", c->until, buf);
    buf_addc(buf, '\n');
}

int scenario_text_moment(struct scenario_world *w, const struct config_environment *e,
                         struct buf *buf, struct err *err)
{
    const struct config_repo *repo;
    const struct moment *m;
    struct moment *moments;
    struct repository row;
    int rc = scenario_world_repository(w, &repo, &row, err);

    if (rc == 0)
        rc = moment_load(w->db, w->snapshot, repo, &row, w->clock.now, w->asked_at, &w->arena,
                         &moments, err);
    if (rc < 0)
        return rc;
    m = &moments[e - repo->environments];
    if (m->live.number == 0)
        buf_adds(buf, "nobody knows what is live\n");
    add_release(w, e, m->live_is_declared ? "declared live" : "live", &m->live, ", since ", buf);
    add_release(w, e, "going out", &m->going_out, ", since ", buf);
    if (m->waits != 0)
        buf_addf(buf, "waiting r%lld\n", (long long)m->waits);
    add_release(w, e, "next", &m->next, " at ", buf);
    for (size_t i = 0; i < m->stops.n_causes; i++)
        add_stop(w, e, &m->stops.causes[i], buf);
    return 0;
}
