/*
 * empty_store: makes the store that a first start begins with, at build time.
 *
 *   empty_store OUT.c FILE       struct embedded_file empty_store[1]: FILE, made by lib/store/schema.c, packed by zstd
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

static int print(const char *path, const unsigned char *bytes, size_t n)
{
    FILE *out = fopen(path, "wb");

    if (out == NULL)
        return -1;
    fprintf(out, "/* Made by cmake/empty_store.c. */\n#include \"lib/base/embed.h\"\n"
                 "static const unsigned char file[] = {");
    for (size_t i = 0; i < n; i++)
        fprintf(out, "%s%u,", i % 24 == 0 ? "\n" : "", bytes[i]);
    fprintf(out,
            "0};\nextern const struct embedded_file empty_store[];\n"
            "const struct embedded_file empty_store[] = {{\"empty_store\", file, %zu, 0, 0, 0}};\n",
            n);
    return fclose(out);
}

int main(int argc, char **argv)
{
    struct zip *zip = zip_new();
    struct err err = ERR_INIT;
    char *bytes = NULL, *packed;
    size_t n, packed_len;
    int rc = 1;

    if (argc == 3 && make(argv[2], &err) == 0 &&
        file_read_all(argv[2], FILE_MAX, &bytes, &n, &err) == 0) {
        packed = zip_compress(zip, bytes, n, &packed_len);
        rc = print(argv[1], (const unsigned char *)packed, packed_len) == 0 ? 0 : 1;
        free(packed);
    }
    if (rc != 0)
        fprintf(stderr, "empty_store: %s\n", err.text[0] != '\0' ? err.text : "cannot be written");
    free(bytes);
    zip_free(zip);
    return rc;
}
