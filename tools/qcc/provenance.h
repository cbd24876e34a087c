/* Where an object comes from: what qcc writes into its note, and what it reads from the notes of objects
 * and executables.
 *
 * The note is JSON: a list of tables, objects whose members are columns.  "is" says what the entries of a table
 * are about (model, input, output, op, kernel), "name" which ones, each other column a fact of each: a
 * string of all, or a list with a string for each in their order.  There a number n stands for the string before, n
 * times more, and an empty string for what does not apply. */
#ifndef QCC_TOOLS_PROVENANCE_H
#define QCC_TOOLS_PROVENANCE_H

#include "qcc.h"
#include "qir/calibrate.h"

/* --- provenance.c: writing ------------------------------------------------------------------- */
/* The model as it was imported; its ranges; its ops when they are final, but for what levels change. */
bool qcc_note_model(qcc_driver *d);
void qcc_note_profile(qcc_driver *d, const qir_profile *p);
void qcc_note_ops(qcc_driver *d);
/* The note; arena. */
const char *qcc_provenance(qcc_driver *d);

/* --- provenance_read.c ----------------------------------------------------------------------- */
typedef struct qcc_fact {
    const char *key, *value;
} qcc_fact;

typedef struct qcc_entry {
    const char *is, *name;
    qcc_fact *facts; /* the other members, in their order */
    size_t nfacts;
} qcc_entry;

typedef struct qcc_record { /* of one model */
    const char *name;
    qcc_entry *entries;
    size_t nentries;
} qcc_record;

/* The records of a file, in its order; at least one.  False: diagnosed. */
bool qcc_read_provenance(qir_context *ctx, const char *path, qcc_record **out, size_t *n);
const char *qcc_fact_of(const qcc_entry *e, const char *key); /* NULL: none */
/* Text of a stranger's file: nothing in it may be a command to a terminal. */
void qcc_put_plain(qir_strbuf *out, const char *text);

/* --- provenance_show.c ----------------------------------------------------------------------- */
/* -show-provenance: prints the records.  False: diagnosed. */
bool qcc_show_provenance(qir_context *ctx, const char *path);
/* -diff: prints what differs.  -1: diagnosed, else whether anything does. */
int qcc_diff_provenance(qir_context *ctx, const char *a, const char *b);

#endif
