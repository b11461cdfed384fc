/* SPDX-License-Identifier: Apache-2.0
 * bytes_test.c: interpose/runtime/bytes.c, by other names, against the C library: every length and place up to a few
 * words, with what lies beside it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void *own_memcpy(void *restrict to, const void *restrict from, size_t n);
void *own_memmove(void *to, const void *from, size_t n);
void *own_memset(void *to, int byte, size_t n);
int own_memcmp(const void *a, const void *b, size_t n);
size_t own_strnlen(const char *s, size_t most);
size_t own_strlen(const char *s);
int own_strncmp(const char *a, const char *b, size_t n);
int own_strcmp(const char *a, const char *b);
char *own_strrchr(const char *s, int c);

enum { MOST = 80, PLACES = 17, ROOM = MOST + 2 * PLACES };

static long checks, failures;

static void expect(int right, const char *what, size_t n, size_t place)
{
    checks++;
    if (!right && failures++ < 10)
        printf("%s of %zu bytes at %zu: differs\n", what, n, place);
}

static int sign(int x)
{
    return (x > 0) - (x < 0);
}

static void fill(unsigned char *bytes, unsigned seed)
{
    for (int i = 0; i < ROOM; i++)
        bytes[i] = (unsigned char)(((seed + (unsigned)i) * 2654435761u) >> 23);
}

static void copies(size_t n, size_t place)
{
    unsigned char from[ROOM], mine[ROOM], theirs[ROOM];
    fill(from, 1);
    fill(mine, 2);
    memcpy(theirs, mine, ROOM);
    void *to = own_memcpy(mine + place, from + 3, n);
    memcpy(theirs + place, from + 3, n);
    expect(to == mine + place && !memcmp(mine, theirs, ROOM), "memcpy", n, place);

    for (int back = 0; back < 2; back++) { /* overlapping, either way */
        fill(mine, 4);
        memcpy(theirs, mine, ROOM);
        size_t a = back ? place : PLACES, b = back ? PLACES : place;
        own_memmove(mine + a, mine + b, n);
        memmove(theirs + a, theirs + b, n);
        expect(!memcmp(mine, theirs, ROOM), "memmove", n, place);
    }

    fill(mine, 5);
    memcpy(theirs, mine, ROOM);
    own_memset(mine + place, 0x1C5, n); /* its low byte */
    memset(theirs + place, 0x1C5, n);
    expect(!memcmp(mine, theirs, ROOM), "memset", n, place);
}

/* Equal but for the byte at `differ`, and what lies behind the end. */
static void comparisons(size_t n, size_t differ)
{
    unsigned char a[ROOM], b[ROOM];
    fill(a, 6);
    memcpy(b, a, ROOM);
    b[n] ^= 0x80;
    if (differ < n)
        b[differ] ^= differ & 1 ? 0x80 : 1;
    expect(sign(own_memcmp(a, b, n)) == sign(memcmp(a, b, n)), "memcmp", n, differ);
    expect(sign(own_memcmp(b, a, n)) == sign(memcmp(b, a, n)), "memcmp", n, differ);
    for (size_t i = 0; i < ROOM; i++) { /* as strings: no zero but at `differ` */
        a[i] |= 1;
        b[i] |= 1;
    }
    a[n] = b[n] = 0;
    b[differ] = 0;
    const char *s = (const char *)a, *t = (const char *)b;
    expect(own_strlen(t) == strlen(t) && own_strnlen(s, differ) == strnlen(s, differ), "strlen", n, differ);
    expect(sign(own_strcmp(s, t)) == sign(strcmp(s, t)), "strcmp", n, differ);
    expect(sign(own_strncmp(s, t, differ)) == sign(strncmp(s, t, differ)), "strncmp", n, differ);
    expect(own_strrchr(s, a[differ / 2]) == strrchr(s, a[differ / 2]), "strrchr", n, differ);
    expect(own_strrchr(s, 0) == strrchr(s, 0), "strrchr", n, differ);
}

int main(void)
{
    for (size_t n = 0; n <= MOST; n++) {
        for (size_t place = 0; place < PLACES; place++)
            copies(n, place);
        for (size_t differ = 0; differ <= n; differ++)
            comparisons(n, differ);
    }
    printf("%ld checks, %ld failed\n", checks, failures);
    return failures ? EXIT_FAILURE : EXIT_SUCCESS;
}
