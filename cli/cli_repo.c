#include "cli/cli_repo.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

/* "/api/v1/repos/OWNER/NAME/releases": the words were checked, so nothing needs an escape. */
const char *cli_repo_path(struct arena *arena, const char *repo, long long number, const char *rest)
{
    if (number == 0)
        return arena_printf(arena, "/api/v1/repos/%s/releases%s", repo, rest);
    return arena_printf(arena, "/api/v1/repos/%s/releases/%lld%s", repo, number, rest);
}

const char *cli_repo_act_path(struct arena *arena, const char *repo, const char *rest)
{
    return arena_printf(arena, "/api/v1/repos/%s/%s", repo, rest);
}

int cli_repo_ask(struct invoke *invoke, const char *method, const char *path, struct json_out *out,
                 struct client_answer *ret_answer)
{
    int status;

    json_end_object(out);
    status = client_ask(invoke->client, method, path, buf_str(out->buf), ret_answer);
    if (status == 0 && invoke->json)
        printf("%s\n", ret_answer->text);
    return status;
}

int cli_repo_confirm(bool yes, const char *question, const char *why)
{
    char line[16] = "";

    if (yes)
        return 0;
    if (!isatty(STDIN_FILENO))
        return cli_command_error(COMMAND_USAGE, "the same with --yes, or with --dry-run", "%s",
                                 why);
    fflush(stdout);
    fprintf(stderr, "%s [y/N] ", question);
    if (fgets(line, sizeof(line), stdin) == NULL || (line[0] != 'y' && line[0] != 'Y'))
        return cli_command_error(2, NULL, "not confirmed");
    return 0;
}

int cli_repo_pull_number(const char *word, long long *ret_number)
{
    int64_t number;

    if (str_parse_int64(word[0] == '#' ? word + 1 : word, &number) < 0 || number < 1)
        return -1;
    *ret_number = number;
    return 0;
}

const char *cli_repo_clean(struct arena *arena, const char *text)
{
    return text == NULL ? "" : str_clean(arena, text, strlen(text), 500);
}

void cli_repo_causes(struct arena *arena, const struct cJSON *causes)
{
    for (const struct cJSON *c = json_first(causes); c != NULL; c = json_next(c)) {
        const char *command = json_str(c, "command"), *until = json_str(c, "until_text");

        printf("  - %s%s%s%s\n", cli_repo_clean(arena, json_str(c, "text")),
               until != NULL ? " (until " : "", cli_repo_clean(arena, until),
               until != NULL ? ")" : "");
        if (command != NULL)
            printf("      %s\n", cli_repo_clean(arena, command));
    }
}

void cli_repo_attention(struct arena *arena, const char *repo, const struct cJSON *attention)
{
    const char *since = json_str(attention, "since_text"), *why = json_str(attention, "reason");

    printf("\n%s %s has stopped%s%s%s%s. %s\n", repo, json_str(attention, "environment"),
           since != NULL ? " since " : "", cli_repo_clean(arena, since), why != NULL ? ": " : "",
           cli_repo_clean(arena, why), cli_repo_clean(arena, json_str(attention, "who_text")));
    for (const struct cJSON *c = json_first(json_array(attention, "choices")); c != NULL;
         c = json_next(c)) {
        const char *until = json_str(c, "until_text");
        bool possible = false;

        json_bool(c, "possible", &possible);
        printf("  - %s\n", cli_repo_clean(arena, json_str(c, "text")));
        if (possible)
            printf("      %s\n", cli_repo_clean(arena, json_str(c, "command")));
        else
            printf("      not now: %s%s%s\n", cli_repo_clean(arena, json_str(c, "why")),
                   until != NULL ? "; possible from " : "", cli_repo_clean(arena, until));
    }
}

int cli_repo_words(struct invoke *invoke, long long *ret_number)
{
    int status = cli_command_options_end(invoke);

    if (status != 0)
        return status;
    if (!names_is_repo(invoke->argv[0]))
        return cli_command_usage(invoke, "\"%s\" is not the name of a repository (owner/name)",
                                 invoke->argv[0]);
    if (ret_number != NULL && cli_command_release_number(invoke->argv[1], ret_number) < 0)
        return cli_command_usage(invoke, "\"%s\" is not a release such as r128", invoke->argv[1]);
    return 0;
}

/* "stage live, production scheduled" */
const char *cli_repo_places(struct arena *arena, const struct cJSON *release)
{
    const char *text = "";

    for (const struct cJSON *e = json_first(json_array(release, "environments")); e != NULL;
         e = json_next(e))
        text = arena_printf(arena, "%s%s%s %s", text, text[0] != '\0' ? ", " : "",
                            json_str(e, "name"), json_str(e, "state"));
    return text;
}

const char *cli_repo_pulls(struct arena *arena, const struct cJSON *release)
{
    return cli_repo_pulls_of(arena, json_array(release, "pulls"));
}

const char *cli_repo_pulls_of(struct arena *arena, const struct cJSON *list)
{
    const char *text = "";

    for (const struct cJSON *p = json_first(list); p != NULL; p = json_next(p)) {
        int64_t number = 0;
        json_int(p, "number", &number);
        text = arena_printf(arena, "%s%s#%" PRId64 " %s", text, text[0] != '\0' ? ", " : "", number,
                            json_str(p, "title"));
        if (json_str(p, "cancelled_with") != NULL)
            text =
                arena_printf(arena, "%s (cancelled with %s)", text, json_str(p, "cancelled_with"));
        else if (json_str(p, "reverts") != NULL)
            text = arena_printf(arena, "%s (reverts %s)", text, json_str(p, "reverts"));
    }
    return text;
}
