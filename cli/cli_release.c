/* slipway releases, show, logs, release: one repository's numbered releases. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/command.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define FOLLOW_US 300000
#define WAIT_US 500000

/* "/api/v1/repos/OWNER/NAME/releases": the words were checked, so nothing needs an escape. */
static const char *path_of(struct arena *arena, const char *repo, long long number,
                           const char *rest)
{
    if (number == 0)
        return arena_printf(arena, "/api/v1/repos/%s/releases%s", repo, rest);
    return arena_printf(arena, "/api/v1/repos/%s/releases/%lld%s", repo, number, rest);
}

static int check_words(struct invoke *invoke, long long *ret_number)
{
    int status = command_options_end(invoke);

    if (status != 0)
        return status;
    if (!names_is_repo(invoke->argv[0]))
        return command_usage(invoke, "\"%s\" is not the name of a repository (owner/name)",
                             invoke->argv[0]);
    if (ret_number != NULL && command_release_number(invoke->argv[1], ret_number) < 0)
        return command_usage(invoke, "\"%s\" is not a release such as r128", invoke->argv[1]);
    return 0;
}

/* "stage live, production scheduled" */
static const char *places(struct arena *arena, const struct cJSON *release)
{
    const char *text = "";

    for (const struct cJSON *e = json_first(json_array(release, "environments")); e != NULL;
         e = json_next(e))
        text = arena_printf(arena, "%s%s%s %s", text, text[0] != '\0' ? ", " : "",
                            json_str(e, "name"), json_str(e, "state"));
    return text;
}

static const char *pulls_text(struct arena *arena, const struct cJSON *release)
{
    const char *text = "";

    for (const struct cJSON *p = json_first(json_array(release, "pulls")); p != NULL;
         p = json_next(p)) {
        int64_t number = 0;
        json_int(p, "number", &number);
        text = arena_printf(arena, "%s%s#%" PRId64 " %s", text, text[0] != '\0' ? ", " : "", number,
                            json_str(p, "title"));
    }
    return text;
}

int cli_releases(struct invoke *invoke)
{
    static const char *const heads[] = {"RELEASE", "COMMIT", "LANE", "WHERE", "WHAT"};
    struct client_answer answer;
    struct table table;
    struct arena arena;
    int status = check_words(invoke, NULL);

    if (status != 0)
        return status;
    arena_init(&arena);
    status =
        client_ask(invoke->client, "GET", path_of(&arena, invoke->argv[0], 0, ""), NULL, &answer);
    if (status == 0 && invoke->json)
        printf("%s\n", answer.text);
    if (status == 0 && !invoke->json) {
        table_init(&table, &arena, 5, heads);
        for (const struct cJSON *r = json_first(json_array(answer.json, "releases")); r != NULL;
             r = json_next(r)) {
            const char *pulls = pulls_text(&arena, r);
            const char *sha = json_str(r, "sha");
            int64_t number = 0;
            json_int(r, "number", &number);
            const char *cells[] = {arena_printf(&arena, "r%" PRId64, number),
                                   arena_printf(&arena, "%.7s", sha == NULL ? "" : sha),
                                   json_str(r, "lane"), places(&arena, r),
                                   pulls[0] != '\0' ? pulls : json_str(r, "subject")};
            table_row(&table, cells);
        }
        table_print(&table);
    }
    if (status == 0)
        client_answer_deinit(&answer);
    arena_deinit(&arena);
    return status;
}

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
    static const char *const heads[] = {"  JOB", "STATE", "HOST", "STATUS", "STEPS"};
    const char *cause = json_str(d, "cause");
    struct table table;
    int64_t id = 0;

    json_int(d, "id", &id);
    printf("\n%s: %s (deployment %" PRId64 ", on %s)%s%s\n", json_str(d, "environment"),
           json_str(d, "state"), id, json_str(d, "trigger"), cause != NULL ? ": " : "",
           cause != NULL ? str_clean(arena, cause, strlen(cause), 500) : "");
    table_init(&table, arena, 5, heads);
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

int cli_show(struct invoke *invoke)
{
    struct client_answer answer;
    struct arena arena;
    long long number;
    int status = check_words(invoke, &number);

    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "GET", path_of(&arena, invoke->argv[0], number, ""), NULL,
                        &answer);
    if (status == 0 && invoke->json)
        printf("%s\n", answer.text);
    if (status == 0 && !invoke->json) {
        const char *subject = json_str(answer.json, "subject");
        const char *pulls = pulls_text(&arena, answer.json);
        printf("%s r%lld  %.12s  %s\n", invoke->argv[0], number, json_str(answer.json, "sha"),
               str_clean(&arena, subject, strlen(subject), 200));
        if (pulls[0] != '\0')
            printf("%s\n", str_clean(&arena, pulls, strlen(pulls), 500));
        printf("%s\n", places(&arena, answer.json));
        for (const struct cJSON *d = json_first(json_array(answer.json, "deployments")); d != NULL;
             d = json_next(d))
            print_deployment(&arena, d);
    }
    if (status == 0)
        client_answer_deinit(&answer);
    arena_deinit(&arena);
    return status;
}

