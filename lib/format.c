/* SPDX-License-Identifier: Apache-2.0
 * format.c: owns the formats' text: parsing, printing, and the check that a
 * container holds a format. Rounds nothing; names stand in format_names.c. */
#include "exact.h"
#include "format_names.h"
#include <stdarg.h>
#include <stdio.h>

/* In the order in which they are printed; bias=N comes last. */
static const struct {
    const char *name;
    unsigned flag;
} suffixes[] = {{"sat", VPREC_SAT},
                {"noinf", VPREC_NOINF},
                {"nosub", VPREC_NOSUB},
                {"nonan", VPREC_NONAN},
                {"nonegzero", VPREC_NONEGZERO}};
enum { SUFFIXES = sizeof suffixes / sizeof *suffixes };

static const struct {
    const char *name, *option;
    int ebits, fbits, emax, unit; /* unit: exponent of the smallest subnormal */
} containers[VPREC_TYPES] = {{"binary32", "f32", 8, 23, 127, -149}, {"binary64", "f64", 11, 52, 1023, -1074}};

/* A format as written; the numbers may be anything. */
typedef struct draft {
    long ebits, fbits, bias;
    unsigned flags;
} draft;

/* Where an error is told: every message opens with the text at fault, cut to keep the line short. */
typedef struct report {
    const char *text;
    char *message;
    size_t size;
} report;

/* How much of a part from `text` to `end` a message quotes. */
static int quoted(const char *text, const char *end) { return end - text < 24 ? (int)(end - text) : 24; }

__attribute__((format(printf, 3, 4))) static vprec_status fail(const report *report, vprec_status status,
                                                               const char *format, ...)
{
    if (!report->message || !report->size)
        return status;
    int used = snprintf(report->message, report->size, "`%.40s`: ", report->text);
    if (used < 0 || (size_t)used >= report->size)
        return status;
    va_list list;
    va_start(list, format);
    vsnprintf(report->message + used, report->size - used, format, list);
    va_end(list);
    return status;
}

/* Reads a decimal number without sign; values past 99999 all read as 99999. */
static bool read_digits(const char **text, long *value)
{
    const char *p = *text;
    if (*p < '0' || *p > '9')
        return false;
    for (*value = 0; *p >= '0' && *p <= '9'; p++)
        *value = *value * 10 + (*p - '0') > 99999 ? 99999 : *value * 10 + (*p - '0');
    *text = p;
    return true;
}

static bool read_letter(const char **text, char letter)
{
    bool is = (**text | 0x20) == letter; /* a capital, too */
    *text += is;
    return is;
}

static bool read_widths(const char *text, const char *end, draft *draft)
{
    return read_letter(&text, 'e') && read_digits(&text, &draft->ebits) && read_letter(&text, 'm') &&
           read_digits(&text, &draft->fbits) && text == end;
}

/* 2^(X-1)-1; any value will do for a width that is out of range. */
static int default_bias(long ebits) { return ebits < 1 || ebits > 11 ? 0 : (1 << (ebits - 1)) - 1; }

/* Exponent field of the largest finite number: without infinities the all-ones field counts. */
static int top_field(const draft *draft) { return (1 << draft->ebits) - (draft->flags & VPREC_NOINF ? 1 : 2); }

/* How many of the largest fractions are no numbers: the all-ones fraction is
 * the NaN of a format without infinities, unless that has none or keeps it at -0. */
static int top_fractions_lost(unsigned flags)
{
    return (flags & VPREC_NOINF) && !(flags & (VPREC_NONAN | VPREC_NONEGZERO));
}

static vprec_status check(const draft *draft, vprec_type type, const report *report)
{
    int ebits = containers[type].ebits, fbits = containers[type].fbits;
    const char *container = containers[type].name;
    bool wide = draft->ebits > ebits;
    if (draft->ebits < 2 || draft->ebits > ebits || draft->fbits < 1 || draft->fbits > fbits) {
        bool exponent = draft->ebits < 2 || wide;
        long width = exponent ? draft->ebits : draft->fbits;
        char hint[80] = "";
        bool fits64 = draft->ebits >= 2 && draft->ebits <= 11 && draft->fbits >= 1 && draft->fbits <= 52;
        if (type == VPREC_F32 && fits64)
            snprintf(hint, sizeof hint, "; try %s=%.40s", containers[VPREC_F64].option, report->text);
        return fail(report, VPREC_ERANGE, "%s%ld %s bit%s not fit %s (%d..%d)%s", width >= 99999 ? "over " : "", width,
                    exponent ? "exponent" : "fraction", width == 1 ? " does" : "s do", container, exponent ? 2 : 1,
                    exponent ? ebits : fbits, hint);
    }
    if ((draft->flags & VPREC_NONAN) && (~draft->flags & (VPREC_NOINF | VPREC_SAT)))
        return fail(report, VPREC_EFORMAT,
                    "`nonan` needs `sat` and `noinf`: without NaN and infinities a format can only saturate");
    if ((draft->flags & VPREC_NONEGZERO) && !(draft->flags & VPREC_NOINF))
        return fail(report, VPREC_EFORMAT, "`nonegzero` needs `noinf`: the code of -0 then is the only NaN");

    /* emax = field - bias <= container's emax; 1 - bias - fbits >= its smallest subnormal */
    long least = top_field(draft) - containers[type].emax;
    long most = 1 - draft->fbits - containers[type].unit;
    if (draft->bias >= least && draft->bias <= most)
        return VPREC_OK;
    bool given = draft->bias != default_bias(draft->ebits);
    if (least > most)
        return fail(report, VPREC_ERANGE, "no bias lets %ld exponent bits with `noinf` fit %s; take %ld or fewer",
                    draft->ebits, container, draft->ebits - 1);
    return fail(report, VPREC_ERANGE, "%s %ld does not fit %s (%ld..%ld here)", given ? "bias" : "its default bias",
                draft->bias, container, least, most);
}

