/* aws_credentials: see aws_credentials.h. Source: AWS' SDK and tools reference, "Standardized credential providers". */
#include "lib/transport/aws_credentials.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "lib/base/file.h"
#include "lib/base/secret.h"
#include "lib/base/str.h"
#include "lib/httpc/httpc.h"

#define RENEW_BEFORE_MS INT64_C(300000)
#define FILES_EVERY_MS INT64_C(60000)
#define RETRY_EVERY_MS INT64_C(30000) /* while keys that are about to end still hold */
#define SERVICE_MS 3000
#define SERVICE_CONNECT_MS 1000
#define CONTAINER_HOST "http://169.254.170.2"
#define METADATA_HOST "http://169.254.169.254"
#define METADATA_ROLES "/latest/meta-data/iam/security-credentials/"
#define TOKEN_MAX 4096
#define PATH_SIZE 4096

struct aws_credentials {
    char *profile; /* NULL = none is configured */
    const atomic_bool *stop;
    const char *(*environment)(void *arg, const char *name);
    void *arg;
    struct aws_keys keys;
    time_ms look_at; /* not before then are keys looked for again */
    char source[PATH_SIZE + 200];
};

struct aws_credentials *aws_credentials_new(const struct aws_credentials_options *options)
{
    struct aws_credentials *c = calloc(1, sizeof(*c));

    if (c == NULL)
        abort();
    c->profile = options->profile != NULL ? strdup(options->profile) : NULL;
    if (options->profile != NULL && c->profile == NULL)
        abort();
    c->stop = options->stop;
    c->environment = options->environment;
    c->arg = options->arg;
    return c;
}

void aws_credentials_free(struct aws_credentials *credentials)
{
    if (credentials == NULL)
        return;
    aws_keys_deinit(&credentials->keys);
    free(credentials->profile);
    free(credentials);
}

const char *aws_credentials_source(const struct aws_credentials *credentials)
{
    return credentials->keys.id[0] != '\0' ? credentials->source : "";
}

/* NULL = not set, or empty. */
static const char *env(const struct aws_credentials *c, const char *name)
{
    const char *value = c->environment != NULL ? c->environment(c->arg, name) : getenv(name);

    return value != NULL && *value != '\0' ? value : NULL;
}

/* 1, 2: this machine's own ---------------------------------------------------------------------- */

/* Each source: 0, ERR_NOT_FOUND = it is not set up, ask the next; anything else ends the search. */
static int from_environment(struct aws_credentials *c, struct aws_keys *ret_keys, struct err *err)
{
    const char *id = env(c, "AWS_ACCESS_KEY_ID");

    if (c->profile != NULL || id == NULL)
        return ERR_NOT_FOUND;
    if (aws_keys_make(id, env(c, "AWS_SECRET_ACCESS_KEY"), env(c, "AWS_SESSION_TOKEN"), 0, ret_keys,
                      err) < 0)
        return err_wrap(err, "AWS_ACCESS_KEY_ID of the environment");
    (void)snprintf(c->source, sizeof(c->source), "environment");
    return 0;
}

static int file_path(const struct aws_credentials *c, const char *variable, const char *name,
                     char path[PATH_SIZE])
{
    const char *set = env(c, variable), *home = env(c, "HOME");
    int n;

    if (set != NULL)
        n = snprintf(path, PATH_SIZE, "%s", set);
    else if (home != NULL)
        n = snprintf(path, PATH_SIZE, "%s/.aws/%s", home, name);
    else
        return ERR_NOT_FOUND;
    return n > 0 && n < PATH_SIZE ? 0 : ERR_NOT_FOUND;
}

static int from_file(struct aws_credentials *c, enum aws_keys_file file, const char *profile,
                     struct aws_keys *ret_keys, struct err *err)
{
    static const char *const variables[] = {"AWS_SHARED_CREDENTIALS_FILE", "AWS_CONFIG_FILE"};
    static const char *const names[] = {"credentials", "config"};
    char path[PATH_SIZE];
    char *bytes = NULL;
    struct stat st;
    size_t len = 0;
    int rc = file_path(c, variables[file], names[file], path);

