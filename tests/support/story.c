/* story: see story.h. */
#include "tests/support/story.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <sqlite3.h>

#include "cli/client.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/log.h"
#include "lib/base/str.h"
#include "lib/store/db.h"
#include "server/server.h"
#include "tests/support/invariants.h"
#include "tests/support/power_vfs.h"

#define BEGINS "2026-11-24 09:00"
#define ROUNDS_MAX 2000
#define TICK_MS 1000
#define HANDED_OUT_MS 11000 /* the hosts ask for a visibility of 10 s */
#define QUIET_MAX 4
#define STRIDE_MS 40000   /* hosts are heard so often: nobody is silent before 60 s */
#define POLL_HOLD_MS (-1) /* hosts ask again at their next turn */

/* The server forks for each question to git, which takes the longer the more memory is mapped: freed memory is
 * kept aside for a shorter time than the address sanitizer usually does. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "quarantine_size_mb=4";
}

static void must(int rc, const struct err *err)
{
    if (rc < 0)
        fail_msg("%s", err->text);
}

static const char *path_of(struct story *s, const char *name)
{
    return arena_printf(&s->arena, "%s/%s", s->folder, name);
}

static const char *door_url(struct story *s)
{
    return arena_printf(&s->arena, "http://%s", server_address(s->server, LISTENER_AGENTS));
}

/* The server --------------------------------------------------------------------------------------- */

static void start(struct story *s)
{
    const struct server_options options = {.config = path_of(s, "slipway.yml"),
                                           .uncaged = true,
                                           .restored = s->restored,
                                           .clock = &s->clock.clock,
                                           .by_hand = true,
                                           .poll_hold_ms = POLL_HOLD_MS};
    struct err err = ERR_INIT;
    int status;

    must(server_start(&options, &s->server, &status, &err), &err);
    must(db_open_read(path_of(s, "state/slipway.db"), &s->db, &err), &err);
    assert_int_equal(sqlite3_open_v2(path_of(s, "state/slipway.db"), &s->watch,
                                     SQLITE_OPEN_READONLY, NULL),
                     SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(s->watch, "PRAGMA data_version", -1, &s->version, NULL),
                     SQLITE_OK);
    s->rested_at = -1;
    for (size_t i = 0; i < s->n_hosts; i++)
        story_host_finds(&s->hosts[i], door_url(s));
}

static void stop(struct story *s)
{
    sqlite3_finalize(s->version);
    sqlite3_close(s->watch);
    db_close(s->db);
    server_stop(s->server);
    s->db = NULL;
    s->server = NULL;
}

/* Power ---------------------------------------------------------------------------------------------- */

static unsigned dice(struct story *s)
{
    s->seed = s->seed * 1664525u + 1013904223u;
    return s->seed >> 8;
}

/* From here on the disk may lose power. */
static void risk(struct story *s)
{
    if (s->crash_left > 0)
        power_vfs_cut(s->crash_left, (enum power_loss)(dice(s) % 3), s->seed);
}

/* Until here it could have; true if it did: then the server is up again. */
static bool risked(struct story *s)
{
    int64_t left = power_vfs_left();

    power_vfs_cut(0, POWER_KEPT, 0);
    if (!power_vfs_is_off()) {
        if (s->crash_left > 0)
            s->crash_left = left;
        return false;
    }
    s->crashes++;
    stop(s);
    power_vfs_restore();
    start(s);
    s->crash_left = s->crash_once > 0 ? 0 : 1 + dice(s) % s->crash_max;
    return true;
}

static void read_crash(struct story *s)
{
    const char *text = getenv("STORY_CRASH");
    const char *max = text != NULL ? strchr(text, ':') : NULL;

    if (max == NULL)
        return;
    signal(SIGTERM, SIG_IGN); /* a server that fails asks its program to end */
    power_vfs_install();
    s->seed = (unsigned)strtoul(text, NULL, 10);
    if (max[1] == '=')
        s->crash_left = s->crash_once = strtol(max + 2, NULL, 10);
    else
        s->crash_left = 1 + dice(s) % (s->crash_max = strtol(max + 1, NULL, 10));
}

void story_stop(struct story *s)
{
    story_check(s);
    stop(s);
}

void story_start(struct story *s)
{
    start(s);
    story_settle(s);
}

void story_reopen(struct story *s)
{
    story_stop(s);
    start(s);
}

void story_restart(struct story *s)
{
    story_stop(s);
    story_start(s);
}

