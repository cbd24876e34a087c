/* -test=SCRIPT: a program gets the file of a candidate and says by its exit status 0 that it is still
 * interesting. */
#include "predicate.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include "qir/text.h"

static void candidate_path(const script *s, unsigned slot, char *path, size_t size)
{
    snprintf(path, size, "%s/%u.qir", s->folder, slot);
}

bool script_open(script *s, qir_diag_engine *diag, const char *command, unsigned slots, bool verbose)
{
    *s = (script){.command = command, .folder = "/tmp/qir-reduce-XXXXXX", .slots = slots, .verbose = verbose};
    if (access(command, X_OK))
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

/* The command is a path, never looked up: no slash means this folder. */
_Noreturn static void execute(const script *s, const char *path)
{
    int null = s->verbose ? -1 : open("/dev/null", O_RDWR);
    for (int fd = 0; null >= 0 && fd < 3; fd++)
        dup2(null, fd);
    execl(s->command, s->command, path, (char *)NULL);
    _exit(127);
}

bool script_accepts(void *user, qir_module *candidate, unsigned slot)
{
    const script *s = user;
    char path[96];
    candidate_path(s, slot, path, sizeof path);
    if (!write_candidate(candidate, path))
        return false;
    pid_t pid = fork();
    int status = 1;
    if (pid == 0)
        execute(s, path);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    return pid > 0 && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}
