/* Op descriptors, expanded from ops.def and traits.def, and look-ups by name. */
#include "qir/ops.h"

#include <string.h>
#include "infer/infer.h"
#include "qir/support/assert.h"
#include "qir/support/suggest.h"

/* The words of the table as constants. */
enum {
    FLOAT = QIR_KIND_FLOAT,
    QUANT = QIR_KIND_QUANT,
    INT = QIR_KIND_INT,
    BOOL = QIR_KIND_BOOL,
    PACKED = QIR_KIND_PACKED,
    OPTIONAL = QIR_KIND_OPTIONAL,
    TENSOR = QIR_KIND_TENSOR
};
enum {
#define T(name, doc) name = QIR_TRAIT_##name,
#include "traits.def"
#undef T
};
/* Parenthesised, so that their commas survive the nested macros of the table. */
#define QR_NONE (.kind = QIR_QR_NONE)
#define QR_SAME (.kind = QIR_QR_SAME)
#define QR_SHARED (.kind = QIR_QR_SHARED)
#define QR_ACCUM(w, b, ax) (.kind = QIR_QR_ACCUM, .weight = (w), .bias = (b), .axis = (ax))
#define QR_DYNAMIC(w, b) (.kind = QIR_QR_DYNAMIC, .weight = (w), .bias = (b))
#define QR_BINARY (.kind = QIR_QR_BINARY)
#define QR_FREE (.kind = QIR_QR_FREE)
#define QR_FIXED(s, zp) (.kind = QIR_QR_FIXED, .scale = (s), .zero_point = (zp))
#define QR_LOOKUP (.kind = QIR_QR_LOOKUP)

#define OP_BEGIN(op, doc) static const qir_operand_desc operands_##op[] = {
#define OPERAND(op, name, kinds, doc) {#name, doc, kinds},
#define OP_END(op, nresults, traits, infer, qrule, eval, lower) {0}};
#include "ops.def"

#define OP_BEGIN(op, doc) static const qir_attr_desc attrs_##op[] = {
#define ATTR(op, name, kind, dflt, doc) {#name, doc, QIR_ATTR_##kind, dflt},
#define OP_END(op, nresults, traits, infer, qrule, eval, lower) {0}};
#include "ops.def"

#define OPEN(...) __VA_ARGS__
#define COUNT(array) (sizeof(array) / sizeof *(array) - 1) /* without the closing {0} */
static const qir_op_desc descs[] = {
#define OP_BEGIN(op, doc) {#op, doc,
#define OP_END(op, nresults, traits, infer, qrule, eval, lower)                                    \
    operands_##op, attrs_##op, COUNT(operands_##op), COUNT(attrs_##op), nresults, traits,          \
    {OPEN qrule},                                                                                  \
    qir_infer_##infer, #lower},
#include "ops.def"
};

const qir_op_desc *qir_op_desc_get(qir_opcode opcode)
{
    QIR_ASSERT(opcode < QIR_NUM_OPS, "opcode out of range");
    return &descs[opcode];
}

bool qir_opcode_from_name(const char *name, size_t len, qir_opcode *out)
{
    for (unsigned i = 0; i < QIR_NUM_OPS; i++) {
        if (!strncmp(descs[i].name, name, len) && !descs[i].name[len]) {
            *out = (qir_opcode)i;
            return true;
        }
    }
    return false;
}

bool qir_op_takes_results(const qir_op_desc *desc, size_t n)
{
    bool any = desc->traits & QIR_TRAIT_RESULTS;
    return any ? n >= 1 && n <= QIR_MAX_RESULTS : n == desc->nresults;
}

bool qir_op_has_trait(const qir_op *op, unsigned trait)
{
    return qir_op_desc_get(op->opcode)->traits & trait;
}

const char *qir_op_name(const qir_op *op)
{
    return qir_op_desc_get(op->opcode)->name;
}

bool qir_opcode_computes_on(qir_opcode opcode, const qir_type *t)
{
    return qir_type_is_byte_quant(t) ||
           (qir_op_desc_get(opcode)->traits & QIR_TRAIT_WORDS && qir_type_is_word_quant(t));
}

int qir_op_weight(const qir_op *op)
{
    const qir_qrule *r = &qir_op_desc_get(op->opcode)->qrule;
    return r->kind == QIR_QR_ACCUM || r->kind == QIR_QR_DYNAMIC ? r->weight : -1;
}

int64_t qir_op_work(const qir_op *op)
{
    int64_t n = op->nresults ? qir_type_elements(op->results[0].type) : 0;
    int w = qir_op_weight(op);
    const qir_type *t = w >= 0 ? qir_op_operand(op, (uint32_t)w)->type : NULL;
    return t && t->rank ? n * (qir_type_elements(t) / t->dims[0]) : n;
}

const char *qir_opcode_suggest(const char *name, size_t len)
{
    qir_suggestion near = {.name = name, .len = len};
    for (unsigned i = 0; i < QIR_NUM_OPS; i++)
        qir_suggestion_offer(&near, descs[i].name);
    return near.best;
}

const char *infer_suggest_attr(const qir_op_desc *d, const char *name)
{
    qir_suggestion near = {.name = name, .len = strlen(name)};
    for (unsigned i = 0; i < d->nattrs; i++)
        qir_suggestion_offer(&near, d->attrs[i].name);
    return near.best;
}
