/* key_chain: see key_chain.h. */
#include "agent/key_chain.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"

#define FILE_NAME "signing-keys"
#define FILE_MAX (64 * 1024)

/* A key that was announced under the one before it. */
struct link {
    struct announcement_signed announced;
    unsigned char key[SIGN_PUBLIC_SIZE];
    time_ms in_force_at; /* it signed for the first time; 0 = not yet */
};

struct key_chain {
    const char *path;
    const struct agent_config *config;
    pthread_mutex_t lock;
    struct arena arena;
    struct link links[ANNOUNCEMENTS_MAX];
    size_t n;
    char too_late
        [512]; /* what to do about a key that was announced while this host was away; "" = none was */
};

/* Key number i: the pinned one is 0. */
static const unsigned char *key_of(const struct key_chain *c, size_t i)
{
    return i == 0 ? c->config->key : c->links[i - 1].key;
}

static bool is_key(const struct key_chain *c, size_t i, const unsigned char key[SIGN_PUBLIC_SIZE])
{
    return memcmp(key_of(c, i), key, SIGN_PUBLIC_SIZE) == 0;
}

/* Its number; n + 1 = none of them. */
static size_t find(const struct key_chain *c, const unsigned char key[SIGN_PUBLIC_SIZE])
{
    size_t i = 0;

    while (i <= c->n && !is_key(c, i, key))
        i++;
    return i;
}

/* Keeping ---------------------------------------------------------------------------------------- */

static int keep(struct key_chain *c, struct err *err)
{
    struct json_out out;
    struct buf buf;
    int rc;

    buf_init(&buf, FILE_MAX);
    json_out_init(&out, &buf);
    json_begin_array(&out, NULL);
    for (size_t i = 0; i < c->n; i++) {
        json_begin_object(&out, NULL);
        json_add_str(&out, "text", c->links[i].announced.text);
        json_add_str(&out, "signature", c->links[i].announced.signature);
        json_add_int(&out, "in_force_at", c->links[i].in_force_at);
        json_end_object(&out);
    }
    json_end_array(&out);
    rc = file_write_atomic(c->path, buf_str(&buf), buf.len, 0600, err);
    buf_deinit(&buf);
    return rc;
}

/* Does it follow upon the newest key? */
static int append(struct key_chain *c, const struct announcement_signed *s,
                  const struct announcement *a, struct err *err)
{
    struct link *link;
    int rc;

    if (!str_eq(a->store_id, c->config->store_id))
        return err_set(err, ERR_DENIED,
                       "announcement of a key: by store %s, this host belongs to %s", a->store_id,
                       c->config->store_id);
    if (!is_key(c, c->n, a->key))
        return err_set(err, ERR_DENIED,
                       "announcement of a key: not under one that is believed here");
    if ((rc = announcement_verify(a, s, err)) < 0)
        return rc;
    if (c->n == ANNOUNCEMENTS_MAX)
        return err_set(err, ERR_DENIED,
                       "announcement of a key: %d were turned over; register this host anew",
                       ANNOUNCEMENTS_MAX);
    link = &c->links[c->n++];
    *link = (struct link){
        .announced = {arena_str(&c->arena, s->text), arena_str(&c->arena, s->signature)}};
    memcpy(link->key, a->next_key, sizeof(link->key));
    return 0;
}

static int read_links(struct key_chain *c, const struct cJSON *list, struct err *err)
{
    int rc = 0;

    if (!json_is_array(list) || json_count(list) > ANNOUNCEMENTS_MAX)
        return err_set(err, ERR_INVALID, "no list of announcements");
    for (const struct cJSON *i = json_first(list); i != NULL && rc == 0; i = json_next(i)) {
        const struct announcement_signed s = {json_str(i, "text"), json_str(i, "signature")};
        struct announcement a;

        if (s.text == NULL || s.signature == NULL)
            return err_set(err, ERR_INVALID, "an announcement is odd");
        rc = announcement_parse(&c->arena, s.text, &a, err);
        if (rc == 0)
            rc = append(c, &s, &a, err);
        if (rc == 0)
            (void)json_int(i, "in_force_at", &c->links[c->n - 1].in_force_at);
    }
    return rc;
}

static int read_file(struct key_chain *c, struct err *err)
{
    struct cJSON *json = NULL;
    char *text = NULL;
    size_t len;
    int rc = file_read_all(c->path, FILE_MAX, &text, &len, err);

    if (rc == ERR_NOT_FOUND)
        return 0;
    if (rc == 0)
        rc = json_parse(text, len, NULL, &json, err);
    if (rc == 0)
        rc = read_links(c, json, err);
    json_free(json);
    free(text);
    return rc == 0 ? 0
                   : err_set(err, ERR_INVALID,
                             "%s does not follow from the key of " AGENT_CONFIG_FILE
                             " (%.200s); nothing is run until somebody has looked",
                             c->path, arena_str(&c->arena, err->text));
}

int key_chain_open(const char *state, const struct agent_config *config,
                   struct key_chain **ret_chain, struct err *err)
{
    struct key_chain *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL)
        abort();
    arena_init(&c->arena);
    pthread_mutex_init(&c->lock, NULL);
    c->config = config;
    c->path = arena_printf(&c->arena, "%s/" FILE_NAME, state);
    rc = read_file(c, err);
    if (rc < 0)
        key_chain_free(c);
    else
        *ret_chain = c;
    return rc;
}

