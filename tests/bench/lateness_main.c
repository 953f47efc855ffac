/*
 * lateness: how late a start is, recorded durably, when many are due at once; and what waiting costs.
 *
 *      bench_lateness FOLDER DUE SECONDS WAITING
 *
 * The flow with its loop, writer and store, under the machine's clock, in one process; no hosts answer, no git is
 * read. DUE environments, each with one release that is due at an instant of its own within SECONDS; WAITING
 * releases wait in other repositories for a set time tomorrow. A start counts from its instant until its commit is
 * synced. The limit, in the same run and on the same disk: a timer that writes one row for each of the same
 * instants, and nothing else. Prints lines "name value".
 */
#include <dirent.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/log.h"
#include "lib/base/sign.h"
#include "lib/config/config_read.h"
#include "lib/model/config.h"
#include "lib/store/db.h"
#include "lib/store/store.h"
#include "lib/store/store_activation.h"
#include "lib/store/store_config.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_journal.h"
#include "lib/store/store_release.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "server/flow/signer.h"
#include "server/flow/agenda.h"
#include "server/flow/flow.h"
#include "server/flow/snapshot.h"
#include "server/loop.h"

#define PER_REPO 16 /* environments that a repository may have */
#define SHIFT 6     /* seconds from one repository to the next */
#define REPOS_PER_FILE 64
#define DELAY_MS 60000
#define SET_UP_MS                                                                                  \
    20000 /* from the beginning to the first instant, with ten seconds of rest in it */
#define HOST "mi-0123456789abcdef0"

static struct arena arena;
static int due_n, waiting_n, due_repos, waiting_repos;
static int64_t span_ms;
static time_ms base; /* the first instant */

static void must(int rc, const struct err *err)
{
    if (rc < 0) {
        fprintf(stderr, "bench_lateness: %s\n", err->text);
        exit(1);
    }
}

/* The instant of the i-th. Environments of a repository share the instant at which the release was seen; their
 * delays lie a second apart, so that they are due at different ones; which seconds have two of them is another from
 * repository to repository, so that each second has as many. */
static int64_t second_of(int repo, int place)
{
    return (place + (int64_t)repo * SHIFT) % (span_ms / 1000);
}

static time_ms instant(int i)
{
    int repo = i / PER_REPO, place = i % PER_REPO;

    return base + (int64_t)repo * 1000 / due_repos + second_of(repo, place) * 1000;
}

static void put_repo(struct buf *c, int r)
{
    buf_addf(c, "  acme/r%d:\n    mirror: https://example.com/r.git\n    environments:\n", r);
    for (int e = 0; e < (r < due_repos ? PER_REPO : 1); e++) {
        if (r >= due_repos)
            buf_addf(c, "      e%d: { on: schedule, at: [\"%s\"]", e,
                     base % 86400000 < 43200000 ? "23:00" : "11:00");
        else
            buf_addf(c, "      e%d: { on: merge, delay: %llds", e,
                     (long long)(DELAY_MS / 1000 + second_of(r, e)));
        buf_adds(c, ", roles: { web: { agent: { hosts: [a] } } } }\n");
    }
    buf_adds(c, "    jobs: { web: { runs-on: [web], steps: [{ run: \"true\" }] } }\n");
}

static void put_file(const char *folder, const char *name, struct buf *c)
{
    char path[4096];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", folder, name);
    f = fopen(path, "w");
    if (f == NULL || fwrite(buf_str(c), c->len, 1, f) != 1 || fclose(f) != 0)
        exit(fprintf(stderr, "bench_lateness: %s cannot be written\n", path));
    c->len = 0;
}

/* In several files: one holds 50,000 values at most. */
static struct config *configuration(const char *folder)
{
    struct problems problems;
    struct err err = ERR_INIT;
    struct config *config;
    char path[4096];
    struct buf c;

