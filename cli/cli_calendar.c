/* slipway calendar: days with their holidays, windows, freezes and promised starts; or the feed. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/cli_repo.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define PATH "/api/v1/calendar"
#define INDENT "    "

/* "Tue 24 Nov" of "Tue 24 Nov 00:00 JST": a day begins at midnight, or when its zone lets it. */
static const char *day_of(struct arena *arena, const char *text)
{
    const char *colon = text == NULL ? NULL : strchr(text, ':');

    return colon == NULL ? "" : arena_strn(arena, text, (size_t)(colon - text) - 3);
}

static const char *time_of(struct arena *arena, const char *text)
{
    const char *colon = text == NULL ? NULL : strchr(text, ':');

    return colon == NULL ? "" : arena_strn(arena, colon - 2, strcspn(colon, " ") + 2);
}

/* "15:00", "09:00-18:00", "18:00 - Tue 5 Jan 09:00 JST" */
static const char *span_of(struct arena *arena, const struct cJSON *entry)
{
    const char *from = json_str(entry, "from_text"), *to = json_str(entry, "to_text");

    if (str_eq(json_str(entry, "kind"), "start"))
        return time_of(arena, from);
    if (strcmp(day_of(arena, from), day_of(arena, to)) == 0)
        return arena_printf(arena, "%s-%s", time_of(arena, from), time_of(arena, to));
    return arena_printf(arena, "%s - %s", from, to);
}

static const char *what_of(struct arena *arena, const struct cJSON *entry)
{
    const char *kind = json_str(entry, "kind"), *where = json_str(entry, "where");
    const char *pulls = json_str(entry, "pulls"), *why = json_str(entry, "reason");
    bool started = false;
    int64_t release = 0;

    if (str_eq(kind, "window"))
        return arena_printf(arena, "%s may start", where);
    if (str_eq(kind, "freeze"))
        return arena_printf(arena, "frozen: %s (%s)%s%s", json_str(entry, "name"), where,
                            why != NULL ? ": " : "", why != NULL ? why : "");
    json_bool(entry, "started", &started);
    json_int(entry, "release", &release);
    return arena_printf(arena, "%s r%" PRId64 " %s%s%s%s%s", where, release,
                        started ? "went out" : "goes out",
                        json_str(entry, "lacks") != NULL ? ", lacks " : "",
                        json_str(entry, "lacks") != NULL ? json_str(entry, "lacks") : "",
                        pulls != NULL ? ": " : "", pulls != NULL ? pulls : "");
}

static void print_day(struct arena *arena, const struct cJSON *day)
{
    printf("%s", day_of(arena, json_str(day, "text")));
    for (const struct cJSON *o = json_first(json_array(day, "off")); o != NULL; o = json_next(o))
        printf("  %s: %s", json_str(o, "calendar"),
               json_str(o, "name") != NULL ? cli_repo_clean(arena, json_str(o, "name")) : "closed");
    printf("\n");
    for (const struct cJSON *e = json_first(json_array(day, "entries")); e != NULL;
         e = json_next(e))
        printf(INDENT "%s  %s\n", span_of(arena, e), cli_repo_clean(arena, what_of(arena, e)));
}

int cli_calendar(struct invoke *invoke)
{
    const char *from = cli_command_option(invoke, "--from");
    const char *days = cli_command_option(invoke, "--days");
    bool ics = cli_command_flag(invoke, "--ics");
    struct client_answer answer;
    struct arena arena;
    const char *path;
    int status = cli_command_options_end(invoke);

    if (status == 0 && invoke->argc > 0)
        status = cli_command_usage(invoke, "\"%s\" is one word too many", invoke->argv[0]);
    if (status == 0 && ics && (from != NULL || days != NULL || invoke->json))
        status = cli_command_usage(invoke, "--ics is the whole feed, without other options");
    if (status != 0)
        return status;
    arena_init(&arena);
    path = cli_moved_path(&arena, PATH, "as", ics ? "ics" : NULL);
    path = cli_moved_path(&arena, path, "lang", invoke->json ? NULL : "en");
    path = cli_moved_path(&arena, path, "from", from);
    path = cli_moved_path(&arena, path, "days", days);
    status = client_ask(invoke->client, "GET", path, NULL, &answer);
    if (status == 0) {
        if (ics)
            (void)fwrite(answer.text, 1, answer.len, stdout);
        else if (invoke->json)
            printf("%s\n", answer.text);
        else
            for (const struct cJSON *d = json_first(json_array(answer.json, "days")); d != NULL;
                 d = json_next(d))
                print_day(&arena, d);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}
