/*
 * credential - make, read and use the key of a store's kept credentials.
 */
#include "provider/credential.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hex.h"
#include "provider/crypto.h"

#define CREDENTIAL_OLD_PREFIX "sha256:" /* of earlier versions: no key */

/* --- the file ------------------------------------------------------------- */

/* May the key be taken from that file?  NULL, or why not. */
static const char *
refusal(const char *store, const struct stat *key)
{
	struct stat st;

	if (!S_ISREG(key->st_mode))
		return "is no file";
	if ((key->st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return "others than its owner may read or write it: chmod 600";
	if (key->st_uid != geteuid() &&
	    (stat(store, &st) != 0 || st.st_uid != key->st_uid))
		return "belongs to another user than the store";
	if (key->st_size != CREDENTIAL_KEY_SIZE)
		return "has not the length of a key";
	return NULL;
}

/* Returns 0, or -1 with errno; 0 and a reason where it is refused. */
static int
read_key(const char *store, const char *path, struct credential_key *k,
    const char **refused)
{
	/* O_NONBLOCK: a FIFO of that name must not stop us. */
	int fd = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct stat st;
	int rc = -1;

	if (fd == -1)
		return -1;
	if (fstat(fd, &st) == 0) {
		*refused = refusal(store, &st);
		if (*refused != NULL)
			rc = 0;
		else if (read(fd, k->key, sizeof(k->key)) ==
		    CREDENTIAL_KEY_SIZE) {
			k->set = true;
			rc = 0;
		} else
			errno = EIO;
	}
	(void)close(fd);
	return rc;
}

static int
fill(int fd)
{
	unsigned char key[CREDENTIAL_KEY_SIZE];
	int rc = -1;

	if (getrandom(key, sizeof(key), 0) == CREDENTIAL_KEY_SIZE &&
	    write(fd, key, sizeof(key)) == CREDENTIAL_KEY_SIZE &&
	    fsync(fd) == 0)
		rc = 0;
	OPENSSL_cleanse(key, sizeof(key));
	return rc;
}

/*
 * Make the file whole under another name, so that nobody reads half a key and
 * who is first wins.  mkstemp() means O_EXCL and mode 0600.
 */
static int
make_key(const char *path)
{
	struct buf other = {0};
	int fd, rc = -1, why;

	buf_printf(&other, "%s.XXXXXX", path);
	if (other.failed) {
		errno = ENOMEM;
		return -1;
	}
	if ((fd = mkstemp(other.data)) != -1) {
		(void)fcntl(fd, F_SETFD, FD_CLOEXEC);
		rc = fill(fd);
		if (rc == 0 && link(other.data, path) != 0 && errno != EEXIST)
			/* File systems without links are the few. */
			rc = rename(other.data, path);
		why = errno;
		(void)unlink(other.data);
		(void)close(fd);
		errno = why;
	}
	buf_free(&other);
	return rc;
}

int
credential_key_load(
    const char *store, bool make, struct credential_key *k, struct buf *why)
{
	struct buf path = {0};
	const char *refused = NULL;
	int rc;

	memset(k, 0, sizeof(*k));
	buf_printf(&path, "%s" CREDENTIAL_SUFFIX, store);
	if (path.failed) {
		buf_puts(why, "out of memory");
		return -1;
	}
	rc = read_key(store, path.data, k, &refused);
	if (rc == -1 && errno == ENOENT && make &&
	    (rc = make_key(path.data)) == 0)
		rc = read_key(store, path.data, k, &refused);
	if (rc == -1)
		refused = errno == ELOOP ? "is a link" : strerror(errno);
	if (!k->set)
		buf_printf(why, "%s: %s", path.data, refused);
	buf_free(&path);
	return k->set ? 0 : -1;
}

void
credential_key_clear(struct credential_key *k)
{
	OPENSSL_cleanse(k, sizeof(*k));
}

/* --- its use -------------------------------------------------------------- */

static bool
make_mac(const struct credential_key *k, const char *s, size_t n,
    unsigned char mac[EVP_MAX_MD_SIZE])
{
	crypto_begin();
	return HMAC(EVP_sha256(), k->key, sizeof(k->key),
		   (const unsigned char *)s, n, mac, NULL) != NULL;
}

void
credential_text(const struct credential_key *k, const char *s, size_t n,
    char out[CREDENTIAL_TEXT_SIZE])
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (k == NULL || !k->set || !make_mac(k, s, n, mac)) {
		memcpy(out, CREDENTIAL_HIDDEN, sizeof(CREDENTIAL_HIDDEN));
		return;
	}
	memcpy(out, CREDENTIAL_PREFIX, sizeof(CREDENTIAL_PREFIX));
	hex_encode(mac, CREDENTIAL_KEY_SIZE, out + strlen(CREDENTIAL_PREFIX));
}

int
credential_hash(const struct credential_key *k, const char *s, size_t n,
    unsigned char out[CREDENTIAL_HASH_SIZE])
{
	unsigned char mac[EVP_MAX_MD_SIZE];

	if (k == NULL || !k->set)
		return -1;
	if (!make_mac(k, s, n, mac))
		return -2;
	memcpy(out, mac, CREDENTIAL_HASH_SIZE);
	return 0;
}

bool
credential_is_of(
    const struct credential_key *k, const char *text, const char *s)
{
	const size_t n = strlen(s), len = strlen(text);
	char wanted[CREDENTIAL_TEXT_SIZE] = CREDENTIAL_OLD_PREFIX;
	unsigned char hash[EVP_MAX_MD_SIZE];

	crypto_begin();
	if (strncmp(text, CREDENTIAL_OLD_PREFIX,
		strlen(CREDENTIAL_OLD_PREFIX)) != 0) {
		credential_text(k, s, n, wanted);
		if (strcmp(wanted, CREDENTIAL_HIDDEN) == 0)
			return false;
	} else if (EVP_Digest(s, n, hash, NULL, EVP_sha256(), NULL) == 1)
		hex_encode(hash, CREDENTIAL_KEY_SIZE, wanted + strlen(wanted));
	return len == strlen(wanted) && CRYPTO_memcmp(text, wanted, len) == 0;
}

static bool
is_hash(const char *s, size_t n, const char *prefix)
{
	const size_t len = strlen(prefix);
	unsigned char hash[CREDENTIAL_KEY_SIZE];

	return n == len + 2 * sizeof(hash) && memcmp(s, prefix, len) == 0 &&
	    hex_decode(s + len, n - len, hash, sizeof(hash)) == 0;
}

bool
credential_is_text(const char *s, size_t n)
{
	return is_hash(s, n, CREDENTIAL_PREFIX) ||
	    is_hash(s, n, CREDENTIAL_OLD_PREFIX) ||
	    (n == strlen(CREDENTIAL_HIDDEN) &&
		memcmp(s, CREDENTIAL_HIDDEN, n) == 0);
}
