#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
# generate.py: every supported instruction x width x operand kind x mask, as
# assembly (for state.S) and as a C table (for matrix.c): generate.py STYLE ASM TABLE
import itertools, sys

GPR64 = 'rax rcx rdx rbx rsp rbp rsi rdi r8 r9 r10 r11 r12 r13 r14 r15'.split()
GPR32 = 'eax ecx edx ebx esp ebp esi edi'.split() + [f'r{n}d' for n in range(8, 16)]
SIZE = {'F32': 4, 'F64': 8, 'I32': 4, 'U32': 4, 'I64': 8, 'U64': 8}
TYPE = {'s': 'F32', 'd': 'F64'}
LEGACY, VEX, EVEX = 'legacy', 'vex', 'evex'
NO_REGISTER = 255


class Instruction:
    """One mnemonic at one width. `roles` says which encoded operand (d dst, v first source, r last
    source) is a, b, c of the operation; `sources` how many operands it is written with."""

    def __init__(self, name, encoding, op, source, to, scalar, width, roles, three, er=None, imms=(None,), gpr=False,
                 negate=(0, 0), alternate=0, suffixes=('', '', ''), broadcast=True, mask=True):
        self.name, self.encoding, self.op, self.source, self.to = name, encoding, op, source, to
        self.scalar, self.width, self.roles, self.three, self.er = scalar, width, roles, three, er
        self.imms, self.gpr, self.negate, self.alternate = imms, gpr, negate, alternate
        self.suffixes = suffixes
        self.lanes = 1 if scalar else width // max(SIZE[source], SIZE[to])
        self.can_broadcast = broadcast and not scalar
        self.can_mask = mask
        # A conversion to narrower elements fills a shorter register, one from narrower reads one.
        self.dst_bytes = 16 if scalar else max(16, self.lanes * SIZE[to])
        self.src_bytes = 16 if scalar else max(16, self.lanes * SIZE[source])
        self.memory_bytes = self.lanes * SIZE[source]


def fma(encoding, widths):
    kinds = ('fmadd', 'fmsub', 'fnmadd', 'fnmsub', 'fmaddsub', 'fmsubadd')
    for form, kind in itertools.product(('132', '213', '231'), kinds):
        negate = (int('fn' in kind), int(kind in ('fmsub', 'fnmsub')))
        alternate = {'fmaddsub': 1, 'fmsubadd': -1}.get(kind, 0)
        roles = {'132': 'drv', '213': 'vdr', '231': 'vrd'}[form]
        for t in 'sd':
            for width in widths:
                yield Instruction(f'v{kind}{form}p{t}', encoding, 'FMA', TYPE[t], TYPE[t], False, width, roles, True,
                                  'er', negate=negate, alternate=alternate)
            if not alternate:
                yield Instruction(f'v{kind}{form}s{t}', encoding, 'FMA', TYPE[t], TYPE[t], True, 16, roles, True, 'er',
                                  negate=negate)


