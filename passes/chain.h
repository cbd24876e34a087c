/* Chains: patterns of ops written as text, and what they are an elaborate spelling of.
 *
 *   mul(0.5, x, add(1, erf(mul(0.70710678, x))))      is      gelu(x)
 *
 * Names stand for values, `@g` for a constant, `#e` for a number (a constant with one value
 * everywhere; captured), capitals for attributes; `d = sub(x, m)` names what it matches; `_` is an
 * absent operand.  Attributes that a pattern does not mention have their default.
 *
 * Sums and products are matched as bags: any order, any association.  Subtraction, negation,
 * division, reciprocal, square root and pow with a constant exponent are members of the same two
 * families, with a power: x * x * x, mul(x, mul(x, x)) and pow(x, 3) are the bag {x^3}; a / sqrt(b)
 * is {a^1, b^-0.5}; the constants among the members are one number. */
#ifndef QIR_CHAIN_H
#define QIR_CHAIN_H

#include "qir/ops.h"
#include "qir/pass.h"

enum { CHAIN_MAX = 12 }; /* members of a bag, operands, names of a pattern */

typedef struct chain_node chain_node;

typedef struct chain_attr {
    const char *name;
    const char *bound;   /* name of an attribute or number; NULL: a literal */
    const char *literal; /* string or boolean; NULL: number */
    double number;
} chain_attr;

typedef enum chain_kind { CHAIN_ABSENT, CHAIN_NAME, CHAIN_OP, CHAIN_BAG } chain_kind;

struct chain_node {
    chain_kind kind;
    const char *name; /* NAME: which; OP, BAG: the name its value gets, or NULL */
    bool constant;    /* NAME: matches constants only */
    qir_opcode opcode; /* OP; BAG: add or mul */
    chain_attr attrs[CHAIN_MAX];
    chain_node *parts[CHAIN_MAX]; /* operands or members */
    double powers[CHAIN_MAX];     /* BAG: exponent (mul) or factor (add) of each member */
    unsigned nattrs, nparts;
    double number;       /* BAG: sum or product of its constants */
    const char *capture; /* BAG: name that number gets instead of being compared */
};

/* The pattern in `text`, which is part of the program: a fault in it is a bug. */
chain_node *chain_parse(qir_arena *arena, const char *text);

/* --- sums and products ------------------------------------------------------------------------ */
/* What an op contributes to a bag: its operands with these powers. */
typedef struct chain_family {
    const char *name;
    qir_opcode bag;
    double powers[2];
} chain_family;

const chain_family *chain_family_named(const char *name, size_t len);
/* NULL if `op` is no member of the family of `bag`; pow with a constant exponent is one. */
const chain_family *chain_family_of(const qir_op *op, qir_opcode bag, chain_family *pow);
/* The constant part of an empty bag: 0 or 1. */
double chain_neutral(qir_opcode bag);
/* `number` with `x` of that power added to a sum or multiplied into a product. */
double chain_accumulate(qir_opcode bag, double number, double x, double power);

typedef struct chain_bag {
    qir_value *values[CHAIN_MAX];
    double powers[CHAIN_MAX];
    unsigned n;
    double number;
    qir_op *ops[2 * CHAIN_MAX]; /* taken apart to find the members */
    unsigned nops;
} chain_bag;

/* Takes `v` apart, through ops whose result has no other use; `shared`: v itself may have others.
 * False: too many members. */
bool chain_collect(qir_value *v, qir_opcode bag, bool shared, chain_bag *out);

/* --- matching --------------------------------------------------------------------------------- */
typedef struct chain_binding {
    const char *name;
    qir_value *value;     /* one of the three is meant */
    const qir_attr *attr;
    double number;
} chain_binding;

typedef struct chain_match {
    qir_op *root;
    double tolerance; /* of numbers, relative */
    chain_binding bindings[2 * CHAIN_MAX];
    qir_op *ops[4 * CHAIN_MAX]; /* matched, root included */
    unsigned nbindings, nops;
} chain_match;

/* Whether `pattern` describes root's result and nothing else uses what lies between. */
bool chain_matches(chain_match *m, const chain_node *pattern);

/* Bindings, for conditions; the pattern has the name. */
qir_value *chain_value(const chain_match *m, const char *name);
const qir_attr *chain_attribute(const chain_match *m, const char *name);
double chain_number(const chain_match *m, const char *name);
void chain_bind_attr(chain_match *m, const char *name, const qir_attr *attr);
void chain_bind_number(chain_match *m, const char *name, double number);

/* --- the table -------------------------------------------------------------------------------- */
typedef struct chain {
    const char *result, *pattern;
    /* Decides on shapes and binds what the result needs besides; NULL: always. */
    bool (*condition)(chain_match *m);
} chain;

extern const chain chain_table[];
extern const size_t chain_count;

#endif
