/* seal: see seal.h. */
#include "server/flow/seal.h"

#include "lib/base/arena.h"
#include "lib/ssm/envelope.h"
#include "server/flow/flow.h"
#include "server/flow/signer.h"
#include "server/flow/snapshot.h"

int seal_make(struct look *look, struct envelope *envelope, struct seal *ret_seal, struct err *err)
{
    char signature[ENVELOPE_SIGNATURE_SIZE];
    int rc;

    envelope->store_id = look->flow->store_id;
    if (*look->snapshot->redact_digest != '\0')
        envelope->redact_digest = look->snapshot->redact_digest;
    rc = envelope_make(look->arena, envelope, &ret_seal->text, err);
    if (rc < 0)
        return err_wrap(err, "envelope for %s", envelope->host);
    envelope_sign(signer_key(look->flow->signer), ret_seal->text, signature);
    ret_seal->signature = arena_str(look->arena, signature);
    return 0;
}
