/* door_keys: see door_keys.h. */
#include "server/api/door_keys.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/secret.h"

#define KEY_BYTES 32
#define PATH_SIZE 4096

/* The file as a secret; made by `make` if it is not there. */
static int open_file(const char *folder, const char *name, char *(*make)(size_t *ret_len),
                     struct secret **ret_secret, struct err *err)
{
    char path[PATH_SIZE];
    char *bytes;
    size_t len;
    int rc;

    if (snprintf(path, sizeof(path), "%s/%s", folder, name) >= (int)sizeof(path))
        return err_set(err, ERR_INVALID, "the path of %s is too long", name);
    rc = secret_read_file(path, KEY_BYTES, ret_secret, err);
    if (rc != ERR_NOT_FOUND)
        return rc;
    bytes = make(&len);
    rc = file_write_atomic(path, bytes, len, 0600, err);
    secret_wipe(bytes, len);
    free(bytes);
    return rc < 0 ? rc : secret_read_file(path, KEY_BYTES, ret_secret, err);
}

static char *make_credential(size_t *ret_len)
{
    unsigned char raw[KEY_BYTES];
    char *hex = malloc(2 * sizeof(raw) + 1);

    if (hex == NULL)
        abort();
    digest_random(raw, sizeof(raw));
    digest_hex(raw, sizeof(raw), hex);
    secret_wipe(raw, sizeof(raw));
    *ret_len = 2 * sizeof(raw);
    return hex;
}

int door_keys_open(const char *folder, struct door_keys *ret_keys, struct err *err)
{
    struct door_keys keys = {.credential = NULL};
    int rc = open_file(folder, "credential-key", make_credential, &keys.credential, err);

    if (rc < 0)
        return err_wrap(err, "the server's keys in %s", folder);
    *ret_keys = keys;
    return 0;
}

void door_keys_deinit(struct door_keys *keys)
{
    if (keys == NULL)
        return;
    secret_free(keys->credential);
    *keys = (struct door_keys){.credential = NULL};
}