    snprintf(path, sizeof(path), "%s/conf.d", folder);
    if (mkdir(path, 0700) < 0)
        exit(fprintf(stderr, "bench_lateness: %s cannot be made\n", path));
    buf_init(&c, 64 << 20);
    buf_adds(&c, "version: 1\ntimezone: UTC\ngithub: { webhook-secret-files: [s] }\n");
    put_file(folder, "slipway.yml", &c);
    for (int r = 0; r < due_repos + waiting_repos; r++) {
        if (r % REPOS_PER_FILE == 0)
            buf_adds(&c, "repos:\n");
        put_repo(&c, r);
        snprintf(path, sizeof(path), "conf.d/%03d.yml", r / REPOS_PER_FILE);
        if (r % REPOS_PER_FILE == REPOS_PER_FILE - 1 || r == due_repos + waiting_repos - 1)
            put_file(folder, path, &c);
    }
    buf_deinit(&c);
    problems_init(&problems, &arena);
    snprintf(path, sizeof(path), "%s/slipway.yml", folder);
    if (config_read(path, &config, &problems, &err) < 0 && problems.n > 0)
        (void)err_wrap(&err, "%s:%d: %s", problems.items[0].file, problems.items[0].line,
                       problems.items[0].text);
    must(err.code, &err);
    return config;
}

/* The world ------------------------------------------------------------------------------------------- */

static int add_release(struct db *db, int64_t repository_id, int64_t number, time_ms seen_at,
                       struct err *err)
{
    struct release release = {.repository_id = repository_id,
                              .subject = "Change",
                              .author = "ana",
                              .committed_at = seen_at,
                              .seen_at = seen_at,
                              .lane = LANE_CODE,
                              .n_paths = 1};
    int64_t given;

    snprintf(release.sha, sizeof(release.sha), "%040llx",
             (unsigned long long)(repository_id * 1000000 + number));
    return store_release_append(db, &release, &given, err);
}

static int add_host(struct db *db, time_ms now, struct err *err)
{
    const struct activation a = {.id = "5b2f6d0e-0000-4000-8000-000000000001",
                                 .code_digest = "x",
                                 .name = "a",
                                 .limit = 1,
                                 .created_at = now,
                                 .created_by = "uid:0",
                                 .expires_at = now * 2};
    const struct config_pairs none = {0};
    const struct host h = {.id = HOST,
                           .name = "a",
                           .state = HOST_REGISTERED,
                           .activation_id = a.id,
                           .registered_at = now};
    int rc = store_activation_put(db, &a, &none, err);

    if (rc == 0)
        rc = store_host_register(db, &h, "fingerprint", "spki", err);
    return rc < 0 ? rc : store_host_seen(db, HOST, NULL, NULL, now + 3600000, err);
}

struct part {
    int repo;
    int64_t first, last; /* releases */
    const struct config *config;
};

static int add_world(struct db *db, void *arg, struct err *err)
{
    const struct part *p = arg;
    time_ms now = clock_now(clock_system());

    if (p->config != NULL) {
        int rc = snapshot_accept(db, p->config, "start", now, err);
        return rc < 0 ? rc : add_host(db, now, err);
    }
    for (int64_t n = p->first; n <= p->last; n++) {
        time_ms seen = p->repo < due_repos && n == 2
                           ? base - DELAY_MS + (int64_t)p->repo * 1000 / due_repos
                           : now - 7200000;
        int rc = add_release(db, p->repo + 1, n, seen, err);
        if (rc < 0)
            return rc;
    }
    return p->first != 1
               ? 0
               : store_repository_fetched(db, p->repo + 1, "1", now + 3600000, now + 3600000, err);
}

static void build(struct writer *writer, const struct config *config)
{
    struct err err = ERR_INIT;
    struct part p = {.config = config};

    must(writer_do(writer, add_world, &p, &err), &err);
    for (int r = 0; r < due_repos + waiting_repos; r++) {
        int64_t n = r < due_repos ? 2 : 1 + (waiting_n + waiting_repos - 1) / waiting_repos;
        for (int64_t first = 1; first <= n; first += 100) {
            p = (struct part){.repo = r, .first = first, .last = first + 99 < n ? first + 99 : n};
            must(writer_do(writer, add_world, &p, &err), &err);
        }
    }
}

