#include "cli/client.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/cli_command.h"
#include "lib/base/arena.h"
#include "lib/base/err.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/httpc/httpc.h"

#define ANSWER_MAX (32u << 20)
#define TIMEOUT_MS 15000
#define PATIENCE 5 /* times */

struct client {
    struct httpc *httpc;
    const char *socket;
    const char *url;
    const char *token;
    bool dry;
};

struct client *client_new(const char *socket, const char *url, const char *token)
{
    struct client *c = calloc(1, sizeof(*c));

    if (c == NULL)
        abort();
    c->httpc = httpc_new();
    c->socket = socket;
    c->url = url;
    c->token = token;
    return c;
}

void client_try(struct client *client)
{
    if (client != NULL)
        client->dry = true;
}

void client_free(struct client *client)
{
    if (client == NULL)
        return;
    httpc_free(client->httpc);
    free(client);
}

/* HTTP status -> exit status; the one table. */
static int exit_of(int status)
{
    switch (status) {
    case 400:
    case 413:
    case 415:
    case 422:
        return COMMAND_DATA;
    case 401:
    case 403:
        return COMMAND_NOT_ALLOWED;
    case 404:
    case 405:
        return COMMAND_NO_SUCH;
    case 409:
    case 429:
    case 503:
        return COMMAND_NOT_NOW;
    default:
        return status >= 500 ? COMMAND_BUG : COMMAND_PROTOCOL;
    }
}

/* What an operator can act on; what the library says of a socket is about addresses and ports. */
static const char *trouble_of(const struct client *c, const struct err *err)
{
    struct stat st;

    if (c->socket == NULL)
        return err->text;
    if (stat(c->socket, &st) < 0)
        return errno == EACCES ? "this user may not look into its folder"
                               : "there is no such socket";
    if (access(c->socket, W_OK) < 0)
        return "this user may not use it; root, the server's user and its group may";
    return err->code == ERR_TIMEOUT ? err->text : "nobody listens there";
}

/* Who asks without a token, or with one that is over, is told so. */
static const char *unauthorized(const struct client *c)
{
    return c->token == NULL ? "this wants a token, and SLIPWAY_TOKEN is not set"
                            : "the token in SLIPWAY_TOKEN is not valid, or not any more";
}

static int tell_refusal(const struct client *c, const struct client_answer *answer)
{
    const char *detail = json_str(answer->json, "detail");
    const char *title = json_str(answer->json, "title");
    const char *id = json_str(answer->json, "id");
    struct arena arena;
    const char *text = detail != NULL ? detail : title != NULL ? title : "the server refused";

    if (answer->status == 401)
        text = unauthorized(c);
    arena_init(&arena);
    text = str_clean(&arena, text, strlen(text), 500);
    fprintf(stderr, "slipway: error: %s", text);
    if (id != NULL && exit_of(answer->status) == COMMAND_BUG)
        fprintf(stderr, " (request %s)", str_clean(&arena, id, strlen(id), 40));
    fputs("\n", stderr);
    arena_deinit(&arena);
    return exit_of(answer->status);
}

/* A 503 that asks to come again in a second has done nothing: the server waits for GitHub's word. */
static int send_patiently(struct client *c, const struct httpc_request *request,
                          struct httpc_answer *ret_answer, struct err *err)
{
    for (int try = 0;; try++) {
        int rc = c->socket != NULL ? httpc_send_unix(c->httpc, c->socket, request, ret_answer, err)
                                   : httpc_send(c->httpc, request, ret_answer, err);
        const char *after = rc == 0 ? httpc_header(c->httpc, "retry-after") : NULL;

        if (after == NULL || ret_answer->status != 503 || strcmp(after, "1") != 0 ||
            try >= PATIENCE)
            return rc;
        httpc_answer_deinit(ret_answer);
        sleep(1);
    }
}

int client_ask(struct client *c, const char *method, const char *path, const char *body,
               struct client_answer *ret_answer)
{
    char url[4096], authorization[256] = "X-Slipway: cli";
    const char *headers[] = {"Content-Type: application/json", "Accept: application/json",
                             authorization, NULL};
    struct httpc_request request = {.method = method,
                                    .url = url,
                                    .headers = headers,
                                    .body = body,
                                    .body_len = body == NULL ? 0 : strlen(body),
                                    .timeout_ms = TIMEOUT_MS,
                                    .answer_max = ANSWER_MAX};
    struct httpc_answer raw = {.status = 0};
    struct err err = ERR_INIT;
    int rc;

    snprintf(url, sizeof(url), "%s%s%s", c->url != NULL ? c->url : "http://localhost", path,
             !c->dry || strcmp(method, "GET") == 0 ? ""
             : strchr(path, '?') != NULL           ? "&dry-run=1"
                                                   : "?dry-run=1");
    if (c->token != NULL)
        snprintf(authorization, sizeof(authorization), "Authorization: Bearer %s", c->token);
    rc = send_patiently(c, &request, &raw, &err);
    if (rc < 0)
        return cli_command_error(COMMAND_UNREACHABLE, "systemctl status slipwayd",
                                 "the server does not answer at %s: %s",
                                 c->socket != NULL ? c->socket : c->url, trouble_of(c, &err));
    *ret_answer =
        (struct client_answer){.status = raw.status, .text = raw.body, .len = raw.body_len};
    if (json_parse(raw.body, raw.body_len, NULL, &ret_answer->json, NULL) < 0)
        ret_answer->json = NULL;
    if (raw.status < 400)
        return 0;
    rc = tell_refusal(c, ret_answer);
    client_answer_deinit(ret_answer);
    return rc;
}

void client_answer_deinit(struct client_answer *answer)
{
    json_free(answer->json);
    free(answer->text);
    *answer = (struct client_answer){.status = 0};
}
