/* SPDX-License-Identifier: Apache-2.0
 * execs.c: becomes another program, starts one through a shell, and one with an
 * environment of its own making. */
#include "life.h"
#include <unistd.h>

int main(int argc, char **argv)
{
    uint32_t stage = argc > 1 ? (uint32_t)atoi(argv[1]) : 0;
    char next[2] = {(char)('1' + stage), 0}, *arguments[] = {argv[0], next, NULL};
    char command[4200], line[128];
    chain c = chain_of(91 + stage, 64);
    FILE *pipe;

    chain_print(&c);
    fflush(stdout);
    switch (stage) {
    case 0: execv(argv[0], arguments); break;
    case 1: execve(argv[0], arguments, environ); break;
    case 2:
        snprintf(command, sizeof command, "'%s' 5; '%s' 6", argv[0], argv[0]);
        need(system(command) == 0, "system");
        pipe = popen(command, "r");
        need(pipe != NULL, "popen");
        while (fgets(line, sizeof line, pipe))
            fputs(line, stdout);
        pclose(pipe);
        fflush(stdout);
        execl(argv[0], argv[0], "3", (char *)NULL);
        break;
    case 3: execlp(argv[0], argv[0], "4", (char *)NULL); break;
    default: return 0;
    }
    perror("exec");
    return 3;
}
