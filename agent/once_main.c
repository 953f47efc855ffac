/*
 * once_main: slipway-once, for hosts whose agent is Amazon's.
 *
 *      slipway-once --set-up --host ID --key KEY --store STORE [--state DIR]
 *      slipway-once run [--ssm] [--state DIR] < ORDER
 *      slipway-once revoke [--ssm] [--state DIR] < ORDER
 *      slipway-once keys [--state DIR] < ANNOUNCEMENTS
 *
 * ORDER is what a message of the door carries: envelope, signature, document. What the command prints goes to the
 * same streams; how it ended stands between marker lines at the end of the output (lib/ssm/aws_outcome.h). With --ssm, which the
 * server's own scripts say, that comes first and the output behind it, cut: Amazon keeps the beginning. Exit codes: the
 * command's own (1 for those that mean something to Amazon's agent), 75 nobody knows how it ended, 76 it will never
 * run here, 2 wrong usage, 77 the folder is open to others or the order is for another machine, 74 the journal cannot
 * be written or a library is missing, 78 set-up is missing or wrong, or the order cannot be read. A revoke ends with 0
 * when it was answered.
 */
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent_config.h"
#include "agent/once.h"
#include "agent/supervise.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/names.h"
#include "lib/base/str.h"
#include "lib/ssm/message.h"

#define STATE "/var/lib/slipway-once"
#define EXIT_USAGE 2
#define EXIT_IO 74
#define EXIT_DENIED 77
#define EXIT_CONFIG 78

static int usage(FILE *out, int code)
{
    (void)fprintf(
        out,
        "slipway-once run [--state DIR] < ORDER           run it, at most once (DIR: " STATE ")\n"
        "slipway-once revoke [--state DIR] < ORDER        it is not to begin any more; says "
        "what came first\n"
        "                                                 --ssm: tell first how it ended, then what "
        "it printed, cut\n"
        "slipway-once keys [--state DIR] < ANNOUNCEMENTS  believe what `slipway signing-key "
        "--json` prints, if it follows\n"
        "slipway-once --set-up --host ID --key KEY --store STORE [--state DIR]\n"
        "                                                 who this machine is at AWS, and "
        "whose orders it runs\n"
        "slipway-once --version | --help\n");
    return code;
}

/* Standard input whole, NULL: it is too long, or has a NUL in it. */
static const char *read_order(struct buf *buf)
{
    char bytes[8192];
    size_t got;

    while ((got = fread(bytes, 1, sizeof(bytes), stdin)) > 0) {
        if (buf->len + got > MESSAGE_PAYLOAD_MAX || memchr(bytes, '\0', got) != NULL)
            return NULL;
        buf_add(buf, bytes, got);
    }
    return buf_str(buf);
}

static int fails(int rc, const struct err *err)
{
    (void)fprintf(stderr, "slipway-once: %s\n", err->text);
    return rc == ERR_DENIED                       ? EXIT_DENIED
           : rc == ERR_INTERNAL || rc == ERR_BUSY ? EXIT_IO
                                                  : EXIT_CONFIG;
}

static int act(const char *verb, const char *state, bool tells_first)
{
    struct once_options options = {.state = state,
                                   .tells_first = tells_first,
                                   .instance = getenv("AWS_SSM_INSTANCE_ID"),
                                   .out = stdout,
                                   .error = stderr};
    struct once_answer answer;
    struct arena arena;
    struct err err = ERR_INIT;
    struct buf buf;
    int rc, code;

    arena_init(&arena);
    buf_init(&buf, MESSAGE_PAYLOAD_MAX + 1);
    options.payload = read_order(&buf);
    if (options.payload == NULL)
        rc = err_set(&err, ERR_INVALID, "the order is over %d bytes, or has a NUL in it",
                     MESSAGE_PAYLOAD_MAX);
    else if (str_eq(verb, "run"))
        rc = once_run(&arena, &options, &answer, &err);
    else
        rc = once_revoke(&arena, &options, &answer, &err);
    if (rc == 0)
        once_print(stdout, stderr, &answer);
    code = rc < 0 ? fails(rc, &err) : str_eq(verb, "run") ? once_exit_code(&answer) : 0;
    buf_deinit(&buf);
    arena_deinit(&arena);
    return code;
}

