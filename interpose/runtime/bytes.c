/* SPDX-License-Identifier: Apache-2.0
 * bytes.c: the C library's functions on bytes and strings that this library and
 * its compiler call, for itself: a sanitizer in the program interposes them, and
 * is not ready when this library starts. Hidden, and so preferred where it links. */
#include <fnmatch.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#pragma GCC optimize("no-tree-loop-distribute-patterns") /* else they would call themselves */

/* n bytes, at least as many as the word has and at most twice as many, as two words that may overlap. */
#define COPY(word)                                                                                                     \
    do {                                                                                                               \
        word first, last;                                                                                              \
        __builtin_memcpy(&first, from, sizeof first);                                                                  \
        __builtin_memcpy(&last, (const char *)from + n - sizeof last, sizeof last);                                    \
        __builtin_memcpy(to, &first, sizeof first);                                                                    \
        __builtin_memcpy((char *)to + n - sizeof last, &last, sizeof last);                                            \
        return to;                                                                                                     \
    } while (0)

/* Most are a few bytes of code, for which the string instruction takes long to start. */
void *memcpy(void *restrict to, const void *restrict from, size_t n)
{
    if (n <= 16) {
        if (n >= 8)
            COPY(uint64_t);
        if (n >= 4)
            COPY(uint32_t);
        for (size_t i = 0; i < n; i++)
            ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
        return to;
    }
    void *at = to;
    __asm__ volatile("rep movsb" : "+D"(at), "+S"(from), "+c"(n) : : "memory");
    return to;
}

void *memmove(void *to, const void *from, size_t n)
{
    if ((uintptr_t)to - (uintptr_t)from >= n)
        return memcpy(to, from, n);
    for (size_t i = n; i--;)
        ((unsigned char *)to)[i] = ((const unsigned char *)from)[i];
    return to;
}

void *memset(void *to, int byte, size_t n)
{
    if (n <= 16) {
        const uint64_t all = (uint8_t)byte * UINT64_C(0x0101010101010101);
        if (n >= 8) {
            __builtin_memcpy(to, &all, 8);
            __builtin_memcpy((char *)to + n - 8, &all, 8);
            return to;
        }
        for (size_t i = 0; i < n; i++)
            ((unsigned char *)to)[i] = (unsigned char)byte;
        return to;
    }
    void *at = to;
    __asm__ volatile("rep stosb" : "+D"(at), "+c"(n) : "a"(byte) : "memory");
    return to;
}

int memcmp(const void *a, const void *b, size_t n)
{
    const unsigned char *x = a, *y = b;
    size_t i = 0;
    for (uint64_t u, v; i + 8 <= n; i += 8) {
        __builtin_memcpy(&u, x + i, 8);
        __builtin_memcpy(&v, y + i, 8);
        if (u != v)
            break;
    }
    for (; i < n; i++)
        if (x[i] != y[i])
            return x[i] - y[i];
    return 0;
}

size_t strnlen(const char *s, size_t most)
{
    size_t n = 0;
    while (n < most && s[n])
        n++;
    return n;
}

size_t strlen(const char *s)
{
    return strnlen(s, SIZE_MAX);
}

int strncmp(const char *a, const char *b, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (a[i] != b[i] || !a[i])
            return (unsigned char)a[i] - (unsigned char)b[i];
    return 0;
}

int strcmp(const char *a, const char *b)
{
    return strncmp(a, b, SIZE_MAX);
}

char *strrchr(const char *s, int c)
{
    const char *last = NULL;
    do
        if (*s == (char)c)
            last = s;
    while (*s++);
    return (char *)(uintptr_t)last;
}

size_t strcspn(const char *s, const char *reject)
{
    size_t n = 0;
    for (; s[n]; n++)
        for (const char *r = reject; *r; r++)
            if (s[n] == *r)
                return n;
    return n;
}

/* Whether the bracket expression behind `[` has the byte; where it ends. NULL: it is none. */
static const char *in_bracket(const char *p, char byte, bool *found)
{
    bool inverted = *p == '!' || *p == '^', any = false;
    const char *first = p += inverted;
    for (; *p && (*p != ']' || p == first); p++) {
        char low = *p == '\\' && p[1] ? *++p : *p, high = low;
        if (p[1] == '-' && p[2] && p[2] != ']') {
            p += 2;
            high = *p == '\\' && p[1] ? *++p : *p;
        }
        any |= (unsigned char)byte >= (unsigned char)low && (unsigned char)byte <= (unsigned char)high;
    }
    *found = any != inverted;
    return *p ? p + 1 : NULL;
}

/* As POSIX has it in the C locale, without flags and character classes. */
int fnmatch(const char *pattern, const char *s, int flags)
{
    const char *star = NULL, *from = NULL;
    (void)flags;
    for (;;) {
        const char *next = pattern;
        bool same = false;
        if (*pattern == '*') {
            star = ++pattern;
            from = s;
            continue;
        }
        if (!*pattern && !*s)
            return 0;
        if (*s && *pattern == '[' && (next = in_bracket(pattern + 1, *s, &same)) == NULL) {
            same = *s == '[';
            next = pattern + 1;
        } else if (*s && *pattern && *pattern != '[') {
            const char *p = *pattern == '\\' && pattern[1] ? pattern + 1 : pattern;
            same = (*pattern == '?') || *p == *s;
            next = p + 1;
        }
        if (same) {
            pattern = next;
            s++;
        } else if (star && *from) {
            pattern = star;
            s = ++from;
        } else {
            return FNM_NOMATCH;
        }
    }
}
