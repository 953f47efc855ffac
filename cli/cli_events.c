/* slipway events ls, show, replay: what GitHub sent, and what became of it. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/ago.h"
#include "cli/cli_command.h"
#include "cli/client.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define PATH "/api/v1/deliveries"
#define LINE_MAX_BYTES 4096

static const char *number_of(struct arena *arena, const struct cJSON *json, const char *key)
{
    int64_t n = 0;

    return json_int(json, key, &n) ? arena_printf(arena, "%" PRId64, n) : NULL;
}

static const char *event_of(struct arena *arena, const struct cJSON *delivery)
{
    const char *action = json_str(delivery, "action");

    return action == NULL ? json_str(delivery, "event")
                          : arena_printf(arena, "%s.%s", json_str(delivery, "event"), action);
}

/* What GitHub did not send by itself says so. */
static const char *state_of(struct arena *arena, const struct cJSON *delivery)
{
    const char *origin = json_str(delivery, "origin");

    return origin == NULL || str_eq(origin, "sent")
               ? json_str(delivery, "state")
               : arena_printf(arena, "%s, %s", json_str(delivery, "state"), origin);
}

static void print_list(struct arena *arena, const struct cJSON *json)
{
    static const char *const heads[] = {"ID", "RECEIVED", "EVENT", "REPOSITORY", "STATE", "WHY"};
    time_ms now = clock_now(clock_system());
    struct table table;

    table_init(&table, arena, 6, heads);
    for (const struct cJSON *d = json_first(json_array(json, "deliveries")); d != NULL;
         d = json_next(d)) {
        const char *cells[] = {number_of(arena, d, "id"),
                               ago_text(arena, json_str(d, "received_at"), now),
                               event_of(arena, d),
                               json_str(d, "repository"),
                               state_of(arena, d),
                               json_str(d, "note")};
        table_row(&table, cells);
    }
    table_print(&table);
}

int cli_events_ls(struct invoke *invoke)
{
    const char *before = cli_command_option(invoke, "--before");
    bool failed = cli_command_flag(invoke, "--failed");
    struct client_answer answer;
    struct arena arena;
    const char *next;
    int64_t id = 0;
    int status = cli_command_options_end(invoke);

    if (status == 0 && before != NULL && (str_parse_int64(before, &id) < 0 || id <= 0))
        status = cli_command_usage(invoke, "--before: \"%s\" is not the id of a delivery", before);
    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "GET",
                        arena_printf(&arena, PATH "?failed=%d%s", failed ? 1 : 0,
                                     id == 0 ? "" : arena_printf(&arena, "&before=%" PRId64, id)),
                        NULL, &answer);
    if (status == 0) {
        next = number_of(&arena, answer.json, "next");
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            print_list(&arena, answer.json);
        if (!invoke->json && next != NULL)
            fprintf(stderr, "older ones: slipway events ls%s --before %s\n",
                    failed ? " --failed" : "", next);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}

/* Line by line, each without what could steer the terminal (T42). */
static void print_body(struct arena *arena, const char *body, bool cut)
{
    for (const char *line = body; *line != '\0';) {
        size_t n = strcspn(line, "\n");
        for (size_t at = 0; at < n || n == 0; at += LINE_MAX_BYTES) {
            size_t part = n - at < LINE_MAX_BYTES ? n - at : LINE_MAX_BYTES;
            printf("%s", str_clean(arena, line + at, part, 3 * LINE_MAX_BYTES));
            if (n == 0)
                break;
        }
        printf("\n");
        line += n + (line[n] == '\n');
    }
    if (cut)
        printf("... (cut; all of it is in the store until 30 days have passed)\n");
}

/* What whoever looks at it at night may want to do. */
static void print_next(const struct cJSON *d)
{
    const char *state = json_str(d, "state");
    int64_t id = 0;

    if (state == NULL || !json_int(d, "id", &id))
        return;
    if (str_eq(state, "quarantined"))
        printf(
            "\nNothing waits for it: when it was set aside every branch was asked for what it may have said.\n"
            "Once the cause is mended (an upgrade, say): slipway events replay %" PRId64
            " -m WHY\n",
            id);
    if (str_eq(state, "unreadable"))
        printf(
            "\nIt is kept as it came. If its form is new, a newer version may read it: slipway events "
            "replay %" PRId64 " -m WHY\n",
            id);
}

static void print_one(struct arena *arena, const struct cJSON *d, bool with_body)
{
    static const char *const keys[] = {"guid",       "origin",      "state",       "note",
                                       "repository", "received_at", "recorded_at", "body_digest"};
    const char *repeat = number_of(arena, d, "repeat_of");
    int64_t attempts = 0;
    bool cut = false;

    printf("%s  %s\n", number_of(arena, d, "id"), event_of(arena, d));
    for (size_t i = 0; i < sizeof(keys) / sizeof(*keys); i++) {
        const char *value = json_str(d, keys[i]);
        if (value != NULL)
            printf("  %-12s %s\n", keys[i], str_clean(arena, value, strlen(value), 600));
    }
    if (repeat != NULL)
        printf("  %-12s %s\n", "repeat_of", repeat);
    if (json_int(d, "attempts", &attempts) && attempts > 1)
        printf("  %-12s %" PRId64 "\n", "attempts", attempts);
    print_next(d);
    json_bool(d, "body_cut", &cut);
    if (with_body && json_str(d, "body") == NULL)
        printf("\nits body is no longer kept\n");
    else if (with_body) {
        printf("\n");
        print_body(arena, json_str(d, "body"), cut);
    }
}

static int check_word(struct invoke *invoke)
{
    int status = cli_command_options_end(invoke);

    if (status == 0 &&
        (!names_is_guid(invoke->argv[0]) || strpbrk(invoke->argv[0], "/?#%") != NULL))
        status = cli_command_usage(invoke, "\"%s\" is neither the id nor the GUID of a delivery",
                                   invoke->argv[0]);
    return status;
}

int cli_events_show(struct invoke *invoke)
{
    bool body = cli_command_flag(invoke, "--body");
    struct client_answer answer;
    struct arena arena;
    int status = check_word(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    status = client_ask(invoke->client, "GET",
                        arena_printf(&arena, PATH "/%s%s", invoke->argv[0], body ? "?body=1" : ""),
                        NULL, &answer);
    if (status == 0) {
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            print_one(&arena, answer.json, body);
        client_answer_deinit(&answer);
    }
    arena_deinit(&arena);
    return status;
}

int cli_events_replay(struct invoke *invoke)
{
    const char *why = cli_command_option(invoke, "-m");
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct client_answer answer;
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = check_word(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (why != NULL)
        json_add_str(&out, "reason", why);
    json_end_object(&out);
    status = client_ask(invoke->client, "POST",
                        arena_printf(&arena, PATH "/%s/replay%s", invoke->argv[0],
                                     dry ? "?dry-run=1" : ""),
                        buf_str(&body), &answer);
    if (status == 0) {
        if (invoke->json)
            printf("%s\n", answer.text);
        else
            printf("delivery %s (%s, it was %s) %s read again. See: slipway events show %s\n",
                   number_of(&arena, answer.json, "id"), json_str(answer.json, "guid"),
                   json_str(answer.json, "was"), dry ? "would be" : "is",
                   number_of(&arena, answer.json, "id"));
        client_answer_deinit(&answer);
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
