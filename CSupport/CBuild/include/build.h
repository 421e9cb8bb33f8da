/// What is known of the build that made this program.
#pragma once

#ifdef __cplusplus
extern "C" {
#endif

/// The commit and its date, as `DREDGE_COMMIT` of the build's environment had them; NULL where it was not set.
const char *build_commit(void);

#ifdef __cplusplus
}
#endif
