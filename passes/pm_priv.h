/* What the parts of the pass manager share: a parsed pipeline, one run of a pass, debug counters,
 * instrumentation. */
#ifndef QIR_PM_PRIV_H
#define QIR_PM_PRIV_H

#include "qir/pass.h"
#include "qir/support/vec.h"

/* One entry of a pipeline.  values[i] is the text of option i of the descriptor. */
typedef struct pipeline_item {
    const qir_pass_desc *desc;
    const char **values;
    const qir_loc *loc; /* place in the pipeline's text */
} pipeline_item;

typedef QIR_VEC(pipeline_item) pipeline_items;

typedef struct debug_counter {
    const char *pass; /* interned */
    int64_t skip, count; /* count -1: all */
    int64_t seen;
} debug_counter;

typedef QIR_VEC(debug_counter) debug_counters;

/* Totals over all runs of one pass. */
typedef struct pass_totals {
    const qir_pass_desc *desc;
    int64_t *counts; /* one per statistic */
    double seconds;
    unsigned runs;
} pass_totals;

typedef QIR_VEC(pass_totals) totals_list;

struct qir_pass {
    const qir_pass_manager *pm;
    const pipeline_item *item;
    qir_arena *arena;
    pass_totals *totals;
    debug_counter *counter; /* NULL: none */
};

struct qir_pass_manager {
    qir_context *ctx;
    qir_arena *arena;   /* pipeline texts, option values, totals */
    qir_arena *scratch; /* reset after each pass */
    qir_pm_options opts;
    QIR_VEC(const qir_pass_desc *) extra;
    QIR_VEC(const char *) sources; /* names under which pipeline texts are registered */
    pipeline_items items;
    debug_counters counters;
    totals_list totals;
    bool bad_options, internal_error;
};

/* registry.c */
const qir_pass_desc *pm_find_pass(const qir_pass_manager *pm, const char *name, size_t len);
/* What follows `name` among the aliases of `d`: its options, if "{" starts it.  NULL: no such alias. */
const char *pm_alias(const qir_pass_desc *d, const char *name, size_t len);
/* Nearest pass or pipeline name; NULL if none is near. */
const char *pm_suggest(const qir_pass_manager *pm, const char *name, size_t len);

/* pipeline.c */
bool pm_parse(qir_pass_manager *pm, const char *source, const char *text, unsigned depth);
void pm_print_item(const pipeline_item *item, qir_strbuf *out);

/* counter.c */
bool pm_parse_counters(qir_pass_manager *pm, const char *text);

/* instrument.c: around one pass.  `before` is the module's text when an option needs it. */
typedef struct pass_watch {
    qir_strbuf before;
    double start;
} pass_watch;

void pm_write(const qir_pass_manager *pm, const char *text, size_t len);
void pm_watch_begin(qir_pass_manager *pm, const pipeline_item *item, qir_module *m, pass_watch *w);
/* Prints and verifies; `ok` is what the pass returned. */
bool pm_watch_end(qir_pass_manager *pm, size_t index, qir_module *m, pass_watch *w, bool ok);
double pm_now(void);

#endif
