/* Writing JSON: strings of any bytes. */
#ifndef QCC_TOOLS_JSON_H
#define QCC_TOOLS_JSON_H

#include "qir/support/strbuf.h"

/* In quotes, escaped; bytes that are not ASCII as the characters of the same number. */
void json_string(qir_strbuf *out, const char *s);

#endif
