#include "lib/calendar/ics_write.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "lib/base/str.h"

#define LINE_MAX_OCTETS 75

/* One content line, folded. `value` may hold any text; it is escaped if `text`. */
static void add_line(struct buf *buf, const char *name, const char *value, bool text)
{
    size_t column = strlen(name) + 1;
    size_t n = strlen(value);

    buf_addf(buf, "%s:", name);
    for (size_t i = 0; i < n;) {
        uint32_t code = 0;
        size_t len = str_utf8_at(value + i, n - i, &code);
        char piece[8];
        size_t piece_len = 0;

        if (len == 0)
            len = 1; /* what is no character is left out */
        else if (code == '\n')
            piece_len = (size_t)snprintf(piece, sizeof(piece), "\\n");
        else if (text && (code == '\\' || code == ';' || code == ','))
            piece_len = (size_t)snprintf(piece, sizeof(piece), "\\%c", (char)code);
        else if (code >= 0x20 && code != 0x7f)
            piece_len = (size_t)snprintf(piece, sizeof(piece), "%.*s", (int)len, value + i);
        if (column + piece_len > LINE_MAX_OCTETS) {
            buf_adds(buf, "\r\n ");
            column = 1;
        }
        buf_add(buf, piece, piece_len);
        column += piece_len;
        i += len;
    }
    buf_adds(buf, "\r\n");
}

/* 20261124T060000Z */
static void add_time(struct buf *buf, const char *name, time_ms t)
{
    char text[TIMESTAMP_SIZE];

    timestamp_format(t, text);
    buf_addf(buf, "%s:%.4s%.2s%.2sT%.2s%.2s%.2sZ\r\n", name, text, text + 5, text + 8, text + 11,
             text + 14, text + 17);
}

void ics_write_begin(struct buf *buf, const char *name)
{
    buf_adds(buf, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Slipway//" SLIPWAY_VERSION
                  "//EN\r\nCALSCALE:GREGORIAN\r\nMETHOD:PUBLISH\r\n");
    add_line(buf, "X-WR-CALNAME", name, true);
    buf_adds(buf, "REFRESH-INTERVAL;VALUE=DURATION:PT15M\r\nX-PUBLISHED-TTL:PT15M\r\n");
}

void ics_write_event(struct buf *buf, const struct ics_write_event *event)
{
    static const char *const statuses[] = {[ICS_WRITE_CONFIRMED] = "CONFIRMED",
                                           [ICS_WRITE_TENTATIVE] = "TENTATIVE",
                                           [ICS_WRITE_CANCELLED] = "CANCELLED"};

    buf_adds(buf, "BEGIN:VEVENT\r\n");
    add_line(buf, "UID", event->uid, false);
    buf_addf(buf, "SEQUENCE:%" PRId64 "\r\n", event->sequence);
    add_time(buf, "DTSTAMP", event->stamp);
    add_time(buf, "LAST-MODIFIED", event->stamp);
    add_time(buf, "DTSTART", event->from);
    add_time(buf, "DTEND", event->to);
    buf_addf(buf, "STATUS:%s\r\nTRANSP:%s\r\n", statuses[event->status],
             event->busy ? "OPAQUE" : "TRANSPARENT");
    add_line(buf, "SUMMARY", event->summary, true);
    if (event->description != NULL)
        add_line(buf, "DESCRIPTION", event->description, true);
    if (event->url != NULL)
        add_line(buf, "URL", event->url, false);
    buf_adds(buf, "END:VEVENT\r\n");
}

void ics_write_end(struct buf *buf)
{
    buf_adds(buf, "END:VCALENDAR\r\n");
}
