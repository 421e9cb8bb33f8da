#include "build.h"

#include <stddef.h>

const char *build_commit(void) {
#ifdef DREDGE_COMMIT
    return DREDGE_COMMIT;
#else
    return NULL;
#endif
}
