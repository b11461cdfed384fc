/* SPDX-License-Identifier: Apache-2.0
 * profile.c: the table of --count: which functions calculate most, and which
 * are fragile: digits cancelled, range left. */
#include "common/demangle.h"
#include "common/say.h"
#include "counts.h"
#include "lines.h"
#include "run.h"
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROWS_MOST = 10, FUNCTION_WIDTH = 24, OBJECT_WIDTH = 14 };

/* Of QUICK the exponents are empty where only operations are counted; the last column is empty, and no blank before
 * it, where no line is known. */
#define QUICK "%-*s %-*s %4s %7s %11s%s%s"
#define ROW "%-*s %-*s %4s %7s %6s %6s %6s %11s %6s %6s %6s%s%s"

const char *vprec_profile_brief(uint64_t n, char text[16])
{
    static const char units[] = "kMGTPE";
    if (n < 100000) {
        snprintf(text, 16, "%" PRIu64, n);
        return text;
    }
    uint64_t unit = 1000;
    int which = 0;
    for (; (n + unit / 2) / unit >= 1000; unit *= 1000)
        which++;
    double x = (double)n / (double)unit;
    snprintf(text, 16, x < 9.995 ? "%.2f %c" : x < 99.95 ? "%.1f %c" : "%.0f %c", x, units[which]);
    return text;
}

static const char *share(uint64_t part, uint64_t whole, char text[16])
{
    double percent = whole ? 100.0 * (double)part / (double)whole : 0;
    if (!whole)
        snprintf(text, 16, "-");
    else if (part && percent < 0.1)
        snprintf(text, 16, "<0.1%%");
    else
        snprintf(text, 16, "%.1f%%", percent);
    return text;
}

const char *vprec_profile_fitted(const char *name, size_t width, char *text)
{
    int length = snprintf(text, width + 1, "%s", name);
    if (length > (int)width && strstr(name, "+0x"))
        snprintf(text, width + 1, "~%s", name + (size_t)length - (width - 1));
    else if (length > (int)width)
        text[width - 1] = '~';
    return text;
}

static uint64_t more_than_half(const vprec_run *run, const vprec_profile *profile)
{
    return vprec_counts_cancelling(&profile->counts,
                                   vprec_counts_precision(&run->options->config, profile->type) / 2);
}

static void tell_row(const vprec_run *run, const vprec_profile *profile)
{
    const vprec_counts *counts = &profile->counts;
    char function[FUNCTION_WIDTH + 1], object[OBJECT_WIDTH + 1], text[6][16], exponents[32] = "", digits[16] = "-";
    uint64_t additions = vprec_counts_additions(counts);
    int least, most, bits = vprec_counts_most_bits(counts);
    if (vprec_span_exponents(&counts->results, &least, &most))
        snprintf(exponents, sizeof exponents, "%d..%d", least, most);
    else if (run->options->config.count != VPREC_COUNT_OPERATIONS)
        strcpy(exponents, "-");
    if (bits >= 0)
        snprintf(digits, sizeof digits, "%.1f", vprec_digits((unsigned)bits));
    char *name = vprec_demangled(profile->function, false);
    char *line = vprec_line_text(vprec_line_of(run->records, profile->object, profile->address));
    const char *before = line ? "  " : "", *last = line ? line : "";
    bool all = run->options->config.count == VPREC_COUNT_ALL;
    if (!all)
        vprec_say(QUICK, FUNCTION_WIDTH, vprec_profile_fitted(name, FUNCTION_WIDTH, function), OBJECT_WIDTH,
                  vprec_profile_fitted(vprec_base(profile->object), OBJECT_WIDTH, object), vprec_type_names[profile->type],
                  vprec_profile_brief(profile->operations, text[0]), exponents, before, last);
    else
        vprec_say(ROW, FUNCTION_WIDTH, vprec_profile_fitted(name, FUNCTION_WIDTH, function), OBJECT_WIDTH,
              vprec_profile_fitted(vprec_base(profile->object), OBJECT_WIDTH, object), vprec_type_names[profile->type],
              vprec_profile_brief(profile->operations, text[0]), digits, share(more_than_half(run, profile), additions, text[1]),
              share(counts->cancelled[VPREC_CANCELLED_ALL], additions, text[2]), exponents,
              vprec_profile_brief(counts->overflows, text[3]), vprec_profile_brief(counts->underflows, text[4]),
              vprec_profile_brief(counts->nans, text[5]), before, last);
    free(line);
    free(name);
}

/* Whether the line of one of the functions that are shown is known. */
static bool any_line(const vprec_run *run, const vprec_profile *profiles, size_t count)
{
    bool any = false;
    for (size_t i = 0; i < count && i < ROWS_MOST && !any; i++)
        any = vprec_line_of(run->records, profiles[i].object, profiles[i].address).file;
    return any;
}

