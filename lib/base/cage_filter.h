/*
 * cage_filter: what seccomp refuses, as the kernel takes it. cmake/cage_filters.c makes it of the names of system calls
 * when Slipway is built, for the machine that it is built for.
 */
#ifndef SLIPWAY_LIB_BASE_CAGE_FILTER_H
#define SLIPWAY_LIB_BASE_CAGE_FILTER_H

#include <linux/filter.h>

struct cage_filter {
    unsigned short len;
    const struct sock_filter *code;
};

extern const struct cage_filter cage_filter_server, cage_filter_keeper;

#endif
