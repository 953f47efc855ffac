#include "lib/model/delivery.h"

#include "lib/base/digest.h"

const struct state_entry delivery_states[DELIVERY_STATES_COUNT] = {DELIVERY_STATES(STATES_ENTRY)};

const char *const delivery_origins[DELIVERY_ORIGINS_COUNT] = {"sent", "fetched", "looked-up"};

void delivery_mark(const void *body, size_t n, char ret_mark[DELIVERY_MARK_SIZE])
{
    unsigned char digest[DIGEST_SIZE];

    digest_sha256(body, n, digest);
    digest_hex(digest, (DELIVERY_MARK_SIZE - 1) / 2, ret_mark);
}
