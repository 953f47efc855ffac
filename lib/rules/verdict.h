/*
 * verdict: the answer to "may this deployment start now?": go or not, every cause, and the next
 * instant at which the answer may change (design.md 3).
 *
 * The causes are one table: their keys (texts are in web/messages.tsv under `cause.KEY`), and what a
 * normal start, a hotfix, a rollback, a late host and a retry do with each (design.md 4, Gates). Flow,
 * page, command line and forecast all read this table. Pure; the memory belongs to the caller.
 */
#ifndef SLIPWAY_LIB_RULES_VERDICT_H
#define SLIPWAY_LIB_RULES_VERDICT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/base/timestamp.h"

/* "Never", for intervals without an end: beyond every date the configuration accepts. */
#define VERDICT_NEVER INT64_MAX

/* Who asks: the columns of the gate table. */
enum gate_pass {
    GATE_NORMAL,
    GATE_HOTFIX, /* right and reason */
    GATE_ROLLBACK,
    GATE_LATE_HOST,
    GATE_RETRY, /* also: leave a host out */
    GATE_PASS_COUNT
};

/* What a column does with a cause: the cells of the gate table. */
enum gate_cell {
    CELL_BINDS,
    CELL_PASSES,
    CELL_NAMED,    /* passes, and people are told what it passed */
    CELL_IF_NAMED, /* binds unless the act names it: --with #N, --unrehearsed, --beside-unsettled */
    CELL_UNLESS_STRICT, /* passes unless the freeze says allow: [] */
    CELL_CANCELS,       /* cancels the open deployment first, then goes */
    CELL_NONE           /* does not apply, or is kept from the deployment it belongs to */
};

/* clang-format off */
/*      symbol                   key                normal      hotfix         rollback            late host    retry */
#define GATE_CAUSES(X)                                                                              \
    X(CAUSE_SCHEDULE,           "schedule",         CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_PASSES, CELL_PASSES) \
    X(CAUSE_WINDOW,             "window",           CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_PASSES, CELL_PASSES) \
    X(CAUSE_CALENDAR,           "calendar",         CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_PASSES, CELL_PASSES) \
    X(CAUSE_FREEZE,             "freeze",           CELL_BINDS, CELL_PASSES,   CELL_UNLESS_STRICT, CELL_PASSES, CELL_PASSES) \
    X(CAUSE_HOLD,               "hold",             CELL_BINDS, CELL_NAMED,    CELL_PASSES,        CELL_BINDS,  CELL_BINDS)  \
    X(CAUSE_APPROVAL,           "approval",         CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_NONE,   CELL_NONE)   \
    X(CAUSE_CHECK,              "check",            CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_NONE,   CELL_NONE)   \
    X(CAUSE_CI,                 "ci",               CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_NONE,   CELL_NONE)   \
    X(CAUSE_NEEDS,              "needs",            CELL_BINDS, CELL_PASSES,   CELL_NONE,          CELL_NONE,   CELL_NONE)   \
    X(CAUSE_REHEARSAL,          "rehearsal",        CELL_BINDS, CELL_IF_NAMED, CELL_NONE,          CELL_NONE,   CELL_NONE)   \
    X(CAUSE_BARRIER,            "barrier",          CELL_BINDS, CELL_IF_NAMED, CELL_NONE,          CELL_NONE,   CELL_NONE)   \
    X(CAUSE_ROLLED_BACK,        "rolled-back",      CELL_IF_NAMED, CELL_IF_NAMED, CELL_NONE,       CELL_NONE,   CELL_NONE)   \
    X(CAUSE_PINNED,             "pinned",           CELL_BINDS, CELL_PASSES,   CELL_NONE,          CELL_NONE,   CELL_NONE)   \
    X(CAUSE_SEPARATE,           "separate",         CELL_BINDS, CELL_PASSES,   CELL_NONE,          CELL_NONE,   CELL_NONE)   \
    X(CAUSE_UNSETTLED,          "unsettled",        CELL_BINDS, CELL_BINDS,    CELL_IF_NAMED,      CELL_BINDS,  CELL_BINDS)  \
    X(CAUSE_OPEN_DEPLOYMENT,    "open-deployment",  CELL_BINDS, CELL_BINDS,    CELL_CANCELS,       CELL_BINDS,  CELL_NONE)   \
    X(CAUSE_REWRITTEN,          "rewritten",        CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_PASSES, CELL_PASSES) \
    X(CAUSE_SOURCE_NOT_SEEN,    "source-not-seen",  CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_PASSES, CELL_PASSES) \
    X(CAUSE_HOST_LACKS_DOCUMENT,"host-lacks-document", CELL_BINDS, CELL_BINDS, CELL_BINDS,         CELL_NONE,   CELL_NONE)   \
    X(CAUSE_HOST_SILENT,        "host-silent",      CELL_BINDS, CELL_BINDS,    CELL_BINDS,         CELL_NONE,   CELL_NONE)   \
    X(CAUSE_NO_HOST,            "no-host",          CELL_BINDS, CELL_BINDS,    CELL_BINDS,         CELL_BINDS,  CELL_BINDS)  \
    X(CAUSE_FAILED_BEFORE,      "failed-before",    CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_NONE,   CELL_NONE)   \
    X(CAUSE_NOT_ASKED,          "not-asked",        CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_NONE,   CELL_NONE)   \
    X(CAUSE_EXCLUDED,           "excluded",         CELL_BINDS, CELL_PASSES,   CELL_PASSES,        CELL_PASSES, CELL_PASSES) \
    X(CAUSE_NOT_BUILT,          "not-built",        CELL_BINDS, CELL_BINDS,    CELL_BINDS,         CELL_BINDS,  CELL_BINDS)

