/*
 * embed: makes C of files at build time.
 *
 *   embed files      ARRAY FOLDER OUT FILE...    struct embedded_file ARRAY[] and size_t n_ARRAY
 *   embed files-gzip ARRAY FOLDER OUT FILE...    the same with a gzipped copy beside
 *   embed messages   TSV OUT.c OUT.js            texts: a C table and a JavaScript module
 *
 * Run by the build alone (CMakeLists.txt), one process per output. Names are relative to FOLDER (a generated
 * file: its own name), sorted. The output depends on the input alone. A message without a text, or whose
 * texts have unequal {placeholders}, fails the build.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/evp.h>
#include <zlib.h>

struct bytes {
    unsigned char *p;
    size_t n;
};

static void die(const char *what, const char *which)
{
    fprintf(stderr, "embed: %s: %s\n", which, what);
    exit(1);
}

static struct bytes read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct bytes b = {NULL, 0};
    size_t cap = 1 << 16, got;

    if (f == NULL)
        die("cannot be read", path);
    b.p = malloc(cap);
    while (b.p != NULL && (got = fread(b.p + b.n, 1, cap - b.n, f)) > 0)
        if ((b.n += got) == cap)
            b.p = realloc(b.p, cap *= 2);
    if (b.p == NULL)
        die("no memory", path);
    fclose(f);
    return b;
}

static struct bytes gzip(struct bytes in)
{
    struct bytes out = {NULL, 0};
    z_stream z = {.next_in = in.p, .avail_in = (uInt)in.n};

    if (deflateInit2(&z, 9, Z_DEFLATED, 15 + 16, 9, Z_DEFAULT_STRATEGY) != Z_OK)
        die("zlib", "gzip");
    out.n = deflateBound(&z, in.n);
    out.p = malloc(out.n);
    z.next_out = out.p;
    z.avail_out = (uInt)out.n;
    if (out.p == NULL || deflate(&z, Z_FINISH) != Z_STREAM_END)
        die("zlib", "gzip");
    out.n = z.total_out;
    deflateEnd(&z);
    return out;
}

static void print_bytes(FILE *out, const char *name, size_t i, struct bytes b)
{
    fprintf(out, "static const unsigned char %s_%zu[] = {", name, i);
    for (size_t k = 0; k < b.n; k++)
        fprintf(out, "%s%u,", k % 24 == 0 ? "\n" : "", b.p[k]);
    fprintf(out, "0};\n");
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static const char *relative(const char *path, const char *folder)
{
    size_t n = strlen(folder);
    const char *slash = strrchr(path, '/');

    if (strncmp(path, folder, n) == 0 && path[n] == '/')
        return path + n + 1;
    return slash == NULL ? path : slash + 1;
}

static void embed_files(bool zipped, const char *array, const char *folder, const char *path,
                        char **files, size_t n)
{
    FILE *out = fopen(path, "wb");
    size_t *lengths = calloc(n + 1, sizeof(*lengths)), *zlengths = calloc(n + 1, sizeof(*zlengths));
    char(*sha)[65] = calloc(n + 1, sizeof(*sha));

    if (out == NULL || lengths == NULL || zlengths == NULL || sha == NULL)
        die("cannot be written", path);
    qsort(files, n, sizeof(*files), by_name);
    fprintf(out, "/* Made by cmake/embed.c. */\n#include \"lib/base/embed.h\"\n");
    for (size_t i = 0; i < n; i++) {
        struct bytes b = read_file(files[i]);
        unsigned char digest[32];
        print_bytes(out, "file", i, b);
        lengths[i] = b.n;
        EVP_Digest(b.p, b.n, digest, NULL, EVP_sha256(), NULL);
        for (int k = 0; k < 32; k++)
            snprintf(sha[i] + 2 * k, 3, "%02x", digest[k]);
        if (zipped) {
            struct bytes z = gzip(b);
            print_bytes(out, "gzip", i, z);
            zlengths[i] = z.n;
            free(z.p);
        }
        free(b.p);
    }
    fprintf(out, "extern const struct embedded_file %s[];\nextern const size_t n_%s;\n", array,
            array);
    fprintf(out, "const struct embedded_file %s[] = {\n", array);
    for (size_t i = 0; i < n; i++) {
        fprintf(out, "    {\"%s\", file_%zu, %zu, ", relative(files[i], folder), i, lengths[i]);
        if (zipped)
            fprintf(out, "gzip_%zu, %zu, \"%s\"},\n", i, zlengths[i], sha[i]);
        else
            fprintf(out, "0, 0, \"%s\"},\n", sha[i]);
    }
    fprintf(out, "    {0, 0, 0, 0, 0, 0}};\nconst size_t n_%s = %zu;\n", array, n);
    if (fclose(out) != 0)
        die("cannot be written", path);
    free(lengths);
    free(zlengths);
    free(sha);
}

