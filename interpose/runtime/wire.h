/* SPDX-License-Identifier: Apache-2.0
 * wire.h: the file that vprec-run owns and every instrumented process shares:
 * the run's configuration at its head, append-only records behind it. The
 * interposer records, vprec-run interprets after the run; so the report is
 * complete also when a process crashes, calls _exit or execs.
 *
 * The file is a memfd: it has no name that could be left behind, belongs to no
 * file system that could be full or hidden from a child, and is sealed, so that
 * nobody can cut it off under those who have it mapped. It is handed on as an
 * open descriptor, which needs no permission and no /dev or /proc. It is as
 * large as it may ever become, and sparse:
 *
 *     header | recipe | chunk | chunk | hole | chunk |
 *
 * A process takes chunks as it needs them, by `used`, and maps only the header
 * and its own. Behind all that the meters lie: see vprec_meter. */
#ifndef VPREC_RUNTIME_WIRE_H
#define VPREC_RUNTIME_WIRE_H

#include "reason.h"
#include "routine.h"
#include "vprec.h"
#include <fnmatch.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Environment of an instrumented process: where the file is, in decimal numbers with ':' between them, in the order
 * of vprec_wire_place. It and LD_PRELOAD are the last two variables, LD_PRELOAD once more where the program has one of
 * its own: the process takes them out of its environment. */
#define VPREC_WIRE_ENV "VPREC_WIRE"
#define VPREC_WIRE_MAGIC UINT64_C(0x3730657269777076) /* "vpwire07" */

/* The descriptor may have been closed since, and its number be another file's: device and inode tell. The file is then
 * looked for in /proc, with vprec-run. */
enum vprec_wire_place {
    VPREC_WIRE_DESCRIPTOR, /* inherited */
    VPREC_WIRE_OWNER,      /* vprec-run's process id, */
    VPREC_WIRE_OWNED,      /* and descriptor */
    VPREC_WIRE_DEVICE,
    VPREC_WIRE_INODE,
    VPREC_WIRE_VIA,     /* offset of the record of the exec that starts the process; or VPREC_WIRE_FIRST */
    VPREC_WIRE_ELEMENT, /* bytes of the first element of LD_PRELOAD, which is ours */
    VPREC_WIRE_PLACES
};
enum { VPREC_WIRE_NO_DESCRIPTOR = 0x7fffffff };
enum { VPREC_WIRE_FIRST = 1 }; /* the program itself */

enum { VPREC_ROUND_RESULTS = 1, VPREC_ROUND_OPERANDS = 2 }; /* --round, OR-ed */

/* --ops, OR-ed; the order is that of the names add,sub,mul,div,sqrt,fma,cvt,rcp,libm. */
enum {
    VPREC_OPS_ADD = 1 << 0,
    VPREC_OPS_SUB = 1 << 1,
    VPREC_OPS_MUL = 1 << 2,
    VPREC_OPS_DIV = 1 << 3,
    VPREC_OPS_SQRT = 1 << 4,
    VPREC_OPS_FMA = 1 << 5,
    VPREC_OPS_CVT = 1 << 6,
    VPREC_OPS_RCP = 1 << 7,
    VPREC_OPS_LIBM = 1 << 8,
    VPREC_OPS_ALL = (1 << 9) - 1
};

/* What an instruction does: counters are by these. */
enum vprec_op {
    VPREC_OP_ADD,
    VPREC_OP_SUB,
    VPREC_OP_MUL,
    VPREC_OP_DIV,
    VPREC_OP_SQRT,
    VPREC_OP_FMA,    /* opcodes 96..9F, A6..AF, B6..BF of map 2: see vprec_site_fma */
    VPREC_OP_ADDSUB, /* even lanes subtract, odd lanes add */
    VPREC_OP_HADD,
    VPREC_OP_HSUB,
    VPREC_OP_DP,     /* dpps, dppd: imm selects */
    VPREC_OP_CVT,    /* from `from` to `to` (F32 or F64) */
    VPREC_OP_RCP,    /* approximations: the native result is rounded */
    VPREC_OP_RSQRT,
    VPREC_OP_VALUE,  /* any other whose native result is rounded (getexp, reduce) */
    VPREC_OP_SCALEF, /* a * 2^floor(b) */
    VPREC_OPS,
    VPREC_OP_REFUSED = VPREC_OPS, /* not executed by the emulator: it counts, the clone runs it as it is */
    VPREC_OP_MXCSR,               /* ldmxcsr: loaded without the rounding direction */
    VPREC_OP_SYSCALL,             /* syscall: see vprec_enter_syscall */
    VPREC_OP_HOP,                 /* a jump, call or return: see vprec_enter_hop */
    VPREC_OP_SCOPE                /* a function that is a scope is entered, or was left: see vprec_enter_scope */
};

