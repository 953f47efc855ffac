/* heap: see heap.h. */
#include "lib/base/heap.h"

#include <malloc.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#define LARGE (2 * 1024 * 1024)
#define FIRST ((size_t)1024 * 1024)

#ifndef MADV_POPULATE_WRITE
#define MADV_POPULATE_WRITE 23 /* Linux 5.14 */
#endif

void heap_begin(void)
{
    (void)mallopt(M_MMAP_THRESHOLD, LARGE);
    (void)mallopt(M_TRIM_THRESHOLD, LARGE);
}

void heap_populate(void)
{
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    char *first = malloc(FIRST);
    size_t before;

    if (first == NULL)
        return;
    before = page - (uintptr_t)first % page;
    (void)madvise(first + before, (FIRST - before) / page * page, MADV_POPULATE_WRITE);
    free(first);
}
