#include "server/api/api_doctor.h"

#include <stdio.h>
#include <string.h>

#include "lib/base/names.h"
#include "lib/base/arena.h"
#include "lib/base/cage.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/model/host.h"
#include "lib/store/store_approval.h"
#include "lib/store/store_attempt.h"
#include "lib/store/store_config.h"
#include "lib/store/store_holiday.h"
#include "lib/store/store_host.h"
#include "lib/store/store_person.h"
#include "lib/store/store_signing_key.h"
#include "lib/store/writer.h"
#include "server/api/api.h"
#include "server/api/api_clock.h"
#include "server/api/chain.h"
#include "server/api/disk.h"
#include "server/api/doctor_aws.h"
#include "server/api/doctor_github.h"
#include "server/api/examination.h"
#include "server/api/reply.h"
#include "server/flow/roster.h"

#define ANSWER_MAX ((size_t)4 << 20)

/* Checks ---------------------------------------------------------------------------------------- */

static int check_store(struct examination *x)
{
    bool broken = writer_is_broken(x->view->request->api->writer);

    examination_say(x, &(struct finding){.name = "store", .state = broken ? CHECK_FAIL : CHECK_OK});
    return 0;
}

/* Somebody edited the file, and what it says is not what is done. */
static int check_config(struct examination *x)
{
    const struct api *api = x->view->request->api;
    char why[512] = "";
    time_ms changed = 0;
    int rc = store_config_changed(x->view->db, &changed, x->err);

    if (rc < 0)
        return rc;
    if (api->refused_config != NULL)
        api->refused_config(api->server, why, sizeof(why));
    examination_say(x,
                    &(struct finding){.name = "config",
                                      .state = why[0] != '\0' ? CHECK_FAIL : CHECK_OK,
                                      .values = {{"why", arena_str(x->view->request->arena, why)},
                                                 {"when", examination_when(x, changed)}},
                                      .n_values = 2});
    return 0;
}

/* Which of Japan's holidays hold, where some calendar wants them (F8). */
static int check_holidays(struct examination *x)
{
    const struct config *config = x->view->config;
    struct holiday_year *years = NULL;
    size_t n = 0;
    bool wanted = false;
    int rc;

    for (size_t i = 0; i < config->n_calendars; i++)
        wanted = wanted || config->calendars[i].japan;
    rc = wanted ? store_holiday_years(x->view->db, x->view->request->arena, &years, &n, x->err) : 0;
    if (!wanted || rc < 0)
        return rc;
    if (n == 0)
        examination_say(x, &(struct finding){.name = "holidays-by-rule", .state = CHECK_OK});
    for (size_t i = 0; i < n; i++)
        examination_say(x, &(struct finding){.name = "holidays",
                                             .about = examination_number(x, years[i].year),
                                             .state = CHECK_OK,
                                             .values = {{"n", examination_number(x, years[i].year)},
                                                        {"when",
                                                         examination_when(x, years[i].imported_at)},
                                                        {"what", years[i].source},
                                                        {"who", years[i].actor}},
                                             .n_values = 4});
    return 0;
}

/* Logins that another account came under (A4), and whether GitHub says who is who. */
static int check_people(struct examination *x)
{
    struct roster *roster = x->view->request->api->roster;
    struct person *people;
    char trouble[256];
    size_t n = 0;
    int rc = store_person_refused(x->view->db, x->view->request->arena, &people, &n, x->err);

    for (size_t i = 0; rc == 0 && i < n; i++)
        examination_say(
            x, &(struct finding){.name = "person",
                                 .about = people[i].login,
                                 .state = CHECK_WARN,
                                 .values = {{"who", people[i].login},
                                            {"n", examination_number(x, people[i].other_id)}},
                                 .n_values = 2});
    roster_trouble(roster, trouble, sizeof(trouble));
    if (roster != NULL)
        examination_say(x, &(struct finding){.name = "roster",
                                             .state = trouble[0] != '\0' ? CHECK_FAIL : CHECK_OK,
                                             .values = {{"why", arena_str(x->view->request->arena,
                                                                          trouble)}},
                                             .n_values = 1});
    return rc;
}

