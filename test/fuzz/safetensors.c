/* safetensors files: the header, and one tensor that is asked for. */
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "safetensors.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char path[64];
    int fd = memfd_create("fuzz", MFD_CLOEXEC);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size)
        return -1;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    qir_context *ctx = quiet_context();
    qir_diag_engine *diag = qir_context_diag(ctx);
    st_file *f = st_open(diag, qir_context_arena(ctx), path, NULL);
    if (f) {
        const st_tensor *t = st_find(f, "w");
        if (t)
            st_read(diag, f, t, qir_arena_alloc(qir_context_arena(ctx), t->end - t->begin), NULL);
        st_close(f);
    }
    qir_context_destroy(ctx);
    close(fd);
    return 0;
}
