/*
 * empty_store: makes the store that a first start begins with, at build time.
 *
 *   empty_store OUT.c FILE       struct embedded_file empty_store[1]: FILE, made by lib/store/schema.c, packed by zstd in
 *                                pieces of 32 KiB, which need no more memory than one of them to unpack
 *
 * The server would run every statement of migrations/ at its first start otherwise, for a third of that start. FILE is
 * left where it was made. The output depends on the migrations and on SQLite's version alone.
 */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "lib/base/file.h"
#include "lib/base/zip.h"
#include "lib/store/db.h"
#include "lib/store/schema.h"

#define FILE_MAX ((size_t)16 << 20)
#define PIECE ((size_t)32 << 10)

/* Each migration is said to be applied at 0; the first start puts its time there. */
static int make(const char *path, struct err *err)
{
    struct db *db = NULL;
    int rc;

    (void)unlink(path);
    if ((rc = file_write_atomic(path, "", 0, 0600, err)) == 0 &&
        (rc = db_open_draft(path, &db, err)) == 0 && (rc = schema_migrate(db, 0, err)) == 0)
        rc = db_end_draft(db, err);
    db_close(db);
    return rc;
}

static void print_piece(FILE *out, struct zip *zip, const char *bytes, size_t n, size_t *printed)
{
    size_t packed_len;
    char *packed = zip_compress(zip, bytes, n, &packed_len);

    for (size_t i = 0; i < packed_len; i++, ++*printed)
        fprintf(out, "%s%u,", *printed % 24 == 0 ? "\n" : "", (unsigned char)packed[i]);
    free(packed);
}

static int print(const char *path, const char *bytes, size_t n)
{
    FILE *out = fopen(path, "wb");
    struct zip *zip;
    size_t printed = 0;

    if (out == NULL)
        return -1;
    zip = zip_new();
    fprintf(out, "/* Made by cmake/empty_store.c. */\n#include \"lib/base/embed.h\"\n"
                 "static const unsigned char file[] = {");
    for (size_t at = 0; at < n; at += PIECE)
        print_piece(out, zip, bytes + at, n - at < PIECE ? n - at : PIECE, &printed);
    zip_free(zip);
    fprintf(out,
            "0};\nextern const struct embedded_file empty_store[];\n"
            "const struct embedded_file empty_store[] = {{\"empty_store\", file, %zu, 0, 0, 0}};\n",
            printed);
    return fclose(out);
}

int main(int argc, char **argv)
{
    struct err err = ERR_INIT;
    char *bytes = NULL;
    size_t n;
    int rc = 1;

    if (argc == 3 && make(argv[2], &err) == 0 &&
        file_read_all(argv[2], FILE_MAX, &bytes, &n, &err) == 0)
        rc = print(argv[1], bytes, n) == 0 ? 0 : 1;
    if (rc != 0)
        fprintf(stderr, "empty_store: %s\n", err.text[0] != '\0' ? err.text : "cannot be written");
    free(bytes);
    return rc;
}
