/* slipway status: the Board as a table. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/cli_moment.h"
#include "cli/cli_repo.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define WATCH_SECONDS 2

static const char *release_text(struct arena *arena, const struct cJSON *object)
{
    int64_t number;
    const char *sha = json_str(object, "sha");

    if (!json_int(object, "release", &number))
        return NULL;
    return arena_printf(arena, "r%" PRId64 " %.7s", number, sha == NULL ? "" : sha);
}

/* "r4 15:00 — why": what is next, or what runs now. */
static const char *next_text(struct arena *arena, const struct cJSON *environment)
{
    const struct cJSON *open = json_object(environment, "open");
    const struct cJSON *next = json_object(environment, "next");
    const char *start = json_str(next, "start_text");
    int64_t done = 0, total = 0;

    if (open != NULL) {
        json_int(open, "hosts_done", &done);
        json_int(open, "hosts_total", &total);
        return arena_printf(arena, "%s %s%s (%" PRId64 " of %" PRId64 ")",
                            release_text(arena, open),
                            str_eq(json_str(open, "kind"), "catch-up") ? "catch-up " : "",
                            json_str(open, "state"), done, total);
    }
    if (next == NULL)
        return NULL;
    return arena_printf(arena, "%s %s", release_text(arena, next), start == NULL ? "" : start);
}

static const char *why_text(struct arena *arena, const struct cJSON *environment)
{
    const struct cJSON *open = json_object(environment, "open");
    const struct cJSON *causes = json_array(json_object(environment, "next"), "causes");
    const char *text = NULL;

    if (open != NULL)
        return json_str(open, "cause");
    for (const struct cJSON *c = json_first(causes); c != NULL; c = json_next(c)) {
        const char *until = json_str(c, "until_text");
        /* When it starts stands in the column before. */
        bool told = until == NULL || str_eq(json_str(c, "cause"), "schedule");

        text = arena_printf(arena, "%s%s%s%s%s%s", text == NULL ? "" : text,
                            text == NULL ? "" : "; ", json_str(c, "text"), told ? "" : " (until ",
                            told ? "" : until, told ? "" : ")");
    }
    return text;
}

/* Below the table: what has stopped, and what may be done about it. */
static void print_attention(struct arena *arena, const struct cJSON *repository)
{
    for (const struct cJSON *e = json_first(json_array(repository, "environments")); e != NULL;
         e = json_next(e))
        if (json_object(e, "attention") != NULL)
            cli_repo_attention(arena, json_str(repository, "name"), json_object(e, "attention"));
}

static bool has(const struct cJSON *json, const char *repo)
{
    for (const struct cJSON *r = json_first(json_array(json, "repositories")); r != NULL;
         r = json_next(r))
        if (str_eq(repo, json_str(r, "name")))
            return true;
    return false;
}

/* Below the table: hosts that miss what is live. */
static void print_late(struct arena *arena, const struct cJSON *json, const char *only)
{
    for (const struct cJSON *r = json_first(json_array(json, "repositories")); r != NULL;
         r = json_next(r))
        for (const struct cJSON *e = json_first(json_array(r, "environments")); e != NULL;
             e = json_next(e))
            for (const struct cJSON *l = json_first(json_array(e, "late")); l != NULL;
                 l = json_next(l)) {
                const char *text = json_str(l, "text");
                if (text != NULL && (only == NULL || str_eq(only, json_str(r, "name"))))
                    printf("%s %s: %s\n", json_str(r, "name"), json_str(e, "name"),
                           str_clean(arena, text, strlen(text), 300));
            }
}

static void print_status(const struct cJSON *json, const char *only)
{
    static const char *const heads[] = {"REPOSITORY", "ENVIRONMENT", "STATE",
                                        "LIVE",       "NEXT",        "WHY NOT YET"};
    const char *headline = json_str(json_object(json, "headline"), "text");
    const char *banner = json_str(json_object(json, "banner"), "text");
    const char *clock = json_str(json_object(json, "clock"), "text");
    struct table table;
    struct arena arena;

    arena_init(&arena);
    if (headline != NULL)
        printf("%s\n", str_clean(&arena, headline, strlen(headline), 500));
    if (banner != NULL)
        printf("! %s\n", str_clean(&arena, banner, strlen(banner), 500));
    if (clock != NULL)
        printf("! %s\n", str_clean(&arena, clock, strlen(clock), 500));
    putchar('\n');
    table_init(&table, &arena, 6, heads);
    for (const struct cJSON *r = json_first(json_array(json, "repositories")); r != NULL;
         r = json_next(r)) {
        if (only != NULL && !str_eq(only, json_str(r, "name")))
            continue;
        for (const struct cJSON *e = json_first(json_array(r, "environments")); e != NULL;
             e = json_next(e)) {
            const char *cells[] = {json_str(r, "name"),
                                   json_str(e, "name"),
                                   json_str(e, "state"),
                                   release_text(&arena, json_object(e, "live")),
                                   next_text(&arena, e),
                                   why_text(&arena, e)};
            table_row(&table, cells);
        }
    }
    table_print(&table);
    for (const struct cJSON *r = json_first(json_array(json, "repositories")); r != NULL;
         r = json_next(r))
        if (only == NULL || str_eq(only, json_str(r, "name")))
            print_attention(&arena, r);
    print_late(&arena, json, only);
    arena_deinit(&arena);
}

int cli_status(struct invoke *invoke)
{
    bool watch = cli_command_flag(invoke, "--watch") || cli_command_flag(invoke, "-w");
    const char *at = cli_command_option(invoke, "--at");
    int status = cli_command_options_end(invoke);

    if (status == 0 && at != NULL)
        return watch ? cli_command_usage(invoke, "--at and --watch exclude each other")
                     : cli_moment(invoke, at);
    while (status == 0) {
        struct client_answer answer;
        status = client_ask(invoke->client, "GET", "/api/v1/status", NULL, &answer);
        if (status != 0)
            break;
        if (invoke->argc > 0 && !has(answer.json, invoke->argv[0])) {
            client_answer_deinit(&answer);
            return cli_command_error(
                COMMAND_NO_SUCH, "slipway status",
                "repository %s is not in the configuration, or not yours to see", invoke->argv[0]);
        }
        if (watch && isatty(STDOUT_FILENO))
            fputs("\033[H\033[2J", stdout);
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            print_status(answer.json, invoke->argc > 0 ? invoke->argv[0] : NULL);
        client_answer_deinit(&answer);
        if (!watch)
            break;
        fflush(stdout);
        sleep(WATCH_SECONDS);
    }
    return status;
}
