/* Names of the files that were read, for lists of dependencies. */
#include "diag_priv.h"

#include <string.h>

void qir_diag_note_file(qir_diag_engine *e, const char *path)
{
    size_t len = strlen(path);
    if (!strcmp(path, "-") || qir_strmap_has(&e->files, path, len))
        return;
    char *copy = strdup(path);
    if (!copy)
        __builtin_trap();
    qir_strmap_put(&e->files, copy, len, copy);
}

const char *qir_diag_file(const qir_diag_engine *e, size_t i)
{
    return i < e->files.len ? e->files.entries[i].value : NULL;
}
