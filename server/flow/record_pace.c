#include "server/flow/record_pace.h"

#define WANTED_MIN 16
#define REST_TIMES 6      /* as long as the batch was read */
#define REST_MAX_MS 1000  /* a batch of large bodies takes seconds */
#define PATIENCE_MS 10000 /* of a delivery that waits to be read */

size_t record_pace_wanted(const struct record_pace *pace)
{
    size_t more = pace->read + pace->read / 4 + WANTED_MIN / 4;

    if (pace->rested)
        return RECORD_PACE_MAX;
    return more < WANTED_MIN ? WANTED_MIN : more > RECORD_PACE_MAX ? RECORD_PACE_MAX : more;
}

void record_pace_begin(struct record_pace *pace, mono_ms now, uint64_t came)
{
    pace->began = now;
    pace->came_before = came;
}

void record_pace_read(struct record_pace *pace, mono_ms now, size_t read)
{
    pace->took = now - pace->began;
    pace->read = read;
}

void record_pace_end(struct record_pace *pace, mono_ms now, uint64_t came, time_ms oldest,
                     time_ms wall)
{
    int64_t rest = pace->took * REST_TIMES, age = wall - oldest;
    bool pressed = (came - pace->came_before) * 2 >= pace->read;

    if (age < 0)
        age = -age; /* the clock was set back: so much it may have waited, or more */
    rest = rest < REST_MAX_MS ? rest : REST_MAX_MS;
    pace->rested = pressed && age < PATIENCE_MS;
    if (pace->rested)
        atomic_store(&pace->rests_until, now + rest * (PATIENCE_MS - age) / PATIENCE_MS);
}

int64_t record_pace_rest(const struct record_pace *pace, mono_ms now)
{
    mono_ms until = atomic_load(&pace->rests_until);

    return until > now ? until - now : 0;
}