/* Foreign output: line by line, cleaned, behind the host's name. */
static void print_chunk(struct arena *arena, const struct cJSON *chunk)
{
    const char *text = json_str(chunk, "text");

    while (text != NULL && *text != '\0') {
        size_t n = strcspn(text, "\n");
        printf("%s %s | %s\n", json_str(chunk, "host"), json_str(chunk, "step"),
               str_clean(arena, text, n, 4000));
        text += n + (text[n] == '\n');
    }
}

int cli_logs(struct invoke *invoke)
{
    const char *host = command_option(invoke, "--host");
    const char *environment = command_option(invoke, "--environment");
    bool follow = command_flag(invoke, "-f") || command_flag(invoke, "--follow");
    const char *after = "";
    struct arena arena;
    long long number;
    bool running = true;
    int status = check_words(invoke, &number);

    if (status == 0 && ((host != NULL && !names_is_word(host)) ||
                        (environment != NULL && !names_is_word(environment))))
        status = command_usage(invoke, "--host and --environment want a name");
    arena_init(&arena);
    while (status == 0 && running) {
        struct client_answer answer;
        const char *query =
            arena_printf(&arena, "/logs?host=%s&environment=%s&after=%s", host != NULL ? host : "",
                         environment != NULL ? environment : "", after);
        size_t n;
        status = client_ask(invoke->client, "GET", path_of(&arena, invoke->argv[0], number, query),
                            NULL, &answer);
        if (status != 0)
            break;
        n = json_count(json_array(answer.json, "chunks"));
        if (invoke->json)
            printf("%s\n", answer.text);
        for (const struct cJSON *c = json_first(json_array(answer.json, "chunks"));
             c != NULL && !invoke->json; c = json_next(c))
            print_chunk(&arena, c);
        if (json_str(answer.json, "next") != NULL)
            after = arena_str(&arena, json_str(answer.json, "next"));
        running = false;
        json_bool(answer.json, "running", &running);
        running = running && (follow || n > 0);
        client_answer_deinit(&answer);
        fflush(stdout);
        if (running && n == 0)
            usleep(FOLLOW_US);
    }
    arena_deinit(&arena);
    return status;
}

/* The newest deployment of the release there: its state, NULL if there is none yet. */
static const char *state_in(const struct cJSON *json, const char *environment)
{
    for (const struct cJSON *d = json_first(json_array(json, "deployments")); d != NULL;
         d = json_next(d))
        if (environment == NULL || str_eq(environment, json_str(d, "environment")))
            return json_str(d, "state");
    return NULL;
}

static int wait_for_end(struct invoke *invoke, struct arena *arena, long long number,
                        const char *environment)
{
    for (;;) {
        struct client_answer answer;
        const char *state;
        int status = client_ask(invoke->client, "GET", path_of(arena, invoke->argv[0], number, ""),
                                NULL, &answer);
        if (status != 0)
            return status;
        state = arena_str(arena, state_in(answer.json, environment));
        client_answer_deinit(&answer);
        if (str_eq(state, "succeeded")) {
            printf("r%lld is live\n", number);
            return COMMAND_DONE;
        }
        if (str_eq(state, "attention") || str_eq(state, "failed") || str_eq(state, "cancelled"))
            return command_error(COMMAND_FAILED,
                                 arena_printf(arena, "slipway show %s r%lld", invoke->argv[0],
                                              number),
                                 "the deployment of r%lld is in state %s", number, state);
        usleep(WAIT_US);
    }
}

int cli_release(struct invoke *invoke)
{
    const char *why = command_option(invoke, "-m");
    bool wait = command_flag(invoke, "--wait");
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    const char *environment;
    long long number;
    int status = check_words(invoke, &number);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (invoke->argc > 2)
        json_add_str(&out, "environment", invoke->argv[2]);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    json_end_object(&out);
    status =
        client_ask(invoke->client, "POST", path_of(&arena, invoke->argv[0], number, "/release"),
                   buf_str(&body), &answer);
    if (status == 0) {
        environment = arena_str(&arena, json_str(json_object(answer.json, "wish"), "environment"));
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            printf("%s r%lld is asked for in %s\n", invoke->argv[0], number, environment);
        client_answer_deinit(&answer);
        fflush(stdout);
        if (wait)
            status = wait_for_end(invoke, &arena, number, environment);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
