#include "server/api/api_status.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/clock.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/store/store_repository.h"
#include "server/api/api.h"
#include "server/api/api_choices.h"
#include "server/api/api_clock.h"
#include "server/api/api_environment.h"
#include "server/api/api_shape.h"
#include "server/api/api_verdict.h"
#include "server/api/disk.h"
#include "server/api/reply.h"

#define ANSWER_MAX ((size_t)16 << 20)

/* One configured repository with its environments. */
struct board_row {
    const struct config_repo *repo;
    struct repository stored; /* id 0 = the mirror has not shown it yet */
    struct api_environment *environments;
    size_t n_environments;
};

struct board {
    struct api_view view;
    struct board_row *rows;
    size_t n_rows;
    enum shown worst;                        /* of all environments: the headline */
    const struct api_environment *worst_env; /* NULL = there is none */
    struct api_clock clock;                  /* was it set? */
};

/* Loading --------------------------------------------------------------------------------------- */

static void note_worst(struct board *board, const struct api_environment *env)
{
    enum shown state = api_environment_state(env);

    if (board->worst_env == NULL || state < board->worst) {
        board->worst = state;
        board->worst_env = env;
    }
}

static int load_row(struct board *board, const struct config_repo *repo, struct err *err)
{
    struct arena *arena = board->view.request->arena;
    struct board_row *row = &board->rows[board->n_rows];
    int rc = store_repository_by_name(board->view.db, arena, repo->name, &row->stored, err);

    if (rc == ERR_NOT_FOUND) {
        row->stored = (struct repository){.name = repo->name, .branch = repo->branch};
        rc = 0;
    }
    row->repo = repo;
    row->environments = arena_array(arena, repo->n_environments, sizeof(*row->environments));
    for (size_t i = 0; rc == 0 && i < repo->n_environments; i++) {
        rc = api_environment_load(&board->view, &row->stored, &repo->environments[i],
                                  &row->environments[i], err);
        if (rc == 0)
            note_worst(board, &row->environments[row->n_environments++]);
    }
    board->n_rows++;
    return rc;
}

static int board_open(struct board *board, struct request *request, struct err *err)
{
    int rc;

    *board = (struct board){.worst = SHOWN_LIVE};
    rc = api_view_open(&board->view, request, err);
    if (rc < 0)
        return rc;
    rc = api_clock_load(&board->view, &board->clock, err);
    board->rows = arena_array(request->arena, board->view.config->n_repos, sizeof(*board->rows));
    for (size_t i = 0; rc == 0 && i < board->view.config->n_repos; i++) {
        if (api_view_shows(&board->view, &board->view.config->repos[i]))
            rc = load_row(board, &board->view.config->repos[i], err);
    }
    return rc;
}

/* Sentences --------------------------------------------------------------------------------------- */

static const char *place(struct board *board, const struct api_environment *env)
{
    return arena_printf(board->view.request->arena, "%s %s", env->config->repo->name,
                        env->config->name);
}

/* "{what} goes out {when}" for one environment in one state. */
static const char *sentence(struct board *board, const struct api_environment *env,
                            enum shown state)
{
    struct arena *arena = board->view.request->arena;
    const struct message_value values[] = {
        {"what", place(board, env)},
        {"when", api_environment_time(&board->view, env, env->start_at)},
    };
    bool stopped_now = false;
    const char *stop = state == SHOWN_HELD
                           ? api_environment_stop(&board->view, env, values[0].value, &stopped_now)
                           : NULL;

    if (stop != NULL && stopped_now)
        return stop;
    return messages_fill(arena, board->view.language,
                         arena_printf(arena, "headline.%s", shown_key(state)), values, 2);
}

static const char *headline(struct board *board)
{
    if (board->worst_env == NULL)
        return messages_text(board->view.language,
                             board->n_rows == 0 ? "headline.empty" : "headline.ended");
    return sentence(board, board->worst_env, board->worst);
}

/* JSON -------------------------------------------------------------------------------------------- */