    if (rc < 0)
        return rc;
    if (env(c, variables[file]) == NULL &&
        stat(path, &st) < 0) /* perhaps homes are hidden from us */
        return err_set(err, ERR_NOT_FOUND, "%s: %s", path, strerror(errno));
    rc = file_read_all(path, AWS_KEYS_FILE_MAX, &bytes, &len, err);
    if (rc < 0)
        return rc;
    rc = aws_keys_from_file(bytes, len, file, profile, ret_keys, err);
    secret_wipe(bytes, len);
    free(bytes);
    if (rc < 0)
        return err_wrap(err, "%s", path);
    return 0;
}

/* A profile that was named must be there; `default` need not. The first file's story is the better one, unless only
 * the second knows the profile. */
static int from_files(struct aws_credentials *c, struct aws_keys *ret_keys, struct err *err)
{
    const char *named = c->profile != NULL ? c->profile : env(c, "AWS_PROFILE");
    const char *profile = named != NULL ? named : "default";
    struct err first = ERR_INIT, second = ERR_INIT;
    struct aws_keys other = {.ends_at = 0};
    int rc = from_file(c, AWS_KEYS_CREDENTIALS, profile, ret_keys, &first);
    int also = rc == 0 || rc == ERR_NOT_FOUND
                   ? from_file(c, AWS_KEYS_CONFIG, profile, &other, &second)
                   : ERR_NOT_FOUND;

    if (also == ERR_DENIED || rc == ERR_NOT_FOUND) {
        if (rc == 0)
            aws_keys_deinit(
                ret_keys); /* the tools would take the role that the second file names */
        rc = also;
        if (rc == 0)
            *ret_keys = other;
    } else if (also == 0) {
        aws_keys_deinit(&other);
    }
    if (rc == 0)
        (void)snprintf(c->source, sizeof(c->source), "profile %.100s", profile);
    if (rc == ERR_NOT_FOUND && named != NULL)
        return err_set(err, ERR_DENIED, "no keys of AWS' profile %.100s: %s%s%s", named,
                       first.text[0] != '\0' ? first.text : "there is no HOME to look in",
                       second.text[0] != '\0' ? "; " : "", second.text);
    if (rc < 0)
        (void)err_set(err, (enum err_code)rc, "%s",
                      rc == also && second.text[0] != '\0' ? second.text : first.text);
    return rc;
}

/* 3, 4: services -------------------------------------------------------------------------------- */

/* Only 200 is an answer. */
static int ask(struct aws_credentials *c, struct httpc *httpc, const char *method, const char *url,
               const char *header, struct httpc_answer *ret_answer, struct err *err)
{
    const char *headers[] = {header, NULL};
    const struct httpc_request request = {.method = method,
                                          .url = url,
                                          .headers = headers,
                                          .connect_ms = SERVICE_CONNECT_MS,
                                          .timeout_ms = SERVICE_MS,
                                          .answer_max = AWS_KEYS_ANSWER_MAX,
                                          .stop = c->stop};
    int rc = httpc_send(httpc, &request, ret_answer, err);

    if (rc == 0 && ret_answer->status != 200) {
        rc = err_set(err,
                     ret_answer->status >= 500 || ret_answer->status == 429 ? ERR_BUSY : ERR_DENIED,
                     "%.200s answered %d", url, ret_answer->status);
        httpc_answer_deinit(ret_answer);
    }
    return rc;
}

static int take_answer(struct httpc_answer *answer, struct aws_keys *ret_keys, struct err *err)
{
    int rc = aws_keys_from_answer(answer->body, answer->body_len, ret_keys, err);

    secret_wipe(answer->body, answer->body_len);
    httpc_answer_deinit(answer);
    return rc;
}

