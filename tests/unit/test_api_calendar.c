/* The calendar over HTTP: the feed with windows and freezes as two parsers read it, days, imported holidays. */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "lib/base/file.h"
#include "lib/base/str.h"
#include "lib/calendar/ics_read.h"
#include "lib/base/arena.h"
#include "lib/base/buf.h"
#include "server/api/http_server.h"
#include "server/flow/snapshot.h"
#include "tests/support/raw_http.h"
#include "tests/support/stop_room.h"

static const char config[] =
    "version: 1\n"
    "timezone: Asia/Tokyo\n"
    "language: en\n"
    "github: { webhook-secret-files: [webhook-secret] }\n"
    "rights: { view: [anyone], operate: [\"token:deployer\"], admin: [\"token:chief\"] }\n"
    "calendars: { business: { days: [mon, tue, wed, thu, fri], holidays: jp,\n"
    "  closed: [{ from: 2026-11-26, to: 2026-11-26, reason: Stocktaking }] } }\n"
    "freezes: [{ name: Fair, from: 2026-11-27 10:00, to: 2026-11-28 09:00, environments: [production] },\n"
    "  { name: Count, from: 2026-11-29 08:00, to: 2026-11-29 09:00 },\n"
    "  { name: Count, from: 2026-11-29 08:00, to: 2026-11-29 10:00, environments: [live] },\n"
    "  { name: Count, from: 2026-11-29 20:00, to: 2026-11-29 21:00 }]\n"
    "repos:\n"
    "  acme/shop:\n"
    "    mirror: https://github.com/acme/shop.git\n"
    "    root: /srv/shop\n"
    "    environments:\n"
    "      production:\n"
    "        on: schedule\n"
    "        at: [\"15:00\"]\n"
    "        calendar: business\n"
    "        between: [{ from: \"09:00\", to: \"12:00\" }, { from: \"13:00\", to: \"18:00\" }]\n"
    "        roles: { web: { agent: { hosts: [web-1] } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n"
    "  acme/site:\n"
    "    mirror: https://github.com/acme/site.git\n"
    "    root: /srv/site\n"
    "    environments:\n"
    "      live: { on: merge, timezone: America/New_York, roles: { web: { agent: { hosts: [web-1] } } } }\n"
    "    jobs: { publish: { runs-on: [web], steps: [{ uses: fetch }, { uses: publish }] } }\n";

static struct stop_room room;

static int up(void **state)
{
    (void)state;
    stop_room_up_as(&room, config);
    stop_room_release(&room, "acme/shop", 0);
    stop_room_release(&room, "acme/shop", 7);
    stop_room_look(&room);
    return 0;
}

static int down(void **state)
{
    (void)state;
    stop_room_down(&room);
    return 0;
}

static struct stop_answer must(const char *method, const char *target, const char *body, int status)
{
    struct stop_answer a = stop_room_ask(&room, NULL, method, target, body);

    if (a.status != status)
        fail_msg("%s: %d %s", target, a.status, json_str(a.json, "detail"));
    return a;
}

static void done(const char *method, const char *target, const char *body, int status)
{
    struct stop_answer a = must(method, target, body, status);

    stop_room_answered(&a);
}

/* The feed ------------------------------------------------------------------------------------------ */

static char *feed(void)
{
    static const char bytes[] = "GET /calendar.ics HTTP/1.1\r\nHost: h\r\n\r\n";
    struct raw_answer *a =
        raw_http_ask(http_server_address(room.api.server, LISTENER_WEB), bytes, sizeof(bytes) - 1);
    char *copy;

    assert_int_equal(a->status, 200);
    copy = strdup(a->body);
    assert_non_null(copy);
    free(a);
    return copy;
}

/* Lines "UID SEQUENCE STATUS FROM TO "SUMMARY" "DESCRIPTION"" as npm ical.js reads them. */
static char *as_ical_js_reads(const char *ics)
{
    static char text[65536];
    char path[128], line[256];
    struct err err = ERR_INIT;
    FILE *answers;
    size_t n;

    snprintf(path, sizeof(path), "%s/feed.ics", room.api.folder);
    assert_int_equal(file_write_atomic(path, ics, strlen(ics), 0600, &err), 0);
    snprintf(line, sizeof(line), "node " SLIPWAY_SOURCE_DIR "/tests/support/ics_oracle.mjs < %s",
             path);
    answers = popen(line, "r");
    assert_non_null(answers);
    n = fread(text, 1, sizeof(text) - 1, answers);
    text[n] = '\0';
    assert_int_equal(pclose(answers), 0);
    return text;
}