static void finish(const draft *draft, vprec_format *format)
{
    vprec_format f = {.ebits = draft->ebits, .fbits = draft->fbits, .flags = draft->flags, .bias = draft->bias};
    f.emin = 1 - f.bias;
    f.emax = top_field(draft) - f.bias;
    uint64_t top = (UINT64_C(2) << f.fbits) - 1 - top_fractions_lost(f.flags);
    f.max = vprec_from_bits(vprec_pack(top, f.emax - f.fbits));
    f.min_normal = vprec_from_bits(vprec_pack(1, f.emin));
    f.min_subnormal = vprec_from_bits(vprec_pack(1, f.emin - f.fbits));
    *format = f;
}

static vprec_status read_bias(const char *text, const char *end, draft *draft, const report *report)
{
    const char *p = text;
    bool negative = *p == '-';
    long value;
    p += negative;
    if (!read_digits(&p, &value) || p != end)
        return fail(report, VPREC_EFORMAT, "bias `%.*s` is no integer", quoted(text, end), text);
    draft->bias = negative ? -value : value;
    return VPREC_OK;
}

/* One suffix without its colon; `seen` has a bit for each that the text has given. */
static vprec_status read_suffix(const char *text, const char *end, draft *draft, unsigned *seen, const report *report)
{
    size_t length = end - text;
    unsigned bit = 0;
    for (size_t i = 0; i < SUFFIXES; i++) {
        if (vprec_name_same(suffixes[i].name, strlen(suffixes[i].name), text, length))
            bit = suffixes[i].flag;
    }
    bool bias = length >= 5 && vprec_name_same("bias=", 5, text, 5);
    if (bias)
        bit = 1u << 31;
    if (!bit)
        return fail(report, VPREC_EFORMAT, "unknown suffix `%.*s` (sat, noinf, nosub, nonan, nonegzero, bias=N)",
                    quoted(text, end), text);
    if (*seen & bit)
        return fail(report, VPREC_EFORMAT, "suffix `%.*s` is given twice", bias ? 4 : (int)length, text);
    *seen |= bit;
    if (bias)
        return read_bias(text + 5, end, draft, report);
    draft->flags |= bit;
    return VPREC_OK;
}

static vprec_status read_suffixes(const char *text, draft *draft, const report *report)
{
    unsigned seen = 0;
    while (*text == ':') {
        text++;
        const char *end = text + strcspn(text, ":");
        vprec_status status = read_suffix(text, end, draft, &seen, report);
        if (status)
            return status;
        text = end;
    }
    return VPREC_OK;
}

/* A name or eXmY, up to `end`. */
static vprec_status read_base(const char *text, const char *end, draft *draft, const report *report)
{
    size_t length = end - text;
    if (!length)
        return fail(report, VPREC_EFORMAT, "the format is missing: give eXmY such as e5m10, or a name such as bf16");
    const vprec_preset *preset = vprec_preset_find(text, length);
    if (preset) {
        const char *colon = preset->spelling + strcspn(preset->spelling, ":");
        read_widths(preset->spelling, colon, draft);
        draft->bias = default_bias(draft->ebits);
        return read_suffixes(colon, draft, report);
    }
    const char *reason = vprec_name_refused(text, length);
    if (reason)
        return fail(report, VPREC_EFORMAT, "%s", reason);
    if (!read_widths(text, end, draft)) {
        char nearest[32];
        vprec_name_nearest(text, length, nearest, sizeof nearest);
        return fail(report, VPREC_EFORMAT, "`%.*s` is neither eXmY such as e5m10 nor a name%s%s%s", quoted(text, end),
                    text, *nearest ? "; did you mean `" : " such as bf16 (vprec-run --formats)", nearest,
                    *nearest ? "`?" : "");
    }
    draft->bias = default_bias(draft->ebits);
    return VPREC_OK;
}