/* What is measured ------------------------------------------------------------------------------------ */

/* Up to which line of the journal something was committed, and when the flow knew. */
struct told {
    int64_t end;
    time_ms at;
};

struct measured {
    struct db *db;
    struct told *told;
    size_t n_told, cap_told;
    time_ms *late;
    time_ms *waited, *took; /* until the look that decided it; from that to its commit */
    int n, early;
};

static int by_value(const void *a, const void *b)
{
    time_ms x = *(const time_ms *)a, y = *(const time_ms *)b;

    return x < y ? -1 : x > y;
}

static void put(time_ms *values, int n, const char *name)
{
    if (n == 0)
        return;
    qsort(values, (size_t)n, sizeof(*values), by_value);
    printf("%s_p50_ms %lld\n%s_p99_ms %lld\n%s_max_ms %lld\n", name, (long long)values[n / 2], name,
           (long long)values[n * 99 / 100], name, (long long)values[n - 1]);
}

/* After each commit that the flow waited for. One statement: whoever watches must not be what is watched. */
static void told(void *arg, unsigned topics)
{
    struct measured *m = arg;
    struct told t;
    struct err err = ERR_INIT;

    if ((topics & FLOW_DEPLOYMENTS) == 0)
        return;
    must(store_journal_end(m->db, &t.end, &err), &err);
    t.at = clock_now(clock_system()); /* no line of those came later */
    *ARENA_PUSH(&arena, m->told, m->n_told, m->cap_told) = t;
}

static void take_line(struct measured *m, const struct journal_entry *line, time_ms at)
{
    int repo, place;

    if (strcmp(line->act, "deployment.start") != 0 ||
        sscanf(line->subject, "acme/r%d/e%d", &repo, &place) != 2 || m->n == due_n)
        return;
    m->late[m->n] = at - instant(repo * PER_REPO + place);
    m->waited[m->n] = line->at - instant(repo * PER_REPO + place);
    m->took[m->n] = at - line->at;
    m->early += m->late[m->n++] < 0;
}

#define LINES 1000

/* When it is over: a start was committed when the flow was first told of a line that is not before it. */
static void read_journal(struct measured *m)
{
    struct journal_entry *lines;
    struct err err = ERR_INIT;
    int64_t before = 0;
    size_t n, told = m->n_told;
    struct arena own;

    arena_init(&own);
    do {
        must(store_journal_list(m->db, &own, before, LINES, &lines, &n, &err), &err);
        for (size_t i = 0; i < n; i++) {
            while (told > 0 && m->told[told - 1].end >= lines[i].id)
                told--;
            if (told < m->n_told)
                take_line(m, &lines[i], m->told[told].at);
        }
        before = n > 0 ? lines[n - 1].id : 0;
        arena_reset(&own);
    } while (n == LINES);
    arena_deinit(&own);
}

/* Syncs, which are what the disk is waited for: SQLite calls this one instead of the library's. The writer makes those of the
 * log and of the file; a sync of the file is a checkpoint's. */
#define SYNCS_MAX 100000

static struct {
    time_ms at, took;
    bool of_log;
} syncs[SYNCS_MAX];
static int n_syncs;

int fdatasync(int fd)
{
    char path[64], name[PATH_MAX] = "";
    time_ms began = clock_now(clock_system());
    int rc = (int)syscall(SYS_fdatasync, fd);
    size_t len;

    snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    (void)!readlink(path, name, sizeof(name) - 1);
    len = strlen(name);
    if (n_syncs < SYNCS_MAX) {
        syncs[n_syncs].at = began;
        syncs[n_syncs].took = clock_now(clock_system()) - began;
        syncs[n_syncs++].of_log = len > 4 && strcmp(name + len - 4, "-wal") == 0;
    }
    return rc;
}

