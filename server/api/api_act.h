/*
 * api_act: what every act of a person in a repository begins and ends with: the view, the body, the
 * environment it is for, the right there (A4), and one transaction that asks for the right again and
 * writes the act with its line in the journal (A5).
 */
#ifndef SLIPWAY_SERVER_API_API_ACT_H
#define SLIPWAY_SERVER_API_API_ACT_H

#include <stdbool.h>

#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "server/api/api_view.h"
#include "server/api/request.h"

struct db;
struct journal_entry;
struct reply;

#define API_ACT_REASON_MAX 500

struct api_act {
    struct request *request;
    struct reply *reply;
    struct api_view view;
    const struct config_repo *repo;
    struct repository repository;                 /* id 0 = no mirror has shown it yet */
    const struct config_environment *environment; /* once it was asked for */
    enum right right;                             /* that it takes there */
    const char *reason;                           /* once it was asked for; NULL = none */
    struct cJSON *body;
    struct json_out out; /* an object is open in it */
    struct buf buf;
    struct err err;
};

/* `keys`: members that the body may have. Close it whatever came of it. */
int api_act_open(struct api_act *act, struct request *request, struct reply *reply,
                 const char *const *keys, size_t n_keys);
/* Answer what was written to `out` with `status`, or the error. */
enum request_next api_act_close(struct api_act *act, int rc, int status);

/* The environment of that name, NULL = the last in flow order, and the right to act there. ERR_NOT_FOUND;
 * ERR_INVALID: it shows pull requests, or several are the last; ERR_DENIED. */
int api_act_environment(struct api_act *act, const char *name, enum right right);
/* The body's member of that name, then the same. */
int api_act_environment_of_body(struct api_act *act, enum right right);

/* The body's `reason`. ERR_INVALID: it is required and not there. */
int api_act_reason(struct api_act *act, bool required);

/* The body's member `key`, an instant as people type it, in the environment's zone (when.h); 0 = absent. */
int api_act_time(struct api_act *act, const char *key, time_ms *ret_time);

/* Run `fn` in one transaction on the writer (a dry run undoes it, api_write.h) and ring the flow. `fn` calls
 * api_act_confirm(). */
int api_act_write(struct api_act *act, int (*fn)(struct db *db, void *arg, struct err *err),
                  void *arg);
/* Inside it: the asker may still act, and the journal line: actor, way, time and reason are filled in.
 * `subject` without the repository's name: "/production/r7". */
int api_act_confirm(struct api_act *act, struct db *db, const char *name, const char *subject,
                    const char *detail, struct err *err);

#endif
