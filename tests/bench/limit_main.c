/* bench_limit: see limit.h. */
#include "tests/bench/limit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <microhttpd.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#define THREADS 2 /* as many as slipwayd's listener has */
#define POOL 32768
#define BODY_MAX (25u << 20)
#define MAC_SIZE 32

static bool full;
static EVP_MAC_CTX *keyed; /* the secret in it already; each request copies it */
static struct MHD_Response *accepted, *refused;

struct exchange {
    struct limit_row row; /* first: the writer knows no more */
    EVP_MAC_CTX *mac;
    char *body;
    size_t len, size;
    bool stored;
};

static const char *header(struct MHD_Connection *connection, const char *name)
{
    const char *value = MHD_lookup_connection_value(connection, MHD_HEADER_KIND, name);

    return value != NULL ? value : "";
}

static struct exchange *begin(struct MHD_Connection *connection)
{
    struct exchange *x = calloc(1, sizeof(*x));
    size_t len = strtoul(header(connection, "Content-Length"), NULL, 10);

    if (x == NULL)
        abort();
    if (!full)
        return x;
    x->size = len < BODY_MAX ? len : BODY_MAX;
    x->body = malloc(x->size + 1);
    x->mac = EVP_MAC_CTX_dup(keyed);
    if (x->body == NULL || x->mac == NULL)
        abort();
    return x;
}

static void take(struct exchange *x, const char *data, size_t len)
{
    if (!full || x->len + len > x->size)
        return;
    EVP_MAC_update(x->mac, (const unsigned char *)data, len);
    memcpy(x->body + x->len, data, len);
    x->len += len;
}

static bool is_signed(struct exchange *x, const char *claimed)
{
    unsigned char made[MAC_SIZE];
    char text[2 * MAC_SIZE + 1];
    size_t n = 0;

    if (EVP_MAC_final(x->mac, made, &n, sizeof(made)) != 1 || n != MAC_SIZE)
        return false;
    for (size_t i = 0; i < n; i++)
        snprintf(text + 2 * i, 3, "%02x", made[i]);
    return strlen(claimed) == 7 + sizeof(text) - 1 &&
           CRYPTO_memcmp(claimed + 7, text, sizeof(text) - 1) == 0;
}

static enum MHD_Result answer(void *cls, struct MHD_Connection *connection, const char *url,
                              const char *method, const char *version, const char *data,
                              size_t *data_size, void **context)
{
    struct exchange *x = *context;

    (void)cls, (void)url, (void)method, (void)version;
    if (x == NULL) {
        *context = begin(connection);
        return MHD_YES;
    }
    if (*data_size != 0) {
        take(x, data, *data_size);
        *data_size = 0;
        return MHD_YES;
    }
    if (!full || x->stored)
        return MHD_queue_response(connection, MHD_HTTP_ACCEPTED, accepted);
    if (!is_signed(x, header(connection, "X-Hub-Signature-256")))
        return MHD_queue_response(connection, MHD_HTTP_UNAUTHORIZED, refused);
    x->stored = true;
    x->row.connection = connection;
    x->row.body = x->body;
    x->row.len = x->len;
    snprintf(x->row.guid, sizeof(x->row.guid), "%s", header(connection, "X-GitHub-Delivery"));
    MHD_suspend_connection(connection);
    limit_store_put(&x->row);
    return MHD_YES;
}

static void completed(void *cls, struct MHD_Connection *connection, void **context,
                      enum MHD_RequestTerminationCode code)
{
    struct exchange *x = *context;

    (void)cls, (void)connection, (void)code;
    if (x == NULL)
        return;
    EVP_MAC_CTX_free(x->mac);
    free(x->body);
    free(x);
    *context = NULL;
}

static void read_secret(const char *path)
{
    char digest[] = "SHA256";
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                           OSSL_PARAM_construct_end()};
    EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    unsigned char secret[256];
    FILE *file = fopen(path, "r");
    size_t n = file != NULL ? fread(secret, 1, sizeof(secret), file) : 0;

    while (n > 0 && secret[n - 1] == '\n')
        n--;
    keyed = EVP_MAC_CTX_new(mac);
    if (n == 0 || EVP_MAC_init(keyed, secret, n, params) != 1) {
        fprintf(stderr, "bench_limit: no secret in %s\n", path);
        exit(1);
    }
    fclose(file);
    EVP_MAC_free(mac);
}

static struct MHD_Daemon *serve(const char *where)
{
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *colon = strchr(where, ':');
    char host[32];

    snprintf(host, sizeof(host), "%.*s", (int)strcspn(where, ":"), where);
    address.sin_port = htons((unsigned short)(colon != NULL ? atoi(colon + 1) : 0));
    if (inet_pton(AF_INET, host, &address.sin_addr) != 1)
        return NULL;
    return MHD_start_daemon(MHD_USE_EPOLL_INTERNAL_THREAD | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ITC,
                            0, NULL, NULL, answer, NULL, MHD_OPTION_SOCK_ADDR, &address,
                            MHD_OPTION_THREAD_POOL_SIZE, THREADS, MHD_OPTION_CONNECTION_LIMIT,
                            1024u, MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)POOL,
                            MHD_OPTION_NOTIFY_COMPLETED, completed, NULL, MHD_OPTION_END);
}

int main(int argc, char **argv)
{
    struct MHD_Daemon *daemon;
    sigset_t set;
    int sig;

    full = argc == 5 && strcmp(argv[1], "full") == 0;
    if (!full && (argc != 3 || strcmp(argv[1], "bare") != 0)) {
        fprintf(stderr, "usage: bench_limit bare ADDRESS:PORT | full ADDRESS:PORT SECRET-FILE "
                        "DATABASE\n");
        return 64;
    }
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, NULL);
    if (full) {
        read_secret(argv[3]);
        limit_store_open(argv[4]);
    }
    accepted = MHD_create_response_from_buffer(3, (void *)(size_t) "ok\n", MHD_RESPMEM_PERSISTENT);
    refused = MHD_create_response_from_buffer(3, (void *)(size_t) "no\n", MHD_RESPMEM_PERSISTENT);
    daemon = serve(argv[2]);
    if (daemon == NULL) {
        fprintf(stderr, "bench_limit: cannot listen on %s\n", argv[2]);
        return 1;
    }
    puts("ready");
    fflush(stdout);
    sigwait(&set, &sig);
    limit_store_close();
    _exit(0); /* whoever still waits for an answer gets none */
}
