/*
 * arena: memory that is given back all at once.
 *
 * One arena belongs to one step or one request; what is allocated from it lives until the arena is
 * reset or emptied. Allocation never returns NULL: if the system has no memory the process aborts
 * and its supervisor starts it again (style.md, Memory). Not for two threads at once.
 */
#ifndef SLIPWAY_LIB_BASE_ARENA_H
#define SLIPWAY_LIB_BASE_ARENA_H

#include <stddef.h>

struct arena_block;

struct arena {
    struct arena_block *blocks; /* newest first */
    size_t used;                /* bytes taken from the newest */
};

void arena_init(struct arena *arena);
void arena_deinit(struct arena *arena); /* accepts zeroed memory */
void arena_reset(struct arena *arena);  /* gives all back, keeps one block for the next round */

/* Zeroed, aligned to 16. A size of 0 gives a pointer that must not be read. */
void *arena_alloc(struct arena *arena, size_t size);
/* `n` elements of `size` bytes; aborts if the product overflows. */
void *arena_array(struct arena *arena, size_t n, size_t size);
char *arena_str(struct arena *arena, const char *s);            /* NULL gives NULL */
char *arena_strn(struct arena *arena, const char *s, size_t n); /* n bytes and a NUL */
char *arena_printf(struct arena *arena, const char *fmt, ...) __attribute__((format(printf, 2, 3)));

/* Room for one more element: `array` grows by doubling (the old copy stays in the arena), `n` is
 * raised, the new element is zeroed and its address is the value. `cap` starts at 0. */
#define ARENA_PUSH(arena, array, n, cap)                                                           \
    ((array) = arena_grow((arena), (array), (n), &(cap), sizeof(*(array))), &(array)[(n)++])

void *arena_grow(struct arena *arena, void *array, size_t n, size_t *cap, size_t size);

#endif
