/*
 * holiday_jp: the public holidays of Japan, by rule (F8).
 *
 * Fixed days, Mondays, the two equinoxes, the day in lieu of a holiday on a Sunday, the day between two
 * holidays, and what the laws moved once (2019 to 2021). Pure; 2016 to 2050 are held against another
 * implementation by a test.
 * Source: the Act on National Holidays (Act No. 178 of 1948) and its changes until 2025.
 */
#ifndef SLIPWAY_LIB_CALENDAR_HOLIDAY_JP_H
#define SLIPWAY_LIB_CALENDAR_HOLIDAY_JP_H

#include <stdint.h>

#include "lib/model/messages.h"

/* Its name, NULL = that day is none. `day` counts from 1970-01-01. */
const char *holiday_jp_name(int64_t day, enum language language);

#endif
