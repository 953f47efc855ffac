#include "lib/rules/floor.h"

enum floor_verdict floor_judge(const struct floor_facts *f, const struct floor_word *w)
{
    if (f->knows_command || w->epoch <= f->looked_epoch)
        return FLOOR_KNOWN;
    return f->is_fenced && floor_believed(f, w->epoch) <= f->fence_epoch ? FLOOR_STANDS
                                                                         : FLOOR_FORGOTTEN;
}

int64_t floor_believed(const struct floor_facts *f, int64_t epoch)
{
    return epoch - f->epoch > FLOOR_AHEAD_MAX ? f->epoch + FLOOR_AHEAD_MAX : epoch;
}

bool floor_is_ahead(const struct floor_facts *f, int64_t epoch, int64_t floor)
{
    return floor > f->looked_epoch && (floor > f->epoch || floor == epoch);
}

const char *floor_why(struct arena *arena, const struct floor_facts *f, const struct floor_word *w,
                      const char *host)
{
    const char *beside = !f->knows_database    ? "and this server knows of no migrate job there"
                         : w->epoch > f->epoch ? arena_printf(arena, "and this server is at %lld",
                                                              (long long)f->epoch)
                                               : "which this server never gave";

    return arena_printf(arena,
                        "host %s has seen epoch %lld (command %s), %s: it was probably restored "
                        "from a backup, or a second copy of it commands",
                        host, (long long)w->epoch, w->command_id, beside);
}
