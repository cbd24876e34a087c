/* Sums and products as bags of members with powers. */
#include "chain.h"

#include <math.h>
#include <string.h>
#include "bounds.h"
#include "patterns.h"

static const struct {
    qir_opcode opcode;
    chain_family family;
} families[] = {
    {QIR_OP_add, {"add", QIR_OP_add, {1, 1}}},    {QIR_OP_sub, {"sub", QIR_OP_add, {1, -1}}},
    {QIR_OP_neg, {"neg", QIR_OP_add, {-1, 0}}},   {QIR_OP_mul, {"mul", QIR_OP_mul, {1, 1}}},
    {QIR_OP_div, {"div", QIR_OP_mul, {1, -1}}},   {QIR_OP_sqrt, {"sqrt", QIR_OP_mul, {0.5, 0}}},
    {QIR_OP_reciprocal, {"reciprocal", QIR_OP_mul, {-1, 0}}},
};
enum { NFAMILIES = sizeof families / sizeof families[0] };

const chain_family *chain_family_named(const char *name, size_t len)
{
    for (size_t i = 0; i < NFAMILIES; i++)
        if (strlen(families[i].family.name) == len && !memcmp(families[i].family.name, name, len))
            return &families[i].family;
    return NULL;
}

const chain_family *chain_family_of(const qir_op *op, qir_opcode bag, chain_family *pow)
{
    float exponent;
    if (bag == QIR_OP_mul && op->opcode == QIR_OP_pow &&
        canon_splat_value(qir_op_operand(op, 1), &exponent)) {
        *pow = (chain_family){"pow", QIR_OP_mul, {(double)exponent, 0}};
        return pow;
    }
    for (size_t i = 0; i < NFAMILIES; i++)
        if (families[i].opcode == op->opcode && families[i].family.bag == bag)
            return &families[i].family;
    return NULL;
}

double chain_neutral(qir_opcode bag)
{
    return bag == QIR_OP_mul;
}

double chain_accumulate(qir_opcode bag, double number, double x, double power)
{
    return bag == QIR_OP_mul ? number * pow(x, power) : number + x * power;
}

static bool add_member(chain_bag *b, qir_value *v, double power)
{
    for (unsigned i = 0; i < b->n; i++)
        if (b->values[i] == v) {
            b->powers[i] += power;
            return true;
        }
    if (b->n == CHAIN_MAX)
        return false;
    b->values[b->n] = v;
    b->powers[b->n++] = power;
    return true;
}

/* Sums and products distribute over powers 1 and -1 only: sqrt(a * b) stays one member. */
static bool opens(const qir_value *v, double power, bool shared)
{
    const qir_op *op = qir_value_op(v);
    return op && (shared || qir_value_has_one_use(v)) && fabs(power) == 1.0 &&
           v->type->dtype == QIR_f32 && !v->type->quant &&
           !(qir_op_has_trait(op, QIR_TRAIT_CLAMPED) && !qir_bounds_none(qir_bounds_of(op)));
}

static bool collect(qir_value *v, double power, qir_opcode bag, bool shared, chain_bag *out)
{
    float number;
    chain_family pow;
    qir_op *op = qir_value_op(v);
    const chain_family *f = opens(v, power, shared) ? chain_family_of(op, bag, &pow) : NULL;
    if (canon_splat_value(v, &number)) {
        out->number = chain_accumulate(bag, out->number, (double)number, power);
        return true;
    }
    if (!f)
        return add_member(out, v, power);
    if (out->nops == sizeof out->ops / sizeof out->ops[0])
        return false;
    out->ops[out->nops++] = op;
    for (unsigned i = 0; i < 2 && f->powers[i] != 0; i++)
        if (!collect(qir_op_operand(op, i), power * f->powers[i], bag, false, out))
            return false;
    return true;
}

bool chain_collect(qir_value *v, qir_opcode bag, bool shared, chain_bag *out)
{
    *out = (chain_bag){.number = chain_neutral(bag)};
    return collect(v, 1.0, bag, shared, out);
}
