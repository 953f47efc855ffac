#include "lib/store/db_list.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/arena.h"

int db_list(struct db_rows *rows, struct arena *arena, db_list_fill *fill, size_t size,
            void *ret_items, size_t *ret_n, struct err *err)
{
    char *items = NULL;
    size_t n = 0, cap = 0;
    int rc;

    while ((rc = db_next(rows, err)) > 0) {
        items = arena_grow(arena, items, n, &cap, size);
        fill(rows, arena, items + n++ * size);
    }
    db_end(rows);
    if (rc == 0) {
        memcpy(ret_items, &items, sizeof(items)); /* whatever pointer it is to the caller */
        *ret_n = n;
    }
    return rc;
}

int db_list_one(struct db_rows *rows, struct arena *arena, db_list_fill *fill, void *ret_item,
                struct err *err, const char *format, ...)
{
    int rc = db_next(rows, err);
    char text[256];
    va_list args;

    if (rc > 0)
        fill(rows, arena, ret_item);
    db_end(rows);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    va_start(args, format);
    vsnprintf(text, sizeof(text), format, args);
    va_end(args);
    return err_set(err, ERR_NOT_FOUND, "%s", text);
}

void db_list_text(struct db_rows *rows, struct arena *arena, void *item)
{
    *(const char **)item = db_text(rows, arena, 0);
}

void db_list_number(struct db_rows *rows, struct arena *arena, void *item)
{
    (void)arena;
    *(int64_t *)item = db_int(rows, 0);
}
