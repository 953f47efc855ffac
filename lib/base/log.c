#include "lib/base/log.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "lib/base/clock.h"
#include "lib/base/file.h"
#include "lib/base/json.h"
#include "lib/base/str.h"
#include "lib/base/timestamp.h"

#define LINE_MAX_BYTES 4096
#define TOKEN_MAX 512
#define TOKENS 8

static enum log_format format = LOG_TEXT;
static enum log_level least = LOG_NOTICE;

static const char *const names[] = {"debug", "notice", "warning", "error"};
static const char *const priorities[] = {"<7>", "<5>", "<4>", "<3>"}; /* journald's */

void log_init(enum log_format wanted, enum log_level level)
{
    if (wanted == LOG_AUTO)
        wanted = isatty(STDERR_FILENO) ? LOG_TEXT : LOG_LOGFMT;
    format = wanted;
    least = level;
}

static bool is_plain(const char *s)
{
    if (*s == '\0')
        return false;
    for (; *s != '\0'; s++)
        if (*s == ' ' || *s == '"' || *s == '=' || *s == '\\')
            return false;
    return true;
}

const char *log_token(const char *text)
{
    static _Thread_local char tokens[TOKENS][TOKEN_MAX];
    static _Thread_local unsigned next;
    char *out = tokens[next++ % TOKENS];
    struct arena arena;
    const char *clean;
    size_t used = 0;

    if (text == NULL)
        return "-";
    arena_init(&arena);
    clean = str_clean(&arena, text, strlen(text), TOKEN_MAX / 2 - 2);
    if (is_plain(clean)) {
        snprintf(out, TOKEN_MAX, "%s", clean);
    } else {
        out[used++] = '"';
        for (; *clean != '\0' && used < TOKEN_MAX - 3; clean++) {
            if (*clean == '"' || *clean == '\\')
                out[used++] = '\\';
            out[used++] = *clean;
        }
        out[used++] = '"';
        out[used] = '\0';
    }
    arena_deinit(&arena);
    return out;
}

void log_line(enum log_level level, const char *event, const char *fmt, ...)
{
    char at[TIMESTAMP_SIZE];
    char fields[LINE_MAX_BYTES];
    struct buf line;
    va_list args;

    if (level < least)
        return;
    va_start(args, fmt);
    vsnprintf(fields, sizeof(fields), fmt, args);
    va_end(args);
    timestamp_format(clock_now(clock_system()), at);
    buf_init(&line, 4 * LINE_MAX_BYTES);
    if (format == LOG_JSON) {
        struct json_out out;
        json_out_init(&out, &line);
        json_begin_object(&out, NULL);
        json_add_str(&out, "time", at);
        json_add_str(&out, "level", names[level]);
        json_add_str(&out, "event", event);
        json_add_str(&out, "fields", fields);
        json_end_object(&out);
    } else if (format == LOG_LOGFMT) {
        buf_addf(&line, "%stime=%s level=%s event=%s %s", priorities[level], at, names[level], event,
                 fields);
    } else {
        buf_addf(&line, "%.12s %-7s %-22s %s", at + 11, names[level], event, fields);
    }
    buf_addc(&line, '\n');
    (void)!file_write_fd(STDERR_FILENO, line.data, line.len);
    buf_deinit(&line);
}
