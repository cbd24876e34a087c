/* Prints docs/ops.md from the tables: fails when the checked-in file is stale.
RUN: unit-docs-ops > %t.md
RUN: diff %src/docs/ops.md %t.md
*/
#include <stdio.h>
#include "qir/ops.h"

int main(void)
{
    qir_strbuf out = {0};
    qir_docs_ops(&out);
    fputs(qir_strbuf_cstr(&out), stdout);
    qir_strbuf_free(&out);
    return 0;
}
