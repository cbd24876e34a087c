/* apply-calibration: writes the ranges of a profile into the observe ops. */
#include "qir/calibrate.h"
#include "qir/pass.h"
#include "qir/support/file.h"

enum { MAX_PROFILE = 1 << 30 };

static bool apply_file(qir_pass *p, qir_module *m, const char *path)
{
    qir_bytes text;
    if (!qir_read_file(qir_context_diag(m->ctx), qir_pass_arena(p), path, MAX_PROFILE, NULL, &text))
        return false;
    qir_profile *profile = qir_profile_parse(m->ctx, path, (const char *)text.data, text.len);
    bool ok = profile && qir_profile_apply(profile, m);
    qir_profile_destroy(profile);
    return ok;
}

static bool run(qir_pass *p, qir_module *m)
{
    const char *path = qir_pass_string(p, "profile");
    return *path ? apply_file(p, m, path) : qir_profile_apply(NULL, m);
}

static const qir_pass_option options[] = {
    {"profile", QIR_OPT_STRING, "",
     "file that qir-run -calibrate wrote; without it only constants are measured"},
    {NULL, QIR_OPT_BOOL, NULL, NULL},
};

QIR_PASS(apply_calibration, .name = "apply-calibration",
         .summary = "Writes measured ranges into observe ops.",
         .doc = "Changes: attributes `lo` and `hi` of `observe`; constants are measured on the "
                "spot.\nRequires: observers.\nLeaves: everything else.  Observers that saw no data "
                "are warned about and stay without a range.",
         .requires = QIR_STAGE_OBSERVED, .options = options, .run = run)
