/* Other dimensions for a whole function. */
#ifndef QCC_TOOLS_REDUCE_RESIZE_H
#define QCC_TOOLS_REDUCE_RESIZE_H

#include "qir/ir.h"

/* Dimension `dim` of `value` gets the size `to`; value NULL: every dimension of size `from`. */
typedef struct resize_rule {
    const qir_value *value;
    unsigned dim;
    int64_t from, to;
} resize_rule;

/* Applies the first rule that fits to every dimension of arguments and constants, and infers all types
 * anew.  Constants keep their first elements along each dimension.  False: that is impossible. */
bool resize_func(qir_module *m, qir_func *f, const resize_rule *rules, size_t n);

#endif
