#include "lib/model/account.h"

#include <stddef.h>
#include <strings.h>

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
