/* slipway rollback: bring an old release back. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "cli/cli_act.h"
#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

struct asking {
    const char *why, *to;
    bool across, beside;
};

static void write_body(const struct invoke *invoke, struct json_out *out, const struct asking *a)
{
    json_begin_object(out, NULL);
    if (invoke->argc > 1)
        json_add_str(out, "environment", invoke->argv[1]);
    if (a->to != NULL)
        json_add_str(out, "to", a->to);
    if (a->across)
        json_add_bool(out, "across_migration", true);
    if (a->beside)
        json_add_bool(out, "beside_unsettled", true);
    json_add_str(out, "reason", a->why);
    json_end_object(out);
}

static void print_hosts(struct arena *arena, const struct cJSON *answer)
{
    bool touched = false;
    const char *text = "";

    json_bool(answer, "touched_only", &touched);
    for (const struct cJSON *h = json_first(json_array(answer, "hosts")); h != NULL;
         h = json_next(h))
        text =
            arena_printf(arena, "%s%s%s", text, text[0] != '\0' ? ", " : "", json_string_value(h));
    printf("  on %s%s\n", cli_repo_clean(arena, text),
           touched ? ": those that were touched; the others run it already" : "");
}

static void tell(const struct invoke *invoke, struct arena *arena, const struct cJSON *answer)
{
    const char *environment = json_str(answer, "environment");
    const struct cJSON *cancels = json_object(answer, "cancels");
    int64_t to = 0, leaves = 0, release = 0;
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    json_int(answer, "to", &to);
    json_int(answer, "leaves", &leaves);
    printf("%s %s %s back from r%" PRId64 " to r%" PRId64 ", without migrating\n", invoke->argv[0],
           environment, dry ? "would go" : "goes", leaves, to);
    print_hosts(arena, answer);
    if (cancels != NULL) {
        json_int(cancels, "release", &release);
        printf("  ends first: r%" PRId64 ", which is %s\n", release, json_str(cancels, "state"));
    }
    if (json_count(json_array(answer, "takes_back")) > 0)
        printf("  takes back, until somebody names them: %s\n",
               cli_repo_clean(arena, cli_repo_pulls_of(arena, json_array(answer, "takes_back"))));
    for (const struct cJSON *m = json_first(json_array(answer, "migrations")); m != NULL;
         m = json_next(m)) {
        json_int(m, "release", &release);
        printf("  r%" PRId64 " migrated %s (%s): that stays as it is\n", release,
               cli_repo_clean(arena, json_str(m, "database")), json_str(m, "state"));
    }
    if (json_count(json_array(answer, "passes")) > 0) {
        printf("  passes:\n");
        cli_repo_causes(arena, json_array(answer, "passes"));
    }
    if (json_count(json_array(answer, "lacks")) > 0) {
        printf("  waits a moment for:\n");
        cli_repo_causes(arena, json_array(answer, "lacks"));
    }
    printf("  %s is held from then on: slipway unhold %s %s\n", environment, invoke->argv[0],
           environment);
}

int cli_rollback(struct invoke *invoke)
{
    struct asking a = {.why = cli_command_option(invoke, "-m"),
                       .to = cli_command_option(invoke, "--to"),
                       .across = cli_command_flag(invoke, "--across-migration"),
                       .beside = cli_command_flag(invoke, "--beside-unsettled")};
    struct cli_act act = cli_act_words(invoke);
    struct json_out out;
    struct arena arena;
    struct buf body;
    int status = cli_repo_words(invoke, NULL);

    if (status == 0 && invoke->argc > 2)
        status = cli_command_usage(invoke, "\"%s\" is one word too many; a reason goes behind -m",
                                   invoke->argv[2]);
    if (status == 0 && a.why == NULL)
        status = cli_command_usage(invoke, "a rollback needs its reason: -m WHY");
    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, 65536);
    json_out_init(&out, &body);
    write_body(invoke, &out, &a);
    act.path = cli_repo_act_path(&arena, invoke->argv[0], "rollback");
    act.body = buf_str(&body);
    act.question = "Roll back?";
    act.danger = "a rollback passes what others wait for, and nobody can be asked";
    act.tell = tell;
    status = cli_act(invoke, &arena, &act);
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}