/* The uid of the event with that summary, up to a blank; and what follows the uid. */
static const char *event_of(const char *read, const char *summary, const char *from)
{
    static char line[1024];
    char *begin;

    for (const char *p = read; *p != '\0'; p += strcspn(p, "\n"), p += *p == '\n') {
        snprintf(line, sizeof(line), "%.*s", (int)strcspn(p, "\n"), p);
        begin = strstr(line, from);
        if (begin != NULL && strstr(line, summary) != NULL)
            return line;
    }
    fail_msg("no %s from %s in\n%s", summary, from, read);
    return NULL;
}

static void windows_and_freezes_stand_in_the_feed_for_two_parsers(void **state)
{
    char *ics = feed();
    const char *read = as_ical_js_reads(ics);
    struct almanac_event *events = NULL;
    struct err err = ERR_INIT;
    struct arena arena;
    size_t n = 0, windows = 0, freezes = 0;

    (void)state;
    assert_non_null(strstr(event_of(read, "Open: acme/shop production", "2026-11-25T00:00:00.000Z"),
                           "2026-11-25T03:00:00.000Z"));
    assert_non_null(strstr(event_of(read, "Open: acme/shop production", "2026-11-25T04:00:00.000Z"),
                           "2026-11-25T09:00:00.000Z"));
    assert_null(strstr(read, "2026-11-26T00:00:00.000Z")); /* closed */
    assert_non_null(strstr(event_of(read, "Freeze: Fair", "2026-11-27T01:00:00.000Z"),
                           "2026-11-28T00:00:00.000Z"));
    event_of(read, "acme/shop production: r2", "2026-11-24T06:00:00.000Z");
    arena_init(&arena);
    assert_int_equal(ics_read(ics, strlen(ics), &arena, &events, &n, &err), 0);
    for (size_t i = 0; i < n; i++) {
        windows += str_starts(events[i].name, "Open: ");
        freezes += str_starts(events[i].name, "Freeze: ");
    }
    assert_int_equal(windows,
                     2 * 8 + 3);      /* eight whole days, half of the first, a part of the last */
    assert_int_equal(freezes, 1 + 5); /* that of two zones is two */
    arena_deinit(&arena);
    free(ics);
}

/* Two events of one UID are one to a subscriber, and one that changes its UID is another (RFC 5545, 3.8.4.7). */
static void every_event_has_a_uid_of_its_own_that_lasts(void **state)
{
    const char *uids[128], *line;
    char early[128], *ics, *rest;
    size_t n = 0;

    (void)state;
    stop_room_at(&room, "08:00");
    ics = feed();
    snprintf(early, sizeof(early), "%s",
             event_of(as_ical_js_reads(ics), "Open: acme/shop production",
                      "2026-11-24T04:00:00.000Z"));
    early[strcspn(early, " ")] = '\0';
    free(ics);
    stop_room_at(&room, "14:00"); /* the window before it is over */
    ics = feed();
    assert_true(str_starts(event_of(as_ical_js_reads(ics), "Open: acme/shop production",
                                    "2026-11-24T04:00:00.000Z"),
                           early));
    for (line = strstr(ics, "\nUID:"); line != NULL && n < 128; line = strstr(line + 1, "\nUID:"))
        uids[n++] = line;
    assert_true(n > 20 && n < 128);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < i; k++) {
            rest = strchr(uids[i], '\r');
            assert_int_not_equal(strncmp(uids[i], uids[k], (size_t)(rest - uids[i]) + 1), 0);
        }
    free(ics);
}

