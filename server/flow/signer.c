/* signer: see signer.h. */
#include "server/flow/signer.h"

#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/file.h"
#include "lib/base/secret.h"
#include "lib/base/sign.h"
#include "lib/ssm/announcement.h"
#include "lib/store/db.h"
#include "lib/store/store_signing_key.h"
#include "lib/store/writer.h"

#define KEYS_MAX (ANNOUNCEMENTS_MAX + 1)
#define PATH_SIZE 4096

struct held {
    int64_t number;
    struct sign_key *key;
    char text[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)];
};

struct signer {
    const char *folder;
    pthread_mutex_t lock; /* what is held; nothing of it ever goes */
    struct held held[KEYS_MAX];
    size_t n;
    _Atomic(struct held *) in_force;
};

static struct held *hold(struct signer *s, int64_t number, struct sign_key *key)
{
    struct held *h = &s->held[s->n++];
    unsigned char public_key[SIGN_PUBLIC_SIZE];

    *h = (struct held){.number = number, .key = key};
    sign_key_public(key, public_key);
    digest_base64url(public_key, sizeof(public_key), h->text);
    return h;
}

static struct signer *make_empty(const char *folder)
{
    struct signer *s = calloc(1, sizeof(*s));

    if (s == NULL)
        abort();
    s->folder = folder;
    pthread_mutex_init(&s->lock, NULL);
    return s;
}

struct signer *signer_new(struct sign_key *key)
{
    struct signer *s = make_empty(NULL);

    atomic_init(&s->in_force, hold(s, 1, key));
    return s;
}

void signer_free(struct signer *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < s->n; i++)
        sign_key_free(s->held[i].key);
    pthread_mutex_destroy(&s->lock);
    free(s);
}

const struct sign_key *signer_key(struct signer *s)
{
    return atomic_load(&s->in_force)->key;
}

const char *signer_text(struct signer *s)
{
    return atomic_load(&s->in_force)->text;
}

/* Files ------------------------------------------------------------------------------------------ */

static int path_of(const struct signer *s, int64_t number, char path[PATH_SIZE], struct err *err)
{
    int n = number == 1 ? snprintf(path, PATH_SIZE, "%s/signing-key.pem", s->folder)
                        : snprintf(path, PATH_SIZE, "%s/signing-key-%lld.pem", s->folder,
                                   (long long)number);

    return n < PATH_SIZE ? 0 : err_set(err, ERR_INVALID, "the path of the signing key is too long");
}

static int make_file(const char *path, struct err *err)
{
    struct sign_key *key = sign_key_new();
    size_t len;
    char *pem = sign_key_to_pem(key, &len);
    int rc = file_write_atomic(path, pem, len, 0600, err);

    secret_wipe(pem, len);
    free(pem);
    sign_key_free(key);
    return rc;
}

/* A file that is there is never made anew: hosts may believe its key. */
static int read_file(const struct signer *s, int64_t number, bool make, struct sign_key **ret_key,
                     struct err *err)
{
    struct secret *pem = NULL;
    char path[PATH_SIZE];
    int rc = path_of(s, number, path, err);

    if (rc == 0)
        rc = secret_read_file(path, 1, &pem, err);
    if (rc == ERR_NOT_FOUND && make) {
        rc = make_file(path, err);
        if (rc == 0)
            rc = secret_read_file(path, 1, &pem, err);
    }
    if (rc == 0)
        rc = sign_key_from_pem((const char *)secret_bytes(pem), secret_len(pem), ret_key, err);
    secret_free(pem);
    return rc < 0 ? err_wrap(err, "the server's signing key %s", path) : 0;
}

static struct held *find(struct signer *s, int64_t number)
{
    for (size_t i = 0; i < s->n; i++)
        if (s->held[i].number == number)
            return &s->held[i];
    return NULL;
}

int signer_prepare(struct signer *s, int64_t number, bool make, const char **ret_text,
                   struct err *err)
{
    struct sign_key *key = NULL;
    struct held *h;
    int rc = 0;

    pthread_mutex_lock(&s->lock);
    h = find(s, number);
    if (h == NULL && s->n == KEYS_MAX)
        rc = err_set(err, ERR_CONFLICT, "%d signing keys are the most that one server has",
                     KEYS_MAX);
    if (h == NULL && rc == 0)
        rc = read_file(s, number, make, &key, err);
    if (h == NULL && rc == 0)
        h = hold(s, number, key);
    pthread_mutex_unlock(&s->lock);
    if (rc == 0)
        *ret_text = h->text;
    return rc;
}

void signer_turn(struct signer *s, int64_t number)
{
    struct held *h;

    pthread_mutex_lock(&s->lock);
    h = find(s, number);
    pthread_mutex_unlock(&s->lock);
    assert(h != NULL);
    atomic_store(&s->in_force, h);
}

/* Opening ---------------------------------------------------------------------------------------- */

static int check_same(const struct signing_key *known, const char *text, struct err *err)
{
    if (strcmp(known->key, text) == 0)
        return 0;
    return err_set(err, ERR_CONFLICT,
                   "the signing key number %lld in the folder of keys is %s, and the hosts of this "
                   "store believe %s. Put the right file back from the backup",
                   (long long)known->number, text, known->key);
}

static int put_first(struct db *db, void *first, struct err *err)
{
    return store_signing_key_put(db, first, err);
}

/* The newest that was turned over to. */
static int put_in_force(struct signer *s, struct db *db, struct writer *writer, time_ms now,
                        struct err *err)
{
    struct signing_key first = {.number = 1, .announced_at = now, .in_force_at = now};
    const struct signing_key *known = NULL;
    struct signing_key *keys;
    struct arena arena;
    const char *text = "";
    size_t n;
    int rc;

    arena_init(&arena);
    rc = store_signing_key_list(db, &arena, &keys, &n, err);
    for (size_t i = 0; i < n && rc == 0; i++)
        if (keys[i].in_force_at != 0)
            known = &keys[i];
    if (rc == 0)
        rc = signer_prepare(s, known != NULL ? known->number : 1, known == NULL, &text, err);
    if (rc == 0 && known != NULL)
        rc = check_same(known, text, err);
    first.key = text;
    if (rc == 0 && known == NULL)
        rc =
            writer != NULL ? writer_do(writer, put_first, &first, err) : put_first(db, &first, err);
    if (rc == 0)
        signer_turn(s, known != NULL ? known->number : 1);
    arena_deinit(&arena);
    return rc;
}

int signer_open(const char *folder, struct db *db, struct writer *writer, time_ms now,
                struct signer **ret_signer, struct err *err)
{
    struct signer *s = make_empty(folder);
    int rc = put_in_force(s, db, writer, now, err);

    if (rc < 0)
        signer_free(s);
    else
        *ret_signer = s;
    return rc;
}
