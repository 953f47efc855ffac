/* slipwayd: starts the server, waits for signals, stops it. SIGHUP reads the configuration again. */
#include <getopt.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "lib/base/err.h"
#include "lib/base/heap.h"
#include "lib/base/log.h"
#include "server/server.h"

#define EXIT_USAGE 64
#define EXIT_FAILED 1

static const char usage[] =
    "usage: slipwayd [--config FILE] [--log auto|text|logfmt|json] [--restored]\n"
    "  --config   the configuration (/etc/slipway/slipway.yml)\n"
    "  --log      form of the log on standard error\n"
    "  --restored the store comes from a backup: every database that migrates stands until\n"
    "             `slipway fence advance`\n"
    "  --version  print the version\n";

/* To the service manager, if there is one (sd_notify). */
static void notify(const char *state)
{
    const char *path = getenv("NOTIFY_SOCKET");
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd;

    if (path == NULL || strlen(path) >= sizeof(address.sun_path) ||
        (path[0] != '/' && path[0] != '@'))
        return;
    memcpy(address.sun_path, path, strlen(path));
    if (path[0] == '@')
        address.sun_path[0] = '\0';
    fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return;
    (void)!sendto(fd, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address,
                  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + strlen(path)));
    close(fd);
}

static int log_format_of(const char *name)
{
    static const char *const names[] = {"auto", "text", "logfmt", "json"};

    for (int i = 0; i < 4; i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

static void wait_for_signals(struct server *server, const sigset_t *set)
{
    int sig;

    while (sigwait(set, &sig) == 0 && sig == SIGHUP) {
        notify("RELOADING=1");
        server_reload(server);
        notify("READY=1");
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"config", required_argument, NULL, 'c'},
                                            {"log", required_argument, NULL, 'l'},
                                            {"restored", no_argument, NULL, 'r'},
                                            {"version", no_argument, NULL, 'v'},
                                            {"help", no_argument, NULL, 'h'},
                                            {NULL, 0, NULL, 0}};
    struct server_options how = {.config = "/etc/slipway/slipway.yml"};
    struct server *server = NULL;
    struct err err = ERR_INIT;
    int format = LOG_AUTO, status, option;
    bool failed;
    sigset_t set;

    heap_begin();
    while ((option = getopt_long(argc, argv, "c:l:vh", options, NULL)) != -1) {
        if (option == 'c')
            how.config = optarg;
        else if (option == 'r')
            how.restored = true;
        else if (option == 'l' && log_format_of(optarg) >= 0)
            format = log_format_of(optarg);
        else if (option == 'v')
            return puts("slipwayd " SLIPWAY_VERSION) == EOF;
        else
            return fputs(usage, option == 'h' ? stdout : stderr), option == 'h' ? 0 : EXIT_USAGE;
    }
    if (optind < argc)
        return fputs(usage, stderr), EXIT_USAGE;
    log_init((enum log_format)format, LOG_NOTICE);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGHUP);
    sigprocmask(SIG_BLOCK, &set, NULL); /* every thread inherits it: only this one is asked */
    signal(SIGPIPE, SIG_IGN);
    if (server_start(&how, &server, &status, &err) < 0) {
        fprintf(stderr, "slipwayd: not starting: %s\n", err.text);
        return status;
    }
    notify("READY=1");
    log_notice("started", "version=" SLIPWAY_VERSION);
    wait_for_signals(server, &set);
    notify("STOPPING=1");
    failed = server_has_failed(server);
    server_stop(server);
    log_notice("stopped", "failed=%d", (int)failed);
    return failed ? EXIT_FAILED : 0;
}
