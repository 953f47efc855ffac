/*
 * content_types: does a document have the types with which Amazon's agent reads it?
 *
 * It reads the whole document at once, and one member of another type costs all of it: "timeoutSeconds": "600" beside a
 * step's inputs, where it takes a number. content_parse() reads only what is used here; so this is asked before a document
 * is kept, and not when a host has it. What stands in `inputs`, `properties` and `default` may be anything. Pure.
 */
#ifndef SLIPWAY_LIB_SSM_CONTENT_TYPES_H
#define SLIPWAY_LIB_SSM_CONTENT_TYPES_H

#include <stddef.h>

#include "lib/base/err.h"

/* Of one that content_parse() took. ERR_INVALID names the member. */
int content_types_check(const char *text, size_t len, struct err *err);

#endif