def instructions(encoding):
    v = '' if encoding == LEGACY else 'v'
    widths = {LEGACY: (16,), VEX: (16, 32), EVEX: (16, 32, 64)}[encoding]
    three = encoding != LEGACY

    def make(name, op, source, to, scalar, width, roles='vr', binary=True, **more):
        return Instruction(v + name, encoding, op, source, to, scalar, width, roles, three and binary, **more)

    for t in 'sd':
        ty = TYPE[t]
        for op in ('add', 'sub', 'mul', 'div'):
            yield from (make(f'{op}p{t}', op.upper(), ty, ty, False, w, er='er') for w in widths)
            yield make(f'{op}s{t}', op.upper(), ty, ty, True, 16, er='er')
        yield from (make(f'sqrtp{t}', 'SQRT', ty, ty, False, w, 'r', False, er='er') for w in widths)
        yield make(f'sqrts{t}', 'SQRT', ty, ty, True, 16, 'r', er='er')
        if encoding != EVEX:
            for op in ('addsub', 'hadd', 'hsub'):
                yield from (make(f'{op}p{t}', op.upper(), ty, ty, False, w) for w in widths)
    if encoding != EVEX:
        yield from (make('dpps', 'DP', 'F32', 'F32', False, w, imms=(0xff, 0x71, 0x3a, 0x00)) for w in widths)
        yield make('dppd', 'DP', 'F64', 'F64', False, 16, imms=(0x33, 0x12, 0x21))
        for op in ('rcp', 'rsqrt'):
            yield from (make(f'{op}ps', 'APPROX', 'F32', 'F32', False, w, 'r', False) for w in widths)
            yield make(f'{op}ss', 'APPROX', 'F32', 'F32', True, 16, 'r')
    else:
        for op, t in itertools.product(('rcp14', 'rsqrt14'), 'sd'):
            yield from (make(f'{op}p{t}', 'APPROX', TYPE[t], TYPE[t], False, w, 'r', False) for w in widths)
            yield make(f'{op}s{t}', 'APPROX', TYPE[t], TYPE[t], True, 16, 'r')
    yield make('cvtss2sd', 'CVT', 'F32', 'F64', True, 16, 'r', er='sae')
    yield make('cvtsd2ss', 'CVT', 'F64', 'F32', True, 16, 'r', er='er')
    xy = ('x', 'y', '') if encoding != LEGACY else ('', '', '')
    for w in widths:
        yield make('cvtps2pd', 'CVT', 'F32', 'F64', False, w, 'r', False, er='sae')
        yield make('cvtpd2ps', 'CVT', 'F64', 'F32', False, w, 'r', False, er='er', suffixes=xy)
        yield make('cvtdq2ps', 'CVT', 'I32', 'F32', False, w, 'r', False, er='er')
        yield make('cvtdq2pd', 'CVT', 'I32', 'F64', False, w, 'r', False)
        if encoding == EVEX:
            yield make('cvtudq2ps', 'CVT', 'U32', 'F32', False, w, 'r', False, er='er')
            yield make('cvtudq2pd', 'CVT', 'U32', 'F64', False, w, 'r', False)
            yield make('cvtqq2pd', 'CVT', 'I64', 'F64', False, w, 'r', False, er='er')
            yield make('cvtuqq2pd', 'CVT', 'U64', 'F64', False, w, 'r', False, er='er')
            yield make('cvtqq2ps', 'CVT', 'I64', 'F32', False, w, 'r', False, er='er', suffixes=xy)
            yield make('cvtuqq2ps', 'CVT', 'U64', 'F32', False, w, 'r', False, er='er', suffixes=xy)
    for to, bits in itertools.product('sd', 'lq'):
        er = None if (to, bits) == ('d', 'l') else 'er'
        yield make(f'cvtsi2s{to}{bits}', 'CVT', 'I32' if bits == 'l' else 'I64', TYPE[to], True, 16, 'r', gpr=True,
                   er=er, mask=False)
        if encoding == EVEX:
            yield make(f'cvtusi2s{to}{bits}', 'CVT', 'U32' if bits == 'l' else 'U64', TYPE[to], True, 16, 'r', gpr=True,
                       er=er, mask=False)
    if encoding != LEGACY:
        yield from fma(encoding, widths)


