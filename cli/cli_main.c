/* slipway: the command line. Finds the verb in the table, the server by the configuration, and runs it. */
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cli/client.h"
#include "cli/cli_command.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/str.h"
#include "lib/config/config_read.h"

#define CONFIG_DEFAULT "/etc/slipway/slipway.yml"
#define SOCKET_DEFAULT "/run/slipway/cli.sock"
#define NAMES_MAX 64 /* of verbs, for "did you mean" */

static void print_help(FILE *out)
{
    fputs("slipway: merged pull requests, launched on time\n\n"
          "usage: slipway [--config FILE | --socket PATH | --url URL] COMMAND ...\n\n",
          out);
    for (size_t i = 0; i < cli_command_count; i++)
        fprintf(out, "  %-20s %s\n", cli_command_table[i].name, cli_command_table[i].summary);
    fputs("\n  --config FILE   the server's configuration: its socket is asked (" CONFIG_DEFAULT
          ")\n"
          "  --socket PATH   that socket\n"
          "  --url URL       the web listener, with a token in SLIPWAY_TOKEN\n"
          "  --json          the API's JSON instead of a table\n"
          "  --dry-run       with any command that changes something: what it would say\n"
          "Every command: slipway COMMAND --help\n",
          out);
}

/* The verb is one or two words. */
static const struct command *find(int argc, char **argv, int *ret_words)
{
    for (int words = 2; words >= 1; words--) {
        char name[128];
        if (argc < words)
            continue;
        snprintf(name, sizeof(name), "%s%s%s", argv[0], words == 2 ? " " : "",
                 words == 2 ? argv[1] : "");
        for (size_t i = 0; i < cli_command_count; i++)
            if (strcmp(cli_command_table[i].name, name) == 0) {
                *ret_words = words;
                return &cli_command_table[i];
            }
    }
    return NULL;
}

/* "token" alone: say which there are. False: no command begins with that word. */
static bool half(const char *word)
{
    size_t n = strlen(word);
    bool any = false;

    for (size_t i = 0; i < cli_command_count; i++) {
        const char *name = cli_command_table[i].name;
        if (strncmp(name, word, n) != 0 || name[n] != ' ')
            continue;
        if (any)
            fprintf(stderr, ", %s", name);
        else
            fprintf(stderr, "slipway: error: \"%s\" wants one more word. There are: %s", word,
                    name);
        any = true;
    }
    if (any)
        fputs(".\n", stderr);
    return any;
}

static int unknown(int argc, char **argv)
{
    const char *names[NAMES_MAX];
    size_t n = cli_command_count < NAMES_MAX ? cli_command_count : NAMES_MAX;
    char two[128];
    const char *near;

    for (size_t i = 0; i < n; i++)
        names[i] = cli_command_table[i].name;
    if (half(argv[0]))
        return COMMAND_USAGE;
    snprintf(two, sizeof(two), "%s%s%s", argv[0], argc > 1 ? " " : "", argc > 1 ? argv[1] : "");
    near = str_nearest(argv[0], names, n);
    if (near == NULL)
        near = str_nearest(two, names, n);
    if (near != NULL) {
        snprintf(two, sizeof(two), "slipway %s", near);
        return cli_command_error(COMMAND_USAGE, two, "no command \"%s\"", argv[0]);
    }
    return cli_command_error(COMMAND_USAGE, "slipway --help", "no command \"%s\"", argv[0]);
}

/* Where the server listens, by its configuration; a file that cannot be read leaves the usual place, and
 * that is said: who edits it at night shall not look for a server that is well. */
static const char *socket_of(const char *path, struct arena *arena)
{
    struct config *config = NULL;
    struct problems problems;
    const char *socket = SOCKET_DEFAULT;
    struct err err = ERR_INIT;

    problems_init(&problems, arena);
    if (config_read(path, &config, &problems, &err) == 0 && config != NULL) {
        socket = arena_str(arena, config->listen_cli);
        config_free(config);
    } else if (strcmp(path, CONFIG_DEFAULT) != 0 || err.code == ERR_INVALID) {
        fprintf(stderr, "slipway: note: %s%s%s; asking at " SOCKET_DEFAULT "\n",
                err.code == ERR_INVALID ? path : "", err.code == ERR_INVALID ? ": " : "", err.text);
    }
    return socket;
}

static int run(struct invoke *invoke, const char *socket, const char *url)
{
    struct arena arena;
    int status;

    arena_init(&arena);
    if (invoke->command->server) {
        if (socket == NULL && url == NULL)
            socket = socket_of(invoke->config, &arena);
        invoke->client = client_new(url == NULL ? socket : NULL, url, getenv("SLIPWAY_TOKEN"));
    }
    status = invoke->command->run(invoke);
    client_free(invoke->client);
    arena_deinit(&arena);
    if (fflush(stdout) != 0 && status == 0)
        status = COMMAND_IO;
    return status;
}

int main(int argc, char **argv)
{
    struct invoke invoke = {.argc = argc - 1, .argv = argv + 1};
    const char *socket, *url, *config;
    bool help;
    int words;

    setlocale(LC_CTYPE, "C.UTF-8");
    config = cli_command_option(&invoke, "--config");
    socket = cli_command_option(&invoke, "--socket");
    url = cli_command_option(&invoke, "--url");
    invoke.json = cli_command_flag(&invoke, "--json");
    help = cli_command_flag(&invoke, "--help") || cli_command_flag(&invoke, "-h");
    if (config == NULL)
        config = getenv("SLIPWAY_CONFIG");
    invoke.config = config != NULL ? config : CONFIG_DEFAULT;
    invoke.color =
        isatty(STDOUT_FILENO) && getenv("NO_COLOR") == NULL && !str_eq(getenv("TERM"), "dumb");
    if (invoke.argc == 0) {
        print_help(help ? stdout : stderr);
        return help ? COMMAND_DONE : COMMAND_USAGE;
    }
    invoke.command = find(invoke.argc, invoke.argv, &words);
    if (invoke.command == NULL)
        return unknown(invoke.argc, invoke.argv);
    invoke.argc -= words;
    invoke.argv += words;
    if (help) {
        printf("usage: slipway %s %s\n%s. Right: %s\n", invoke.command->name, invoke.command->args,
               invoke.command->summary, invoke.command->right);
        return COMMAND_DONE;
    }
    return run(&invoke, socket, url);
}
