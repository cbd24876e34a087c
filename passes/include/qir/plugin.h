/* Plugins: shared objects that add quantizers, observer kinds, passes and custom ops to a tool
 * (`-load-plugin=FILE.so`).  A plugin defines
 *
 *   QIR_PLUGIN(.name = "acme", .version = "1.0", .load = load)
 *
 * where load(ctx) calls qir_quantizer_register, qir_observer_register, qir_pass_register and
 * qir_custom_register.  It links against nothing: the tool has the functions of libqir and
 * libqirpasses.  examples/plugin is one. */
#ifndef QIR_PLUGIN_H
#define QIR_PLUGIN_H

#include "qir/custom.h"
#include "qir/observer.h"
#include "qir/pass.h"
#include "qir/quantizer.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Changes with every incompatible change of a struct that plugins fill or read. */
enum { QIR_PLUGIN_API = 1 };

typedef struct qir_plugin {
    uint32_t api; /* QIR_PLUGIN_API of the headers that the plugin was compiled with */
    const char *name, *version;
    bool (*load)(qir_context *ctx); /* once per context; false: diagnosed */
} qir_plugin;

#define QIR_PLUGIN(...)                                                                            \
    extern const qir_plugin qir_plugin_info;                                                       \
    const qir_plugin qir_plugin_info = {.api = QIR_PLUGIN_API, __VA_ARGS__};

/* Loads a plugin into a context.  It stays loaded until the process ends.  False: diagnosed. */
bool qir_plugin_load(qir_context *ctx, const char *path);

#ifdef __cplusplus
}
#endif
#endif