static int take_keys(const char *state)
{
    struct arena arena;
    struct err err = ERR_INIT;
    struct buf buf;
    const char *json;
    size_t n = 0;
    int rc, code = 0;

    arena_init(&arena);
    buf_init(&buf, MESSAGE_PAYLOAD_MAX + 1);
    json = read_order(&buf);
    rc = json == NULL ? err_set(&err, ERR_INVALID, "what came is too long, or has a NUL in it")
                      : once_keys(&arena, state, json, &n, &err);
    if (rc == 0)
        printf("%zu new keys are believed\n", n);
    else
        code = fails(rc, &err);
    buf_deinit(&buf);
    arena_deinit(&arena);
    return code;
}

struct set_up {
    const char *host, *key, *store;
};

static int set_up(const char *state, const struct set_up *given)
{
    const char *const values[][2] = {{"host", given->host},
                                     {"key", given->key},
                                     {"store", given->store}};
    struct agent_config config, older;
    struct err err = ERR_INIT, own = ERR_INIT;
    struct arena arena;
    int rc = 0;

    arena_init(&arena);
    agent_config_init(&config);
    for (size_t i = 0; i < 3 && rc == 0; i++)
        rc = values[i][1] == NULL
                 ? err_set(&err, ERR_INVALID, "--%s is missing", values[i][0])
                 : agent_config_set(&arena, &config, values[i][0], values[i][1], &err);
    if (rc == 0)
        rc = file_mkdirs(state, 0700, &err);
    if (rc == 0)
        rc = file_check_dir(state, true, &err);
    if (rc == 0 && agent_config_read(&arena, state, &older, &own) != ERR_NOT_FOUND)
        rc = err_set(&err, ERR_CONFLICT,
                     "%s has an " AGENT_CONFIG_FILE " already; move it away first", state);
    if (rc == 0)
        rc = agent_config_write(state, &config, &err);
    if (rc == 0)
        printf("set up as %s in %s\n", config.host_id, state);
    else
        (void)fails(rc, &err);
    arena_deinit(&arena);
    return rc == 0 ? 0 : rc == ERR_INVALID ? EXIT_USAGE : EXIT_CONFIG;
}

int main(int argc, char **argv)
{
    enum { STATE_OPTION = 1, SET_UP, HOST, KEY, STORE, SUPERVISE, SSM, VERSION, HELP };
    static const struct option options[] = {{"state", required_argument, NULL, STATE_OPTION},
                                            {"set-up", no_argument, NULL, SET_UP},
                                            {"host", required_argument, NULL, HOST},
                                            {"key", required_argument, NULL, KEY},
                                            {"store", required_argument, NULL, STORE},
                                            {"supervise", required_argument, NULL, SUPERVISE},
                                            {"ssm", no_argument, NULL, SSM},
                                            {"version", no_argument, NULL, VERSION},
                                            {"help", no_argument, NULL, HELP},
                                            {NULL, 0, NULL, 0}};
    const char *state = STATE, *supervise = NULL;
    struct set_up given = {NULL, NULL, NULL};
    bool sets_up = false, tells_first = false;
    struct err err = ERR_INIT;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case STATE_OPTION:
            state = optarg;
            break;
        case SET_UP:
            sets_up = true;
            break;
        case HOST:
            given.host = optarg;
            break;
        case KEY:
            given.key = optarg;
            break;
        case STORE:
            given.store = optarg;
            break;
        case SUPERVISE:
            supervise = optarg;
            break;
        case SSM:
            tells_first = true;
            break;
        case VERSION:
            printf("slipway-once %s\n", SLIPWAY_VERSION);
            return 0;
        case HELP:
            return usage(stdout, 0);
        default:
            return usage(stderr, EXIT_USAGE);
        }
    }
    (void)umask(077);
    (void)signal(SIGPIPE, SIG_IGN);
    log_init(LOG_AUTO, LOG_WARNING);
    if (digest_begin(&err) < 0) { /* before anything is promised */
        (void)fails(ERR_INTERNAL, &err);
        return EXIT_IO;
    }
    if (supervise != NULL)
        return names_is_uuid(supervise) ? supervise_main(state, supervise)
                                        : usage(stderr, EXIT_USAGE);
    if (sets_up && optind == argc)
        return set_up(state, &given);
    if (optind + 1 == argc && str_eq(argv[optind], "keys"))
        return take_keys(state);
    if (optind + 1 == argc && (str_eq(argv[optind], "run") || str_eq(argv[optind], "revoke")))
        return act(argv[optind], state, tells_first);
    return usage(stderr, EXIT_USAGE);
}
