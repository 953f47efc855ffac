/* old_journal: see old_journal.h. */
#include "tests/support/old_journal.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "agent/journal_line.h"

void old_journal_command(int64_t i, char id[NAMES_UUID_SIZE])
{
    snprintf(id, NAMES_UUID_SIZE, "00000000-0000-4000-8000-%012llx",
             (unsigned long long)i & 0xffffffffffff);
}

static void put(FILE *file, const char *json)
{
    struct journal_line line;

    journal_line_make(&line, json, strlen(json));
    assert_int_equal(fwrite(line.text, 1, line.size, file), line.size);
}

static void put_record(struct old_journal *j, FILE *file, time_ms at, const char *id,
                       const char *rest)
{
    char json[1024], when[TIMESTAMP_SIZE];

    timestamp_format(at, when);
    snprintf(json, sizeof(json), "{\"number\":%lld,\"at\":\"%s\",\"command\":\"%s\",%s}",
             (long long)++j->number, when, id, rest);
    put(file, json);
}

static FILE *open_it(const struct old_journal *j)
{
    char path[256];
    FILE *file;
    int fd;

    snprintf(path, sizeof(path), "%s/journal", j->state);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    file = fd < 0 ? NULL : fdopen(fd, "a");
    assert_non_null(file);
    return file;
}

void old_journal_forgot(struct old_journal *j, time_ms until)
{
    char json[512], when[TIMESTAMP_SIZE];
    FILE *file = open_it(j);

    timestamp_format(until, when);
    j->number = 4711;
    snprintf(
        json, sizeof(json),
        "{\"number\":4711,\"kind\":\"journal\",\"id\":\"11111111-1111-4111-8111-111111111111\","
        "\"anew\":true,\"forgotten_until\":\"%s\"}",
        when);
    put(file, json);
    put(file, "{\"number\":4711,\"kind\":\"end-of-kept\",\"lines\":0}");
    assert_int_equal(fclose(file), 0);
}

static void begin(struct old_journal *j, FILE *file)
{
    if (j->number != 0)
        return;
    j->number = 1;
    put(file, "{\"number\":1,\"at\":\"2026-01-01T00:00:00Z\",\"kind\":\"journal\","
              "\"id\":\"11111111-1111-4111-8111-111111111111\"}");
}

void old_journal_add_cancelled(struct old_journal *j, int64_t first, int64_t n, time_ms at)
{
    char id[NAMES_UUID_SIZE];
    FILE *file = open_it(j);

    begin(j, file);
    for (int64_t i = first; i < first + n; i++) {
        old_journal_command(i, id);
        put_record(j, file, at, id, "\"kind\":\"declined\",\"why\":\"cancelled before it began\"");
        put_record(j, file, at, id,
                   "\"kind\":\"reported\",\"acknowledged\":8,"
                   "\"why\":\"cancelled before it began\"");
    }
    assert_int_equal(fclose(file), 0);
}

void old_journal_add(struct old_journal *j, int64_t first, int64_t n, time_ms at)
{
    char id[NAMES_UUID_SIZE], start_by[TIMESTAMP_SIZE], rest[512], database[128];
    FILE *file = open_it(j);

    begin(j, file);
    for (int64_t i = first; i < first + n; i++, at += j->step_ms) {
        old_journal_command(i, id);
        timestamp_format(at + 60000, start_by);
        snprintf(database, sizeof(database), j->database != NULL ? "\"%s\"" : "null", j->database);
        snprintf(
            rest, sizeof(rest),
            "\"kind\":\"accepted\",\"envelope\":\"11cfe4a711cfe4a711cfe4a711cfe4a711cfe4a711cfe4a711cfe4a711cfe4a7\","
            "\"database\":%s,\"epoch\":%lld,\"start_by\":\"%s\"",
            database, (long long)(j->database != NULL ? i + 1 : 0), start_by);
        put_record(j, file, at, id, rest);
        put_record(j, file, at, id,
                   "\"kind\":\"asking\",\"nonce\":\"22222222-2222-4222-8222-222222222222\"");
        put_record(
            j, file, at, id,
            "\"kind\":\"started\",\"boot\":\"33333333-3333-4333-8333-333333333333\",\"pid\":21625,\"pid_started\":1505979");
        put_record(
            j, file, at, id,
            "\"kind\":\"finished\",\"status\":\"Success\",\"exit_code\":0,\"ended_at\":\"2026-01-01T00:00:00Z\"");
        put_record(j, file, at, id, "\"kind\":\"reported\",\"acknowledged\":8,\"why\":null");
    }
    assert_int_equal(fclose(file), 0);
}