/* "Authorization: TOKEN", or "" if none is wanted. The file changes under us: it is read each time. */
static int container_header(struct aws_credentials *c, char header[TOKEN_MAX + 32], struct err *err)
{
    const char *path = env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE");
    const char *set = env(c, "AWS_CONTAINER_AUTHORIZATION_TOKEN");
    char *bytes = NULL;
    size_t len = 0;
    int rc = 0;

    header[0] = '\0';
    if (path != NULL) {
        rc = file_read_all(path, TOKEN_MAX, &bytes, &len, err);
        while (rc == 0 && len > 0 && strchr("\r\n", bytes[len - 1]) != NULL)
            bytes[--len] = '\0';
        set = bytes;
    }
    if (rc == 0 && set != NULL && *set != '\0') {
        if (strlen(set) > TOKEN_MAX || strpbrk(set, "\r\n") != NULL)
            rc = err_set(err, ERR_INVALID, "the container's authorization token is none");
        else
            (void)snprintf(header, TOKEN_MAX + 32, "Authorization: %s", set);
    }
    if (bytes != NULL)
        secret_wipe(bytes, len);
    free(bytes);
    return rc;
}

static int from_container(struct aws_credentials *c, struct httpc *httpc, struct aws_keys *ret_keys,
                          struct err *err)
{
    const char *relative = env(c, "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
    const char *full = env(c, "AWS_CONTAINER_CREDENTIALS_FULL_URI");
    struct httpc_answer answer = {.status = 0};
    char url[PATH_SIZE], header[TOKEN_MAX + 32];
    int n, rc;

    if (relative == NULL && full == NULL)
        return ERR_NOT_FOUND;
    n = relative != NULL ? snprintf(url, sizeof(url), CONTAINER_HOST "%s", relative)
                         : snprintf(url, sizeof(url), "%s", full);
    /* Behind the host comes its path, and not the rest of another name. */
    if (n < 0 || (size_t)n >= sizeof(url) || (relative != NULL && relative[0] != '/'))
        return err_set(err, ERR_INVALID, "the address of the container's credentials is none");
    rc = container_header(c, header, err);
    if (rc == 0)
        rc = ask(c, httpc, "GET", url, header[0] != '\0' ? header : NULL, &answer, err);
    secret_wipe(header, sizeof(header));
    if (rc == 0)
        rc = take_answer(&answer, ret_keys, err);
    if (rc < 0) {
        (void)err_wrap(err, "credentials of the container");
        return rc == ERR_NOT_FOUND ? ERR_DENIED : rc;
    }
    (void)snprintf(c->source, sizeof(c->source), "container");
    return 0;
}

/* The first line. */
static int role_name(struct aws_credentials *c, struct httpc *httpc, const char *host,
                     const char *header, char role[256], struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    char url[PATH_SIZE];
    size_t n;
    int rc;

    (void)snprintf(url, sizeof(url), "%s" METADATA_ROLES, host);
    rc = ask(c, httpc, "GET", url, header, &answer, err);
    if (rc < 0)
        return rc;
    n = strcspn(answer.body, "\r\n");
    if (n == 0 || n >= 256 ||
        strspn(answer.body,
               "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+=,.@_-") != n)
        rc = err_set(err, ERR_DENIED, "this machine has no role of AWS'");
    else
        (void)snprintf(role, 256, "%.*s", (int)n, answer.body);
    httpc_answer_deinit(&answer);
    return rc;
}

static int metadata_header(struct aws_credentials *c, struct httpc *httpc, const char *host,
                           char header[TOKEN_MAX + 32], struct err *err)
{
    struct httpc_answer answer = {.status = 0};
    char url[PATH_SIZE];
    int rc;

    (void)snprintf(url, sizeof(url), "%s/latest/api/token", host);
    rc = ask(c, httpc, "PUT", url, "X-aws-ec2-metadata-token-ttl-seconds: 600", &answer, err);
    if (rc < 0)
        return rc;
    if (answer.body_len == 0 || answer.body_len > TOKEN_MAX || strpbrk(answer.body, "\r\n") != NULL)
        rc = err_set(err, ERR_INVALID, "its token is none");
    else
        (void)snprintf(header, TOKEN_MAX + 32, "X-aws-ec2-metadata-token: %s", answer.body);
    secret_wipe(answer.body, answer.body_len);
    httpc_answer_deinit(&answer);
    return rc;
}

static int from_metadata(struct aws_credentials *c, struct httpc *httpc, struct aws_keys *ret_keys,
                         struct err *err)
{
    const char *disabled = env(c, "AWS_EC2_METADATA_DISABLED");
    const char *set = env(c, "AWS_EC2_METADATA_SERVICE_ENDPOINT");
    char host[256], role[256], url[PATH_SIZE], header[TOKEN_MAX + 32];
    struct httpc_answer answer = {.status = 0};
    size_t len;
    int rc;