static void put_syncs(time_ms from, time_ms to)
{
    time_ms *of_log = arena_array(&arena, SYNCS_MAX, sizeof(*of_log));
    time_ms *of_file = arena_array(&arena, SYNCS_MAX, sizeof(*of_file));
    int n_log = 0, n_file = 0;

    for (int i = 0; i < n_syncs; i++)
        if (syncs[i].at >= from && syncs[i].at < to)
            *(syncs[i].of_log ? &of_log[n_log++] : &of_file[n_file++]) = syncs[i].took;
    put(of_log, n_log, "sync_of_log");
    printf("checkpoints %d\n", n_file);
    put(of_file, n_file, "sync_of_file");
}

/* Until nothing was written for a second; a minute at most. */
static void wait_for_rest(struct db *db)
{
    int64_t last = -1, end = 0;
    struct err err = ERR_INIT;

    for (int i = 0; i < 60 && end != last; i++) {
        last = end;
        sleep(1);
        must(store_journal_end(db, &end, &err), &err);
    }
}

static int64_t cpu_us(void)
{
    struct rusage u;

    getrusage(RUSAGE_SELF, &u);
    return (int64_t)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) * 1000000 + u.ru_utime.tv_usec +
           u.ru_stime.tv_usec;
}

/* CPU of one thread of this process, by its name. */
static int64_t thread_us(const char *name)
{
    DIR *tasks = opendir("/proc/self/task");
    struct dirent *task;
    int64_t us = 0;

    while (tasks != NULL && (task = readdir(tasks)) != NULL) {
        char path[300], comm[32] = "";
        long long ns = 0;
        FILE *f;

        snprintf(path, sizeof(path), "/proc/self/task/%s/comm", task->d_name);
        if ((f = fopen(path, "r")) != NULL) {
            (void)!fscanf(f, "%31s", comm);
            fclose(f);
        }
        snprintf(path, sizeof(path), "/proc/self/task/%s/schedstat", task->d_name);
        if (strcmp(comm, name) == 0 && (f = fopen(path, "r")) != NULL) {
            (void)!fscanf(f, "%lld", &ns);
            fclose(f);
            us += ns / 1000;
        }
    }
    if (tasks != NULL)
        closedir(tasks);
    return us;
}

static void sleep_until(time_ms t)
{
    struct timespec when = {.tv_sec = (time_t)(t / 1000), .tv_nsec = (long)(t % 1000) * 1000000};

    while (clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &when, NULL) != 0)
        ;
}

static int one_row(struct db *db, void *arg, struct err *err)
{
    return store_watermark_set(db, "bench/limit", *(const time_ms *)arg, err);
}

/* A timer and a commit for each of as many instants. */
static void measure_limit(struct writer *writer)
{
    struct measured m = {.late = arena_array(&arena, (size_t)due_n, sizeof(time_ms))};
    time_ms begin = clock_now(clock_system()) + 500;
    struct err err = ERR_INIT;

    for (int i = 0; i < due_n; i++) {
        time_ms t = begin + (int64_t)i * span_ms / due_n;
        sleep_until(t);
        must(writer_do(writer, one_row, &t, &err), &err);
        m.late[m.n++] = clock_now(clock_system()) - t;
    }
    put(m.late, m.n, "limit");
}

static void failed(void *arg, const struct err *err)
{
    (void)arg;
    must(err->code, err);
}

