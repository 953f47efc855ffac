/*
 * story: the whole server in one process, told as a list of steps.
 *
 *      story_config(s, "...");                 real: configuration, store file, writer, flow, listeners, door,
 *      story_hosts(s, "web-1", NULL);                git keeper, mirrors
 *      story_merge(s, "acme/shop", 1, "...");  doubles: clock (story_clock), hosts (story_host), GitHub
 *      story_until(s, "2026-11-24 15:00");              (story_github)
 *      story_expect_live(s, ...);              expectations: story_expect.h
 *      story_end(s);                           the invariants hold
 *
 * Time stands still but for what steps say. After each step everything that follows from it happens: hosts take
 * their turns and the flow looks until nothing moves, a second passing whenever a host has something to say, and as
 * much as it takes while one only runs what it was told. Then whoever looks at everything finds nothing left to do.
 * Everything but the server's own http and writer threads runs on the test's thread, in the same order each time.
 *
 * With STORY_CRASH="SEED:MAX" in the environment (tests/crash) the server does not come through: its disk loses power
 * (power_vfs) at one of the next MAX syncs, again and again, while deliveries arrive, hosts report and the flow works.
 * It is started anew each time, what was not answered is sent once more, and the story must end as it does without.
 * With "SEED:=N" it loses power once, at the N-th sync. Steps that people take by hand are left alone: a person sees
 * what failed and decides.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STORY_H
#define SLIPWAY_TESTS_SUPPORT_STORY_H

#include <stdbool.h>
#include <stddef.h>

#include "tests/support/story_clock.h"
#include "tests/support/story_github.h"
#include "tests/support/story_host.h"

#define STORY_HOSTS_MAX 8

struct db;
struct server;
struct sqlite3;
struct sqlite3_stmt;

struct story {
    struct arena arena;
    struct story_clock clock;
    struct story_github github;
    struct story_host hosts[STORY_HOSTS_MAX];
    size_t n_hosts;
    const char *folder;
    const char *zone;      /* of the times that steps name */
    struct server *server; /* NULL = it is down */
    struct db *db;         /* read-only, while it is up */
    time_ms next;          /* when the flow wants to look again */
    struct sqlite3 *watch; /* says whether anything was written */
    struct sqlite3_stmt *version;
    time_ms
        rested_at; /* all hosts had their turns then, and nothing came of it; -1 = that is not so */
    int64_t rested_version;
    /* Called after the turns of the hosts and after the look that follows, whenever somebody is busy; NULL =
     * nobody. For restarts at odd moments. */
    void (*between)(struct story *s);
    unsigned seed;
    int64_t crash_max;  /* of the syncs that the disk lives for; 0 = for ever */
    int64_t crash_once; /* the one sync at which it dies, 0 = see above */
    int64_t crash_left; /* syncs until then */
    bool restored;      /* the next start is told that its store comes from a backup */
    size_t crashes;
};

/* For cmocka: `*state` is a struct story. It begins on Tuesday 2026-11-24 09:00 in Tokyo, with nothing there. */
int story_up(void **state);
int story_down(void **state);

/* The part below `repos:`; GIT/ stands for the folder of the repositories. The first one starts the server; a
 * later one is a reload. */
void story_config(struct story *s, const char *repos);
/* The same with more settings of the top in front. */
void story_config_with(struct story *s, const char *top, const char *repos);
/* Register hosts by these names; "web-3 Role=web" by an activation with that tag. Ends with NULL. */
void story_hosts(struct story *s, ...) __attribute__((sentinel));
struct story_host *story_host(struct story *s, const char *name);

/* The server --------------------------------------------------------------------------------------- */

void story_stop(struct story *s);
void story_start(struct story *s);
void story_restart(struct story *s);
/* Stop and start with everything under way as it is; the one step that does not settle. */
void story_reopen(struct story *s);

/* Time; in the zone of the story, or in UTC with a Z behind it ---------------------------------------- */

time_ms story_time(const struct story *s, const char *text);
/* It is that time now; nobody looked in between (the machine slept, or nothing was due). */
void story_at(struct story *s, const char *text);
/* Time passes as it does: the flow looks when it wanted to, hosts are heard. */
void story_until(struct story *s, const char *text);
void story_pass(struct story *s, int64_t ms);
/* The same, and what is under way then is still so: it does not settle. */
void story_amid(struct story *s, const char *text);
/* Somebody sets the clock to that time; none passes. What follows from it happens. */
void story_set_clock(struct story *s, const char *text);
/* What follows from all that happened. Every other step ends with it. */
void story_settle(struct story *s);

/* GitHub --------------------------------------------------------------------------------------------- */

void story_repository(struct story *s, const char *repository);
/* Opened, merged and delivered in that order: opened, push, closed. The server need not be up: then what was
 * delivered is lost. */
void story_merge(struct story *s, const char *repository, int number, const char *title);
/* One delivery of `event`; the status of the answer, 0 if the server is down. Does not settle. */
int story_deliver(struct story *s, const char *event, const char *guid, const char *body);

/* People --------------------------------------------------------------------------------------------- */

/* Somebody acts by the command line's socket: the API takes it, and what follows happens. `body` is JSON or NULL. */
/* ... only asked, and the text of the answer: nothing follows yet. */
const char *story_ask(struct story *s, const char *method, const char *path, const char *body);
void story_act(struct story *s, const char *method, const char *path, const char *body);
/* The API refuses it with that status, and its text has `text` in it. */
void story_refused(struct story *s, const char *method, const char *path, const char *body,
                   int status, const char *text);

/* Hosts ---------------------------------------------------------------------------------------------- */

void story_host_is(struct story *s, const char *name, const char *job, enum story_host_way way);
void story_host_silent(struct story *s, const char *name);
void story_host_back(struct story *s, const char *name);

/* A POST by the server's own user; what follows from it happens. 0, or the exit status of the command line. */
int story_post(struct story *s, const char *path, const char *body);

/* The invariants hold now; else the test fails with all that is broken. */
void story_check(struct story *s);
/* The last step. */
void story_end(struct story *s);

#endif
