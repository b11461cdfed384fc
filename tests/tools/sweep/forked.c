/* SPDX-License-Identifier: Apache-2.0
 * forked.c [WHAT]: a network of two layers behind a start that has state of many kinds: files and their offsets, a
 * directory, what is buffered. What it prints and writes shows if a process that goes on from there is another one.
 * WHAT: something more, before the network or, where its arithmetic is rounded, within. */
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vprec_scope.h>

enum { N = 48 };
static float weights[N];
static const char *what;

static int is(const char *text)
{
    return !strcmp(what, text);
}

__attribute__((noinline)) static float layer(const char *name, float x)
{
    vprec_scope_begin(name);
    float sum = 0;
    for (int i = 0; i < N; i++)
        sum += weights[i] * x / ((float)i + 3.3F);
    sum += expf(-sum);
    vprec_scope_end();
    return sum;
}

__attribute__((noinline)) static double wide(double x)
{
    for (int i = 0; i < N; i++)
        x += (double)weights[i] / (x + i);
    return x;
}

/* Whether operations are rounded here. */
__attribute__((noinline)) static int rounds(volatile float one)
{
    return one + 0x1p-20F == one;
}

static void *wait_long(void *unused)
{
    for (;;)
        pause();
    return unused;
}

static void before(void)
{
    pthread_t thread;
    int ends[2];
    if (is("thread"))
        pthread_create(&thread, NULL, wait_long, NULL);
    if (is("pipe") && pipe(ends))
        exit(9);
    if (is("shared") && mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0) == MAP_FAILED)
        exit(9);
    const char *elsewhere = getenv("ELSEWHERE");
    if (is("elsewhere") && (!elsewhere || open(elsewhere, O_WRONLY | O_CREAT, 0666) < 0))
        exit(9);
    if (is("timer"))
        alarm(1000);
    if (is("child") && !fork())
        _exit(0);
    if (is("early"))
        printf("early %a\n", (double)layer("one", 0.7F));
    if (is("ignored"))
        signal(SIGCHLD, SIG_IGN);
    fflush(stdout);
}

static void within(void)
{
    if (!rounds(1))
        return;
    if (is("crash"))
        raise(SIGSEGV);
    if (is("killed"))
        raise(SIGKILL);
    if (is("exit")) {
        fprintf(stderr, "it went wrong\n");
        exit(3);
    }
    if (is("hang"))
        wait_long(NULL);
    if (is("left") && !fork()) { /* what is left running may end what it is at */
        usleep(300000);
        dprintf(1, "from what was left\n");
        _exit(0);
    }
    if (is("forks")) {
        fflush(stdout);
        pid_t pid = fork();
        if (!pid) {
            dprintf(1, "child %a\n", (double)layer("two", 1.1F));
            _exit(5);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        printf("it ended with %d\n", WEXITSTATUS(status));
    }
    if (is("executes")) {
        fflush(stdout);
        execl("/proc/self/exe", "again", "plain", (char *)NULL);
    }
}

static void read_some(const char *name, int fd)
{
    char bytes[5] = "";
    ssize_t n = read(fd, bytes, sizeof bytes - 1);
    printf("%s %zd '%s'\n", name, n, bytes);
}

int main(int argc, char **argv)
{
    what = argc > 1 ? argv[1] : "plain";
    float sum = 0;
    for (int i = 0; i < N; i++) {
        weights[i] = 1 / ((float)i + 1.7F);
        sum += weights[i];
    }
    printf("start %s %a %s\n", what, (double)sum, argv[0] && strrchr(argv[0], '/') ? "" : argv[0]);
    read_some("input", 0);
    int data = open("data", O_RDONLY), same = dup(data);
    read_some("data", data);
    FILE *closed = fopen("closed", "w"), *open_one = fopen("open", "w");
    if (!closed || !open_one || mkdir("made", 0755) || chdir("made"))
        return 8;
    fprintf(closed, "written and closed %a\n", (double)sum);
    fclose(closed);
    fprintf(open_one, "written %a\n", (double)sum);
    fflush(open_one);
    fprintf(open_one, "buffered\n");
    int log = open("log", O_RDWR | O_CREAT | O_APPEND, 0644);
    dprintf(log, "log of %s\n", what);
    dprintf(2, "said before\n");
    if (is("unlinks"))
        unlink("../data");
    before();
    if (is("never"))
        return 0;
    vprec_scope_begin("network");
    within();
    float one = layer("one", 1.2345F), two = layer("two", one);
    double three = wide(two);
    vprec_scope_end();
    printf("%a %a %a\n", (double)one, (double)two, three);
    for (int i = 0; i < 3; i++)
        printf("%a ", (double)layer("one", one + (float)i));
    printf("\n");
    read_some("input", 0);
    read_some("data", data);
    read_some("same", same);
    printf("%ld\n", (long)lseek(data, 0, SEEK_CUR));
    fprintf(open_one, "%a %a\n", (double)one, (double)two);
    fclose(open_one);
    dprintf(log, "%a\n", (double)two);
    char *here = getcwd(NULL, 0), *directory = getenv("VPREC_SAMPLE_DIR");
    int inside = here && directory && !strncmp(here, directory, strlen(directory));
    printf("%d %s\n", inside, here ? strrchr(here, '/') : "");
    free(here);
    FILE *late = fopen("late", "w");
    if (!late)
        return 7;
    fprintf(late, "%a\n", (double)two);
    fclose(late);
    dprintf(2, "said behind\n");
    return 0;
}
