/*
 * agent_main: slipway-agent, the program on the hosts.
 *
 *      slipway-agent --register --url URL --id ID --code CODE --key KEY --store STORE [--state DIR]
 *      slipway-agent [--state DIR]
 *      slipway-agent --version | --help
 *
 * The second form runs until SIGTERM or SIGINT, which end the agent and not what it runs: commands go on
 * under their supervisors, and the next start takes them up again. Exit codes: 0 well, 2 wrong usage, 75
 * another agent holds the state folder, 77 its modes are too open, 78 it is not registered or its
 * configuration is wrong, 74 the journal cannot be written, or a library is missing.
 */
#include <getopt.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "agent/agent.h"
#include "agent/host_key.h"
#include "agent/key_chain.h"
#include "agent/observe.h"
#include "agent/poll.h"
#include "agent/register.h"
#include "agent/report.h"
#include "agent/state_folder.h"
#include "agent/supervise.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"

#define STATE "/var/lib/slipway-agent"
#define EXIT_USAGE 2
#define EXIT_IO 74
#define EXIT_HELD 75
#define EXIT_DENIED 77
#define EXIT_CONFIG 78

static atomic_bool stop;

static void told_to_stop(int signal_number)
{
    (void)signal_number;
    atomic_store(&stop, true);
}

/* Parts ----------------------------------------------------------------------------------------- */

static int exit_code_of(int rc)
{
    switch (rc) {
    case 0:
        return 0;
    case ERR_BUSY:
        return EXIT_HELD;
    case ERR_DENIED:
        return EXIT_DENIED;
    case ERR_INTERNAL:
        return EXIT_IO;
    default:
        return EXIT_CONFIG;
    }
}

/* Folder, lock, configuration: who may run here, and as whom. */
static int open_state(struct arena *arena, struct agent *agent, struct agent_config *config,
                      int *ret_lock, struct err *err)
{
    const char *state = agent->state;
    int rc = state_folder_open(arena, state,
                               "register this host first, with the line that `slipway activation "
                               "create` prints",
                               config, &agent->keys, err);

    if (rc == 0)
        rc = agent_config_speaks(config, err);
    if (rc == 0)
        rc = file_lock(arena_printf(arena, "%s/lock", state), ret_lock, err);
    if (rc == ERR_BUSY)
        return err_set(err, ERR_BUSY, "another slipway-agent runs with %s; this one ends", state);
    return rc;
}

static void catch_signals(void)
{
    struct sigaction action = {.sa_handler = told_to_stop};
    struct sigaction ended = {.sa_handler = SIG_DFL, .sa_flags = SA_NOCLDWAIT};

    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGINT, &action, NULL);
    (void)signal(SIGPIPE, SIG_IGN);
    /* As the first process of a container it is the parent of whatever lost its own; nobody asks how that ended. */
    (void)sigaction(SIGCHLD, &ended, NULL);
}

/* Running --------------------------------------------------------------------------------------- */

static int run_agent(struct agent *agent, struct err *err)
{
    int rc;

    agent->report = report_new(agent);
    if ((rc = agent_read_boot_id(agent, err)) == 0 &&
        (rc = observe_open_journal(agent, err)) == 0 && (rc = observe_take_up(agent, err)) == 0 &&
        (rc = report_start(agent->report, err)) == 0) {
        agent_journal_limit(agent->journal, &agent->config->limit);
        log_notice("agent.ready", "host=%s version=%s journal=%s record=%lld",
                   agent->config->host_id, SLIPWAY_VERSION, agent_journal_id(agent->journal),
                   (long long)agent_journal_number(agent->journal));
        poll_run(agent);
        report_stop(agent->report);
        log_notice("agent.stopped", "host=%s running=%zu", agent->config->host_id,
                   report_running(agent->report));
    }
    report_free(agent->report);
    agent_journal_free(agent->journal);
    return rc;
}