static int check_journal(struct examination *x)
{
    struct chain_word word;
    const struct api *api = x->view->request->api;
    int rc = chain_look(api->chain, api->readers, &word, x->err);

    if (rc == 0)
        examination_say(x, &(struct finding){
                               .name = word.more ? "journal-begun" : "journal",
                               .state = word.bad != 0 ? CHECK_FAIL : CHECK_OK,
                               .values = {{"n", examination_number(x, word.bad != 0 ? word.bad
                                                                                    : word.whole)}},
                               .n_values = 1});
    return rc;
}

/* I6: nothing went out without its approvals, unless it was allowed to pass them. */
static int check_approvals(struct examination *x)
{
    const char *const *missing;
    const char *list = "";
    size_t n = 0;
    int rc = store_approval_missing(x->view->db, x->view->request->arena, &missing, &n, x->err);

    for (size_t i = 0; i < n && i < 5 && rc == 0; i++)
        list = arena_printf(x->view->request->arena, "%s%s%s", list, i > 0 ? ", " : "", missing[i]);
    if (rc == 0)
        examination_say(x, &(struct finding){.name = "approvals",
                                             .state = n > 0 ? CHECK_FAIL : CHECK_OK,
                                             .values = {{"what", list}},
                                             .n_values = 1});
    return rc;
}

/* A turn-over of the signing key that waits, or hosts that would run nothing. */
static int check_signing_key(struct examination *x)
{
    struct arena *arena = x->view->request->arena;
    struct signing_key *keys;
    const char **names = NULL, *list = "";
    size_t n = 0, n_names = 0;
    int rc = store_signing_key_list(x->view->db, arena, &keys, &n, x->err);

    if (rc == 0 && n > 1)
        rc = store_signing_key_strangers(x->view->db, arena, keys[n - 1].key, &names, &n_names,
                                         x->err);
    for (size_t i = 0; i < n_names && i < 5 && rc == 0; i++)
        list = arena_printf(arena, "%s%s%s", list, i > 0 ? ", " : "", names[i]);
    if (rc == 0 && n > 1)
        examination_say(x,
                        &(struct finding){.name = "signing-key",
                                          .state = n_names > 0 || keys[n - 1].in_force_at == 0
                                                       ? CHECK_WARN
                                                       : CHECK_OK,
                                          .values = {{"n", examination_number(x, (int64_t)n_names)},
                                                     {"what", n_names > 0 ? list : "-"}},
                                          .n_values = 2});
    return rc;
}

static int check_disk(struct examination *x)
{
    const struct api *api = x->view->request->api;
    struct disk_room room = disk_look(api->disk, clock_mono(api->clock));

    examination_say(
        x, &(struct finding){.name = "disk",
                             .state = room.low ? CHECK_FAIL : CHECK_OK,
                             .values = {{"n", examination_number(x, (int64_t)room.free_mib)},
                                        {"what", examination_number(x, (int64_t)room.needed_mib)},
                                        {"where", x->view->config->state}},
                             .n_values = 3});
    return 0;
}

/* One configured host of one environment. */
static int check_host(struct examination *x, const struct config_environment *environment,
                      const char *name)
{
    struct host host = {0};
    struct finding f = {.name = names_is_machine_id(name) ? "aws-host" : "host", .about = name};
    int rc = store_host_by_name(x->view->db, x->view->request->arena, name, &host, x->err);

    if (rc < 0 && rc != ERR_NOT_FOUND)
        return rc;
    f.state = rc == 0 && host_is_online(&host, x->view->now) ? CHECK_OK
              : rc == 0                                      ? CHECK_FAIL
                                                             : CHECK_WARN;
    f.values[0] = (struct message_value){"who", name};
    f.values[1] =
        (struct message_value){"what", arena_printf(x->view->request->arena, "%s/%s",
                                                    environment->repo->name, environment->name)};
    f.n_values = 2;
    examination_say(x, &f);
    return 0;
}