/* The {names} of a text, sorted, joined; two texts of one message must have the same. */
static void placeholders(const char *key, const char *text, char *out, size_t size)
{
    char *found[16];
    size_t n = 0, used = 0;

    for (const char *p = text; (p = strchr(p, '{')) != NULL; p++) {
        size_t len = strspn(p + 1, "abcdefghijklmnopqrstuvwxyz_");
        if (len == 0 || p[1 + len] != '}' || n == sizeof(found) / sizeof(*found))
            die("a {placeholder} is small letters in braces, at most 16", key);
        found[n++] = strndup(p, len + 2);
    }
    qsort(found, n, sizeof(*found), by_name);
    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(found[i]);
        bool repeated = i > 0 && strcmp(found[i], found[i - 1]) == 0;
        if (used + len >= size)
            die("its placeholders are too long", key);
        if (!repeated)
            used += (size_t)sprintf(out + used, "%s", found[i]);
    }
    for (size_t i = 0; i < n; i++)
        free(found[i]);
}

/* A string of C or JavaScript; "\?" keeps trigraphs away and means the same in both. */
static void quote(FILE *out, const char *text)
{
    fputc('"', out);
    for (; *text != '\0'; text++) {
        if (strchr("\"\\?", *text) != NULL)
            fputc('\\', out);
        fputc(*text, out);
    }
    fputc('"', out);
}

/* One row: key, tab, en, tab, ja, all there, both texts with the same placeholders. */
static void embed_message(FILE *c, FILE *js, char *key)
{
    char *en = strchr(key, '\t'), *ja = en == NULL ? NULL : strchr(en + 1, '\t');
    char of_en[512], of_ja[512];

    if (ja == NULL || en == key || ja == en + 1 || ja[1] == '\0' || strpbrk(ja + 1, "\t\r") != NULL)
        die("a row needs key, en and ja", key);
    *en++ = '\0';
    *ja++ = '\0';
    if (key[strspn(key, "abcdefghijklmnopqrstuvwxyz0123456789.-_")] != '\0')
        die("a key has small letters, digits, dots and dashes", key);
    placeholders(key, en, of_en, sizeof(of_en));
    placeholders(key, ja, of_ja, sizeof(of_ja));
    if (strcmp(of_en, of_ja) != 0)
        die("en and ja have different {placeholders}", key);
    fprintf(c, "    {\"%s\", {", key);
    quote(c, en);
    fprintf(c, ", ");
    quote(c, ja);
    fprintf(c, "}},\n");
    fprintf(js, "  \"%s\": [", key);
    quote(js, en);
    fprintf(js, ", ");
    quote(js, ja);
    fprintf(js, "],\n");
}

static void embed_messages(const char *tsv, const char *c_path, const char *js_path)
{
    struct bytes b = read_file(tsv);
    FILE *c = fopen(c_path, "wb"), *js = fopen(js_path, "wb");
    char *rows[2000], *save = NULL, *line;
    size_t n = 0;

    b.p = realloc(b.p, b.n + 1);
    if (c == NULL || js == NULL || b.p == NULL)
        die("cannot be written", c_path);
    b.p[b.n] = '\0';
    line = strtok_r((char *)b.p, "\n", &save);
    if (line == NULL || strcmp(line, "key\ten\tja") != 0)
        die("its first line must be key, en, ja", tsv);
    while ((line = strtok_r(NULL, "\n", &save)) != NULL) {
        if (n == sizeof(rows) / sizeof(*rows))
            die("too many rows", tsv);
        rows[n++] = line;
    }
    qsort(rows, n, sizeof(*rows), by_name); /* by key too: a tab sorts before what a key may hold */
    fprintf(c, "/* Made by cmake/embed.c from web/messages.tsv. */\n"
               "#include \"lib/model/messages.h\"\n"
               "const struct message messages[] = {\n");
    fprintf(js, "// Made from web/messages.tsv: key, [en, ja].\nexport const messages = {\n");
    for (size_t i = 0; i < n; i++) {
        embed_message(c, js, rows[i]);
        if (i > 0 && strcmp(rows[i - 1], rows[i]) == 0)
            die("the key stands there twice", rows[i]);
    }
    fprintf(c, "};\nconst size_t n_messages = %zu;\n", n);
    fprintf(js, "};\n");
    if (fclose(c) != 0 || fclose(js) != 0)
        die("cannot be written", c_path);
    free(b.p);
}

int main(int argc, char **argv)
{
    if (argc == 5 && strcmp(argv[1], "messages") == 0)
        embed_messages(argv[2], argv[3], argv[4]);
    else if (argc >= 5 && strncmp(argv[1], "files", 5) == 0)
        embed_files(strcmp(argv[1], "files-gzip") == 0, argv[2], argv[3], argv[4], argv + 5,
                    (size_t)argc - 5);
    else
        die("see the head of cmake/embed.c", "usage");
    return 0;
}
