/* SPDX-License-Identifier: Apache-2.0
 * signature.c: see signature.h. */
#include "signature.h"
#include "vprec.h"
#include <string.h>

static bool type_of(char letter, uint8_t *type)
{
    *type = letter == 'd' ? VPREC_F64 : VPREC_F32;
    return letter == 'd' || letter == 'f';
}

/* In registers. */
static bool parse_vector(const char *text, vprec_routine *routine)
{
    enum { REGISTER = 64 };
    routine->results = *text == '2' ? 2 : 1;
    text += *text == '2';
    if (!type_of(*text, &routine->type))
        return false;
    routine->lanes = 1;
    if (!text[1])
        return true;
    static const char *const counts[] = {"2", "4", "8", "16"};
    for (size_t i = 0; i < sizeof counts / sizeof *counts; i++)
        if (!strcmp(text + 1, counts[i]))
            routine->lanes = (uint8_t)(2u << i);
    if (routine->lanes == 2 && routine->type == VPREC_F32)
        routine->lanes = 4; /* the register's others are nobody's */
    return routine->lanes > 1 && routine->lanes * (routine->type == VPREC_F64 ? 8u : 4u) <= REGISTER;
}

/* By its arguments. */
static bool parse_arrays(const char *text, vprec_routine *routine)
{
    routine->count = routine->stride = VPREC_ROUTINE_NONE;
    routine->lanes = 1;
    int wide = -1;
    uint8_t i = 0;
    for (; text[i] && text[i] != ')' && i < VPREC_ROUTINE_ARGUMENTS; i++) {
        const char letter = text[i];
        uint8_t type, *integer = letter == 'n' || letter == 'N' ? &routine->count : &routine->stride;
        if (letter == '.')
            continue;
        if (type_of(letter, &type)) {
            if (routine->arrays == 2 || (routine->arrays && routine->type != type))
                return false;
            routine->type = type;
            routine->to[routine->arrays++] = i;
        } else if (letter && strchr("nNsS", letter)) {
            const int has = letter == 'N' || letter == 'S';
            if (*integer != VPREC_ROUTINE_NONE || (wide >= 0 && wide != has))
                return false;
            *integer = i;
            wide = has;
        } else {
            return false;
        }
    }
    routine->wide = wide == 1;
    return routine->arrays && text[i] == ')' && !text[i + 1];
}

bool vprec_signature_parse(const char *text, vprec_routine *routine)
{
    *routine = (vprec_routine){0};
    return *text == '(' ? parse_arrays(text + 1, routine) : parse_vector(text, routine);
}
