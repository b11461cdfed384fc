/* SPDX-License-Identifier: Apache-2.0
 * gate.c: see gate.h. Makes gates; patching the functions is their owners'. */
#include "gate.h"
#include "reach.h"
#include "runtime/memory.h"
#include "runtime/sys.h"
#include "x86/decode.h"
#include "x86/round/round.h"
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(offsetof(vprec_gate, rounded) == 16 && offsetof(vprec_gate, ours) == 57, "gate_enter.S");

/* One gate in its arena. */
enum { TRAMPOLINE = 0, STUB = 80, GATE = 104, SLOT = GATE + sizeof(vprec_gate) };

bool vprec_gates_reserve(vprec_gates *gates, uint64_t lo, uint64_t hi, size_t room)
{
    size_t places = 16;
    while (places < 2 * room)
        places *= 2;
    *gates = (vprec_gates){.room = room, .places = places,
                           .bytes = vprec_page_end(room * SLOT + places * sizeof(uint32_t))};
    gates->arena = vprec_reach_reserve(lo, hi, gates->bytes);
    if (!gates->arena)
        return false;
    if (!vprec_sys_mprotect(gates->arena, gates->bytes, PROT_READ | PROT_WRITE))
        return true;
    vprec_gates_free(gates);
    return false;
}

void vprec_gates_free(vprec_gates *gates)
{
    if (gates->arena)
        vprec_reach_release(gates->arena, gates->bytes);
    *gates = (vprec_gates){0};
}

bool vprec_gates_seal(vprec_gates *gates)
{
    if (!vprec_sys_mprotect(gates->arena, gates->bytes, PROT_READ | PROT_EXEC))
        return true;
    vprec_gates_free(gates);
    return false;
}

vprec_gate *vprec_gate_at(const vprec_gates *gates, size_t i)
{
    return (vprec_gate *)(void *)(gates->arena + i * SLOT + GATE);
}

/* Behind the gates: number + 1 by a hash of the function's address, 0 where none is. Returns the function's place, or a
 * free one. */
static uint32_t *place_of(const vprec_gates *gates, uint64_t function)
{
    uint32_t *places = (uint32_t *)(void *)(gates->arena + gates->room * SLOT);
    size_t i = (size_t)(function * UINT64_C(0x9E3779B97F4A7C15) >> 32);
    while (places[i &= gates->places - 1] && vprec_gate_at(gates, places[i] - 1)->function != function)
        i++;
    return &places[i];
}

static bool decode(uint64_t at, uint64_t end, uint64_t shadow, vprec_insn *insn)
{
    return vprec_insn_decode((const uint8_t *)(at + shadow), end - at < 15 ? end - at : 15, at, insn);
}

/* The first bytes of branches: 70-7F, EB, E0-E3, E9, and 0F. */
static bool may_branch(uint8_t byte)
{
    static const uint64_t first[4] = {UINT64_C(1) << 0x0F, UINT64_C(0xFFFF) << 0x30, 0,
                                      UINT64_C(0xF) << 0x20 | UINT64_C(1) << 0x29 | UINT64_C(1) << 0x2B};
    return first[byte >> 6] >> (byte & 63) & 1;
}

/* Whether the bytes of `at` look like a branch to the first `n` bytes of the function, which starts at `start`. */
static bool looks_like_branch(uint64_t at, uint64_t start, uint64_t end, uint64_t shadow, unsigned n)
{
    const uint8_t *bytes = (const uint8_t *)(at + shadow);
    int32_t rel;
    if (at + 2 <= end && (bytes[0] >> 4 == 7 || bytes[0] == 0xEB || bytes[0] >> 2 == 0xE0 >> 2) &&
        at + 2 + (uint64_t)(int64_t)(int8_t)bytes[1] - start < n)
        return true;
    unsigned opcode = bytes[0] == 0xE9 ? 1 : at + 2 <= end && bytes[0] == 0x0F && bytes[1] >> 4 == 8 ? 2 : 0;
    if (!opcode || at + opcode + 4 > end)
        return false;
    __builtin_memcpy(&rel, bytes + opcode, sizeof rel);
    return at + opcode + 4 + (uint64_t)(int64_t)rel - start < n;
}

/* Whether the function itself branches into its first `n` bytes. (It may call itself.) Decoded is only what has bytes
 * that look like it: all of libm would take longer than the rest of a start. */
static bool branches_into(uint64_t start, uint64_t end, uint64_t shadow, unsigned n)
{
    uint64_t at = start;
    while (at < end && !(may_branch(*(const uint8_t *)(at + shadow)) && looks_like_branch(at, start, end, shadow, n)))
        at++;
    if (at >= end)
        return false;
    vprec_insn insn;
    for (at = start; at < end && decode(at, end, shadow, &insn); at += insn.length)
        if (insn.flow != VPREC_FLOW_NEXT && insn.flow != VPREC_FLOW_CALL && insn.target - start < n)
            return true;
    return false;
}

/* A call that returns to where it always did, behind the entry's jump. */
static void emit_call(vprec_code *code, uint64_t back, uint64_t target)
{
    vprec_emit_push_u32(code, (uint32_t)back);
    vprec_emit_bytes(code, "\xC7\x44\x24\x04", 4); /* mov dword ptr [rsp+4], imm32 */
    vprec_emit_u32(code, (uint32_t)(back >> 32));
    vprec_emit_branch(code, -1, target);
}

/* The instructions that the entry's jump covers, elsewhere, and a jump behind
 * them. 0: they cannot be moved. */
