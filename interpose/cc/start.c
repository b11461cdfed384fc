/* SPDX-License-Identifier: Apache-2.0
 * start.c: see start.h. */
#include "start.h"
#include "host.h"
#include "rules.h"
#include "runtime/draws.h"
#include "runtime/profile.h"
#include "settings.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MESSAGE = 256, LONGEST = 1 << 16 };

/* The text may come from anywhere: said, and the program does not run with another arithmetic than was asked for. */
static _Noreturn void refuse(const char *what)
{
    fprintf(stderr, "vprec: environment variable VPREC: %s: write for example VPREC='-f e8m10 -m rne'\n", what);
    _exit(125);
}

/* Options that take a value, by their first letter; 0: there is none. */
static char option_of(const char *word)
{
    static const char *const names[] = {"-f", "--format", "-m", "--mode", "-t", "--precision", "-s", "--seed", "--site"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (!strcmp(word, names[i]))
            return i < 8 ? names[i / 2 * 2][1] : 'S';
    return 0;
}

/* The values of the options, the last one of each kind; all of --site are left where they are. */
typedef struct given {
    const char *format, *mode, *precision, *seed;
} given;

static void take(given *g, char option, const char *value)
{
    switch (option) {
    case 'f': g->format = value; break;
    case 'm': g->mode = value; break;
    case 't': g->precision = value; break;
    case 's': g->seed = value; break;
    default: break;
    }
}

/* Calls `each` for every option with its value. */
static void walk(char *words, void (*each)(void *to, char option, const char *value), void *to)
{
    char *rest, message[MESSAGE];
    for (char *word = strtok_r(words, " \t\n", &rest); word; word = strtok_r(NULL, " \t\n", &rest)) {
        const char option = option_of(word), *value = option ? strtok_r(NULL, " \t\n", &rest) : NULL;
        if (!value) {
            snprintf(message, sizeof message, option ? "no value behind '%.100s'" : "unknown option '%.100s'", word);
            refuse(message);
        }
        each(to, option, value);
    }
}

static void take_given(void *to, char option, const char *value)
{
    take(to, option, value);
}

static void take_site(void *to, char option, const char *value)
{
    char message[MESSAGE];
    if (option == 'S' && !vprec_cc_rule_add(value, to, message, sizeof message))
        refuse(message);
}

const vprec_cc_host *vprec_cc_run, *vprec_cc_scoped;

/* What vprec-run says, whose library is here. False: nothing. */
static bool configure_by_host(vprec_arith *arith)
{
    enum { RANK = 1 << 20 }; /* its own threads draw from its first children */
    const vprec_cc_host *host = vprec_cc_find_host();
    if (!host || host->size != sizeof *arith || !host->arith->ops)
        return false;
    *arith = *host->arith;
    vprec_firsts = host->firsts();
    vprec_noise_start(host->seed(), RANK);
    vprec_cc_run = host;
    if (host->scoped())
        vprec_cc_scoped = host;
    return true;
}

static void configure_by_environment(vprec_arith *arith)
{
    const char *text = getenv("VPREC");
    given g = {0};
    char message[MESSAGE], *end;
    char *words = text ? strndup(text, LONGEST) : strdup(""), *again = words ? strdup(words) : NULL;
    *arith = vprec_cc_native();
    if (!words || !again)
        refuse("no memory");
    walk(words, take_given, &g);
    if ((g.format && !vprec_cc_set_format(arith, g.format, message, sizeof message)) ||
        (g.mode && !vprec_cc_set_mode(arith, g.mode, message, sizeof message)) ||
        (g.precision && !vprec_cc_set_precision(arith, g.precision, message, sizeof message)))
        refuse(message);
    if (g.precision && !arith->noise[VPREC_F32].what)
        refuse("a precision is for the modes rr, pb and mca");
    const uint64_t seed = g.seed ? strtoull(g.seed, &end, 0) : VPREC_SEED_DEFAULT;
    if (g.seed && (!*g.seed || *end))
        refuse("the seed is no number");
    vprec_cc_set_finish(arith);
    walk(again, take_site, arith);
    free(words);
    free(again);
    vprec_noise_start(seed, 0);
}

static void configure(void)
{
    if (!configure_by_host(&vprec_arith_current))
        configure_by_environment(&vprec_arith_current);
    vprec_cc_functions_start();
}

void vprec_cc_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
}
