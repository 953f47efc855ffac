/* slipway show: one release, its deployments, host by host. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

static void print_host(struct table *table, struct arena *arena, const struct cJSON *job,
                       const struct cJSON *host)
{
    const char *steps = "";

    for (const struct cJSON *s = json_first(json_array(host, "steps")); s != NULL; s = json_next(s))
        steps = arena_printf(arena, "%s%s%s %s", steps, steps[0] != '\0' ? ", " : "",
                             json_str(s, "name"), json_str(s, "status"));
    for (const struct cJSON *r = json_first(json_array(host, "results")); r != NULL;
         r = json_next(r))
        steps = arena_printf(arena, "%s; %s=%.12s", steps, json_string_value(json_first(r)),
                             json_string_value(json_next(json_first(r))));
    if (json_str(host, "cause") != NULL)
        steps = arena_printf(arena, "%s; %s", steps, json_str(host, "cause"));
    {
        const char *cells[] = {json_str(job, "name"), json_str(job, "state"),
                               json_str(host, "host"), json_str(host, "details"), steps};
        table_row(table, cells);
    }
}

static void print_deployment(struct arena *arena, const struct cJSON *d)
{
    static const char *const heads[] = {"JOB", "STATE", "HOST", "STATUS", "STEPS"};
    const char *cause = json_str(d, "cause");
    struct table table;
    int64_t id = 0;

    json_int(d, "id", &id);
    printf("\n%s: %s (deployment %" PRId64 ", %s)%s%s\n", json_str(d, "environment"),
           json_str(d, "state"), id,
           str_eq(json_str(d, "kind"), "catch-up") /* nobody's time, and nobody's wish */
               ? "late hosts catch up"
               : arena_printf(arena, "on %s", json_str(d, "trigger")),
           cause != NULL ? ": " : "",
           cause != NULL ? str_clean(arena, cause, strlen(cause), 500) : "");
    if (json_count(json_array(d, "passed")) > 0) {
        printf("  passed:\n");
        cli_repo_causes(arena, json_array(d, "passed"));
    }
    table_init(&table, arena, 5, heads);
    table.indent = 2;
    for (const struct cJSON *j = json_first(json_array(d, "jobs")); j != NULL; j = json_next(j)) {
        const struct cJSON *hosts = json_array(j, "hosts");
        if (json_count(hosts) == 0) {
            const char *cells[] = {json_str(j, "name"), json_str(j, "state"), "", "",
                                   json_str(j, "cause")};
            table_row(&table, cells);
        }
        for (const struct cJSON *h = json_first(hosts); h != NULL; h = json_next(h))
            print_host(&table, arena, j, h);
    }
    table_print(&table);
}

/* Where it is still to come: with which release, what comes along and cancels, and why not yet. */
static void print_verdicts(struct arena *arena, const struct cJSON *release)
{
    for (const struct cJSON *v = json_first(json_array(release, "verdicts")); v != NULL;
         v = json_next(v)) {
        const char *start = json_str(v, "start_text");
        const char *pulls = cli_repo_pulls(arena, v);
        int64_t number = 0;
        json_int(v, "release", &number);
        printf("\n%s: r%" PRId64 "%s%s\n", json_str(v, "environment"), number,
               start != NULL ? ", " : "", start != NULL ? cli_repo_clean(arena, start) : "");
        if (pulls[0] != '\0')
            printf("  brings %s\n", cli_repo_clean(arena, pulls));
        cli_repo_causes(arena, json_array(v, "causes"));
    }
}

/* Who said what of it. */
static void print_words(struct arena *arena, const struct cJSON *release)
{
    for (const struct cJSON *a = json_first(json_array(release, "approvals")); a != NULL;
         a = json_next(a))
        printf("%s\n", cli_repo_clean(arena, json_str(a, "text")));
    for (const struct cJSON *c = json_first(json_array(release, "checks")); c != NULL;
         c = json_next(c)) {
        const char *where = json_str(c, "environment"), *why = json_str(c, "reason");
        int64_t pull = 0;
        bool ok = false;
        json_bool(c, "ok", &ok);
        json_int(c, "pull", &pull);
        printf("%s: %s, by %s%s%s\n",
               where != NULL ? where : arena_printf(arena, "#%" PRId64, pull),
               ok ? "checked" : "needs a fix", json_str(c, "who"), why != NULL ? ": " : "",
               why != NULL ? cli_repo_clean(arena, why) : "");
    }
}

int cli_show(struct invoke *invoke)
{
    struct client_answer answer;
    struct arena arena;
    long long number;
    int status = cli_repo_words(invoke, &number);

    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "GET", cli_repo_path(&arena, invoke->argv[0], number, ""),
                        NULL, &answer);
    if (status == 0 && invoke->json)
        printf("%s\n", answer.text);
    if (status == 0 && !invoke->json) {
        const char *subject = json_str(answer.json, "subject");
        const char *pulls = cli_repo_pulls(&arena, answer.json);
        printf("%s r%lld  %.12s  %s\n", invoke->argv[0], number, json_str(answer.json, "sha"),
               str_clean(&arena, subject, strlen(subject), 200));
        if (pulls[0] != '\0')
            printf("%s\n", str_clean(&arena, pulls, strlen(pulls), 500));
        printf("%s\n", cli_repo_places(&arena, answer.json));
        print_words(&arena, answer.json);
        for (const struct cJSON *a = json_first(json_array(answer.json, "attention")); a != NULL;
             a = json_next(a))
            cli_repo_attention(&arena, invoke->argv[0], a);
        print_verdicts(&arena, answer.json);
        for (const struct cJSON *d = json_first(json_array(answer.json, "deployments")); d != NULL;
             d = json_next(d))
            print_deployment(&arena, d);
    }
    if (status == 0)
        client_answer_deinit(&answer);
    arena_deinit(&arena);
    return status;
}
