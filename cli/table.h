/*
 * table: rows of text in columns as wide as what stands in them (wcwidth: 冬 is two wide).
 *
 * Cells are cleaned: what came from outside cannot steer the terminal (T42).
 */
#ifndef SLIPWAY_CLI_TABLE_H
#define SLIPWAY_CLI_TABLE_H

#include <stddef.h>

#include "lib/base/arena.h"

#define TABLE_COLUMNS 8

struct table {
    struct arena *arena;
    size_t n_columns;
    int indent; /* blanks before each row */
    const char *(*rows)[TABLE_COLUMNS];
    size_t n, cap;
};

/* `heads`: n titles. */
void table_init(struct table *table, struct arena *arena, size_t n_columns,
                const char *const *heads);
/* One row; NULL cells are "-". */
void table_row(struct table *table, const char *const *cells);
/* Heads and rows; without a row it says so. */
void table_print(const struct table *table);

/* How many columns of a terminal the text takes. */
size_t table_width(const char *text);

#endif