/* The function of the type with the most additions that lose more than half of their digits. */
static void tell_fragile(const vprec_run *run, const vprec_profile *profiles, size_t count, vprec_type type)
{
    const vprec_profile *worst = NULL;
    uint64_t most = 0;
    for (size_t i = 0; i < count; i++) {
        uint64_t lost = profiles[i].type == type ? more_than_half(run, &profiles[i]) : 0;
        if (lost > most) {
            most = lost;
            worst = &profiles[i];
        }
    }
    if (!worst)
        return;
    uint64_t additions = vprec_counts_additions(&worst->counts);
    unsigned precision = vprec_counts_precision(&run->options->config, type);
    char percent[16], *name = vprec_demangled(worst->function, true);
    vprec_say("%s: cancellation is worst in %s (%s): %" PRIu64 " of %" PRIu64 " additions (%s) lose more than half of "
              "the %.1f digits, %" PRIu64 " of them all",
              vprec_type_names[type], name, vprec_base(worst->object), most, additions,
              share(most, additions, percent), vprec_digits(precision),
              (uint64_t)worst->counts.cancelled[VPREC_CANCELLED_ALL]);
    free(name);
}

static void include(int *least, int *most, const vprec_span *span, bool *any)
{
    int low, high;
    if (!vprec_span_exponents(span, &low, &high))
        return;
    *least = !*any || low < *least ? low : *least;
    *most = !*any || high > *most ? high : *most;
    *any = true;
}

/* Exponent bits that would do for what was seen. */
static void tell_range(const vprec_run *run, const vprec_profile *profiles, size_t count, vprec_type type)
{
    int least = 0, most = 0;
    bool any = false;
    for (size_t i = 0; i < count; i++)
        if (profiles[i].type == type) {
            include(&least, &most, &profiles[i].counts.results, &any);
            include(&least, &most, &profiles[i].counts.operands, &any);
        }
    if (!any)
        return;
    const char *name = vprec_type_names[type];
    if (run->options->config.count == VPREC_COUNT_QUICK) {
        vprec_say("%s: results have exponents %d..%d, infinite ones left out; --count=all tells overflows, underflows, "
                  "operands and cancellation", name, least, most);
        return;
    }
    const vprec_totals *totals = run->totals;
    uint64_t below = totals->underflows[type] > totals->flushed[type] ? totals->underflows[type] : totals->flushed[type];
    bool cut = run->options->config.use[type] == VPREC_USE_FORMAT;
    const char *see = cut ? ": see --format native --count=all" : "";
    unsigned above = vprec_bits_for_most(most), both = vprec_bits_for_least(least);
    both = both > above ? both : above;
    char *text;
    if (totals->overflows[type]) /* what is beyond the largest number left no exponent */
        text = vprec_text("%s: exponents %d..%d, and %" PRIu64 " overflow%s: more exponent bits are needed, how many "
                          "this run cannot tell%s", name, least, most, totals->overflows[type],
                          totals->overflows[type] == 1 ? "" : "s", see);
    else if (below)
        text = vprec_text("%s: exponents %d..%d, and %" PRIu64 " underflow%s: %u exponent bits avoid overflow; how many "
                          "avoid underflow this run cannot tell%s", name, least, most, below, below == 1 ? "" : "s",
                          above, see);
    else if (both > 11)
        text = vprec_text("%s: exponents %d..%d reach below the normal numbers of 11 exponent bits; %u avoid overflow",
                          name, least, most, above);
    else if (both > above)
        text = vprec_text("%s: exponents %d..%d fit %u exponent bits; %u avoid overflow, not underflow", name, least,
                          most, both, above);
    else
        text = vprec_text("%s: exponents %d..%d fit %u exponent bits", name, least, most, both);
    vprec_say("%s", text);
    free(text);
}

void vprec_profile_tell(const vprec_run *run)
{
    size_t count;
    vprec_profile *profiles = vprec_profiles_collect(run->records, &count);
    uint32_t counting = run->options->config.count;
    const bool lines = any_line(run, profiles, count);
    const char *before = lines ? "  " : "", *last = lines ? "LINE" : "";
    if (count && counting != VPREC_COUNT_ALL)
        vprec_say(QUICK, FUNCTION_WIDTH, "FUNCTION", OBJECT_WIDTH, "OBJECT", "TYPE", "OPS",
                  counting == VPREC_COUNT_QUICK ? "EXPONENTS" : "", before, last);
    else if (count)
        vprec_say(ROW, FUNCTION_WIDTH, "FUNCTION", OBJECT_WIDTH, "OBJECT", "TYPE", "OPS", "DIGITS", ">HALF",
                  "ALL", "EXPONENTS", "OVER", "UNDER", "NAN", before, last);
    for (size_t i = 0; i < count && i < ROWS_MOST; i++)
        tell_row(run, &profiles[i]);
    if (count > ROWS_MOST)
        vprec_say("and %zu more: --report FILE lists them all", count - ROWS_MOST);
    for (int type = 0; type < VPREC_TYPES; type++) {
        tell_fragile(run, profiles, count, (vprec_type)type);
        tell_range(run, profiles, count, (vprec_type)type);
    }
    free(profiles);
}
