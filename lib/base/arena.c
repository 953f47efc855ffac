/* arena: see arena.h. Blocks of 8 KiB, or one of its own for a large request; a bump pointer. */
#include "lib/base/arena.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BLOCK 8192
#define ARENA_ALIGN 16

struct arena_block {
    struct arena_block *next;
    size_t size;
    _Alignas(ARENA_ALIGN) unsigned char bytes[];
};

void arena_init(struct arena *arena)
{
    *arena = (struct arena){.blocks = NULL};
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_deinit(struct arena *arena)
{
    if (arena == NULL)
        return;
    blocks_free(arena->blocks);
    arena_init(arena);
}

void arena_reset(struct arena *arena)
{
    struct arena_block *keep = arena->blocks;

    if (keep == NULL)
        return;
    blocks_free(keep->next);
    keep->next = NULL;
    arena->used = 0;
    if (keep->size > 16 * ARENA_BLOCK) {
        free(keep);
        arena->blocks = NULL;
    }
}

void *arena_alloc(struct arena *arena, size_t size)
{
    struct arena_block *block = arena->blocks;
    size_t need;
    void *p;

    if (size > SIZE_MAX / 2)
        abort();
    need = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (block == NULL || block->size - arena->used < need) {
        size_t room = need > ARENA_BLOCK ? need : ARENA_BLOCK;
        block = malloc(sizeof(*block) + room);
        if (block == NULL)
            abort();
        block->size = room;
        block->next = arena->blocks;
        arena->blocks = block;
        arena->used = 0;
    }
    p = block->bytes + arena->used;
    arena->used += need;
    memset(p, 0, need);
    return p;
}

void *arena_array(struct arena *arena, size_t n, size_t size)
{
    if (size != 0 && n > SIZE_MAX / size)
        abort();
    return arena_alloc(arena, n * size);
}

char *arena_str(struct arena *arena, const char *s)
{
    return s == NULL ? NULL : arena_strn(arena, s, strlen(s));
}

char *arena_strn(struct arena *arena, const char *s, size_t n)
{
    char *copy;

    if (n == SIZE_MAX)
        abort();
    copy = arena_alloc(arena, n + 1);
    if (n > 0)
        memcpy(copy, s, n);
    return copy;
}

char *arena_printf(struct arena *arena, const char *fmt, ...)
{
    va_list args;
    char *text;
    int n;

    va_start(args, fmt);
    n = vsnprintf(NULL, 0, fmt, args);
    va_end(args);
    if (n < 0)
        abort();
    text = arena_alloc(arena, (size_t)n + 1);
    va_start(args, fmt);
    vsnprintf(text, (size_t)n + 1, fmt, args);
    va_end(args);
    return text;
}

void *arena_grow(struct arena *arena, void *array, size_t n, size_t *cap, size_t size)
{
    size_t more = *cap == 0 ? 8 : *cap * 2;
    void *grown;

    if (n < *cap)
        return array;
    grown = arena_array(arena, more, size);
    if (n > 0)
        memcpy(grown, array, n * size);
    *cap = more;
    return grown;
}
