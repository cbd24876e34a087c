/* Writing a provenance note: tables in JSON, one for all things of a kind. */
#ifndef QCC_TOOLS_PROVENANCE_ENTRY_H
#define QCC_TOOLS_PROVENANCE_ENTRY_H

#include "provenance.h"
#include "qir/support/vec.h"

typedef struct note_column {
    const char *key;
    QIR_VEC(const char *) values; /* from the first entry on; "": not known of it */
} note_column;

typedef struct note_table {
    qir_arena *arena;
    const char *is;
    size_t rows, next; /* entries so far; the column behind the last entry's last fact */
    QIR_VEC(note_column) columns;
} note_table;

/* An entry about a thing; facts of it follow.  A fact without a value is left out. */
void note_entry(note_table *t, const char *name);
void note_fact(note_table *t, const char *key, const char *value);
void note_fact_of(note_table *t, const char *key, qir_strbuf *text); /* empties `text` */
void note_hash(note_table *t, const char *key, uint64_t value);
/* Element type, and scale and zero point where it is quantized. */
void note_type_facts(note_table *t, const qir_type *type);
/* Appends the table to a list of them, and empties it. */
void note_put(note_table *t, qir_strbuf *out);

/* Values of facts. */
void note_put_type(qir_strbuf *out, const qir_type *t);
void note_put_scales(qir_strbuf *out, const qir_quant *q);
void note_put_shape(qir_strbuf *out, const qir_type *t);

#endif