vprec_status vprec_format_parse(const char *text, vprec_type type, vprec_format *format, char *message, size_t size)
{
    report report = {text ? text : "", message, size};
    if (!text || !format || (unsigned)type >= VPREC_TYPES)
        return fail(&report, VPREC_EINVAL, "no text, no format or no type is given");
    draft draft = {0};
    const char *end = text + strcspn(text, ":");
    vprec_status status = read_base(text, end, &draft, &report);
    if (!status)
        status = read_suffixes(end, &draft, &report);
    if (!status)
        status = check(&draft, type, &report);
    if (!status)
        finish(&draft, format);
    return status;
}

/* What must follow `base` (a preset's name or eXmY with this flags and bias) to make `format`. */
static size_t spell(char *text, size_t size, const char *base, unsigned flags, long bias, const vprec_format *format)
{
    size_t used = snprintf(text, size, "%s", base);
    for (size_t i = 0; i < SUFFIXES; i++) {
        if (format->flags & ~flags & suffixes[i].flag)
            used += snprintf(text + used, size - used, ":%s", suffixes[i].name);
    }
    if (bias != format->bias)
        used += snprintf(text + used, size - used, ":bias=%d", (int)format->bias);
    return used;
}

size_t vprec_format_print(const vprec_format *format, char *text, size_t size)
{
    char best[96], other[96];
    snprintf(other, sizeof other, "e%um%u", format->ebits, format->fbits);
    char base[16];
    memcpy(base, other, sizeof base);
    size_t length = spell(best, sizeof best, base, 0, default_bias(format->ebits), format);
    const vprec_preset *named;
    for (size_t i = 0; (named = vprec_preset_at(i)); i++) {
        vprec_format preset;
        vprec_format_parse(named->name, VPREC_F64, &preset, NULL, 0);
        if (preset.ebits != format->ebits || preset.fbits != format->fbits || (preset.flags & ~format->flags))
            continue;
        size_t l = spell(other, sizeof other, named->name, preset.flags, preset.bias, format);
        if (l <= length) {
            length = l;
            memcpy(best, other, sizeof best);
        }
    }
    if (size)
        snprintf(text, size, "%s", best);
    return length;
}

const char *vprec_format_preset(size_t index, const char **spelling)
{
    const vprec_preset *preset = vprec_preset_at(index);
    if (preset && spelling)
        *spelling = preset->spelling;
    return preset ? preset->name : NULL;
}

const char *vprec_format_aliases(size_t index)
{
    const vprec_preset *preset = vprec_preset_at(index);
    return preset ? preset->also : NULL;
}

const char *vprec_format_remark(const vprec_format *format)
{
    static const struct {
        int ebits, fbits;
        const char *remark;
    } list[] = {
        {4, 3, "e4m3 is the IEEE-like one, largest 240; that of OCP and torch is e4m3fn, largest 448"},
        {3, 2, "e3m2 is the IEEE-like one, largest 14; that of OCP is e3m2fn, largest 28"},
        {2, 3, "e2m3 is the IEEE-like one, largest 3.75; that of OCP is e2m3fn, largest 7.5"},
        {2, 1, "e2m1 is the IEEE-like one, largest 3; that of OCP is e2m1fn, largest 6"},
    };
    if ((format->flags & VPREC_NOINF) || format->bias != default_bias(format->ebits))
        return NULL;
    for (size_t i = 0; i < sizeof list / sizeof *list; i++)
        if (format->ebits == list[i].ebits && format->fbits == list[i].fbits)
            return list[i].remark;
    return NULL;
}

bool vprec_format_is_native(const vprec_format *format, vprec_type type)
{
    return !format->flags && format->fbits >= containers[type].fbits && format->emax >= containers[type].emax &&
           format->emin - format->fbits <= containers[type].unit;
}

static unsigned known_flags(void)
{
    unsigned flags = 0;
    for (size_t i = 0; i < SUFFIXES; i++)
        flags |= suffixes[i].flag;
    return flags;
}

vprec_status vprec_format_check(const vprec_format *format, vprec_type type)
{
    static const uint32_t none[sizeof format->more / sizeof *format->more];
    if (format->kind != VPREC_BINARY || memcmp(format->more, none, sizeof none))
        return VPREC_EINVAL;
    draft draft = {format->ebits, format->fbits, format->bias, format->flags};
    report report = {""};
    vprec_status status = check(&draft, type, &report);
    if (status)
        return status == VPREC_ERANGE ? VPREC_ERANGE : VPREC_EINVAL;
    vprec_format same;
    finish(&draft, &same);
    /* as bits: comparing subnormal doubles depends on MXCSR and raises a flag */
    bool equal = same.emin == format->emin && same.emax == format->emax && !(format->flags & ~known_flags()) &&
                 vprec_bits(same.max) == vprec_bits(format->max) &&
                 vprec_bits(same.min_normal) == vprec_bits(format->min_normal) &&
                 vprec_bits(same.min_subnormal) == vprec_bits(format->min_subnormal);
    return equal ? VPREC_OK : VPREC_EINVAL;
}
