/*
 * content_reference: "{{ name }}" in the texts of a caller's document (ssm-wire.md 7.3). Pure.
 */
#ifndef SLIPWAY_LIB_SSM_CONTENT_REFERENCE_H
#define SLIPWAY_LIB_SSM_CONTENT_REFERENCE_H

#include <stdbool.h>
#include <stddef.h>

struct content_reference {
    const char *begin; /* at its first brace */
    const char *end;   /* behind its last one */
    const char *name;
    size_t len; /* of the name */
};

/* The first one at or behind `text`; false: there is none. */
bool content_reference_next(const char *text, struct content_reference *ret_reference);

/* Is the text nothing but one? Then its value keeps its type. */
bool content_reference_whole(const char *text, struct content_reference *ret_reference);

#endif
