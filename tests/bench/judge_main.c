/*
 * judge: what one item costs to judge: the gate alone, and the plan of an environment with its gate.
 *
 * Facts as a usual environment has them: twenty days of windows, five freezes, a hold that is over, four hosts, two
 * environments before it, and so many candidates. Pure: no store, no clock. Prints lines "name value".
 */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "lib/rules/release_plan.h"

#define ROUNDS 9
#define TIMES 20000
#define DAY INT64_C(86400000)
#define NOW (INT64_C(1795000000000))

static double now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t); /* others may work on the machine */
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static struct interval windows[20], freezes[5];
static struct gate_host hosts[4];
static struct gate_hold hold = {"ana", "stock", NOW - DAY, NOW - 1};
static struct plan_release releases[64];

static struct release_facts facts(size_t candidates)
{
    struct release_facts f = {.on = DEPLOYMENT_ON_SCHEDULE,
                              .grace_ms = 900000,
                              .cut_off_ms = 600000,
                              .live_number = 1,
                              .releases = releases,
                              .n_releases = candidates};

    for (int i = 0; i < 20; i++)
        windows[i] = (struct interval){NOW + i * DAY, NOW + i * DAY + DAY / 3, NULL, false};
    for (int i = 0; i < 5; i++)
        freezes[i] = (struct interval){NOW + (i + 3) * DAY, NOW + (i + 4) * DAY, "f", false};
    for (int i = 0; i < 4; i++)
        hosts[i] = (struct gate_host){.name = "web", .known = true, .seen_at = NOW - 1000};
    for (size_t i = 0; i < candidates; i++)
        releases[i] = (struct plan_release){.number = (int64_t)i + 2,
                                            .name = "r",
                                            .sha = "0",
                                            .seen_at = NOW - DAY,
                                            .needs = {{.environment = "test", .proven = true},
                                                      {.environment = "stage", .proven = true}},
                                            .n_needs = 2};
    f.gate = (struct gate_facts){.limited = true,
                                 .windows = windows,
                                 .n_windows = 20,
                                 .freezes = freezes,
                                 .n_freezes = 5,
                                 .holds = &hold,
                                 .n_holds = 1,
                                 .hosts = hosts,
                                 .n_hosts = 4,
                                 .start_at = NOW + 3600000,
                                 .start_until = NOW + 4500000,
                                 .source_seen_at = NOW - 1000,
                                 .start_within_ms = 120000,
                                 .needs = releases[0].needs,
                                 .n_needs = 2};
    strcpy(f.next.date, "2026-11-25");
    strcpy(f.next.time, "15:00:00");
    f.next.due_at = NOW + 3600000;
    return f;
}

static volatile time_ms sink;

static double plan_us(size_t candidates)
{
    static struct release_plan plan;
    struct release_facts f = facts(candidates);
    double best = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double began = now_us(), took;
        for (int i = 0; i < TIMES; i++) {
            release_plan_make(&f, NOW + i % 1000, &plan);
            sink = plan.next_change;
        }
        took = (now_us() - began) / TIMES;
        best = took < best ? took : best;
    }
    return best;
}

static double gate_us(void)
{
    struct release_facts f = facts(1);
    double best = 1e9;

    for (int round = 0; round < ROUNDS; round++) {
        double began = now_us(), took;
        for (int i = 0; i < TIMES; i++)
            sink = gate_judge(&f.gate, NOW + i % 1000).next_change;
        took = (now_us() - began) / TIMES;
        best = took < best ? took : best;
    }
    return best;
}

int main(void)
{
    printf("gate_us %.3f\n", gate_us());
    printf("plan_1_us %.3f\n", plan_us(1));
    printf("plan_20_us %.3f\n", plan_us(20));
    printf("plan_64_us %.3f\n", plan_us(64));
    return 0;
}
