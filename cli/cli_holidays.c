/* slipway holidays import, ls: Japan's holidays from a list, on the server. */
#include <iconv.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cli/cli_command.h"
#include "cli/cli_moved.h"
#include "cli/client.h"
#include "cli/table.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/err.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/calendar/ics_read.h"

#define PATH "/api/v1/holidays"
#define LOOKED_AT_MAX ((size_t)64 << 20) /* to say how large it is */
#define BODY_MAX (8u << 20)

/* The Cabinet Office of Japan publishes its list in Shift_JIS. NULL: it is not that either. */
static char *from_shift_jis(struct arena *arena, char *bytes, size_t len, size_t *ret_len)
{
    size_t size = 3 * len + 1, left = size - 1;
    char *text = arena_alloc(arena, size), *out = text, *in = bytes;
    iconv_t way = iconv_open("UTF-8", "CP932");
    bool whole;

    if (way == (iconv_t)-1)
        return NULL;
    whole = iconv(way, &in, &len, &out, &left) != (size_t)-1 && len == 0;
    iconv_close(way);
    *ret_len = size - 1 - left;
    return whole ? text : NULL;
}

/* 0, or the exit status. The text lies in the arena. */
static int read_list(struct arena *arena, const char *path, const char **ret_text, size_t *ret_len)
{
    struct err err = ERR_INIT;
    char *bytes = NULL, *text;
    size_t len = 0;
    int rc = file_read_all(path, LOOKED_AT_MAX, &bytes, &len, &err);

    if (rc < 0)
        return cli_command_error(rc == ERR_NOT_FOUND ? COMMAND_NO_SUCH : COMMAND_IO, NULL, "%s",
                                 err.text);
    if (len > ICS_READ_BYTES_MAX) {
        free(bytes);
        return cli_command_error(COMMAND_DATA, NULL,
                                 "%s has %zu MiB; at most %zu MiB are read. Take the years that "
                                 "you need; nothing was sent",
                                 path, len >> 20, ICS_READ_BYTES_MAX >> 20);
    }
    text = str_is_utf8(bytes, len) ? arena_strn(arena, bytes, len)
                                   : from_shift_jis(arena, bytes, len, &len);
    free(bytes);
    if (text == NULL)
        return cli_command_error(COMMAND_DATA, NULL, "%s is text neither in UTF-8 nor in Shift_JIS",
                                 path);
    *ret_text = text;
    *ret_len = len;
    return 0;
}

static size_t print_days(struct arena *arena, const struct cJSON *year, const char *key, char sign)
{
    size_t n = 0;

    for (const struct cJSON *d = json_first(json_array(year, key)); d != NULL; d = json_next(d)) {
        const char *name = json_str(d, "name");
        printf("  %c %s  %s\n", sign, json_str(d, "date"),
               name == NULL ? "" : str_clean(arena, name, strlen(name), 100));
        n++;
    }
    return n;
}

static void tell(struct arena *arena, const struct cJSON *answer)
{
    bool dry = false;

    json_bool(answer, "dry_run", &dry);
    printf("`holidays: jp` %s this list in:\n", dry ? "would follow" : "follows");
    for (const struct cJSON *y = json_first(json_array(answer, "years")); y != NULL;
         y = json_next(y)) {
        int64_t year = 0;
        json_int(y, "year", &year);
        printf("%" PRId64 "\n", year);
        if (print_days(arena, y, "added", '+') + print_days(arena, y, "removed", '-') == 0)
            printf("  the same days as before\n");
    }
}

int cli_holidays_import(struct invoke *invoke)
{
    bool dry = cli_command_flag(invoke, "--dry-run");
    struct client_answer answer;
    const char *text = NULL, *slash;
    struct json_out out;
    struct arena arena;
    struct buf body;
    size_t len = 0;
    int status = cli_command_options_end(invoke);

    if (status != 0)
        return status;
    arena_init(&arena);
    buf_init(&body, BODY_MAX);
    status = read_list(&arena, invoke->argv[0], &text, &len);
    if (status == 0) {
        slash = strrchr(invoke->argv[0], '/');
        json_out_init(&out, &body);
        json_begin_object(&out, NULL);
        json_add_str(&out, "source", slash != NULL ? slash + 1 : invoke->argv[0]);
        json_add_strn(&out, "list", text, len);
        json_end_object(&out);
        status = client_ask(invoke->client, "POST",
                            cli_moved_path(&arena, PATH, "dry-run", dry ? "1" : NULL),
                            buf_str(&body), &answer);
        if (status == 0) {
            if (invoke->json)
                printf("%s\n", answer.text);
            else
                tell(&arena, answer.json);
            client_answer_deinit(&answer);
        }
    }
    buf_deinit(&body);
    arena_deinit(&arena);
    return status;
}

int cli_holidays_ls(struct invoke *invoke)
{
    static const char *const heads[] = {"YEAR", "DAYS", "FROM", "BY", "IMPORTED"};
    struct client_answer answer;
    struct table table;
    struct arena arena;
    int status = cli_command_options_end(invoke);

    if (status == 0)
        status = client_ask(invoke->client, "GET", PATH, NULL, &answer);
    if (status != 0)
        return status;
    arena_init(&arena);
    table_init(&table, &arena, 5, heads);
    for (const struct cJSON *y = json_first(json_array(answer.json, "years")); y != NULL;
         y = json_next(y)) {
        int64_t year = 0, days = 0;
        json_int(y, "year", &year);
        json_int(y, "days", &days);
        {
            const char *cells[] = {arena_printf(&arena, "%" PRId64, year),
                                   arena_printf(&arena, "%" PRId64, days), json_str(y, "source"),
                                   json_str(y, "who"), json_str(y, "imported_at")};
            table_row(&table, cells);
        }
    }
    if (invoke->json)
        printf("%s\n", answer.text);
    else if (table.n == 1)
        printf("No list was imported: `holidays: jp` follows the rule.\n");
    else
        table_print(&table);
    client_answer_deinit(&answer);
    arena_deinit(&arena);
    return COMMAND_DONE;
}