enum vprec_type_use {
    VPREC_USE_NONE,   /* the type is left uninstrumented */
    VPREC_USE_NATIVE, /* instrumented, rounded to nothing but itself: the identity */
    VPREC_USE_FORMAT  /* instrumented and rounded to `format` */
};

enum vprec_rule_kind {
    VPREC_RULE_OBJECT, /* --object */
    VPREC_RULE_SKIP_OBJECT,
    VPREC_RULE_FUNCTION,
    VPREC_RULE_SKIP_FUNCTION,
    VPREC_RULE_EXEC,
    VPREC_RULE_JIT,
    VPREC_RULE_SKIP_JIT,
    VPREC_RULE_ELEMENTARY
};

/* --preset: frameworks of which what is known to need its precision stays native (find/presets.h). */
#define VPREC_FRAMEWORK_LIST(X) X(TORCH, "torch") X(NUMPY, "numpy") X(TENSORFLOW, "tensorflow") X(JAX, "jax") \
    X(ONNXRUNTIME, "onnxruntime")
enum vprec_framework {
#define X(name, text) VPREC_FRAMEWORK_##name,
    VPREC_FRAMEWORK_LIST(X)
#undef X
        VPREC_FRAMEWORKS
};

enum { VPREC_RULES_MAX = 64, VPREC_RULE_LENGTH = 232 };

/* A selection pattern (fnmatch). Objects match by base name or by path. */
typedef struct vprec_wire_rule {
    uint32_t kind;         /* enum vprec_rule_kind */
    _Atomic uint32_t hits; /* objects, functions or processes it matched */
    _Atomic uint64_t idle; /* --function, --skip-function: offset of the record of an object in which a function that
                              it matched holds nothing to round; 0 none */
    vprec_routine routine; /* --elementary: where the results are */
    char glob[VPREC_RULE_LENGTH];
} vprec_wire_rule;

/* What a pattern for functions means is the same for who selects and for who tells what it could have named:
 *
 * Length of what compilers put behind the name of a function that they cut into parts or make another version of, .cold
 * or .part.0 or .constprop.1: it belongs to the function. 0: nothing, or no more. */
static inline size_t vprec_wire_suffix(const char *symbol, size_t length)
{
    static const char *const suffixes[] = {".cold", ".part", ".isra", ".constprop", ".lto_priv", ".llvm", ".clone",
                                           ".localalias", ".unlikely", ".likely"};
    size_t end = length;
    while (end && symbol[end - 1] >= '0' && symbol[end - 1] <= '9')
        end--;
    end = end < length && end && symbol[end - 1] == '.' ? end - 1 : length;
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        size_t n = strlen(suffixes[i]);
        if (end > n && !memcmp(symbol + end - n, suffixes[i], n))
            return length - end + n;
    }
    return 0;
}

/* Functions that no symbol names go by "libnet+0x1a40": this much of the file's name, and the address in the file. Left
 * out is what only tells the kind of file: .so.1, the tag of a Python module. */
static inline size_t vprec_wire_short(const char *base)
{
    static const char *const kinds[] = {".so", ".cpython-", ".abi3", ".pypy"};
    size_t length = strlen(base);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        const char *at = strstr(base, kinds[i]);
        if (at && at > base && (size_t)(at - base) < length && (i || !at[3] || at[3] == '.'))
            length = (size_t)(at - base);
    }
    return length;
}