static void ring(void *arg, const char *host_id)
{
    (void)arg, (void)host_id;
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    struct measured m = {.n = 0};
    struct db *reader;
    struct store store = {.lock = -1};
    struct snapshots snapshots;
    struct snapshot *snapshot;
    struct writer_counts counts;
    struct config *config;
    struct writer *writer;
    struct loop *loop;
    struct flow flow;
    int64_t cpu, of_flow, of_writer;
    uint64_t statements;

    if (argc != 5)
        return fputs("usage: bench_lateness FOLDER DUE SECONDS WAITING\n", stderr), 64;
    due_repos = (atoi(argv[2]) + PER_REPO - 1) / PER_REPO;
    due_n = due_repos * PER_REPO;
    span_ms = atoi(argv[3]) * INT64_C(1000);
    waiting_n = atoi(argv[4]);
    waiting_repos = waiting_n == 0 ? 0 : 100;
    if (due_repos < 1 || due_repos > 900 || span_ms < 1000)
        return fputs("bench_lateness: 16 to 14400 may be due, in a second or more\n", stderr), 64;
    log_init(LOG_LOGFMT, LOG_ERROR);
    arena_init(&arena);
    must(store_open(argv[1], "bench", clock_now(clock_system()), &store, &err), &err);
    must(writer_start(&writer, store.db, NULL, &err), &err);
    base =
        (clock_now(clock_system()) / 1000 + 600) * 1000; /* until the set-up is known to be over */
    config = configuration(argv[1]);
    base = (clock_now(clock_system()) / 1000 + 1) * 1000 + SET_UP_MS + waiting_n / 2;
    build(writer, config);
    must(db_open_read(store.path, &m.db, &err), &err);
    must(db_open_read(store.path, &reader, &err), &err);
    m.late = arena_array(&arena, (size_t)due_n, sizeof(*m.late));
    m.waited = arena_array(&arena, (size_t)due_n, sizeof(*m.waited));
    m.took = arena_array(&arena, (size_t)due_n, sizeof(*m.took));
    snapshots_init(&snapshots);
    must(snapshot_make(config, clock_now(clock_system()), &snapshot, &err), &err);
    snapshots_set(&snapshots, snapshot);
    flow = (struct flow){.clock = clock_system(),
                         .writer = writer,
                         .snapshots = &snapshots,
                         .signer = signer_new(sign_key_new()),
                         .store_id = store.store_id,
                         .mirrors = argv[1],
                         .heard_since = clock_now(clock_system()),
                         .ring_host = ring,
                         .tell = told,
                         .arg = &m};
    must(db_open_read(store.path, &flow.db, &err), &err);
    must(loop_start(&loop, &flow, failed, NULL, &err), &err);
    printf("due %d\nwaiting %d\nset_up_left_ms %lld\n", due_n, waiting_n,
           (long long)(base - clock_now(clock_system())));
    sleep_until(base - 8000);
    cpu = cpu_us();
    sleep_until(base - 2000);
    printf("idle_cpu_us_per_s %lld\n", (long long)(cpu_us() - cpu) / 6);
    cpu = cpu_us();
    of_flow = thread_us("flow");
    of_writer = thread_us("writer");
    statements = db_count(flow.db); /* at rest nobody else counts */
    counts = writer_counts(writer);
    sleep_until(base + span_ms + 1000);
    wait_for_rest(reader);
    cpu = cpu_us() - cpu;
    of_flow = thread_us("flow") - of_flow;
    of_writer = thread_us("writer") - of_writer;
    loop_stop(loop);
    loop_free(loop);
    statements = db_count(flow.db) - statements;
    read_journal(&m);
    printf("started %d\nearly %d\ncpu_us_per_start %lld\n", m.n, m.early,
           m.n > 0 ? (long long)cpu / m.n : 0);
    printf("flow_us_per_start %lld\nwriter_us_per_start %lld\nreads_per_100_starts %lld\n",
           m.n > 0 ? (long long)of_flow / m.n : 0, m.n > 0 ? (long long)of_writer / m.n : 0,
           m.n > 0 ? (long long)statements * 100 / m.n : 0);
    printf("commits_per_100_starts %lld\njobs_per_100_starts %lld\n",
           m.n > 0 ? (long long)(writer_counts(writer).commits - counts.commits) * 100 / m.n : 0,
           m.n > 0 ? (long long)(writer_counts(writer).jobs - counts.jobs) * 100 / m.n : 0);
    put(m.late, m.n, "start");
    put(m.waited, m.n, "until_its_look");
    put(m.took, m.n, "from_look_to_commit");
    put_syncs(base, base + span_ms);
    measure_limit(writer);
    agenda_free(flow.agenda);
    db_close(reader);
    db_close(m.db);
    db_close(flow.db);
    writer_stop(writer);
    return m.n == due_n && m.early == 0 ? 0 : 1;
}
