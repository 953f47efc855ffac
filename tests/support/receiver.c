/* receiver: see receiver.h. */
#include "tests/support/receiver.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/clock.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "tests/support/invariants.h"

#define SECRET "0123456789abcdef0123456789abcdef"
#define THREADS_MAX 32
#define BODY_MAX 8192
#define ENVIRONMENT_MAX 16

static const char *path_of(struct receiver *r, const char *name)
{
    return arena_printf(&r->arena, "%s/%s", r->folder, name);
}

/* The program ------------------------------------------------------------------------------------- */

static const char *program(struct receiver *r)
{
    const char *bin = getenv("SLIPWAY_BIN");
    const char *path =
        arena_printf(&r->arena, "%s/slipwayd", bin != NULL ? bin : SLIPWAY_BUILD_DIR);

    return access(path, X_OK) == 0 ? path : SLIPWAY_BUILD_DIR "/slipwayd";
}

void receiver_up(struct receiver *r)
{
    char folder[] = "/tmp/slipway-receiver-XXXXXX";
    struct err err = ERR_INIT;
    const char *config;

    memset(r, 0, sizeof(*r));
    arena_init(&r->arena);
    pthread_mutex_init(&r->lock, NULL);
    signal(SIGPIPE, SIG_IGN);
    if (getenv("TMPDIR") != NULL)
        r->folder = arena_printf(&r->arena, "%s/receiver-XXXXXX", getenv("TMPDIR"));
    else
        r->folder = arena_str(&r->arena, folder);
    assert_non_null(mkdtemp((char *)(uintptr_t)r->folder));
    config = arena_printf(&r->arena,
                          "version: 1\nurl: http://127.0.0.1:1\ntimezone: UTC\nlanguage: en\n"
                          "state: %s/state\nmirror-roots: [\"%s\"]\n"
                          "listen: { webhooks: \"127.0.0.1:0\", agents: \"127.0.0.1:0\", "
                          "web: \"127.0.0.1:0\", cli: %s/cli.sock }\n"
                          "github: { webhook-secret-files: [secret] }\n"
                          "repos:\n  acme/shop:\n    branch: main\n    mirror: file://%s/none\n"
                          "    root: /srv/shop\n    environments:\n"
                          "      stage: { on: merge, roles: { all: { agent: { hosts: [a] } } } }\n"
                          "    jobs:\n      web: { runs-on: [all], steps: [{ uses: fetch }] }\n",
                          r->folder, r->folder, r->folder, r->folder);
    if (file_write_atomic(path_of(r, "slipway.yml"), config, strlen(config), 0600, &err) < 0 ||
        file_write_atomic(path_of(r, "secret"), SECRET, strlen(SECRET), 0600, &err) < 0)
        fail_msg("%s", err.text);
}

