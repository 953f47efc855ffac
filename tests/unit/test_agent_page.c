/*
 * docs/agent-protocol.md names what is there: every operation of the door and no other, every state of a reply,
 * every kind of record in a host's journal, the protocol's number.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "agent/agent_journal.h"
#include "lib/base/file.h"
#include "lib/ssm/envelope.h"
#include "lib/ssm/message_reply.h"

#define PAGE SLIPWAY_SOURCE_DIR "/docs/agent-protocol.md"
#define DOOR SLIPWAY_SOURCE_DIR "/server/api/door.c"
#define FILE_MAX (1024 * 1024)

static char *read_text(const char *path)
{
    char *text = NULL;
    size_t len;

    if (file_read_all(path, FILE_MAX, &text, &len, NULL) < 0)
        fail_msg("%s cannot be read", path);
    return text;
}

static void expect(const char *page, const char *name)
{
    if (strstr(page, name) == NULL)
        fail_msg("docs/agent-protocol.md does not have %s", name);
}

/* The table of the door: SSM("RegisterManagedInstance"), MDS("GetMessages"), OURS("Observe"). */
static const struct {
    const char *macro;
    const char *family;
} families[] = {{" {SSM(\"", "AmazonSSM"},
                {" {MDS(\"", "EC2WindowsMessageDeliveryService"},
                {" {OURS(\"", "Slipway"}};

static size_t operations_of(const char *door, size_t family, const char *page)
{
    size_t n = 0;

    for (const char *p = door; (p = strstr(p, families[family].macro)) != NULL; n++) {
        char name[128];
        p += strlen(families[family].macro);
        (void)snprintf(name, sizeof(name), "`%s.%.*s`", families[family].family,
                       (int)strcspn(p, "\""), p);
        expect(page, name);
    }
    return n;
}

/* Operations in the first column of the page's table. */
static size_t operations_told(const char *page)
{
    const char *end = strstr(page, "\nAny other target");
    char name[64];
    size_t n = 0;

    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
        (void)snprintf(name, sizeof(name), "`%s.", families[i].family);
        for (const char *p = strstr(page, "\n## Operations");
             p != NULL && (p = strstr(p, name)) != NULL && p < end; p += strlen(name))
            n++;
    }
    return n;
}

static void every_operation_of_the_door_is_told_and_no_other(void **state)
{
    char *page = read_text(PAGE);
    char *door = read_text(DOOR);
    size_t n = 0;

    (void)state;
    for (size_t i = 0; i < sizeof(families) / sizeof(families[0]); i++)
        n += operations_of(door, i, page);
    assert_true(n > 10); /* the table was found */
    assert_int_equal(operations_told(page), n);
    free(door);
    free(page);
}

static void every_state_and_record_is_told(void **state)
{
    char *page = read_text(PAGE);
    char row[80];

    (void)state;
    for (int i = MESSAGE_REPLY_OTHER + 1; i < MESSAGE_REPLY_STATES_COUNT; i++) {
        (void)snprintf(row, sizeof(row), "\n| `%s` | ",
                       message_reply_state_text((enum message_reply_state)i));
        expect(page, row);
    }
    for (int i = AGENT_JOURNAL_NONE + 1; i < AGENT_JOURNAL_KINDS_COUNT; i++) {
        (void)snprintf(row, sizeof(row), "\n| `%s` | ",
                       agent_journal_kind_text((enum agent_journal_kind)i));
        expect(page, row);
    }
    (void)snprintf(row, sizeof(row), "Protocol version: **%d**", ENVELOPE_PROTOCOL);
    expect(page, row);
    free(page);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_operation_of_the_door_is_told_and_no_other),
        cmocka_unit_test(every_state_and_record_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
