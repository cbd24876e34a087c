/* Changes: local clean-ups that are always worth it; the patterns are in passes/patterns_*.c.
 * Requires: no physical layouts yet.  Leaves: any other stage as it was; results stay equal but for
 * the sign of zeros.  dequantize(quantize(x)) stays: it rounds. */
#include "patterns.h"

static const struct {
    const canon_pattern *patterns;
    const size_t *n;
} groups[] = {{canon_shape_patterns, &canon_nshape},
              {canon_algebra_patterns, &canon_nalgebra},
              {canon_linear_patterns, &canon_nlinear},
              {canon_around_patterns, &canon_naround}};

static bool try_tables(const canon *c, qir_op *op)
{
    for (size_t g = 0; g < sizeof groups / sizeof groups[0]; g++)
        for (size_t i = 0; i < *groups[g].n; i++)
            if (groups[g].patterns[i].opcode == op->opcode && groups[g].patterns[i].apply(c, op))
                return true;
    return false;
}

static bool run(qir_pass *p, qir_module *m)
{
    return canon_run(p, m, try_tables);
}

static const char *const statistics[] = {"rewrites", NULL};

QIR_PASS(canonicalize, .name = "canonicalize",
         .summary = "Local simplifications that are always worth it.",
         .doc = "Identities (reshape, transpose, slice, pad, concat, expand, cast, storage_cast, "
                "requantize), pairs of reshape, transpose, storage_cast, clamp and relu, neutral "
                "constants, constants to the right of commutative ops, maximum and minimum with a "
                "constant (clamp), pad into conv and pools, matmul with a constant matrix "
                "(linear), constant addend of conv and linear (bias), expand before an op that "
                "broadcasts, slice of one operand of a concat, reshapes around an op of one "
                "operand.  "
                "`dequantize(quantize(x))` stays.",
         .excludes = QIR_STAGE_LAYOUTS | QIR_STAGE_PLANNED, .statistics = statistics, .run = run)
