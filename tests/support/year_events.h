/* year_events: what will happen in a year: merges, people's wishes and stops, troubles; all from one seed. */
#ifndef SLIPWAY_TESTS_SUPPORT_YEAR_EVENTS_H
#define SLIPWAY_TESTS_SUPPORT_YEAR_EVENTS_H

struct year;

/* Into the report, in the order of time. */
void year_events_make(struct year *y);

#endif