/* GIT/ becomes the address of the repositories' folder. */
static const char *with_git(struct story *s, const char *repos)
{
    const char *text = "";
    const char *git;

    while ((git = strstr(repos, "GIT/")) != NULL) {
        text = arena_printf(&s->arena, "%s%.*sfile://%s/", text, (int)(git - repos), repos,
                            s->github.git.roots);
        repos = git + strlen("GIT/");
    }
    return arena_printf(&s->arena, "%s%s", text, repos);
}

void story_config_with(struct story *s, const char *top, const char *repos)
{
    const char *text =
        arena_printf(&s->arena,
                     "version: 1\nurl: https://slipway.example\ntimezone: Asia/Tokyo\n"
                     "language: en\nstate: %s/state\nmirror-roots: [%s]\n"
                     "listen: { webhooks: \"127.0.0.1:0\", agents: \"127.0.0.1:0\", "
                     "web: \"127.0.0.1:0\", cli: %s/cli.sock }\n"
                     "github: { webhook-secret-files: [webhook-secret] }\n"
                     "rights: { view: [anyone] }\n%srepos:\n%s",
                     s->folder, s->github.git.roots, s->folder, top, with_git(s, repos));
    struct err err = ERR_INIT;

    must(file_write_atomic(path_of(s, "slipway.yml"), text, strlen(text), 0600, &err), &err);
    if (s->server == NULL)
        story_start(s);
    else
        server_reload(s->server);
    story_settle(s);
}

void story_config(struct story *s, const char *repos)
{
    story_config_with(s, "", repos);
}

static void add_host(struct story *s, const char *spec)
{
    struct client *client = client_new(path_of(s, "cli.sock"), NULL, NULL);
    struct client_answer answer = {.status = 0};
    struct story_host_activation activation = {.url = door_url(s)};
    const char *tags = strchr(spec, ' '), *name = spec;
    const char *body = arena_printf(&s->arena, "{\"name\":\"%s\"}", spec);

    assert_true(s->n_hosts < STORY_HOSTS_MAX);
    if (tags != NULL) {
        const char *key = arena_strn(&s->arena, tags + 1, strcspn(tags + 1, "="));
        name = arena_strn(&s->arena, spec, (size_t)(tags - spec));
        body = arena_printf(&s->arena, "{\"name\":\"%s\",\"tags\":{\"%s\":\"%s\"}}", name, key,
                            tags + 1 + strlen(key) + 1);
    }
    assert_int_equal(client_ask(client, "POST", "/api/v1/activations", body, &answer), 0);
    activation.id = arena_str(&s->arena, json_str(answer.json, "id"));
    activation.code = arena_str(&s->arena, json_str(answer.json, "code"));
    activation.key = arena_str(&s->arena, json_str(answer.json, "key"));
    activation.store = arena_str(&s->arena, json_str(answer.json, "store"));
    client_answer_deinit(&answer);
    client_free(client);
    story_host_up(&s->hosts[s->n_hosts++], name, s->folder, &s->clock.clock, &activation);
}

void story_hosts(struct story *s, ...)
{
    const char *name;
    va_list names;

    va_start(names, s);
    while ((name = va_arg(names, const char *)) != NULL)
        add_host(s, name);
    va_end(names);
    story_settle(s);
}

struct story_host *story_host(struct story *s, const char *name)
{
    for (size_t i = 0; i < s->n_hosts; i++)
        if (strcmp(s->hosts[i].name, name) == 0)
            return &s->hosts[i];
    fail_msg("no host %s in this story", name);
    return NULL;
}

/* Time --------------------------------------------------------------------------------------------- */

static time_ms now_of(const struct story *s)
{
    return atomic_load(&s->clock.now);
}

/* Rises with each commit. */
static int64_t version_of(struct story *s)
{
    int64_t version;

    assert_int_equal(sqlite3_step(s->version), SQLITE_ROW);
    version = sqlite3_column_int64(s->version, 0);
    (void)sqlite3_reset(s->version);
    return version;
}

static int64_t hosts_turn(struct story *s)
{
    int64_t wait = 0;

    for (size_t i = 0; i < s->n_hosts; i++) {
        int64_t its = story_host_turn(&s->hosts[i]);
        if (its != 0 && (wait == 0 || its < wait))
            wait = its;
    }
    return wait;
}

/* The turns of all hosts, but for those that were just there, at this time, before anything else was written. */
static int64_t hosts_turn_once(struct story *s)
{
    int64_t wait;

    if (s->server == NULL || s->crash_max > 0 || s->crash_once > 0)
        return hosts_turn(s);
    if (s->rested_at == now_of(s) && s->rested_version == version_of(s))
        return 0;
    wait = hosts_turn(s);
    s->rested_at = wait == 0 ? now_of(s) : -1;
    s->rested_version = version_of(s);
    return wait;
}

