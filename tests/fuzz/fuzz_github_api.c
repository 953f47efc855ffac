/* github_api: answers of GitHub's, whatever comes; a read account is one that a path can be made of. */
#include <assert.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "lib/base/json.h"
#include "lib/github/github_api.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct github_api_account account = {.id = 0};
    struct cJSON *json = NULL;
    struct err err = ERR_INIT;
    bool member = false;

    if (json_parse((const char *)bytes, len, NULL, &json, &err) < 0)
        return 0;
    if (github_api_read_account(json, &account, &err) == 0) {
        assert(account.id > 0 && account.login[0] != '\0');
        assert(strpbrk(account.login, "/?#%.\r\n ") == NULL);
    }
    (void)github_api_read_membership(json, &member, &err);
    json_free(json);
    return 0;
}
