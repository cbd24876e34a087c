/* Bugs planted on purpose, one per build: cmake -DQCC_BUG=7.  Tests that are worth their time find each
 * (docs/testing.md has the table; test/bugs/run.py measures).  Builds as they are have none. */
#ifndef QIR_SUPPORT_BUG_H
#define QIR_SUPPORT_BUG_H

#ifndef QCC_BUG
#define QCC_BUG 0
#endif

/* Is bug `n` in this build?  A constant. */
#define QIR_BUG(n) (QCC_BUG == (n))

#endif
