/*
 * bench_hold PORT: the least that waiting agents can cost with libmicrohttpd: it suspends whoever asks `POST /` and,
 * when somebody asks `POST /go`, answers them all with a kilobyte. No signature, no store. Prints "ready".
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>

#define THREADS 2 /* as slipwayd's listener */
#define POOL 4096 /* bytes for each connection */
#define AGENTS_MAX 65536

static struct MHD_Connection *waiting[AGENTS_MAX];
static size_t n_waiting;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct MHD_Response *message;

struct exchange {
    int stage; /* 0 = headers, 1 = waits, 2 = was woken */
};

static void wake_all(void)
{
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < n_waiting; i++)
        MHD_resume_connection(waiting[i]);
    n_waiting = 0;
    pthread_mutex_unlock(&lock);
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
    struct exchange *x = *context;

    (void)cls, (void)method, (void)version, (void)data;
    if (x == NULL) {
        *context = x = calloc(1, sizeof(*x));
        return x != NULL ? MHD_YES : MHD_NO;
    }
    if (*data_size != 0) {
        *data_size = 0;
        return MHD_YES;
    }
    if (strcmp(url, "/go") == 0) {
        wake_all();
        return MHD_queue_response(connection, MHD_HTTP_OK, message);
    }
    if (x->stage++ == 0) {
        pthread_mutex_lock(&lock);
        MHD_suspend_connection(connection);
        if (n_waiting < AGENTS_MAX)
            waiting[n_waiting++] = connection;
        pthread_mutex_unlock(&lock);
        return MHD_YES;
    }
    return MHD_queue_response(connection, MHD_HTTP_OK, message);
}

static void completed(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code)
{
    (void)cls, (void)connection, (void)code;
    free(*context);
    *context = NULL;
}

int main(int argc, char **argv)
{
    static char body[1024];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon;

    if (argc != 2)
        return 2;
    memset(body, 'x', sizeof(body));
    message = MHD_create_response_from_buffer(sizeof(body), body, MHD_RESPMEM_PERSISTENT);
    at.sin_port = htons((unsigned short)strtoul(argv[1], NULL, 10));
    daemon =
        MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME, 0, NULL, NULL,
                         answer, NULL, MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&at,
                         MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_CONNECTION_MEMORY_LIMIT,
                         (size_t)POOL, MHD_OPTION_CONNECTION_LIMIT, (unsigned)AGENTS_MAX,
                         MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
    if (daemon == NULL)
        return 1;
    puts("ready");
    fflush(stdout);
    pause();
    return 0;
}
