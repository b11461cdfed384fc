/* SPDX-License-Identifier: Apache-2.0
 * readelf.h: what binutils' readelf says about an ELF file, parsed from its
 * text: the oracle for interpose/find/object.c, with which it shares no code. */
#ifndef VPREC_TEST_READELF_H
#define VPREC_TEST_READELF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct re_function {
    uint64_t start, end;
    char *name; /* NULL: from an FDE */
} re_function;

typedef struct re_list { /* of uint64_t */
    uint64_t *at;
    size_t count, room;
} re_list;

typedef struct re_import { /* a word of the GOT */
    uint64_t slot;
    char *name;
} re_import;

typedef struct re_facts {
    bool exec; /* ET_EXEC */
    re_list code, plt; /* start, end, start, end, ... of executable sections */
    re_function *functions; /* in code: symbols, then FDEs; neither sorted nor unique */
    size_t count, room, symbols, fdes;
    re_list told;     /* addresses in code that the file says data hold; sorted, unique */
    re_list pointers; /* those and, of an ET_EXEC, aligned words; sorted, unique */
    re_import *imports; /* GLOB_DAT and JUMP_SLOT of symbols that are undefined here; not sorted */
    size_t import_count, import_room;
    size_t relative, relr; /* relocations of these kinds, into code or not */
    char build_id[129];
} re_facts;

/* False where readelf is not there. Exits with 1 where its output makes no sense. */
bool re_read(const char *path, re_facts *facts);

/* Runs the command with its arguments formatted in and gives its lines to `each`. Its exit status. */
int re_lines(void (*each)(char *line, void *data), void *data, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

bool re_within(const re_list *ranges, uint64_t address);
void re_push(re_list *list, uint64_t value);
/* Sorts and drops equal ones. */
void re_sort(re_list *list);

#endif
