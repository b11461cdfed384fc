/* SPDX-License-Identifier: Apache-2.0
 * children_sum.c: a library that adds, to be opened late, and that starts programs. */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

float vprec_test_sum(int n);
int vprec_test_start(const char *command);

float vprec_test_sum(int n)
{
    volatile float s = 0;
    for (int i = 0; i < n; i++)
        s += 0.1f;
    return s;
}

int vprec_test_start(const char *command)
{
    char *const none[] = {NULL};
    errno = 0;
    execv("/nothing", none);
    return errno == ENOENT ? system(command) : 1;
}
