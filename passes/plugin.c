/* Loading of plugins. */
#include "qir/plugin.h"

#include <dlfcn.h>
#include <string.h>
#include "qir/diag.h"

static const qir_plugin *find(qir_context *ctx, const char *path)
{
    qir_diag_engine *diag = qir_context_diag(ctx);
    /* dlopen searches its library path for names without a slash; a file here is meant. */
    const char *file = strchr(path, '/') ? path : qir_arena_printf(qir_context_arena(ctx), "./%s", path);
    qir_diag_note_file(diag, path);
    void *so = dlopen(file, RTLD_NOW | RTLD_LOCAL);
    if (!so) {
        (void)qir_error(diag, NULL, "plugin.load", "cannot load plugin: %s", dlerror());
        return NULL;
    }
    const qir_plugin *p = dlsym(so, "qir_plugin_info");
    if (!p)
        (void)qir_error(diag, NULL, "plugin.info",
                        "'%s' is no plugin: it does not define qir_plugin_info (qir/plugin.h)", path);
    return p;
}

bool qir_plugin_load(qir_context *ctx, const char *path)
{
    const qir_plugin *p = find(ctx, path);
    if (!p)
        return false;
    if (p->api != QIR_PLUGIN_API)
        return qir_error(qir_context_diag(ctx), NULL, "plugin.api",
                         "plugin '%s' is made for interface %u, this program has %u; compile it anew "
                         "with the headers of this version",
                         path, (unsigned)p->api, (unsigned)QIR_PLUGIN_API);
    return p->load(ctx);
}
