/*
 * stop_room: an api_room with a flow behind it, a clock of its own and a shop that deploys at set times,
 * for what holds and freezes do: what a person asks over HTTP, and what the flow then starts or not.
 *
 * It is Tuesday 24 November 2026, 14:00 in Tokyo. acme/shop has production and east, both at 15:00 and
 * 17:00 with a cut ten minutes before and 15 minutes of grace, and night, on request and by Berlin's time;
 * acme/site has live, at each merge. token:deployer may operate, but in east only token:chief. The mirror
 * is fresh and every host has been heard a moment ago, whatever the clock says.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STOP_ROOM_H
#define SLIPWAY_TESTS_SUPPORT_STOP_ROOM_H

#include "lib/base/json.h"
#include "lib/base/timestamp.h"
#include "lib/model/deployment.h"
#include "server/flow/flow.h"
#include "tests/support/api_room.h"

struct stop_room {
    struct api_room api;
    struct flow flow;
    time_ms next;   /* when the last look wants the next one */
    unsigned heard; /* bells before the last look */
};

void stop_room_up(struct stop_room *room);
/* The same with a configuration of its own, for hosts web-1 and the repositories acme/shop and acme/site. */
void stop_room_up_as(struct stop_room *room, const char *yaml);
void stop_room_down(struct stop_room *room);

/* Its server is killed, and starts again on what is there; `between` (NULL = nothing) runs while all is closed. */
void stop_room_restart(struct stop_room *room, void (*between)(void));
/* Let the flow look as often as it wants at this instant, also where the store takes nothing any more. */
void stop_room_look_on(struct stop_room *room);

/* Set the clock to HH:MM[:SS] of that day in Tokyo; the value. */
time_ms stop_room_at(struct stop_room *room, const char *time);
/* Let the flow look at the clock's time, as it does: at what the agenda says and the news concern. Whoever looks at
 * everything then finds nothing left to do. */
void stop_room_look(struct stop_room *room);

/* Write, and ring for the flow, as everybody does who has news. */
void stop_room_write(struct stop_room *room, int (*fn)(struct db *db, void *arg, struct err *err),
                     void *arg);
/* One more release of a repository, with the pull request `pull` in it; the numbers count from 1. */
void stop_room_release(struct stop_room *room, const char *repository, int64_t pull);

/* The newest deployment there; false if there is none. Its texts are those of a static arena. */
bool stop_room_deployment(struct stop_room *room, const char *repository, const char *environment,
                          struct deployment *ret_deployment);
/* Its state's text; "" if there is none. */
const char *stop_room_state(struct stop_room *room, const char *repository,
                            const char *environment);

struct stop_answer {
    int status;
    struct cJSON *json; /* NULL if the body is none */
};
/* Ask; `token` NULL = over the cli socket, as the server's own user. */
struct stop_answer stop_room_ask(struct stop_room *room, const char *token, const char *method,
                                 const char *target, const char *body);
void stop_room_answered(struct stop_answer *answer);
/* The same, for its status alone. */
int stop_room_status(struct stop_room *room, const char *token, const char *method,
                     const char *target, const char *body);

/* Rows of the journal with that act. */
size_t stop_room_journal(struct stop_room *room, const char *act);

#endif