    if (disabled != NULL && (str_eq(disabled, "true") || str_eq(disabled, "TRUE")))
        return ERR_NOT_FOUND;
    (void)snprintf(host, sizeof(host), "%.200s", set != NULL ? set : METADATA_HOST);
    len = strlen(host);
    while (len > 0 && host[len - 1] == '/')
        host[--len] = '\0';
    rc = metadata_header(c, httpc, host, header, err);
    if (rc == 0)
        rc = role_name(c, httpc, host, header, role, err);
    if (rc == 0) {
        (void)snprintf(url, sizeof(url), "%s" METADATA_ROLES "%s", host, role);
        rc = ask(c, httpc, "GET", url, header, &answer, err);
    }
    secret_wipe(header, sizeof(header));
    if (rc == 0)
        rc = take_answer(&answer, ret_keys, err);
    if (rc < 0)
        return err_wrap(err,
                        "no credentials for AWS in the environment, shared files or container, and "
                        "none of this machine's role");
    (void)snprintf(c->source, sizeof(c->source), "role %s of this machine", role);
    return 0;
}

/* Keeping --------------------------------------------------------------------------------------- */

static int look(struct aws_credentials *c, struct httpc *httpc, struct aws_keys *ret_keys,
                struct err *err)
{
    int rc = from_environment(c, ret_keys, err);

    if (rc == ERR_NOT_FOUND)
        rc = from_files(c, ret_keys, err);
    if (rc == ERR_NOT_FOUND)
        rc = from_container(c, httpc, ret_keys, err);
    if (rc == ERR_NOT_FOUND)
        rc = from_metadata(c, httpc, ret_keys, err);
    if (rc == ERR_NOT_FOUND)
        return err_set(
            err, ERR_NOT_FOUND,
            "no credentials for AWS: no AWS_ACCESS_KEY_ID, no profile `default` with keys "
            "in the shared files, no role of a container or of this machine");
    return rc;
}

int aws_credentials_get(struct aws_credentials *credentials, struct httpc *httpc, time_ms now,
                        const struct aws_keys **ret_keys, struct err *err)
{
    struct aws_credentials *c = credentials;
    struct aws_keys found = {.ends_at = 0};
    int rc = 0;

    if (c->keys.id[0] == '\0' || now >= c->look_at) {
        rc = look(c, httpc, &found, err);
        if (rc == 0 && found.ends_at != 0 && found.ends_at <= now) {
            rc = err_set(err, ERR_BUSY, "the keys that the %s gives have ended", c->source);
            aws_keys_deinit(&found);
        }
        if (rc == 0) {
            aws_keys_deinit(&c->keys);
            c->keys = found;
            c->look_at =
                found.ends_at != 0 ? found.ends_at - RENEW_BEFORE_MS : now + FILES_EVERY_MS;
        } else if (c->keys.ends_at > now) {
            rc = 0; /* they hold a little longer */
        } else {
            aws_keys_deinit(&c->keys);
            return rc;
        }
        /* Also where the new ones are about to end themselves. */
        if (c->look_at < now + RETRY_EVERY_MS)
            c->look_at = now + RETRY_EVERY_MS;
    }
    *ret_keys = &c->keys;
    return rc;
}

bool aws_credentials_replace(struct aws_credentials *credentials, struct httpc *httpc, time_ms now)
{
    char refused[AWS_KEYS_ID_SIZE];
    const struct aws_keys *keys;

    memcpy(refused, credentials->keys.id, sizeof(refused));
    aws_keys_deinit(&credentials->keys);
    return aws_credentials_get(credentials, httpc, now, &keys, NULL) == 0 &&
           !str_eq(keys->id, refused);
}