static uint8_t move_entry(vprec_code *code, uint64_t start, uint64_t end)
{
    const uint64_t shadow = code->shadow;
    uint8_t moved = 0;
    bool open = true;
    while (moved < VPREC_GATE_ENTRY) {
        vprec_insn insn;
        uint64_t at = start + moved;
        if (!decode(at, end, shadow, &insn) || (!open && !insn.padding))
            return 0;
        moved += insn.length;
        if (!open)
            continue;
        switch (insn.flow) {
        case VPREC_FLOW_CALL: emit_call(code, at + insn.length, insn.target); break;
        case VPREC_FLOW_NEXT:
        case VPREC_FLOW_IJMP:
        case VPREC_FLOW_RET: vprec_round_copy_insn(code, at, &insn); break;
        case VPREC_FLOW_JMP: vprec_emit_branch(code, -1, insn.target); break;
        case VPREC_FLOW_JCC:
            vprec_emit_branch(code, vprec_insn_condition((const uint8_t *)(at + shadow), &insn), insn.target);
            break;
        default: return 0;
        }
        open = insn.flow == VPREC_FLOW_NEXT || insn.flow == VPREC_FLOW_JCC;
    }
    if (open)
        vprec_emit_branch(code, -1, start + moved);
    return branches_into(start, end, shadow, moved) ? 0 : moved;
}

/* mov r11, gate; jmp vprec_gate_enter */
static void emit_stub(uint8_t *at, const vprec_gate *gate)
{
    vprec_code code = {.at = at, .end = at + GATE - STUB};
    uint64_t to[2] = {(uint64_t)gate, (uint64_t)vprec_gate_enter};
    vprec_emit_bytes(&code, "\x49\xBB", 2);
    vprec_emit_bytes(&code, &to[0], 8);
    vprec_emit_legacy(&code, VPREC_OPCODE(0, 0, 0, 0xFF), 4, vprec_absolute(at + 16), -1);
    vprec_emit_bytes(&code, &to[1], 8);
}

vprec_gate *vprec_gate_add(vprec_gates *gates, uint64_t start, uint64_t end, unsigned at, uint64_t shadow)
{
    if (!gates->room)
        return NULL;
    uint32_t *place = place_of(gates, start);
    if (*place)
        return vprec_gate_at(gates, *place - 1);
    if (gates->count == gates->room)
        return NULL;
    uint8_t *slot = gates->arena + gates->count * SLOT;
    vprec_code code = {.at = slot + TRAMPOLINE, .end = slot + STUB, .shadow = shadow};
    if (!move_entry(&code, start + at, end > start ? end : start + 64) || code.full)
        return NULL;
    vprec_gate *gate = vprec_gate_at(gates, gates->count++);
    *place = (uint32_t)gates->count;
    *gate = (vprec_gate){.function = start, .native = slot + TRAMPOLINE, .stub = slot + STUB, .at = (uint8_t)at};
    emit_stub(slot + STUB, gate);
    return gate;
}

static uint64_t jump_to_stub(const vprec_gate *gate)
{
    return 0xE9 | (uint64_t)(uint32_t)((uint64_t)gate->stub - (gate->function + gate->at + VPREC_GATE_ENTRY)) << 8;
}

/* /proc/self/mem, which writes without a change of what the pages permit: no other thread can miss them. */
static int open_memory(void)
{
    return vprec_sys_open("/proc/self/mem", O_WRONLY | O_CLOEXEC);
}

/* `memory`: what open_memory() gave. Without /proc by hand; the page may hold the C library's own code: nothing is
 * called. */
__attribute__((noinline)) static bool write_code(int memory, uint64_t at, const uint8_t *bytes, unsigned n)
{
    if (memory >= 0 && vprec_sys(SYS_pwrite64, memory, (long)bytes, n, (long)at, 0, 0) == n)
        return true;
    uint64_t page = vprec_page_start(at), length = vprec_page_end(at + n) - page;
    if (vprec_sys_mprotect((void *)page, length, PROT_READ | PROT_WRITE))
        return false;
    for (unsigned b = 0; b < n; b++)
        ((volatile uint8_t *)at)[b] = bytes[b];
    return !vprec_sys_mprotect((void *)page, length, PROT_READ | PROT_EXEC);
}

static void close_memory(int memory)
{
    if (memory >= 0)
        vprec_sys_close(memory);
}

bool vprec_gate_write(uint64_t at, const uint8_t *bytes, unsigned n)
{
    int memory = open_memory();
    bool done = write_code(memory, at, bytes, n);
    close_memory(memory);
    return done;
}

bool vprec_gates_open(const vprec_gates *gates)
{
    int memory = open_memory();
    bool done = true;
    for (size_t i = 0; i < gates->count && done; i++) {
        const vprec_gate *gate = vprec_gate_at(gates, i);
        uint64_t jump = jump_to_stub(gate);
        if (gate->rounded)
            done = write_code(memory, gate->function + gate->at, (const uint8_t *)&jump, VPREC_GATE_ENTRY);
    }
    close_memory(memory);
    return done;
}

void vprec_gate_mark(vprec_code *code, unsigned given)
{
    uint64_t mark = VPREC_GATE_MARK + given;
    vprec_emit_bytes(code, "\x48\xB8", 2); /* mov rax, imm64 */
    vprec_emit_bytes(code, &mark, 8);
    vprec_emit_bytes(code, "\x48\x31\xE0", 3); /* xor rax, rsp */
}
