/* disk: deliveries are refused before the disk is full, and it is said by doctor and page. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "lib/base/digest.h"
#include "server/api/disk.h"
#include "tests/support/raw_http.h"
#include "tests/support/stop_room.h"

#define MIB ((uint64_t)1 << 20)

static void it_is_low_below_what_is_needed_and_until_there_is_more(void **state)
{
    (void)state;
    assert_false(disk_judge(256 * MIB, 256 * MIB, false));
    assert_true(disk_judge(256 * MIB - 1, 256 * MIB, false));
    assert_true(disk_judge(0, 256 * MIB, false));
    assert_true(disk_judge(256 * MIB, 256 * MIB, true)); /* not on and off at the border */
    assert_true(disk_judge(320 * MIB - 1, 256 * MIB, true));
    assert_false(disk_judge(320 * MIB, 256 * MIB, true));
}

static void a_folder_that_is_not_there_is_not_low(void **state)
{
    struct disk *disk = disk_new("/nonexistent/folder", UINT64_MAX);

    (void)state;
    assert_false(disk_look(disk, 1000).low);
    assert_false(disk_look(NULL, 1000).low);
    disk_free(disk);
}

static void the_file_system_is_asked_once_a_second(void **state)
{
    struct disk *disk = disk_new("/", UINT64_MAX);

    (void)state;
    assert_true(disk_look(disk, 1000).low);
    assert_true(disk_look(disk, 1999).low);
    assert_true(disk_look(disk, 2000).free_mib > 0);
    disk_free(disk);
}

/* The status of one delivery; `ret_answer` is the caller's. */
static int deliver(struct stop_room *room, const char *signature, struct raw_answer **ret_answer)
{
    static const char body[] = "{\"zen\":\"x\"}";
    char request[1024], hex[65];
    unsigned char mac[DIGEST_SIZE];
    int n;

    digest_hmac_sha256(API_ROOM_SECRET, strlen(API_ROOM_SECRET), body, sizeof(body) - 1, mac);
    digest_hex(mac, sizeof(mac), hex);
    n = snprintf(request, sizeof(request),
                 "POST /webhooks/github HTTP/1.1\r\nHost: h\r\nContent-Type: application/json\r\n"
                 "X-GitHub-Event: ping\r\nX-GitHub-Delivery: g\r\nX-Hub-Signature-256: %s%s\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 signature, hex, sizeof(body) - 1, body);
    *ret_answer =
        raw_http_ask(http_server_address(room->api.server, LISTENER_WEBHOOKS), request, (size_t)n);
    return (*ret_answer)->status;
}

static void a_disk_that_is_nearly_full_refuses_deliveries_and_doctor_and_page_say_it(void **state)
{
    struct stop_room room;
    struct raw_answer *raw;
    struct stop_answer a;
    bool said = false;

    (void)state;
    stop_room_up(&room);
    assert_int_equal(deliver(&room, "sha256=", &raw), 202);
    free(raw);
    room.api.api.disk = disk_new("/", (uint64_t)1 << 62);
    assert_int_equal(deliver(&room, "sha256=", &raw), 503);
    assert_non_null(strstr(raw->head, "Retry-After: 60"));
    assert_string_equal(raw->body, "busy, retry later\n");
    free(raw);
    assert_int_equal(deliver(&room, "md5=", &raw), 401); /* outsiders learn nothing of the disk */
    free(raw);

    a = stop_room_ask(&room, NULL, "GET", "/api/v1/doctor", NULL);
    for (const struct cJSON *c = json_first(json_array(a.json, "checks")); c != NULL;
         c = json_next(c))
        said = said || (strcmp(json_str(c, "name"), "disk") == 0 &&
                        strcmp(json_str(c, "state"), "fail") == 0 &&
                        strstr(json_str(c, "text"), "MiB free") != NULL);
    assert_true(said);
    stop_room_answered(&a);
    a = stop_room_ask(&room, NULL, "GET", "/api/v1/status", NULL);
    assert_non_null(strstr(json_str(json_object(a.json, "banner"), "text"), "being refused"));
    stop_room_answered(&a);

    disk_free(room.api.api.disk);
    room.api.api.disk = NULL;
    assert_int_equal(deliver(&room, "sha256=", &raw), 202); /* room was made */
    free(raw);
    stop_room_down(&room);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_low_below_what_is_needed_and_until_there_is_more),
        cmocka_unit_test(a_folder_that_is_not_there_is_not_low),
        cmocka_unit_test(the_file_system_is_asked_once_a_second),
        cmocka_unit_test(a_disk_that_is_nearly_full_refuses_deliveries_and_doctor_and_page_say_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
