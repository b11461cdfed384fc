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

void vprec_progress_begin(vprec_progress *progress, uint32_t total, const char *what, bool quiet)
{
    *progress = (vprec_progress){!quiet && isatty(STDERR_FILENO), total, what};
}

static char *duration(double seconds)
{
    if (!(seconds >= 0) || seconds > 1e8)
        return vprec_text("%s", "");
    long s = (long)(seconds + 0.5);
    return s < 3600 ? vprec_text(", %ld:%02ld left", s / 60, s % 60)
                    : vprec_text(", %ld:%02ld:%02ld left", s / 3600, s / 60 % 60, s % 60);
}

static void draw(double share, const char *text, double seconds_left)
{
    struct winsize size = {0};
    char bar[BAR + 4] = "";
    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || !size.ws_col || size.ws_col > BAR + WORDS) {
        memset(bar, ' ', BAR + 3);
        memset(bar + 1, '#', (size_t)(BAR * share));
        bar[0] = '[';
        bar[BAR + 1] = ']';
    }
    char *left = duration(seconds_left), *line = vprec_text("\r%s%s%s\033[K", bar, text, left);
    (void)!write(STDERR_FILENO, line, strlen(line));
    free(line);
    free(left);
}

void vprec_progress_draw(const vprec_progress *progress, uint32_t done, uint32_t running, uint32_t failed,
                         double seconds_left)
{
    if (!progress->on)
        return;
    char *trouble = failed ? vprec_text(", %" PRIu32 " failed", failed) : vprec_text("%s", "");
    char *text = vprec_text("%" PRIu32 "/%" PRIu32 " %s, %" PRIu32 " running%s", done, progress->total, progress->what,
                            running, trouble);
    draw(progress->total ? (double)done / progress->total : 0, text, seconds_left);
    free(text);
    free(trouble);
}

void vprec_progress_draw_share(const vprec_progress *progress, double share, double seconds_left)
{
    if (!progress->on)
        return;
    char *text = vprec_text("%.0f %% of %s", 100 * share, progress->what);
    draw(share, text, seconds_left);
    free(text);
}

void vprec_progress_clear(const vprec_progress *progress)
{
    if (progress->on)
        (void)!write(STDERR_FILENO, "\r\033[K", 4);
}