/* What operations are rounded to while a scope is open. */
typedef struct vprec_wire_version {
    uint32_t use[VPREC_TYPES];
    vprec_format format[VPREC_TYPES];
    uint32_t mode, silent;
    uint32_t bits[VPREC_TYPES];
    vprec_noise noise[VPREC_TYPES];
} vprec_wire_version;

enum { VPREC_VERSIONS_MAX = 16, VPREC_SCOPES_MAX = 1024, VPREC_SCOPE_LENGTH = 240, VPREC_SPEC_LENGTH = 120 };

/* One line: scopes that match the pattern (fnmatch), by their full name or by what follows its first colon. */
/* What a line's pattern is for. */
enum vprec_line_kind {
    VPREC_LINE_SCOPE,  /* --scope: while such a scope is open, */
    VPREC_LINE_WITHIN, /* --within: alone while such a scope is open, */
    VPREC_LINE_CODE,   /* --scope code:GLOB: in the code of such functions, */
    VPREC_LINE_OBJECT, /* --scope obj:GLOB: of such objects, */
    VPREC_LINE_SITE,   /* --site FILE:LINES: on such lines of what vprec-cc has built, the version holds */
    VPREC_LINE_NAME    /* --layers fn:GLOB: such functions are scopes, and no more */
};

typedef struct vprec_wire_scope {
    uint32_t version;      /* what holds in them; of --within that of --format */
    uint32_t line;         /* enum vprec_line_kind */
    uint32_t own;          /* boolean: the program says so itself, and it may match nothing */
    _Atomic uint32_t hits; /* scopes that matched; of code: functions, lines of functions */
    char glob[VPREC_SCOPE_LENGTH];
    char spec[VPREC_SPEC_LENGTH]; /* of what the program says, as it says it */
} vprec_wire_scope;

/* Whether the pattern of one is for a scope of that name. */
static inline bool vprec_wire_names(const char *glob, const char *name)
{
    const char *colon = strchr(name, ':');
    return !fnmatch(glob, name, 0) || (colon && !fnmatch(glob, colon + 1, 0));
}

/* --scope and --within; it lies in the file as so many bytes. */
typedef struct vprec_wire_recipe {
    uint32_t versions; /* 0: there are no scopes. Version 0 is that of who is in none */
    uint32_t within;   /* boolean: version 0 is native, and 1 is that of --format; else 0 is */
    uint32_t lines;
    vprec_wire_version version[VPREC_VERSIONS_MAX];
    vprec_wire_scope line[];
} vprec_wire_recipe;

static inline size_t vprec_wire_recipe_bytes(uint32_t lines)
{
    return sizeof(vprec_wire_recipe) + lines * sizeof(vprec_wire_scope);
}

enum { VPREC_SEED_DEFAULT = 1, VPREC_DUMP_LENGTH = 1024 };

/* With count: what is counted belongs to scopes, not to functions. */
enum vprec_layers {
    VPREC_LAYERS_NONE,
    VPREC_LAYERS_ALL,
    VPREC_LAYERS_ATEN, /* PyTorch's operators, too */
    VPREC_LAYERS_ITT   /* tasks that are told to Intel's profilers, too */
};

enum vprec_audit {
    VPREC_AUDIT_NONE,
    VPREC_AUDIT_TYPES, /* of the types that were asked for, and of what is no type: FP16, BF16 */
    VPREC_AUDIT_ALL    /* long double too */
};

enum vprec_counting {
    VPREC_COUNT_NONE,
    VPREC_COUNT_OPERATIONS, /* how many, by inline code */
    VPREC_COUNT_QUICK,      /* and the exponents of the least and the largest result */
    VPREC_COUNT_ALL         /* all that vprec_counts holds: every operation by C code */
};

