/* SPDX-License-Identifier: Apache-2.0
 * unrounded.c: see unrounded.h. */
#include "unrounded.h"
#include "runtime/record.h"
#include "runtime/share.h"
#include "x86/data.h"
#include "x86/emulate/enter.h"
#include <string.h>

/* Whether the function calculates in x87 registers, or stores from them as float or double. */
static bool works_in_x87(const vprec_job *j, const vprec_code_function *f)
{
    for (uint64_t at = f->start; at < f->end; at++) {
        uint32_t numbers = *vprec_mark(&j->map, at) & VPREC_HAS_REFUSED
                               ? vprec_decode_numbers(vprec_bytes(&j->map, at), vprec_room(&j->map, at))
                               : 0;
        if (numbers & VPREC_NUMBER_LONG && !(numbers & VPREC_NUMBER_WIDENED))
            return true;
    }
    return false;
}

/* fadd [rax + rcx * 4] behind lea rax, [table] with 0 and 2^64: so fild of an unsigned integer is put right. */
static bool is_from_table(const vprec_job *j, const vprec_code_function *f, uint64_t at)
{
    static const uint32_t words[] = {0, 0x5F800000};
    vprec_data d, lea;
    uint64_t table = 0;
    if (!vprec_data_decode(vprec_bytes(&j->map, at), vprec_room(&j->map, at), at, &d) || d.mem.size != sizeof *words ||
        d.mem.base >= VPREC_MEM_NONE || d.mem.scale != sizeof *words || d.mem.disp)
        return false;
    for (uint64_t a = f->start; a < at; a++)
        if (*vprec_mark(&j->map, a) & VPREC_START &&
            vprec_data_decode(vprec_bytes(&j->map, a), vprec_room(&j->map, a), a, &lea) && lea.kind == VPREC_DATA_OFFSET &&
            lea.from == VPREC_REG_NONE && lea.to == VPREC_REG_GPR + d.mem.base)
            table = (uint64_t)lea.imm;
    return table && vprec_code_is_constant(&j->map, table) && vprec_code_is_constant(&j->map, table + sizeof words - 1) &&
           !memcmp((const void *)table, words, sizeof words);
}

/* How large a table is to be libstdc++'s hash tables compute in long double, from a float that they keep. */
static bool is_hash_table(const vprec_code_function *f)
{
    static const char *const prefixes[] = {"_ZNSt10_Hashtable", "_ZNKSt8__detail20_Prime_rehash_policy"};
    bool is = false;
    for (size_t i = 0; f->name && i < sizeof prefixes / sizeof *prefixes; i++)
        is |= !strncmp(f->name, prefixes[i], strlen(prefixes[i]));
    return is;
}

/* The numbers of the refused instruction at `at` in `f`. Compilers keep constants of long double as float or double
 * where that is exact: those are no numbers of the program. Nor has a conversion to long double anything to round. */
static uint32_t numbers_at(const vprec_job *j, const vprec_code_function *f, uint64_t at)
{
    vprec_insn insn;
    size_t room = vprec_room(&j->map, at);
    uint32_t numbers = vprec_decode_numbers(vprec_bytes(&j->map, at), room);
    bool constant = numbers & VPREC_NUMBER_LONG && vprec_insn_decode(vprec_bytes(&j->map, at), room, at, &insn) &&
                    insn.disp_offset && vprec_code_is_constant(&j->map, insn.target);
    constant = constant || (numbers & VPREC_NUMBER_LONG && (is_hash_table(f) || is_from_table(j, f, at)));
    if (constant || (numbers & VPREC_NUMBER_WIDENED && !works_in_x87(j, f)))
        return VPREC_NUMBER_LONG;
    return numbers & ~(uint32_t)VPREC_NUMBER_WIDENED;
}

void vprec_job_record_refused(const vprec_job *j)
{
    for (size_t i = 0; i < j->map.functions.count; i++) {
        const vprec_code_function *f = &VPREC_AT(j->map.functions, vprec_code_function, i);
        if (!f->refused || !j->function_records[i])
            continue;
        vprec_insn insn;
        for (uint64_t at = f->start; at < f->end; at++) {
            if (at != f->unknown &&
                (!(*vprec_mark(&j->map, at) & VPREC_START) ||
                 !vprec_insn_decode(vprec_bytes(&j->map, at), vprec_room(&j->map, at), at, &insn) ||
                 insn.cls != VPREC_REFUSED))
                continue;
            char text[192];
            vprec_decode_text(vprec_bytes(&j->map, at), vprec_room(&j->map, at), at, text, sizeof text);
            vprec_refused_record *r = vprec_record_text(VPREC_RECORD_REFUSED, sizeof *r, text);
            if (!r)
                return;
            r->function = j->function_records[i];
            r->object = vprec_record_offset(j->record);
            r->address = at - j->map.object->bias;
            r->numbers = numbers_at(j, f, at);
        }
    }
}

/* The number of a counter for the emulator; NULL: it is counted for nobody. */
static uint32_t number_of(_Atomic uint64_t *executed)
{
    /* where it lies it stays: the emulator reads it in other threads */
    enum { MOST = 1 << 17 };
    static _Atomic uint64_t nowhere, **table;
    static uint32_t count;
    if (!table && !(table = vprec_pages(MOST * sizeof *table)))
        return 0;
    if (!count)
        table[count++] = &nowhere;
    vprec_executed_counts = table;
    if (!executed || count == MOST)
        return 0;
    table[count] = executed;
    return count++;
}

uint32_t vprec_job_note_refused(void *data, uint64_t address, uint32_t function)
{
    vprec_job *j = data;
    char text[192];
    vprec_decode_text(vprec_bytes(&j->map, address), vprec_room(&j->map, address), address, text, sizeof text);
    vprec_refused_record *r = vprec_record_text(VPREC_RECORD_REFUSED, sizeof *r, text);
    if (r) {
        r->function = j->function_records[function];
        r->object = vprec_record_offset(j->record);
        r->address = address - j->map.object->bias;
        r->numbers = numbers_at(j, vprec_job_function(&j->map, function), address);
    }
    return number_of(r ? &r->executed : NULL);
}

uint32_t vprec_job_note_exact(void *data, uint64_t address, uint32_t function, bool asked)
{
    vprec_job *j = data;
    char text[192];
    vprec_decode_plain(vprec_bytes(&j->map, address), vprec_room(&j->map, address), address, text, sizeof text);
    vprec_exact_record *r = vprec_record_text(VPREC_RECORD_EXACT, sizeof *r, text);
    if (r) {
        r->function = j->function_records[function];
        r->object = vprec_record_offset(j->record);
        r->address = address - j->map.object->bias;
        r->asked = asked;
    }
    return number_of(r && vprec_wire_shared->config.count ? &r->executed : NULL);
}
