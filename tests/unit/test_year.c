/*
 * A year of releases: twelve environments in five zones, 5,000 merges, freezes, holds, outages, restarts, a clock
 * that is set. What was promised is kept where nothing came in between, and each miss names its cause. Part of it is
 * played again on a real store by the server's own rooms.
 * SLIPWAY_DEEP=1 plays more years; SLIPWAY_SEED=N one.
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

#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/config/config_read.h"
#include "lib/rules/verdict.h"
#include "lib/store/store_deployment.h"
#include "tests/support/scenario_words.h"
#include "tests/support/scenario_world.h"
#include "tests/support/year.h"

#define DAY_MS INT64_C(86400000)
#define BEGIN_MS INT64_C(1767225600000) /* 2026-01-01 */

#define HEAD                                                                                             \
    "version: 1\ntimezone: Asia/Tokyo\ngithub: { webhook-secret-files: [secret] }\n"                     \
    "calendars: { business: { days: [mon, tue, wed, thu, fri], holidays: jp,\n"                          \
    "  closed: [{ from: 2026-12-29, to: 2027-01-03 }] } }\n"                                             \
    "freezes:\n"                                                                                         \
    "  - { name: year end, from: 2026-12-25 18:00, to: 2027-01-05 09:00, environments: [production] }\n" \
    "  - { name: weekend, days: [fri], from: \"18:00\", to: \"09:00\", environments: [production] }\n"   \
    "repos:\n"
#define JOBS "    jobs: { web: { runs-on: [web], steps: [{ run: \"true\" }] } }\n"
#define ON(host) ", roles: { web: { agent: { hosts: [" host "] } } } }\n"
#define SHOP                                                                                                      \
    "  acme/shop:\n    mirror: https://example.com/shop.git\n    environments:\n"                                 \
    "      test: { on: merge" ON("a-1") "      stage: { on: merge, delay: 10m, needs: [test]" ON(                 \
        "a-2") "      production: { on: schedule, at: [\"11:00\", \"15:00\"], calendar: business, cut-off: 10m, " \
               "needs: [stage]" ON("a-3") JOBS

static const char small_config[] = HEAD SHOP;
static const char year_config[] = HEAD SHOP
    "  acme/blog:\n    mirror: https://example.com/blog.git\n    environments:\n"
    "      stage: { on: merge, timezone: Europe/Berlin" ON("b-1") "      production: { on: schedule, at: [\"02:30\", \"14:00\"], timezone: Europe/Berlin, needs: [stage]" ON(
        "b-2") "      mirror: { on: schedule, at: [\"16:00\"], grace: 1h, timezone: America/New_York, needs: [production]" ON("b-3")
        JOBS
    "  acme/fair:\n    mirror: https://example.com/fair.git\n    environments:\n"
    "      stage: { on: merge, between: [{ from: \"08:00\", to: \"20:00\" }], timezone: Australia/Lord_Howe" ON(
        "c-1") "      production: { on: schedule, between: [{ days: [mon, tue, wed, thu], from: \"22:00\", to: \"02:00\" }],"
               " timezone: Australia/Lord_Howe, needs: [stage]" ON(
                   "c-2") "      late: { on: schedule, at: [\"23:45\"], cut-off: 30m, timezone: Africa/Casablanca, needs: [stage]" ON("c-3")
                   JOBS
    "  acme/app:\n    mirror: https://example.com/app.git\n    environments:\n"
    "      test: { on: merge, timezone: America/New_York" ON("d-1") "      stage: { on: merge, needs: [test], timezone: America/New_York" ON(
        "d-2") "      production: { on: release, between: [{ calendar: business, from: \"09:00\", to: \"18:00\" }],"
               " timezone: America/New_York, needs: [stage]" ON("d-3") JOBS;

static struct config *read_yaml(const char *yaml)
{
    struct problems problems;
    struct err err = ERR_INIT;
    struct config *config;
    struct arena arena;

    arena_init(&arena);
    problems_init(&problems, &arena);
    if (config_read_bytes(yaml, strlen(yaml), "/", &config, &problems, &err) < 0)
        fail_msg("%s: %s", err.text, problems.n > 0 ? problems.items[0].text : "");
    arena_deinit(&arena);
    return config;
}

static void tell(const struct year_report *r, const struct config *config, int64_t ms)
{
    print_message(
        "%zu environments, %zu events, %zu looks, %zu starts in %lld ms: %zu promises, %zu kept, "
        "%zu undisturbed, %zu missed:",
        year_places(config), r->n_events, r->n_looks, r->n_starts, (long long)ms, r->n_promised,
        r->n_kept, r->n_undisturbed, r->n_missed);
    for (int i = 0; i < CAUSE_COUNT + 3 && i < 32; i++)
        if (r->missed_by[i] > 0)
            print_message(" %s %zu",
                          i < CAUSE_COUNT        ? verdict_cause_key((enum cause_kind)i)
                          : i == CAUSE_COUNT     ? "server-down"
                          : i == CAUSE_COUNT + 1 ? "clock-jumped"
                                                 : "earlier",
                          r->missed_by[i]);
    print_message("\n");
}

