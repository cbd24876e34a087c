/* The version that every tool prints; kept equal to project() in the top CMakeLists.txt. */
#ifndef QCC_TOOLS_VERSION_H
#define QCC_TOOLS_VERSION_H

#define QCC_VERSION "0.1.0"

#endif