static int run(const char *state)
{
    struct agent_config config;
    struct agent agent = {.state = state,
                          .config = &config,
                          .clock = clock_system(),
                          .stop = &stop};
    struct sign_rsa *rsa = NULL;
    struct err err = ERR_INIT;
    struct arena arena;
    int lock_fd = -1;
    int rc;

    arena_init(&arena);
    pthread_mutex_init(&agent.telling, NULL);
    catch_signals();
    if ((rc = open_state(&arena, &agent, &config, &lock_fd, &err)) == 0 &&
        (rc = host_key_read(state, &rsa, &err)) == 0) {
        agent.session = session_new(&config, rsa, agent.state, agent.clock, &stop);
        rc = run_agent(&agent, &err);
        session_free(agent.session);
    }
    if (rc < 0)
        log_error("agent.not-running", "state=%s err=%s", LOG(state), LOG(err.text));
    sign_rsa_free(rsa);
    key_chain_free(agent.keys);
    pthread_mutex_destroy(&agent.telling);
    arena_deinit(&arena);
    if (lock_fd >= 0)
        close(lock_fd);
    return atomic_load(&agent.failed) ? EXIT_IO : exit_code_of(rc);
}

static int register_this(const struct register_options *options)
{
    struct err err = ERR_INIT;
    struct arena arena;
    const char *host_id;
    int rc;

    arena_init(&arena);
    rc = register_host(&arena, options, &host_id, &err);
    if (rc == 0)
        printf("registered as %s; start the agent now: slipway-agent --state %s\n", host_id,
               options->state);
    else
        fprintf(stderr, "slipway-agent: %s\n", err.text);
    arena_deinit(&arena);
    return rc == 0 ? 0 : rc == ERR_INVALID ? EXIT_USAGE : 1;
}

/* Arguments ------------------------------------------------------------------------------------- */

static int usage(FILE *out, int code)
{
    (void)fprintf(out,
                  "slipway-agent [--state DIR]                  run (DIR: " STATE ")\n"
                  "slipway-agent --register --url URL --id ID --code CODE --key KEY --store STORE "
                  "[--state DIR]\n"
                  "                                             the line that `slipway activation "
                  "create` prints\n"
                  "slipway-agent --version | --help\n");
    return code;
}

int main(int argc, char **argv)
{
    enum { STATE_OPTION = 1, REGISTER, URL, ID, CODE, KEY, STORE, SUPERVISE, VERSION, HELP };
    static const struct option options[] = {{"state", required_argument, NULL, STATE_OPTION},
                                            {"register", no_argument, NULL, REGISTER},
                                            {"url", required_argument, NULL, URL},
                                            {"id", required_argument, NULL, ID},
                                            {"code", required_argument, NULL, CODE},
                                            {"key", required_argument, NULL, KEY},
                                            {"store", required_argument, NULL, STORE},
                                            {"supervise", required_argument, NULL, SUPERVISE},
                                            {"version", no_argument, NULL, VERSION},
                                            {"help", no_argument, NULL, HELP},
                                            {NULL, 0, NULL, 0}};
    struct register_options given = {.state = STATE};
    const char *supervise = NULL;
    struct err err = ERR_INIT;
    bool registers = false;
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
        switch (option) {
        case STATE_OPTION:
            given.state = optarg;
            break;
        case REGISTER:
            registers = true;
            break;
        case URL:
            given.url = optarg;
            break;
        case ID:
            given.activation_id = optarg;
            break;
        case CODE:
            given.code = optarg;
            break;
        case KEY:
            given.key = optarg;
            break;
        case STORE:
            given.store_id = optarg;
            break;
        case SUPERVISE:
            supervise = optarg;
            break;
        case VERSION:
            printf("slipway-agent %s\n", SLIPWAY_VERSION);
            return 0;
        case HELP:
            return usage(stdout, 0);
        default:
            return usage(stderr, EXIT_USAGE);
        }
    }
    if (optind != argc)
        return usage(stderr, EXIT_USAGE);
    (void)umask(077);
    (void)mallopt(M_ARENA_MAX, 2); /* two threads that wait: small is better than fast */
    log_init(LOG_AUTO, LOG_NOTICE);
    if (digest_begin(&err) < 0) { /* before anything is promised */
        fprintf(stderr, "slipway-agent: %s\n", err.text);
        return EXIT_IO;
    }
    if (supervise != NULL)
        return names_is_uuid(supervise) ? supervise_main(given.state, supervise)
                                        : usage(stderr, EXIT_USAGE);
    return registers ? register_this(&given) : run(given.state);
}