void key_chain_free(struct key_chain *c)
{
    if (c == NULL)
        return;
    pthread_mutex_destroy(&c->lock);
    arena_deinit(&c->arena);
    free(c);
}

/* Taking ----------------------------------------------------------------------------------------- */

static int refuse_late(struct key_chain *c, const struct announcement *a, struct err *err)
{
    char until[TIMESTAMP_SIZE];

    timestamp_format(a->until, until);
    snprintf(
        c->too_late, sizeof(c->too_late),
        "the server turned its signing key over while this host was away, and what announced the "
        "next one was good until %s; nothing of that server is run here any more. Register this "
        "host anew: `slipway activation create --name NAME` on the server, move %.*s away, and run "
        "the line that it prints",
        until, (int)(strlen(c->path) - strlen("/" FILE_NAME)), c->path);
    return err_set(err, ERR_TIMEOUT, "%s", c->too_late);
}

static int take(struct key_chain *c, const struct announcement_signed *s, time_ms now,
                bool *ret_new, struct err *err)
{
    struct arena scratch;
    struct announcement a;
    size_t older, next;
    int rc;

    arena_init(&scratch);
    rc = announcement_parse(&scratch, s->text, &a, err);
    if (rc < 0)
        goto out;
    older = find(c, a.key);
    next = find(c, a.next_key);
    if (next <= c->n && (older > c->n || older + 1 == next))
        goto out; /* known, or of a time before the pinned key */
    if (older < c->n || next <= c->n) {
        rc = err_set(err, ERR_DENIED,
                     "announcement of a key: the key that signed it has named another one before");
        goto out;
    }
    if (older == c->n && now > a.until && announcement_verify(&a, s, err) == 0) {
        rc = refuse_late(c, &a, err);
        goto out;
    }
    rc = append(c, s, &a, err);
    if (rc == 0 && (rc = keep(c, err)) < 0)
        c->n--;
    *ret_new = rc == 0;
out:
    arena_deinit(&scratch);
    return rc;
}

int key_chain_take(struct key_chain *c, const struct announcement_signed *s, time_ms now,
                   bool *ret_new, struct err *err)
{
    int rc;

    *ret_new = false;
    pthread_mutex_lock(&c->lock);
    rc = take(c, s, now, ret_new, err);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* Envelopes -------------------------------------------------------------------------------------- */

/* The newest first, for most are signed by it. `*ret_by` is the number of the key. */
static int open_by_any(const struct key_chain *c, struct arena *arena, const char *text,
                       const char *signature, struct envelope *ret_envelope, size_t *ret_by,
                       struct err *err)
{
    int rc = ERR_DENIED;

    for (size_t i = c->n + 1; i-- > 0 && rc == ERR_DENIED;) {
        rc = envelope_open(arena, key_of(c, i), text, signature, ret_envelope, err);
        *ret_by = i;
    }
    return rc == ERR_DENIED && *c->too_late != '\0' ? err_set(err, rc, "%s", c->too_late) : rc;
}

int key_chain_read(struct key_chain *c, struct arena *arena, const char *text,
                   const char *signature, struct envelope *ret_envelope, struct err *err)
{
    size_t by;
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = open_by_any(c, arena, text, signature, ret_envelope, &by, err);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

/* Has one that came after it been in force for longer than what was signed before may take? */
static int check_older(const struct key_chain *c, size_t by, time_ms now, struct err *err)
{
    char at[TIMESTAMP_SIZE];

    for (size_t i = by; i < c->n; i++) {
        time_ms since = c->links[i].in_force_at;
        if (since == 0 || now <= since + KEY_CHAIN_OLDER_MS)
            continue;
        timestamp_format(since, at);
        return err_set(err, ERR_DENIED,
                       "signed by an older key of the server, which ended here a day after %s; the "
                       "server was probably restored from a backup. Run: slipway signing-key",
                       at);
    }
    return 0;
}

/* Written before what it signed is run: from now on the older ones end. */
static int note_in_force(struct key_chain *c, size_t by, time_ms now, struct err *err)
{
    int rc;

    if (by == 0 || c->links[by - 1].in_force_at != 0)
        return 0;
    c->links[by - 1].in_force_at = now;
    rc = keep(c, err);
    if (rc < 0)
        c->links[by - 1].in_force_at = 0;
    return rc;
}

int key_chain_judge(struct key_chain *c, struct arena *arena, const char *text,
                    const char *signature, time_ms now, struct envelope *ret_envelope,
                    struct err *err)
{
    size_t by = 0;
    int rc;

    pthread_mutex_lock(&c->lock);
    rc = open_by_any(c, arena, text, signature, ret_envelope, &by, err);
    if (rc == 0)
        rc = check_older(c, by, now, err);
    if (rc == 0)
        rc = note_in_force(c, by, now, err);
    pthread_mutex_unlock(&c->lock);
    return rc;
}

void key_chain_newest(struct key_chain *c, char out[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)])
{
    pthread_mutex_lock(&c->lock);
    digest_base64url(key_of(c, c->n), SIGN_PUBLIC_SIZE, out);
    pthread_mutex_unlock(&c->lock);
}
