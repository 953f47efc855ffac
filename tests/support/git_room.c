/* git_room: see git_room.h. */
#include "tests/support/git_room.h"

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"

#define ARGS_MAX 24

void git_room_up(struct git_room *room)
{
    const char *tmp = getenv("TMPDIR");

    *room = (struct git_room){.folder = ""};
    arena_init(&room->arena);
    snprintf(room->folder, sizeof(room->folder), "%.150s/slipway-git-XXXXXX",
             tmp == NULL ? "/tmp" : tmp);
    assert_non_null(mkdtemp(room->folder));
    snprintf(room->roots, sizeof(room->roots), "%s/git", room->folder);
    snprintf(room->mirrors, sizeof(room->mirrors), "%s/mirrors", room->folder);
    snprintf(room->elsewhere, sizeof(room->elsewhere), "%s/else", room->folder);
    assert_int_equal(mkdir(room->roots, 0700), 0);
    assert_int_equal(mkdir(room->mirrors, 0700), 0);
    assert_int_equal(mkdir(room->elsewhere, 0700), 0);
    room->root_list[0] = room->roots;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void git_room_down(struct git_room *room)
{
    nftw(room->folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
    arena_deinit(&room->arena);
}

const char *git_room_path(struct git_room *room, const char *fmt, ...)
{
    char rest[300];
    va_list args;

    va_start(args, fmt);
    vsnprintf(rest, sizeof(rest), fmt, args);
    va_end(args);
    return arena_printf(&room->arena, "%s/%s", room->folder, rest);
}

static _Noreturn void become_git(const char *folder, char *const *argv, int in, int out)
{
    dup2(in, STDIN_FILENO);
    dup2(out, STDOUT_FILENO);
    setenv("GIT_CONFIG_GLOBAL", "/dev/null", 1);
    setenv("GIT_CONFIG_SYSTEM", "/dev/null", 1);
    setenv("GIT_AUTHOR_NAME", "Sato Mika", 1);
    setenv("GIT_AUTHOR_EMAIL", "mika@acme.example", 1);
    setenv("GIT_AUTHOR_DATE", "2026-03-01T10:00:00Z", 1);
    setenv("GIT_COMMITTER_NAME", "GitHub", 1);
    setenv("GIT_COMMITTER_EMAIL", "noreply@github.com", 1);
    setenv("GIT_COMMITTER_DATE", "2026-03-01T11:00:00Z", 1);
    if (chdir(folder) == 0)
        execvp("git", argv);
    _exit(127);
}

static char *run(struct git_room *room, const char *folder, const void *bytes, size_t n,
                 va_list args)
{
    char git[] = "git", *argv[ARGS_MAX] = {git}, *text;
    FILE *in = tmpfile(), *out = tmpfile();
    int argc = 1, status;
    long size;
    pid_t pid;

    assert_non_null(in);
    assert_non_null(out);
    while (argc < ARGS_MAX - 1 && (argv[argc] = va_arg(args, char *)) != NULL)
        argc++;
    assert_int_equal(fwrite(bytes, 1, n, in), n);
    rewind(in);
    pid = fork();
    assert_true(pid >= 0);
    if (pid == 0)
        become_git(folder, argv, fileno(in), fileno(out));
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (status != 0)
        print_error("git %s in %s failed\n", argv[1], folder);
    assert_int_equal(status, 0);
    fseek(out, 0, SEEK_END);
    size = ftell(out);
    rewind(out);
    text = arena_alloc(&room->arena, (size_t)size + 1);
    assert_int_equal(fread(text, 1, (size_t)size, out), size);
    if (size > 0 && text[size - 1] == '\n')
        text[size - 1] = '\0';
    fclose(in);
    fclose(out);
    return text;
}

char *git_room_git(struct git_room *room, const char *folder, ...)
{
    va_list args;
    char *text;

    va_start(args, folder);
    text = run(room, folder, "", 0, args);
    va_end(args);
    return text;
}

char *git_room_feed(struct git_room *room, const char *folder, const void *bytes, size_t n, ...)
{
    va_list args;
    char *text;

    va_start(args, n);
    text = run(room, folder, bytes, n, args);
    va_end(args);
    return text;
}

const char *git_room_repo(struct git_room *room, const char *name)
{
    const char *repo = git_room_path(room, "git/%s", name);

    git_room_git(room, room->roots, "init", "-q", "-b", "main", "--", repo, NULL);
    git_room_commit(room, repo, "README", "hello\n", "first");
    return repo;
}

void git_room_write(struct git_room *room, const char *path, const char *text)
{
    char folder[1000];
    FILE *file;

    (void)room;
    file_folder(path, folder, sizeof(folder));
    assert_int_equal(file_mkdirs(folder, 0700, NULL), 0);
    file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fwrite(text, 1, strlen(text), file), strlen(text));
    assert_int_equal(fclose(file), 0);
}

const char *git_room_commit(struct git_room *room, const char *repo, const char *path,
                            const char *text, const char *message)
{
    git_room_write(room, arena_printf(&room->arena, "%s/%s", repo, path), text);
    git_room_git(room, repo, "add", "--", path, NULL);
    git_room_git(room, repo, "commit", "-q", "--allow-empty-message", "-m", message, NULL);
    return git_room_git(room, repo, "rev-parse", "HEAD", NULL);
}

const char *git_room_many(struct git_room *room, const char *repo, int n)
{
    struct buf stream;

    buf_init(&stream, (size_t)4 << 20);
    for (int i = 1; i <= n; i++) {
        buf_addf(&stream,
                 "commit refs/heads/main\ncommitter A <a@acme.example> %d +0000\ndata <<E\n"
                 "commit %d\nE\n",
                 1772360000 + i, i);
        if (i == 1)
            buf_adds(&stream, "from refs/heads/main^0\n");
        buf_addf(&stream, "M 100644 inline n\ndata <<E\n%d\nE\n\n", i);
    }
    assert_false(stream.overflow);
    git_room_feed(room, repo, stream.data, stream.len, "fast-import", "--quiet", NULL);
    buf_deinit(&stream);
    return git_room_git(room, repo, "rev-parse", "main", NULL);
}

struct mirror_source git_room_source(struct git_room *room, const char *name)
{
    return (struct mirror_source){.folder = room->mirrors,
                                  .name = "acme/app",
                                  .url =
                                      arena_printf(&room->arena, "file://%s/%s", room->roots, name),
                                  .branch = "main",
                                  .roots = room->root_list,
                                  .n_roots = 1};
}

struct mirror_range git_room_range(struct git_room *room, const char *from, const char *to)
{
    return (
        struct mirror_range){.folder = room->mirrors, .name = "acme/app", .from = from, .to = to};
}