/* clang-format on */

#define VERDICT_CAUSE_ENUM(symbol, key, n, h, r, l, y) symbol,
enum cause_kind { GATE_CAUSES(VERDICT_CAUSE_ENUM) CAUSE_COUNT };

struct cause_row {
    const char *key;
    enum gate_cell cells[GATE_PASS_COUNT];
};
extern const struct cause_row verdict_causes[CAUSE_COUNT];

/* One reason against a start. Texts belong to the facts it was made from. */
struct cause {
    enum cause_kind kind;
    const char
        *what;       /* the thing: an environment, a host, a setting, a pull request; NULL = none */
    const char *who; /* whose decision ends it, or who made it; NULL = nobody's */
    const char *why; /* foreign or configured text: a reason, an error; NULL */
    const char *command; /* what a person types to end it, NULL */
    bool refused;        /* somebody, or CI, has said no: it does not end by waiting */
    int line;            /* of the configuration, 0 = none */
    time_ms since;       /* 0 = unknown */
    time_ms until; /* when it ends by itself; VERDICT_NEVER = when somebody or something acts */
};

#define VERDICT_CAUSES_MAX 64

struct verdict {
    bool go;
    struct cause causes[VERDICT_CAUSES_MAX];
    size_t n_causes;
    size_t n_left_out;   /* more causes than fit: they bind all the same */
    time_ms next_change; /* the answer holds until then; VERDICT_NEVER = until an event */
    time_ms
        wakes_at; /* the same, without the instants at which a sign of life would be missing: such a cause only
                       * comes, and nothing starts by it */
};

/* An empty verdict that says go, for ever. */
struct verdict verdict_go(void);

/* Bind `verdict` by `cause`: no longer go; looked at again when the cause ends by itself. */
void verdict_bind(struct verdict *verdict, const struct cause *cause);

/* The answer may change at `at` though nothing binds by it: an end of a window, say. */
void verdict_change_at(struct verdict *verdict, time_ms at);

/* ... unless a sign of life comes before: a host is heard, a source seen. */
void verdict_sign_at(struct verdict *verdict, time_ms at);

/* What another verdict says of its own changes. */
void verdict_change_with(struct verdict *verdict, const struct verdict *other);

/* The first cause of that kind, NULL if it is not among them. */
const struct cause *verdict_cause(const struct verdict *verdict, enum cause_kind kind);

/* The table's key of a cause. */
const char *verdict_cause_key(enum cause_kind kind);

#endif
