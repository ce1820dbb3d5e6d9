/* digest - libcrypto's SHA-256, fed piece by piece. */
#include "provider/digest.h"

#include <openssl/evp.h>
#include <stdbool.h>

#include "base/hex.h"
#include "provider/crypto.h"

int
digest_parts(
    const struct digest_part *part, size_t n, char out[DIGEST_TEXT_SIZE])
{
	unsigned char hash[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *md;
	bool ok;

	crypto_begin();
	md = EVP_MD_CTX_new();
	ok = md != NULL && EVP_DigestInit_ex(md, EVP_sha256(), NULL) == 1;
	for (size_t i = 0; ok && i < n; i++)
		ok = EVP_DigestUpdate(md, part[i].data, part[i].len) == 1;
	ok = ok && EVP_DigestFinal_ex(md, hash, NULL) == 1;
	EVP_MD_CTX_free(md);
	if (!ok)
		return -1;
	hex_encode(hash, (DIGEST_TEXT_SIZE - 1) / 2, out);
	return 0;
}
