/* hands: see hands.h. */
#include "server/hands.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include "lib/base/cage.h"
#include "lib/base/file.h"
#include "lib/base/log.h"
#include "lib/github/signature.h"
#include "lib/model/config.h"

#define FIXED 5
#define NAMED 2 /* the folder of the configuration, the token */
#define AWS_FILES_MAX 5

/* Where AWS' own tools keep credentials (lib/transport/aws_credentials.h). */
static void add_aws_files(const char **readable, size_t *n)
{
    static const char *const names[AWS_FILES_MAX - 1] = {"AWS_SHARED_CREDENTIALS_FILE",
                                                         "AWS_CONFIG_FILE",
                                                         "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
                                                         "AWS_CA_BUNDLE"};
    static char folder[4096];
    const char *home = getenv("HOME");

    for (size_t i = 0; i < AWS_FILES_MAX - 1; i++)
        if (getenv(names[i]) != NULL)
            readable[(*n)++] = getenv(names[i]);
    if (home == NULL)
        return;
    (void)snprintf(folder, sizeof(folder), "%s/.aws", home);
    readable[(*n)++] = folder;
}

int hands_hold(const struct config *config, const char *path, struct err *err)
{
    const char *readable[FIXED + NAMED + AWS_FILES_MAX + SIGNATURE_SECRETS_MAX] = {
        "/etc", "/usr/share/zoneinfo", "/usr/lib", "/lib", "/proc"};
    char config_folder[4096], socket_folder[4096];
    const char *writable[] = {config->state, socket_folder, "/dev/null"};
    size_t n = FIXED;
    bool held = false;
    int rc;

    file_folder(path, config_folder, sizeof(config_folder));
    file_folder(config->listen_cli, socket_folder, sizeof(socket_folder));
    readable[n++] = config_folder;
    for (size_t i = 0; i < config->webhook_secret_files.n && i < SIGNATURE_SECRETS_MAX; i++)
        readable[n++] = config->webhook_secret_files.items[i];
    if (config->github_token_file != NULL)
        readable[n++] = config->github_token_file;
    if (config->aws_region != NULL)
        add_aws_files(readable, &n);
    rc = cage_files(readable, n, writable, sizeof(writable) / sizeof(*writable), &held, err);
    if (rc == 0 && !held)
        log_warning("cage.files", "text=%s", LOG("this kernel has no Landlock"));
    return rc;
}
