/* SPDX-License-Identifier: Apache-2.0
 * digest.c: FNV-1a, byte by byte. */
#include "digest.h"
#include "say.h"
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

vprec_digest vprec_digest_bytes(vprec_digest digest, const void *bytes, size_t size)
{
    const unsigned char *at = bytes;
    for (size_t i = 0; i < size; i++)
        digest = (digest ^ at[i]) * UINT64_C(0x100000001b3);
    return digest;
}

vprec_digest vprec_digest_file(vprec_digest digest, const char *path)
{
    unsigned char buffer[1 << 16];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
    ssize_t got;
    while (fd >= 0 && ((got = read(fd, buffer, sizeof buffer)) > 0 || (got < 0 && errno == EINTR)))
        digest = vprec_digest_bytes(digest, buffer, got > 0 ? (size_t)got : 0);
    if (fd >= 0)
        close(fd);
    return digest;
}

char *vprec_digest_text(vprec_digest digest)
{
    return vprec_text("fnv1a64:%016" PRIx64, digest);
}