static void play(uint64_t seed)
{
    struct config *config = read_yaml(year_config);
    struct year_options options = {.config = config,
                                   .from = BEGIN_MS,
                                   .to = BEGIN_MS + 365 * DAY_MS,
                                   .merges = 5000,
                                   .disturbances = 1500,
                                   .outages = true,
                                   .seed = seed};
    struct year_report report;
    struct arena arena;
    mono_ms began = clock_mono(clock_system());
    int64_t ms;

    arena_init(&arena);
    year_play(&options, &arena, &report);
    ms = clock_mono(clock_system()) - began;
    tell(&report, config, ms);
    if (report.wrong != NULL)
        fail_msg("%s", report.wrong);
    assert_true(report.n_promised > 5000);
    assert_true(report.n_undisturbed > 5000);
    assert_true(report.n_kept >= report.n_undisturbed);
    arena_deinit(&arena);
    config_free(config);
}

static void what_is_promised_is_kept_or_its_miss_has_a_cause(void **state)
{
    uint64_t seeds = str_eq(getenv("SLIPWAY_DEEP"), "1") ? 20 : 1;

    (void)state;
    if (getenv("SLIPWAY_SEED") != NULL)
        play(strtoull(getenv("SLIPWAY_SEED"), NULL, 10));
    else
        for (uint64_t seed = 1; seed <= seeds; seed++)
            play(seed);
}

/* The same on a real store ---------------------------------------------------------------------------- */

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

/* "2026-01-05 15:00:30" in UTC, as stories say times. */
static const char *when_of(struct scenario_world *w, time_ms t)
{
    char text[TIMESTAMP_SIZE];

    timestamp_format(t, text);
    return arena_printf(&w->arena, "%.10s %.8s", text, text + 11);
}

/* What a person or the world does, in the words of a scenario. */
static void happen(struct scenario_world *w, const struct config *config,
                   const struct year_event *e, int64_t *newest)
{
    const char *name = year_place(config, e->place)->name;
    struct err err = ERR_INIT;

    switch (e->kind) {
    case YEAR_MERGE:
        ++*newest;
        must(say(w, &err, "release r%lld code \"Change\"", (long long)*newest), &err);
        break;
    case YEAR_HOLD:
        if (e->to != 0)
            must(say(w, &err, "hold %s by ana because stock until \"%s\"", name, when_of(w, e->to)),
                 &err);
        else
            must(say(w, &err, "hold %s by ana because stock", name), &err);
        break;
    case YEAR_UNHOLD:
        must(say(w, &err, "unhold %s", name), &err);
        break;
    case YEAR_FREEZE:
        must(say(w, &err, "freeze f%zu-%lld from \"%s\" to \"%s\" in %s", e->place,
                 (long long)e->from, when_of(w, e->from), when_of(w, e->to), name),
             &err);
        break;
    case YEAR_THAW:
        must(say(w, &err, "thaw f%zu-%lld", e->place, (long long)e->from), &err);
        break;
    case YEAR_KINDS:
        break;
    default:
        fail_msg("an event of no word");
    }
}

/* Each that deploys for a minute has come out well. */
static bool succeed(struct scenario_world *w, const struct config *config, int64_t repository_id)
{
    bool any = false;

    for (size_t i = 0; i < year_places(config); i++) {
        const struct config_environment *e = year_place(config, i);
        struct deployment d;
        struct err err = ERR_INIT;
        if (store_deployment_open(w->db, &w->arena, repository_id, e->name, &d, &err) == 0 &&
            d.state == DEPLOYMENT_DEPLOYING && w->clock.now >= d.started_at + YEAR_TAKES_MS) {
            err = (struct err)ERR_INIT;
            must(say(w, &err, "command web on a-%zu Success", i + 1), &err);
            any = true;
        }
    }
    return any;
}

static void add_start(struct buf *text, const struct config *config, const struct year_start *s)
{
    buf_addf(text, "%lld %s r%lld\n", (long long)s->at, year_place(config, s->place)->name,
             (long long)s->number);
}

static int by_time(const void *a, const void *b)
{
    const struct year_start *x = a, *y = b;

    return x->at != y->at        ? (x->at < y->at ? -1 : 1)
           : x->place < y->place ? -1
                                 : x->place > y->place;
}

