/* Typed growable array on malloc: QIR_VEC(int) v = {0}; qir_vec_push(&v, 3); qir_vec_free(&v); */
#ifndef QIR_SUPPORT_VEC_H
#define QIR_SUPPORT_VEC_H

#include <stddef.h>

#define QIR_VEC(type)                                                                              \
    struct {                                                                                       \
        type *data;                                                                                \
        size_t len, cap;                                                                           \
    }

/* Makes room for `want` elements of `size` bytes; returns the (new) storage and traps when memory
 * runs out. */
void *qir_vec_grow(void *data, size_t *cap, size_t want, size_t size);

#define qir_vec_reserve(v, want)                                                                   \
    ((v)->cap >= (want) ? (void)0                                                                  \
                        : (void)((v)->data = qir_vec_grow((v)->data, &(v)->cap, (want),            \
                                                          sizeof *(v)->data)))
#define qir_vec_push(v, x) (qir_vec_reserve((v), (v)->len + 1), (v)->data[(v)->len++] = (x))
#define qir_vec_pop(v) ((v)->data[--(v)->len])
#define qir_vec_free(v) (qir_free((v)->data), (v)->data = NULL, (v)->len = (v)->cap = 0)

/* free(), here so that this header needs no <stdlib.h>. */
void qir_free(void *p);

#endif
