/*
 * bulk_line: bulks whose moves the writer has, while the flow judges the next ones. The oldest is taken first.
 *
 * An entry in hand is not judged again before its bulk was taken, so each environment sees its own moves; what the next
 * bulk does not see yet are moves of others, as within one bulk. Each move is a compare-and-set, and the writer runs
 * them in their order. The flow's thread owns it; when the flow has come to rest none is under way.
 */
#ifndef SLIPWAY_SERVER_FLOW_BULK_LINE_H
#define SLIPWAY_SERVER_FLOW_BULK_LINE_H

#include "lib/base/err.h"

struct bulk;
struct flow;
struct look;

/* A new one, begun; NULL after a failure. */
int bulk_line_begin(struct look *look, struct bulk **ret_bulk, struct err *err);
/* It is judged: its moves are posted, and it stands in the line. Takes the oldest ones if there are too many. */
int bulk_line_add(struct look *look, struct bulk *bulk, struct err *err);
/* It could not be judged. */
void bulk_line_give_up(struct bulk *bulk);

/* Take those whose commits are known, and wait for the others until something else is due. */
int bulk_line_rest(struct look *look, struct err *err);
/* Take all of them. */
int bulk_line_clear(struct look *look, struct err *err);
/* After a failure: nothing is left under way, and nobody is told. */
void bulk_line_drop(struct flow *flow);

#endif
