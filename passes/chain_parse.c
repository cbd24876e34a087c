/* Patterns of chain.h from text.  They are part of the program, so a fault is an assertion.
 *
 *   term := [name '='] op ['{' attr {',' attr} '}'] '(' term {',' term} ')'
 *         | name | '@' name | '#' name | '_' | number
 *   attr := name '=' (name | number | "string" | true | false) */
#include "chain.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "qir/support/arena.h"
#include "qir/support/assert.h"

typedef struct parser {
    qir_arena *arena;
    const char *at;
} parser;

static chain_node *term(parser *p);

static char peek(parser *p)
{
    p->at += strspn(p->at, " \n");
    return *p->at;
}

static bool accept(parser *p, char c)
{
    return peek(p) == c && p->at++;
}

static void expect(parser *p, char c)
{
    bool found = accept(p, c);
    QIR_ASSERT(found, "pattern of a chain");
    (void)found;
}

static bool is_number(char c)
{
    return isdigit((unsigned char)c) || c == '-';
}

static double number(parser *p)
{
    char *end;
    double v = strtod(p->at, &end);
    p->at = end;
    return v;
}

static const char *word(parser *p)
{
    (void)peek(p);
    size_t n = strspn(p->at, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789");
    QIR_ASSERT(n, "name in the pattern of a chain");
    const char *w = qir_arena_strndup(p->arena, p->at, n);
    p->at += n;
    return w;
}

static chain_node *node(parser *p, chain_kind kind, const char *name)
{
    chain_node *n = QIR_NEW(p->arena, chain_node);
    n->kind = kind;
    n->name = name;
    return n;
}

static chain_node *bag(parser *p, qir_opcode opcode)
{
    chain_node *n = node(p, CHAIN_BAG, NULL);
    n->opcode = opcode;
    n->number = chain_neutral(opcode);
    return n;
}

/* --- attributes ------------------------------------------------------------------------------- */
static chain_attr attribute(parser *p)
{
    chain_attr a = {.name = word(p)};
    expect(p, '=');
    if (accept(p, '"')) {
        a.literal = word(p);
        expect(p, '"');
    } else if (is_number(peek(p))) {
        a.number = number(p);
    } else {
        const char *w = word(p);
        bool truth = !strcmp(w, "true") || !strcmp(w, "false");
        *(truth ? &a.literal : &a.bound) = w;
    }
    return a;
}

static void attributes(parser *p, chain_node *n)
{
    if (!accept(p, '{'))
        return;
    do {
        QIR_ASSERT(n->nattrs < CHAIN_MAX, "attributes of a chain");
        n->attrs[n->nattrs++] = attribute(p);
    } while (accept(p, ','));
    expect(p, '}');
}

/* --- operands and members --------------------------------------------------------------------- */
static void add_part(chain_node *n, chain_node *part, double power)
{
    for (unsigned i = 0; i < n->nparts && part->kind == CHAIN_NAME; i++)
        if (n->kind == CHAIN_BAG && n->parts[i]->kind == CHAIN_NAME &&
            !strcmp(n->parts[i]->name, part->name)) {
            n->powers[i] += power; /* x * x is x^2 */
            return;
        }
    QIR_ASSERT(n->nparts < CHAIN_MAX, "parts of a chain");
    n->parts[n->nparts] = part;
    n->powers[n->nparts++] = power;
}

/* A number, a capture, or the members of an unnamed bag of the same kind join their bag. */
static void add_member(chain_node *n, chain_node *part, double power)
{
    bool plain = part->kind == CHAIN_BAG && !part->name && !part->nparts;
    bool same = part->kind == CHAIN_BAG && !part->name && part->opcode == n->opcode &&
                (power == 1.0 || power == -1.0);
    if (!plain && !same) {
        add_part(n, part, power);
        return;
    }
    if (part->capture)
        n->capture = part->capture;
    else
        n->number = chain_accumulate(n->opcode, n->number, part->number, power);
    for (unsigned i = 0; i < part->nparts; i++)
        add_part(n, part->parts[i], part->powers[i] * power);
}

/* Largest structure first: it binds names that the members that are mere names refer to. */
static void sort_members(chain_node *n)
{
    for (unsigned i = 1; i < n->nparts; i++)
        for (unsigned j = i; j > 0 && n->parts[j]->kind > n->parts[j - 1]->kind &&
                             n->parts[j - 1]->kind == CHAIN_NAME; j--) {
            chain_node *part = n->parts[j];
            double power = n->powers[j];
            n->parts[j] = n->parts[j - 1], n->powers[j] = n->powers[j - 1];
            n->parts[j - 1] = part, n->powers[j - 1] = power;
        }
}

static chain_node *bag_term(parser *p, const chain_family *f)
{
    chain_node *n = bag(p, f->bag);
    unsigned i = 0;
    do {
        add_member(n, term(p), f->powers[i > 1 ? 1 : i]);
        i++;
    } while (accept(p, ','));
    expect(p, ')');
    sort_members(n);
    return n;
}

static chain_node *pow_term(parser *p)
{
    chain_node *n = bag(p, QIR_OP_mul), *base = term(p);
    expect(p, ',');
    (void)peek(p);
    add_member(n, base, number(p));
    expect(p, ')');
    return n;
}

static chain_node *op_term(parser *p, const char *name)
{
    chain_node *n = node(p, CHAIN_OP, NULL);
    bool known = qir_opcode_from_name(name, strlen(name), &n->opcode);
    QIR_ASSERT(known, "op of a chain");
    (void)known;
    attributes(p, n);
    expect(p, '(');
    do
        add_part(n, term(p), 1.0);
    while (accept(p, ','));
    expect(p, ')');
    return n;
}

/* --- terms ------------------------------------------------------------------------------------ */
static chain_node *called(parser *p, const char *name)
{
    const chain_family *f = chain_family_named(name, strlen(name));
    bool is_pow = !strcmp(name, "pow");
    if (f || is_pow)
        expect(p, '(');
    return f ? bag_term(p, f) : is_pow ? pow_term(p) : op_term(p, name);
}

static chain_node *numeric(parser *p)
{
    chain_node *n = bag(p, QIR_OP_mul);
    if (accept(p, '#'))
        n->capture = word(p);
    else
        n->number = number(p);
    return n;
}

static chain_node *term(parser *p)
{
    if (peek(p) == '#' || is_number(peek(p)))
        return numeric(p);
    bool constant = accept(p, '@');
    const char *w = word(p);
    if (accept(p, '=')) {
        chain_node *n = called(p, word(p));
        n->name = w;
        return n;
    }
    if (peek(p) == '(' || peek(p) == '{')
        return called(p, w);
    chain_node *n = node(p, strcmp(w, "_") ? CHAIN_NAME : CHAIN_ABSENT, w);
    n->constant = constant;
    return n;
}

chain_node *chain_parse(qir_arena *arena, const char *text)
{
    parser p = {arena, text};
    chain_node *n = term(&p);
    QIR_ASSERT(peek(&p) == '\0', "end of the pattern of a chain");
    return n;
}
