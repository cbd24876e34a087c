/* Other programs: starting one, waiting for it, and finding it. */
#include "process.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

static bool redirect(int fd, const char *path)
{
    if (path && !*path)
        return true;
    int file = open(path ? path : "/dev/null", fd == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC, 0600);
    return file >= 0 && dup2(file, fd) >= 0 && (file == fd || close(file) == 0);
}

_Noreturn static void child(const tool_process *p)
{
    const struct rlimit limit = {p->seconds, p->seconds}, no_core = {0, 0};
    setrlimit(RLIMIT_CORE, &no_core);
    if (p->seconds)
        setrlimit(RLIMIT_CPU, &limit);
    if (redirect(0, p->in) && redirect(1, p->out) && redirect(2, p->err))
        execvp(p->argv[0], (char *const *)(size_t)p->argv);
    _exit(TOOL_NOT_STARTED);
}

int tool_run_process(const tool_process *p)
{
    int status = 0;
    pid_t pid = fork();
    if (pid == 0)
        child(p);
    while (pid > 0 && waitpid(pid, &status, 0) < 0 && errno == EINTR)
        ;
    if (pid < 0)
        return TOOL_NOT_STARTED;
    return WIFSIGNALED(status) ? TOOL_SIGNAL + WTERMSIG(status) : WEXITSTATUS(status);
}

/* `name` in the folder [dir, dir + len) of PATH; an empty one is the current folder. */
static char *program_in(const char *dir, size_t len, const char *name)
{
    char *path = malloc(len + strlen(name) + 3);
    if (!path)
        return NULL;
    sprintf(path, "%.*s%s%s", (int)len, dir, len ? "/" : "./", name);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return NULL;
}

char *tool_find_program(const char *const *names)
{
    const char *folders = getenv("PATH");
    char *found = NULL;
    for (; *names && !found; names++)
        for (const char *at = folders ? folders : "/usr/bin"; !found;) {
            size_t len = strcspn(at, ":");
            found = program_in(at, len, *names);
            if (!at[len])
                break;
            at += len + 1;
        }
    return found;
}