static void list_starts(struct scenario_world *w, const struct config *config,
                        int64_t repository_id, struct buf *text)
{
    struct year_start *all = NULL;
    size_t n_all = 0, cap = 0;

    for (size_t i = 0; i < year_places(config); i++) {
        struct deployment *list;
        struct err err = ERR_INIT;
        size_t n;
        must(store_deployment_list(w->db, &w->arena, repository_id, year_place(config, i)->name, 0,
                                   1000, &list, &n, &err),
             &err);
        for (size_t k = 0; k < n; k++)
            if (list[k].started_at != 0)
                *ARENA_PUSH(&w->arena, all, n_all, cap) =
                    (struct year_start){i, list[k].release_number, list[k].started_at};
    }
    if (n_all > 0)
        qsort(all, n_all, sizeof(*all), by_time);
    for (size_t i = 0; i < n_all; i++)
        add_start(text, config, &all[i]);
}

/* The first lines that differ. */
static const char *difference(struct arena *arena, const char *memory, const char *store)
{
    size_t i = 0;

    while (memory[i] != '\0' && memory[i] == store[i])
        i++;
    while (i > 0 && memory[i - 1] != '\n')
        i--;
    return arena_printf(arena, "in memory\n%.120s\non the store\n%.120s", memory + i, store + i);
}

/* Every instant at which the play in memory judged, and some between. */
static void play_on_a_store(const char *folder, uint64_t seed)
{
    struct config *config = read_yaml(small_config);
    struct year_options options = {.config = config,
                                   .from = BEGIN_MS,
                                   .to = BEGIN_MS + 60 * DAY_MS,
                                   .merges = 320,
                                   .disturbances = 170,
                                   .seed = seed};
    struct scenario_world w;
    struct year_report report;
    struct repository row;
    struct arena arena;
    struct buf memory, store;
    struct err err = ERR_INIT;
    int64_t newest = 1;
    size_t next = 0, n_events;

    arena_init(&arena);
    year_play(&options, &arena, &report);
    if (report.wrong != NULL)
        fail_msg("%s", report.wrong);
    scenario_world_init(&w, folder);
    must(say(&w, &err, "at %s UTC", when_of(&w, BEGIN_MS)), &err);
    must(say(&w, &err, "source seen"), &err);
    for (int i = 1; i <= 3; i++)
        must(say(&w, &err, "host a-%d online", i), &err);
    must(say(&w, &err, "release r1 code \"First sight\""), &err);
    must(scenario_world_repository(&w, NULL, &row, &err), &err);
    for (size_t i = 0; i < report.n_looks; i++) {
        if (report.looks[i] > w.clock.now)
            must(scenario_world_move(&w, report.looks[i], &err), &err);
        w.timed = !succeed(&w, config, row.id); /* nothing rings for what the clock alone brings */
        for (; next < report.n_events && report.events[next].at <= w.clock.now; next++)
            if (report.events[next].kind != YEAR_FAIL) {
                happen(&w, config, &report.events[next], &newest);
                w.timed = false;
                must(scenario_world_settle(&w, &err), &err); /* of two at one instant, too */
            }
        must(scenario_world_settle(&w, &err), &err);
    }
    buf_init(&memory, 1 << 20);
    buf_init(&store, 1 << 20);
    qsort(report.starts, report.n_starts, sizeof(*report.starts), by_time);
    for (size_t i = 0; i < report.n_starts; i++)
        add_start(&memory, config, &report.starts[i]);
    list_starts(&w, config, row.id, &store);
    n_events = report.n_events + 2 * report.n_starts;
    print_message("%zu events, %zu looks, %zu starts; with starts and ends %zu events\n",
                  report.n_events, report.n_looks, report.n_starts, n_events);
    if (strcmp(buf_str(&memory), buf_str(&store)) != 0)
        fail_msg("seed %llu: %s", (unsigned long long)seed,
                 difference(&w.arena, buf_str(&memory), buf_str(&store)));
    assert_true(report.n_events >= 500);
    buf_deinit(&memory);
    buf_deinit(&store);
    scenario_world_deinit(&w);
    config_free(config);
    arena_deinit(&arena);
}

static void the_server_does_the_same_on_a_real_store(void **state)
{
    char folder[64], path[96], line[128];
    struct err err = ERR_INIT;

    (void)state;
    snprintf(folder, sizeof(folder), "%s/slipway-year-XXXXXX",
             getenv("TMPDIR") != NULL ? getenv("TMPDIR") : "/tmp");
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof(path), "%s/config.yml", folder);
    must(file_write_atomic(path, small_config, strlen(small_config), 0644, &err), &err);
    play_on_a_store(folder, 1);
    snprintf(line, sizeof(line), "rm -rf '%s'", folder);
    assert_int_equal(system(line), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_promised_is_kept_or_its_miss_has_a_cause),
        cmocka_unit_test(the_server_does_the_same_on_a_real_store),
    };

    log_init(LOG_LOGFMT, LOG_ERROR);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
