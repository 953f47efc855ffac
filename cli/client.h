/*
 * client: the API over the cli socket (peer uid decides), or over --url with a token from SLIPWAY_TOKEN.
 */
#ifndef SLIPWAY_CLI_CLIENT_H
#define SLIPWAY_CLI_CLIENT_H

#include <stddef.h>

struct client;
struct cJSON;
struct invoke;

/* `socket` or `url`, the other NULL. */
struct client *client_new(const char *socket, const char *url, const char *token);
void client_free(struct client *client);
/* From now on what it sends is a dry run: nothing that changes something is kept. NULL = nothing to do. */
void client_try(struct client *client);

struct client_answer {
    int status;
    char *text; /* the body */
    size_t len;
    struct cJSON *json; /* NULL if it is none */
};

/* Ask. 0: an answer below 400. Else it is told on stderr and the exit status is returned. */
int client_ask(struct client *client, const char *method, const char *path, const char *body,
               struct client_answer *ret_answer);
void client_answer_deinit(struct client_answer *answer);

#endif
