/* SPDX-License-Identifier: Apache-2.0
 * progress.c: the bar. Knows nothing of what is done. */
#include "progress.h"
#include "say.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { BAR = 24, WORDS = 56 }; /* columns of the bar, and about those of what follows it */

void vprec_progress_begin(vprec_progress *progress, uint32_t total, bool quiet)
{
    *progress = (vprec_progress){!quiet && isatty(STDERR_FILENO), total};
}

static char *duration(double seconds)
{
    if (!(seconds >= 0) || seconds > 1e8)
        return vprec_text("%s", "");
    long s = (long)(seconds + 0.5);
    return s < 3600 ? vprec_text(", %ld:%02ld left", s / 60, s % 60)
                    : vprec_text(", %ld:%02ld:%02ld left", s / 3600, s / 60 % 60, s % 60);
}

void vprec_progress_draw(const vprec_progress *progress, uint32_t done, uint32_t running, uint32_t failed,
                         double seconds_left)
{
    struct winsize size = {0};
    char bar[BAR + 4] = "";
    if (!progress->on)
        return;
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col || size.ws_col > BAR + WORDS) {
        size_t full = progress->total ? (size_t)((uint64_t)BAR * done / progress->total) : 0;
        memset(bar, ' ', BAR + 3);
        memset(bar + 1, '#', full);
        bar[0] = '[';
        bar[BAR + 1] = ']';
    }
    char *left = duration(seconds_left);
    char *trouble = failed ? vprec_text(", %" PRIu32 " failed", failed) : vprec_text("%s", "");
    char *line = vprec_text("\r%s%" PRIu32 "/%" PRIu32 " samples, %" PRIu32 " running%s%s\033[K", bar, done,
                            progress->total, running, trouble, left);
    (void)!write(STDERR_FILENO, line, strlen(line));
    free(line);
    free(trouble);
    free(left);
}

void vprec_progress_clear(const vprec_progress *progress)
{
    if (progress->on)
        (void)!write(STDERR_FILENO, "\r\033[K", 4);
}
