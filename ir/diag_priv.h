/* State of a diagnostic engine; private to diag*.c. */
#ifndef QIR_DIAG_PRIV_H
#define QIR_DIAG_PRIV_H

#include "qir/diag.h"
#include "qir/support/map.h"

enum qir_warning_id {
#define W(name, on, doc) +1
    QIR_NUM_WARNINGS = 0
#include "warnings.def"
};

enum qir_remark_id {
#define R(name, doc) +1
    QIR_NUM_REMARKS = 0
#include "warnings.def"
};

typedef struct qir_source {
    const char *text;
    size_t len;
} qir_source;

struct qir_diag_engine {
    qir_diag_handler handler;
    void *user;
    unsigned errors, limit;
    bool drop_notes; /* the message before was not handed on */
    bool quiet;      /* only errors are */
    qir_map sources; /* file name -> qir_source */
    qir_map files;   /* names of files that were read */
    uint8_t warning_state[QIR_NUM_WARNINGS];
    bool remark_on[QIR_NUM_REMARKS];
};

#endif
