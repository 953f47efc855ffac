#include "tests/support/scenario_world.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/buf.h"
#include "lib/base/sign.h"
#include "lib/base/str.h"
#include "lib/calendar/zone.h"
#include "lib/config/config_read.h"
#include "lib/rules/verdict.h"
#include "lib/store/store_command.h"
#include "lib/store/store_deployment.h"
#include "lib/store/store_host.h"
#include "lib/store/store_repository.h"
#include "lib/store/writer.h"
#include "server/flow/signer.h"
#include "server/flow/agenda.h"
#include "server/flow/bulk_line.h"

#define ROUNDS_MAX 100

static time_ms clock_says(struct clock *clock)
{
    return ((struct scenario_clock *)clock)->now;
}

void scenario_world_init(struct scenario_world *w, const char *folder)
{
    memset(w, 0, sizeof(*w));
    arena_init(&w->arena);
    w->folder = arena_str(&w->arena, folder);
    w->clock.clock = (struct clock){.now = clock_says, .mono = clock_says};
    w->store.lock = -1;
    snapshots_init(&w->snapshots);
}

void scenario_world_deinit(struct scenario_world *w)
{
    char command[160];

    agenda_free(w->flow.agenda);
    db_close(w->db);
    writer_stop(w->writer);
    if (w->store.lock >= 0)
        (void)close(w->store.lock);
    snapshots_give(w->snapshot);
    snapshots_deinit(&w->snapshots);
    signer_free(w->signer);
    if (w->room[0] != '\0') {
        snprintf(command, sizeof(command), "rm -rf '%s'", w->room);
        if (system(command) != 0)
            perror(w->room);
    }
    arena_deinit(&w->arena);
}

/* Names ------------------------------------------------------------------------------------------- */

bool scenario_names_have(const struct scenario_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->items[i], name))
            return true;
    return false;
}

void scenario_names_add(struct scenario_world *w, struct scenario_names *names, const char *name)
{
    if (!scenario_names_have(names, name))
        *ARENA_PUSH(&w->arena, names->items, names->n, names->cap) = arena_str(&w->arena, name);
}

void scenario_names_drop(struct scenario_names *names, const char *name)
{
    for (size_t i = 0; i < names->n; i++)
        if (str_eq(names->items[i], name))
            names->items[i] = names->items[--names->n];
}

/* Configuration ----------------------------------------------------------------------------------- */

static int read_config(struct scenario_world *w, const char *file, struct config **ret_config,
                       struct err *err)
{
    const char *path = arena_printf(&w->arena, "%s/%s", w->folder, file);
    struct problems problems;
    struct buf text;
    int rc;

    problems_init(&problems, &w->arena);
    rc = config_read(path, ret_config, &problems, err);
    if (rc == 0)
        return 0;
    buf_init(&text, 4096);
    for (size_t i = 0; i < problems.n; i++)
        problems_print(&problems.items[i], &text);
    rc = err_set(err, ERR_INVALID, "%s cannot be used: %s\n%s", file,
                 arena_str(&w->arena, err->text), buf_str(&text));
    buf_deinit(&text);
    return rc;
}

struct accepting {
    const struct config *config;
    time_ms now;
};

static int accept_config(struct db *db, void *arg, struct err *err)
{
    const struct accepting *a = arg;

    return snapshot_accept(db, a->config, "reload", a->now, err);
}

static int put_in_force(struct scenario_world *w, struct config *config, struct err *err)
{
    struct accepting a = {config, w->clock.now};
    struct snapshot *snapshot;
    int rc = writer_do(w->writer, accept_config, &a, err);

    if (rc < 0) {
        config_free(config);
        return rc;
    }
    if ((rc = snapshot_make(config, w->clock.now, &snapshot, err)) < 0)
        return rc;
    snapshots_set(&w->snapshots, snapshot);
    snapshots_give(w->snapshot);
    w->snapshot = snapshots_take(&w->snapshots);
    if (w->repository == NULL && config->n_repos == 1)
        w->repository = arena_str(&w->arena, config->repos[0].name);
    return 0;
}

int scenario_world_reload(struct scenario_world *w, const char *file, struct err *err)
{
    struct config *config;
    int rc = read_config(w, file, &config, err);

    return rc < 0 ? rc : put_in_force(w, config, err);
}

int scenario_world_open(struct scenario_world *w, struct err *err)
{
    const char *tmp = getenv("TMPDIR");
    struct config *config;
    int rc = read_config(w, "config.yml", &config, err);

    if (rc < 0)
        return rc;
    snprintf(w->room, sizeof(w->room), "%s/slipway-scenario-XXXXXX", tmp != NULL ? tmp : "/tmp");
    if (mkdtemp(w->room) == NULL) {
        config_free(config);
        w->room[0] = '\0';
        return err_set(err, ERR_INTERNAL, "no folder for the store");
    }
    if ((rc = store_open(w->room, SLIPWAY_VERSION, w->clock.now, &w->store, err)) < 0 ||
        (rc = writer_start(&w->writer, w->store.db, NULL, err)) < 0 ||
        (rc = db_open_read(w->store.path, &w->db, err)) < 0) {
        config_free(config);
        return rc;
    }
    w->signer = signer_new(sign_key_new());
    w->flow = (struct flow){.clock = &w->clock.clock,
                            .db = w->db,
                            .writer = w->writer,
                            .snapshots = &w->snapshots,
                            .signer = w->signer,
                            .store_id = w->store.store_id,
                            .mirrors = w->room,
                            .heard_since = w->clock.now};
    w->is_open = true;
    return put_in_force(w, config, err);
}