typedef struct vprec_wire_config {
    uint32_t use[VPREC_TYPES]; /* enum vprec_type_use, by VPREC_F32, VPREC_F64 */
    vprec_format format[VPREC_TYPES];
    uint32_t mode;  /* vprec_mode */
    uint32_t round; /* VPREC_ROUND_RESULTS | ... */
    uint32_t ops;   /* VPREC_OPS_ADD | ... : which are rounded; the rest stays native */
    uint32_t bits[VPREC_TYPES]; /* random bits of VPREC_SR */
    vprec_noise noise[VPREC_TYPES]; /* Monte Carlo arithmetic, in mode VPREC_RNE; none: what = 0 */
    uint32_t silent; /* of 2^32 results so many have no noise */
    uint32_t fast, list, keyed; /* booleans; keyed: --noise operands */
    uint32_t count;             /* enum vprec_counting */
    uint32_t rounds_shifters; /* boolean: --integer-rounding rounded */
    uint32_t layers; /* enum vprec_layers */
    uint32_t presets; /* bit i: enum vprec_framework */
    uint32_t perf_map, gdb; /* booleans: clones are made known to these */
    uint32_t audit; /* enum vprec_audit */
    char dump[VPREC_DUMP_LENGTH]; /* --dump-layers: an absolute path; "": none */
    uint64_t seed;  /* --seed: what the noise of this run is drawn from */
    char fork_at[VPREC_SCOPE_LENGTH]; /* the first process waits where such a scope is first opened, and processes of
                                         other runs are made of it: see vprec_fork_order. "": it does not */
    uint32_t fork_descriptor;         /* by which it is asked for them */
    uint32_t rules;
    vprec_wire_rule rule[VPREC_RULES_MAX];
} vprec_wire_config;

typedef struct vprec_wire {
    uint64_t magic;
    uint64_t capacity;        /* bytes of the file, but for the meters, which lie behind */
    uint32_t meters_most;     /* 0: nothing is counted inline */
    _Atomic uint32_t meters;  /* handed out, from `capacity` on */
    _Atomic uint64_t used;    /* bytes handed out, this header included; multiple of the page size */
    _Atomic uint64_t dropped; /* records that found no room */
    _Atomic uint64_t images;  /* programs started so far, exec included: ranks for their keys */
    _Atomic uint64_t firsts;  /* vprec_first written so far: their order */
    uint64_t recipe;          /* offset and size of it; 0: there is none */
    uint64_t recipe_bytes;
    vprec_wire_config config;
} vprec_wire;

enum { VPREC_WIRE_PAGE = 4096 };

/* The header's part of the file. */
#define VPREC_WIRE_HEAD ((sizeof(vprec_wire) + VPREC_WIRE_PAGE - 1) & ~(uint64_t)(VPREC_WIRE_PAGE - 1))

/* Where records lie. A process that died as it took its chunk leaves a hole: zeros. */
typedef struct vprec_chunk {
    uint64_t magic;
    uint64_t offset;       /* its own, in the file: a multiple of the page size, as its size */
    uint64_t size;
    _Atomic uint64_t used; /* by this header and records */
} vprec_chunk;
#define VPREC_CHUNK_MAGIC UINT64_C(0x6b6e756863657076) /* "vpechunk" */

/* Records follow the chunk's header, each aligned to 16 bytes. `size` 0 before
 * the end of `used` means: handed out, not yet filled (a process died there): stop. */
enum vprec_record_kind {
    VPREC_RECORD_PROCESS = 1,
    VPREC_RECORD_OBJECT,
    VPREC_RECORD_FUNCTION,
    VPREC_RECORD_COUNTS,
    VPREC_RECORD_REFUSED, /* an instruction that is FP arithmetic and stays native */
    VPREC_RECORD_MESSAGE, /* a warning in words */
    VPREC_RECORD_NATIVE,  /* an object, or a part of one, that stays native */
    VPREC_RECORD_EXEC,    /* a program that a process executes */
    VPREC_RECORD_EXACT,   /* an addition that rounds to an integer, and is not rounded */
    VPREC_RECORD_SCOPE,   /* a scope that was opened */
    VPREC_RECORD_LINEAGE, /* a process that counts inline */
    VPREC_RECORD_METERED, /* what the inline code of a function counts */
    VPREC_RECORD_PROBE,   /* values that the program showed */
    VPREC_RECORD_LOADED,  /* an object that frames of stacks lie in */
    VPREC_RECORD_STACK,   /* who called whom at an operation */
    VPREC_RECORD_KINDS    /* one more than the last */
};