/* A subscriber sees that it is called off, under the name it knows. */
static void an_added_freeze_keeps_its_uid_and_is_cancelled_when_it_is_removed(void **state)
{
    char uid[128], *ics;

    (void)state;
    done("POST", "/api/v1/freezes",
         "{\"name\":\"count\",\"from\":\"tomorrow 10:00\",\"to\":\"11:00\",\"reason\":\"stock\"}",
         201);
    ics = feed();
    snprintf(uid, sizeof(uid), "%s",
             event_of(as_ical_js_reads(ics), "Freeze: count", "2026-11-25T01:00:00.000Z"));
    free(ics);
    assert_non_null(strstr(uid, " 0 CONFIRMED "));
    uid[strcspn(uid, " ")] = '\0';
    done("DELETE", "/api/v1/freezes?name=count", NULL, 200);
    ics = feed();
    assert_non_null(
        strstr(event_of(as_ical_js_reads(ics), uid, "2026-11-25T01:00:00.000Z"), " 1 CANCELLED "));
    free(ics);
}

static int accept_config(struct db *db, void *arg, struct err *err)
{
    return snapshot_accept(db, room.api.snapshots.current->config, "reload", *(const time_ms *)arg,
                           err);
}

/* As a reload at that time does. */
static void reload(const char *yaml, const char *time)
{
    time_ms now = stop_room_at(&room, time);

    api_room_config(&room.api, yaml);
    api_room_write(&room.api, accept_config, &now);
}

static const char *replaced(struct arena *arena, const char *text, const char *what,
                            const char *with)
{
    const char *at = strstr(text, what);

    assert_non_null(at);
    return arena_printf(arena, "%.*s%s%s", (int)(at - text), text, with, at + strlen(what));
}

/* "SEQUENCE STATUS" of the event with that summary and begin, and its uid. */
static int64_t sequence_of(const char *summary, const char *from, const char *status, char *ret_uid)
{
    char *ics = feed();
    const char *line = event_of(as_ical_js_reads(ics), summary, from);
    int64_t sequence = -1;
    char state[16] = "";

    assert_int_equal(sscanf(line, "%127s %" SCNd64 " %15s", ret_uid, &sequence, state), 3);
    assert_string_equal(state, status);
    free(ics);
    return sequence;
}

/* Whoever read it before takes it out, and knows what is newer, also after the clock was set back. */
static void F9_what_another_configuration_drops_is_cancelled_and_sequences_go_up(void **state)
{
    char uid[128], other[128];
    int64_t before, dropped, window, again;
    struct arena arena;
    const char *yaml;

    (void)state;
    arena_init(&arena);
    yaml = replaced(&arena, config, "name: Fair, from: 2026-11-27 10:00",
                    "name: Late, from: 2026-11-27 11:00");
    yaml = replaced(&arena, yaml, "from: \"13:00\"", "from: \"13:30\"");
    reload(config, "14:00");
    before = sequence_of("Freeze: Fair", "2026-11-27T01:00:00.000Z", "CONFIRMED", uid);
    reload(config, "14:01"); /* it says the same */
    assert_int_equal(sequence_of("Freeze: Fair", "2026-11-27T01:00:00.000Z", "CONFIRMED", other),
                     before);
    reload(yaml, "12:30"); /* the clock was set back, and the file is another */
    dropped = sequence_of("Freeze: Fair", "2026-11-27T01:00:00.000Z", "CANCELLED", other);
    assert_string_equal(uid, other);
    assert_true(dropped > before);
    window =
        sequence_of("Open: acme/shop production", "2026-11-25T04:00:00.000Z", "CANCELLED", other);
    assert_true(window > before);
    assert_true(sequence_of("Open: acme/shop production", "2026-11-25T04:30:00.000Z", "CONFIRMED",
                            other) > before);
    reload(config, "12:40"); /* and back again */
    again = sequence_of("Freeze: Fair", "2026-11-27T01:00:00.000Z", "CONFIRMED", other);
    assert_string_equal(uid, other);
    assert_true(again > dropped);
    arena_deinit(&arena);
}

/* Times ---------------------------------------------------------------------------------------------- */

static void the_schedule_goes_on_behind_what_is_known_at_once(void **state)
{
    struct stop_answer a = must("GET", "/api/v1/schedule?next=60", NULL, 200);

    (void)state;
    assert_int_equal(json_count(json_array(a.json, "starts")), 60);
    assert_null(json_str(a.json, "known_until"));
    stop_room_answered(&a);
    done("POST", "/api/v1/freezes",
         "{\"name\":\"long\",\"from\":\"2026-12-01\",\"to\":\"2028-03-01\",\"reason\":\"sold\"}",
         201);
    a = must("GET", "/api/v1/schedule?next=60", NULL, 200);
    assert_int_equal(json_count(json_array(a.json, "starts")), 3); /* and says how far it looked */
    assert_true(str_starts(json_str(a.json, "known_until"), "2027-12-29"));
    stop_room_answered(&a);
}

