/* SPDX-License-Identifier: Apache-2.0
 * follow.c: see follow.h. */
#include "follow.h"
#include "runtime/meter.h"
#include "x86/emit.h"
#include <stddef.h>
#include <string.h>

enum { RAX = 0, RCX = 1, RED_ZONE = 128, LOAD = 5 /* bytes in front of the displacement */ };

static const char load_led[] = "\x65\x48\x8B\x04\x25"; /* mov rax, gs:[...] */
static const char load_work[] = "\x65\x48\x8B\x0C\x25"; /* mov rcx, gs:[...] */
static const uint8_t traps[] = {0xE3, 0x01, 0xF4, 0x59, 0x58}; /* jrcxz +1; hlt; pop rcx; pop rax */
enum { TRAP = 2 };

void vprec_follow_emit(vprec_code *c)
{
    vprec_emit_move_stack(c, -RED_ZONE);
    vprec_emit_push(c, RAX);
    vprec_emit_push(c, RCX);
    vprec_emit_bytes(c, load_led, LOAD);
    vprec_emit_u32(c, (uint32_t)VPREC_METER_DISPLACEMENT + (uint32_t)offsetof(vprec_meter, led));
    vprec_emit_bytes(c, "\x48\x8B\x00", 3); /* mov rax, [rax] */
    vprec_emit_bytes(c, load_work, LOAD);
    vprec_emit_u32(c, (uint32_t)VPREC_METER_DISPLACEMENT + (uint32_t)offsetof(vprec_meter, work));
    vprec_emit_bytes(c, "\x48\xF7\xD1", 3);         /* not rcx */
    vprec_emit_bytes(c, "\x48\x8D\x4C\x08\x01", 5); /* lea rcx, [rax+rcx+1] */
    vprec_emit_bytes(c, traps, TRAP + 1);
    vprec_emit_pop(c, RCX);
    vprec_emit_pop(c, RAX);
    vprec_emit_move_stack(c, RED_ZONE);
}

bool vprec_follow_is_trap(const uint8_t *at)
{
    return *at == traps[TRAP] && !memcmp(at - TRAP, traps, sizeof traps);
}

bool vprec_follow_asks(const uint8_t *at)
{
    const uint8_t *trap = at + VPREC_FOLLOW_QUESTION - 1;
    return !memcmp(at, load_led, LOAD) && vprec_follow_is_trap(trap);
}
