/* SPDX-License-Identifier: Apache-2.0
 * victim.c LOG DIR: does in each cell of a sweep what the files in DIR say. Its cell it learns from the command line
 * of vprec-run above it, of which in the native run there is none. CELL below is "native", or the fraction bits, as
 * "7", or "t8".
 *
 *   DIR/CELL.N, DIR/CELL   what to print in sample N, in any sample
 *   DIR/CELL.do            how to end: "exit 3", "crash", "hang", "child" (hangs, with a child), or "wait FILE"
 *
 * Each start adds a line "CELL N" to LOG. Computes nothing. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char cell[64] = "native";

/* The parent of process `pid`. */
static int parent_of(int pid)
{
    char path[64], line[512] = "";
    int parent = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", pid);
    FILE *file = fopen(path, "r");
    if (file && fgets(line, sizeof line, file) && strrchr(line, ')'))
        sscanf(strrchr(line, ')'), ") %*c %d", &parent);
    if (file)
        fclose(file);
    return parent;
}

/* What the command line of `pid` says; false where it says nothing. */
static int take_cell(int pid)
{
    char path[64], line[4096];
    int found = 0;
    snprintf(path, sizeof path, "/proc/%d/cmdline", pid);
    FILE *file = fopen(path, "r");
    size_t length = file ? fread(line, 1, sizeof line - 1, file) : 0;
    line[length] = 0;
    for (char *word = line; word < line + length && strcmp(word, "--"); word += strlen(word) + 1) {
        const char *format = !strncmp(word, "--format=", 9) ? word + 9 : NULL;
        const char *precision = !strncmp(word, "--precision=", 12) ? word + 12 : NULL;
        if (format)
            snprintf(cell, sizeof cell, "%s", strrchr(format, 'm') ? strrchr(format, 'm') + 1 : format);
        if (precision)
            snprintf(cell, sizeof cell, "t%s", precision);
        found |= format || precision;
    }
    if (file)
        fclose(file);
    return found;
}

static void find_cell(void)
{
    int pid = getppid();
    for (int level = 0; level < 4 && pid > 1 && !take_cell(pid); level++)
        pid = parent_of(pid);
}

static int print(const char *path)
{
    char buffer[4096];
    int fd = open(path, O_RDONLY);
    ssize_t got;
    if (fd < 0)
        return 0;
    while ((got = read(fd, buffer, sizeof buffer)) > 0)
        if (write(STDOUT_FILENO, buffer, (size_t)got) != got)
            exit(9);
    close(fd);
    return 1;
}

static void hang(void)
{
    for (;;)
        pause();
}

int main(int argc, char **argv)
{
    const char *sample = getenv("VPREC_SAMPLE") ? getenv("VPREC_SAMPLE") : "0";
    char path[4096], how[4096] = "";
    if (argc < 3)
        return 1;
    find_cell();
    int log = open(argv[1], O_WRONLY | O_APPEND | O_CREAT, 0666);
    dprintf(log, "%s %s\n", cell, sample);
    close(log);
    snprintf(path, sizeof path, "%s/%s.%s", argv[2], cell, sample);
    if (!print(path)) {
        snprintf(path, sizeof path, "%s/%s", argv[2], cell);
        print(path);
    }
    snprintf(path, sizeof path, "%s/%s.do", argv[2], cell);
    FILE *file = fopen(path, "r");
    if (file && fgets(how, sizeof how, file))
        how[strcspn(how, "\n")] = 0;
    if (!strncmp(how, "exit ", 5))
        return atoi(how + 5);
    if (!strcmp(how, "crash"))
        raise(SIGSEGV);
    if (!strcmp(how, "child") && !fork())
        hang();
    if (!strcmp(how, "hang") || !strcmp(how, "child"))
        hang();
    while (!strncmp(how, "wait ", 5) && access(how + 5, F_OK))
        usleep(10000);
    return 0;
}
