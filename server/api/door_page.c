/* door_page: see door_page.h. */
#include "server/api/door_page.h"

#include <string.h>

#include "lib/base/arena.h"
#include "lib/base/digest.h"
#include "lib/base/json.h"
#include "lib/base/secret.h"
#include "server/api/door.h"

#define MAC_SIZE 16
#define ARGUMENTS_MAX ((size_t)2 << 20) /* a request is far shorter */

void door_page_begin(struct buf *arguments)
{
    buf_init(arguments, ARGUMENTS_MAX);
}

/* With its length: no text of a caller can look like two pieces. */
void door_page_add(struct buf *arguments, char kind, const char *text)
{
    if (text == NULL)
        buf_addf(arguments, "%c-", kind);
    else
        buf_addf(arguments, "%c%zu:%s", kind, strlen(text), text);
}

const char *door_page_end(struct door_call *call, struct buf *arguments)
{
    const char *text = arena_strn(call->request->arena, buf_str(arguments), arguments->len);

    buf_deinit(arguments);
    return text;
}

static void mac_of(struct door_call *call, const char *arguments, const char *position,
                   unsigned char out[DIGEST_SIZE])
{
    static const char purpose[] = "next token";
    const struct secret *key = door_credential_key(call->door);
    struct digest_hmac *hmac = digest_hmac_new(secret_bytes(key), secret_len(key));
    const char *const parts[] = {purpose, call->operation->target, call->key.id, arguments,
                                 position};

    /* Each with its NUL: no part can flow into the next. */
    for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
        digest_hmac_add(hmac, parts[i], strlen(parts[i]) + 1);
    digest_hmac_final(hmac, out);
    digest_hmac_free(hmac);
}

const char *door_page_token(struct door_call *call, const char *arguments, const char *position)
{
    struct arena *arena = call->request->arena;
    size_t n = strlen(position);
    unsigned char *raw = arena_alloc(arena, MAC_SIZE + n);
    char *text = arena_alloc(arena, DIGEST_BASE64_SIZE(MAC_SIZE + n));
    unsigned char mac[DIGEST_SIZE];

    mac_of(call, arguments, position, mac);
    memcpy(raw, mac, MAC_SIZE);
    memcpy(raw + MAC_SIZE, position, n);
    (void)digest_base64url(raw, MAC_SIZE + n, text);
    return text;
}

bool door_page_position(struct door_call *call, const char *arguments, const char **ret_position)
{
    const struct cJSON *item = json_get(call->json, "NextToken");
    const char *text = json_string_value(item);
    unsigned char raw[DOOR_PAGE_TOKEN_MAX], mac[DIGEST_SIZE];
    const char *position;
    int n;

    *ret_position = "";
    if (item == NULL || (text != NULL && *text == '\0'))
        return true;
    if (text == NULL || strlen(text) > DOOR_PAGE_TOKEN_MAX)
        return false;
    n = digest_unbase64url(text, strlen(text), raw, sizeof(raw));
    if (n < MAC_SIZE || memchr(raw + MAC_SIZE, '\0', (size_t)n - MAC_SIZE) != NULL)
        return false;
    position = arena_strn(call->request->arena, (const char *)raw + MAC_SIZE, (size_t)n - MAC_SIZE);
    mac_of(call, arguments, position, mac);
    if (!digest_equal(mac, raw, MAC_SIZE))
        return false;
    *ret_position = position;
    return true;
}