/* One turn of the world. After how many ms somebody wants another; 0 = all rest. */
static int64_t turn(struct story *s)
{
    struct err err = ERR_INIT;
    int64_t wait = hosts_turn_once(s);

    if (s->between != NULL && wait != 0)
        s->between(s);
    if (s->server != NULL) {
        int rc = server_look(s->server, &s->next, &err);
        if (rc < 0 && !power_vfs_is_off())
            must(rc, &err);
    }
    return s->server != NULL && s->next <= now_of(s) ? TICK_MS : wait;
}

/* Nobody forgot to ring, and no room forgot to touch what hangs on its moves: whoever looks at everything now finds
 * nothing to do, and nothing that changes earlier than the flow will look. */
static void nothing_is_left(struct story *s)
{
    struct err err = ERR_INIT;
    time_ms next;
    bool moved;

    if (s->server == NULL || s->crash_max > 0 || s->crash_once > 0)
        return;
    must(server_look_at_all(s->server, &moved, &next, &err), &err);
    if (moved)
        fail_msg("the flow came to rest, but not everything did: see what was just written");
    if (next < s->next)
        fail_msg("the flow looks again %lld ms after something may change",
                 (long long)(s->next - next));
}

void story_settle(struct story *s)
{
    bool lost = false;
    int idle = 0;

    s->rested_at = -1; /* of what the step did to them they know nothing yet */

    /* What the flow released in a round is taken in the next one. */
    for (int i = 0; idle < 2; i++) {
        int64_t wait;
        risk(s);
        wait = turn(s);
        if (i == ROUNDS_MAX)
            fail_msg("it does not come to rest");
        if (risked(s)) {
            lost = true;
            idle = 0;
            continue;
        }
        /* What was handed to a host in an answer that was lost is handed out again, but not at once. */
        if (wait == 0 && lost && idle == 1) {
            lost = false;
            idle = 0;
            story_clock_pass(&s->clock, HANDED_OUT_MS);
            continue;
        }
        if (wait == 0) {
            idle++;
            continue;
        }
        idle = 0;
        if (s->between != NULL)
            s->between(s);
        story_clock_pass(&s->clock, wait);
    }
    nothing_is_left(s);
}

time_ms story_time(const struct story *s, const char *text)
{
    return story_clock_at(s->zone, text);
}

void story_at(struct story *s, const char *text)
{
    story_clock_pass(&s->clock, story_time(s, text) - now_of(s));
    story_settle(s);
}

/* Nothing is due, and nobody is busy: hosts say that they are there, and that is all. */
static bool is_quiet(struct story *s)
{
    if (s->server == NULL || s->between != NULL || s->crash_max > 0 || s->crash_once > 0 ||
        s->next <= now_of(s))
        return false;
    for (size_t i = 0; i < s->n_hosts; i++)
        if (!story_host_rests(&s->hosts[i]))
            return false;
    return true;
}

/* Where it is quiet each fifth stride settles, and so does each thing that is due, and the last. */
static void pass_until(struct story *s, time_ms end)
{
    int quiet = 0;

    while (now_of(s) < end) {
        time_ms to = s->server != NULL && s->next > now_of(s) ? s->next : end;
        if (to > now_of(s) + STRIDE_MS)
            to = now_of(s) + STRIDE_MS;
        story_clock_pass(&s->clock, (to < end ? to : end) - now_of(s));
        if (now_of(s) < end && quiet < QUIET_MAX && is_quiet(s)) {
            quiet++;
            continue;
        }
        quiet = 0;
        story_settle(s);
    }
}

void story_set_clock(struct story *s, const char *text)
{
    story_clock_jump(&s->clock, story_time(s, text) - now_of(s));
    story_settle(s);
}

void story_until(struct story *s, const char *text)
{
    pass_until(s, story_time(s, text));
}

void story_amid(struct story *s, const char *text)
{
    time_ms end = story_time(s, text);

    s->rested_at = -1;
    while (now_of(s) < end) {
        int64_t wait = turn(s);
        if (wait == 0 || wait > STRIDE_MS)
            wait = s->server != NULL && s->next > now_of(s) && s->next - now_of(s) < STRIDE_MS
                       ? s->next - now_of(s)
                       : STRIDE_MS;
        story_clock_pass(&s->clock, wait < end - now_of(s) ? wait : end - now_of(s));
    }
    (void)turn(s);
    (void)turn(s);
}

void story_pass(struct story *s, int64_t ms)
{
    pass_until(s, now_of(s) + ms);
}

/* GitHub ------------------------------------------------------------------------------------------- */

