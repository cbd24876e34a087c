/* custom: only the C function knows what its results are, so the op states their types. */
#include <ctype.h>
#include <string.h>
#include "infer.h"
#include "qir/custom.h"

static bool check_symbol(qir_infer *q)
{
    enum { LONGEST = 63 };
    const char *s = infer_string(q, "symbol");
    size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
    return (n && !s[n] && n <= LONGEST && !isdigit((unsigned char)s[0])) ||
           infer_fail(q, "custom.symbol",
                      "'%.80s' is no name of a C function; expected letters, digits and underscores, first "
                      "no digit, at most %d",
                      s, LONGEST);
}

static bool check_arguments(qir_infer *q)
{
    for (size_t i = 0; q->attrs && i < q->attrs->len; i++) {
        const qir_attr *a = q->attrs->entries[i].value;
        if (qir_custom_argument(q->attrs->entries[i].name) &&
            (a->kind == QIR_ATTR_STRINGS || a->kind == QIR_ATTR_TYPE))
            return infer_fail(q, "custom.argument",
                              "'%s': a custom op's function can be given numbers, lists of numbers and "
                              "text",
                              q->attrs->entries[i].name);
    }
    return true;
}

static bool check_result(qir_infer *q, uint32_t i)
{
    const qir_type *t = q->results[i];
    if (!t || q->reshape)
        return infer_fail(q, "type.infer", "result types of a custom op cannot be inferred: write "
                                           "': type' after the operands");
    return (t->kind == QIR_TENSOR && !t->quant && qir_type_is_static(t) &&
            t->order == QIR_ORDER_row_major) ||
           infer_fail(q, "custom.result",
                      "result %u has type %s; expected a row-major tensor of floats or plain integers "
                      "(storage_cast makes quantized values of them)",
                      i, infer_text(q, t));
}

bool qir_infer_custom(qir_infer *q)
{
    bool ok = check_symbol(q) && check_arguments(q);
    for (uint32_t i = 0; ok && i < q->nresults; i++)
        ok = check_result(q, i);
    return ok;
}
