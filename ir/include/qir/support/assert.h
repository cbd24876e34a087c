/* Assertions for our own invariants.
 * Input errors never reach these: they are diagnostics.  A failed assertion traps, so that the
 * libraries contain no abort or exit. */
#ifndef QIR_SUPPORT_ASSERT_H
#define QIR_SUPPORT_ASSERT_H

#ifdef QIR_NO_ASSERT
#define QIR_ASSERT(cond, msg) ((void)0)
#define QIR_UNREACHABLE(msg) __builtin_unreachable()
#else
#define QIR_ASSERT(cond, msg) ((cond) ? (void)0 : qir_assert_failed(#cond, msg, __FILE__, __LINE__))
#define QIR_UNREACHABLE(msg) qir_assert_failed("unreachable", msg, __FILE__, __LINE__)
#endif

/* Prints the failed condition to stderr and traps. */
_Noreturn void qir_assert_failed(const char *cond, const char *msg, const char *file, int line);

#endif