static void add_sentence(struct json_out *out, const char *key, enum shown state, const char *text)
{
    json_begin_object(out, key);
    json_add_str(out, "state", shown_key(state));
    json_add_str(out, "text", text);
    json_end_object(out);
}

/* The first environment that is stopped now, or else soon; NULL = none. */
static const char *first_stop(struct board *board, bool now)
{
    for (size_t i = 0; i < board->n_rows; i++) {
        for (size_t k = 0; k < board->rows[i].n_environments; k++) {
            const struct api_environment *env = &board->rows[i].environments[k];
            bool stopped_now;
            const char *text =
                api_environment_stop(&board->view, env, place(board, env), &stopped_now);

            if (text != NULL && stopped_now == now)
                return text;
        }
    }
    return NULL;
}

static const char *disk_text(const struct board *board, const struct disk_room *room)
{
    struct arena *arena = board->view.request->arena;
    const struct message_value values[] = {
        {"n", arena_printf(arena, "%llu", (unsigned long long)room->free_mib)},
        {"what", arena_printf(arena, "%llu", (unsigned long long)room->needed_mib)}};

    return messages_fill(arena, board->view.language, "doctor.disk.fail", values, 2);
}

/* One line across the page for what must not be overlooked: unknown, failed, held, frozen, soon frozen. A
 * stop is told also where nothing waits behind it. */
static void add_banner(struct json_out *out, struct board *board)
{
    const char *stop = first_stop(board, true);
    const char *soon = first_stop(board, false);

    const struct api *api = board->view.request->api;
    struct disk_room room = disk_look(api->disk, clock_mono(api->clock));

    if (room.low)
        add_sentence(out, "banner", SHOWN_FAILED, disk_text(board, &room));
    else if (board->worst_env != NULL && board->worst <= SHOWN_HELD)
        add_sentence(out, "banner", board->worst, headline(board));
    else if (stop != NULL)
        add_sentence(out, "banner", SHOWN_HELD, stop);
    else if (soon != NULL)
        add_sentence(out, "banner", SHOWN_SCHEDULED, soon);
    else
        json_add_null(out, "banner");
}

static bool waits_for_a_person(enum shown state)
{
    return state == SHOWN_UNKNOWN || state == SHOWN_FAILED || state == SHOWN_NEEDS_FIX ||
           state == SHOWN_YOUR_TURN;
}

static void add_waiting(struct json_out *out, struct board *board)
{
    json_begin_array(out, "waiting_for");
    for (size_t i = 0; i < board->n_rows; i++) {
        for (size_t k = 0; k < board->rows[i].n_environments; k++) {
            const struct api_environment *env = &board->rows[i].environments[k];
            enum shown state = api_environment_state(env);

            if (!waits_for_a_person(state))
                continue;
            json_begin_object(out, NULL);
            json_add_str(out, "repository", board->rows[i].repo->name);
            json_add_str(out, "environment", env->config->name);
            api_shape_int_or_null(out, "release",
                                  env->open != NULL   ? env->open->release_number
                                  : env->next != NULL ? env->next->number
                                                      : 0);
            json_add_str(out, "state", shown_key(state));
            json_add_str(out, "text", sentence(board, env, state));
            json_end_object(out);
        }
    }
    json_end_array(out);
}

/* The repository's page on GitHub, by configured address and name, never by what a payload says. */
static const char *page_of(struct board *board, const struct config_repo *repo)
{
    const char *web = board->view.config->github_web;

    return web != NULL && web[0] != '\0'
               ? arena_printf(board->view.request->arena, "%s/%s", web, repo->name)
               : NULL;
}

static int add_row(struct json_out *out, struct board *board, const struct board_row *row,
                   struct err *err)
{
    int rc = 0;

    json_begin_object(out, NULL);
    json_add_str(out, "name", row->repo->name);
    json_add_str(out, "url", page_of(board, row->repo));
    json_add_str(out, "branch", row->repo->branch);
    json_begin_object(out, "source");
    json_add_time(out, "fetched_at", row->stored.fetched_at);
    json_add_str(out, "failure", row->stored.failure);
    json_end_object(out);
    json_begin_array(out, "environments");
    for (size_t i = 0; rc == 0 && i < row->n_environments; i++)
        rc = api_environment_shape(out, NULL, &board->view, &row->environments[i], err);
    json_end_array(out);
    json_end_object(out);
    return rc;
}

