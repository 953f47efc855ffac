/* sim_github: see sim_github.h. */
#include "tests/support/sim_github.h"

#include <string.h>

#include "lib/rules/watermark.h"
#include "tests/support/sim_journal.h"
#include "tests/support/sim_ledger.h"

#define WAITING 32 /* in the server's memory */
#define WALK_EVERY_MS 60000
#define OLD_MS 300000

static struct {
    struct {
        int line, release;
        time_ms sent_at;
        time_ms arrives_at, again_at; /* 0 = never, or it has */
    } deliveries[SIM_DELIVERIES + 1];
    int n, first; /* before that one all have arrived */
    int releases[SIM_LINES];
    int waiting[WAITING];
    int n_waiting;
    time_ms walk_at;
} own;

void sim_github_reset(void)
{
    memset(&own, 0, sizeof(own));
    own.first = 1;
    for (int l = 0; l < SIM_LINES; l++)
        own.releases[l] = 1; /* the tip at first sight */
}

int sim_github_count(void)
{
    return own.n;
}

bool sim_github_is_old(int delivery)
{
    return own.deliveries[delivery].sent_at + OLD_MS < sim.now;
}

static void merge(void)
{
    int line = (int)sim_world_dice(SIM_LINES), d;

    if (own.n == SIM_DELIVERIES || own.releases[line] + 1 >= SIM_RELEASES)
        return;
    d = ++own.n;
    own.deliveries[d].line = line;
    own.deliveries[d].release = ++own.releases[line];
    own.deliveries[d].sent_at = sim.now;
    own.deliveries[d].arrives_at = own.deliveries[d].again_at = 0;
    if (sim.quiet || !sim_world_once_in(8))
        own.deliveries[d].arrives_at =
            sim.now + (sim_world_once_in(12) ? sim_world_dice(300000) : sim_world_dice(2000));
    if (!sim.quiet && sim_world_once_in(12)) /* a person has it sent again */
        own.deliveries[d].again_at = sim.now + sim_world_dice(200000);
}

static void answer(int delivery)
{
    if (sim.quiet || !sim_world_once_in(12)) /* else it is lost on its way */
        sim_journal_saw(SIM_ACT_ANSWERED, 0, delivery);
}

static void arrive(int delivery)
{
    if (!sim_ledger_is_up() || own.n_waiting == WAITING)
        return;
    own.waiting[own.n_waiting++] = delivery;
    if (sim.lacks == 1)
        answer(delivery);
}

static bool is_due(time_ms *at)
{
    if (*at == 0 || *at > sim.now)
        return false;
    *at = 0;
    return true;
}

void sim_github_step(void)
{
    if (sim_world_once_in(4))
        merge();
    for (int d = own.first; d <= own.n; d++) {
        if (is_due(&own.deliveries[d].arrives_at))
            arrive(d);
        if (is_due(&own.deliveries[d].again_at))
            arrive(d);
        if (d == own.first && own.deliveries[d].arrives_at == 0 && own.deliveries[d].again_at == 0)
            own.first++;
    }
}

/* The server ------------------------------------------------------------------------------------- */

/* W3: the same one again is the same event. */
static void keep(struct sim_store *s, int d)
{
    struct sim_line *line = &s->lines[own.deliveries[d].line];

    if (sim_store_has_delivery(s, d))
        return;
    s->deliveries[d / 64] |= UINT64_C(1) << d % 64;
    sim_store_write(s, (struct sim_entry){.act = SIM_ACT_DELIVERY, .what = d});
    if (own.deliveries[d].release > line->newest)
        line->newest = own.deliveries[d].release;
}

static void commit(struct sim_store *s)
{
    for (int i = 0; i < own.n_waiting; i++) {
        keep(s, own.waiting[i]);
        if (sim.lacks != 1)
            answer(own.waiting[i]);
    }
    own.n_waiting = 0;
}

/* GitHub's list, newest first; one that breaks off leaves the watermark where it was. */
static void walk(struct sim_store *s)
{
    time_ms began = sim_ledger_now();
    time_ms since = watermark_since(s->watermark, began, WATERMARK_LIST_KEPT_MS);

    for (int d = own.n; d > 0 && own.deliveries[d].sent_at >= since; d--) {
        if (!sim.quiet && sim_world_once_in(60))
            return;
        if (own.deliveries[d].sent_at > sim.now - WATERMARK_FRESH_MS ||
            sim_store_has_delivery(s, d))
            continue;
        sim_world_count(SIM_FOUND_IN_LIST);
        keep(s, d);
    }
    s->watermark = watermark_after(began);
}

void sim_github_serve(struct sim_store *s)
{
    commit(s);
    if (s->watermark == 0)
        s->watermark = sim_ledger_now();
    if (sim.now < own.walk_at)
        return;
    own.walk_at = sim.now + WALK_EVERY_MS;
    walk(s);
}

void sim_github_server_died(void)
{
    own.n_waiting = 0;
}
