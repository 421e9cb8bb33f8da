#pragma once
// libcrypto as it is. Fetch algorithms once (EVP_MD_fetch, EVP_MAC_fetch) and keep them: an implicit fetch costs more
// than hashing a request does.
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/rand.h>
