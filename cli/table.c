#include "cli/table.h"

#include <stdio.h>
#include <string.h>
#include <wchar.h>

#include "lib/base/str.h"

#define CELL_MAX 160

size_t table_width(const char *text)
{
    size_t n = strlen(text), width = 0;

    for (size_t i = 0; i < n;) {
        uint32_t code = 0;
        size_t len = str_utf8_at(text + i, n - i, &code);
        int w = wcwidth((wchar_t)code);
        width += w > 0 ? (size_t)w : (size_t)(w < 0);
        i += len == 0 ? 1 : len;
    }
    return width;
}

void table_init(struct table *table, struct arena *arena, size_t n_columns,
                const char *const *heads)
{
    *table = (struct table){.arena = arena, .n_columns = n_columns};
    table_row(table, heads);
}

void table_row(struct table *table, const char *const *cells)
{
    const char **row = *ARENA_PUSH(table->arena, table->rows, table->n, table->cap);

    for (size_t i = 0; i < table->n_columns; i++)
        row[i] = cells[i] == NULL || cells[i][0] == '\0'
                     ? "-"
                     : str_clean(table->arena, cells[i], strlen(cells[i]), CELL_MAX);
}

void table_print(const struct table *table)
{
    size_t widths[TABLE_COLUMNS] = {0};

    for (size_t r = 0; r < table->n; r++)
        for (size_t i = 0; i < table->n_columns; i++)
            if (table_width(table->rows[r][i]) > widths[i])
                widths[i] = table_width(table->rows[r][i]);
    for (size_t r = 0; r < table->n; r++) {
        printf("%*s", table->indent, "");
        for (size_t i = 0; i < table->n_columns; i++) {
            size_t pad =
                i + 1 < table->n_columns ? widths[i] - table_width(table->rows[r][i]) + 2 : 0;
            printf("%s%*s", table->rows[r][i], (int)pad, "");
        }
        putchar('\n');
    }
    if (table->n == 1)
        printf("%*s(none)\n", table->indent, "");
}
