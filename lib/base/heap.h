/*
 * heap: how malloc of a server holds its memory.
 */
#ifndef SLIPWAY_LIB_BASE_HEAP_H
#define SLIPWAY_LIB_BASE_HEAP_H

/* Before the first thread. What is up to two megabytes large lies on the heap and is used again: memory from the kernel
 * costs a fault for each page, and a body of a megabyte took longer to have a place than to be verified. What is larger
 * goes back at once, and what is free at the end of the heap above as much; glibc would raise both limits after the first
 * large one and keep what it was given back, and after a flood the server stayed five times as large. */
void heap_begin(void);

/* The first megabyte in one call: a start touches all of it, page by page. Behind a fork, which would make each of the
 * pages one to be copied. Where the kernel does not know how, nothing happens. */
void heap_populate(void);

#endif