typedef struct vprec_record {
    _Atomic uint32_t kind; /* written last */
    uint32_t size;         /* whole record, multiple of 16 */
} vprec_record;

/* What an operation does at last that goes wrong in a format that is too small. With --count the first one of each
 * function and type is kept, with its operands:
 *     overflow       as the event `overflows`
 *     nan            as `nans`
 *     division       a number other than zero, divided by zero
 *     zero           as `flushed` */
#define VPREC_FIRST_LIST(X) X(OVERFLOW, "overflow") X(NAN, "nan") X(DIVISION, "division") X(ZERO, "zero")
enum vprec_first_kind {
#define X(name, text) VPREC_FIRST_##name,
    VPREC_FIRST_LIST(X)
#undef X
        VPREC_FIRSTS
};

/* Which operation it was. */
#define VPREC_WORK_LIST(X)                                                                                            \
    X(ADD, "add") X(SUB, "sub") X(MUL, "mul") X(DIV, "div") X(SQRT, "sqrt") X(FMA, "fma")                             \
    X(CONVERT, "convert")                                                                                             \
    X(SCALE, "scale")     /* by a power of two */                                                                     \
    X(VALUE, "value")     /* another instruction's result, or a routine's: its operand, where it is known */          \
    X(CALL, "call")       /* of libm */
enum vprec_work_kind {
#define X(name, text) VPREC_WORK_##name,
    VPREC_WORK_LIST(X)
#undef X
        VPREC_WORKS
};

enum { VPREC_FIRST_NAME = 16 };

/* Zeros: there was none. Who reads it while it is written reads `order` first. */
typedef struct vprec_first {
    _Atomic uint64_t order; /* written last: from 1 on, in the order in which the run's were noticed */
    _Atomic uint32_t taken; /* by who writes it */
    uint32_t work;          /* enum vprec_work_kind */
    uint32_t operands;      /* of `operand` so many */
    uint32_t pad;
    double operand[3];
    double exact;           /* before it was rounded, to 53 bits; of a NaN no matter */
    double result;
    char name[VPREC_FIRST_NAME]; /* of a call: the function's */
    uint64_t stack;              /* of an overflow, a NaN, a division: offset of the record of it; 0: there is none */
} vprec_first;

typedef struct vprec_process_record {
    vprec_record head;
    int32_t pid, parent;
    uint32_t selected;               /* its executable passed --exec */
    uint32_t isa;                    /* 0 sse2, 1 avx2, 2 avx512: what vprec itself uses */
    _Atomic uint64_t startup_ns;     /* time spent instrumenting, dlopen included */
    _Atomic uint64_t traps;          /* traps met in originals that were redirected */
    _Atomic uint64_t libm_calls[VPREC_TYPES]; /* with --count: libm calls rounded */
    vprec_first libm_first[VPREC_TYPES][VPREC_FIRSTS]; /* and of these */
    _Atomic uint32_t libm_functions; /* libm entry points patched */
    _Atomic uint32_t libm_called[VPREC_TYPES]; /* of them so many had calls that were rounded, by type */
    uint32_t refused;                /* the program itself, ended before its first instruction */
    _Atomic uint32_t ambiguous;      /* boolean: threads worked while it was open for which scope: see vprec_scope_record */
    uint64_t via;                    /* offset of the record of the exec that started it; 0 none */
    char path[];                     /* the executable, NUL-terminated */
} vprec_process_record;

typedef struct vprec_object_record {
    vprec_record head;
    uint64_t process;        /* offset of its process record in the mapping */
    uint64_t base;           /* load bias */
    uint64_t clone_bytes;    /* memory for clones */
    uint64_t undecoded;      /* bytes in functions that are no valid instructions: data, or code that stays native */
    uint32_t functions;      /* with sites */
    uint32_t sites[VPREC_TYPES];
    uint32_t sites_native[VPREC_TYPES]; /* sites of a type that is not instrumented */
    uint32_t refused;
    uint32_t by_jump, by_short, by_trap; /* how originals reach their clones */
    uint32_t inlined;        /* sites emitted inline; the rest calls the emulator */
    uint8_t build_id[20];
    uint8_t build_id_length;
    uint8_t pad[3];
    char path[];
} vprec_object_record;

