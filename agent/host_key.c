/* host_key: see host_key.h. */
#include "agent/host_key.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "agent/agent_config.h"
#include "lib/base/arena.h"
#include "lib/base/file.h"
#include "lib/base/redact.h"
#include "lib/base/secret.h"

#define RSA_BITS 2048
#define NEXT_FILE "host-key-next.pem"

static int read_key(const char *path, struct sign_rsa **ret_rsa, struct err *err)
{
    struct secret *pem = NULL;
    int rc = secret_read_file(path, 1, &pem, err);

    if (rc < 0)
        return rc;
    rc = sign_rsa_from_pem((const char *)secret_bytes(pem), secret_len(pem), ret_rsa, err);
    secret_free(pem);
    return rc < 0 ? err_wrap(err, "%s", path) : 0;
}

/* The one that is there, or a new one. */
static int open_key(const char *path, struct sign_rsa **ret_rsa, struct err *err)
{
    struct err own = ERR_INIT;
    int rc = read_key(path, ret_rsa, &own);
    struct sign_rsa *rsa;
    char *text;
    size_t len;

    if (rc != ERR_NOT_FOUND) {
        if (rc < 0)
            *err = own;
        return rc;
    }
    rsa = sign_rsa_new(RSA_BITS);
    text = sign_rsa_to_pem(rsa, &len);
    rc = file_write_atomic(path, text, len, 0600, err);
    secret_wipe(text, len);
    free(text);
    if (rc == 0)
        *ret_rsa = rsa;
    else
        sign_rsa_free(rsa);
    return rc;
}

static const char *path_of(struct arena *arena, const char *state, const char *file)
{
    return arena_printf(arena, "%s/%s", state, file);
}

/* All but the lines that every key has. */
static void hide_lines(const char *text, size_t len, struct redact *redact)
{
    while (len > 0) {
        const char *end = memchr(text, '\n', len);
        size_t n = end != NULL ? (size_t)(end - text) : len;

        if (n > 0 && text[0] != '-')
            redact_add_value(redact, text, n);
        n += end != NULL;
        text += n;
        len -= n;
    }
}

int host_key_read(const char *state, struct sign_rsa **ret_rsa, struct err *err)
{
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc = read_key(path_of(&arena, state, AGENT_CONFIG_KEY_FILE), ret_rsa, err);
    arena_deinit(&arena);
    return rc;
}

int host_key_open(const char *state, struct sign_rsa **ret_rsa, struct err *err)
{
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc = open_key(path_of(&arena, state, AGENT_CONFIG_KEY_FILE), ret_rsa, err);
    arena_deinit(&arena);
    return rc;
}

void host_key_hide(const char *state, struct redact *redact)
{
    static const char *const names[] = {AGENT_CONFIG_KEY_FILE, NEXT_FILE};
    struct err err = ERR_INIT;
    struct arena arena;

    arena_init(&arena);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct secret *pem = NULL;
        if (secret_read_file(path_of(&arena, state, names[i]), 1, &pem, &err) == 0)
            hide_lines((const char *)secret_bytes(pem), secret_len(pem), redact);
        secret_free(pem);
    }
    arena_deinit(&arena);
}

int host_key_next(const char *state, struct sign_rsa **ret_rsa, struct err *err)
{
    struct arena arena;
    int rc;

    arena_init(&arena);
    rc = open_key(path_of(&arena, state, NEXT_FILE), ret_rsa, err);
    arena_deinit(&arena);
    return rc;
}

int host_key_follow(const char *state, struct err *err)
{
    struct arena arena;
    const char *from, *to;
    int rc = 0;

    arena_init(&arena);
    from = path_of(&arena, state, NEXT_FILE);
    to = path_of(&arena, state, AGENT_CONFIG_KEY_FILE);
    if (rename(from, to) < 0)
        rc = err_set(err, ERR_INTERNAL, "renaming %s: %s", from, strerror(errno));
    else
        rc = file_sync_dir(state, err);
    arena_deinit(&arena);
    return rc;
}
