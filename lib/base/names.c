/* names: see names.h. Sources: git-check-ref-format(1), RFC 9562 (UUID), GitHub's limits on names.
 */
#include "lib/base/names.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/digest.h"

bool names_is_hex(const char *s, size_t n)
{
    if (s == NULL || strlen(s) != n)
        return false;
    return strspn(s, "0123456789abcdef") == n;
}

bool names_is_zero_sha(const char *s)
{
    return s != NULL && strlen(s) == 40 && strspn(s, "0") == 40;
}

bool names_is_sha40(const char *s)
{
    return names_is_hex(s, 40) && !names_is_zero_sha(s);
}

static bool all_of(const char *s, size_t n, const char *more)
{
    for (size_t i = 0; i < n; i++)
        if (!isalnum((unsigned char)s[i]) && strchr(more, s[i]) == NULL)
            return false;
    return true;
}

bool names_is_repo(const char *s)
{
    const char *slash = s == NULL ? NULL : strchr(s, '/');
    size_t owner, name;

    if (slash == NULL)
        return false;
    owner = (size_t)(slash - s);
    name = strlen(slash + 1);
    if (owner < 1 || owner > 39 || !isalnum((unsigned char)s[0]) || !all_of(s, owner, "-_"))
        return false;
    if (name < 1 || name > 100 || slash[1] == '-' || !all_of(slash + 1, name, "-_."))
        return false;
    return strcmp(slash + 1, ".") != 0 && strcmp(slash + 1, "..") != 0;
}

bool names_is_branch(const char *s)
{
    size_t n = s == NULL ? 0 : strlen(s);

    if (n < 1 || n > 255 || s[0] == '-' || s[0] == '/' || s[0] == '.' || s[n - 1] == '/' ||
        s[n - 1] == '.' || strcmp(s, "@") == 0)
        return false;
    if (strstr(s, "..") || strstr(s, "//") || strstr(s, "@{") || strstr(s, "/.") ||
        strstr(s, ".lock/") || (n >= 5 && strcmp(s + n - 5, ".lock") == 0))
        return false;
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)s[i] <= 0x20 || s[i] == 0x7f || strchr("~^:?*[\\", s[i]) != NULL)
            return false;
    return true;
}

bool names_is_word(const char *s)
{
    size_t n = s == NULL ? 0 : strlen(s);

    return n >= 1 && n <= 64 && isalnum((unsigned char)s[0]) && all_of(s, n, "._-");
}

bool names_is_guid(const char *s)
{
    size_t n = s == NULL ? 0 : strlen(s);

    if (n < 1 || n > 128)
        return false;
    for (size_t i = 0; i < n; i++)
        if (s[i] <= 0x20 || s[i] >= 0x7f)
            return false;
    return true;
}

bool names_is_uuid(const char *s)
{
    if (s == NULL || strlen(s) != 36)
        return false;
    for (int i = 0; i < 36; i++) {
        bool dash = i == 8 || i == 13 || i == 18 || i == 23;
        if (dash ? s[i] != '-' : strchr("0123456789abcdef", s[i]) == NULL)
            return false;
    }
    return true;
}

bool names_is_host_id(const char *s)
{
    return s != NULL && strncmp(s, "mi-", 3) == 0 && names_is_hex(s + 3, 17);
}

bool names_is_machine_id(const char *s)
{
    return names_is_host_id(s) || (s != NULL && strncmp(s, "i-", 2) == 0 &&
                                   (names_is_hex(s + 2, 17) || names_is_hex(s + 2, 8)));
}

bool names_is_document(const char *s)
{
    const char *at = s == NULL ? NULL : strchr(s, '@');
    char name[65];
    size_t n = at == NULL ? 0 : (size_t)(at - s);

    if (n < 1 || n >= sizeof(name) || strlen(at + 1) < 1 || strlen(at + 1) > 6 ||
        strspn(at + 1, "0123456789") != strlen(at + 1))
        return false;
    memcpy(name, s, n);
    name[n] = '\0';
    return names_is_word(name);
}

static void uuid_text(unsigned char b[16], unsigned version, char out[NAMES_UUID_SIZE])
{
    char hex[33];

    b[6] = (unsigned char)((b[6] & 0x0f) | version << 4);
    b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
    digest_hex(b, 16, hex);
    snprintf(out, NAMES_UUID_SIZE, "%.8s-%.4s-%.4s-%.4s-%.12s", hex, hex + 8, hex + 12, hex + 16,
             hex + 20);
}

void names_uuid_new(char out[NAMES_UUID_SIZE])
{
    unsigned char b[16];

    digest_random(b, sizeof(b));
    uuid_text(b, 4, out);
}

void names_uuid_at(long long ms, char out[NAMES_UUID_SIZE])
{
    unsigned char b[16];

    digest_random(b, sizeof(b));
    for (int i = 0; i < 6; i++)
        b[i] = (unsigned char)(ms >> (8 * (5 - i)));
    uuid_text(b, 7, out);
}

void names_token_new(const char *prefix, char *out)
{
    unsigned char b[32];
    size_t n = strlen(prefix);

    digest_random(b, sizeof(b));
    memcpy(out, prefix, n);
    digest_base64url(b, sizeof(b), out + n);
}