/* Time -------------------------------------------------------------------------------------------- */

/* What an online host runs it also speaks of: its heartbeats. */
static int hear_commands(struct scenario_world *w, struct db *db, const struct host *host,
                         struct err *err)
{
    struct invocation *running;
    size_t n;
    int rc = store_command_running(db, &w->arena, host->id, &running, &n, err);

    for (size_t i = 0; i < n && rc == 0; i++)
        if (running[i].status != INVOCATION_UNKNOWN)
            rc = store_command_heard(db, running[i].command_id, host->id, w->clock.now, err);
    return rc;
}

static int hear(struct db *db, void *arg, struct err *err)
{
    struct scenario_world *w = arg;
    int rc = 0;

    for (size_t i = 0; i < w->online.n && rc == 0; i++) {
        struct host host;
        rc = store_host_by_name(db, &w->arena, w->online.items[i], &host, err);
        if (rc == 0)
            rc = store_host_seen(db, host.id, NULL, NULL, w->clock.now, err);
        if (rc == 0)
            rc = hear_commands(w, db, &host, err);
    }
    for (size_t i = 0; i < w->seen.n && rc == 0; i++) {
        struct repository r;
        rc = store_repository_by_name(db, &w->arena, w->seen.items[i], &r, err);
        if (rc == 0)
            rc = store_repository_fetched(db, r.id, r.tip_sha, w->clock.now, w->clock.now, err);
    }
    return rc;
}

int scenario_world_move(struct scenario_world *w, time_ms now, struct err *err)
{
    if (w->is_open && now <= w->clock.now)
        return err_set(err, ERR_INVALID, "time goes on: this is not later than before");
    w->clock.now = now;
    return w->is_open ? writer_do(w->writer, hear, w, err) : 0;
}

/* Asking ------------------------------------------------------------------------------------------ */

int scenario_world_repository(struct scenario_world *w, const struct config_repo **ret_config,
                              struct repository *ret_row, struct err *err)
{
    const struct config_repo *repo = config_repo(w->snapshot->config, w->repository);

    if (w->repository == NULL)
        return err_set(err, ERR_INVALID,
                       "which repository? `in OWNER/NAME` says of which one this story speaks");
    if (repo == NULL)
        return err_set(err, ERR_INVALID, "repository %s is not in the configuration",
                       w->repository);
    if (ret_config != NULL)
        *ret_config = repo;
    return ret_row == NULL ? 0
                           : store_repository_by_name(w->db, &w->arena, repo->name, ret_row, err);
}

int scenario_world_deployment(struct scenario_world *w, const struct config_environment *e,
                              struct deployment *ret_deployment, struct err *err)
{
    struct repository repository;
    int rc = scenario_world_repository(w, NULL, &repository, err);

    if (rc < 0)
        return rc;
    rc = store_deployment_open(w->db, &w->arena, repository.id, e->name, ret_deployment, err);
    return rc == ERR_NOT_FOUND ? err_set(err, ERR_INVALID, "no deployment is open in %s", e->name)
                               : rc;
}

int scenario_world_outlook(struct scenario_world *w, const struct config_environment *e,
                           time_ms now, struct arena *arena, struct outlook *ret_outlook,
                           struct err *err)
{
    struct repository repository;
    int rc = scenario_world_repository(w, NULL, &repository, err);

    return rc < 0 ? rc
                  : outlook_make(w->db, w->snapshot, &repository, e, now, arena, ret_outlook, err);
}

int scenario_world_look(struct scenario_world *w, bool *ret_moved, struct err *err)
{
    struct arena arena;
    struct look look = {.flow = &w->flow,
                        .snapshot = w->snapshot,
                        .arena = &arena,
                        .now = w->clock.now,
                        .next = VERDICT_NEVER,
                        .whole = !w->timed};
    int rc;

    arena_init(&arena);
    if ((rc = schedule_look(&look, err)) == 0)
        rc = dispatch_look(&look, err);
    if (rc == 0)
        rc = bulk_line_clear(&look, err);
    bulk_line_drop(&w->flow);
    arena_deinit(&arena);
    w->next = look.next;
    *ret_moved = look.moved || look.more;
    return rc;
}

int scenario_world_settle(struct scenario_world *w, struct err *err)
{
    bool moved = true;
    int rc = 0;

    for (int i = 0; i < ROUNDS_MAX && moved && rc == 0; i++)
        rc = scenario_world_look(w, &moved, err);
    if (rc == 0 && moved)
        return err_set(err, ERR_INVALID, "the flow never comes to rest");
    return rc;
}
