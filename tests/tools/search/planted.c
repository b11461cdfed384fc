/* SPDX-License-Identifier: Apache-2.0
 * planted.c each|all N...: 200 functions that compute the same, inexactly in a narrow format. Only those of the numbers
 * are looked at: "wrong" where one of them, or with `all` each of them, gave another result than natively, or "right".
 * PLANTED_LOG names a file that gets a byte for each start, PLANTED_WAIT how many microseconds to wait. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static volatile float fine = 1.0009765625F, one = 1; /* 1 + 2^-10 */

#define FUNCTION(n)                                                                                                    \
    __attribute__((noinline)) static int f##n(void)                                                                    \
    {                                                                                                                  \
        return fine * one != fine;                                                                                     \
    }
#define TEN(X, n) X(n##0) X(n##1) X(n##2) X(n##3) X(n##4) X(n##5) X(n##6) X(n##7) X(n##8) X(n##9)
#define HUNDRED(X, n)                                                                                                  \
    TEN(X, n##0) TEN(X, n##1) TEN(X, n##2) TEN(X, n##3) TEN(X, n##4)                                                   \
    TEN(X, n##5) TEN(X, n##6) TEN(X, n##7) TEN(X, n##8) TEN(X, n##9)
HUNDRED(FUNCTION, 1)
HUNDRED(FUNCTION, 2)
#define ENTRY(n) f##n,
static int (*const functions[])(void) = {HUNDRED(ENTRY, 1) HUNDRED(ENTRY, 2)};
enum { COUNT = sizeof functions / sizeof *functions };

int main(int argc, char **argv)
{
    const char *log = getenv("PLANTED_LOG"), *wait = getenv("PLANTED_WAIT");
    int wrong[COUNT], broken = 0;
    FILE *file = log ? fopen(log, "a") : NULL;
    if (file) {
        putc('.', file);
        fclose(file);
    }
    if (wait)
        usleep((useconds_t)atoi(wait));
    for (int i = 0; i < COUNT; i++)
        wrong[i] = functions[i]();
    for (int i = 2; i < argc; i++)
        broken += wrong[atoi(argv[i]) % COUNT];
    puts(broken && (!strcmp(argv[1], "each") || broken == argc - 2) ? "wrong" : "right");
    return 0;
}
