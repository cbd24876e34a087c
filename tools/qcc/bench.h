/* -bench: how long a model takes on this machine, and each of its ops. */
#ifndef QCC_TOOLS_QCC_BENCH_H
#define QCC_TOOLS_QCC_BENCH_H

#include "qcc.h"
#include "qir/kernel_plan.h"

typedef struct bench_layer {
    const qir_op *op;    /* of a region of rows the last one */
    double products;     /* multiply-adds; 0: none */
    double predicted_us; /* by the cost model */
    double measured_us;  /* between two time stamps, the least of all calls */
    const char *kernel;  /* of ir/kernels.def, or "rows"; NULL: the op has none */
    double spent[QIR_NUM_RATES];
} bench_layer;

typedef struct bench_result {
    const qir_variant *variant;
    double min_us, median_us;
    double products;
    double gigahertz;  /* of dependent additions */
    double burst;      /* products per second / 10^9 that the level's dot product reaches on registers; 0: unknown */
    bench_layer *layers; /* NULL: not asked for */
    size_t nlayers;
} bench_result;

/* Runs a variant; arena (context).  False: diagnosed. */
bool bench_measure(qcc_driver *d, const qir_variant *v, bench_result *out);

#endif
