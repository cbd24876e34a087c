/* -test=SCRIPT: a program gets the file of a candidate and says by its exit status 0 that it is still
 * interesting. */
#include "predicate.h"
#include "process.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "qir/text.h"

static void candidate_path(const script *s, unsigned slot, char *path, size_t size)
{
    snprintf(path, size, "%s/%u.qir", s->folder, slot);
}

bool script_open(script *s, qir_diag_engine *diag, const char *command, unsigned slots, bool verbose)
{
    *s = (script){.folder = "/tmp/qir-reduce-XXXXXX", .slots = slots, .verbose = verbose};
    s->command = realpath(command, NULL);
    if (!s->command || access(command, X_OK))
        return qir_error(diag, NULL, "reduce.test", "cannot run '%s': %s; -test expects the path of an "
                         "executable file", command, strerror(errno));
    return mkdtemp(s->folder) ||
           qir_error(diag, NULL, "reduce.folder", "cannot create a folder in /tmp: %s", strerror(errno));
}

void script_close(script *s)
{
    char path[96];
    for (unsigned i = 0; i < s->slots; i++) {
        candidate_path(s, i, path, sizeof path);
        unlink(path);
    }
    rmdir(s->folder);
    free(s->command);
}

static bool write_candidate(const qir_module *m, const char *path)
{
    qir_strbuf text = {0};
    qir_print(m, NULL, &text);
    FILE *file = fopen(path, "w");
    bool ok = file && fwrite(text.data, 1, text.len, file) == text.len;
    ok = file && fclose(file) == 0 && ok;
    qir_strbuf_free(&text);
    return ok;
}

bool script_accepts(void *user, qir_module *candidate, unsigned slot)
{
    const script *s = user;
    char path[96];
    candidate_path(s, slot, path, sizeof path);
    if (!write_candidate(candidate, path))
        return false;
    const char *argv[] = {s->command, path, NULL}, *shown = s->verbose ? "" : NULL;
    return tool_run_process(&(tool_process){.argv = argv, .out = shown, .err = shown}) == 0;
}
