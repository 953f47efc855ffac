#include "server/flow/redaction.h"

#include <stdio.h>
#include <string.h>

#include "lib/ssm/envelope.h"
#include "lib/store/store_config.h"

#define MEMBER "\"RedactDigest\"" /* inside of a value its quotes have backslashes */

bool redaction_is_named(const char *envelope)
{
    return strstr(envelope, MEMBER) != NULL;
}

/* Without reading the whole envelope again. */
static bool is_known(const struct redaction *known, const char *envelope)
{
    char member[sizeof(MEMBER) + 2 + sizeof(known->digest)];

    if (*known->digest == '\0')
        return false;
    snprintf(member, sizeof(member), MEMBER ":\"%s\"", known->digest);
    return strstr(envelope, member) != NULL;
}

int redaction_find(struct db *db, struct arena *arena, const char *envelope,
                   struct redaction *known, const char **ret_text, struct err *err)
{
    struct envelope e;
    int rc;

    *ret_text = NULL;
    if (!redaction_is_named(envelope))
        return 0;
    if (!is_known(known, envelope)) {
        *known = (struct redaction){.text = NULL};
        rc = envelope_parse(arena, envelope, strlen(envelope), &e, err);
        if (rc < 0 || e.redact_digest == NULL)
            return rc;
        rc = store_config_redaction(db, arena, e.redact_digest, &known->text, err);
        if (rc < 0)
            return rc;
        snprintf(known->digest, sizeof(known->digest), "%s", e.redact_digest);
    }
    *ret_text = known->text;
    return 0;
}
