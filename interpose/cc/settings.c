/* SPDX-License-Identifier: Apache-2.0
 * settings.c: see settings.h. */
#include "settings.h"
#include "mode_names.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *const type_names[VPREC_TYPES] = {"f32", "f64"};
static const unsigned precision_most[VPREC_TYPES] = {24, 53};
enum { PART = 128 };

vprec_arith vprec_cc_native(void)
{
    return (vprec_arith){.round = VPREC_ROUND_RESULTS, .ops = VPREC_OPS_ALL, .mode = VPREC_RNE};
}

/* The next part of a list with commas, in `part`; NULL: it was the last. */
static const char *next_part(const char *text, char part[PART])
{
    const size_t length = strcspn(text, ",");
    snprintf(part, PART, "%.*s", (int)(length < PART ? length : PART - 1), text);
    return text[length] ? text + length + 1 : NULL;
}

/* The type in front of '=', and in *value what follows it; VPREC_TYPES: there is none. */
static int type_of(const char *part, const char **value)
{
    for (int t = 0; t < VPREC_TYPES; t++)
        if (!strncmp(part, type_names[t], 3) && part[3] == '=') {
            *value = part + 4;
            return t;
        }
    *value = part;
    return VPREC_TYPES;
}

static bool set_part(vprec_arith *arith, const char *part, bool alone, char *message, size_t size)
{
    const char *spec;
    const int named = type_of(part, &spec), type = named == VPREC_TYPES ? VPREC_F32 : named;
    if (!strcmp(spec, "native")) {
        if (named == VPREC_TYPES && !alone) {
            snprintf(message, size, "'native' stands for both types: for one write f32=native or f64=native");
            return false;
        }
        for (int t = 0; t < VPREC_TYPES; t++)
            if (named == VPREC_TYPES || t == type)
                arith->use[t] = VPREC_USE_NATIVE;
        return true;
    }
    vprec_format format;
    if (vprec_format_parse(spec, (vprec_type)type, &format, message, size) != VPREC_OK)
        return false;
    arith->format[type] = format;
    arith->use[type] = VPREC_USE_FORMAT;
    return true;
}

bool vprec_cc_set_format(vprec_arith *arith, const char *text, char *message, size_t size)
{
    char part[PART];
    const bool alone = !strchr(text, ',');
    for (const char *rest = text; rest;) {
        rest = next_part(rest, part);
        if (!set_part(arith, part, alone, message, size))
            return false;
    }
    return true;
}

/* A whole number from `least` to `most`; 0: that it is not. */
static unsigned number(const char *text, unsigned least, unsigned most)
{
    char *end;
    const unsigned long value = strtoul(text, &end, 10);
    return *text && !*end && value >= least && value <= most ? (unsigned)value : 0;
}

bool vprec_cc_set_mode(vprec_arith *arith, const char *text, char *message, size_t size)
{
    const size_t length = strcspn(text, ":");
    const vprec_mode_row *row = vprec_mode_find(text, length);
    const bool numbered = text[length];
    const unsigned bits = row && numbered && row->mode == VPREC_SR ? number(text + length + 1, 1, 64) : 0;
    if (row && (bits || !numbered)) {
        arith->mode = row->mode;
        for (int t = 0; t < VPREC_TYPES; t++) {
            arith->bits[t] = (uint8_t)bits;
            arith->noise[t].what = row->noise;
        }
        return true;
    }
    snprintf(message, size, "unknown mode '%s': use rne, rna, rtz, ru, rd, rto, sr[:BITS], rr, pb or mca", text);
    return false;
}

bool vprec_cc_set_precision(vprec_arith *arith, const char *text, char *message, size_t size)
{
    char part[PART];
    for (const char *rest = text; rest;) {
        const char *value;
        rest = next_part(rest, part);
        const int type = type_of(part, &value);
        const unsigned bits = number(value, 1, type == VPREC_TYPES ? precision_most[VPREC_F64] : precision_most[type]);
        if (!bits) {
            snprintf(message, size, "bad precision '%s': use a number from 1 to 53, or f32=T,f64=T", text);
            return false;
        }
        for (int t = 0; t < VPREC_TYPES; t++)
            if (type == VPREC_TYPES || type == t)
                arith->noise[t].precision = bits < precision_most[t] ? bits : precision_most[t];
    }
    return true;
}

void vprec_cc_set_finish(vprec_arith *arith)
{
    static const char *const whole[VPREC_TYPES] = {"fp32", "fp64"};
    const bool none = !arith->use[VPREC_F32] && !arith->use[VPREC_F64];
    for (int t = 0; t < VPREC_TYPES; t++) {
        if (none && arith->noise[t].what && !vprec_format_parse(whole[t], (vprec_type)t, &arith->format[t], NULL, 0))
            arith->use[t] = VPREC_USE_FORMAT;
        if (!arith->noise[t].precision)
            arith->noise[t].precision = precision_most[t];
        if (!arith->noise[t].error)
            arith->noise[t].error = VPREC_ERROR_RELATIVE;
        const unsigned fraction = precision_most[t] - 1;
        const unsigned dropped = arith->use[t] == VPREC_USE_FORMAT ? fraction - arith->format[t].fbits : 0;
        if (arith->mode == VPREC_SR && !arith->bits[t])
            arith->bits[t] = (uint8_t)(dropped >= 9 ? dropped : 32); /* as vprec-run has it */
    }
}

bool vprec_cc_set_spec(vprec_arith *arith, const char *text, char *message, size_t size)
{
    char part[PART];
    const bool alone = !strchr(text, ',');
    for (const char *rest = text; rest;) {
        rest = next_part(rest, part);
        const bool ok = !strncmp(part, "mode=", 5) ? vprec_cc_set_mode(arith, part + 5, message, size)
                        : !strncmp(part, "precision=", 10)
                            ? vprec_cc_set_precision(arith, part + 10, message, size)
                            : set_part(arith, part, alone, message, size);
        if (!ok)
            return false;
    }
    vprec_cc_set_finish(arith);
    return true;
}
