/* The application: what it does with a pool does not depend on whose threads these are. */
#ifndef READ_TEN_H
#define READ_TEN_H

#include "digits.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Reads ten digits on the pool's threads and prints which they are.  Returns the exit code. */
int read_ten(const qcc_pool *pool);

#ifdef __cplusplus
}
#endif
#endif
