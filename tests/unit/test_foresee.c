/*
 * The forecast against what the flow then does: seeded configurations and merges, the real store and rooms, time
 * moved on in steps of ten minutes. Whatever starts was foreseen, for that release and that instant, and nothing
 * else was. SLIPWAY_DEEP=1 plays more seeds; SLIPWAY_SEED=N one.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/store/store_deployment.h"
#include "server/flow/foresee.h"
#include "tests/support/scenario_words.h"
#include "tests/support/scenario_world.h"

#define MINUTE INT64_C(60000)
#define STEP (10 * MINUTE)
#define LASTS (36 * 60 * MINUTE)
#define NAMES_MAX 3

static const char *const names[NAMES_MAX] = {"test", "stage", "production"};
static uint64_t random_state;

static unsigned any(unsigned below)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned)(random_state % below);
}

/* The configuration --------------------------------------------------------------------------------- */

static void add_when(struct buf *c, int i)
{
    unsigned kind = any(10);

    if (kind < 5) {
        buf_adds(c, "on: merge");
        if (any(4) == 0)
            buf_addf(c, ", delay: %u0m", 1 + any(5));
    } else if (kind < 9) {
        buf_addf(c, "on: schedule, at: [\"%02u:%u0\", \"%02u:%u0\"], grace: %u0m", any(12), any(6),
                 12 + any(12), any(6), 1 + any(3));
        if (any(3) == 0)
            buf_addf(c, ", cut-off: %u0m", 1 + any(3));
        if (any(3) == 0)
            buf_adds(c, ", calendar: business");
    } else {
        buf_adds(c, "on: release");
    }
    if (kind != 8 && any(3) == 0)
        buf_adds(c, kind >= 5 && kind < 9 ? ", between: [{ from: \"00:00\", to: \"23:55\" }]"
                                          : ", between: [{ from: \"09:00\", to: \"18:00\" }]");
    if (i > 0)
        buf_addf(c, ", needs: [%s]", names[any((unsigned)i)]);
}

static void write_config(const char *folder, int n)
{
    char path[160];
    struct err err = ERR_INIT;
    struct buf c;

    buf_init(&c, 65536);
    buf_adds(&c, "version: 1\ntimezone: Asia/Tokyo\ngithub: { webhook-secret-files: [secret] }\n"
                 "calendars: { business: { days: [mon, tue, wed, thu, fri], holidays: jp } }\n");
    if (any(2) == 0)
        buf_addf(&c,
                 "freezes: [{ name: f, from: 2026-11-20 %02u:00, to: 2026-11-2%u %02u:%u0%s }]\n",
                 10 + any(10), 1 + any(2), any(24), any(6),
                 any(2) == 0 ? ", environments: [test]" : "");
    buf_adds(&c, "repos:\n  acme/shop:\n    mirror: https://example.com/shop.git\n"
                 "    environments:\n");
    for (int i = 0; i < n; i++) {
        buf_addf(&c, "      %s: { ", names[i]);
        add_when(&c, i);
        buf_addf(&c, ", roles: { web: { agent: { hosts: [%s-1] } } } }\n", names[i]);
    }
    buf_adds(&c, "    jobs:\n      web: { runs-on: [web], steps: [{ run: \"true\" }] }\n");
    snprintf(path, sizeof(path), "%s/config.yml", folder);
    assert_int_equal(file_write_atomic(path, buf_str(&c), c.len, 0644, &err), 0);
    buf_deinit(&c);
}

/* The world ----------------------------------------------------------------------------------------- */

static int say(struct scenario_world *w, struct err *err, const char *fmt, ...)
    __attribute__((format(printf, 3, 4)));

static int say(struct scenario_world *w, struct err *err, const char *fmt, ...)
{
    const char *words[SCENARIO_WORDS_MAX];
    char line[256];
    va_list args;
    size_t n = 0;
    int rc;

    va_start(args, fmt);
    vsnprintf(line, sizeof(line), fmt, args);
    va_end(args);
    rc = scenario_words_split(&w->arena, line, words, &n, err);
    return rc < 0 ? rc : scenario_words_play(w, words, n, err);
}

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

/* How many deploy; those that have for a minute succeed. */
static int succeed(struct scenario_world *w, const struct config_repo *repo, int64_t repository_id)
{
    int n = 0;

    for (size_t i = 0; i < repo->n_environments; i++) {
        const char *name = repo->environments[i].name;
        struct deployment d;
        struct err err = ERR_INIT;
        if (store_deployment_open(w->db, &w->arena, repository_id, name, &d, &err) < 0 ||
            d.state != DEPLOYMENT_DEPLOYING)
            continue;
        n++;
        if (w->clock.now < d.started_at + MINUTE)
            continue;
        err = (struct err)ERR_INIT;
        must(say(w, &err, "command web on %s-1 Success", name), &err);
    }
    return n;
}

