/*
 * ical_library: libical, loaded when a zone or an .ics file is first read (lib/base/library.h): it brings ICU and C++.
 *
 * The files that read these include this in the place of <libical/ical.h>: what they call is looked up by the names in
 * the list.
 */
#ifndef SLIPWAY_LIB_CALENDAR_ICAL_LIBRARY_H
#define SLIPWAY_LIB_CALENDAR_ICAL_LIBRARY_H

#include <libical/ical.h>

#include "lib/base/library.h"

/* clang-format off */
#define ICAL_LIBRARY(X)                                                                            \
    X(icalcomponent_free) X(icalcomponent_get_dtend) X(icalproperty_get_datetime_with_component)   \
    X(icalrecur_iterator_new) X(icalrecur_iterator_next)               \
    X(icalrecur_iterator_free)                                                                     \
    X(icalcomponent_get_dtstart) X(icalcomponent_get_first_component)                              \
    X(icalcomponent_get_first_property) X(icalcomponent_get_next_component)                        \
    X(icalcomponent_get_next_property) X(icalcomponent_get_status) X(icalcomponent_get_summary)    \
    X(icalcomponent_get_uid) X(icalcomponent_isa) X(icalerror_set_errors_are_fatal)                \
    X(icalparser_parse_string) X(icalproperty_get_rrule)          \
    X(icaltime_as_timet_with_zone) X(icaltime_compare) X(icaltime_from_timet_with_zone)            \
    X(icaltime_is_null_time) X(icaltime_is_valid_time) X(icaltimezone_get_builtin_timezone)        \
    X(icaltimezone_get_tznames) X(icaltimezone_get_utc_offset_of_utc_time)                         \
    X(icaltimezone_get_utc_timezone)
/* clang-format on */

struct ical_library {
    ICAL_LIBRARY(LIBRARY_FIELD)
};

/* Of the library that is loaded; loads it, and ends the process if it cannot. */
const struct ical_library *ical_library(void);

#ifndef __cppcheck__ /* which knows what a function gives, and not what a table of them does */
/* clang-format off */
#define icalproperty_get_datetime_with_component(...) (ical_library()->icalproperty_get_datetime_with_component(__VA_ARGS__))
#define icalrecur_iterator_new(...) (ical_library()->icalrecur_iterator_new(__VA_ARGS__))
#define icalrecur_iterator_next(...) (ical_library()->icalrecur_iterator_next(__VA_ARGS__))
#define icalrecur_iterator_free(...) (ical_library()->icalrecur_iterator_free(__VA_ARGS__))
#define icalcomponent_free(...) (ical_library()->icalcomponent_free(__VA_ARGS__))
#define icalcomponent_get_dtend(...) (ical_library()->icalcomponent_get_dtend(__VA_ARGS__))
#define icalcomponent_get_dtstart(...) (ical_library()->icalcomponent_get_dtstart(__VA_ARGS__))
#define icalcomponent_get_first_component(...) (ical_library()->icalcomponent_get_first_component(__VA_ARGS__))
#define icalcomponent_get_first_property(...) (ical_library()->icalcomponent_get_first_property(__VA_ARGS__))
#define icalcomponent_get_next_component(...) (ical_library()->icalcomponent_get_next_component(__VA_ARGS__))
#define icalcomponent_get_next_property(...) (ical_library()->icalcomponent_get_next_property(__VA_ARGS__))
#define icalcomponent_get_status(...) (ical_library()->icalcomponent_get_status(__VA_ARGS__))
#define icalcomponent_get_summary(...) (ical_library()->icalcomponent_get_summary(__VA_ARGS__))
#define icalcomponent_get_uid(...) (ical_library()->icalcomponent_get_uid(__VA_ARGS__))
#define icalcomponent_isa(...) (ical_library()->icalcomponent_isa(__VA_ARGS__))
#define icalerror_set_errors_are_fatal(...) (ical_library()->icalerror_set_errors_are_fatal(__VA_ARGS__))
#define icalparser_parse_string(...) (ical_library()->icalparser_parse_string(__VA_ARGS__))
#define icalproperty_get_rrule(...) (ical_library()->icalproperty_get_rrule(__VA_ARGS__))
#define icaltime_as_timet_with_zone(...) (ical_library()->icaltime_as_timet_with_zone(__VA_ARGS__))
#define icaltime_compare(...) (ical_library()->icaltime_compare(__VA_ARGS__))
#define icaltime_from_timet_with_zone(...) (ical_library()->icaltime_from_timet_with_zone(__VA_ARGS__))
#define icaltime_is_null_time(...) (ical_library()->icaltime_is_null_time(__VA_ARGS__))
#define icaltime_is_valid_time(...) (ical_library()->icaltime_is_valid_time(__VA_ARGS__))
#define icaltimezone_get_builtin_timezone(...) (ical_library()->icaltimezone_get_builtin_timezone(__VA_ARGS__))
#define icaltimezone_get_tznames(...) (ical_library()->icaltimezone_get_tznames(__VA_ARGS__))
#define icaltimezone_get_utc_offset_of_utc_time(...) (ical_library()->icaltimezone_get_utc_offset_of_utc_time(__VA_ARGS__))
#define icaltimezone_get_utc_timezone(...) (ical_library()->icaltimezone_get_utc_timezone(__VA_ARGS__))
/* clang-format on */
#endif

#endif