/* Those that a role by tags finds, as long as somebody waits for them; one that finds nobody is said. */
static int check_tagged(struct examination *x, const struct config_environment *environment,
                        const struct config_role *role)
{
    struct arena *arena = x->view->request->arena;
    struct host *hosts = NULL;
    size_t n = 0;
    bool some = false;
    int rc = store_host_list(x->view->db, arena, &hosts, &n, x->err);

    for (size_t i = 0; i < role->tags.n && rc == 0; i++)
        rc = store_host_mark_tagged(x->view->db, arena, &role->tags.items[i], hosts, n, x->err);
    for (size_t i = 0; i < n && rc == 0; i++) {
        if (!config_role_finds(role, hosts[i].name, &hosts[i].tags) ||
            x->view->now >= host_gone_at(&hosts[i], x->view->config->gone_after_ms))
            continue;
        some = true;
        rc = check_host(x, environment, hosts[i].name);
    }
    if (rc == 0 && !some)
        examination_say(x,
                        &(struct finding){.name = role->ssm ? "aws-role" : "role",
                                          .about = role->name,
                                          .state = CHECK_WARN,
                                          .values = {{"who", role->name},
                                                     {"what", arena_printf(arena, "%s/%s",
                                                                           environment->repo->name,
                                                                           environment->name)}},
                                          .n_values = 2});
    return rc;
}

