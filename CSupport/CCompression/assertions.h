/// Assertions for debug builds (`DEBUG` is defined by `swift build` there, and by Scripts/sanitize): an invariant that
/// would otherwise break silently ends the process.
#pragma once

#if defined(DEBUG)
#include <assert.h>

#define CZ_ASSERT(condition) assert(condition)
#else
#define CZ_ASSERT(condition) ((void)sizeof(condition))
#endif