class Writer:
    def __init__(self, asm, table):
        self.asm, self.table, self.count, self.turn = asm, table, 0, 0

    def next(self, choices):
        self.turn += 1
        return choices[self.turn * 7919 // 3 % len(choices)]

    def registers(self, i, pattern):
        """Register numbers (dst, first source, last source) in one of five alias patterns."""
        room = 32 if i.encoding == EVEX else 16
        d = self.next(range(room))
        v = (d + 1 + self.next(range(room - 2))) % room
        r = next(n for n in itertools.count(v + 1) if n % room not in (d, v)) % room
        if i.encoding == LEGACY:
            v = d  # not encoded: the destination is the first source
        v = {'dv': d, 'all': d, 'vr': r}.get(pattern, v) if i.encoding != LEGACY else d
        r = d if pattern in ('dr', 'all') or (pattern == 'vr' and not i.three) else r
        return d, v, r

    def memory(self, i, form, broadcast):
        """Text and description of a memory operand."""
        size = SIZE[i.source] if broadcast or i.scalar else i.memory_bytes
        aligned = i.encoding == LEGACY and not i.scalar and size == 16
        base = self.next([n for n in range(16) if n != 4])
        index = self.next([n for n in range(16) if n not in (4, base)])
        scale = self.next((1, 2, 4, 8))
        disp, text, kind = 0, '', form
        if form == 'BASE':
            text = f'(%{GPR64[base]})'
        elif form == 'INDEXED':
            disp = self.next((-0x340, 0x40, 0x7c, -4, 0x12340))
            text = f'{disp}(%{GPR64[base]},%{GPR64[index]},{scale})'
        elif form == 'INDEX_ONLY':
            disp, scale, base = 0x1238, 8, NO_REGISTER
            text = f'{disp}(,%{GPR64[index]},8)'
        elif form == 'RIP':
            disp = self.next((0, 64, 640)) + (0 if aligned else 4 * (self.turn % 2))
            text = f'operand+{disp}(%rip)'
        elif form in ('STACK', 'RED_ZONE'):
            disp, kind, base = (32 if aligned else 20) if form == 'STACK' else (-96 if aligned else -100), 'STACK', 4
            text = f'{disp}(%rsp)'
        elif form in ('FS', 'GS'):
            text = f'%{form.lower()}:(%{GPR64[base]})'
        elif form == 'ADDRESS32':
            text = f'(%{GPR32[base]},%{GPR32[index]},{scale})'
        if form in ('BASE', 'FS', 'GS'):
            index = NO_REGISTER
        if broadcast:
            text += f'{{1to{i.lanes}}}'
        return text, dict(form=f'MATRIX_{kind}', bytes=size, aligned=int(aligned), base=base, index=index, scale=scale,
                          disp=disp)

    def emit(self, i, pattern='distinct', mask=0, zero=False, form=None, broadcast=False, er=None, imm=None):
        self.turn += 1
        reg = {16: 'xmm', 32: 'ymm', 64: 'zmm'}
        d, v, r = self.registers(i, pattern)
        memory = dict(form='MATRIX_NO_MEMORY', bytes=0, aligned=0, base=NO_REGISTER, index=NO_REGISTER, scale=1, disp=0)
        name, last = i.name, r
        if form:
            rm, memory = self.memory(i, form, broadcast)
            last = 64
            if not broadcast:
                name += i.suffixes[{16: 0, 32: 1, 64: 2}[i.src_bytes]]
        elif i.gpr:
            r = self.next(range(16))
            rm = '%' + (GPR32 if SIZE[i.source] == 4 else GPR64)[r]
            last = 32 + r
        else:
            rm = f'%{reg[i.src_bytes]}{r}'
        operands = [f'%{reg[i.dst_bytes]}{d}']
        if mask:
            operands[0] += f'{{%k{mask}}}' + ('{z}' if zero else '')
        if i.three:
            operands.append(f'%{reg[i.src_bytes if not i.scalar else 16]}{v}')
        if er and i.gpr:
            operands.append(f'{{{er}}}')
        operands.append(rm)
        if er and not i.gpr:
            operands.append(f'{{{er}}}')
        if imm is not None:
            operands.append(f'${imm}')
        text = ('{evex} ' if i.encoding == EVEX else '') + name + ' ' + ', '.join(reversed(operands))
        where = {'d': d, 'v': v, 'r': last}
        a, b, c = ([where[role] for role in i.roles] + [NO_REGISTER] * 2)[:3]
        print(f'CASE({self.count}, {text})', file=self.asm)
        fields = dict(text='"' + text.replace('%', '') + '"', op=f'MATRIX_{i.op}', **{'from': f'ORACLE_{i.source}'},
                      to=f'ORACLE_{i.to}', lanes=i.lanes, scalar=int(i.scalar), dst=d, a=a, b=b, c=c,
                      negate_product=i.negate[0], negate_addend=i.negate[1], alternate=i.alternate, mask=mask,
                      broadcast=int(broadcast), imm=imm or 0, evex=int(i.encoding == EVEX), **memory)
        print('{' + ', '.join(f'.{k} = {v}' for k, v in fields.items()) + '},', file=self.table)
        self.count += 1

    FORMS = ['INDEXED', 'INDEX_ONLY', 'RIP', 'STACK', 'RED_ZONE', 'FS', 'GS', 'ADDRESS32']

    def plain(self, i):
        """Legacy and VEX: all alias patterns, all memory forms."""
        patterns = ['distinct', 'dr'] + (['dv', 'vr', 'all'] if i.three else [])
        for imm in i.imms:
            for pattern in ['distinct'] if i.gpr else patterns:
                self.emit(i, pattern, imm=imm)
            if i.gpr:
                self.emit(i, imm=imm)
            self.emit(i, form='BASE', imm=imm)
        for form in self.FORMS:
            self.emit(i, form=form, imm=i.imms[0])

    def evex(self, i):
        """Every mask kind with: registers, plain memory, broadcast, embedded rounding; alias patterns and the
        other memory forms take turns."""
        masks = [(0, False)] + ([(1, False), (1, True)] if i.can_mask else [])
        forms = itertools.cycle(self.FORMS[self.turn % 8:] + self.FORMS[:self.turn % 8])
        patterns = itertools.cycle(['distinct', 'dr', 'dv', 'vr', 'all'] if i.three else ['distinct', 'dr'])
        rounding = itertools.cycle(['rn-sae', 'rz-sae', 'rd-sae', 'ru-sae'])
        for masked, zero in masks:
            k = lambda: self.next(range(1, 8)) if masked else 0
            self.emit(i, 'distinct', k(), zero)
            for _ in range(2):
                self.emit(i, next(patterns), k(), zero)
            self.emit(i, mask=k(), zero=zero, form='BASE')
            self.emit(i, mask=k(), zero=zero, form=next(forms))
            if i.can_broadcast:
                self.emit(i, mask=k(), zero=zero, form='BASE', broadcast=True)
                self.emit(i, next(patterns), mask=k(), zero=zero, form=next(forms), broadcast=True)
            if i.er and (i.scalar or i.width == 64):
                for er in ['sae'] if i.er == 'sae' else ['rn-sae', next(rounding), next(rounding)]:
                    self.emit(i, next(patterns), k(), zero, er=er)


def main():
    style, asm_path, table_path = sys.argv[1:]
    with open(asm_path, 'w') as asm, open(table_path, 'w') as table:
        writer = Writer(asm, table)
        for encoding in {'sse': [LEGACY], 'avx': [VEX], 'avx512': [LEGACY, VEX, EVEX]}[style]:
            for instruction in instructions(encoding):
                (writer.evex if encoding == EVEX else writer.plain)(instruction)
        print(f'.set COUNT, {writer.count}', file=asm)


if __name__ == '__main__':
    main()