static int check_hosts_of(struct examination *x, const struct config_environment *environment)
{
    for (size_t i = 0; i < environment->n_roles; i++) {
        const struct config_role *role = &environment->roles[i];

        if (role->tags.n > 0) {
            int rc = check_tagged(x, environment, role);

            if (rc < 0)
                return rc;
        }
        for (size_t k = 0; k < role->hosts.n; k++) {
            int rc = check_host(x, environment, role->hosts.items[k]);

            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int check_hosts(struct examination *x)
{
    const struct config *config = x->view->config;

    for (size_t i = 0; i < config->n_repos; i++) {
        for (size_t k = 0; k < config->repos[i].n_environments; k++) {
            int rc = check_hosts_of(x, &config->repos[i].environments[k]);

            if (rc < 0)
                return rc;
        }
    }
    return 0;
}

static int check_databases(struct examination *x)
{
    struct attempt *attempts;
    size_t n;
    size_t unknown = 0;
    int rc =
        store_attempt_all_unsettled(x->view->db, x->view->request->arena, &attempts, &n, x->err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (attempts[i].state != ATTEMPT_UNKNOWN && attempts[i].state != ATTEMPT_FAILED)
            continue;
        unknown++;
        examination_say(x, &(struct finding){.name = "database",
                                             .about = attempts[i].database,
                                             .state = CHECK_FAIL,
                                             .values = {{"what", attempts[i].database},
                                                        {"who", attempts[i].host}},
                                             .n_values = 2});
    }
    if (unknown == 0)
        examination_say(x, &(struct finding){.name = "database", .state = CHECK_OK});
    return 0;
}

/* Their hosts have seen more of them than this store knows, or it was started as one that comes from a backup (G5). */
static int check_fences(struct examination *x)
{
    struct attempt_database *databases;
    size_t n;
    size_t standing = 0;
    int rc = store_attempt_databases(x->view->db, x->view->request->arena, &databases, &n, x->err);

    if (rc < 0)
        return rc;
    for (size_t i = 0; i < n; i++) {
        if (databases[i].fenced_at == 0)
            continue;
        standing++;
        examination_say(
            x, &(struct finding){.name = "fence",
                                 .about = databases[i].name,
                                 .state = CHECK_FAIL,
                                 .values = {{"what", databases[i].name},
                                            {"why", databases[i].fence_why},
                                            {"when", examination_when(x, databases[i].fenced_at)}},
                                 .n_values = 3});
    }
    if (standing == 0)
        examination_say(x, &(struct finding){.name = "fence", .state = CHECK_OK});
    return 0;
}

static void say_unbuilt(struct examination *x, const struct config_unbuilt *unbuilt)
{
    examination_say(x, &(struct finding){.name = "setting",
                                         .about = unbuilt->setting,
                                         .state = CHECK_WARN,
                                         .values = {{"what", unbuilt->setting},
                                                    {"line", examination_number(x, unbuilt->line)}},
                                         .n_values = 2});
}

static int check_settings(struct examination *x)
{
    const struct config *config = x->view->config;

    for (size_t i = 0; i < config->n_unbuilt; i++)
        say_unbuilt(x, &config->unbuilt[i]);
    for (size_t i = 0; i < config->n_repos; i++) {
        for (size_t k = 0; k < config->repos[i].n_environments; k++) {
            const struct config_environment *environment = &config->repos[i].environments[k];

            for (size_t j = 0; j < environment->n_unbuilt; j++)
                say_unbuilt(x, &environment->unbuilt[j]);
        }
    }
    return 0;
}

static bool is_public(const char *address)
{
    return !str_starts(address, "127.") && !str_starts(address, "[::1]") &&
           !str_starts(address, "localhost");
}

/* Debian's libmicrohttpd is meant to stand behind a proxy (threats.md 5.8). */
static int check_listen(struct examination *x)
{
    const struct config *config = x->view->config;
    const char *const addresses[] = {config->listen_webhooks, config->listen_agents,
                                     config->listen_web};
    const char *open = NULL;

    for (size_t i = 0; i < 3; i++) {
        if (is_public(addresses[i]))
            open = addresses[i];
    }
    examination_say(x, &(struct finding){.name = "listen",
                                         .state = open != NULL ? CHECK_WARN : CHECK_OK,
                                         .values = {{"what", open}},
                                         .n_values = 1});
    return 0;
}

static int check_cage(struct examination *x)
{
    struct cage_report report;

    cage_report(&report);
    examination_say(x, &(struct finding){.name = "cage",
                                         .state = report.no_exec && report.files ? CHECK_OK
                                                                                 : CHECK_WARN});
    return 0;
}

/* A jump of the clock is told for a day (F9). */
static int check_clock(struct examination *x)
{
    struct api_clock clock;
    int rc = api_clock_load(x->view, &clock, x->err);

    if (rc < 0)
        return rc;
    examination_say(x, &(struct finding){.name = "clock",
                                         .state = clock.at != 0 ? CHECK_WARN : CHECK_OK,
                                         .values = {{"when", clock.when}},
                                         .n_values = 1});
    return 0;
}

static int (*const checks[])(struct examination *x) = {
    check_store,   check_disk,      check_config,        check_holidays,   check_people,
    check_journal, check_approvals, doctor_github_check, doctor_aws_check, check_signing_key,
    check_hosts,   check_databases, check_fences,        check_settings,   check_listen,
    check_cage,    check_clock,
};

enum request_next api_doctor_get(struct request *request, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct api_view view;
    struct json_out out;
    struct buf buf;
    struct examination x = {.view = &view, .out = &out, .err = &err};
    int rc = api_view_open(&view, request, &err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_str(&out, "timezone", rc == 0 ? view.config->timezone : NULL);
    json_begin_array(&out, "checks");
    for (size_t i = 0; rc == 0 && i < sizeof(checks) / sizeof(checks[0]); i++)
        rc = checks[i](&x);
    json_end_array(&out);
    json_end_object(&out);
    api_view_close(&view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &err);
    } else {
        reply_json_buf(request, reply, 200, &buf);
    }
    return REQUEST_DONE;
}
