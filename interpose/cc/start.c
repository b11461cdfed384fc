/* SPDX-License-Identifier: Apache-2.0
 * start.c: see start.h. */
#include "start.h"
#include "runtime/arith.h"
#include "runtime/draws.h"
#include "runtime/sys.h"
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The text may come from anywhere: said, and the program does not run with another arithmetic than was asked for. */
static void refuse(const char *what, const char *word)
{
    fprintf(stderr, "vprec: environment variable VPREC: %s '%s': write VPREC='-f e8m10 -m rne'\n", what, word);
    _exit(125);
}

static void set_format(vprec_arith *arith, char *text)
{
    char *rest;
    for (char *part = strtok_r(text, ",", &rest); part; part = strtok_r(NULL, ",", &rest)) {
        vprec_type type = !strncmp(part, "f64=", 4) ? VPREC_F64 : VPREC_F32;
        const char *spec = part[0] == 'f' && part[3] == '=' ? part + 4 : part;
        char message[256];
        if (!strcmp(spec, "native"))
            arith->use[type] = VPREC_USE_NATIVE;
        else if (vprec_format_parse(spec, type, &arith->format[type], message, sizeof message) == VPREC_OK)
            arith->use[type] = VPREC_USE_FORMAT;
        else
            refuse(message, part);
    }
}

static void set_mode(vprec_arith *arith, const char *name)
{
    static const struct {
        const char *name;
        vprec_mode mode;
    } modes[] = {{"rne", VPREC_RNE}, {"rna", VPREC_RNA}, {"rtz", VPREC_RTZ}, {"ru", VPREC_RU},
                 {"rd", VPREC_RD},   {"rto", VPREC_RTO}, {"sr", VPREC_SR}};
    for (size_t i = 0; i < sizeof modes / sizeof *modes; i++)
        if (!strcmp(modes[i].name, name)) {
            arith->mode = modes[i].mode;
            return;
        }
    refuse("unknown mode", name);
}

static void configure(void)
{
    vprec_arith *arith = &vprec_arith_current;
    arith->round = VPREC_ROUND_RESULTS;
    arith->ops = VPREC_OPS_ALL;
    arith->mode = VPREC_RNE;
    const char *text = getenv("VPREC");
    char words[512];
    uint64_t seed = VPREC_SEED_DEFAULT;
    if (!text)
        return; /* native */
    snprintf(words, sizeof words, "%s", text);
    char *rest, *format = NULL;
    for (char *word = strtok_r(words, " ", &rest); word; word = strtok_r(NULL, " ", &rest)) {
        char *value = strtok_r(NULL, " ", &rest);
        if (!value)
            refuse("no value behind", word);
        if (!strcmp(word, "-f")) {
            format = value;
        } else if (!strcmp(word, "-m")) {
            set_mode(arith, value);
        } else if (!strcmp(word, "-s")) {
            seed = strtoull(value, NULL, 0);
        } else {
            refuse("unknown option", word);
        }
    }
    if (format)
        set_format(arith, format);
    for (int t = 0; t < VPREC_TYPES; t++)
        arith->bits[t] = t == VPREC_F64 ? 64 : 32;
    vprec_noise_start(seed, 0);
    vprec_cc_functions_start();
}

void vprec_cc_start(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, configure);
}
