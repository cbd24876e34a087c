/* Changes: chains of ops that spell out what one op means become that op (passes/chains.def).
 * Requires: a float module, simplified: common subexpressions merged, constants folded.
 * Leaves: a float module whose results differ by rounding. */
#include <string.h>
#include "chain.h"
#include "qir/rewrite.h"
#include "qir/support/assert.h"

typedef struct recogniser {
    qir_pass *pass;
    double tolerance;
    chain_node **patterns, **results; /* of each row */
} recogniser;

/* --- building --------------------------------------------------------------------------------- */
static qir_attr_kind attr_kind(qir_opcode opcode, const char *name)
{
    const qir_op_desc *d = qir_op_desc_get(opcode);
    for (unsigned i = 0; i < d->nattrs; i++)
        if (!strcmp(d->attrs[i].name, name))
            return d->attrs[i].kind;
    QIR_UNREACHABLE("attribute of the result of a chain");
}

static const qir_attr *build_attr(qir_context *ctx, const chain_match *m, qir_opcode opcode,
                                  const chain_attr *a)
{
    const qir_attr *bound = a->bound ? chain_attribute(m, a->bound) : NULL;
    double number = a->bound ? chain_number(m, a->bound) : a->number;
    if (bound)
        return bound;
    switch (attr_kind(opcode, a->name)) {
    case QIR_ATTR_BOOL: return qir_attr_bool(ctx, !strcmp(a->literal, "true"));
    case QIR_ATTR_STRING: return qir_attr_string(ctx, a->literal, strlen(a->literal));
    case QIR_ATTR_INT: return qir_attr_int(ctx, (int64_t)number);
    default: return qir_attr_float(ctx, (float)number);
    }
}

static qir_value *build(qir_builder *b, const chain_match *m, const chain_node *n)
{
    qir_value *operands[CHAIN_MAX] = {0};
    qir_named_attr attrs[CHAIN_MAX + 1] = {0};
    if (n->kind == CHAIN_NAME)
        return chain_value(m, n->name);
    for (unsigned i = 0; i < n->nparts; i++) {
        operands[i] = n->parts[i]->kind == CHAIN_ABSENT ? NULL : build(b, m, n->parts[i]);
        if (!operands[i] && n->parts[i]->kind != CHAIN_ABSENT)
            return NULL;
    }
    for (unsigned i = 0; i < n->nattrs; i++)
        attrs[i] = (qir_named_attr){n->attrs[i].name,
                                    build_attr(b->module->ctx, m, n->opcode, &n->attrs[i])};
    qir_value *v = qir_build1(b, n->opcode, operands, n->nparts, attrs, NULL);
    if (v && qir_value_const(operands[0]))
        v->name = operands[0]->name; /* a parameter in another shape, for const-fold */
    return v;
}

/* --- the walk --------------------------------------------------------------------------------- */
static bool replace(qir_rewriter *rw, const recogniser *r, const chain_match *m,
                    const chain_node *result)
{
    qir_op *root = m->root;
    qir_builder b = qir_rewriter_builder(rw, root);
    qir_value *v = build(&b, m, result);
    if (!v)
        return false;
    if (v->type != root->results[0].type) { /* the chain broadcasts on the way */
        qir_erase_dead(qir_value_op(v));
        return false;
    }
    const char *name = root->results[0].name;
    qir_rewriter_replace(rw, root, v);
    v->name = name;
    qir_pass_count(r->pass, "recognised", 1);
    return true;
}

static bool is_f32(const qir_op *op)
{
    return op->nresults == 1 && op->results[0].type->kind == QIR_TENSOR &&
           op->results[0].type->dtype == QIR_f32 && !op->results[0].type->quant;
}

/* A chain that has code does not become an op that has none. */
static bool has_code(const chain_node *result)
{
    return strcmp(qir_op_desc_get(result->opcode)->lower, "none") != 0;
}

static bool visit(qir_rewriter *rw, qir_op *op, void *user)
{
    const recogniser *r = user;
    if (qir_op_is_dead(op)) {
        qir_rewriter_erase(rw, op);
        return true;
    }
    for (size_t i = 0; i < chain_count && is_f32(op); i++) {
        chain_match m = {.root = op, .tolerance = r->tolerance};
        if (has_code(r->results[i]) && chain_matches(&m, r->patterns[i]) &&
            (!chain_table[i].condition || chain_table[i].condition(&m)) &&
            qir_pass_may_transform(r->pass))
            return replace(rw, r, &m, r->results[i]);
    }
    return false;
}

static void parse_table(recogniser *r)
{
    qir_arena *arena = qir_pass_arena(r->pass);
    r->patterns = QIR_NEW_ARRAY(arena, chain_node *, chain_count);
    r->results = QIR_NEW_ARRAY(arena, chain_node *, chain_count);
    for (size_t i = 0; i < chain_count; i++) {
        r->patterns[i] = chain_parse(arena, chain_table[i].pattern);
        r->results[i] = chain_parse(arena, chain_table[i].result);
    }
}

static bool run(qir_pass *p, qir_module *m)
{
    static const qir_pattern patterns[] = {visit};
    unsigned errors = qir_diag_error_count(qir_context_diag(m->ctx));
    recogniser r = {.pass = p, .tolerance = qir_pass_float(p, "tolerance")};
    parse_table(&r);
    qir_for_each_func(f, m)
        qir_rewrite_greedily(f, patterns, 1, &r);
    return qir_diag_error_count(qir_context_diag(m->ctx)) == errors;
}

static const qir_pass_option options[] = {
    {"tolerance", QIR_OPT_FLOAT, "5e-4", "relative, of the constants in a chain"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};
static const char *const statistics[] = {"recognised", NULL};

#define CHAIN(condition, result, pattern) "\n- `" result "`: `" pattern "`"
static const char doc[] =
    "Where nothing else uses the values in between.  Sums and products match in any order and "
    "association; `x - y`, `-x`, `x / y`, `1 / x`, `sqrt(x)` and `pow(x, c)` belong to them.  `#e` "
    "stands for any number, `@g` for any constant.\n"
#include "chains.def"
    ;
#undef CHAIN

QIR_PASS(recognise, .name = "recognise",
         .summary = "Chains of ops that spell out one op become that op.", .doc = doc,
         .excludes = QIR_STAGE_OBSERVED | QIR_STAGE_QUANTIZED | QIR_STAGE_LAYOUTS,
         .options = options, .statistics = statistics, .run = run)
