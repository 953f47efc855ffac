/* slipway config check: on the file alone, no server. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/openings.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/secret.h"
#include "lib/calendar/interval.h"
#include "lib/calendar/occurrence.h"
#include "lib/calendar/zone.h"
#include "lib/config/config_read.h"
#include "lib/model/config.h"

#define STARTS 5
#define SECRET_MIN 32

static void print_problems(const struct problems *problems)
{
    struct buf text;

    buf_init(&text, 1 << 20);
    for (size_t i = 0; i < problems->n; i++)
        problems_print(&problems->items[i], &text);
    fputs(buf_str(&text), stderr);
    buf_deinit(&text);
}

/* Secrets are named here and read by the server: say now what it would refuse. */
static size_t check_secrets(const struct config *config)
{
    size_t bad = 0;

    for (size_t i = 0; i < config->webhook_secret_files.n; i++) {
        struct secret *secret = NULL;
        struct err err = ERR_INIT;
        if (secret_read_file(config->webhook_secret_files.items[i], SECRET_MIN, &secret, &err) <
            0) {
            fprintf(stderr, "error: %s\n", err.text);
            bad++;
        }
        secret_free(secret);
    }
    return bad;
}

static void print_databases(const struct config *config, struct arena *arena)
{
    static const char *const heads[] = {"JOB", "DATABASE", "RUNS ON"};
    struct table table;

    table_init(&table, arena, 3, heads);
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++)
            for (size_t j = 0; j < config->repos[i].n_jobs; j++) {
                const struct config_job *job = &config->repos[i].jobs[j];
                const struct config_environment *e = &config->repos[i].environments[k];
                const char *cells[3];
                if (job->once == NULL || !config_job_runs(job, e))
                    continue;
                cells[0] = job->name;
                cells[1] = config_database(config, e, job->once, arena);
                cells[2] = job->primary != NULL ? job->primary : "the first by name that is online";
                table_row(&table, cells);
            }
    if (table.n > 1) {
        puts("\nDatabases, each migrated by one host only:");
        table_print(&table);
    }
}

static const char *starts_of(const struct config *config, const struct calendar *calendar,
                             const struct config_environment *e, struct arena *arena)
{
    time_ms list[STARTS];
    bool by_calendar;
    time_ms now = clock_now(clock_system());
    const struct zone *zone = calendar_zone(calendar, e);
    const char *text = "";
    size_t n;

    if (e->n_unbuilt > 0)
        return arena_printf(arena, "never: %s (line %d) has no rule in this version",
                            e->unbuilt[0].setting, e->unbuilt[0].line);
    if (e->on == CONFIG_ON_MERGE)
        text = e->n_needs > 0     ? "when a release is proven before it"
               : e->delay_ms == 0 ? "at each merge"
                                  : arena_printf(arena, "%lld min after each merge",
                                                 (long long)(e->delay_ms + 59999) / 60000);
    if (e->on == CONFIG_ON_RELEASE)
        text = "when somebody asks: slipway release";
    if (!interval_is_limited(e, &by_calendar) && e->at.n == 0)
        return text;
    if (text[0] != '\0')
        text = arena_printf(arena, "%s; open from ", text);
    n = openings_list(config, calendar, e, now, arena, list, STARTS);
    if (n == 0)
        return "never: its rules exclude each other";
    for (size_t i = 0; i < n; i++) {
        char when[ZONE_TEXT_SIZE];
        zone_text(zone, list[i], LANGUAGE_EN, when);
        text = arena_printf(arena, "%s%s%s", text, i > 0 ? ", " : "", when);
    }
    return text;
}

static void print_starts(const struct config *config, struct arena *arena)
{
    static const char *const heads[] = {"REPOSITORY", "ENVIRONMENT", "NEXT STARTS"};
    struct calendar *calendar;
    struct table table;

    if (calendar_new(config, &calendar, NULL) < 0)
        return;
    table_init(&table, arena, 3, heads);
    for (size_t i = 0; i < config->n_repos; i++)
        for (size_t k = 0; k < config->repos[i].n_environments; k++) {
            const struct config_environment *e = &config->repos[i].environments[k];
            const char *cells[] = {config->repos[i].name, e->name,
                                   starts_of(config, calendar, e, arena)};
            table_row(&table, cells);
        }
    puts("\nNext starts:");
    table_print(&table);
    calendar_free(calendar);
}

int cli_config_check(struct invoke *invoke)
{
    const char *path = invoke->argc > 0 ? invoke->argv[0] : invoke->config;
    struct config *config = NULL;
    struct problems problems;
    struct err err = ERR_INIT;
    struct arena arena;
    size_t errors;
    int status = cli_command_options_end(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    problems_init(&problems, &arena);
    if (config_read(path, &config, &problems, &err) < 0) {
        print_problems(&problems);
        status = cli_command_error(err.code == ERR_NOT_FOUND ? COMMAND_NO_SUCH : COMMAND_CONFIG,
                                   NULL, "%s", err.text);
        arena_deinit(&arena);
        return status;
    }
    print_problems(&problems);
    errors = check_secrets(config);
    printf("%s: %zu repositor%s, %zu warning%s\n", path, config->n_repos,
           config->n_repos == 1 ? "y" : "ies", problems.n, problems.n == 1 ? "" : "s");
    print_databases(config, &arena);
    print_starts(config, &arena);
    config_free(config);
    arena_deinit(&arena);
    return errors > 0 ? COMMAND_CONFIG : COMMAND_DONE;
}
