/* Corrections may cost accuracy where samples are few or odd: one of them all outlier, say.  A few samples tell
 * whether the model is nearer to its float form with them than with ranges alone; if not, they are left out. */
#include "qir/ops.h"
#include "trial.h"

/* As many as take little time. */
enum { FEWEST = 4, MOST = 32 };
static const int64_t work = 8000000000;

static int64_t choose_count(const qir_func *f)
{
    int64_t each = 1;
    qir_for_each_op(op, f->body)
        each += qir_op_work(op);
    int64_t n = work / each;
    return n < FEWEST ? FEWEST : n > MOST ? MOST : n;
}

static bool measure(const qcc_study *s, qcc_accuracy accuracy, bool equalize, double *sqnr)
{
    qcc_trial t;
    s->d->accuracy = accuracy;
    s->d->unequal = !equalize;
    bool ok = qcc_trial_run(s, &(qcc_variant){0}, &t);
    *sqnr = qir_fidelity_sqnr(&t.fidelity);
    qcc_trial_free(&t);
    return ok;
}

/* What was measured, into the driver. */
static void leave_out(qcc_driver *d, const qcc_study *s, double plain, double fast, double unequal)
{
    d->unequal = unequal >= plain;
    if (d->unequal)
        qir_remark(d->diag, NULL,
                   "channels are not equalized: over the first %lld samples that gives %.2f dB of SQNR, ranges alone %.2f",
                   (long long)s->samples, fast, plain);
    else
        qir_remark(d->diag, NULL,
                   "-accuracy=%s is left out: over the first %lld samples it gives %.2f dB of SQNR, ranges alone %.2f",
                   qcc_accuracy_name(d->accuracy), (long long)s->samples, fast, plain);
    if (!d->unequal)
        d->accuracy = QCC_PLAIN;
}

/* The weights that best rounds have their own measure; what comes before and after them is fast's. */
static bool judge(qcc_driver *d, const qcc_study *s)
{
    double plain, fast, unequal;
    if (!measure(s, QCC_PLAIN, true, &plain) || !measure(s, QCC_FAST, true, &fast))
        return false;
    if (fast >= plain)
        return true;
    if (!measure(s, QCC_FAST, false, &unequal))
        return false;
    leave_out(d, s, plain, fast, unequal);
    return true;
}

bool qcc_guard_accuracy(qcc_driver *d)
{
    if (d->accuracy == QCC_PLAIN || !d->samples)
        return true;
    qir_sample_source few = *d->samples;
    int64_t n = choose_count(qir_module_main(d->module));
    few.limit = few.limit && few.limit < n ? few.limit : n;
    qcc_options o = *d->opts;
    o.labels = NULL;
    qcc_driver own = *d;
    own.opts = &o;
    own.samples = &few;
    qcc_study s;
    bool ok = qcc_study_open(&s, &own) && judge(d, &s);
    d->internal_error = d->internal_error || own.internal_error;
    qcc_study_close(&s);
    return ok;
}
