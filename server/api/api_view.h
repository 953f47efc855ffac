/*
 * api_view: what a handler looks through: the configuration in force, a read-only connection, the
 * time and the reader's language. Opened and closed inside one handler, on its http thread, so that no
 * snapshot of the store lives long (design.md 7).
 */
#ifndef SLIPWAY_SERVER_API_API_VIEW_H
#define SLIPWAY_SERVER_API_API_VIEW_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/base/timestamp.h"
#include "lib/model/config.h"
#include "lib/model/messages.h"
#include "lib/model/repository.h"
#include "server/api/request.h"

struct db;
struct err;
struct json_out;
struct snapshot;

struct api_view {
    struct request *request;
    const struct snapshot *snapshot;
    const struct config *config;
    struct db *db;
    time_ms now;
    enum language language;
};

/* Close it whatever came of it, also of an open that failed. */
int api_view_open(struct api_view *view, struct request *request, struct err *err);
void api_view_close(struct api_view *view);

/* Puts the members of an answer. */
typedef int api_view_write(struct api_view *view, struct json_out *out, struct err *err);

/* A handler that only reads: opens a view, answers with an object of what `write` puts into it, at most `max` bytes, or
 * with its error. */
enum request_next api_view_answer(struct request *request, struct reply *reply, size_t max,
                                  api_view_write *write);

/* ?lang=, the page's cookie, Accept-Language, the configuration: the first that says one of ours. */
enum language api_view_language(const struct request *request, const struct config *config);

/* The configured repository of the route's first two segments and what is stored of it. A repository
 * that no mirror has shown yet has id 0. ERR_NOT_FOUND names it. */
int api_view_repository(struct api_view *view, const struct config_repo **ret_repo,
                        struct repository *ret_repository, struct err *err);

/* A segment as a release number. ERR_NOT_FOUND: no number, so no such release. */
int api_view_number(const struct api_view *view, size_t segment, int64_t *ret_number,
                    struct err *err);

/* May the asker look at this repository? Its rights replace those of the top. */
bool api_view_shows(const struct api_view *view, const struct config_repo *repo);

#endif
