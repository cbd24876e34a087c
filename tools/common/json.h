/* Writing JSON: strings of any bytes, numbers. */
#ifndef QCC_TOOLS_JSON_H
#define QCC_TOOLS_JSON_H

#include "qir/support/strbuf.h"

/* In quotes, escaped; bytes that are not ASCII as the characters of the same number. */
void json_string(qir_strbuf *out, const char *s);

/* A number; what JSON has none for (infinities, not a number) is null. */
void json_number(qir_strbuf *out, double v);

#endif
