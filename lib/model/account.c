#include "lib/model/account.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "lib/base/str.h"

bool account_is_known(const struct account *account)
{
    return account->id != 0 || account->login != NULL;
}

bool account_same(const struct account *a, const struct account *b)
{
    if (a->id != 0 && b->id != 0)
        return a->id == b->id;
    return a->login != NULL && b->login != NULL && strcasecmp(a->login, b->login) == 0;
}

bool account_of_email(const char *email, char *login, size_t size, struct account *ret_account)
{
    const char *at = email != NULL ? strchr(email, '@') : NULL;
    const char *plus = at != NULL ? memchr(email, '+', (size_t)(at - email)) : NULL;
    const char *name = plus != NULL ? plus + 1 : email;
    char number[24];
    int64_t id = 0;

    if (at == NULL || strcasecmp(at, "@users.noreply.github.com") != 0 || at == name ||
        (size_t)(at - name) >= size)
        return false;
    if (plus != NULL) {
        if ((size_t)(plus - email) >= sizeof(number))
            return false;
        snprintf(number, sizeof(number), "%.*s", (int)(plus - email), email);
        if (str_parse_int64(number, &id) < 0 || id <= 0)
            return false;
    }
    snprintf(login, size, "%.*s", (int)(at - name), name);
    *ret_account = (struct account){id, login};
    return true;
}