void story_repository(struct story *s, const char *repository)
{
    story_github_repository(&s->github, repository);
}

int story_deliver(struct story *s, const char *event, const char *guid, const char *body)
{
    if (s->server == NULL)
        return 0;
    if (guid == NULL)
        guid = story_github_guid(&s->github);
    for (;;) {
        int status;
        risk(s);
        status = story_github_deliver(&s->github, server_address(s->server, LISTENER_WEBHOOKS),
                                      event, guid, body);
        /* Who got no answer sends it once more, as a person at GitHub's page would. */
        if (!risked(s) || status == 202)
            return status;
    }
}

static void deliver(struct story *s, const char *event, const char *body)
{
    int status = story_deliver(s, event, NULL, body);

    assert_true(status == 202 || (s->server == NULL && status == 0));
}

void story_merge(struct story *s, const char *repository, int number, const char *title)
{
    struct story_github_pull *pull =
        story_github_open(&s->github, repository, number, title, now_of(s));

    deliver(s, "pull_request", story_github_pull_event(&s->github, pull, "opened"));
    story_clock_pass(&s->clock, 1000); /* GitHub's own times have seconds */
    story_github_merge(&s->github, pull, now_of(s));
    deliver(s, "push",
            story_github_push_event(&s->github, repository, pull->base_sha, pull->merge_sha));
    deliver(s, "pull_request", story_github_pull_event(&s->github, pull, "closed"));
    story_settle(s);
}

/* Hosts -------------------------------------------------------------------------------------------- */

void story_host_is(struct story *s, const char *name, const char *job, enum story_host_way way)
{
    story_host_script(story_host(s, name), job, way, 0);
}

void story_host_silent(struct story *s, const char *name)
{
    story_host_falls_silent(story_host(s, name));
    story_settle(s);
}

void story_host_back(struct story *s, const char *name)
{
    story_host_comes_back(story_host(s, name));
    story_settle(s);
}

/* Ends --------------------------------------------------------------------------------------------- */

void story_check(struct story *s)
{
    struct invariants_facts facts = {.accepted = s->github.accepted,
                                     .n_accepted = s->github.n_accepted};
    struct invariants_start *starts =
        arena_array(&s->arena, STORY_HOSTS_MAX * STORY_HOST_RUNS_MAX, sizeof(*starts));
    const char *const *broken;
    size_t n;

    for (size_t i = 0; i < s->n_hosts; i++)
        for (size_t k = 0; k < s->hosts[i].n_runs; k++)
            for (int m = 0; m < s->hosts[i].runs[k].starts; m++)
                starts[facts.n_starts++] =
                    (struct invariants_start){s->hosts[i].name, s->hosts[i].runs[k].command_id};
    facts.starts = starts;
    n = invariants_check(s->db, &facts, &s->arena, &broken);
    for (size_t i = 0; i < n; i++)
        print_error("%s\n", broken[i]);
    assert_int_equal(n, 0);
}

void story_end(struct story *s)
{
    story_settle(s);
    story_check(s);
}

int story_up(void **state)
{
    struct story *s = calloc(1, sizeof(*s));
    struct err err = ERR_INIT;

    if (s == NULL)
        abort();
    signal(SIGPIPE, SIG_IGN);
    arena_init(&s->arena);
    s->zone = "Asia/Tokyo";
    read_crash(s);
    story_clock_init(&s->clock, story_time(s, BEGINS));
    story_github_up(&s->github);
    s->folder = arena_str(&s->arena, s->github.git.folder);
    must(file_write_atomic(path_of(s, "webhook-secret"), STORY_GITHUB_SECRET,
                           strlen(STORY_GITHUB_SECRET), 0600, &err),
         &err);
    *state = s;
    return 0;
}

int story_down(void **state)
{
    struct story *s = *state;

    if (s->crash_max > 0 || s->crash_once > 0)
        print_message("# crashes %zu\n", s->crashes);
    if (s->server != NULL)
        stop(s);
    for (size_t i = 0; i < s->n_hosts; i++)
        story_host_down(&s->hosts[i]);
    story_github_down(&s->github);
    arena_deinit(&s->arena);
    free(s);
    return 0;
}

/* People ----------------------------------------------------------------------------------------- */

int story_post(struct story *s, const char *path, const char *body)
{
    struct client *client =
        client_new(arena_printf(&s->arena, "%s/cli.sock", s->folder), NULL, NULL);
    struct client_answer answer = {.status = 0};
    int status = client_ask(client, "POST", path, body, &answer);

    if (status == 0)
        client_answer_deinit(&answer);
    client_free(client);
    story_settle(s);
    return status;
}