static void run(struct receiver *r, const char *const *environment)
{
    const char *log = path_of(r, "log");
    const char *file = program(r);
    const char *config = path_of(r, "slipway.yml");
    int fd = open(log, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

    if (fd < 0 || dup2(fd, STDERR_FILENO) < 0)
        _exit(99);
    for (; environment != NULL && *environment != NULL; environment++)
        (void)putenv((char *)(uintptr_t)*environment);
    execl(file, file, "--config", config, "--log", "logfmt", (char *)NULL);
    _exit(99);
}

/* What the log says of the listener; false while it says nothing. */
static bool is_listening(struct receiver *r)
{
    static const char mark[] = "event=listening listener=webhooks address=";
    struct err err = ERR_INIT;
    char *text = NULL;
    const char *at;
    size_t len;

    if (file_read_all(path_of(r, "log"), (size_t)1 << 24, &text, &len, &err) < 0)
        return false;
    at = strstr(text, "event=started") != NULL ? strstr(text, mark) : NULL;
    if (at != NULL)
        snprintf(r->address, sizeof(r->address), "%.*s", (int)strcspn(at + strlen(mark), " \n"),
                 at + strlen(mark));
    free(text);
    return at != NULL;
}

bool receiver_ends(struct receiver *r, int ms)
{
    for (int i = 0; r->pid != 0 && i <= ms; i += 5) {
        if (waitpid(r->pid, &r->status, WNOHANG) == r->pid)
            r->pid = 0;
        else
            usleep(5000);
    }
    return r->pid == 0;
}

bool receiver_start(struct receiver *r, const char *const *environment)
{
    (void)unlink(path_of(r, "log"));
    r->starts++;
    r->pid = fork();
    assert_true(r->pid >= 0);
    if (r->pid == 0)
        run(r, environment);
    for (int i = 0; i < 6000; i++) {
        if (is_listening(r))
            return true;
        if (receiver_ends(r, 0))
            return false;
        usleep(2000);
    }
    fail_msg("slipwayd neither listens nor ends");
    return false;
}

void receiver_kill(struct receiver *r)
{
    assert_int_equal(kill(r->pid, SIGKILL), 0);
    assert_true(receiver_ends(r, 10000));
}

void receiver_stop(struct receiver *r)
{
    if (r->pid == 0)
        return;
    (void)kill(r->pid, SIGTERM);
    if (!receiver_ends(r, 10000)) {
        receiver_kill(r);
        fail_msg("slipwayd does not end");
    }
}

bool receiver_is_restarted(const struct receiver *r)
{
    int code = WIFEXITED(r->status) ? WEXITSTATUS(r->status) : -1;

    return code != 64 && code != 78;
}

void receiver_down(struct receiver *r)
{
    if (r->pid != 0)
        receiver_kill(r);
    assert_int_equal(system(arena_printf(&r->arena, "rm -rf '%s'", r->folder)), 0);
    free(r->accepted);
    pthread_mutex_destroy(&r->lock);
    arena_deinit(&r->arena);
}

/* Senders ----------------------------------------------------------------------------------------- */

struct sender {
    struct receiver_load *load;
    pthread_t thread;
};

struct receiver_load {
    struct receiver *receiver;
    mono_ms end; /* 0 = none */
    int each;    /* 0 = no end */
    int n;
    struct sender senders[THREADS_MAX];
};

static int dial(const char *address)
{
    struct sockaddr_in where = {.sin_family = AF_INET};
    const char *colon = strchr(address, ':');
    char host[64];
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    snprintf(host, sizeof(host), "%.*s", (int)strcspn(address, ":"), address);
    where.sin_port = htons((uint16_t)strtoul(colon != NULL ? colon + 1 : "0", NULL, 10));
    if (fd < 0 || inet_pton(AF_INET, host, &where.sin_addr) != 1 ||
        connect(fd, (struct sockaddr *)&where, sizeof(where)) < 0) {
        if (fd >= 0)
            (void)close(fd);
        return -1;
    }
    return fd;
}

/* A push to a branch of no interest: recorded as one row, and nothing follows from it. */
static size_t write_delivery(char *bytes, size_t size, const char *guid, unsigned number)
{
    unsigned char mac[DIGEST_SIZE];
    char body[BODY_MAX], text[DIGEST_HEX_SIZE];
    int filling = (int)(number * 2654435761u % 6000);
    int len = snprintf(body, sizeof(body),
                       "{\"ref\":\"refs/heads/topic\",\"before\":\"%040u\",\"after\":\"%040u\","
                       "\"forced\":false,\"created\":false,\"deleted\":false,"
                       "\"repository\":{\"id\":640000001,\"full_name\":\"acme/shop\"},"
                       "\"sender\":{\"id\":7,\"login\":\"ana\"},\"x\":\"%0*d\"}",
                       number, number + 1, filling, 0);

    digest_hmac_sha256(SECRET, strlen(SECRET), body, (size_t)len, mac);
    digest_hex(mac, sizeof(mac), text);
    return (size_t)snprintf(bytes, size,
                            "POST /webhooks/github HTTP/1.1\r\nHost: test\r\n"
                            "Content-Type: application/json\r\nX-GitHub-Event: push\r\n"
                            "X-GitHub-Delivery: %s\r\nX-Hub-Signature-256: sha256=%s\r\n"
                            "Content-Length: %d\r\n\r\n%s",
                            guid, text, len, body);
}

/* The status of the next answer; 0 = the connection ended. */
static int read_status(int fd)
{
    char head[2048];
    size_t n = 0;
    int status = 0;

    while (n < sizeof(head) - 1) {
        ssize_t got = recv(fd, head + n, sizeof(head) - 1 - n, 0);
        if (got <= 0)
            return 0;
        n += (size_t)got;
        head[n] = '\0';
        const char *end = strstr(head, "\r\n\r\n");
        const char *length = end != NULL ? strstr(head, "Content-Length: ") : NULL;
        if (length != NULL && n >= (size_t)(end + 4 - head) + strtoul(length + 16, NULL, 10))
            return sscanf(head, "HTTP/1.1 %d", &status) == 1 ? status : 0;
    }
    return 0;
}

static bool send_one(struct receiver *r, int fd)
{
    char bytes[BODY_MAX + 1024];
    const char *guid;
    unsigned number;
    size_t len, done = 0;
    int status;

    pthread_mutex_lock(&r->lock);
    number = ++r->n_sent;
    guid = arena_printf(&r->arena, "%08x-0000-4000-8000-%012x", r->starts, number);
    pthread_mutex_unlock(&r->lock);
    len = write_delivery(bytes, sizeof(bytes), guid, number);
    while (done < len) {
        ssize_t n = send(fd, bytes + done, len - done, MSG_NOSIGNAL);
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    status = read_status(fd);
    pthread_mutex_lock(&r->lock);
    if (status == 202) {
        if (r->n_accepted == r->cap_accepted) {
            r->cap_accepted = r->cap_accepted == 0 ? 256 : 2 * r->cap_accepted;
            r->accepted = realloc(r->accepted, r->cap_accepted * sizeof(*r->accepted));
            if (r->accepted == NULL)
                abort();
        }
        r->accepted[r->n_accepted++] = guid;
    }
    r->n_refused += status == 503 ? 1 : 0;
    pthread_mutex_unlock(&r->lock);
    return status == 202;
}

static void *sender_main(void *arg)
{
    const struct receiver_load *load = ((struct sender *)arg)->load;
    int fd = dial(load->receiver->address);

    for (int i = 0; fd >= 0 && (load->each == 0 || i < load->each); i++) {
        if (load->end != 0 && clock_mono(clock_system()) >= load->end)
            break;
        if (!send_one(load->receiver, fd)) {
            (void)close(fd);
            fd = dial(load->receiver->address);
        }
    }
    if (fd >= 0)
        (void)close(fd);
    return NULL;
}

struct receiver_load *receiver_begin(struct receiver *r, int threads, int ms, int each)
{
    struct receiver_load *load = calloc(1, sizeof(*load));

    assert_true(load != NULL && threads <= THREADS_MAX);
    load->receiver = r;
    load->n = threads;
    load->each = each;
    load->end = ms != 0 ? clock_mono(clock_system()) + ms : 0;
    for (int i = 0; i < threads; i++) {
        load->senders[i].load = load;
        assert_int_equal(pthread_create(&load->senders[i].thread, NULL, sender_main,
                                        &load->senders[i]),
                         0);
    }
    return load;
}

void receiver_end(struct receiver_load *load)
{
    for (int i = 0; i < load->n; i++)
        pthread_join(load->senders[i].thread, NULL);
    free(load);
}

/* What is true afterwards ----------------------------------------------------------------------------- */

static const struct statement waiting = {
    "waiting", "SELECT count(*) FROM deliveries WHERE state = 'received'"};
static const struct statement wrong = {
    "wrong",
    "SELECT d.guid || ' is ' || d.state || ' with ' || count(p.id) || ' rows: '"
    " || coalesce(d.note, '-') FROM deliveries d LEFT JOIN pushes p ON p.delivery_id = d.id"
    " GROUP BY d.id HAVING d.state <> 'recorded' OR count(p.id) <> 1 LIMIT 5"};

static int64_t number_of(struct db *db, const struct statement *statement)
{
    struct err err = ERR_INIT;
    struct db_rows *rows;
    int64_t n;

    if (db_query(db, statement, &rows, &err, "") < 0 || db_next(rows, &err) < 0)
        fail_msg("%s", err.text);
    n = db_int(rows, 0);
    db_end(rows);
    return n;
}

static void check_recorded(struct receiver *r, struct db *db)
{
    struct err err = ERR_INIT;
    struct db_rows *rows;
    bool all_well = true;

    for (int i = 0; i < 1000 && number_of(db, &waiting) > 0; i++)
        usleep(20000);
    if (db_query(db, &wrong, &rows, &err, "") < 0)
        fail_msg("%s", err.text);
    while (db_next(rows, &err) > 0) {
        print_error("%s\n", db_text(rows, &r->arena, 0));
        all_well = false;
    }
    db_end(rows);
    assert_true(all_well);
}

void receiver_check(struct receiver *r)
{
    struct invariants_facts facts = {.accepted = r->accepted, .n_accepted = r->n_accepted};
    struct err err = ERR_INIT;
    const char *const *broken;
    struct db *db;
    size_t n;

    if (db_open_read(path_of(r, "state/slipway.db"), &db, &err) < 0)
        fail_msg("%s", err.text);
    check_recorded(r, db);
    n = invariants_check(db, &facts, &r->arena, &broken);
    for (size_t i = 0; i < n; i++)
        print_error("%s\n", broken[i]);
    assert_int_equal(n, 0);
    if (store_check(db, &err) < 0)
        fail_msg("%s", err.text);
    db_close(db);
}
