/// libcurl, with one typed function for each argument type of its variadic functions: Swift does not import variadic C
/// functions. The names in parentheses keep curl's own macros of the same name out of the way.
#pragma once
#include <curl/curl.h>
#if defined(__linux__)
#include <linux/sockios.h>
#include <sys/ioctl.h>
#elif defined(__APPLE__)
#include <sys/socket.h>
#endif

/// A body or header callback: `size * count` bytes at `data`; answers how many it took (CURLOPT_WRITEFUNCTION(3)).
typedef size_t (*ccurl_store)(char *data, size_t size, size_t count, void *context);

/// CURL_GLOBAL_DEFAULT is a macro that Swift does not import. Thread-safe since curl 7.84.
static inline CURLcode ccurl_global_init(void) { return curl_global_init(CURL_GLOBAL_DEFAULT); }

/// Variadic: curl_easy_setopt(3) with a number.
static inline CURLcode ccurl_set_long(CURL *easy, CURLoption option, long value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// Variadic: curl_easy_setopt(3) with a byte count.
static inline CURLcode ccurl_set_offset(CURL *easy, CURLoption option, curl_off_t value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// Variadic: curl_easy_setopt(3) with a string, which curl copies; NULL restores the default.
static inline CURLcode ccurl_set_string(CURL *easy, CURLoption option, const char *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// Variadic: curl_easy_setopt(3) with a pointer, which curl keeps and does not copy.
static inline CURLcode ccurl_set_pointer(CURL *easy, CURLoption option, const void *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// Variadic: curl_easy_setopt(3) with a header list, which curl keeps and does not copy.
static inline CURLcode ccurl_set_list(CURL *easy, CURLoption option, struct curl_slist *value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// Variadic: curl_easy_setopt(3) with CURLOPT_SEEKFUNCTION.
static inline CURLcode ccurl_set_seek(CURL *easy, curl_seek_callback value) {
    return (curl_easy_setopt)(easy, CURLOPT_SEEKFUNCTION, value);
}

/// Variadic: curl_easy_setopt(3) with CURLOPT_WRITEFUNCTION, CURLOPT_HEADERFUNCTION or CURLOPT_READFUNCTION, whose
/// callbacks have one type.
static inline CURLcode ccurl_set_store(CURL *easy, CURLoption option, ccurl_store value) {
    return (curl_easy_setopt)(easy, option, value);
}

/// Variadic: curl_easy_setopt(3) with CURLOPT_OPENSOCKETFUNCTION.
static inline CURLcode ccurl_set_open_socket(CURL *easy, curl_opensocket_callback value) {
    return (curl_easy_setopt)(easy, CURLOPT_OPENSOCKETFUNCTION, value);
}

/// Variadic: curl_easy_getinfo(3) of a byte count or of microseconds; 0 when there is none.
static inline curl_off_t ccurl_get_offset(CURL *easy, CURLINFO info) {
    curl_off_t value = 0;
    return (curl_easy_getinfo)(easy, info, &value) == CURLE_OK ? value : 0;
}

/// Variadic: curl_easy_getinfo(3) of CURLINFO_PRIVATE.
static inline void *ccurl_get_private(CURL *easy) {
    char *value = NULL;
    return (curl_easy_getinfo)(easy, CURLINFO_PRIVATE, &value) == CURLE_OK ? value : NULL;
}

/// Variadic: curl_multi_setopt(3) with a number.
static inline CURLMcode ccurl_multi_set_long(CURLM *multi, CURLMoption option, long value) {
    return (curl_multi_setopt)(multi, option, value);
}

/// Variadic: curl_multi_setopt(3) with CURLMOPT_SOCKETFUNCTION and what it is called with.
static inline void ccurl_multi_set_socket_function(CURLM *multi, curl_socket_callback value, void *context) {
    (curl_multi_setopt)(multi, CURLMOPT_SOCKETFUNCTION, value);
    (curl_multi_setopt)(multi, CURLMOPT_SOCKETDATA, context);
}

/// Variadic: curl_multi_setopt(3) with CURLMOPT_TIMERFUNCTION and what it is called with.
static inline void ccurl_multi_set_timer_function(CURLM *multi, curl_multi_timer_callback value, void *context) {
    (curl_multi_setopt)(multi, CURLMOPT_TIMERFUNCTION, value);
    (curl_multi_setopt)(multi, CURLMOPT_TIMERDATA, context);
}

/// CURLVERSION_NOW is a macro that Swift does not import. Whether curl was built with a default file of certificate
/// authorities.
static inline int ccurl_has_default_authority_file(void) { return curl_version_info(CURLVERSION_NOW)->cainfo != NULL; }

/// Bytes that the system has taken to be sent on `socket` and the other side has not confirmed (tcp(7), SIOCOUTQ);
/// 0 where that can't be told.
static inline int ccurl_unconfirmed_byte_count(curl_socket_t socket) {
    int count = 0;
#if defined(__linux__)
    if (ioctl(socket, SIOCOUTQ, &count) != 0) return 0;
#elif defined(__APPLE__)
    socklen_t length = sizeof count;
    if (getsockopt(socket, SOL_SOCKET, SO_NWRITE, &count, &length) != 0) return 0;
#endif
    return count;
}
