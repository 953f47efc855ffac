/*
 * story_shop: where most stories play: acme/shop with a stage at each merge and a production at 11:00 and 15:00
 * in Tokyo, a migrate job on batch hosts, and web hosts that take their turns.
 */
#ifndef SLIPWAY_TESTS_SUPPORT_STORY_SHOP_H
#define SLIPWAY_TESTS_SUPPORT_STORY_SHOP_H

#include "tests/support/story.h"

/* Repository, configuration and hosts (stage-1, batch-1, batch-2, web-1, web-2); r1 is seen. */
void story_shop(struct story *s);

/* Its configuration with another schedule for production, such as "at: [\"11:00\"]". */
const char *story_shop_config(struct story *s, const char *production);

#endif
