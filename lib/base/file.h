/*
 * file: whole small files, folders and locks, safely: what is written is synced, and so is the
 * folder that names it; what is read is bounded. Any thread. A failed sync is an error that the
 * caller must not answer by trying again: nobody knows what is on the disk.
 */
#ifndef SLIPWAY_LIB_BASE_FILE_H
#define SLIPWAY_LIB_BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "lib/base/err.h"

/* The whole file, the caller's to free(), with a NUL behind it. ERR_NOT_FOUND, ERR_INVALID if it
 * has more than `max` bytes, ERR_DENIED. */
int file_read_all(const char *path, size_t max, char **ret_bytes, size_t *ret_len, struct err *err);

/* Replace `path` in one step: temporary file beside it, sync, rename, sync of the folder. After a
 * crash there is the old file or the new one, and perhaps a `path.new.*` that nobody reads. */
int file_write_atomic(const char *path, const void *bytes, size_t n, mode_t mode, struct err *err);

/* Like mkdir -p; every folder that is made gets exactly `mode`, whatever the umask, and is synced
 * into its parent. Folders that exist are left as they are. ERR_INVALID if the last one is no
 * folder. */
int file_mkdirs(const char *path, mode_t mode, struct err *err);

/* Make names in that folder durable: what was made, renamed or removed. */
int file_sync_dir(const char *path, struct err *err);

/* Hold an exclusive lock until the descriptor is closed (by the last process that inherited it).
 * ERR_BUSY: somebody else has it. The file is made 0600 and stays. */
int file_lock(const char *path, int *ret_fd, struct err *err);

/* Is it a folder of ours that nobody else can write, or with `is_private` even read? ERR_DENIED
 * says how to mend it. */
int file_check_dir(const char *path, bool is_private, struct err *err);

/* All of it, over short writes and signals. Negative errno. */
int file_write_fd(int fd, const void *bytes, size_t n);

/* The folder that a path names its last part in: "/a" of "/a/b", "." of "b". */
void file_folder(const char *path, char *out, size_t size);

#endif