static int add_board(struct json_out *out, struct board *board, struct err *err)
{
    int rc = 0;

    json_add_time(out, "at", board->view.now);
    json_add_str(out, "language", board->view.language == LANGUAGE_JA ? "ja" : "en");
    add_sentence(out, "headline", board->worst_env != NULL ? board->worst : SHOWN_ENDED,
                 headline(board));
    add_banner(out, board);
    api_clock_shape(out, "clock", &board->clock);
    add_waiting(out, board);
    json_begin_array(out, "repositories");
    for (size_t i = 0; rc == 0 && i < board->n_rows; i++)
        rc = add_row(out, board, &board->rows[i], err);
    json_end_array(out);
    return rc;
}

enum request_next api_status_get(struct request *request, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct board board;
    struct json_out out;
    struct buf buf;
    int rc = board_open(&board, request, &err);

    buf_init(&buf, ANSWER_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    if (rc == 0)
        rc = add_board(&out, &board, &err);
    json_end_object(&out);
    api_view_close(&board.view);
    if (rc < 0) {
        buf_deinit(&buf);
        reply_error(request, reply, &err);
    } else {
        reply_json_buf(request, reply, 200, &buf);
    }
    return REQUEST_DONE;
}

/* Plain text ------------------------------------------------------------------------------------- */

static void text_environment(struct buf *buf, struct board *board,
                             const struct api_environment *env)
{
    const char *key =
        arena_printf(board->view.request->arena, "state.%s", shown_key(api_environment_state(env)));
    bool stopped_now;
    const char *stop = api_environment_stop(&board->view, env, place(board, env), &stopped_now);

    buf_addf(buf, "  %s: %s\n", env->config->name, messages_text(board->view.language, key));
    if (env->live != NULL)
        buf_addf(buf, "    r%lld %.7s\n", (long long)env->live->release_number, env->live->sha);
    if (stop != NULL)
        buf_addf(buf, "    ! %s\n", stop);
    if (env->next == NULL)
        return;
    buf_addf(buf, "    > r%lld %.7s %s\n", (long long)env->next->number, env->next->sha,
             api_environment_time(&board->view, env, env->start_at));
    for (size_t i = 0; i < env->verdict->n_causes; i++) {
        const struct cause *cause = &env->verdict->causes[i];

        buf_addf(buf, "      - %s\n", api_verdict_text(&board->view, cause));
        if (cause->command != NULL)
            buf_addf(buf, "        %s\n", cause->command);
    }
}

enum request_next api_status_text(struct request *request, struct reply *reply)
{
    struct err err = ERR_INIT;
    struct board board;
    struct buf buf;
    int rc = board_open(&board, request, &err);

    buf_init(&buf, ANSWER_MAX);
    if (rc == 0)
        buf_addf(&buf, "%s\n", headline(&board));
    if (rc == 0 && board.clock.at != 0)
        buf_addf(&buf, "! %s\n", board.clock.text);
    for (size_t i = 0; rc == 0 && i < board.n_rows; i++) {
        buf_addf(&buf, "\n%s (%s)\n", board.rows[i].repo->name, board.rows[i].repo->branch);
        if (board.rows[i].stored.failure != NULL)
            buf_addf(&buf, "  ! %s\n", board.rows[i].stored.failure);
        for (size_t k = 0; rc == 0 && k < board.rows[i].n_environments; k++) {
            text_environment(&buf, &board, &board.rows[i].environments[k]);
            rc = api_choices_text(&buf, &board.view, &board.rows[i].environments[k], &err);
        }
    }
    api_view_close(&board.view);
    if (rc < 0) {
        reply_error(request, reply, &err);
    } else {
        reply_text(reply, 200, arena_strn(request->arena, buf_str(&buf), buf.len));
        reply_header(reply, "Cache-Control", "no-store");
    }
    buf_deinit(&buf);
    return REQUEST_DONE;
}
