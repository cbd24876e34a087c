/* Scalar types, physical orders and packings: the rows of ir/dtypes.def and ir/layouts.def. */
#include <string.h>
#include "qir/support/assert.h"
#include "qir/types.h"

typedef enum dtype_class { F, S, U, B } dtype_class;

static const struct {
    const char *name;
    unsigned bits;
    dtype_class cls;
} dtypes[] = {
#define D(name, bits, cls) {#name, bits, cls},
#include "dtypes.def"
#undef D
};

static const char *const order_names[] = {
#define ORDER(name, doc) #name,
#define PACKING(name, elem, nb, kg, bits, pc, doc)
#include "layouts.def"
#undef ORDER
#undef PACKING
};

static const qir_packing_info packings[] = {
    {.name = "none", .nblock = 1, .kgroup = 1, .doc = "not packed"},
#define ORDER(name, doc)
#define PACKING(name, elem, nb, kg, bits, pc, doc) {#name, QIR_##elem, nb, kg, bits, pc, doc},
#include "layouts.def"
#undef ORDER
#undef PACKING
};

/* ---- scalar types -------------------------------------------------------------------------- */

const char *qir_dtype_name(qir_dtype t)
{
    return dtypes[t].name;
}

unsigned qir_dtype_bits(qir_dtype t)
{
    return dtypes[t].bits;
}

size_t qir_dtype_bytes(qir_dtype t)
{
    return (dtypes[t].bits + 7) / 8;
}

bool qir_dtype_is_float(qir_dtype t)
{
    return dtypes[t].cls == F;
}

bool qir_dtype_is_int(qir_dtype t)
{
    return dtypes[t].cls == S || dtypes[t].cls == U;
}

bool qir_dtype_is_signed(qir_dtype t)
{
    return dtypes[t].cls == S;
}

bool qir_dtype_from_name(const char *name, size_t len, qir_dtype *out)
{
    for (int i = 0; i < QIR_NUM_DTYPES; i++) {
        if (strlen(dtypes[i].name) == len && !memcmp(dtypes[i].name, name, len)) {
            *out = (qir_dtype)i;
            return true;
        }
    }
    return false;
}

int64_t qir_dtype_min(qir_dtype t)
{
    return dtypes[t].cls == S ? -(int64_t)(((uint64_t)1 << (dtypes[t].bits - 1)) - 1) - 1 : 0;
}

int64_t qir_dtype_max(qir_dtype t)
{
    switch (dtypes[t].cls) {
    case S:
        return (int64_t)(((uint64_t)1 << (dtypes[t].bits - 1)) - 1);
    case U:
        return dtypes[t].bits == 64 ? INT64_MAX : ((int64_t)1 << dtypes[t].bits) - 1;
    case B:
        return 1;
    case F:
        break;
    }
    QIR_UNREACHABLE("range of a float type");
}

/* ---- orders and packings ------------------------------------------------------------------- */

const char *qir_order_name(qir_order o)
{
    return order_names[o];
}

bool qir_order_from_name(const char *name, size_t len, qir_order *out)
{
    for (int i = 0; i < QIR_NUM_ORDERS; i++) {
        if (strlen(order_names[i]) == len && !memcmp(order_names[i], name, len)) {
            *out = (qir_order)i;
            return true;
        }
    }
    return false;
}

const qir_packing_info *qir_packing_get(qir_packing p)
{
    return &packings[p];
}

bool qir_packing_from_name(const char *name, size_t len, qir_packing *out)
{
    for (int i = 1; i < QIR_NUM_PACKINGS; i++) {
        if (strlen(packings[i].name) == len && !memcmp(packings[i].name, name, len)) {
            *out = (qir_packing)i;
            return true;
        }
    }
    return false;
}
