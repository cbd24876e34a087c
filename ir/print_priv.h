/* State of one printing, shared by the print_*.c files. */
#ifndef QIR_PRINT_PRIV_H
#define QIR_PRINT_PRIV_H

#include "qir/ir.h"
#include "qir/support/map.h"
#include "qir/support/vec.h"
#include "qir/text.h"

typedef struct printer {
    const qir_module *m; /* may be NULL: types alone */
    qir_context *ctx;
    qir_print_options opts;
    qir_strbuf *out;
    bool use_aliases;
    qir_map aliases; /* qir_quant -> index + 1 */
    QIR_VEC(const qir_quant *) alias_order;
    qir_map numbers; /* unnamed value -> number + 1 */
    qir_map renamed; /* value whose name is taken -> other name (interned) */
    qir_map taken;   /* interned names of the function */
    unsigned suffix; /* last one tried for a taken name */
} printer;

/* print_type.c */
void print_type(printer *p, const qir_type *t);
void print_quant(printer *p, const qir_quant *q);
void print_hex(qir_strbuf *out, const void *data, size_t len); /* "0x..." in quotes */

/* print_const.c */
void print_const(printer *p, const qir_const *c);

/* print_attr.c */
void print_attr(printer *p, const qir_attr *a);
/* " {a = 1, b = 2}" or nothing; `opcode` < 0: no declaration, in order of names. */
void print_attrs(printer *p, const qir_dict *d, int opcode);
/* '%' or '@' and the name, quoted where it needs to be. */
void print_name(qir_strbuf *out, char sigil, const char *name);
/* " loc(...)" or nothing: positions in the text that the module was read from are not printed. */
void print_loc(printer *p, const qir_loc *loc);

#endif