/* Twenty-four times a day, asked of four days ahead. */
static void F7_why_is_answered_behind_many_times(void **state)
{
    struct stop_answer a;
    const char *yaml;
    bool go = false;
    struct arena arena;
    struct buf hours;

    (void)state;
    arena_init(&arena);
    buf_init(&hours, 1024);
    for (int h = 0; h < 24; h++)
        buf_addf(&hours, "%s\"%02d:00\"", h > 0 ? ", " : "at: [", h);
    buf_adds(&hours, "]");
    yaml = replaced(&arena, config, "at: [\"15:00\"]", buf_str(&hours));
    yaml = replaced(&arena, yaml, "        calendar: business\n", "");
    yaml = replaced(&arena, yaml,
                    "        between: [{ from: \"09:00\", to: \"12:00\" }, { from: \"13:00\", "
                    "to: \"18:00\" }]\n",
                    "");
    reload(yaml, "14:20");
    a = must("GET", "/api/v1/repos/acme/shop/why?release=2&at=2026-11-30%2015:05", NULL, 200);
    assert_true(json_bool(json_first(json_array(a.json, "environments")), "go", &go));
    assert_true(go); /* that of 15:00 is due */
    stop_room_answered(&a);
    buf_deinit(&hours);
    arena_deinit(&arena);
}

/* Days ---------------------------------------------------------------------------------------------- */

static const struct cJSON *day(const struct cJSON *json, const char *date)
{
    const struct cJSON *d = json_first(json_array(json, "days"));

    while (d != NULL && !str_eq(json_str(d, "date"), date))
        d = json_next(d);
    assert_non_null(d);
    return d;
}

static size_t count(const struct cJSON *d, const char *kind)
{
    size_t n = 0;

    for (const struct cJSON *e = json_first(json_array(d, "entries")); e != NULL; e = json_next(e))
        n += str_eq(json_str(e, "kind"), kind);
    return n;
}

static void days_tell_holidays_windows_freezes_and_promised_starts(void **state)
{
    struct stop_answer a = must("GET", "/api/v1/calendar?days=30&lang=en", NULL, 200);
    const struct cJSON *d = day(a.json, "2026-11-24");
    const struct cJSON *off;

    (void)state;
    assert_int_equal(json_count(json_array(a.json, "days")), 30);
    assert_int_equal(count(d, "start"), 1);
    assert_int_equal(count(d, "window"), 2);
    d = day(a.json, "2026-11-26");
    off = json_first(json_array(d, "off"));
    assert_string_equal(json_str(off, "name"), "Stocktaking");
    assert_int_equal(count(d, "window"), 0);
    assert_int_equal(count(day(a.json, "2026-11-27"), "freeze"), 1);
    assert_int_equal(count(day(a.json, "2026-11-28"), "freeze"), 0); /* with the day it begins on */
    stop_room_answered(&a);
    a = must("GET", "/api/v1/calendar?from=2026-11-28&days=1", NULL, 200);
    assert_int_equal(count(day(a.json, "2026-11-28"), "freeze"), 1); /* it still goes on */
    stop_room_answered(&a);
    a = must("GET", "/api/v1/calendar?from=2026-11-23&days=1&lang=en", NULL, 200);
    assert_string_equal(json_str(json_first(json_array(day(a.json, "2026-11-23"), "off")), "name"),
                        "Labor Thanksgiving Day");
    stop_room_answered(&a);
    done("GET", "/api/v1/calendar?days=63", NULL, 422);
    done("GET", "/api/v1/calendar?from=2026-02-30", NULL, 422);
    done("GET", "/api/v1/calendar?as=pdf", NULL, 422);
}

/* Holidays ------------------------------------------------------------------------------------------ */

#define LIST                                                                                       \
    "2027-01-01,a\\n2027-01-11,b\\n2027-02-11,c\\n2027-02-23,d\\n2027-03-22,e\\n2027-04-29,f\\n"   \
    "2027-05-03,g\\n2027-05-04,h\\n2027-05-05,i\\n2027-11-05,Culture Day\\n"

