/* right: what a person or machine may do (A4). Each right includes view and no other. */
#ifndef SLIPWAY_LIB_MODEL_RIGHT_H
#define SLIPWAY_LIB_MODEL_RIGHT_H

enum right {
    RIGHT_NONE, /* for routes that ask for nothing */
    RIGHT_VIEW,
    RIGHT_APPROVE_CONTENT,
    RIGHT_APPROVE_CODE,
    RIGHT_OPERATE,
    RIGHT_HOTFIX,
    RIGHT_ADMIN,
    RIGHT_COUNT
};
#define RIGHT_BIT(right) (1u << (right))
#define RIGHT_ALL ((1u << RIGHT_COUNT) - 2u) /* every bit but that of RIGHT_NONE */

const char *right_name(enum right right); /* as in the configuration: view, approve-content ... */
int right_from_name(const char *name);    /* enum right, or -1 */
/* The bits of a list such as "view,operate"; words that are none count for nothing. */
unsigned right_list_bits(const char *list);

#endif
