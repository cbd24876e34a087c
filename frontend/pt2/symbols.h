/* Symbolic sizes: expressions as sympy writes them, symbols bound on the command line. */
#ifndef QIR_FRONTEND_PT2_SYMBOLS_H
#define QIR_FRONTEND_PT2_SYMBOLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The value of symbol `name` (not NUL-terminated).  False: unknown, which ends the evaluation. */
typedef bool (*pt2_symbol_fn)(void *user, const char *name, size_t len, int64_t *value);

typedef enum pt2_eval { PT2_EVAL_OK, PT2_EVAL_UNKNOWN_SYMBOL, PT2_EVAL_BAD } pt2_eval;

/* Evaluates `Mul(Integer(2), Symbol('s69', positive=True))` as well as `2*s69`.  BAD: not understood,
 * too deep, or outside 64 bits. */
pt2_eval pt2_expr_eval(const char *text, pt2_symbol_fn symbol, void *user, int64_t *out);

#endif