static size_t imported(const char *target)
{
    struct stop_answer a = must("GET", target, NULL, 200);
    size_t n = json_count(json_array(a.json, "years"));

    stop_room_answered(&a);
    return n;
}

static void F8_a_list_is_tried_then_imported_and_says_which_days_it_changes(void **state)
{
    struct stop_answer a = must("POST", "/api/v1/holidays?dry-run=1",
                                "{\"source\":\"law.csv\",\"list\":\"" LIST "\"}", 200);
    const struct cJSON *year = json_first(json_array(a.json, "years"));
    const struct cJSON *added = json_array(year, "added");

    (void)state;
    assert_int_equal(json_count(added), 1);
    assert_string_equal(json_str(json_first(added), "date"), "2027-11-05");
    assert_int_equal(json_count(json_array(year, "removed")), 8);
    stop_room_answered(&a);
    assert_int_equal(imported("/api/v1/holidays"), 0); /* it was only tried */
    done("POST", "/api/v1/holidays", "{\"source\":\"law.csv\",\"list\":\"" LIST "\"}", 201);
    assert_int_equal(imported("/api/v1/holidays"), 1);
    assert_int_equal(stop_room_journal(&room, "holidays.import"), 1);
    a = must("POST", "/api/v1/holidays?dry-run=1", "{\"source\":\"law.csv\",\"list\":\"" LIST "\"}",
             200);
    year = json_first(json_array(a.json, "years"));
    assert_int_equal(json_count(json_array(year, "added")), 0);
    assert_int_equal(json_count(json_array(year, "removed")), 0);
    stop_room_answered(&a);
}

static void a_list_that_is_wrong_says_where_and_changes_nothing(void **state)
{
    static const struct {
        const char *body;
        const char *says;
    } rows[] = {
        {"{\"list\":\"2027-02-30,x\"}", "line 1: there is no day 2027-02-30"},
        {"{\"source\":\"a.csv\",\"list\":\"2027-02-01,x\\nno\"}", "a.csv: line 2: a line such as"},
        {"{\"list\":\"2027-02-11,x\"}", "2027 has 1 holiday in it; a list replaces the whole year"},
        {"{\"list\":\"1999-02-11,x\"}", "no holiday of 2020 to 2037 is in it"},
        {"{\"list\":\"\"}", "no holiday of 2020 to 2037"},
        {"{}", "expected lines such as"},
        {"{\"list\":\"BEGIN:VCALENDAR\\nBEGIN:VEVENT\\nDTSTART;VALUE=DATE:20270101\\n"
         "RRULE:FREQ=YEARLY\\nEND:VEVENT\\nEND:VCALENDAR\"}",
         "line 4: this rule repeats without an end"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        struct stop_answer a = must("POST", "/api/v1/holidays", rows[i].body, 422);
        if (strstr(json_str(a.json, "detail"), rows[i].says) == NULL)
            fail_msg("%s", json_str(a.json, "detail"));
        stop_room_answered(&a);
    }
    assert_int_equal(stop_room_status(&room, "deployer", "POST", "/api/v1/holidays", "{}"), 401);
    assert_int_equal(imported("/api/v1/holidays"), 0);
    assert_int_equal(stop_room_journal(&room, "holidays.import"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(windows_and_freezes_stand_in_the_feed_for_two_parsers, up,
                                        down),
        cmocka_unit_test_setup_teardown(every_event_has_a_uid_of_its_own_that_lasts, up, down),
        cmocka_unit_test_setup_teardown(
            an_added_freeze_keeps_its_uid_and_is_cancelled_when_it_is_removed, up, down),
        cmocka_unit_test_setup_teardown(days_tell_holidays_windows_freezes_and_promised_starts, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            F8_a_list_is_tried_then_imported_and_says_which_days_it_changes, up, down),
        cmocka_unit_test_setup_teardown(a_list_that_is_wrong_says_where_and_changes_nothing, up,
                                        down),
        cmocka_unit_test_setup_teardown(
            F9_what_another_configuration_drops_is_cancelled_and_sequences_go_up, up, down),
        cmocka_unit_test_setup_teardown(the_schedule_goes_on_behind_what_is_known_at_once, up,
                                        down),
        cmocka_unit_test_setup_teardown(F7_why_is_answered_behind_many_times, up, down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
