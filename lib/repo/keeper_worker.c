/* keeper_worker: see keeper_worker.h. */
#include "lib/repo/keeper_worker.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "lib/base/cage.h"
#include "lib/base/str.h"
#include "lib/repo/keeper_frame.h"

#define MEMORY ((rlim_t)1 << 30)
#define FILE_SIZE ((rlim_t)MIRROR_FETCH_MAX + (1 << 20))
#define ERROR_MAX 600

static void limit(void)
{
    signal(SIGXFSZ, SIG_IGN); /* then writing says so */
    setrlimit(RLIMIT_FSIZE, &(struct rlimit){FILE_SIZE, FILE_SIZE});
#ifndef SLIPWAY_SANITIZE
    setrlimit(RLIMIT_AS, &(struct rlimit){MEMORY, MEMORY});
#endif
}

/*
 * Reading sees its mirror alone. A fetch writes that, and reads mirror-roots or what names, addresses
 * and certificates are found with. A kernel without Landlock lets this pass; doctor says so.
 */
static int hold_files(const struct keeper_request *r, struct err *err)
{
    static const char *const for_https[] = {"/etc/resolv.conf",
                                            "/etc/hosts",
                                            "/etc/host.conf",
                                            "/etc/nsswitch.conf",
                                            "/etc/gai.conf",
                                            "/etc/ld.so.cache",
                                            "/etc/ssl",
                                            "/usr/share/ca-certificates",
                                            "/usr/lib",
                                            "/lib",
                                            "/usr/local/share/ca-certificates"};
    const char *readable[KEEPER_FRAME_ROOTS_MAX + 16] = {"/dev/urandom"};
    char mirror[4096];
    const char *writable[] = {mirror, "/dev/null"};
    size_t n = 1;
    bool held;
    int rc = mirror_path(r->source.folder, r->source.name, mirror, sizeof(mirror), err);

    if (rc < 0)
        return rc;
    if (r->verb != KEEPER_FETCH) {
        readable[n++] = mirror;
        return cage_files(readable, n, NULL, 0, &held, err);
    }
    mkdir(mirror, 0700); /* so that it can be named; if it cannot be made, the fetch says why */
    if (str_starts(r->source.url, "file:")) {
        for (size_t i = 0; i < r->source.n_roots; i++)
            readable[n++] = r->source.roots[i];
    } else {
        for (size_t i = 0; i < sizeof(for_https) / sizeof(*for_https); i++)
            readable[n++] = for_https[i];
        readable[n++] = r->source.ca_file == NULL ? MIRROR_CA_FILE : r->source.ca_file;
    }
    return cage_files(readable, n, writable, 2, &held, err);
}

static int work(const struct keeper_request *r, struct arena *arena, struct keeper_answer *a,
                struct err *err)
{
    const struct mirror_range range = {.folder = r->source.folder,
                                       .name = r->source.name,
                                       .from = r->known,
                                       .to = r->sha,
                                       .max = r->max};
    struct mirror_fetched fetched;
    int rc = ERR_INVALID;

    switch (r->verb) {
    case KEEPER_FETCH:
        if ((rc = mirror_fetch(&r->source, &fetched, err)) == 0) {
            memcpy(a->tip, fetched.tip, sizeof(a->tip));
            a->changed = fetched.changed;
        }
        break;
    case KEEPER_LINE:
        rc = mirror_line(arena, &range, &a->line, err);
        break;
    case KEEPER_PATHS:
        rc = mirror_paths(arena, &range, &a->paths, err);
        break;
    case KEEPER_CONTAINS:
        rc = mirror_line_contains(&range, &a->contains, err);
        break;
    case KEEPER_VERBS:
        break;
    }
    return rc;
}

static void send_all(int fd, uint64_t id, const char *text)
{
    struct pollfd pfd = {.fd = fd, .events = POLLOUT};
    struct buf out;

    buf_init(&out, KEEPER_FRAME_HEAD + KEEPER_FRAME_ANSWER_MAX);
    keeper_frame_put(&out, id, text, strlen(text));
    while (keeper_frame_flush(&out, fd) == 0 && out.len > 0)
        poll(&pfd, 1, -1);
    buf_deinit(&out);
}

_Noreturn void keeper_worker(int fd, uint64_t id, const struct keeper_request *request)
{
    struct keeper_answer a = {.id = id};
    struct err err = ERR_INIT;
    struct arena arena;
    const char *text;

    prctl(PR_SET_NAME, "slipway-git-one");
    limit();
    arena_init(&arena);
    a.rc = hold_files(request, &err);
    if (a.rc == 0) {
        mirror_library_begin(request->source.ca_file);
        a.rc = work(request, &arena, &a, &err);
    }
    if (a.rc < 0)
        a.error = str_clean(&arena, err.text, strlen(err.text), ERROR_MAX);
    text = keeper_frame_answer_text(&arena, request->verb, &a);
    if (text != NULL)
        send_all(fd, id, text);
    _exit(0);
}