/* What --count counts of results:
 *     rounded     rounding (or noise) changed it
 *     overflows   finite operands, result beyond the largest finite
 *     underflows  inexact, below the smallest normal
 *     subnormals  not zero, below the smallest normal
 *     flushed     zero, where the exact result is not
 *     nans        NaN from operands without NaN */
#define VPREC_EVENTS(X) X(rounded) X(overflows) X(underflows) X(subnormals) X(flushed) X(nans)

/* Additions by the bits that they cancel: 0 to 52; 53 and more; all, an exact zero from operands other than zero. */
enum { VPREC_CANCELLED_MOST = 53, VPREC_CANCELLED_ALL, VPREC_CANCELLED };

/* Binary exponents of finite numbers other than zero. */
enum { VPREC_EXPONENT_LEAST = -1074, VPREC_EXPONENT_MOST = 1023 };
enum { VPREC_EXPONENTS = VPREC_EXPONENT_MOST - VPREC_EXPONENT_LEAST + 1 };

/* Magnitudes seen, as bits of binary64; zero: none yet. */
typedef struct vprec_span {
    _Atomic uint64_t largest, smallest; /* the second inverted, so that both only grow */
} vprec_span;

/* Counters of --count, of one function and type, in operations (vector lanes). Zeros: nothing counted yet. */
typedef struct vprec_counts {
    _Atomic uint64_t ops[16]; /* by enum vprec_op */
#define X(event) _Atomic uint64_t event;
    VPREC_EVENTS(X)
#undef X
    vprec_span operands, results;
    _Atomic uint64_t cancelled[VPREC_CANCELLED];
    _Atomic uint64_t exponents[VPREC_EXPONENTS]; /* of results, from VPREC_EXPONENT_LEAST on */
    vprec_first first[VPREC_FIRSTS];
} vprec_counts;

typedef struct vprec_function_record {
    vprec_record head;
    uint64_t object;          /* offset of its object record */
    uint64_t address, length; /* in the object's file (virtual address), bytes */
    uint32_t sites[VPREC_TYPES];
    uint32_t refused;
    _Atomic uint32_t entered; /* 1 once its clone was entered */
    _Atomic uint64_t counts[VPREC_TYPES]; /* offset of its counts record; 0: none yet */
    char name[];              /* symbol, or "sub_<hex address>" */
} vprec_function_record;

/* Made when the function first executes an operation of the type. */
typedef struct vprec_counts_record {
    vprec_record head;
    vprec_counts counts;
} vprec_counts_record;

/* The numbers that a refused instruction takes or gives, OR-ed. */
enum {
    VPREC_NUMBER_F32 = 1 << VPREC_F32,
    VPREC_NUMBER_F64 = 1 << VPREC_F64,
    VPREC_NUMBER_LONG = 1 << VPREC_TYPES,       /* long double: x87 registers */
    VPREC_NUMBER_OTHER = 1 << (VPREC_TYPES + 1) /* FP16, BF16 */
};

typedef struct vprec_refused_record {
    vprec_record head;
    uint64_t function; /* offset of its function record, 0 none */
    uint64_t object;
    uint64_t address;
    uint32_t numbers; /* VPREC_NUMBER_F32 | ... */
    uint32_t pad;
    _Atomic uint64_t executed; /* with --audit */
    char text[];               /* "fadd st0, st1: x87 arithmetic is not supported" */
} vprec_refused_record;

typedef struct vprec_exact_record {
    vprec_record head;
    uint64_t function; /* offset of its function record, 0 none */
    uint64_t object;
    uint64_t address;
    uint32_t asked; /* boolean: while it runs, lane by lane */
    uint32_t pad;
    _Atomic uint64_t executed; /* with --count */
    char text[];               /* "vfmadd213ps zmm0, zmm1, zmm2" */
} vprec_exact_record;

