/* slipway signing-key: the key by which the server signs for its hosts, and its turn-over. */
#include <stdio.h>

#include "cli/cli_command.h"
#include "cli/cli_repo.h"
#include "cli/client.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"

#define PATH "/api/v1/signing-key"

static const char *day_of(struct arena *arena, const struct cJSON *key, const char *member)
{
    const char *at = json_str(key, member);

    return at == NULL ? "" : arena_printf(arena, "%.10s", at);
}

static void show(const struct cJSON *json)
{
    const struct cJSON *strangers = json_array(json, "strangers"), *last = NULL;
    struct arena arena;
    bool in_force = false;

    arena_init(&arena);
    for (const struct cJSON *k = json_first(json_array(json, "keys")); k != NULL;
         k = json_next(k)) {
        int64_t number = 0;

        last = k;
        (void)json_int(k, "number", &number);
        (void)json_bool(k, "in_force", &in_force);
        printf("%lld  %s  %s\n", (long long)number, cli_repo_clean(&arena, json_str(k, "key")),
               in_force ? "in force"
               : json_str(k, "in_force_at") != NULL
                   ? "older"
                   : arena_printf(&arena,
                                  "announced %s, hosts take it up "
                                  "until %s",
                                  day_of(&arena, k, "announced_at"), day_of(&arena, k, "until")));
    }
    if (json_count(strangers) > 0) {
        printf("%zu did not say that they know of the last one:", json_count(strangers));
        for (const struct cJSON *s = json_first(strangers); s != NULL; s = json_next(s))
            printf(" %s", cli_repo_clean(&arena, json_string_value(s)));
        printf("\n");
    }
    if (last != NULL && json_str(last, "in_force_at") == NULL)
        printf("Next: slipway signing-key turn -m WHY\n");
    arena_deinit(&arena);
}

int cli_signing_key(struct invoke *invoke)
{
    struct client_answer answer;
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", PATH, NULL, &answer);
    if (status != 0)
        return status;
    if (invoke->json)
        printf("%s\n", answer.text);
    else
        show(answer.json);
    client_answer_deinit(&answer);
    return 0;
}

static int act(struct invoke *invoke, const char *path, struct json_out *out, const char *why,
               const char *done)
{
    struct client_answer answer;
    int status = cli_command_options_end(invoke);

    if (status == 0 && why == NULL)
        status = cli_command_usage(invoke, "say why: -m WHY");
    if (status != 0)
        return status;
    json_add_str(out, "reason", why);
    status = cli_repo_ask(invoke, "POST", path, out, &answer);
    if (status != 0)
        return status;
    if (!invoke->json) {
        printf("%s\n", done);
        show(answer.json);
    }
    client_answer_deinit(&answer);
    return 0;
}

int cli_signing_key_announce(struct invoke *invoke)
{
    const char *lives = cli_command_option(invoke, "--for");
    struct json_out out;
    struct buf body;
    int status;

    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    if (lives != NULL)
        json_add_str(&out, "for", lives);
    status = act(invoke, PATH "/announce", &out, cli_command_option(invoke, "-m"),
                 "The next key is announced; hosts take it up within five minutes. Back up the "
                 "folder of keys now.");
    buf_deinit(&body);
    return status;
}

int cli_signing_key_turn(struct invoke *invoke)
{
    bool anyway = cli_command_flag(invoke, "--anyway");
    struct json_out out;
    struct buf body;
    int status;

    buf_init(&body, 4096);
    json_out_init(&out, &body);
    json_begin_object(&out, NULL);
    json_add_bool(&out, "anyway", anyway);
    status = act(invoke, PATH "/turn", &out, cli_command_option(invoke, "-m"),
                 "From now on the next key signs.");
    buf_deinit(&body);
    return status;
}
