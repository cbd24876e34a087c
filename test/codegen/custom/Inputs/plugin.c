/* The same function for calibration, qir-run and the JIT. */
#include <qir/plugin.h>
#include "swish.c"

static const qir_custom_op swish = {"acme_swish", acme_swish};

static bool load(qir_context *ctx)
{
    return qir_custom_register(ctx, &swish);
}

QIR_PLUGIN(.name = "swish", .version = "1.0", .load = load)