/* What inline code counts, it counts in a meter: each thread has one, so that no thread waits for another, and it is
 * whole whatever ends the thread. One whose thread has ended goes on for another of the same process. Places in it are
 * given out by the process that writes the code; those that a process has from its parent mean the same in both.
 *
 *   head | room for slots of the thread, which are not the report's | counters, and the largest and least results |
 *
 * Memory is taken where it is written to. */
enum { VPREC_METER_HEAD = VPREC_WIRE_PAGE, VPREC_METER_FIRST = 1 << 20, VPREC_METER_BYTES = 32 << 20,
       VPREC_METERS_MOST = 1 << 16 };

typedef struct vprec_meter {
    uint64_t lineage; /* offset of that record */
    uint64_t scope;   /* with --layers: offset of the record of the one that it is for; 0: outside of all */
    /* Where a function is entered, its thread is to count elsewhere if these differ: a scope, and what says which one
     * it is to be; `work` itself where the thread knows that by itself. */
    uint64_t work;
    const volatile uint64_t *led;
} vprec_meter;

typedef struct vprec_lineage_record {
    vprec_record head;
    uint64_t parent; /* offset of that of the process that it was forked from; 0 none */
    uint32_t first;  /* places from here on are its own */
    uint32_t pad;
} vprec_lineage_record;

/* A magnitude is kept as two numbers of its width less the sign, so that the larger one counts, and zeros are nothing
 * yet: its bits and one in the exponent's place, which makes infinity zero; and its bits negated. */
enum vprec_metered_kind {
    VPREC_METERED_TIMES, /* a counter; each time makes `lanes` operations `op` */
    VPREC_METERED_ELSE,  /* a counter that is to be added to the one at offset `to` in the file */
    VPREC_METERED_PAIR,  /* both numbers of scalar results, by turns in 16 bytes */
    VPREC_METERED_WIDE   /* `lanes` bytes of the first, and as many of the second */
};

typedef struct vprec_metered {
    uint32_t at, lanes;
    uint8_t kind, type, op, pad[5]; /* enum vprec_metered_kind, vprec_type, enum vprec_op */
    uint64_t to;
} vprec_metered;

typedef struct vprec_metered_record {
    vprec_record head;
    uint64_t lineage, function; /* offsets of these records */
    uint64_t count;
    vprec_metered item[];
} vprec_metered_record;

typedef struct vprec_native_record {
    vprec_record head;
    uint64_t process;
    uint32_t reason;   /* enum vprec_reason */
    uint32_t function; /* offset in `path` of the name of the function that alone is meant; 0: all of the object */
    char path[];
} vprec_native_record;

/* Made before the exec, taken back when it fails. The process that follows names it, or else was lost. */
typedef struct vprec_exec_record {
    vprec_record head;
    uint64_t process; /* offset of the process record of who executes */
    uint32_t reason;  /* enum vprec_reason: why it stays native; VPREC_REASON_NONE: a process record is to follow */
    _Atomic uint32_t failed;
    char path[];      /* the ELF file */
} vprec_exec_record;

/* What is no scope of the program's, and has a colon at its end: with --layers, what is counted outside of all, and by
 * threads of which nobody knows for which of several they work. */
#define VPREC_SCOPE_OUTSIDE "(outside)"
#define VPREC_SCOPE_SEVERAL "(several at once)"

/* Of all scopes of the name, in the order in which they were first opened. */
typedef struct vprec_scope_record {
    vprec_record head;
    uint64_t process;
    _Atomic uint64_t calls;
    _Atomic uint64_t counts[VPREC_TYPES]; /* as in vprec_function_record: with --layers, of what no scope within it has */
    uint64_t rival;   /* offset of the record of a scope of another version that was open at the same time, in another
                         thread, while nothing told which of them a third thread worked for; 0: none was */
    uint32_t line;    /* of the recipe, the last one that matches, + 1; 0: none */
    uint32_t pad;
    char name[];      /* "torch:encoder.layer.3" */
} vprec_scope_record;

