/* SPDX-License-Identifier: Apache-2.0
 * marker.c: a program that leaves a mark: creates the file it is given, so that a test can tell whether it ran. */
#include <stdio.h>

int main(int argc, char **argv)
{
    FILE *file = argc > 1 ? fopen(argv[1], "w") : NULL;
    if (file)
        fclose(file);
    return file ? 0 : 1;
}
