/* Writing entries of a provenance note: JSON objects of strings, one for each thing that it tells of. */
#ifndef QCC_TOOLS_PROVENANCE_ENTRY_H
#define QCC_TOOLS_PROVENANCE_ENTRY_H

#include "provenance.h"

/* An entry about a thing: begin, facts, end. */
void note_begin(qir_strbuf *out, const char *is, const char *name);
void note_end(qir_strbuf *out);

/* A fact without a value is left out. */
void note_fact(qir_strbuf *out, const char *key, const char *value);
void note_fact_of(qir_strbuf *out, const char *key, qir_strbuf *text); /* empties `text` */
void note_hash(qir_strbuf *out, const char *key, uint64_t value);
/* Element type, and scale and zero point where it is quantized. */
void note_type_facts(qir_strbuf *out, const qir_type *t);

/* Values of facts. */
void note_put_type(qir_strbuf *out, const qir_type *t);
void note_put_scales(qir_strbuf *out, const qir_quant *q);
void note_put_shape(qir_strbuf *out, const qir_type *t);

#endif
