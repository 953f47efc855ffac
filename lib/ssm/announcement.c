/* announcement: see announcement.h. */
#include "lib/ssm/announcement.h"

#include <string.h>

#include "lib/base/buf.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/names.h"
#include "lib/base/str.h"

#define PROTOCOL 1
#define NUMBER_MAX 1000000
#define UNTIL_MAX INT64_C(253402300799000) /* the end of the year 9999 */

void announcement_make(struct arena *arena, const struct announcement *a,
                       const struct sign_key *key, struct announcement_signed *ret_signed)
{
    char older[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)], next[DIGEST_BASE64_SIZE(SIGN_PUBLIC_SIZE)];
    char signature[ENVELOPE_SIGNATURE_SIZE];
    struct json_out out;
    struct buf buf;

    digest_base64url(a->key, sizeof(a->key), older);
    digest_base64url(a->next_key, sizeof(a->next_key), next);
    buf_init(&buf, ANNOUNCEMENT_MAX);
    json_out_init(&out, &buf);
    json_begin_object(&out, NULL);
    json_add_int(&out, "Announcement", PROTOCOL);
    json_add_str(&out, "StoreId", a->store_id);
    json_add_int(&out, "Number", a->number);
    json_add_str(&out, "Key", older);
    json_add_str(&out, "NextKey", next);
    json_add_int(&out, "Until", a->until);
    json_end_object(&out);
    ret_signed->text = arena_strn(arena, buf_str(&buf), buf.len);
    buf_deinit(&buf);
    envelope_sign(key, ret_signed->text, signature);
    ret_signed->signature = arena_str(arena, signature);
}

static bool take_key(const struct cJSON *json, const char *member,
                     unsigned char out[SIGN_PUBLIC_SIZE])
{
    const char *text = json_str(json, member);

    return text != NULL &&
           digest_unbase64url(text, strlen(text), out, SIGN_PUBLIC_SIZE) == SIGN_PUBLIC_SIZE;
}

static const char *odd_member(struct arena *arena, const struct cJSON *json, struct announcement *a)
{
    int64_t protocol = 0;

    a->store_id = arena_str(arena, json_str(json, "StoreId"));
    if (!json_int(json, "Announcement", &protocol) || protocol != PROTOCOL)
        return "Announcement";
    if (!names_is_uuid(a->store_id))
        return "StoreId";
    if (!json_int(json, "Number", &a->number) || a->number < 2 || a->number > NUMBER_MAX)
        return "Number";
    if (!take_key(json, "Key", a->key))
        return "Key";
    if (!take_key(json, "NextKey", a->next_key) || memcmp(a->key, a->next_key, sizeof(a->key)) == 0)
        return "NextKey";
    if (!json_int(json, "Until", &a->until) || a->until <= 0 || a->until > UNTIL_MAX)
        return "Until";
    return json_count(json) != 6 ? "a member" : NULL;
}

int announcement_parse(struct arena *arena, const char *text, struct announcement *ret_announcement,
                       struct err *err)
{
    const struct json_limits limits = {.depth = 1, .nodes = 32};
    struct announcement a = {.number = 0};
    struct cJSON *json = NULL;
    size_t len = strlen(text);
    const char *odd;
    int rc;

    if (len > ANNOUNCEMENT_MAX)
        return err_set(err, ERR_INVALID, "announcement: over %d bytes", ANNOUNCEMENT_MAX);
    rc = json_parse(text, len, &limits, &json, err);
    if (rc < 0)
        return err_wrap(err, "announcement");
    odd = json_is_object(json) ? odd_member(arena, json, &a) : "all of it";
    json_free(json);
    if (odd != NULL)
        return err_set(err, ERR_INVALID, "announcement: %s is odd", odd);
    *ret_announcement = a;
    return 0;
}

int announcement_verify(const struct announcement *a, const struct announcement_signed *s,
                        struct err *err)
{
    unsigned char raw[SIGN_SIGNATURE_SIZE];

    if (digest_unbase64(s->signature, strlen(s->signature), raw, sizeof(raw)) != (int)sizeof(raw) ||
        sign_verify(a->key, s->text, strlen(s->text), raw) < 0)
        return err_set(err, ERR_DENIED, "announcement: it is not signed by the key it speaks for");
    return 0;
}

/* Lists ------------------------------------------------------------------------------------------ */

void announcement_add_list(struct json_out *out, const char *key,
                           const struct announcement_signed *items, size_t n)
{
    if (n == 0)
        return;
    json_begin_array(out, key);
    for (size_t i = 0; i < n; i++) {
        json_begin_object(out, NULL);
        json_add_str(out, "Text", items[i].text);
        json_add_str(out, "Signature", items[i].signature);
        json_end_object(out);
    }
    json_end_array(out);
}

int announcement_list(struct arena *arena, const struct cJSON *object, const char *key,
                      struct announcement_signed **ret_items, size_t *ret_n, struct err *err)
{
    const struct cJSON *list = json_array(object, key);
    struct announcement_signed *items = arena_array(arena, ANNOUNCEMENTS_MAX, sizeof(*items));
    size_t n = 0;

    if (list == NULL && json_get(object, key) != NULL)
        return err_set(err, ERR_INVALID, "%s: a list is expected", key);
    for (const struct cJSON *i = json_first(list); i != NULL; i = json_next(i)) {
        if (n == ANNOUNCEMENTS_MAX || json_str(i, "Text") == NULL ||
            json_str(i, "Signature") == NULL)
            return err_set(err, ERR_INVALID, "%s: at most %d with Text and Signature are expected",
                           key, ANNOUNCEMENTS_MAX);
        items[n].text = arena_str(arena, json_str(i, "Text"));
        items[n++].signature = arena_str(arena, json_str(i, "Signature"));
    }
    *ret_items = items;
    *ret_n = n;
    return 0;
}