/* What vprec_probe_f32 and _f64 were shown by a name. Numbers are bits of doubles. */
typedef struct vprec_probe_record {
    vprec_record head;
    uint64_t process;
    _Atomic uint64_t calls, elements, nans, infinities, zeros;
    _Atomic uint64_t least, most;  /* of the finite ones: that of the least one's opposite, and of the largest: the bits,
                                      all flipped if negative, else with the sign set; 0: there was none */
    _Atomic uint64_t sum, squares; /* of their distances from the pivot */
    _Atomic uint64_t pivot;        /* 0: there is none yet; not +0 */
    char name[];
} vprec_probe_record;

typedef struct vprec_loaded_record {
    vprec_record head;
    char path[];
} vprec_loaded_record;

enum { VPREC_CALLED_MOST = 24 };

typedef struct vprec_called {
    uint64_t object;  /* offset of its record, a vprec_loaded_record */
    uint64_t address; /* in the object's file; of a caller that of the last byte of the call */
} vprec_called;

/* The innermost one first; what is not known for sure is left out, with all behind it. */
typedef struct vprec_stack_record {
    vprec_record head;
    uint32_t count, pad;
    vprec_called frame[];
} vprec_stack_record;

typedef struct vprec_message_record {
    vprec_record head;
    uint64_t process;
    char text[];
} vprec_message_record;

/* vprec-sweep --fork-at: the first process of a run waits where a scope is first opened. From then on a vprec-run that
 * has not started its program asks it, by a socket that vprec-sweep has made, for a process that goes on from there as
 * its own: with its file in place of this one, its standard streams and its directory.
 *
 *   vprec-sweep ---- keeper ---- vprec-run ---- the process that waits ---- its keeper ---- the cell's process
 *       |                                            ^  order                                  |
 *       +----------- keeper ---- vprec-run ----------+  <------------- answers ----------------+
 *
 * Each of these is one packet. */
enum vprec_fork_handed {
    VPREC_FORK_ANSWERS, /* a socket for what follows */
    VPREC_FORK_LEASH,   /* a pipe: who holds its other end is gone, and the cell's processes are to be ended */
    VPREC_FORK_WIRE,    /* the file of the cell's run */
    VPREC_FORK_OUT,
    VPREC_FORK_ERR,
    VPREC_FORK_FILES,   /* the directory that it runs in */
    VPREC_FORK_HANDED
};

enum { VPREC_FORK_PATH = 4096, VPREC_FORK_SET = 2, VPREC_FORK_INHERITED = 256 };

typedef struct vprec_fork_file {
    uint64_t device, inode;
} vprec_fork_file;

typedef struct vprec_fork_order {
    uint64_t place[VPREC_WIRE_PLACES];         /* of the cell's file; of some the process has its own */
    vprec_fork_file inherited[VPREC_FORK_INHERITED]; /* by descriptor: what every vprec-run was given, and shares with
                                                        the others anyway; zeros: nothing */
    vprec_fork_file out, err;                  /* the standard streams of the process that waits */
    char files[VPREC_FORK_PATH];               /* the directory that it was started in, by its real path */
    char set[VPREC_FORK_SET][VPREC_FORK_PATH]; /* "NAME=VALUE", variables that differ from cell to cell; "": none */
} vprec_fork_order;

enum vprec_fork_kind {
    VPREC_FORK_WAITS,   /* to vprec-sweep: the scope is reached */
    VPREC_FORK_REFUSED, /* no process is made, since `text`: to vprec-run, and to vprec-sweep */
    VPREC_FORK_READY,   /* `pid` goes on when it gets a packet */
    VPREC_FORK_ENDED    /* with `status`, as wait4 tells */
};

typedef struct vprec_fork_answer {
    uint32_t kind;
    int32_t pid, status, all; /* REFUSED: no other is made either */
    uint64_t user_us, system_us, max_rss; /* of ENDED: microseconds, bytes */
    char text[512];
} vprec_fork_answer;

#endif
