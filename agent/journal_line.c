/* journal_line: see journal_line.h. */
#include "agent/journal_line.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/base/digest.h"

static void check_of(const char *length, char out[9])
{
    char hex[DIGEST_HEX_SIZE];

    digest_sha256_hex(length, 8, hex);
    snprintf(out, 9, "%.8s", hex);
}

void journal_line_make(struct journal_line *line, const char *json, size_t len)
{
    char length[9], check[9], digest[DIGEST_HEX_SIZE];

    snprintf(length, sizeof(length), "%08zx", len);
    check_of(length, check);
    digest_sha256_hex(json, len, digest);
    line->len = len;
    line->size = (size_t)snprintf(line->text, sizeof(line->text), "%s %s %.16s %.*s\n", length,
                                  check, digest, (int)len, json);
}

/* Nothing but NULs from here on: a file system that had room for the line, but not its bytes. */
static bool rest_is_blank(FILE *file, const char *head, size_t n)
{
    int c;

    for (size_t i = 0; i < n; i++) {
        if (head[i] != '\0')
            return false;
    }
    while ((c = getc(file)) != EOF) {
        if (c != '\0')
            return false;
    }
    return true;
}

static enum journal_line_found damaged(const char **ret_wrong, const char *wrong)
{
    *ret_wrong = wrong;
    return JOURNAL_LINE_DAMAGED;
}

static enum journal_line_found ended(FILE *file, const char **ret_wrong)
{
    return ferror(file) ? damaged(ret_wrong, "it cannot be read") : JOURNAL_LINE_NONE;
}

enum journal_line_found journal_line_read(struct journal_line *line, FILE *file,
                                          const char **ret_wrong)
{
    char *head = line->text, *json = line->text + JOURNAL_LINE_HEAD;
    char check[9], digest[DIGEST_HEX_SIZE], length[9] = "";
    size_t len, got = fread(head, 1, JOURNAL_LINE_HEAD, file);

    if (got < JOURNAL_LINE_HEAD || (head[0] == '\0' && rest_is_blank(file, head, got)))
        return ended(file, ret_wrong);
    memcpy(length, head, 8);
    check_of(length, check);
    if (memcmp(head + 9, check, 8) != 0 || head[8] != ' ' || head[17] != ' ' || head[34] != ' ')
        return damaged(ret_wrong, "the head of a record has a wrong checksum");
    len = strtoul(length, NULL, 16);
    if (len > JOURNAL_LINE_JSON_MAX)
        return damaged(ret_wrong, "a record is too long");
    got = fread(json, 1, len + 1, file);
    if (got < len + 1)
        return ended(file, ret_wrong);
    digest_sha256_hex(json, len, digest);
    if (memcmp(head + 18, digest, 16) != 0 || json[len] != '\n')
        return damaged(ret_wrong, "a whole record has a wrong checksum");
    json[len + 1] = '\0';
    line->len = len;
    line->size = JOURNAL_LINE_HEAD + len + 1;
    return JOURNAL_LINE_WHOLE;
}
