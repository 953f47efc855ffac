#include "server/api/doctor_github.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/store/store_delivery.h"
#include "lib/store/store_hook.h"
#include "lib/store/store_repository.h"
#include "server/api/api.h"
#include "server/api/examination.h"
#include "server/flow/recovery.h"

#define MANY_WAITING 100
#define FAILED_SHOWN 50

static int check_deliveries(struct examination *x)
{
    const struct config *config = x->view->config;
    struct delivery *newest;
    int64_t waiting = 0;
    size_t n = 0;
    int rc = store_delivery_waiting(x->view->db, &waiting, x->err);

    if (rc == 0)
        rc = store_delivery_list(x->view->db, x->view->request->arena, 0, 1, &newest, &n, x->err);
    if (rc < 0)
        return rc;
    examination_say(x, &(struct finding){.name = "deliveries",
                                         .state = n == 0 ? CHECK_WARN : CHECK_OK,
                                         .values = {{"url", config->webhooks_url != NULL
                                                                ? config->webhooks_url
                                                                : config->listen_webhooks}},
                                         .n_values = 1});
    examination_say(x, &(struct finding){.name = "backlog",
                                         .state = waiting > MANY_WAITING ? CHECK_WARN : CHECK_OK,
                                         .values = {{"n", examination_number(x, waiting)}},
                                         .n_values = 1});
    return 0;
}

/* What GitHub sent while nobody took it (W5). */
static int check_recovery(struct examination *x)
{
    struct recovery *recovery = x->view->request->api->recovery;

    if (recovery == NULL) {
        examination_say(x, &(struct finding){.name = "no-recovery", .state = CHECK_OK});
        return 0;
    }
    for (size_t i = 0; i < x->view->config->n_repos; i++) {
        const char *name = x->view->config->repos[i].name;
        struct recovery_report report;
        struct arena *arena = x->view->request->arena;
        const char *why, *when;

        recovery_report(recovery, name, &report);
        why = arena_str(arena, report.trouble[0] != '\0' ? report.trouble : report.lists);
        if (why[0] == '\0' && report.compared_at == 0)
            why = messages_fill(arena, x->view->language, "doctor.recovery.begins", NULL, 0);
        when = report.compared_at != 0
                   ? examination_when(x, report.compared_at)
                   : messages_fill(arena, x->view->language, "doctor.recovery.start", NULL, 0);
        examination_say(x, &(struct finding){.name = "recovery",
                                             .about = name,
                                             .state = report.trouble[0] != '\0' ? CHECK_FAIL
                                                      : report.lists[0] != '\0' ||
                                                              report.compared_at == 0
                                                          ? CHECK_WARN
                                                          : CHECK_OK,
                                             .values = {{"why", why},
                                                        {"when", when},
                                                        {"n", examination_number(x, report.found)}},
                                             .n_values = 3});
    }
    return 0;
}

static int check_sources(struct examination *x)
{
    for (size_t i = 0; i < x->view->config->n_repos; i++) {
        const struct config_repo *repo = &x->view->config->repos[i];
        struct repository stored = {0};
        struct finding f = {.name = "source", .about = repo->name};
        int rc = store_repository_by_name(x->view->db, x->view->request->arena, repo->name, &stored,
                                          x->err);

        if (rc < 0 && rc != ERR_NOT_FOUND)
            return rc;
        f.state = stored.failed_at != 0 || stored.rewritten_sha[0] != '\0' ? CHECK_FAIL
                  : stored.fetched_at == 0                                 ? CHECK_WARN
                                                                           : CHECK_OK;
        f.values[0] = (struct message_value){"what", repo->name};
        f.values[1] =
            (struct message_value){"why", stored.rewritten_sha[0] != '\0' ? stored.rewritten_sha
                                                                          : stored.failure};
        f.values[2] = (struct message_value){"url", repo->mirror};
        f.n_values = 3;
        examination_say(x, &f);
    }
    return 0;
}

/* Those that could not be read, or ended the server, of the last that came (W7). */
static int check_failed(struct examination *x)
{
    struct delivery *items;
    size_t n, quarantined = 0;
    int rc = store_delivery_failed(x->view->db, x->view->request->arena, 0, FAILED_SHOWN, &items,
                                   &n, x->err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        quarantined += items[i].state == DELIVERY_QUARANTINED;
    examination_say(x, &(struct finding){.name = "failed",
                                         .state = quarantined != 0 ? CHECK_FAIL
                                                  : n != 0         ? CHECK_WARN
                                                                   : CHECK_OK,
                                         .values = {{"n", examination_number(x, (int64_t)n)},
                                                    {"what", n != 0 ? items[0].guid : "-"},
                                                    {"why", n != 0 ? items[0].note : "-"}},
                                         .n_values = 3});
    return 0;
}

/* A webhook or installation that is gone, and nothing else that brings deliveries in its place. */
static int check_hooks(struct examination *x)
{
    struct hook *lost;
    size_t n;
    int rc = store_hook_lost(x->view->db, x->view->request->arena, &lost, &n, x->err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++)
        if (lost[i].repository[0] == '\0' ||
            config_repo(x->view->config, lost[i].repository) != NULL)
            examination_say(
                x, &(struct finding){
                       .name = "hook",
                       .about = examination_number(x, lost[i].github_id),
                       .state = CHECK_FAIL,
                       .values = {{"what", lost[i].kind},
                                  {"n", examination_number(x, lost[i].github_id)},
                                  {"who", lost[i].repository[0] != '\0' ? lost[i].repository : "*"},
                                  {"why", lost[i].state}},
                       .n_values = 4});
    return 0;
}

/* GitHub calls it otherwise: its deliveries are taken by its id, but the configuration is out of date (W6). */
static int check_names(struct examination *x)
{
    struct repository *items;
    size_t n;
    int rc = store_repository_list(x->view->db, x->view->request->arena, &items, &n, x->err);

    for (size_t i = 0; i < n && rc == 0; i++) {
        if (items[i].github_name == NULL)
            continue;
        if (config_repo(x->view->config, items[i].name) == NULL) {
            /* Its deliveries come under a name that is configured, and are nobody's. */
            if (config_repo(x->view->config, items[i].github_name) != NULL)
                examination_say(x, &(struct finding){.name = "stray",
                                                     .about = items[i].github_name,
                                                     .state = CHECK_FAIL,
                                                     .values = {{"what", items[i].name},
                                                                {"who", items[i].github_name}},
                                                     .n_values = 2});
        } else {
            examination_say(x, &(struct finding){.name = "name",
                                                 .about = items[i].name,
                                                 .state = CHECK_WARN,
                                                 .values = {{"what", items[i].name},
                                                            {"who", items[i].github_name}},
                                                 .n_values = 2});
        }
    }
    return rc;
}

int doctor_github_check(struct examination *x)
{
    static int (*const checks[])(struct examination * x) = {
        check_deliveries, check_failed, check_hooks, check_recovery, check_names, check_sources,
    };
    int rc = 0;

    for (size_t i = 0; i < sizeof(checks) / sizeof(checks[0]) && rc == 0; i++)
        rc = checks[i](x);
    return rc;
}