/* The flow acts until nothing moves; what it starts succeeds a minute later. */
static void act(struct scenario_world *w, const struct config_repo *repo, int64_t repository_id)
{
    struct err err = ERR_INIT;

    must(scenario_world_settle(w, &err), &err);
    for (int i = 0; i < 9 && succeed(w, repo, repository_id) > 0; i++) {
        must(scenario_world_settle(w, &err), &err);
        if (succeed(w, repo, repository_id) == 0)
            break;
        must(scenario_world_move(w, w->clock.now + MINUTE, &err), &err);
        (void)succeed(w, repo, repository_id);
        must(scenario_world_settle(w, &err), &err);
    }
}

/* What started, in the order of time: "production r3 +120" in minutes. */
static void add_start(struct buf *text, const char *environment, int64_t number, time_ms at,
                      time_ms from)
{
    buf_addf(text, "%s r%lld +%lld\n", environment, (long long)number,
             (long long)((at - from) / MINUTE));
}

static void list_started(struct scenario_world *w, const struct config_repo *repo,
                         int64_t repository_id, time_ms from, struct buf *text)
{
    for (size_t i = 0; i < repo->n_environments; i++) {
        struct deployment *list;
        struct err err = ERR_INIT;
        size_t n;
        must(store_deployment_list(w->db, &w->arena, repository_id, repo->environments[i].name, 0,
                                   100, &list, &n, &err),
             &err);
        for (size_t k = n; k > 0; k--)
            if (list[k - 1].started_at >= from)
                add_start(text, repo->environments[i].name, list[k - 1].release_number,
                          list[k - 1].started_at, from);
    }
}

static void list_foreseen(const struct foreseen *f, time_ms from, struct buf *text)
{
    for (size_t i = 0; i < f->repo->n_environments; i++)
        for (size_t k = 0; k < f->n_starts; k++)
            if (f->starts[k].environment == i && f->starts[k].at < from + LASTS)
                add_start(text, f->repo->environments[i].name, f->starts[k].release_number,
                          f->starts[k].at, from);
}

static void play(const char *folder, uint64_t seed)
{
    struct scenario_world w;
    const struct config_repo *repo;
    struct repository row;
    struct foreseen f;
    struct buf foreseen, started;
    struct err err = ERR_INIT;
    time_ms from;
    int n;

    random_state = seed * UINT64_C(0x9e3779b97f4a7c15) + 1;
    n = 1 + (int)any(NAMES_MAX);
    write_config(folder, n);
    scenario_world_init(&w, folder);
    must(say(&w, &err, "at Fri 2026-11-20 %02u:%u0 Asia/Tokyo", 6 + any(10), any(6)), &err);
    must(say(&w, &err, "source seen"), &err);
    for (int i = 0; i < n; i++)
        must(say(&w, &err, "host %s-1 online", names[i]), &err);
    must(say(&w, &err, "release r1 code \"First sight\""), &err);
    for (unsigned i = 2; i < 3 + any(3); i++) {
        must(say(&w, &err, "release r%u code \"Change %u\"", i, i), &err);
        must(scenario_world_move(&w, w.clock.now + (1 + any(3)) * STEP, &err), &err);
    }
    for (int i = 0; i < n; i++) { /* somebody asks where that is how it goes out */
        struct err own = ERR_INIT;
        if (any(2) == 0)
            (void)say(&w, &own, "asked %s r2 by mika", names[i]);
    }
    if (any(2) == 0) { /* something may be under way when it is asked */
        must(scenario_world_move(&w, w.clock.now + STEP - MINUTE, &err), &err);
        must(scenario_world_settle(&w, &err), &err);
        must(scenario_world_move(&w, w.clock.now + MINUTE, &err), &err);
    }
    from = w.clock.now;
    must(scenario_world_repository(&w, &repo, &row, &err), &err);
    must(foresee(w.db, w.snapshot, repo, &row, from, &w.arena, &f, &err), &err);
    for (time_ms t = from; t < from + LASTS; t += STEP) {
        if (t > w.clock.now)
            must(scenario_world_move(&w, t, &err), &err);
        act(&w, repo, row.id);
    }
    buf_init(&foreseen, 65536);
    buf_init(&started, 65536);
    list_foreseen(&f, from, &foreseen);
    list_started(&w, repo, row.id, from, &started);
    if (strcmp(buf_str(&foreseen), buf_str(&started)) != 0)
        fail_msg("seed %llu\nforeseen\n%sstarted\n%s", (unsigned long long)seed, buf_str(&foreseen),
                 buf_str(&started));
    buf_deinit(&foreseen);
    buf_deinit(&started);
    scenario_world_deinit(&w);
}

static void what_starts_was_foreseen_and_nothing_else_was(void **state)
{
    uint64_t seeds = str_eq(getenv("SLIPWAY_DEEP"), "1") ? 600 : 20;
    char folder[64], line[128];

    (void)state;
    snprintf(folder, sizeof(folder), "%s/slipway-foresee-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(folder));
    if (getenv("SLIPWAY_SEED") != NULL)
        play(folder, strtoull(getenv("SLIPWAY_SEED"), NULL, 10));
    else
        for (uint64_t seed = 1; seed <= seeds; seed++)
            play(folder, seed);
    snprintf(line, sizeof(line), "rm -rf '%s'", folder);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_starts_was_foreseen_and_nothing_else_was),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
